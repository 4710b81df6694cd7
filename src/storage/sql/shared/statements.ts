import { type RawBuilder, sql } from 'kysely'
import type { CollectionName, Column } from '../../../ports/collections.ts'
import type { CountQuery, IndexQuery } from '../../../ports/storage.ts'
import { columnsOf, declarationOf } from '../../toolkit/columns.ts'
import { type IndexPlan, mostLookedAt } from '../../toolkit/index-plan.ts'
import {
  afterArgument,
  argument,
  exceptArgument,
  exceptPlaces,
  onlyArgument,
  type Parameter,
  parameterOf,
} from './arguments.ts'
import type { Dialect } from './dialect.ts'
import { columnName, tableName } from './names.ts'
import { wholeColumn } from './pages.ts'

/** A compiled statement: its text, and the argument for each placeholder, in their order. */
export interface Statement {
  readonly text: string
  readonly parameters: readonly Parameter[]
}

/** The statements that reads by key and commits are made of, for one collection. */
export interface CollectionStatements {
  readonly get: Statement
  /** Reads the version alone. */
  readonly version: Statement
  readonly insert: Statement
  readonly replace: Statement
  readonly remove: Statement
  /** Per unique index: finds another record in the place that a record wants. */
  readonly taken: Readonly<Record<string, Statement>>
}

/** The statements of a database, each compiled when it is first asked for and never again. */
export interface Statements {
  of(collection: CollectionName): CollectionStatements
  page(plan: IndexPlan, query: IndexQuery): Statement
  /** The same page with all columns: what it is about can be told even of a record that cannot be read. */
  wholePage(plan: IndexPlan, query: IndexQuery): Statement
  /** The last record that was looked at for a page, with all columns, and the one after it. */
  lookEnd(plan: IndexPlan, query: IndexQuery): Statement
  /** How many records were looked at, and how many of them were kept. */
  count(plan: IndexPlan, query: CountQuery): Statement
}

/** Compiles the declared collections for a database. Arguments are named like the properties of the records. */
export function createStatements(dialect: Dialect): Statements {
  const collections = new Map<CollectionName, CollectionStatements>()
  const pages = new Map<string, Statement>()
  const wholePages = new Map<string, Statement>()
  const ends = new Map<string, Statement>()
  const counts = new Map<string, Statement>()
  return {
    of: (collection) => getOrMake(collections, collection, () => collectionStatements(dialect, collection)),
    page: (plan, query) => getOrMake(pages, pageShape(query), () => pageStatement(dialect, plan, query)),
    wholePage: (plan, query) =>
      getOrMake(wholePages, pageShape(query), () => pageStatement(dialect, plan, query, columnsOf(plan.collection))),
    lookEnd: (plan, query) => getOrMake(ends, pageShape(query), () => lookEndStatement(dialect, plan, query)),
    count: (plan, query) => getOrMake(counts, countShape(query), () => countStatement(dialect, plan, query)),
  }
}

/** Gives what is known under a key, and makes it the first time. */
export function getOrMake<K, V>(known: Map<K, V>, key: K, make: () => V): V {
  const value = known.get(key) ?? make()
  known.set(key, value)
  return value
}

/** The condition that a row is the record under a key. */
export function atKey(collection: CollectionName, argumentOf = (name: string) => name): RawBuilder<boolean> {
  const parts = declarationOf(collection).key.map(({ name }) => sql`${sql.ref(columnName(name))} = ${argumentOf(name)}`)
  return sql<boolean>`${sql.join(parts, sql` and `)}`
}

/** Compiles a statement whose values are names of arguments. */
export function compiled(query: {
  compile(): { readonly sql: string; readonly parameters: readonly unknown[] }
}): Statement {
  const { sql: text, parameters } = query.compile()
  return { text: text.replace(/\s+/g, ' '), parameters: parameters.map((name) => parameterOf(String(name))) }
}

function collectionStatements({ builder, tables }: Dialect, collection: CollectionName): CollectionStatements {
  const { key, indexes } = declarationOf(collection)
  const table = tableName(collection, tables)
  const columns = columnsOf(collection)
  const here = atKey(collection)
  const atVersion = sql<boolean>`version = ${argument.expected} and version > 0`
  const values = Object.fromEntries(columns.map(({ name }) => [columnName(name), name]))
  const moving = columns.filter((column) => !key.some(({ name }) => name === column.name))
  const taken = Object.entries(indexes).flatMap(([index, { columns: places, unique }]) => {
    if (!unique) return []
    const inPlace = places.reduce(
      (select, { name }) => select.where(columnName(name), '=', name),
      builder.selectFrom(table).select('version'),
    )
    return [[index, compiled(inPlace.where(sql<boolean>`not (${here})`))] as const]
  })
  const next = { version: sql<number>`version + 1`, value: argument.value }
  const moved = Object.fromEntries(moving.map(({ name }) => [columnName(name), name]))
  return {
    get: compiled(builder.selectFrom(table).select(['version', 'value']).where(here)),
    version: compiled(builder.selectFrom(table).select('version').where(here)),
    insert: compiled(builder.insertInto(table).values({ ...values, version: sql.lit(1), value: argument.value })),
    replace: compiled(
      builder
        .updateTable(table)
        .set({ ...moved, ...next })
        .where(here)
        .where(atVersion),
    ),
    remove: compiled(builder.deleteFrom(table).where(here).where(atVersion)),
    taken: Object.fromEntries(taken),
  }
}

/** What of a query decides about the text of its statement. */
function pageShape({ collection, index, where, range, except, only, order, after }: IndexQuery): string {
  const bounds = [range?.from !== undefined, range?.to !== undefined, after !== undefined]
  return [collection, index, where.length, order, exceptPlaces(except), ...bounds, ...Object.keys(only ?? {})].join()
}

/** What of a count decides about the text of its statement. */
function countShape({ collection, index, where, range, only }: CountQuery): string {
  const bounds = [range?.from !== undefined, range?.to !== undefined]
  return [collection, index, where.length, ...bounds, ...Object.keys(only ?? {})].join()
}

function pageStatement(
  dialect: Dialect,
  plan: IndexPlan,
  query: IndexQuery,
  columns: readonly Column[] = [],
): Statement {
  const whole = columns.map(({ name }, at) => sql<string>`${sql.ref(columnName(name))}`.as(wholeColumn(at)))
  const limit = sql<number>`${argument.limit}`
  if (plan.only.length === 0) {
    return compiled(inOrder(dialect, plan, query).select(['version', 'value']).select(whole).limit(limit))
  }
  const looked = inOrder(dialect, plan, query).selectAll().limit(sql.lit(mostLookedAt)).as('looked')
  const direction = query.order === 'ascending' ? 'asc' : 'desc'
  let kept = dialect.builder.selectFrom(looked).select(['version', 'value']).select(whole).where(isOnly(plan))
  for (const { name } of plan.order) kept = kept.orderBy(columnName(name), direction)
  return compiled(kept.limit(limit))
}

/** Compiles the read of the last record that was looked at for a page, and of the one after it. */
function lookEndStatement(dialect: Dialect, plan: IndexPlan, query: IndexQuery): Statement {
  const whole = columnsOf(plan.collection).map(({ name }, at) => {
    return sql<string>`${sql.ref(columnName(name))}`.as(wholeColumn(at))
  })
  const ends = inOrder(dialect, plan, query).select(['version', 'value']).select(whole)
  return compiled(ends.limit(sql.lit(2)).offset(sql.lit(mostLookedAt - 1)))
}

/** The part of an index that a query asks for. */
function partOf(dialect: Dialect, plan: IndexPlan, { range }: Pick<IndexQuery, 'range'>) {
  const bounded = plan.columns[plan.fixed.length] ?? plan.order[0]
  let select = dialect.builder.selectFrom(tableName(plan.collection, dialect.tables))
  for (const { name } of plan.fixed) select = select.where(columnName(name), '=', name)
  if (isKey(plan)) select = select.where(sql<boolean>`version > 0`)
  for (const { name } of plan.columns.slice(plan.fixed.length)) select = select.where(columnName(name), 'is not', null)
  if (bounded && range?.from !== undefined) select = select.where(columnName(bounded.name), '>=', argument.from)
  if (bounded && range?.to !== undefined) select = select.where(columnName(bounded.name), '<=', argument.to)
  return select
}

/** The same after a position, in its order. */
function inOrder(dialect: Dialect, plan: IndexPlan, { range, except, order, after }: IndexQuery) {
  const direction = order === 'ascending' ? 'asc' : 'desc'
  let select = partOf(dialect, plan, { ...(range ? { range } : {}) })
  const places = Array.from({ length: exceptPlaces(except) }, (_, at) => exceptArgument(at))
  const [tenant] = declarationOf(plan.collection).key
  if (tenant && places.length > 0) select = select.where(columnName(tenant.name), 'not in', places)
  if (after && after.length > 0) select = select.where(beyond(dialect, plan, order === 'ascending' ? '>' : '<'))
  for (const { name } of plan.order) select = select.orderBy(columnName(name), direction)
  return select
}

/** The condition that a row is one of those that a query keeps to. */
function isOnly({ only }: IndexPlan): RawBuilder<boolean> {
  const parts = only.map(({ name }) => sql`${sql.ref(columnName(name))} = ${onlyArgument(name)}`)
  return sql<boolean>`${sql.join(parts, sql` and `)}`
}

function countStatement(dialect: Dialect, plan: IndexPlan, query: CountQuery): Statement {
  const part = partOf(dialect, plan, query).limit(sql<number>`${argument.limit}`)
  const columns = plan.only.map(({ name }) => columnName(name))
  const looked = columns.length === 0 ? part.select(sql.lit(1).as('one')) : part.select(columns)
  const kept = columns.length === 0 ? sql<number>`count(*)` : sql<number>`count(case when ${isOnly(plan)} then 1 end)`
  return compiled(
    dialect.builder.selectFrom(looked.as('looked')).select(sql<number>`count(*)`.as('looked')).select(kept.as('kept')),
  )
}

/** A mark that there is no record has nothing but a key: it is in no other index. */
function isKey({ collection, columns }: IndexPlan): boolean {
  return columns === declarationOf(collection).key
}

/** The condition that a row comes after the position where the page before ended. */
function beyond({ comparesRows }: Dialect, { order }: IndexPlan, comparison: '>' | '<'): RawBuilder<boolean> {
  const parts = order.map(({ name }) => ({ column: sql.ref(columnName(name)), end: sql`${afterArgument(name)}` }))
  const operator = sql.raw(comparison)
  if (comparesRows) {
    const columns = sql.join(parts.map(({ column }) => column))
    return sql`(${columns}) ${operator} (${sql.join(parts.map(({ end }) => end))})`
  }
  return parts.reduceRight<RawBuilder<boolean>>(
    (rest, { column, end }) => sql`(${column} ${operator} ${end} or (${column} = ${end} and ${rest}))`,
    sql`false`,
  )
}
