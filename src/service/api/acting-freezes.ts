import type { Actor } from '../../core/request/model/event.ts'
import { fail } from '../../errors/approval-error.ts'
import { checkId, checkKeys, checkRef, checkTime } from '../arguments/check-arguments.ts'
import { checkFreeze } from '../arguments/check-freeze.ts'
import type { KeyOptions } from '../arguments/verb-options.ts'
import type { Context } from '../context/context.ts'
import type { Reader } from '../people/reading-rights.ts'
import { type FreezeTime, freezesAt, freezesBetween, listFreezes } from '../queries/read-freezes.ts'
import { type RevertInFreeze, revertsInFreeze } from '../queries/reverts-in-freeze.ts'
import type { Freeze, FreezeInput } from '../records/freeze-records.ts'
import { type CheckedFreeze, removeFreezeCommand, saveFreezeCommand } from '../requests/freeze-commands.ts'
import type { ResourceRef } from '../resource-types/resource-type.ts'
import { freeze as frozenCopy } from '../values/freeze.ts'
import type { ActorCommands } from './actor-commands.ts'

/** When nothing lands, and where. {@link ActingApprovals} lists the codes that every call can throw. */
export interface ActingFreezes {
  /**
   * Lists the freezes by id: those that name a project in which the actor may read, or none.
   *
   * @example
   * ```ts
   * const freezes = await ann.freezes.list()
   * ```
   */
  list(): Promise<readonly Freeze[]>
  /**
   * Saves a freeze: a new one, or another text of the one with its id. It holds from the next command on, whatever was
   * approved before: what waits goes on waiting, and keeps its approvals. The log tells of it. Answers with what is odd
   * about whom it asks. What was applied for a time is taken back in it all the same; `reverts` names these.
   *
   * @example
   * ```ts
   * const windows = [{ rule: '0 18 * * FRI', duration: '62h', zone: 'Europe/Berlin' } as const]
   * const reason = 'nobody is there to watch'
   * await ben.freezes.save({ id: 'weekends', match: { resource: 'feature_flag' }, windows, mode: 'queue', reason })
   * ```
   *
   * @throws `invalid_input`, `not_permitted`, `directory_failed`.
   */
  save(freeze: FreezeInput, options?: KeyOptions): Promise<SavedFreeze>
  /**
   * Removes a freeze. What waits for its end is applied by the next `tick` that comes to it, within five minutes.
   *
   * @example
   * ```ts
   * await ben.freezes.remove('weekends')
   * ```
   *
   * @throws `unknown_freeze`, `not_permitted`.
   */
  remove(id: string, options?: KeyOptions): Promise<void>
  /**
   * Lists when freezes are in force between two moments, in milliseconds since 1970: the first thousand times, in their
   * order.
   *
   * @example
   * ```ts
   * const times = await ann.freezes.between(Date.now(), Date.now() + 30 * 24 * 60 * 60_000)
   * for (const { freeze, from, until } of times) console.log(freeze.id, from, until)
   * ```
   *
   * @throws `invalid_input`.
   */
  between(from: number, until: number): Promise<readonly FreezeTime[]>
  /**
   * Lists the freezes that cover a resource at a moment, in milliseconds since 1970. One that names actions or facets
   * is among them, since it could cover a change: `preview` says whether it covers this one.
   *
   * @example
   * ```ts
   * const [first] = await ann.freezes.at(flags.ref('checkout'), Date.now())
   * ```
   *
   * @throws `unknown_resource_type`.
   */
  at<T>(ref: ResourceRef<T>, time: number): Promise<readonly FreezeTime[]>
}

/** A freeze that was saved, and what happens in it all the same. */
export interface SavedFreeze extends CheckedFreeze {
  /**
   * The planned reverts that it covers and lets through, of those that the actor may read: the first hundred, by their
   * time.
   */
  readonly reverts: readonly RevertInFreeze[]
}

/** Binds what can be read of freezes to a reader. */
export function freezeReading(context: Context, reader: Reader): Pick<ActingFreezes, 'list' | 'between' | 'at'> {
  return {
    list: () => listFreezes(context, reader),
    async between(from, until) {
      const span = { from: checkTime('from', from), until: checkTime('until', until) }
      if (span.from >= span.until) fail('invalid_input', { argument: 'until', problem: 'must be later than from' })
      return await freezesBetween(context, reader, span)
    },
    async at(given, time) {
      const { ref } = checkRef(context, given)
      return await freezesAt(context, reader, { ref, at: checkTime('time', time) })
    },
  }
}

/** Binds what is about freezes to one actor. */
export function actingFreezes(context: Context, actor: Actor, { run }: ActorCommands): ActingFreezes {
  return {
    ...freezeReading(context, actor),
    async save(given, options = {}) {
      checkKeys('options', options, ['idempotencyKey'])
      const freeze = checkFreeze(given, context.now())
      const saved = await run(saveFreezeCommand(context, actor, freeze), { freeze }, options)
      return frozenCopy({ ...saved, reverts: await revertsInFreeze(context, actor, saved) })
    },
    async remove(id, options = {}) {
      checkKeys('options', options, ['idempotencyKey'])
      await run(removeFreezeCommand(context, actor, checkId('freeze', id)), { id }, options)
    },
  }
}
