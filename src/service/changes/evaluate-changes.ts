import type { StreamHead } from '../../core/log/event-chain.ts'
import type { PolicySet } from '../../core/policy/compile/policy-set.ts'
import { evaluate, joinEvaluations, nothingAsked } from '../../core/policy/evaluate/evaluate.ts'
import { evaluateOverrides } from '../../core/policy/evaluate/evaluate-overrides.ts'
import { type Explanation, explain } from '../../core/policy/explain/explain.ts'
import type { Evaluation } from '../../core/policy/model/policy.ts'
import { silencedIn } from '../../core/policy/model/policy-type.ts'
import type { Context } from '../context/context.ts'
import { policiesIn } from '../resource-types/policy-resource.ts'
import type { ResourceType } from '../resource-types/resource-type.ts'
import { turnsIn } from '../resource-types/workflow-resource.ts'
import { type Proposal, subjectOf } from './propose-change.ts'

/** What the policies ask of changes that land together. */
export interface EvaluatedChanges {
  readonly evaluation: Evaluation
  /** Whether no policy speaks of one of the changes, and its resource type refuses that. */
  readonly gated: boolean
}

/**
 * Evaluates the policies of a tenant on each change by itself, and joins what they ask: all of it holds. With the
 * workflow off they ask nothing, and what is refused without a policy is refused.
 */
export async function evaluateChanges(
  context: Context,
  tenant: string,
  {
    setVersion,
    proposals,
    off = false,
  }: { readonly setVersion: StreamHead; readonly proposals: readonly Proposal[]; readonly off?: boolean },
): Promise<EvaluatedChanges> {
  const policies = await context.policies(context.storage, tenant, setVersion)
  const each = proposals.map((proposal) => {
    const type = context.resources.get(proposal.change.resource.type)
    const evaluation = off ? nothingAsked : evaluateOne(policies, type, { proposal, among: proposals.length })
    return { evaluation, refused: evaluation.requirements.length === 0 && type?.gated !== false }
  })
  return {
    evaluation: each.map(({ evaluation }) => evaluation).reduce(joinEvaluations, nothingAsked),
    gated: each.some(({ refused }) => refused),
  }
}

/**
 * A policy that stands in for others asks what its own change does, and what theirs could; so does a switch that
 * silences them.
 */
function evaluateOne(
  policies: PolicySet,
  type: ResourceType | undefined,
  { proposal, among }: { readonly proposal: Proposal; readonly among: number },
): Evaluation {
  const inForce = [...policies.policies.values()].map(({ policy }) => policy)
  const silenced = turnsIn([proposal.change]).flatMap(({ on, project }) => (on ? [] : silencedIn(inForce, project)))
  const overriding = policiesIn([proposal.change]).flatMap(({ policy }) => policy ?? [])
  return [...overriding, { overrides: silenced.map(({ id }) => id) }]
    .map((policy) => evaluateOverrides(policies, policy))
    .reduce(joinEvaluations, evaluate(policies, subjectOf(type, proposal), among))
}

/** Says of each change why each policy that comes into question asks for approval or does not. */
export async function explainAll(
  context: Context,
  tenant: string,
  { setVersion, proposals }: { readonly setVersion: StreamHead; readonly proposals: readonly Proposal[] },
): Promise<readonly Explanation[]> {
  const policies = await context.policies(context.storage, tenant, setVersion)
  return proposals.map((proposal) => {
    const type = context.resources.get(proposal.change.resource.type)
    return explain(policies, subjectOf(type, proposal), proposals.length)
  })
}
