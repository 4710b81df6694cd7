import type { ChangeInput } from '../../core/change/change-input.ts'
import { defined } from '../../core/defined.ts'
import type { Actor } from '../../core/request/model/event.ts'
import { success } from '../../errors/result.ts'
import type { Command } from '../commands/run-command.ts'
import type { Context } from '../context/context.ts'
import { isOn } from '../context/workflow-switch.ts'
import { type Reader, readingRights } from '../people/reading-rights.ts'
import { aboutSettings } from '../records/settings-writes.ts'
import { read, recordKey, unchanged } from '../records/typed-storage.ts'
import { decideSubmission } from '../requests/decide-submission.ts'
import { directWrites } from '../requests/direct-writes.ts'
import type { Turn } from '../resource-types/workflow-resource.ts'
import { workflowResource } from '../resource-types/workflow-resource.ts'

/**
 * Tells whether approvals are asked for in a project or, if it is empty, in the whole tenant. A project in which the
 * reader may not read is as good as one without a switch of its own.
 */
export async function isEnabled(context: Context, reader: Reader, project: string): Promise<boolean> {
  const { settings } = await read(context.storage, { settings: recordKey('policySets', reader.tenant) })
  const rights = readingRights(context, reader, { settings: settings?.value })
  await rights.known()
  const shown = project === '' || (await rights.in(project))
  return isOn(context, settings?.value, shown ? project : '')
}

/**
 * Makes the command that switches the workflow when nobody has to approve it. What is to be returned is as good as
 * returned with its commit. A switch that is as wanted already stays as it is.
 */
export function switchCommand(
  context: Context,
  actor: Actor,
  { project, on, waiting, reason }: Turn & { readonly reason?: string },
): Command<void> {
  const { tenant } = actor
  const value = { on, ...defined({ waiting }) }
  const { type, id } = workflowResource.ref(project)
  const ref = { type, id, ...(project === '' ? {} : { project }) }
  return {
    verb: on ? 'switch the workflow on' : 'switch the workflow off',
    actor,
    about: aboutSettings,
    async attempt(at) {
      const key = recordKey('policySets', tenant)
      const { set } = await read(context.storage, { set: key })
      const change = { value } as ChangeInput<never>
      const wishes = [{ type: workflowResource, ref, change }]
      const said = reason === undefined ? {} : { reason }
      const considered = await decideSubmission(context, actor, { verb: 'submit', directly: true, wishes, at, ...said })
      if (considered.ok) {
        const writes = await directWrites(context, actor, considered.value, { at, message: reason })
        return success({ writes: [unchanged(key, set), ...writes], answer: undefined })
      }
      const stays = considered.refusal.code === 'nothing_changed'
      return stays ? success({ writes: [unchanged(key, set)], answer: undefined }) : considered
    },
  }
}
