import type { NamedPeople } from '../model/requirement.ts'

/** What is known of those who are named: the roles that somebody holds, and the users who are there. */
export interface PeopleThere {
  isHeld(role: string): boolean
  isKnown(user: string): boolean
}

/**
 * Says in words who is missing of those who are named: the roles that nobody holds there, and the users whom nobody
 * knows. `projects` are those where it is asked; an empty one is none.
 */
export function missingPeople(
  { users = [], roles = [] }: NamedPeople,
  { isHeld, isKnown }: PeopleThere,
  projects: readonly string[],
): readonly string[] {
  const named = projects.filter((project) => project !== '').map((project) => JSON.stringify(project))
  const where = named.length === 0 ? '' : ` in ${named.length === 1 ? 'project' : 'projects'} ${named.join(' and ')}`
  return [
    ...roles.filter((role) => !isHeld(role)).map((role) => `nobody holds the role ${JSON.stringify(role)}${where}`),
    ...users.filter((user) => !isKnown(user)).map((user) => `the directory does not know ${JSON.stringify(user)}`),
  ]
}
