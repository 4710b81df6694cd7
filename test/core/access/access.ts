import type { Grant } from '../../../src/core/access/grant.ts'
import { rolesIn } from '../../../src/core/access/grant.ts'
import { type Holdings, holdingsOf } from '../../../src/core/access/holdings.ts'
import { defineRoles, type RoleDefinition, type Roles } from '../../../src/core/access/role.ts'
import { type LevelPermission, levelMatrix, levelRoles } from '../../../src/presets/levels.ts'
import { done } from '../../result.ts'

/** Every permission of the matrix. */
export const permissions = Object.keys(levelMatrix) as readonly LevelPermission[]

/** The levels, with these custom roles. */
export const rolesOf = (...custom: readonly RoleDefinition[]): Roles =>
  done(defineRoles([...levelRoles, ...custom], permissions))

/** Grants as `user: role` in the whole tenant and `user: role @project` in a project. */
export const grantsOf = (...lines: readonly string[]): readonly Grant[] =>
  lines.map((line) => {
    const [, user = '', role = '', project = ''] = /^(.+): (\S+)(?: @(.+))?$/.exec(line) ?? []
    return { user, role, project }
  })

/** What a user holds in a project by these grants. */
export function holdings(grants: readonly Grant[], user: string, project = '', roles = rolesOf()): Holdings {
  return holdingsOf(roles, { user, project, held: rolesIn({ roles, grants }, { user, project }) })
}
