import type { JsonObject } from '../../core/json/json.ts'
import { fail } from '../../errors/approval-error.ts'
import type { CollectionName, Column, Index } from '../../ports/collections.ts'
import { compareKeys, compareParts } from '../../ports/compare.ts'
import type { CountQuery, IndexQuery, KeyPart, Page, Position, StoredRecord } from '../../ports/storage.ts'
import { checkedParts, columnsOf, declarationOf, partsOf } from './columns.ts'

/** The largest page. */
export const maxPage = 1000

/** How many tenants a page can leave out. */
export const maxExcept = 100

/** How many records of an index are looked at for a page that keeps to some of them. */
export const mostLookedAt = 5_000

/** How many records of an index can be counted. */
export const maxCount = 100_000

/** What an index query means for the columns of its collection. */
export interface IndexPlan {
  readonly collection: CollectionName
  /** Columns of the index: a record that lacks one is not in it. */
  readonly columns: readonly Column[]
  /** Columns that equal the values of `where`. */
  readonly fixed: readonly Column[]
  /**
   * Columns by which the page is ordered, and that make a position: the open ones of the index, then what tells its
   * records apart.
   */
  readonly order: readonly Column[]
  /** Columns that hold the values of `only`. */
  readonly only: readonly Column[]
}

/**
 * Checks a query against the declaration of its collection and says what it means.
 *
 * @example
 * ```ts
 * const { fixed, order } = planOf(query)
 * ```
 *
 * @throws ApprovalError `invalid_input` if the index is not declared, or what the query asks for does not fit its
 * columns.
 */
export function planOf(query: IndexQuery): IndexPlan {
  const { limit, except = [], collection, after } = query
  const plan = partOf(query)
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > maxPage) {
    fail('invalid_input', { argument: 'limit', problem: `must be a whole number from 1 to ${maxPage}` })
  }
  if (!Array.isArray(except) || except.length > maxExcept) {
    fail('invalid_input', { argument: 'except', problem: `must be a list of at most ${maxExcept} tenants` })
  }
  for (const tenant of except) checkedParts(collection, declarationOf(collection).key.slice(0, 1), [tenant])
  if (after !== undefined) checkedParts(collection, plan.order, after)
  return plan
}

/**
 * Checks what is to be counted against the declaration of its collection and says what it means.
 *
 * @example
 * ```ts
 * const { fixed, only } = countPlanOf(query)
 * ```
 *
 * @throws ApprovalError `invalid_input` if the index is not declared, or what the query asks for does not fit its
 * columns.
 */
export function countPlanOf(query: CountQuery): IndexPlan {
  const { limit } = query
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > maxCount) {
    fail('invalid_input', { argument: 'limit', problem: `must be a whole number from 1 to ${maxCount}` })
  }
  return partOf(query)
}

function partOf({ collection, index, where, range, only = {} }: Omit<CountQuery, 'limit'>): IndexPlan {
  const { key, indexes } = declarationOf(collection)
  const declared: Index | undefined =
    index === 'key' ? { columns: key, unique: true } : Object.hasOwn(indexes, index) ? indexes[index] : undefined
  if (declared === undefined) {
    return fail('invalid_input', { argument: `${collection}.${index}`, problem: 'is not a declared index' })
  }
  const { columns, unique } = declared
  const fixed = columns.slice(0, where.length)
  checkedParts(collection, fixed, where)
  const open = columns.slice(where.length)
  for (const bound of [range?.from, range?.to]) {
    if (bound !== undefined) checkedParts(collection, open.slice(0, 1), [bound])
  }
  const rest = unique ? [] : key.filter(({ name }) => !columns.some((column) => column.name === name))
  const order = [...open, ...rest]
  return { collection, columns, fixed, order, only: keptTo(collection, only) }
}

function keptTo(collection: CollectionName, only: NonNullable<IndexQuery['only']>): readonly Column[] {
  return Object.entries(only).map(([name, part]) => {
    const column = columnsOf(collection).find((one) => one.name === name)
    if (!column) return fail('invalid_input', { argument: `only.${name}`, problem: `is no column of ${collection}` })
    checkedParts(collection, [column], [part])
    return column
  })
}

/**
 * Makes a page of the records found, of which there is one more than the page holds if there are more.
 *
 * @example
 * ```ts
 * const page = pageOf(planOf(query), found, query.limit)
 * ```
 */
export function pageOf(plan: IndexPlan, found: readonly StoredRecord[], limit: number): Page {
  const records = found.slice(0, limit)
  const last = found.length > limit ? records.at(-1) : undefined
  return { records, ...(last && { next: positionOf(plan, last.value) }) }
}

/**
 * Says where in the order of a query a record stands; `undefined` for one that the query does not ask for.
 *
 * @example
 * ```ts
 * const position = positionIn(planOf(query), query, record)
 * ```
 *
 * @throws ApprovalError `invalid_input` if a part of the value is of another type than its column.
 */
export function positionIn(plan: IndexPlan, query: IndexQuery, value: JsonObject): Position | undefined {
  const { where, range, except = [], order, after } = query
  if (plan.fixed.some(({ name }, at) => value[name] !== where[at])) return undefined
  const parts = partsOf(plan.collection, plan.columns, value)
  if (!isComplete(parts)) return undefined
  if (except.some((tenant) => tenant === tenantOf(plan, value))) return undefined
  const bounded = parts[where.length]
  if (bounded !== undefined && range?.from !== undefined && compareParts(bounded, range.from) < 0) return undefined
  if (bounded !== undefined && range?.to !== undefined && compareParts(bounded, range.to) > 0) return undefined
  const open = parts.slice(where.length)
  const rest = plan.order.slice(open.length)
  const position = rest.length === 0 ? open : [...open, ...partsOf(plan.collection, rest, value)]
  if (!isComplete(position)) return undefined
  const beyond = after ? compareKeys(position, after) : 0
  return after && (order === 'ascending' ? beyond <= 0 : beyond >= 0) ? undefined : position
}

/**
 * Tells whether a record is one of those that a query keeps to.
 *
 * @example
 * ```ts
 * const kept = found.filter(({ value }) => isKept(query, value))
 * ```
 */
export function isKept({ only = {} }: Pick<IndexQuery, 'only'>, value: JsonObject): boolean {
  return Object.entries(only).every(([name, part]) => Object.hasOwn(value, name) && value[name] === part)
}

/**
 * Makes the page of a query from the records of the index in its order: all that come after its position, or as many
 * as are looked at for a page and one more. Keeps to those that the query asks for.
 *
 * @example
 * ```ts
 * const page = pageAmong(planOf(query), query, found)
 * ```
 */
export function pageAmong(plan: IndexPlan, query: IndexQuery, records: readonly StoredRecord[]): Page {
  if (!query.only) return pageOf(plan, records, query.limit)
  const looked = records.slice(0, mostLookedAt)
  const page = pageOf(
    plan,
    looked.filter(({ value }) => isKept(query, value)),
    query.limit,
  )
  const last = records.length > mostLookedAt ? looked.at(-1) : undefined
  return last && !page.next ? { ...page, next: positionOf(plan, last.value) } : page
}

/** A place that a record takes up in a unique index: no other record of the collection may be in it. */
export interface UniquePlace {
  readonly index: string
  /** Written so that no other place of any index is written the same. */
  readonly place: string
}

/**
 * The places that a value takes up in the unique indexes of its collection.
 *
 * @example
 * ```ts
 * const places = uniquePlaces('resources', record)
 * ```
 *
 * @throws ApprovalError `invalid_input` if the collection is not declared, or a part of the value is of another type
 * than its column.
 */
export function uniquePlaces(collection: CollectionName, value: JsonObject): readonly UniquePlace[] {
  return Object.entries(declarationOf(collection).indexes).flatMap(([index, { columns, unique }]) => {
    if (!unique) return []
    const parts = partsOf(collection, columns, value)
    return isComplete(parts) ? [{ index, place: JSON.stringify([collection, index, ...parts]) }] : []
  })
}

function tenantOf({ collection }: IndexPlan, value: JsonObject): KeyPart | null | undefined {
  return partsOf(collection, declarationOf(collection).key.slice(0, 1), value)[0]
}

function positionOf({ collection, order }: IndexPlan, value: JsonObject): Position {
  return partsOf(collection, order, value).filter((part): part is KeyPart => part !== null)
}

function isComplete(parts: readonly (KeyPart | null)[]): parts is readonly KeyPart[] {
  return !parts.includes(null)
}
