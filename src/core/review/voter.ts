import { defined } from '../defined.ts'
import type { Approvers, NamedPeople } from '../policy/model/requirement.ts'
import type { ApprovalLimits } from './approval-limits.ts'

/** A user as the directory knows them at the moment of deciding. */
export interface KnownUser {
  readonly id: string
  /** Who the user is: equal for two users who are one person. */
  readonly person: string
  readonly roles: readonly string[]
  /** Of a request over several projects: the roles held in each where they are known. `roles` are held in all. */
  readonly rolesByProject?: readonly (readonly string[])[]
  /** Whether they are known in some of its projects only: all that they can do is to forbid. */
  readonly partly?: true
  /** Whether it is a service account or an agent of that person. */
  readonly agent?: true
  /** Whether they count only in places that name the owner of an agent: it is theirs that asked. */
  readonly asOwner?: true
}

/** An approval: whose it is, and every person behind it. */
export interface Vote extends Pick<KnownUser, 'id' | 'roles' | 'rolesByProject' | 'asOwner'> {
  readonly persons: readonly string[]
  readonly limits?: ApprovalLimits | undefined
}

/** Somebody who counts once, with everything that their votes bring along. */
export interface Voter {
  readonly persons: readonly string[]
  readonly users: readonly string[]
  readonly roles: readonly string[]
  readonly rolesByProject?: readonly (readonly string[])[]
  /** Place in the order of the approvals; Infinity for one that is still to come. */
  readonly index: number
  /** Whether they count only in places that name the owner of an agent. */
  readonly asOwner?: true
  readonly limits?: ApprovalLimits
  /** Each of their votes by itself, if one of them does not count for everything. */
  readonly votes?: readonly Voter[]
}

/** Tells whether a user, or a voter with any of their users, is among these approvers, and not excepted. */
export function isAmong(who: KnownUser | Voter, from: Approvers): boolean {
  if ('partly' in who) return false
  return isNamed(who, from) && !isExcepted(who, from) && (!who.asOwner || from.owner === true)
}

/** Tells whether a user holds a veto: in one of the projects of a request, whatever they are in the others. */
export function holdsVeto({ id, person, roles, rolesByProject = [roles] }: KnownUser, veto: Approvers): boolean {
  return rolesByProject.some((held) => isAmong({ id, person, roles: held }, veto))
}

/** Tells whether users are known, in each of the projects of a request. */
export function isKnown(users: ReadonlyMap<string, KnownUser>, id: string): boolean {
  const user = users.get(id)
  return user !== undefined && !user.partly
}

/** Tells whether a user, or a voter with any of their users, is named, or holds one of the roles. */
export function isNamed(who: KnownUser | Voter, { users = [], roles = [] }: NamedPeople): boolean {
  const ids = 'users' in who ? who.users : [who.id]
  return users.some((user) => ids.includes(user)) || roles.some((role) => who.roles.includes(role))
}

/**
 * Tells whether approvers except a user or a voter, with any of their users, or the persons behind them. A role that
 * is held in one of the projects of a request keeps them out.
 */
export function isExcepted(who: KnownUser | Voter, { except }: Approvers): boolean {
  if (except === undefined) return false
  const persons = 'users' in who ? who.persons : [who.person]
  const { roles = [] } = except
  const there = who.rolesByProject?.some((held) => roles.some((role) => held.includes(role))) ?? false
  return there || isNamed(who, except) || (except.users?.some((user) => persons.includes(user)) ?? false)
}

/**
 * Merges votes that have a person in common, in the order of their first appearance: whoever votes twice, or for
 * somebody, counts once.
 */
export function votersOf(votes: readonly Vote[], index: (position: number) => number = (i) => i): readonly Voter[] {
  const voters = new Map<string, Voter>()
  for (const [position, { id, persons, roles, rolesByProject, asOwner, limits }] of votes.entries()) {
    const one = { persons, users: [id], roles, index: index(position), ...defined({ rolesByProject, asOwner, limits }) }
    let voter: Voter = limits ? { ...one, votes: [one] } : one
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
    ...(a.rolesByProject || b.rolesByProject
      ? { rolesByProject: [...(a.rolesByProject ?? []), ...(b.rolesByProject ?? [])] }
      : {}),
    ...defined({ asOwner: a.asOwner ?? b.asOwner }),
    ...(a.votes || b.votes ? { votes: [...votesOf(a), ...votesOf(b)] } : {}),
  }
}

function votesOf(voter: Voter): readonly Voter[] {
  return voter.votes ?? [voter]
}

/**
 * A voter as far as those of their votes go that are like this; `undefined` if none is. What one vote brings along
 * fills no place for another one, but whoever is behind one of them is behind all.
 */
export function asFarAs(voter: Voter, isCounted: (vote: Voter) => boolean): Voter | undefined {
  if (!voter.votes) return isCounted(voter) ? voter : undefined
  const [first, ...others] = voter.votes.filter(isCounted)
  return first && { ...others.reduce(merged, first), persons: voter.persons, votes: [first, ...others] }
}
