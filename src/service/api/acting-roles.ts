import type { RoleDefinition } from '../../core/access/role.ts'
import type { Actor } from '../../core/request/model/event.ts'
import { listRoles, removeRoleCommand, saveRoleCommand } from '../access/roles.ts'
import { checkId, checkKeys } from '../arguments/check-arguments.ts'
import type { KeyOptions } from '../arguments/verb-options.ts'
import type { Context } from '../context/context.ts'
import { readingRights } from '../people/reading-rights.ts'
import { withStrands } from '../requests/with-strands.ts'
import type { Stranding } from '../values/strands.ts'
import type { ActorCommands } from './actor-commands.ts'
import { admitted } from './check-access.ts'

/** The roles of the tenant. */
export interface ActingRoles {
  /**
   * Lists the roles of the tenant.
   *
   * @example
   * ```ts
   * const roles = await ben.access.roles.list()
   * ```
   */
  list(): Promise<readonly RoleDefinition[]>
  /**
   * Saves a role of the tenant's own, and says what that strands. Nobody puts in, or takes out, a permission that they
   * do not hold.
   *
   * @example
   * ```ts
   * await ben.access.roles.save({ id: 'release_manager', permissions: ['requests.approve'], held: 'project' })
   * ```
   *
   * @throws `not_permitted`, `beyond_own_permissions`, `last_admin`, `invalid_document`; `role_in_use` if somebody
   * holds it in a place that the new text does not let it be held in.
   */
  save(role: RoleDefinition, options?: KeyOptions): Promise<RoleDefinition & Stranding>
  /**
   * Removes a role of the tenant's own that nobody holds, and says what that strands.
   *
   * @example
   * ```ts
   * await ben.access.roles.remove('release_manager')
   * ```
   *
   * @throws `unknown_role`, `role_in_use`, `not_permitted`, `beyond_own_permissions`, `last_admin`.
   */
  remove(id: string, options?: KeyOptions): Promise<Stranding>
}

/** Binds what is about roles to one actor. */
export function actingRoles(context: Context, actor: Actor, { run }: ActorCommands): ActingRoles {
  const { tenant } = actor
  return {
    async list() {
      await readingRights(context, actor).known()
      return await listRoles(context, tenant)
    },
    async save(given, options = {}) {
      checkKeys('options', options, ['idempotencyKey'])
      checkKeys('role', given, ['id', 'permissions', 'held'])
      const role = admitted(given) as RoleDefinition
      checkId('role.id', role.id)
      return await run(withStrands(context, saveRoleCommand(context, actor, role)), { role }, options)
    },
    async remove(id, options = {}) {
      checkKeys('options', options, ['idempotencyKey'])
      return await run(withStrands(context, removeRoleCommand(context, actor, checkId('role', id))), { id }, options)
    },
  }
}
