import { rolesIn } from '../../core/access/grant.ts'
import type { GrantEdit } from '../../core/access/grant-edit.ts'
import { holdingsOf } from '../../core/access/holdings.ts'
import type { Permission } from '../../core/access/permissions.ts'
import type { GrantFacts } from '../../core/access/plan-grants.ts'
import type { Actor } from '../../core/request/model/event.ts'
import { type Result, refuse, success } from '../../errors/result.ts'
import type { Context } from '../context/context.ts'
import { readingRights } from '../people/reading-rights.ts'
import type { PolicySetRecord } from '../records/record-types.ts'

/** Whoever holds one of these sees who holds what where they hold it. */
const gives: readonly Permission[] = [
  ...(['project_users.add', 'project_roles.edit'] as const),
  ...(['organization_users.add', 'organization_roles.edit'] as const),
]

/**
 * Refuses to say who holds what in a project in which the actor may neither read nor give roles. What they hold
 * themselves, and in the whole tenant, everybody may see whom the directory knows.
 */
export async function grantsInSight(
  context: Context,
  actor: Actor,
  {
    edits,
    facts: { roles, grants },
    settings,
  }: {
    readonly edits: readonly GrantEdit[]
    readonly facts: Pick<GrantFacts, 'roles' | 'grants'>
    readonly settings: PolicySetRecord | undefined
  },
): Promise<Result<undefined>> {
  const { user } = actor
  const rights = readingRights(context, actor, { settings })
  if (!(await rights.isKnown())) return refuse('unknown_actor', { actor: user })
  const others = edits.filter(({ users }) => users.some((one) => one !== user))
  for (const project of new Set(others.flatMap(({ projects }) => projects))) {
    const held = rolesIn({ roles, grants }, { user, project })
    const { permissions } = holdingsOf(roles, { user, project, held })
    if (project === '' || gives.some((one) => permissions.has(one)) || (await rights.in(project))) continue
    return refuse('not_permitted', { actor: user, project, missing: ['project_roles.edit'] })
  }
  return success(undefined)
}
