import type { ResourceAccess } from '../core/access/resource-access.ts'
import type { Actor } from '../core/request/event.ts'
import { refuse, success } from '../errors.ts'
import type { Context } from './context.ts'
import type { Command } from './execute.ts'
import { keyOf, put, read } from './records.ts'
import { aboutSettings, settingsWrites } from './settings.ts'
import { maySet } from './settings-guard.ts'

/** Makes the command that says who edits new resources. Those that exist stay as they are. */
export function setDefaultAccessCommand(context: Context, actor: Actor, access: ResourceAccess['type']): Command<void> {
  return {
    verb: 'set the default access',
    actor,
    about: aboutSettings,
    async attempt(at) {
      const { set } = await read(context.storage, { set: keyOf('policySets', actor.tenant) })
      const permission = 'default_access.edit'
      const allowed = await maySet(context, actor, { settings: set?.value, permission, projects: [''] })
      if (!allowed.ok) return allowed
      const event = { type: 'default_access_set', access }
      return success({
        writes: settingsWrites(actor, set, { at, event, next: { defaultAccess: access } }),
        answer: undefined,
      })
    },
  }
}

/** Makes the command by which somebody switches notices off for themselves. */
export function muteCommand(context: Context, actor: Actor, types: readonly string[]): Command<void> {
  const { tenant, user } = actor
  return {
    verb: 'mute notices',
    actor,
    about: aboutSettings,
    async attempt(at) {
      const { set, before } = await read(context.storage, {
        set: keyOf('policySets', tenant),
        before: keyOf('grants', tenant, user),
      })
      if (!before || before.value.grants.length === 0) return refuse('unknown_actor', { actor: user })
      const event = { type: 'notices_muted', types }
      return success({
        writes: [
          ...settingsWrites(actor, set, { at, event }),
          put('grants', { ...before.value, unwanted: types }, before),
        ],
        answer: undefined,
      })
    },
  }
}
