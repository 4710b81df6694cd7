import type { Actor } from '../../core/request/model/event.ts'
import type { Delegation } from '../../core/review/delegation.ts'
import { checkId, checkKeys } from '../arguments/check-arguments.ts'
import type { KeyOptions } from '../arguments/verb-options.ts'
import type { Context } from '../context/context.ts'
import {
  checkDelegation,
  type DelegationInput,
  delegateCommand,
  endDelegationCommand,
  listDelegations,
} from '../facts/delegations.ts'
import type { ActorCommands } from './actor-commands.ts'

/** What one actor can do with delegations. */
export interface ActingDelegations {
  /** Lists the delegations that are not over, of everybody. */
  list(): Promise<readonly Delegation[]>
  /**
   * Lets somebody else answer for the actor for a time. Whoever answers for somebody counts once, together with them.
   */
  save(delegation: DelegationInput, options?: KeyOptions): Promise<Delegation>
  /** Ends a delegation of the actor's. What was answered under it stands, until the actor takes it back. */
  remove(to: string, options?: KeyOptions): Promise<void>
}

/** Binds what is about delegations to one actor. */
export function actingDelegations(context: Context, actor: Actor, { run }: ActorCommands): ActingDelegations {
  return {
    list: () => listDelegations(context, actor.tenant),
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
