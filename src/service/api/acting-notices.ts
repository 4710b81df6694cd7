import type { Actor } from '../../core/request/model/event.ts'
import { fail } from '../../errors/approval-error.ts'
import { muteCommand } from '../access/access-settings.ts'
import { checkKeys } from '../arguments/check-arguments.ts'
import type { KeyOptions } from '../arguments/verb-options.ts'
import type { Context } from '../context/context.ts'
import type { ActorCommands } from './actor-commands.ts'
import { checkKept } from './check-access.ts'

/** What one actor says about the notices that they get. */
export interface ActingNotices {
  /**
   * Says which notices the actor does not want, instead of what they said before. Only if roles are kept here: a
   * directory of the host says it in `unwanted`.
   *
   * @example
   * ```ts
   * await ann.notices.preferences({ unwanted: ['made_editor'] })
   * ```
   *
   * @throws `invalid_input` if the directory of the host says who holds which role.
   */
  preferences(preferences: NoticePreferences, options?: KeyOptions): Promise<void>
}

/** Which notices somebody wants. */
export interface NoticePreferences {
  /** The types that they do not want; an empty list if they want all. */
  readonly unwanted: readonly 'made_editor'[]
}

/** Binds what is about notices to one actor. */
export function actingNotices(context: Context, actor: Actor, { run }: ActorCommands): ActingNotices {
  return {
    async preferences(preferences, options = {}) {
      checkKeys('preferences', preferences, ['unwanted'])
      checkKeys('options', options, ['idempotencyKey'])
      checkKept(context)
      const { unwanted } = preferences
      if (!Array.isArray(unwanted) || unwanted.some((type) => type !== 'made_editor')) {
        const problem = 'must be a list of "made_editor", or empty'
        fail('invalid_input', { argument: 'preferences.unwanted', problem })
      }
      const types = [...new Set(unwanted)]
      await run(muteCommand(context, actor, types), { types }, options)
    },
  }
}
