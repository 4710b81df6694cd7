import type { Grant } from '../../core/access/grant.ts'
import type { GrantEdit } from '../../core/access/grant-edit.ts'
import { type Permission, permissions } from '../../core/access/permissions.ts'
import type { ResourceAccess } from '../../core/access/resource-access.ts'
import type { Actor } from '../../core/request/model/event.ts'
import { ApprovalError, fail, hasCode } from '../../errors/approval-error.ts'
import { readDefaultAccess, setDefaultAccessCommand } from '../access/access-settings.ts'
import { isPermitted } from '../access/check-permission.ts'
import {
  changeGrantsCommand,
  type GrantPreview,
  grantsOfRole,
  grantsOfUser,
  previewGrants,
  usersIn,
} from '../access/grants.ts'
import { readableGrants } from '../access/readable-grants.ts'
import { checkId, checkKeys, checkProject, checkUser } from '../arguments/check-arguments.ts'
import type { InProject, KeyOptions } from '../arguments/verb-options.ts'
import { readAgain } from '../commands/read-again.ts'
import type { Context } from '../context/context.ts'
import { readingRights } from '../people/reading-rights.ts'
import { foreseenStrands, withStrands } from '../requests/with-strands.ts'
import { freeze } from '../values/freeze.ts'
import { shown } from '../values/shown.ts'
import type { Stranding } from '../values/strands.ts'
import { type ActingAccounts, actingAccounts } from './acting-accounts.ts'
import { type ActingEditors, actingEditors } from './acting-editors.ts'
import { type ActingRoles, actingRoles } from './acting-roles.ts'
import type { ActorCommands } from './actor-commands.ts'
import { admitted, checkGraded, checkKept } from './check-access.ts'

/**
 * Who may do what. {@link ActingApprovals} lists the codes that every call can throw.
 *
 * What changes who holds what says in its answer what that strands: `strands`.
 *
 * Methods that read or change grants, accounts or roles throw `invalid_input` if the directory of the host says who
 * holds which role. Methods that change editors throw `invalid_input` if `createApprovals` was given no `access`.
 */
export interface ActingAccess {
  /**
   * Checks that the actor holds the permission in the project or, if none is named, in the whole tenant.
   *
   * @example
   * ```ts
   * await ann.access.check('requests.approve', { project: 'shop' })
   * ```
   *
   * @throws `not_permitted`; `unknown_actor` if the directory does not know the actor.
   */
  check(permission: Permission | (string & {}), where?: InProject): Promise<void>
  /**
   * Tells whether the actor holds the permission.
   *
   * @example
   * ```ts
   * if (await ann.access.may('approval_settings.edit')) console.log('show the settings')
   * ```
   */
  may(permission: Permission | (string & {}), where?: InProject): Promise<boolean>

  /**
   * Gives a user a role, in a project or in the whole tenant, besides those that they hold there.
   *
   * @example
   * ```ts
   * await ben.access.grant({ user: 'ann', role: 'manager', project: 'shop' })
   * ```
   *
   * @throws `unknown_role`, `not_permitted`, `beyond_own_permissions`.
   */
  grant(role: RoleOf, options?: KeyOptions): Promise<GrantPreview & Stranding>
  /**
   * Takes a role from a user.
   *
   * @example
   * ```ts
   * await ben.access.revoke({ user: 'ann', role: 'manager', project: 'shop' })
   * ```
   *
   * @throws `last_admin` if nobody would be left who can give roles; the codes of {@link ActingAccess.grant}.
   */
  revoke(role: RoleOf, options?: KeyOptions): Promise<GrantPreview & Stranding>
  /**
   * Says what a change of access would do to whom, for many users and projects at once, and what it would strand.
   * Writes nothing.
   *
   * @example
   * ```ts
   * const edits = [{ users: ['ann', 'cleo'], projects: ['shop'], roles: ['member'] }]
   * const { lines, refusal, strands, digest } = await ben.access.preview(edits)
   * ```
   *
   * @throws `unknown_role`; `invalid_document` if the edits are not plain JSON. That the actor may not make the change
   * is part of the answer.
   */
  preview(edits: readonly GrantEdit[]): Promise<GrantPreview & Stranding>
  /**
   * Carries a change of access out, all of it or nothing, if it still does what was seen.
   *
   * @example
   * ```ts
   * const edits = [{ users: ['ann', 'cleo'], projects: ['shop'], roles: ['member'] }]
   * const { digest } = await ben.access.preview(edits)
   * await ben.access.change(edits, { digest })
   * ```
   *
   * @throws `preview_outdated`, `invalid_document`; the codes of {@link ActingAccess.revoke}.
   */
  change(
    edits: readonly GrantEdit[],
    options: KeyOptions & { readonly digest: string },
  ): Promise<GrantPreview & Stranding>
  /**
   * Lists the roles that a user was given, in the whole tenant and in projects where the actor may read.
   *
   * @example
   * ```ts
   * const grants = await ben.access.grants('ann')
   * ```
   */
  grants(user: string): Promise<readonly Grant[]>
  /**
   * Lists to whom a role was given, in the whole tenant and in projects where the actor may read.
   *
   * @example
   * ```ts
   * const managers = await ben.access.holders('manager')
   * ```
   */
  holders(role: string): Promise<readonly Grant[]>

  /** Whose accounts are. */
  readonly accounts: ActingAccounts
  /** Who edits a resource. */
  readonly editors: ActingEditors
  /**
   * Reads who edits new resources: everyone, or whoever makes them.
   *
   * @example
   * ```ts
   * const access = await ann.access.defaultAccess()
   * ```
   */
  defaultAccess(): Promise<ResourceAccess['type']>
  /**
   * Says who edits resources that are made from now on.
   *
   * @example
   * ```ts
   * await ben.access.setDefaultAccess('editors')
   * ```
   *
   * @throws `not_permitted`.
   */
  setDefaultAccess(access: ResourceAccess['type'], options?: KeyOptions): Promise<void>

  /** The roles of the tenant. */
  readonly roles: ActingRoles
}

/** A role of a user. */
export interface RoleOf extends InProject {
  readonly user: string
  readonly role: string
}

/** How many users and projects one call changes. */
const mostAtOnce = 1_000

/** Binds what is about access to one actor. */
export function actingAccess(context: Context, actor: Actor, commands: ActorCommands): ActingAccess {
  const { run } = commands
  const { tenant } = actor
  const check = checkOf(context, actor)
  const one = changeOne(context, actor, commands)
  return {
    check,
    async may(permission, where) {
      try {
        await check(permission, where)
        return true
      } catch (error) {
        if (hasCode(error, 'not_permitted') || hasCode(error, 'unknown_actor')) return false
        throw error
      }
    },
    grant: (given, options = {}) => one('grant', { given, options }, (held, role) => [...held, role]),
    revoke: (given, options = {}) =>
      one('revoke', { given, options }, (held, role) => held.filter((other) => other !== role)),
    async preview(edits) {
      const wanted = checkEdits(edits)
      return await readAgain(() => foreseen(context, actor, wanted))
    },
    async change(given, options) {
      checkKeys('options', options, ['idempotencyKey', 'digest'])
      const edits = checkEdits(given)
      const seen = checkId('options.digest', options.digest)
      const command = changeGrantsCommand(context, actor, { edits: () => edits, users: usersIn(edits), seen })
      return await run(withStrands(context, command), { edits, seen }, options)
    },
    async grants(user) {
      checkKept(context)
      const named = checkId('user', user)
      return await readableGrants(context, actor, await grantsOfUser(context.storage, tenant, named))
    },
    async holders(role) {
      checkKept(context)
      const named = checkId('role', role)
      return await readableGrants(context, actor, await grantsOfRole(context.storage, tenant, named))
    },
    accounts: actingAccounts(context, actor, commands),
    editors: actingEditors(context, actor, commands),
    roles: actingRoles(context, actor, commands),
    async defaultAccess() {
      await readingRights(context, actor).known()
      return await readDefaultAccess(context, tenant)
    },
    async setDefaultAccess(access, options = {}) {
      checkKeys('options', options, ['idempotencyKey'])
      checkGraded(context)
      if (access !== 'everyone' && access !== 'editors') {
        fail('invalid_input', { argument: 'access', problem: 'must be "everyone" or "editors"' })
      }
      await run(setDefaultAccessCommand(context, actor, access), { access }, options)
    },
  }
}

/** Says what edits would do, and what they would strand. */
async function foreseen(context: Context, actor: Actor, edits: readonly GrantEdit[]) {
  const preview = await previewGrants(context, actor, edits)
  if (!preview.ok) throw new ApprovalError(preview.refusal)
  const command = changeGrantsCommand(context, actor, { edits: () => edits, users: usersIn(edits) })
  return freeze({ ...preview.value, strands: await foreseenStrands(context, command) })
}

/** Gives one role to one user, or takes it. */
function changeOne(context: Context, actor: Actor, { run }: ActorCommands) {
  return async (
    does: 'grant' | 'revoke',
    { given, options }: { readonly given: RoleOf; readonly options: KeyOptions },
    after: (held: readonly string[], role: string) => string[],
  ) => {
    checkKeys('role', given, ['user', 'role', 'project'])
    checkKeys('options', options, ['idempotencyKey'])
    const user = checkUser('role.user', given.user)
    const role = checkId('role.role', given.role)
    const project = checkProject('role.project', given.project)
    const edits = (grants: readonly Grant[]) => {
      const held = grants.filter((grant) => grant.user === user && grant.project === project).map((grant) => grant.role)
      return [{ users: [user], projects: [project], roles: after(held, role) }]
    }
    const command = changeGrantsCommand(context, actor, { edits, users: [user] })
    return await run(withStrands(context, command), { does, ...given }, options)
  }
}

/** Refuses what the actor is not permitted. */
function checkOf(context: Context, actor: Actor): ActingAccess['check'] {
  return async (permission, where = {}) => {
    checkKeys('where', where, ['project'])
    const project = checkProject('where.project', where.project)
    checkPermission(context, permission)
    const allowed = await isPermitted(context, actor, { permission, projects: [project] })
    if (!allowed.ok) throw new ApprovalError(allowed.refusal)
  }
}

function checkPermission({ access }: Context, permission: unknown): void {
  const known: readonly string[] = access.type === 'roles' ? access.known : permissions
  if (known.some((name) => name === permission)) return
  fail('invalid_input', {
    argument: 'permission',
    problem: `there is no permission ${shown(permission)}; there are ${known.join(', ')}`,
  })
}

/** Takes a copy of edits as they are at the call, in the shape that they must have. */
function checkEdits(given: unknown): readonly GrantEdit[] {
  const edits = admitted(given)
  if (!Array.isArray(edits)) return fail('invalid_input', { argument: 'edits', problem: 'must be a list' })
  let places = 0
  for (const [index, edit] of edits.entries()) {
    const argument = `edits.${index}`
    checkKeys(argument, edit, ['users', 'projects', 'roles'])
    const { users, projects, roles } = edit as unknown as GrantEdit
    if (![users, projects, roles].every((list) => Array.isArray(list))) {
      fail('invalid_input', { argument, problem: 'must be { users, projects, roles }, each a list' })
    }
    places += users.length * projects.length
  }
  if (places <= mostAtOnce) return edits as unknown as readonly GrantEdit[]
  return fail('invalid_input', { argument: 'edits', problem: `must be about at most ${mostAtOnce} users and projects` })
}
