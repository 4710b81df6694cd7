import type { PinnedRequirement } from '../policy/model/requirement.ts'
import type { RulesOfConduct } from '../policy/model/rules-of-conduct.ts'
import type { ApprovalLimits } from './approval-limits.ts'
import type { KnownUser } from './voter.ts'

/** What somebody answered to one digest in one round. */
export interface Review {
  readonly by: string
  /** Who the directory said is behind that user at that moment. */
  readonly person: string
  /** Whose answer it is, if they delegated it. */
  readonly onBehalfOf?: string
  /** Who the directory said is behind them at that moment. */
  readonly ownerPerson?: string
  readonly verdict: Verdict
  readonly digest: string
  readonly round: number
  /** In milliseconds since 1970. */
  readonly at: number
  readonly reason?: string
  /** How often the requester had added to the reason of the request when this was said. Left out: never. */
  readonly additions?: number
  /** The roles that the directory gave, at that moment, to whoever's answer it is. */
  readonly roles: readonly string[]
  /** The digest that the reviewer saw, if a policy carried the answer over to content with an equal effect. */
  readonly carriedFrom?: string
  /** What an approval that was carried over does not count for, since its giver has not seen it. Left out: nothing. */
  readonly limits?: ApprovalLimits
}

/** A reviewer's answer. */
export type Verdict = 'approve' | 'reject' | 'request_changes'
/** What a request asks for, and what its reviews are about. */
export interface UnderReview {
  readonly requester: string
  /** Who asked for it before somebody took it over: they count as requesters, too. */
  readonly formerRequesters?: readonly string[]
  readonly contributors: readonly string[]
  /** Who the requester and the contributors were when they acted. */
  readonly persons: readonly { readonly user: string; readonly person: string }[]
  readonly digest: string
  readonly round: number
  readonly requirements: readonly PinnedRequirement[]
  readonly rules: RulesOfConduct
  readonly reviews: readonly Review[]
  /** Who cannot answer, whatever the rules say, nor any of their accounts. */
  readonly excluded?: readonly string[]
}

/** The same at a moment, in milliseconds since 1970: an approval can be too old to count. */
export interface JudgedAt extends UnderReview {
  readonly at: number
}

/** The people as the directory knows them now, by user id. Who is not in it does not count. */
export type KnownUsers = ReadonlyMap<string, KnownUser>
