import type { DirectoryFacts } from '../../core/policy/check/policy-facts.ts'
import type { PinnedRequirement } from '../../core/policy/model/requirement.ts'
import { peopleAsked } from '../../core/review/needs.ts'
import type { KnownUsers } from '../../core/review/under-review.ts'
import type { KnownUser } from '../../core/review/voter.ts'
import type { Directory, RolesInProject, Scope } from '../../ports/directory.ts'

/** How many approvers of one request are looked up: enough to tell them all, or to know that nobody is missing. */
const mostCandidates = 1_000

/** Makes the scope of a question; an empty project is none. */
export function scopeOf(tenant: string, project: string): Scope {
  return project === '' ? { tenant } : { tenant, project }
}

/**
 * Asks the directory who these users are.
 *
 * An agent is its owner, and brings no roles along; one whose owner is not known any more is not known either.
 */
export async function knownUsers(directory: Directory, scope: Scope, ids: readonly string[]): Promise<KnownUsers> {
  if (ids.length === 0) return new Map()
  const entries = await lookUp(directory, scope, [...new Set(ids)])
  const known = new Map(entries.map((entry) => [entry.id, entry]))
  for (let generation = 0; generation < mostOwners; generation++) {
    const missing = [...known.values()].flatMap(({ owner }) => (owner === undefined || known.has(owner) ? [] : owner))
    if (missing.length === 0) break
    for (const entry of await lookUp(directory, scope, [...new Set(missing)])) known.set(entry.id, entry)
  }
  const users = new Map<string, KnownUser>()
  for (const { id, roles, owner } of entries) {
    const person = personBehind(id, known)
    if (person === undefined) continue
    users.set(id, owner === undefined ? { id, person, roles } : { id, person, roles: [], agent: true })
  }
  return users
}

/**
 * Asks the directory which roles a user holds, those of an agent among them; `undefined` for a user whom it does not
 * know.
 */
export async function rolesHeld(
  directory: Directory,
  scope: Scope,
  id: string,
): Promise<readonly string[] | undefined> {
  const [entry] = await lookUp(directory, scope, [id])
  return entry?.roles
}

/** Where a user holds which roles. An agent brings none along. */
export interface Reach {
  readonly id: string
  /** Those held in the whole tenant. */
  readonly roles: readonly string[]
  readonly inProjects: readonly RolesInProject[]
}

/**
 * Asks the directory which roles these users hold in a tenant and in its projects; of one whom it does not know
 * there, none.
 */
export async function reachOf(directory: Directory, tenant: string, ids: readonly string[]): Promise<readonly Reach[]> {
  const entries = await lookUp(directory, { tenant }, ids)
  return ids.map((id) => {
    const { roles, inProjects, owner } = entries.find((entry) => entry.id === id) ?? nobody
    return owner === undefined ? { id, roles, inProjects } : { id, roles: [], inProjects: [] }
  })
}

const nobody = { roles: [], inProjects: [], owner: undefined }

/** Asks the directory which of these users do not want notices of a type. */
export async function unwantedNotices(
  directory: Directory,
  scope: Scope,
  { users, type }: { readonly users: readonly string[]; readonly type: string },
): Promise<ReadonlySet<string>> {
  if (users.length === 0) return new Set()
  const answer = await directory.users(scope, users)
  return new Set(users.filter((_, index) => answer[index]?.unwanted?.includes(type)))
}

/** How many agents may own each other in a row. */
export const mostOwners = 5

/** The person at the end of a row of owners; `undefined` if it ends with nobody, or never. */
function personBehind(id: string, known: ReadonlyMap<string, Entry>): string | undefined {
  let entry = known.get(id)
  for (let generation = 0; generation <= mostOwners; generation++) {
    if (entry?.owner === undefined) return entry?.person
    entry = known.get(entry.owner)
  }
  return undefined
}

interface Entry extends KnownUser {
  readonly owner: string | undefined
  readonly inProjects: readonly RolesInProject[]
}

async function lookUp(directory: Directory, scope: Scope, ids: readonly string[]): Promise<readonly Entry[]> {
  const answer = await directory.users(scope, ids)
  return ids.flatMap((id, index) => {
    const user = answer[index]
    if (!user) return []
    const { person = id, roles, owner, inProjects = [] } = user
    return { id, person, roles, owner, inProjects }
  })
}

/** Asks the directory for everybody whom these requirements are put to, at most 1,000 people. */
export async function candidates(
  directory: Directory,
  scope: Scope,
  requirements: readonly PinnedRequirement[],
): Promise<readonly KnownUser[]> {
  const asked = peopleAsked(requirements)
  const roles = [...new Set(asked.flatMap(({ roles = [] }) => roles))]
  const named = asked.flatMap(({ users = [] }) => users)
  const holders = Object.values(await askHolders(directory, scope, roles))
  const ids = [...new Set([...named, ...holders.flat()])].slice(0, mostCandidates)
  return [...(await knownUsers(directory, scope, ids)).values()]
}

/**
 * Asks the directory what it knows of the users and roles that a policy names: who of them can approve, and who is
 * whom.
 */
export async function directoryFacts(
  directory: Directory,
  scope: Scope,
  { users, roles }: { readonly users: readonly string[]; readonly roles: readonly string[] },
): Promise<DirectoryFacts> {
  const [holders, unknownRoles] = await Promise.all([
    askHolders(directory, scope, roles),
    rolesUnknown(directory, scope, roles),
  ])
  const asked = new Set([...users, ...[...new Set(Object.values(holders).flat())].slice(0, mostCandidates)])
  const known = await knownUsers(directory, scope, [...asked])
  const canApprove = (user: string) => {
    const one = known.get(user)
    return asked.has(user) ? one !== undefined && !one.agent : true
  }
  return {
    unknownUsers: users.filter((user) => !known.has(user)),
    unknownRoles,
    holders: Object.fromEntries(Object.entries(holders).map(([role, held]) => [role, held.filter(canApprove)])),
    people: Object.fromEntries([...known].map(([user, { person }]) => [user, person])),
  }
}

/** Asks the directory who holds each of these roles. */
export async function askHolders(
  directory: Directory,
  scope: Scope,
  roles: readonly string[],
): Promise<Readonly<Record<string, readonly string[]>>> {
  const entries = roles.map(async (role) => [role, await directory.holders(scope, role)])
  return Object.fromEntries(await Promise.all(entries))
}

/** Asks the directory which of these roles do not exist. */
export async function rolesUnknown(
  directory: Directory,
  scope: Scope,
  names: readonly string[],
): Promise<readonly string[]> {
  if (names.length === 0) return []
  const answer = await directory.roles(scope, names)
  return names.filter((_, index) => answer[index] !== true)
}

/** How many people one notice goes to at most: the first of those whom it concerns. */
export const mostTold = 1000
