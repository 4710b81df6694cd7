import { defined } from '../../core/defined.ts'
import { asJson, type JsonValue } from '../../core/json/json.ts'
import type { IndexQuery, Position } from '../../ports/storage.ts'
import type { Context } from '../context/context.ts'
import { mayReadResource } from '../facts/may-read.ts'
import { type Reader, type ReadingRights, readingRights } from '../people/reading-rights.ts'
import { checkLimit } from '../records/page-cursor.ts'
import type { ResourceRecord } from '../records/record-types.ts'
import { page } from '../records/typed-storage.ts'
import { freeze } from '../values/freeze.ts'
import { cursorAfter, cursorBeyond, listStart } from './list-cursor.ts'
import { mostLooked } from './list-requests.ts'
import { type ListPlace, mostProjects, newestFirst } from './request-scopes.ts'
import { checkResourceCriteria, type ResourceCriteria } from './resource-filter.ts'

/** Which resources to list. */
export interface ResourceFilter extends ResourceCriteria {
  /**
   * At most so many, 1 to 200.
   *
   * @defaultValue 50
   */
  readonly limit?: number | undefined
  /**
   * The `next` of the page before, of the same tenant and filter.
   *
   * @defaultValue none: the first page
   */
  readonly after?: string | undefined
}

/** A live resource, as lists show it. */
export interface ListedResource {
  readonly type: string
  readonly id: string
  /** Absent if it belongs to no project. */
  readonly project?: string
  /** Number of the live revision. */
  readonly revision: number
  /** When that was made, in milliseconds since 1970. */
  readonly updatedAt: number
  /** The live state of its life cycle; absent if its type has none. */
  readonly state?: string
  readonly document: JsonValue
}

/** A page of live resources, the last updated first. */
export interface ResourcePage {
  readonly resources: readonly ListedResource[]
  /** Where the next page begins; absent on the last one. */
  readonly next?: string
}

/** How many resources there are. */
export interface ResourceCount {
  readonly count: number
  /** Whether there may be more: not all could be looked at. */
  readonly more?: true
}

/** How many resources of one part of an index are counted. */
const mostCounted = 100_000

/** How many are read at once where each has to be looked at. */
const portion = 1_000

/** A part of an index that holds resources, the last updated first. */
interface Scope {
  readonly query: Pick<IndexQuery, 'index' | 'where' | 'range'> & { readonly collection: 'resources' }
  /** Whether the reader may read some of it alone. */
  readonly judged: boolean
}

/** Lists the live resources that somebody may read, the last updated first. */
export async function listResources(context: Context, reader: Reader, filter: ResourceFilter): Promise<ResourcePage> {
  const criteria = checkResourceCriteria(context, filter, ['limit', 'after'])
  const limit = checkLimit(filter.limit)
  const made = asJson({ list: 'resources', tenant: reader.tenant, ...criteria })
  const start = listStart(filter.after, made)
  const rights = readingRights(context, reader)
  const scopes = await scopesFor(rights, reader.tenant, criteria)
  const found: ResourceRecord[] = []
  for await (const { shown, end, isLast } of batches(context, rights, { scopes, criteria, limit: limit + 1, start })) {
    found.push(...shown)
    const last = found[limit - 1]
    const isFull = found.length > limit && last !== undefined
    if (!isFull && !isLast) continue
    const known = found.at(-1)
    const beyond = end && cursorBeyond(end, known ? placeOf(known) : start, made)
    const next = isFull ? cursorAfter(placeOf(last), made) : beyond
    return freeze({ resources: found.slice(0, limit).map(listed), ...defined({ next }) })
  }
  return freeze({ resources: [] })
}

/** Counts the resources that a list of these criteria would hold for the reader. */
export async function countResources(
  context: Context,
  reader: Reader,
  filter: ResourceCriteria,
): Promise<ResourceCount> {
  const criteria = checkResourceCriteria(context, filter, [])
  const rights = readingRights(context, reader)
  const scopes = await scopesFor(rights, reader.tenant, criteria)
  if (!scopes.some(({ judged }) => judged)) {
    const counts = scopes.map(({ query }) => context.storage.count({ ...query, limit: mostCounted }))
    const found = await Promise.all(counts)
    const count = found.reduce((sum, one) => sum + one.count, 0)
    return { count, ...(found.some(({ looked }) => looked === mostCounted) ? { more: true } : {}) }
  }
  let count = 0
  for await (const { shown, end } of batches(context, rights, { scopes, criteria, limit: portion, start: undefined })) {
    count += shown.length
    if (end) return { count, more: true }
  }
  return { count }
}

/** The parts of an index that hold what is asked for and may be read; none of them holds anything else. */
async function scopesFor(rights: ReadingRights, tenant: string, criteria: ResourceCriteria): Promise<readonly Scope[]> {
  const { project } = criteria
  if (await rights.everywhere()) return [scopeOf(tenant, criteria, false)]
  await rights.known()
  if (project !== undefined) return (await rights.in(project)) ? [scopeOf(tenant, criteria, false)] : []
  const projects = await rights.projects()
  if (projects.length > mostProjects) return [scopeOf(tenant, criteria, true)]
  return projects.map((one) => scopeOf(tenant, { ...criteria, project: one }, false))
}

function scopeOf(tenant: string, { type, project, state, from, to }: ResourceCriteria, judged: boolean): Scope {
  const parts = [
    type && !(project !== undefined && state) && 'Type',
    project !== undefined && 'Project',
    state && 'State',
  ]
  const index = `by${parts.filter(Boolean).join('')}`
  const where = [tenant, type, project, state].filter((one) => one !== undefined)
  const range = defined({ from, to })
  return {
    judged,
    query: {
      collection: 'resources',
      index: index === 'by' ? 'byUpdate' : index,
      where,
      ...(Object.keys(range).length > 0 ? { range } : {}),
    },
  }
}

interface Look {
  readonly scopes: readonly Scope[]
  readonly criteria: ResourceCriteria
  readonly limit: number
  readonly start: ListPlace | undefined
}

interface FoundBatch {
  readonly shown: readonly ResourceRecord[]
  /** Whether the look ends with it. */
  readonly isLast: boolean
  /** Where a look that ends could go on; absent at the end of the list. */
  readonly end?: ListPlace
}

/** Looks for the resources that somebody may read, batch by batch, until so many were looked at. */
async function* batches(
  context: Context,
  rights: ReadingRights,
  { scopes, criteria, limit, start }: Look,
): AsyncGenerator<FoundBatch> {
  if (scopes.length === 0) return
  let from = start
  for (let looked = 0; ; ) {
    const after = from && positionIn(criteria, from)
    const pages = await Promise.all(
      scopes.map(({ query }) => page(context.storage, { ...query, order: 'descending', limit, ...defined({ after }) })),
    )
    const ends = pages.flatMap(({ records, next }) => (next ? (records.at(-1)?.value ?? []) : []))
    const end = ends.map(placeOf).toSorted(newestFirst)[0]
    const rows = pages
      .flatMap(({ records }) => records.map(({ value }) => value))
      .filter((row) => end === undefined || newestFirst(placeOf(row), end) <= 0)
      .toSorted((a, b) => newestFirst(placeOf(a), placeOf(b)))
    looked += rows.length
    const readable = await Promise.all(rows.map((row) => !scopes[0]?.judged || mayReadResource(rights, row)))
    const isLast = end === undefined || looked >= mostLooked
    yield { shown: rows.filter((_, at) => readable[at]), isLast, ...(isLast ? defined({ end }) : {}) }
    if (isLast) return
    from = end
  }
}

/** Between the type and the id in a place: no name holds it, and it comes before whatever a name goes on with. */
const between = '\0'

function placeOf({ type, id, updatedAt = 0 }: ResourceRecord): ListPlace {
  return [updatedAt, `${type}${between}${id}`]
}

/** The position in an index of a place in the list. */
function positionIn({ type }: ResourceCriteria, [at, name]: ListPlace): Position {
  const [itsType = '', id = ''] = name.split(between)
  return type === undefined ? [at, itsType, id] : [at, id]
}

function listed({ type, id, project, revision, updatedAt = 0, state, document }: ResourceRecord): ListedResource {
  const its = project === '' ? {} : { project }
  return { type, id, ...its, revision, updatedAt, ...defined({ state }), document }
}
