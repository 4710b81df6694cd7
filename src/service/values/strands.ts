import type { RequestStatus } from '../../core/request/model/status-table.ts'

/** An open request that somebody could have satisfied before a change, and nobody can afterwards. */
export interface StrandedRequest {
  readonly request: string
  readonly status: RequestStatus
  readonly requester: string
  /** What is missing, in words: `nobody holds the role "lead" in project "web"`. */
  readonly missing: readonly string[]
}

/** A policy that somebody could have satisfied before a change, and nobody can afterwards. */
export interface StrandedPolicy {
  readonly policy: string
  /** What is missing, in words, as of a request. */
  readonly missing: readonly string[]
}

/**
 * What a change of people, roles or policies strands: what nobody could satisfy any more, though somebody could before.
 */
export interface Strands {
  /** Open requests that whoever makes the change may read, the oldest of each status first. */
  readonly requests: readonly StrandedRequest[]
  /** Policies that are on and that they may read, by id. */
  readonly policies: readonly StrandedPolicy[]
  /** How many there are besides that they may not read: other requests, and other policies. */
  readonly hidden: { readonly requests: number; readonly policies: number }
  /**
   * Whether there may be more: 1,000 open requests and 1,000 policies are looked at, and 100 of each are named at
   * most.
   */
  readonly more: boolean
}

/** Part of an answer: what the change strands. */
export interface Stranding {
  readonly strands: Strands
}

/** How many open requests, and how many policies, are looked at for what a change strands. */
export const mostLookedThrough = 1_000

/** How many of each are named. */
export const mostNamed = 100

/** Nothing is stranded. */
export const noStrands: Strands = { requests: [], policies: [], hidden: { requests: 0, policies: 0 }, more: false }
