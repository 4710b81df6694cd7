import { defined } from '../../core/defined.ts'
import type { PolicyMatch } from '../../core/policy/model/policy.ts'
import type { Delegation } from '../../core/review/delegation.ts'
import { checkKeys, checkNames, checkText, checkTime, checkUser } from './check-arguments.ts'

/** Who answers for the actor, for how long, and about what. */
export interface DelegationInput {
  readonly to: string
  /** When it ends, in milliseconds since 1970; at most a year from now. */
  readonly ends: number
  /**
   * When it begins, in milliseconds since 1970.
   *
   * @defaultValue the time of the call
   */
  readonly begins?: number | undefined
  /**
   * The requests that it is about.
   *
   * @defaultValue none: all requests
   */
  readonly match?: Pick<PolicyMatch, 'resource' | 'project'> | undefined
  /**
   * Why, for the delegate and the log.
   *
   * @defaultValue none
   */
  readonly reason?: string | undefined
}

/** How long a delegation may last, in milliseconds. */
export const longest = 366 * 24 * 60 * 60 * 1000

/** Reads what a delegation is to be. */
export function checkDelegation(input: DelegationInput, now: number): Omit<Delegation, 'from'> & { reason?: string } {
  checkKeys('delegation', input, ['to', 'ends', 'begins', 'match', 'reason'])
  const { match = {} } = input
  checkKeys('delegation.match', match, ['resource', 'project'])
  const reason = checkText('delegation.reason', input.reason)
  return {
    to: checkUser('delegation.to', input.to),
    begins: checkTime('delegation.begins', input.begins ?? now),
    ends: checkTime('delegation.ends', input.ends),
    match: {
      ...(match.resource === undefined ? {} : { resource: checkNames('delegation.match.resource', match.resource) }),
      ...(match.project === undefined ? {} : { project: checkNames('delegation.match.project', match.project) }),
    },
    ...defined({ reason }),
  }
}
