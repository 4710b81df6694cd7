import { eligibility } from './eligibility.ts'
import { canBeMet, type KnownUsers, type Standing, standing, type UnderReview } from './standing.ts'
import type { MissingNeed, PolicyTally } from './tally.ts'
import { isAmong, type KnownUser } from './voter.ts'

/** How far a request is approved, judged by the people and the policies of this moment. */
export interface ApprovalStanding extends Omit<Standing, 'policies'> {
  /** False where the requirement would not be met if everybody whom it asks approved. */
  readonly satisfiable: boolean
  readonly policies: readonly PolicyStanding[]
}

/** How far one policy's requirement is met. */
export interface PolicyStanding extends Omit<PolicyTally, 'missing'> {
  readonly missing: readonly SuppliableNeed[]
}

/** A need that still lacks people, and who could fill it now. */
export interface SuppliableNeed extends MissingNeed {
  /** Ids of users who are asked and have not approved. */
  readonly candidates: readonly string[]
}

/** Judges a request, and says who among `asked` could supply what is missing. */
export function approvalStanding(
  request: UnderReview,
  users: KnownUsers,
  asked: readonly KnownUser[],
): ApprovalStanding {
  const { policies, ...rest } = standing(request, users)
  const approved = new Set(
    request.reviews.filter(({ verdict }) => verdict === 'approve').map(({ by }) => users.get(by)?.person ?? by),
  )
  const free = asked.filter(
    (user) => !approved.has(user.person) && eligibility(request, { user, users, verdict: 'approve' }) === 'eligible',
  )
  return {
    ...rest,
    satisfiable: canBeMet(request, users, asked),
    policies: policies.map(({ missing, ...policy }) => ({
      ...policy,
      missing: missing.map((need) => ({
        ...need,
        candidates: free.filter((user) => isAmong(user, need.need.from)).map(({ id }) => id),
      })),
    })),
  }
}
