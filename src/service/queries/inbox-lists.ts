import { defined } from '../../core/defined.ts'
import { identifierProblem } from '../../core/identifier.ts'
import { awaitedAcross, awaitedRole, awaitedUser } from '../../core/request/decide/awaited-approvers.ts'
import { compareKeys } from '../../ports/compare.ts'
import type { Position, Storage } from '../../ports/storage.ts'
import type { Reach } from '../people/ask-directory.ts'
import type { Listed } from '../records/page-cursor.ts'
import { page } from '../records/typed-storage.ts'

/** A list of requests that wait for somebody, the oldest first. */
export interface WaitingList {
  readonly index: 'byAge' | 'byProject'
  readonly where: readonly string[]
  /** The only projects that matter in it; all of them if left out. */
  readonly projects?: ReadonlySet<string>
}

/**
 * In how many projects a role is looked for one by one. Held in more, it is looked for in the whole tenant, and what
 * is elsewhere is passed over.
 */
const mostProjects = 16

/** Says where to look for what waits for some users: under their names, and under each role that one of them holds. */
export function listsFor(tenant: string, users: readonly Reach[]): readonly WaitingList[] {
  const inTenant = (approver: string): WaitingList => ({ index: 'byAge', where: [tenant, approver] })
  const everywhere = new Set(users.flatMap(({ roles }) => roles).filter(isName))
  const elsewhere = projectsOf(users, everywhere)
  const names = [
    ...users.map(({ id }) => awaitedUser(id)),
    ...[...everywhere, ...elsewhere.keys()].map((role) => awaitedRole(role)),
  ]
  return [
    ...names.map((name) => inTenant(awaitedAcross(name))),
    ...users.map(({ id }) => inTenant(awaitedUser(id))),
    ...[...everywhere].map((role) => inTenant(awaitedRole(role))),
    ...[...elsewhere].flatMap(([role, projects]): readonly WaitingList[] => {
      const approver = awaitedRole(role)
      if (projects.size > mostProjects) return [{ ...inTenant(approver), projects }]
      return [...projects].map((project) => ({ index: 'byProject', where: [tenant, approver, project] }))
    }),
  ]
}

/** The projects in which each role is held, of those that are not held everywhere. */
function projectsOf(users: readonly Reach[], everywhere: ReadonlySet<string>): ReadonlyMap<string, Set<string>> {
  const places = new Map<string, Set<string>>()
  for (const { project, roles } of users.flatMap(({ inProjects }) => inProjects)) {
    for (const role of roles) {
      if (everywhere.has(role) || !isName(role) || !isName(project)) continue
      places.set(role, (places.get(role) ?? new Set()).add(project))
    }
  }
  return places
}

/** Tells whether a policy or a resource can bear this name: a directory may know others. */
function isName(name: string): boolean {
  return identifierProblem(name) === undefined
}

/** Some requests that may wait for somebody. */
export interface Candidates {
  readonly requests: readonly Listed[]
  /** Where the look ended; absent if there are no more. */
  readonly next?: Position
}

/** Merges the beginnings of lists by age: at most so many requests, each once, after a position. */
export async function oldestOf(
  storage: Storage,
  lists: readonly WaitingList[],
  { limit, from }: { readonly limit: number; readonly from: Position | undefined },
): Promise<Candidates> {
  const pages = await Promise.all(
    lists.map(async ({ index, where, projects }) => {
      const order = { order: 'ascending', limit, ...defined({ after: from }) } as const
      const { records, next } = await page(storage, { collection: 'inbox', index, where, ...order })
      const rows = records.map(({ value }) => ({ ...value, matters: projects?.has(value.project) ?? true }))
      return { rows, isLast: next === undefined }
    }),
  )
  const found = new Map<string, Listed & { readonly matters: boolean }>()
  for (const { tenant, request: id, createdAt, matters } of pages.flatMap(({ rows }) => rows)) {
    found.set(id, { tenant, id, createdAt, matters: matters || (found.get(id)?.matters ?? false) })
  }
  const byAge = [...found.values()].toSorted((a, b) => compareKeys(placeOf(a), placeOf(b)))
  const looked = byAge.slice(0, limit)
  const last = looked.at(-1)
  const requests = looked.filter(({ matters }) => matters)
  const isAll = byAge.length <= limit && pages.every(({ isLast }) => isLast)
  return { requests, ...(last && !isAll ? { next: placeOf(last) } : {}) }
}

/** Where a request stands in every list of those that wait. */
export function placeOf({ createdAt, id }: Listed): Position {
  return [createdAt, id]
}
