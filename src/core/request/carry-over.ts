import { canonical } from '../change/canonical.ts'
import type { JsonValue } from '../change/json.ts'
import { compilePattern, type Pattern, touchesPattern } from '../change/pattern.ts'
import type { PinnedRequirement } from '../policy/requirement.ts'
import { eligibility } from '../review/eligibility.ts'
import { giverOf, isOwn } from '../review/giver.ts'
import { needsOf } from '../review/needs.ts'
import type { KnownUsers, Review } from '../review/standing.ts'
import { isAmong, type KnownUser } from '../review/voter.ts'
import type { NextContent } from './command.ts'
import type { ProposedChange } from './content.ts'
import type { Pinned } from './event.ts'
import type { Request } from './request.ts'

/**
 * Lists the answers that stand for new content as well: whatever stands in the way, and the approvals of people who may still approve, in whose
 * part the effective change is equal. Decided once, when the content is written; the answers name the digest that their givers saw.
 *
 * Somebody's part is the fields that path ownership asks them about with those that are nobody's, or else everything. A schedule is
 * everybody's part.
 */
export function carriedOver(
  actor: string,
  request: Request,
  { next, pinned, users }: { readonly next: NextContent; readonly pinned: Pinned; readonly users: KnownUsers },
): readonly Review[] {
  const after = { ...request, ...pinned }
  const requirements = [...request.requirements, ...pinned.requirements]
  const mayApprove = eligibility(after, users, 'approve')
  return request.reviews.flatMap((review) => {
    if (review.digest !== request.digest || review.round !== request.round) return []
    if (review.verdict === 'approve') {
      const giver = giverOf(review, users, after.rules)
      if (next.applyAt !== request.applyAt || pinned.conflicts > 0 || !giver || isOwn(review, actor)) return []
      if (mayApprove(giver) !== 'eligible') return []
      if (!isEqualPart(partOf(giver.principal, requirements), next.before, next.changes)) return []
    }
    return [{ ...review, digest: pinned.digest, round: pinned.round, carriedFrom: review.carriedFrom ?? review.digest }]
  })
}

/** Tells whether a path is in somebody's part. */
type Part = (path: string) => boolean

/** The part of somebody who is asked about some fields; undefined where they are asked about everything. */
function partOf(user: KnownUser, requirements: readonly PinnedRequirement[]): Part | undefined {
  if (requirements.some(({ veto }) => veto && isAmong(user, veto))) return undefined
  const own: Pattern[] = []
  const others: Pattern[] = []
  for (const { from, about } of needsOf(requirements)) {
    const pattern = about === undefined ? undefined : compilePattern(about)
    const asked = isAmong(user, from)
    if (pattern?.ok) (asked ? own : others).push(pattern.value)
    else if (asked) return undefined
  }
  if (own.length === 0) return undefined
  const among = (patterns: readonly Pattern[], path: string) => patterns.some((one) => touchesPattern(one, path))
  return (path) => among(own, path) || !among(others, path)
}

function isEqualPart(
  part: Part | undefined,
  before: readonly ProposedChange[],
  after: readonly ProposedChange[],
): boolean {
  return canonical(effect(before, part)) === canonical(effect(after, part))
}

function effect(changes: readonly ProposedChange[], part: Part | undefined): JsonValue {
  return changes.map(({ resource, project, incarnation, actions, places, move = null }) => ({
    resource,
    project,
    incarnation,
    move,
    actions: part ? [] : actions,
    places: part ? places.filter(({ path }) => part(path)) : places,
  })) as unknown as JsonValue
}
