import { type RawBuilder, sql } from 'kysely'
import type { CollectionName, Column } from '../../../ports/collections.ts'
import type { IndexQuery } from '../../../ports/storage.ts'
import { columnsOf, declarationOf } from '../../toolkit/columns.ts'
import type { IndexPlan } from '../../toolkit/index-plan.ts'
import { afterArgument, argument, exceptArgument, exceptPlaces, type Parameter, parameterOf } from './arguments.ts'
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
}

/** Compiles the declared collections for a database. Arguments are named like the properties of the records. */
export function createStatements(dialect: Dialect): Statements {
  const collections = new Map<CollectionName, CollectionStatements>()
  const pages = new Map<string, Statement>()
  const wholePages = new Map<string, Statement>()
  return {
    of: (collection) => getOrMake(collections, collection, () => collectionStatements(dialect, collection)),
    page: (plan, query) => getOrMake(pages, pageShape(query), () => pageStatement(dialect, plan, query)),
    wholePage: (plan, query) =>
      getOrMake(wholePages, pageShape(query), () => pageStatement(dialect, plan, query, columnsOf(plan.collection))),
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

function collectionStatements({ builder }: Dialect, collection: CollectionName): CollectionStatements {
  const { key, indexes } = declarationOf(collection)
  const table = tableName(collection)
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
function pageShape({ collection, index, where, range, except, order, after }: IndexQuery): string {
  const bounds = [range?.from !== undefined, range?.to !== undefined, after !== undefined]
  return [collection, index, where.length, order, exceptPlaces(except), ...bounds].join()
}

function pageStatement(
  dialect: Dialect,
  plan: IndexPlan,
  { range, except, order, after }: IndexQuery,
  columns: readonly Column[] = [],
): Statement {
  const [bounded] = plan.order
  const direction = order === 'ascending' ? 'asc' : 'desc'
  let select = dialect.builder.selectFrom(tableName(plan.collection)).select(['version', 'value'])
  for (const [at, { name }] of columns.entries()) {
    select = select.select(sql<string>`${sql.ref(columnName(name))}`.as(wholeColumn(at)))
  }
  for (const { name } of plan.fixed) select = select.where(columnName(name), '=', name)
  if (isKey(plan)) select = select.where(sql<boolean>`version > 0`)
  for (const { name } of plan.columns.slice(plan.fixed.length)) select = select.where(columnName(name), 'is not', null)
  if (bounded && range?.from !== undefined) select = select.where(columnName(bounded.name), '>=', argument.from)
  if (bounded && range?.to !== undefined) select = select.where(columnName(bounded.name), '<=', argument.to)
  const places = Array.from({ length: exceptPlaces(except) }, (_, at) => exceptArgument(at))
  const [tenant] = declarationOf(plan.collection).key
  if (tenant && places.length > 0) select = select.where(columnName(tenant.name), 'not in', places)
  if (after && after.length > 0) select = select.where(beyond(dialect, plan, order === 'ascending' ? '>' : '<'))
  for (const { name } of plan.order) select = select.orderBy(columnName(name), direction)
  return compiled(select.limit(sql<number>`${argument.limit}`))
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
