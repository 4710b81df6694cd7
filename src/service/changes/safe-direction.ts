import { isDeclaredSafe, type SafeBy } from '../../core/policy/evaluate/declared-safe.ts'
import type { ProposedChange } from '../../core/request/model/content.ts'
import { policiesOf, type TenantPolicies } from '../context/compiled-policies.ts'
import type { Context } from '../context/context.ts'
import { subjectsOf } from './policy-subjects.ts'
import type { Proposal } from './propose-change.ts'

/**
 * Tells whether a change is declared safe: its move is marked so in its life cycle, or all of these policies call
 * everything that it does safe. The one judgement of what passes that keeps other changes off.
 */
export function isSafe({ resources }: Pick<Context, 'resources'>, proposal: Proposal, declared: DeclaredBy): boolean {
  if (isSafeMove({ resources }, proposal.change)) return true
  const type = resources.get(proposal.change.resource.type)
  const { policies, ids, among } = declared
  const found = [policies.inCode, policies.saved].flatMap((set) => {
    const own = ids.filter((id) => set.policies.has(id))
    return own.length > 0 ? [{ set, ids: own }] : []
  })
  const areAll = found.length > 0 && ids.every((id) => policiesOf(policies, id).length > 0)
  return (
    areAll &&
    subjectsOf(type, proposal).every((subject) =>
      found.every((one) => isDeclaredSafe(one.set, subject, { ids: one.ids, among })),
    )
  )
}

/** The policies in force, and which of them have to call a change safe. */
export interface DeclaredBy extends SafeBy {
  readonly policies: TenantPolicies
}

/** Tells whether the move of a change is marked as safe in its life cycle. */
export function isSafeMove(
  { resources }: Pick<Context, 'resources'>,
  { resource, move }: Pick<ProposedChange, 'resource' | 'move'>,
): boolean {
  const { lifecycle } = resources.get(resource.type) ?? {}
  return lifecycle?.moves.some((row) => row.safe && row.from === move?.from && row.action === move.action) ?? false
}
