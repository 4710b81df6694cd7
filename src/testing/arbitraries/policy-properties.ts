import fc from 'fast-check'
import type { Vocabulary } from '../../core/policy/compile/compile-condition.ts'
import { compilePolicies, type PolicySet } from '../../core/policy/compile/policy-set.ts'
import { evaluate } from '../../core/policy/evaluate/evaluate.ts'
import { describeExplanation } from '../../core/policy/explain/describe-explanation.ts'
import { explain } from '../../core/policy/explain/explain.ts'
import type { Policy, PolicySubject } from '../../core/policy/model/policy.ts'
import type { Approvers } from '../../core/policy/model/requirement.ts'
import { canBeMet } from '../../core/policy/requirements/can-be-met.ts'
import { fewestApprovals } from '../../core/policy/requirements/fewest-approvals.ts'

/** The policies of a host, and changes to try them on. */
export interface PolicyPropertiesOptions {
  readonly policies: readonly Policy[]
  /**
   * The shapes, groups and predicates that the policies speak of.
   *
   * @defaultValue none: no shapes, groups or predicates
   */
  readonly vocabulary?: Vocabulary
  /** Changes as the host makes them: see `changes`. */
  readonly changes: fc.Arbitrary<PolicySubject>
}

/** Somebody who may ask for changes and approve them. */
export interface Approver {
  readonly user: string
  readonly roles: readonly string[]
  /**
   * Who the user is, if two users are one person.
   *
   * @defaultValue the user
   */
  readonly person?: string
}

/** Properties of a host's own policies, for `fc.assert`. */
export interface PolicyProperties {
  /** No change for which `matches` holds is ever applied with fewer approvals than this. */
  needsApprovals(matches: (change: PolicySubject) => boolean, approvals: number): fc.IProperty<[PolicySubject]>
  /** No change for which `matches` holds ever waits for anybody. */
  neverGated(matches: (change: PolicySubject) => boolean): fc.IProperty<[PolicySubject]>
  /** Whoever of these people asks for a change, the others can approve it. */
  canBeApproved(people: readonly Approver[]): fc.IProperty<[PolicySubject, Approver]>
}

/**
 * Makes properties out of a host's policies. One that fails shows the smallest change that breaks it, and what each
 * policy said.
 *
 * A `matches` that hardly any generated change meets fails too: a property that is never tried proves nothing.
 *
 * @example
 * ```ts
 * const properties = policyProperties({ policies, changes: changes() })
 * fc.assert(properties.needsApprovals(({ actions }) => actions.includes('delete'), 2))
 * ```
 */
export function policyProperties({ policies, vocabulary = {}, changes }: PolicyPropertiesOptions): PolicyProperties {
  const set = compilePolicies(policies, vocabulary)
  return {
    needsApprovals: (matches, approvals) =>
      fc.property(changes, (change) => {
        fc.pre(matches(change))
        const fewest = fewestApprovals(evaluate(set, change).requirements)
        if (fewest < approvals) fail(`${fewest} approvals are enough, not ${approvals}`, set, change)
      }),
    neverGated: (matches) =>
      fc.property(changes, (change) => {
        fc.pre(matches(change))
        if (evaluate(set, change).requirements.length > 0) fail('it waits for approval', set, change)
      }),
    canBeApproved: (people) =>
      fc.property(changes, fc.constantFrom(...people), (change, requester) => {
        const { requirements, rules } = evaluate(set, change)
        const counted = people.filter((one) => rules.selfApproval || personOf(one) !== personOf(requester))
        const stuck = requirements.filter(({ require }) => !canBeMet(require, (from) => peopleAmong(counted, from)))
        const names = stuck.map(({ policy }) => policy).join(', ')
        if (stuck.length > 0) fail(`nobody can approve it for ${names} when ${requester.user} asks`, set, change)
      }),
  }
}

function peopleAmong(people: readonly Approver[], { users = [], roles = [] }: Approvers): ReadonlySet<string> {
  const among = people.filter((one) => users.includes(one.user) || one.roles.some((role) => roles.includes(role)))
  return new Set(among.map(personOf))
}

function personOf({ person, user }: Approver): string {
  return person ?? user
}

function fail(problem: string, set: PolicySet, change: PolicySubject): never {
  throw new TypeError([problem, ...describeExplanation(explain(set, change))].join('\n'))
}
