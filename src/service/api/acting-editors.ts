import type { AccessChange, ResourceAccess } from '../../core/access/resource-access.ts'
import type { Actor } from '../../core/request/model/event.ts'
import { changeAccessCommand, readAccess } from '../access/editors.ts'
import { checkKeys, checkRef, refuseReserved } from '../arguments/check-arguments.ts'
import type { KeyOptions } from '../arguments/verb-options.ts'
import type { Context } from '../context/context.ts'
import type { ResourceRef } from '../resource-types/resource-type.ts'
import type { ActorCommands } from './actor-commands.ts'
import { admitted, checkGraded } from './check-access.ts'

/** Who edits a resource. */
export interface ActingEditors {
  /**
   * Reads who edits a resource, among those whose roles allow it.
   *
   * @example
   * ```ts
   * const access = await ann.access.editors.get(flags.ref('checkout'))
   * ```
   *
   * @throws `unknown_resource_type`.
   */
  get<T>(ref: ResourceRef<T>): Promise<ResourceAccess>
  /**
   * Opens a resource to everyone, restricts it to editors, or adds and removes some. Who becomes an editor is told.
   *
   * @example
   * ```ts
   * await ann.access.editors.save(flags.ref('checkout'), { type: 'restrict', editors: ['ann', 'ben'] })
   * ```
   *
   * @throws `unknown_resource_type`, `unknown_resource`, `not_permitted`, `not_an_editor`, `invalid_document`;
   * `unknown_actor` if the directory does not know somebody who is to be an editor.
   */
  save<T>(ref: ResourceRef<T>, change: AccessChange, options?: KeyOptions): Promise<ResourceAccess>
}

/** Binds what is about editors to one actor. */
export function actingEditors(context: Context, actor: Actor, { run }: ActorCommands): ActingEditors {
  return {
    async get(ref) {
      return await readAccess(context, actor, checkRef(context, ref).ref)
    },
    async save(given, wanted, options = {}) {
      checkKeys('options', options, ['idempotencyKey'])
      checkGraded(context)
      checkKeys('change', wanted, ['type', 'editors'])
      const { ref } = checkRef(context, given)
      const resource = { type: ref.type, id: ref.id }
      const change = admitted(wanted) as AccessChange
      if ('editors' in change) for (const editor of [change.editors].flat()) refuseReserved('change.editors', editor)
      return await run(changeAccessCommand(context, actor, { resource, change }), { resource, change }, options)
    },
  }
}
