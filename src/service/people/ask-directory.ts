import type { Asking } from '../../core/policy/model/circumstances.ts'
import { projectsOf, type Whereabouts } from '../../core/request/model/whereabouts.ts'
import type { KnownUsers } from '../../core/review/under-review.ts'
import type { KnownUser } from '../../core/review/voter.ts'
import type { Directory, RolesInProject, Scope } from '../../ports/directory.ts'

/** Makes the scope of a question; an empty project is none. */
export function scopeOf(tenant: string, project: string): Scope {
  return project === '' ? { tenant } : { tenant, project }
}

/** Where a question about a request is asked: in each of its projects. */
export type Scopes = Scope | readonly Scope[]

/** Makes the scopes of a question about a request. */
export function scopesOf(tenant: string, where: Whereabouts): readonly Scope[] {
  return projectsOf(where).map((project) => scopeOf(tenant, project))
}

/**
 * Asks the directory who these users are. Of several projects, whoever is known in each, with the roles that they hold
 * in each: what somebody may do in one says nothing of the others.
 */
export async function knownUsers(directory: Directory, scopes: Scopes, ids: readonly string[]): Promise<KnownUsers> {
  const known = await knownAnywhere(directory, scopes, ids)
  return eachOf(scopes).length === 1 ? known : new Map([...known].filter(([, { partly }]) => !partly))
}

/**
 * The same with those who are known in some of the projects only: what forbids something in one project does so in a
 * request over several.
 */
export async function knownAnywhere(directory: Directory, scopes: Scopes, ids: readonly string[]): Promise<KnownUsers> {
  if (ids.length === 0) return new Map()
  const places = await Promise.all(eachOf(scopes).map((scope) => knownIn(directory, scope, ids)))
  const [first] = places
  if (first && places.length === 1) return first
  return new Map(
    ids.flatMap((id) => {
      const each = places.flatMap((users) => users.get(id) ?? [])
      return each[0] ? [[id, acrossProjects(each[0], each, places.length)]] : []
    }),
  )
}

/** Names the projects of a request, as `peopleByPlace` does. */
export function placeName(where: Whereabouts): string {
  return JSON.stringify(projectsOf(where).toSorted())
}

/** Asks, once for each place, who the users are whom requests look at, by the names of their places. */
export async function peopleByPlace(
  directory: Directory,
  asking: readonly {
    readonly request: Whereabouts & { readonly tenant: string }
    readonly ids: readonly string[]
  }[],
): Promise<ReadonlyMap<string, KnownUsers>> {
  const places = new Map<string, { readonly scopes: Scopes; readonly ids: Set<string> }>()
  for (const { request, ids } of asking) {
    const name = placeName(request)
    const place = places.get(name) ?? { scopes: scopesOf(request.tenant, request), ids: new Set<string>() }
    for (const id of ids) place.ids.add(id)
    places.set(name, place)
  }
  const found = [...places].map(async ([name, { scopes, ids }]) => {
    return [name, await knownAnywhere(directory, scopes, [...ids])] as const
  })
  return new Map(await Promise.all(found))
}

/** Lists the places where a question is asked. */
export function eachOf(scopes: Scopes): readonly Scope[] {
  return Array.isArray(scopes) ? scopes : [scopes as Scope]
}

/** What somebody is in so many projects together. */
function acrossProjects(user: KnownUser, each: readonly KnownUser[], projects: number): KnownUser {
  const rolesByProject = each.map(({ roles }) => roles)
  if (each.length < projects) return { ...user, roles: [], rolesByProject, partly: true }
  const roles = user.roles.filter((role) => rolesByProject.every((held) => held.includes(role)))
  return { ...user, roles, rolesByProject }
}

/**
 * Asks the directory who these users are in one place.
 *
 * An agent is its owner, and brings no roles along; one whose owner is not known any more is not known either.
 */
async function knownIn(directory: Directory, scope: Scope, ids: readonly string[]): Promise<KnownUsers> {
  const { entries, known } = await withOwners(directory, scope, ids)
  const users = new Map<string, KnownUser>()
  for (const { id, roles, owner } of entries) {
    const person = ownerBehind(id, known)?.person
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

/**
 * Asks the directory which roles a user holds there and in its projects, those of an agent among them; `undefined` for
 * a user whom it does not know, and for an agent whose owner it does not know any more.
 */
export async function reachHeld(
  directory: Directory,
  scope: Scope,
  id: string,
): Promise<Omit<Reach, 'id'> | undefined> {
  const [entry] = await lookUp(directory, scope, [id])
  if (entry?.owner === undefined) return entry
  return (await knownUsers(directory, scope, [id])).has(id) ? entry : undefined
}

/**
 * Asks who is behind a change, and who the users are that policies name: agents with their owners, and with the roles
 * of both. `undefined` stands for one whom the directory does not know, and for an agent whose owner it does not know.
 */
export async function askingPeople(
  directory: Directory,
  scope: Scope,
  ids: readonly string[],
): Promise<readonly (Asking | undefined)[]> {
  const { entries, known } = await withOwners(directory, scope, ids)
  return ids.map((id): Asking | undefined => {
    const entry = entries.find((one) => one.id === id)
    const owner = ownerBehind(id, known)
    if (!entry || !owner) return undefined
    const row = rowOfOwners(id, known)
    const roles = [...new Set(row.flatMap((one) => one.roles))]
    return { id, person: owner.person, roles, ...(owner === entry ? {} : { owner: owner.id }) }
  })
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

/** Looks users up, and all who own them. */
async function withOwners(directory: Directory, scope: Scope, ids: readonly string[]) {
  const entries = await lookUp(directory, scope, [...new Set(ids)])
  const known = new Map(entries.map((entry) => [entry.id, entry]))
  for (let generation = 0; generation < mostOwners; generation++) {
    const missing = [...known.values()].flatMap(({ owner }) => (owner === undefined || known.has(owner) ? [] : owner))
    if (missing.length === 0) break
    for (const entry of await lookUp(directory, scope, [...new Set(missing)])) known.set(entry.id, entry)
  }
  return { entries, known }
}

/** Whoever stands at the end of a row of owners; `undefined` if it ends with nobody, or never. */
function ownerBehind(id: string, known: ReadonlyMap<string, Entry>): Entry | undefined {
  const last = rowOfOwners(id, known).at(-1)
  return last?.owner === undefined ? last : undefined
}

/** A user and those who own it, one after the other. */
function rowOfOwners(id: string, known: ReadonlyMap<string, Entry>): readonly Entry[] {
  const row: Entry[] = []
  for (let next: string | undefined = id; next !== undefined && row.length <= mostOwners; next = row.at(-1)?.owner) {
    const entry = known.get(next)
    if (!entry) break
    row.push(entry)
  }
  return row
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
