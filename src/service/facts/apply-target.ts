import { defined } from '../../core/defined.ts'
import { canonical } from '../../core/json/canonical.ts'
import { asJson } from '../../core/json/json.ts'
import type { Facts, NextContent, TargetFacts } from '../../core/request/model/command.ts'
import { isEmpty, type ProposedChange } from '../../core/request/model/content.ts'
import type { PolicySetState } from '../../core/request/model/policy-set-state.ts'
import { peopleBehind, type Request } from '../../core/request/model/request.ts'
import { type Refusal, refuse } from '../../errors/result.ts'
import type { Write } from '../../ports/storage.ts'
import { askingFreezes } from '../changes/asking-freezes.ts'
import { type EvaluatedChanges, evaluateChanges } from '../changes/evaluate-changes.ts'
import { freezeFacts } from '../changes/frozen.ts'
import { landingProblem } from '../changes/landing-problem.ts'
import { judgedAgain } from '../changes/lifecycle-action.ts'
import type { Proposal } from '../changes/propose-change.ts'
import { rebaseChange } from '../changes/rebase.ts'
import { outsideFacts } from '../commands/external-claims.ts'
import type { Context } from '../context/context.ts'
import { resourceTypeOf } from '../context/find-resource-type.ts'
import { unfitPolicies } from '../policies/policy-writes.ts'
import { unfitTurns } from '../policies/workflow-writes.ts'
import type { PolicySetRecord, ResourceRecord } from '../records/record-types.ts'
import { read, recordKey, unchanged } from '../records/typed-storage.ts'
import { validated } from '../resource-types/validate-document.ts'
import { meetLocks, passedLocks } from './lock-holders.ts'
import type { ContentRead, ResourcesRead } from './read-content.ts'

/** Where content is to land, and by which rules. */
export interface ApplyTarget {
  readonly request: Pick<Request, 'tenant' | 'requester' | 'formerRequesters' | 'contributors' | 'via' | 'applyAt'>
  readonly read: ResourcesRead
  /** Whether what is stale may be moved onto the live revisions. */
  readonly rebases: boolean
  /** Whether it takes back what was applied for a time: by merge, past locks and freezes, whatever policies ask now. */
  readonly reverts?: boolean
  readonly settings: PolicySetRecord | undefined
  readonly setVersion: PolicySetState
  /** Who has to be able to make it: whoever applies it by hand. Left out: whoever asks for it. */
  readonly maker?: string | undefined
  /** When it is to land, in milliseconds since 1970. */
  readonly at: number
}

/** Works out what applying has to know: the content as it would land, and the resources as they are. */
export async function targetOf(
  context: Context,
  { content, proposals }: ContentRead,
  landing: ApplyTarget,
): Promise<TargetFacts> {
  const { resources, holders, claim } = landing.read
  const live = resources.map((resource) => resource?.value.revision ?? 0)
  const moved = await movedOnto(context, { content, proposals }, landing)
  const rebased = moved?.map(({ change }) => change)
  const unlandable = firstUnlandable(context, rebased ?? content.changes, landing)
  const invalid = await firstInvalid(context, rebased ?? content.changes, landing)
  const { tenant } = landing.request
  const meeting = { tenant, proposals, holders, setVersion: landing.setVersion }
  const met = landing.reverts ? passedLocks(holders) : await meetLocks(context, meeting)
  const held = holders.find((holder) => holder !== undefined)
  const landed = [...proposals, ...(moved ?? [])]
  return {
    ...content,
    live,
    ...met,
    ...defined({ heldBy: held?.request, heldOn: held?.resource }),
    ...(claim ? { outside: outsideFacts(context, claim) } : {}),
    ...(landing.reverts ? { reverts: true } : frozenThere(context, landing, landed)),
    ...defined({ unlandable, invalid, rebased }),
  }
}

/** Moves what is stale onto the live revisions, if it may be; `undefined` if it is not stale, or collides there. */
export async function movedOnto(
  context: Context,
  stored: ContentRead,
  landing: ApplyTarget,
): Promise<readonly Proposal[] | undefined> {
  const { resources } = landing.read
  const stale = stored.content.changes.some(({ base }, index) => base !== (resources[index]?.value.revision ?? 0))
  return stale && (landing.rebases || landing.reverts) ? await rebasedChanges(context, stored, landing) : undefined
}

/**
 * Tells whether a change that is stale is moved onto the live revisions by itself: by the rules of the policies that
 * ask somebody to approve it, or, if none does, by what all of its resource types say.
 */
export function rebasesByItself(
  { resources: types }: Context,
  { resources }: { readonly resources: readonly { readonly type: string }[] },
  { next, ...inForce }: Pick<Facts, 'requirements' | 'rules'> & { readonly next?: Pick<NextContent, 'evaluation'> },
): boolean {
  const { requirements, rules } = next && next.evaluation.requirements.length > 0 ? next.evaluation : inForce
  if (requirements.length > 0) return rules.onStale === 'rebase'
  return resources.every(({ type }) => types.get(type)?.onStale === 'rebase')
}

/**
 * Finds out whether a request is behind: a resource of it has moved on, as far as that is recorded. It asks no host. An
 * answer that relies on that states that the resources are as they were seen.
 */
export async function readBehind(
  { storage }: Context,
  { tenant, resources }: Request,
): Promise<Pick<Facts, 'moved'> & { readonly preconditions: readonly Write[] }> {
  const keys = resources.map(({ type, id }) => recordKey('resources', tenant, type, id))
  const { live } = await read(storage, { live: keys })
  const moved = resources.some(({ base }, index) => (live[index]?.value.revision ?? 0) !== base)
  const preconditions = keys.map((key, index) => unchanged(key, live[index]))
  return { ...(moved ? { moved } : {}), preconditions }
}

/** What freezes say of the change now and at the time that it was scheduled for. */
function frozenThere(
  context: Context,
  landing: ApplyTarget,
  proposals: readonly Proposal[],
): Pick<TargetFacts, 'frozen' | 'frozenFrom' | 'blockedThen'> {
  const { settings, at } = landing
  return { ...freezeFacts(context, settings, { proposals, at }), ...blockedThen(context, landing, proposals) }
}

/** Says that a freeze blocked the change at the time that it was scheduled for, whether or not anybody came by then. */
function blockedThen(
  context: Context,
  { request: { applyAt }, settings, at }: ApplyTarget,
  proposals: readonly Proposal[],
): Pick<TargetFacts, 'blockedThen'> {
  if (applyAt === undefined || applyAt >= at) return {}
  const { frozen } = freezeFacts(context, settings, { proposals, at: applyAt })
  return frozen?.mode === 'block' ? { blockedThen: true } : {}
}

/**
 * Moves changes onto the live revisions, if nothing collides and the policies ask the same of them there: those that
 * ask now, with the workflow on or off. Of what takes something back, they ask nothing.
 */
async function rebasedChanges(
  context: Context,
  { content: { revertAt }, proposals }: ContentRead,
  { request, settings, setVersion, reverts, at, read: { resources } }: ApplyTarget,
): Promise<readonly Proposal[] | undefined> {
  const { tenant } = request
  const behind = peopleBehind(request)
  const moved: Proposal[] = []
  for (const [index, { change, before }] of proposals.entries()) {
    const there = reverts ? takenBack(change, resources[index]?.value) : undefined
    if (there) {
      moved.push(there)
      continue
    }
    const result = await rebaseChange(resourceTypeOf(context, change.resource.type), {
      tenant,
      change,
      base: before,
      live: resources[index]?.value,
      resolutions: [],
    })
    if (!result.ok || result.value.conflicts.length > 0) return undefined
    if (reverts && !isSameStep(change, result.value.proposal.change)) return undefined
    moved.push(result.value.proposal)
  }
  if (reverts) return moved
  const asking = askingFreezes(context, settings, { now: at, schedule: defined({ applyAt: request.applyAt }) })
  const weighed = { setVersion, settings, behind, asking, revertAt }
  const [here, there] = await Promise.all([
    evaluateChanges(context, tenant, { ...weighed, proposals }),
    evaluateChanges(context, tenant, { ...weighed, proposals: moved }),
  ])
  if (canonical(asJson(decidingPart(here))) !== canonical(asJson(decidingPart(there)))) return undefined
  return moved
}

/** Tells whether two changes take the same step of a life cycle: what takes a change back brings back no state. */
function isSameStep({ move: planned }: ProposedChange, { move: found }: ProposedChange): boolean {
  return planned?.action === found?.action && planned?.from === found?.from && planned?.to === found?.to
}

/** A revert that finds the document as it would leave it: there is nothing to take back any more. */
function takenBack(change: ProposedChange, live: ResourceRecord | undefined): Proposal | undefined {
  const document = live?.document ?? null
  if (canonical(document) !== canonical(change.after)) return undefined
  const base = live?.revision ?? 0
  return { change: { ...change, base, places: [], actions: [] }, before: document ?? undefined }
}

/** What is asked, without what policies in shadow would ask. */
function decidingPart({ evaluation, gated }: EvaluatedChanges) {
  const { shadow: _, ...asked } = evaluation
  return { asked, gated }
}

/** Why some of these changes cannot land any more, wherever they are moved: where they are is read, not asked. */
export function firstUnlandable(
  context: Context,
  changes: readonly ProposedChange[],
  { reverts, read: { resources, projects } }: Pick<ApplyTarget, 'reverts' | 'read'>,
): Refusal<'cannot_land'> | undefined {
  for (const [index, change] of changes.entries()) {
    if (reverts && isEmpty(change)) continue
    const { resource, project } = change
    const actual = projects[index] ?? project
    if (actual !== project) return refuse('cannot_land', { ...resource, project, problem: 'gone' }).refusal
    const type = context.resources.get(resource.type)
    const problem = type && landingProblem(type, change, resources[index]?.value)
    if (problem) return problem
  }
  return undefined
}

async function firstInvalid(
  context: Context,
  changes: readonly ProposedChange[],
  { request, settings, setVersion, reverts, read: { resources }, maker = request.requester }: ApplyTarget,
): Promise<Refusal | undefined> {
  const { tenant, via } = request
  for (const [index, change] of changes.entries()) {
    if (reverts && isEmpty(change)) continue
    const { resource, after } = change
    const type = resourceTypeOf(context, resource.type)
    const valid = after === null ? undefined : await validated(type, resource.id, after)
    if (valid && !valid.ok) return valid.refusal
    const refusal = await judgedAgain(type, change, { tenant, live: resources[index]?.value })
    if (refusal) return refusal
  }
  const state = { tenant, settings, setVersion }
  const asked = { state, requester: { tenant, user: maker, via } }
  return (await unfitPolicies(context, asked, changes)) ?? (await unfitTurns(context, asked, changes))
}
