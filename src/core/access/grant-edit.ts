import { type Refusal, type Result, refuse, success } from '../../errors/result.ts'
import { identifierProblem } from '../identifier.ts'
import { isHeldThere } from './grant.ts'
import type { Roles } from './role.ts'

/** An edit of access: these users hold exactly these roles in each of these projects. */
export interface GrantEdit {
  readonly users: readonly string[]
  /** Projects; an empty one is the whole tenant. */
  readonly projects: readonly string[]
  /** Ids of roles; none takes the access away. */
  readonly roles: readonly string[]
}

/** What one user is to hold in one project. */
export interface WantedRoles {
  readonly user: string
  /** Empty for the whole tenant. */
  readonly project: string
  readonly roles: readonly string[]
}

type EditCode = 'invalid_input' | 'unknown_role'

/**
 * Spells edits out, one for each user and project. Refused are those that make no sense, or say two things about one
 * user and project.
 */
export function wantedRoles(edits: readonly GrantEdit[], roles: Roles): Result<readonly WantedRoles[], EditCode> {
  const wanted = new Map<string, WantedRoles>()
  for (const [index, edit] of edits.entries()) {
    const argument = `edits.${index}`
    const wrong = refusedEdit(edit, roles, argument)
    if (wrong) return { ok: false, refusal: wrong }
    for (const user of edit.users) {
      for (const project of edit.projects) {
        const key = JSON.stringify([user, project])
        if (wanted.has(key)) {
          const problem = `${JSON.stringify(user)} is given roles in ${placeOf(project)} twice`
          return refuse('invalid_input', { argument, problem })
        }
        wanted.set(key, { user, project, roles: [...new Set(edit.roles)] })
      }
    }
  }
  return success([...wanted.values()])
}

function refusedEdit(edit: GrantEdit, roles: Roles, argument: string): Refusal<EditCode> | undefined {
  const invalid = (problem: string) => refuse('invalid_input', { argument, problem }).refusal
  const { users, projects, roles: ids } = edit ?? {}
  if (![users, projects, ids].every((list) => Array.isArray(list))) return invalid('must be { users, projects, roles }')
  if (users.length === 0 || projects.length === 0) {
    return invalid('must name users and projects; an empty project is the whole tenant')
  }
  for (const id of [...users, ...projects.filter((project) => project !== '')]) {
    const problem = identifierProblem(id)
    if (problem) return invalid(`${JSON.stringify(id)} ${problem}`)
  }
  for (const id of ids) {
    const role = roles.get(id)
    if (!role) return refuse('unknown_role', { role: id, known: [...roles.keys()] }).refusal
    const misplaced = projects.find((project) => !isHeldThere(role, project))
    if (misplaced !== undefined) return invalid(`role ${JSON.stringify(id)} cannot be held in ${placeOf(misplaced)}`)
  }
  return undefined
}

function placeOf(project: string): string {
  return project === '' ? 'the whole tenant' : `project ${JSON.stringify(project)}`
}
