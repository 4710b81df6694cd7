import { identifierProblem } from '../../identifier.ts'
import { digest } from '../../json/digest.ts'
import { askedByPolicies } from '../../policy/model/requirement.ts'
import { defaultRules } from '../../policy/model/rules-of-conduct.ts'
import { type ProposedChange, requestDigest } from './content.ts'
import { effectDigest } from './effect.ts'
import type { BeganEvent } from './event.ts'
import type { Request } from './request.ts'
import { whereaboutsOf } from './whereabouts.ts'

/** The last moment that a date can say: a planned revert waits for its time, however long that takes. */
const never = 8.64e15

/**
 * The id of the request that takes back what another one applies for a time; it says whose, if it has room for that.
 */
export function revertIdOf(id: string): string {
  const named = `${id}-revert`
  return identifierProblem(named) === undefined ? named : digest('revert', id)
}

/** What tells whether a request takes back a change as it was planned. */
export type Reverting = Pick<Request, 'revertOf' | 'edition' | 'status'>

/** Tells whether the content of a request is what was planned to take a change back. */
export function isAsPlanned({ revertOf, edition }: Pick<Reverting, 'revertOf' | 'edition'>): boolean {
  return revertOf !== undefined && edition === 1
}

/**
 * Tells whether a request is the one that takes back a change at the time that was approved with it, and is still to do
 * so. With other content, or once it has failed, it is a request as every other.
 */
export function isPlannedRevert(request: Reverting): boolean {
  return isAsPlanned(request) && (request.status === 'approved' || request.status === 'applying')
}

/**
 * Makes the event that begins the revert of a request that is applied for a time. What it does was approved with that
 * request, so that it is approved from the start, and nobody's approval can be missing from it. If no policy
 * asked for that, they are asked anew at its time.
 */
export function planRevert(
  request: Request & { readonly revertAt: number },
  { changes, at }: { readonly changes: readonly ProposedChange[]; readonly at: number },
): BeganEvent {
  const { tenant, requester, via, revertAt: applyAt, policySet, persons } = request
  const id = revertIdOf(request.id)
  const where = whereaboutsOf(changes)
  const content = { changes, applyAt }
  const unasked = askedByPolicies(request.requirements).length === 0 ? { unasked: true as const } : {}
  const about = { tenant, request: id, requester, revertOf: request.id, ...unasked }
  const terms = { round: 1, expiresAt: never, requirements: [], rules: defaultRules }
  const pinned = {
    ...terms,
    edition: 1,
    digest: requestDigest({ ...content, ...terms, ...about }),
    effect: effectDigest(content),
    resources: changes.map(({ resource, base }) => ({ ...resource, base, lockless: true as const })),
    policySet,
    applyAt,
    conflicts: 0,
    contributors: [],
    persons,
    reviews: [],
  }
  const outcome = { status: 'approved' } as const
  const { revertOf } = about
  const began = { id, tenant, revertOf, ...unasked, by: requester, via, at }
  return { type: 'submitted', ...began, pinned, outcome, ...where }
}
