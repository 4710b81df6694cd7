import type { ResourceAccess } from '../../core/access/resource-access.ts'
import type { Actor } from '../../core/request/model/event.ts'
import { refuse, success } from '../../errors/result.ts'
import type { Command } from '../commands/run-command.ts'
import type { Context } from '../context/context.ts'
import { aboutSettings, settingsWrites } from '../records/settings-writes.ts'
import { put, read, recordKey } from '../records/typed-storage.ts'
import { maySet } from './check-permission.ts'

/** Makes the command that says who edits new resources. Those that exist stay as they are. */
export function setDefaultAccessCommand(context: Context, actor: Actor, access: ResourceAccess['type']): Command<void> {
  return {
    verb: 'set the default access',
    actor,
    about: aboutSettings,
    async attempt(at) {
      const { set } = await read(context.storage, { set: recordKey('policySets', actor.tenant) })
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

/**
 * Makes the command by which somebody switches notices off for themselves. It is theirs alone: no log tells of it,
 * and nobody else waits for it.
 */
export function muteCommand(context: Context, actor: Actor, unwanted: readonly string[]): Command<void> {
  const { tenant, user } = actor
  return {
    verb: 'mute notices',
    actor,
    about: `preferences/${user}`,
    async attempt() {
      const { grants, before } = await read(context.storage, {
        grants: recordKey('grants', tenant, user),
        before: recordKey('preferences', tenant, user),
      })
      if (!grants || grants.value.grants.length === 0) return refuse('unknown_actor', { actor: user })
      return success({ writes: [put('preferences', { tenant, user, unwanted }, before)], answer: undefined })
    },
  }
}

/** Reads who edits new resources. */
export async function readDefaultAccess({ storage }: Context, tenant: string): Promise<ResourceAccess['type']> {
  const { settings } = await read(storage, { settings: recordKey('policySets', tenant) })
  return settings?.value.defaultAccess ?? 'everyone'
}
