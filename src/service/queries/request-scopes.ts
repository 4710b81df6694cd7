import { defined } from '../../core/defined.ts'
import type { RequestStatus } from '../../core/request/model/status-table.ts'
import { compareKeys } from '../../ports/compare.ts'
import type { IndexQuery, KeyPart, Position, Storage } from '../../ports/storage.ts'
import type { ReadingRights } from '../people/reading-rights.ts'
import type { RequestRecord } from '../records/record-types.ts'
import { page } from '../records/typed-storage.ts'
import type { CheckedCriteria } from './request-filter.ts'

/** A part of an index that holds requests in each of their states, in one order. */
export interface RequestScope {
  readonly collection: 'requests' | 'targets' | 'acrossProjects'
  readonly index: string
  /** Values of the columns before the state. */
  readonly where: readonly string[]
  readonly only?: Readonly<Record<string, string>>
  readonly range?: NonNullable<IndexQuery['range']>
  /** What ends a position in the index, after the time and the id of the request. */
  readonly tail: readonly KeyPart[]
  /**
   * Of which of its requests the index does not tell whether the reader may read them: of none; of those about policies
   * and switches, if there should be some; or of all.
   */
  readonly judged: 'nothing' | 'own' | 'all'
}

/** Where a request stands in a list: its time and its id. */
export type ListPlace = readonly [at: number, id: string]

/** A request in a list, with its record if the index has it. */
export interface ListedRow {
  readonly id: string
  readonly place: ListPlace
  readonly record?: RequestRecord
}

/** Some rows of a list, the newest first. */
export interface Batch {
  readonly rows: readonly ListedRow[]
  /** How many records of the index were looked at for them, at least. */
  readonly looked: number
  /** Where the look ended; absent at the end of the list. */
  readonly end?: ListPlace
}

/** How many records a storage looks at for a page that keeps to some of them. */
const mostLookedAt = 5_000

/** In how many projects a list is read one by one. Whoever may read in more is shown what is theirs of all. */
export const mostProjects = 16

/**
 * The parts of indexes that hold what somebody asks for and may read, as far as an index tells that apart. What belongs
 * to no project holds requests about policies.
 */
export async function readableScopes(
  rights: ReadingRights,
  tenant: string,
  criteria: CheckedCriteria,
): Promise<readonly RequestScope[]> {
  const { resource, type, requester, project } = criteria
  const isOfMany = resource === undefined && type === undefined && requester === undefined
  if (await rights.everywhere()) {
    const across = project === undefined ? [] : [acrossScope(tenant, criteria, project)]
    return [scopeOf(tenant, criteria, 'nothing'), ...across]
  }
  await rights.known()
  if (project !== undefined && project !== '') {
    if (!(await rights.in(project))) return []
    return [scopeOf(tenant, criteria, 'own'), acrossScope(tenant, criteria, project)]
  }
  if (project !== undefined) return [scopeOf(tenant, criteria, 'all')]
  if (!isOfMany) return [scopeOf(tenant, criteria, 'all')]
  const projects = await rights.projects()
  if (projects.length > mostProjects) return [scopeOf(tenant, criteria, 'all')]
  return [
    ...['', ...projects].map((one) => scopeOf(tenant, { ...criteria, project: one }, one === '' ? 'all' : 'own')),
    ...projects.map((one) => acrossScope(tenant, criteria, one)),
  ]
}

/** The requests over several projects of which this is one. Each is looked at by itself. */
function acrossScope(tenant: string, criteria: CheckedCriteria, project: string): RequestScope {
  const { requester, by } = criteria
  const only = requester === undefined ? {} : { only: { requester } }
  const index = by === 'updated' ? 'byUpdate' : 'byStatus'
  return {
    collection: 'acrossProjects',
    index,
    where: [tenant, project],
    ...only,
    ...bounds(criteria),
    tail: [],
    judged: 'all',
  }
}

function scopeOf(tenant: string, criteria: CheckedCriteria, judged: RequestScope['judged']): RequestScope {
  return { ...indexOf(tenant, criteria), ...bounds(criteria), judged }
}

function bounds({ from, to }: CheckedCriteria): Pick<RequestScope, 'range'> {
  const range = { ...defined({ from }), ...defined({ to }) }
  return Object.keys(range).length > 0 ? { range } : {}
}

/** The index that holds the fewest of those that are not asked for. The database keeps to the others. */
function indexOf(
  tenant: string,
  { resource, type, requester, project, by }: CheckedCriteria,
): Omit<RequestScope, 'judged'> {
  const isUpdate = by === 'updated'
  const kept = (only: Readonly<Record<string, string | undefined>>) => {
    const said = Object.entries(only).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]))
    return said.length === 0 ? {} : { only: Object.fromEntries(said) }
  }
  if (resource !== undefined) {
    const where = [tenant, resource.type, resource.id]
    const index = isUpdate ? 'byUpdate' : 'byStatus'
    return { collection: 'targets', index, where, ...kept({ project, requester }), tail: [] }
  }
  if (type !== undefined) {
    const index = isUpdate ? 'byTypeUpdate' : 'byType'
    return { collection: 'targets', index, where: [tenant, type], ...kept({ project, requester }), tail: [0, ''] }
  }
  if (requester !== undefined) {
    const index = isUpdate ? 'byOwnUpdate' : 'byRequester'
    return { collection: 'requests', index, where: [tenant, requester], ...kept({ project }), tail: [] }
  }
  if (project !== undefined) {
    const index = isUpdate ? 'byProjectUpdate' : 'byProject'
    return { collection: 'requests', index, where: [tenant, project], tail: [] }
  }
  return { collection: 'requests', index: isUpdate ? 'byUpdate' : 'byStatus', where: [tenant], tail: [] }
}

/** What a batch is read by. */
interface Asked {
  readonly by: CheckedCriteria['by']
  readonly statuses: readonly RequestStatus[]
  readonly limit: number
  /** After this place. */
  readonly from: ListPlace | undefined
}

/**
 * Reads the newest of several parts, in one order: at least `limit` of them, unless there are fewer or the storage has
 * looked at as many as it may.
 */
export async function newestOf(storage: Storage, scopes: readonly RequestScope[], asked: Asked): Promise<Batch> {
  const pages = await Promise.all(
    scopes.flatMap((scope) => asked.statuses.map((status) => partOf(storage, scope, { ...asked, status }))),
  )
  const end = pages.flatMap(({ next }) => (next ? [next] : [])).toSorted(newestFirst)[0]
  const rows = pages
    .flatMap((one) => one.rows)
    .filter(({ place }) => end === undefined || newestFirst(place, end) <= 0)
    .toSorted((a, b) => newestFirst(a.place, b.place))
    .filter(({ id }, at, all) => all[at - 1]?.id !== id)
  const looked = pages.some(({ isCut }) => isCut) ? mostLookedAt : rows.length
  return { rows, looked, ...defined({ end }) }
}

interface Part {
  readonly rows: readonly ListedRow[]
  readonly next?: ListPlace | undefined
  /** Whether it has fewer rows than it was asked for, and goes on. */
  readonly isCut: boolean
}

async function partOf(
  storage: Storage,
  { collection, index, where, only, range, tail }: RequestScope,
  { by, status, limit, from }: Omit<Asked, 'statuses'> & { readonly status: RequestStatus },
): Promise<Part> {
  const after: Position | undefined = from && [...from, ...tail]
  const query = {
    ...({ index, where: [...where, status], order: 'descending', limit } as const),
    ...defined({ only, range, after }),
  } as const
  const timeOf = by === 'updated' ? 'updatedAt' : 'createdAt'
  const placed = (next: Position | undefined): ListPlace | undefined => next && [Number(next[0]), String(next[1])]
  if (collection === 'requests') {
    const { records, next } = await page(storage, { collection, ...query })
    const rows = records.map(
      ({ value }): ListedRow => ({ id: value.id, place: [value[timeOf], value.id], record: value }),
    )
    return { rows, next: placed(next), isCut: next !== undefined && rows.length < limit }
  }
  const { records, next } = await page(storage, { collection, ...query })
  const rows = records.map(({ value }): ListedRow => ({ id: value.request, place: [value[timeOf], value.request] }))
  return { rows, next: placed(next), isCut: next !== undefined && rows.length < limit }
}

/** Orders places: negative if the first is newer. */
export function newestFirst(a: ListPlace, b: ListPlace): number {
  return compareKeys(b, a)
}
