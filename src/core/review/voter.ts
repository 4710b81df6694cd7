import type { Approvers } from '../policy/model/requirement.ts'

/** A user as the directory knows them at the moment of deciding. */
export interface KnownUser {
  readonly id: string
  /** Who the user is: equal for two users who are one person. */
  readonly person: string
  readonly roles: readonly string[]
  /** Whether it is a service account or an agent of that person. */
  readonly agent?: true
}

/** An approval: whose it is, and every person behind it. */
export interface Vote extends Pick<KnownUser, 'id' | 'roles'> {
  readonly persons: readonly string[]
}

/** Somebody who counts once, with everything that their votes bring along. */
export interface Voter {
  readonly persons: readonly string[]
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

/**
 * Merges votes that have a person in common, in the order of their first appearance: whoever votes twice, or for
 * somebody, counts once.
 */
export function votersOf(votes: readonly Vote[], index: (position: number) => number = (i) => i): readonly Voter[] {
  const voters = new Map<string, Voter>()
  for (const [position, { id, persons, roles }] of votes.entries()) {
    let voter: Voter = { persons, users: [id], roles, index: index(position) }
    const others = new Set<Voter>()
    for (const person of persons) {
      const other = voters.get(person)
      if (other) others.add(other)
    }
    for (const met of others) voter = merged(met, voter)
    for (const person of voter.persons) voters.set(person, voter)
  }
  return [...new Set(voters.values())].toSorted((a, b) => (a.index === b.index ? 0 : a.index - b.index))
}

function merged(a: Voter, b: Voter): Voter {
  return {
    persons: [...new Set([...a.persons, ...b.persons])],
    users: [...a.users, ...b.users],
    roles: [...a.roles, ...b.roles],
    index: Math.min(a.index, b.index),
  }
}
