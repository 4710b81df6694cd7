import type { Approvers } from '../policy/requirement.ts'

/** A user as the directory knows them at the moment of deciding. */
export interface KnownUser {
  readonly id: string
  /** Who the user is: equal for two users who are one person. */
  readonly person: string
  readonly roles: readonly string[]
}

/** A person who counts once, with everything that their users bring along. */
export interface Voter {
  readonly person: string
  readonly users: readonly string[]
  readonly roles: readonly string[]
  /** Place in the order of the approvals; Infinity for one that is still to come. */
  readonly index: number
}

/** Tells whether a user, or a voter with any of their users, is among these approvers. */
export function isAmong(who: KnownUser | Voter, from: Approvers): boolean {
  const users = 'users' in who ? who.users : [who.id]
  return (
    (from.users?.some((user) => users.includes(user)) ?? false) ||
    (from.roles?.some((role) => who.roles.includes(role)) ?? false)
  )
}

/** Merges users into people, in the order of their first appearance. */
export function votersOf(
  users: readonly KnownUser[],
  index: (position: number) => number = (i) => i,
): readonly Voter[] {
  const voters = new Map<string, Voter>()
  for (const { id, person, roles } of users) {
    const known = voters.get(person)
    voters.set(
      person,
      known
        ? { ...known, users: [...known.users, id], roles: [...known.roles, ...roles] }
        : { person, users: [id], roles, index: index(voters.size) },
    )
  }
  return [...voters.values()]
}
