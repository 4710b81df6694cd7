import type { SimulationComparison } from '../../core/policy/evaluate/simulate.ts'
import type { Policy, PolicyInput } from '../../core/policy/model/policy.ts'
import type { PolicyFinding } from '../../core/policy/model/policy-finding.ts'
import type { Actor } from '../../core/request/model/event.ts'
import { checkId, checkKeys } from '../arguments/check-arguments.ts'
import type { KeyOptions } from '../arguments/verb-options.ts'
import { readAgain } from '../commands/read-again.ts'
import type { Context } from '../context/context.ts'
import type { Reader } from '../people/reading-rights.ts'
import { type PastChange, type SimulateOptions, simulatePolicies } from '../queries/simulate-policies.ts'
import {
  checkedPolicy,
  listPolicies,
  removePolicyCommand,
  type SavedPolicy,
  savePolicyCommand,
} from '../requests/policy-commands.ts'
import {
  type PolicyReplacement,
  parsePolicies,
  previewReplacement,
  replacePoliciesCommand,
} from '../requests/replace-policies.ts'
import { withStrands } from '../requests/with-strands.ts'
import type { Stranding } from '../values/strands.ts'
import type { ActorCommands } from './actor-commands.ts'

/** What one actor can do with policies. {@link ActingApprovals} lists the codes that every call can throw. */
export interface ActingPolicies {
  /**
   * Lists the policies in force: those that name a project in which the actor may read, or none. Those that the
   * application gives in code have `source: 'code'`.
   *
   * @example
   * ```ts
   * const policies = await ann.policies.list()
   * ```
   */
  list(): Promise<readonly Policy[]>
  /**
   * Reads a policy in force; `undefined` if there is none with this id that the actor may read. If one in code and one
   * that is saved share the id, it is the one in code.
   *
   * @example
   * ```ts
   * const policy = await ann.policies.get('big-rollouts')
   * ```
   */
  get(id: string): Promise<Policy | undefined>
  /**
   * Saves a policy: a new one, or the next version of the one with its id; one that is in force as it is stays as it
   * is. A policy as `list` or `save` gave it is taken, too: its `version`, `findings` and `strands` are left out. Open
   * requests are held to the stricter of both. The answer holds what is odd about it, as `check` says, and what it
   * strands. If a policy in force gates that, `policy_gated`: submit the change with `policyResource.ref(id)`.
   *
   * @example
   * ```ts
   * await ben.policies.save({
   *   id: 'flag-changes',
   *   match: { resource: 'feature_flag' },
   *   require: { quorum: 1, from: { roles: ['lead'] } },
   * })
   * ```
   *
   * @throws `invalid_policy`, `not_permitted`, `policy_gated`; `locked` if an open request holds the policy.
   */
  save(policy: PolicyInput, options?: KeyOptions): Promise<SavedPolicy & Stranding>
  /**
   * Removes a policy, and says what that strands: others may be in force instead. Requests that it gated keep what it
   * asked. If a policy in force gates that, `policy_gated`.
   *
   * @example
   * ```ts
   * await ben.policies.remove('flag-changes')
   * ```
   *
   * @throws `unknown_policy`, `policy_in_code`, `not_permitted`, `policy_gated`; `invalid_policy` if nobody could
   * change policies any more; `locked` if an open request holds the policy.
   */
  remove(id: string, options?: KeyOptions): Promise<Stranding>
  /**
   * Says what it would change to put these policies in the place of all that are saved: which are added, changed and
   * removed, what is odd about them, what that strands, and why the actor cannot do it, if so. Saves nothing.
   *
   * @example
   * ```ts
   * const { added, changed, removed, digest } = await ben.policies.previewAll(policies)
   * ```
   *
   * @throws `invalid_policy`; `invalid_input` if a policy is given twice.
   */
  previewAll(policies: readonly PolicyInput[]): Promise<PolicyReplacement & Stranding>
  /**
   * Puts these policies in the place of all that are saved, in one step: what `previewAll` said, or nothing. It takes
   * what saving and removing each of them takes, and they are judged together. At most 100 policies change at once.
   *
   * @example
   * ```ts
   * const { digest } = await ben.policies.previewAll(policies)
   * await ben.policies.replaceAll(policies, { digest })
   * ```
   *
   * @throws `preview_outdated` if it would change something else by now; `invalid_policy`, `not_permitted`, `locked`;
   * `policy_gated` if a policy in force gates one of the changes: submit them with `submitAll`.
   */
  replaceAll(
    policies: readonly PolicyInput[],
    options: KeyOptions & { readonly digest: string },
  ): Promise<PolicyReplacement & Stranding>
  /**
   * Says what is wrong, or only odd, about a policy, beside those in force: errors, warnings, hints. Saves nothing.
   *
   * @example
   * ```ts
   * const findings = await ben.policies.check(policy)
   * for (const { severity, problem, fix } of findings) console.log(severity, problem, fix)
   * ```
   */
  check(policy: PolicyInput): Promise<readonly PolicyFinding[]>
  /**
   * Compares what other policies would have made of the last applied changes that the actor may read with what those in
   * force make of them. Saves nothing.
   *
   * @example
   * ```ts
   * const comparison = await ben.policies.simulate([policy], { last: 200 })
   * ```
   *
   * @throws `invalid_policy`.
   */
  simulate(policies: readonly PolicyInput[], options?: SimulateOptions): Promise<SimulationComparison<PastChange>>
}

/** Binds what can be read of policies to a reader. */
export function policyReading(context: Context, reader: Reader): Pick<ActingPolicies, 'list' | 'get'> {
  return {
    list: () => listPolicies(context, reader),
    async get(id) {
      const wanted = checkId('policy', id)
      return (await listPolicies(context, reader)).find((policy) => policy.id === wanted)
    },
  }
}

/** Binds what is about policies to one actor. */
export function actingPolicies(context: Context, actor: Actor, { run }: ActorCommands): ActingPolicies {
  return {
    ...policyReading(context, actor),
    async save(policy, options = {}) {
      checkKeys('options', options, ['idempotencyKey'])
      return await run(withStrands(context, savePolicyCommand(context, actor, policy)), { policy }, options)
    },
    async remove(id, options = {}) {
      checkKeys('options', options, ['idempotencyKey'])
      const command = removePolicyCommand(context, actor, checkId('policy', id))
      return await run(withStrands(context, command), { id }, options)
    },
    async previewAll(policies) {
      const parsed = parsePolicies(context, policies)
      return await readAgain(() => previewReplacement(context, actor, parsed))
    },
    async replaceAll(policies, options) {
      checkKeys('options', options, ['idempotencyKey', 'digest'])
      const parsed = parsePolicies(context, policies)
      const seen = checkId('options.digest', options.digest)
      const asked = { policies: parsed, seen }
      return await run(withStrands(context, replacePoliciesCommand(context, actor, asked)), asked, options)
    },
    check: (policy) => readAgain(() => checkedPolicy(context, actor, policy)),
    async simulate(policies, options = {}) {
      checkKeys('options', options, ['last'])
      return await readAgain(() => simulatePolicies(context, actor, { policies, last: options.last ?? 100 }))
    },
  }
}
