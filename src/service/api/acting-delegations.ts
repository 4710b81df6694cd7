import type { Actor } from '../../core/request/model/event.ts'
import type { Delegation } from '../../core/review/delegation.ts'
import { checkId, checkKeys } from '../arguments/check-arguments.ts'
import { checkDelegation, type DelegationInput } from '../arguments/check-delegation.ts'
import type { KeyOptions } from '../arguments/verb-options.ts'
import type { Context } from '../context/context.ts'
import { listDelegations } from '../queries/list-delegations.ts'
import { delegateCommand, endDelegationCommand } from '../requests/delegation-commands.ts'
import type { ActorCommands } from './actor-commands.ts'

/** What one actor can do with delegations. {@link ActingApprovals} lists the codes that every call can throw. */
export interface ActingDelegations {
  /**
   * Lists the delegations that are not over: the actor's own, and those of everybody that name no project or one in
   * which the actor may read.
   *
   * @example
   * ```ts
   * const delegations = await ben.delegations.list()
   * ```
   */
  list(): Promise<readonly Delegation[]>
  /**
   * Lets somebody else answer for the actor for a time. Whoever answers for somebody counts once, together with them.
   *
   * @example
   * ```ts
   * await ben.delegations.save({ to: 'cleo', ends: Date.now() + 14 * 24 * 60 * 60_000, reason: 'on holiday' })
   * ```
   *
   * @throws `not_delegable`, `limit_reached`; `unknown_actor` if the directory does not know one of the two.
   */
  save(delegation: DelegationInput, options?: KeyOptions): Promise<Delegation>
  /**
   * Ends a delegation of the actor's. What was answered under it stands, until the actor takes it back.
   *
   * @example
   * ```ts
   * await ben.delegations.remove('cleo')
   * ```
   *
   * @throws `unknown_delegation`.
   */
  remove(to: string, options?: KeyOptions): Promise<void>
}

/** Binds what is about delegations to one actor. */
export function actingDelegations(context: Context, actor: Actor, { run }: ActorCommands): ActingDelegations {
  return {
    list: () => listDelegations(context, actor),
    async save(delegation, options = {}) {
      checkKeys('options', options, ['idempotencyKey'])
      const checked = checkDelegation(delegation, context.now())
      return await run(delegateCommand(context, actor, checked), { delegation }, options)
    },
    async remove(to, options = {}) {
      checkKeys('options', options, ['idempotencyKey'])
      await run(endDelegationCommand(context, actor, checkId('to', to)), { to }, options)
    },
  }
}
