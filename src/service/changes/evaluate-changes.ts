import { defined } from '../../core/defined.ts'
import type { PolicySet } from '../../core/policy/compile/policy-set.ts'
import { evaluate, joinEvaluations, nothingAsked } from '../../core/policy/evaluate/evaluate.ts'
import { evaluateOverrides } from '../../core/policy/evaluate/evaluate-overrides.ts'
import { type Explanation, explain } from '../../core/policy/explain/explain.ts'
import { joinExplanations, nothingToExplain } from '../../core/policy/explain/join-explanations.ts'
import type { Evaluation, PolicyInput, PolicySubject } from '../../core/policy/model/policy.ts'
import { isPolicyOn, silencedIn } from '../../core/policy/model/policy-type.ts'
import { type PinnedRequirement, requirementsJoin } from '../../core/policy/model/requirement.ts'
import type { PolicySetState } from '../../core/request/model/policy-set-state.ts'
import type { Schedule } from '../../core/request/model/schedule.ts'
import { whereaboutsOf } from '../../core/request/model/whereabouts.ts'
import { askingSets } from '../context/compiled-policies.ts'
import type { Context } from '../context/context.ts'
import { isOnFor } from '../context/workflow-switch.ts'
import type { PolicySetRecord } from '../records/record-types.ts'
import { isPolicyChange, policiesIn } from '../resource-types/policy-resource.ts'
import { turnsIn } from '../resource-types/workflow-resource.ts'
import { type AskingFreeze, askedByFreezes, explainFreezes } from './asking-freezes.ts'
import { subjectsOf } from './policy-subjects.ts'
import type { Proposal } from './propose-change.ts'
import { type BehindChanges, withCircumstances } from './read-circumstances.ts'
import { reversed } from './taking-back.ts'

/** What the policies ask of changes that land together. */
export interface EvaluatedChanges {
  readonly evaluation: Evaluation
  /** Whether no policy speaks of one of the changes, and its resource type refuses that. */
  readonly gated: boolean
  /** What the policies in shadow would ask of each change, in the order of the changes. */
  readonly shadows: readonly Evaluation['shadow'][]
}

/**
 * Evaluates the policies in code and those of a tenant on each change by itself, and joins what they ask: all of it
 * holds. With the workflow off only those in code ask that do so while it is, and what is refused without a policy is
 * refused.
 */
export async function evaluateChanges(
  context: Context,
  tenant: string,
  { setVersion, settings, proposals, behind, asking, revertAt }: Weighed & Frozen & InForce,
): Promise<EvaluatedChanges> {
  const policies = await context.policies(context.storage, tenant, setVersion)
  const sets = askingSets(policies, !isOnThere(context, settings, proposals))
  const all = [...sets, ...asking.map(({ set }) => set)]
  const known = { sets: all, proposals, behind, revertAt }
  const subjects = all.length === 0 ? [] : await knownSubjects(context, tenant, known)
  const among = proposals.length
  const each = proposals.map((proposal, index) => {
    const type = context.resources.get(proposal.change.resource.type)
    const [subject, ...more] = subjects[index] ?? []
    const bySet = (ask: (set: PolicySet) => Evaluation) => sets.map(ask).reduce(joinEvaluations, nothingAsked)
    const evaluated = subject
      ? [
          bySet((set) => evaluateOne(set, subject, { proposal, among, saved: policies.saved })),
          ...more.map((one) => bySet((set) => evaluate(set, one, among))),
        ]
      : [nothingAsked]
    const unasked = evaluated.some(({ requirements }) => requirements.length === 0)
    const evaluation = evaluated.reduce(joinEvaluations)
    // What lands is in the project that it comes to: the other one's policies in shadow are no part of its history.
    const moves = proposal.change.toProject !== undefined
    const { shadow } = moves ? evaluated.slice(1).reduce(joinEvaluations, nothingAsked) : evaluation
    return { evaluation, shadow, refused: unasked && type?.gated !== false }
  })
  return {
    evaluation: withFreezes(
      each.map(({ evaluation }) => evaluation).reduce(joinEvaluations, nothingAsked),
      proposals.flatMap(({ change }, index) =>
        askedByFreezes(context, asking, { change, subjects: subjects[index] ?? [] }),
      ),
    ),
    gated: each.some(({ refused }) => refused),
    shadows: each.map(({ shadow }) => shadow),
  }
}

/** Changes that policies are asked about. */
export interface Weighed {
  readonly proposals: readonly Proposal[]
  /** When they are taken back. Left out: they stay. */
  readonly revertAt?: Schedule['revertAt'] | undefined
  readonly behind: BehindChanges
}

/** The policies in force, and the switches. */
interface InForce {
  readonly setVersion: PolicySetState
  readonly settings: Pick<PolicySetRecord, 'workflow'> | undefined
}

/** Tells whether the workflow is on where these changes are: nobody else's word on that counts. */
function isOnThere(context: Context, settings: InForce['settings'], proposals: readonly Proposal[]): boolean {
  const changes = proposals.map(({ change }) => change)
  return isOnFor(context, settings, { ...whereaboutsOf(changes), resources: changes.map(({ resource }) => resource) })
}

interface Frozen {
  /** The freezes that ask when the changes would land. */
  readonly asking: readonly AskingFreeze[]
}

/** What policies ask, and freezes besides: of the rules of conduct, the policies alone speak. */
function withFreezes(evaluation: Evaluation, asked: readonly PinnedRequirement[]): Evaluation {
  return asked.length === 0
    ? evaluation
    : { ...evaluation, requirements: requirementsJoin(evaluation.requirements, asked) }
}

/** What freezes that ask take of changes that land together, whatever the policies do. */
export async function askedByFreezesAlone(
  context: Context,
  tenant: string,
  { asking, ...what }: Weighed & Frozen,
): Promise<readonly PinnedRequirement[]> {
  if (asking.length === 0) return []
  const subjects = await knownSubjects(context, tenant, { ...what, sets: asking.map(({ set }) => set) })
  return what.proposals
    .map(({ change }, index) => askedByFreezes(context, asking, { change, subjects: subjects[index] ?? [] }))
    .reduce(requirementsJoin, [])
}

/**
 * Everything that policies look at of each change, with whatever else they have to know: of a change for a time, also
 * what takes it back.
 */
async function knownSubjects(
  context: Context,
  tenant: string,
  { sets, proposals, behind, revertAt }: Weighed & { readonly sets: readonly PolicySet[] },
): Promise<readonly (readonly PolicySubject[])[]> {
  const each = proposals.map((proposal): readonly PolicySubject[] => {
    const type = context.resources.get(proposal.change.resource.type)
    const there = subjectsOf(type, proposal)
    return revertAt === undefined ? there : [...there, ...subjectsOf(type, reversed(type, proposal))]
  })
  const known = await withCircumstances(context, tenant, { subjects: each.flat(), behind, policies: sets })
  const from = (index: number) => each.slice(0, index).reduce((sum, { length }) => sum + length, 0)
  return each.map(({ length }, index) => known.slice(from(index), from(index) + length))
}

/**
 * A policy that stands in for others asks what its own change does, and what theirs could; so does a switch that
 * silences them. A policy that no longer asks once it is changed asks what its removal does as well.
 */
function evaluateOne(
  policies: PolicySet,
  subject: PolicySubject,
  { proposal, among, saved }: { readonly proposal: Proposal; readonly among: number; readonly saved: PolicySet },
): Evaluation {
  const { around } = subject
  const inForce = [...saved.policies.values()].map(({ policy }) => policy)
  const silenced = turnsIn([proposal.change]).flatMap(({ on, project }) => (on ? [] : silencedIn(inForce, project)))
  const overriding = policiesIn([proposal.change]).flatMap(({ policy }) => (policy && isPolicyOn(policy) ? policy : []))
  return [
    ...(leavesForce(proposal) ? [evaluate(policies, { ...removalOf(proposal), ...defined({ around }) }, among)] : []),
    ...[...overriding, { overrides: silenced.map(({ id }) => id) }].map((one) =>
      evaluateOverrides(policies, one, around, saved),
    ),
  ].reduce(joinEvaluations, evaluate(policies, subject, among))
}

/** Tells whether a change switches off a policy that is on, or sends it to the shadow. */
function leavesForce({ change, before }: Proposal): boolean {
  if (!isPolicyChange(change) || change.after === null || before === undefined) return false
  const [was, is] = [before, change.after].map((document) => isPolicyOn(document as unknown as PolicyInput))
  return was === true && is === false
}

/** What policies would see of a change that removed the same resource. */
function removalOf({ change: { resource }, before }: Proposal): PolicySubject {
  const places: PolicySubject['places'] = before === undefined ? [] : [{ type: 'removed', path: '', before }]
  return { resource, project: undefined, actions: ['delete'], places, before, after: undefined, facets: {} }
}

/**
 * Says of each change, and of each step on its way, why each policy that comes into question asks for approval or does
 * not. With the workflow off, only those come into question that ask all the same.
 */
export async function explainAll(
  context: Context,
  tenant: string,
  { setVersion, settings, asking, ...what }: Weighed & Frozen & InForce,
): Promise<readonly Explanation[]> {
  const isOn = isOnThere(context, settings, what.proposals)
  const sets = askingSets(await context.policies(context.storage, tenant, setVersion), !isOn)
  const subjects = await knownSubjects(context, tenant, { ...what, sets: [...sets, ...asking.map(({ set }) => set)] })
  return what.proposals.flatMap(({ change }, index) =>
    (subjects[index] ?? []).map((subject) => {
      const each = sets.map((set) => explain(set, subject, subjects.length))
      return [...each, ...explainFreezes(context, asking, { change, subject })].reduce(
        joinExplanations,
        nothingToExplain,
      )
    }),
  )
}
