import { type RawBuilder, sql } from 'kysely'
import type { CollectionName, Column } from '../../../ports/collections.ts'
import type { RecordKey, Write } from '../../../ports/storage.ts'
import { columnsOf, declarationOf } from '../../toolkit/columns.ts'
import { type Arguments, argument, memberArgument, parameterOf } from '../shared/arguments.ts'
import { postgresDialect } from '../shared/dialect.ts'
import { columnName, type TableOptions, tableName } from '../shared/names.ts'
import { atKey, compiled, type Statement } from '../shared/statements.ts'

/** What of a write decides about the text of its statement. */
export interface WriteShape {
  readonly type: Write['type']
  readonly collection: CollectionName
  /** Whether a check expects that there is no record. */
  readonly absent: boolean
  /** Whether an insert may find the mark that there is no record. */
  readonly marked: boolean
}

/**
 * Compiles the read that tells why a commit cannot be made: versions, and who is in the places of unique indexes. Whom
 * the commit itself moves or removes before is in nobody's way: where it goes to, the commit says.
 */
export function inquiryStatement(shapes: readonly WriteShape[], tables: TableOptions): Statement {
  const reads = shapes.flatMap(({ type, collection }, member) => {
    const argumentOf = (name: string) => memberArgument(member, name)
    const table = sql.table(tableName(collection, tables))
    const key = keyOf(collection, member)
    const version = sql`select ${sql.lit(member)} as at, ${sql.lit('key')} as place, version from ${table} where ${key}`
    if (type !== 'insert' && type !== 'replace') return [version]
    const others = [key, ...movedBefore(shapes, member).map((before) => keyOf(collection, before))]
    const places = Object.entries(declarationOf(collection).indexes).flatMap(([index, { columns, unique }]) => {
      const parts = columns.map(({ name }) => sql`${sql.ref(columnName(name))} = ${argumentOf(name)}`)
      const other = others.map((own) => sql`not (${own})`)
      return unique
        ? [
            sql`select ${sql.lit(member)}, ${sql.lit(index)}, version from ${table}
              where ${sql.join([...parts, ...other], sql` and `)}`,
          ]
        : []
    })
    return [version, ...places]
  })
  return compiledForPostgres(sql`${sql.join(reads, sql` union all `)}`)
}

function keyOf(collection: CollectionName, member: number): RawBuilder<unknown> {
  return atKey(collection, (name) => memberArgument(member, name))
}

/** The writes of the same collection that come before one and give up a place, or may. */
function movedBefore(shapes: readonly WriteShape[], member: number): readonly number[] {
  const { collection } = shapes[member] as WriteShape
  return shapes
    .slice(0, member)
    .flatMap((shape, at) =>
      shape.collection === collection && (shape.type === 'replace' || shape.type === 'remove') ? [at] : [],
    )
}

/** The argument that lists the keys of a collection. */
const listed = ':keys'

/**
 * Compiles the read of any number of records of some collections at one moment: `at` says which of them a row is.
 *
 * Its text depends on the collections alone. The keys come as one list a collection, as {@link manyKeys} writes it.
 * Each is looked up by itself, which the limit says: so no plan reads a table from end to end, nor the partition of
 * another tenant.
 */
export function manyStatement(collections: readonly CollectionName[], tables: TableOptions): Statement {
  const reads = collections.map((collection, member) => {
    const { key } = declarationOf(collection)
    const columns = key.map(({ name, type }) => sql`${sql.ref(columnName(name))} ${sql.raw(castOf(type))}`)
    const same = key.map(({ name }) => sql`stored.${sql.ref(columnName(name))} = listed.${sql.ref(columnName(name))}`)
    const list = memberArgument(member, listed)
    return sql`select listed.at, found.version, found.value
      from json_to_recordset(${list}::json) as listed (at integer, ${sql.join(columns)})
      cross join lateral (select stored.version, stored.value from ${sql.table(tableName(collection, tables))} as stored
        where ${sql.join(same, sql` and `)} and stored.version > 0 limit 1) as found`
  })
  return compiledForPostgres(sql`${sql.join(reads, sql` union all `)}`)
}

/** Writes the keys that {@link manyStatement} is given: a list for each of the collections. */
export function manyKeys(collections: readonly CollectionName[], keys: readonly RecordKey[]): readonly Arguments[] {
  const lists = new Map(collections.map((collection) => [collection, [] as Readonly<Record<string, unknown>>[]]))
  for (const [at, { collection, key }] of keys.entries()) {
    const columns = declarationOf(collection).key.map(({ name }, part) => [columnName(name), key[part]])
    lists.get(collection)?.push({ at, ...Object.fromEntries(columns) })
  }
  return collections.map((collection) => ({ [listed]: JSON.stringify(lists.get(collection)) }))
}

/**
 * Compiles the mark that there is no record under a key: a row at version 0, which a check can hold and nobody reads.
 */
export function absenceStatement(collection: CollectionName, tables: TableOptions): Statement {
  const key = declarationOf(collection).key
  return compiledForPostgres(sql`insert into ${sql.table(tableName(collection, tables))}
    (${sql.join(key.map(({ name }) => sql.ref(columnName(name))))}, version, value)
    values (${sql.join(key.map(({ name }) => sql`${name}`))}, 0, 'null') on conflict do nothing`)
}

/**
 * Compiles a whole commit into one statement, and so into one round trip.
 *
 * First it takes hold of the rows that the commit relies on, each after the one before, and looks at their versions
 * as they are then; if the last of them is one that it writes, it writes it at once, unless a write that comes before
 * may want its place in an index. Only if all are as expected it goes on to write the others, in their order. `done`
 * is 1 if it has written; if it is 0, it has not. It fails, and so writes nothing, if a key or a place is taken.
 */
export function commitStatement(shapes: readonly WriteShape[], tables: TableOptions): Statement {
  const members = shapes.map(
    (shape, member): Member => ({
      ...shape,
      member,
      name: sql.ref(`member${member}`),
      table: sql.table(tableName(shape.collection, tables)),
    }),
  )
  const holds = members.filter(({ type }) => type !== 'insert')
  const last = holds.at(-1)
  const isAtOnce = last?.type !== 'check' && !members.slice(0, last?.member).some((member) => mayMeet(member, last))
  const hold = holds.map((member, at) => {
    const held = { before: holds[at - 1] && sql.ref(`hold${holds[at - 1]?.member}`), expects: true }
    return member === last && isAtOnce ? writing(member, held) : holding(member, held)
  })
  const held = last && (isAtOnce ? last.name : sql.ref(`hold${last.member}`))
  const writes = members.filter((member) => member.type !== 'check' && !(member === last && isAtOnce))
  const write = writes.map((member) => writing(member, { before: held, expects: false }))
  const made = writes.map(({ name }) => sql`exists (select from ${name})`)
  const done = made.length > 0 ? sql`1 / (case when ${sql.join(made, sql` and `)} then 1 else 0 end)` : sql`1`
  const answer = held ? sql`case when exists (select from ${held}) then ${done} else 0 end` : done
  return compiledForPostgres(sql`with ${sql.join([...hold, ...write])} select ${answer} as done`)
}

/** Tells whether two writes can want one place of a unique index, so that it matters which of them comes first. */
function mayMeet(member: Member, last: Member | undefined): boolean {
  const { collection } = member
  const isUnique = Object.values(declarationOf(collection).indexes).some(({ unique }) => unique)
  return collection === last?.collection && member.type !== 'check' && isUnique
}

/** A write in the statement for a whole commit. */
interface Member extends WriteShape {
  readonly member: number
  readonly name: RawBuilder<unknown>
  readonly table: RawBuilder<unknown>
}

/**
 * What a part of the statement waits for: that there is a row of `before`, and that its own row is at the expected
 * version.
 */
interface Held {
  readonly before: RawBuilder<unknown> | undefined
  readonly expects: boolean
}

/** Locks a row for as long as the commit takes, if it is at the expected version and the row before was. */
function holding(member: Member, held: Held): RawBuilder<unknown> {
  const strength = { check: 'share', replace: 'no key update', remove: 'update', insert: 'share' }[member.type]
  return sql`${sql.ref(`hold${member.member}`)} as materialized (select from ${member.table}
    where ${here(member, held)} for ${sql.raw(strength)})`
}

function here({ collection, absent, member }: Member, { before, expects }: Held): RawBuilder<unknown> {
  const version = absent
    ? sql` and version = 0`
    : sql` and version = ${memberArgument(member, argument.expected)} and version > 0`
  const chained = before && sql` and exists (select from ${before})`
  return sql`${atKey(collection, (name) => memberArgument(member, name))}${expects ? version : sql``}${chained ?? sql``}`
}

function writing(shape: Member, held: Held): RawBuilder<unknown> {
  const { type, collection, member, name, table } = shape
  const argumentOf = (column: string) => memberArgument(member, column)
  const value = argumentOf(argument.value)
  if (type === 'remove') return sql`${name} as (delete from ${table} where ${here(shape, held)} returning 1)`
  const columns = columnsOf(collection)
  const { key } = declarationOf(collection)
  if (type === 'replace') {
    const moved = columns
      .filter((column) => !key.some((part) => part.name === column.name))
      .map((column) => sql`${sql.ref(columnName(column.name))} = ${argumentOf(column.name)}, `)
    return sql`${name} as (update ${table} set ${sql.join(moved, sql``)}version = version + 1, value = ${value}
      where ${here(shape, held)} returning 1)`
  }
  const places = sql.join(columns.map((column) => sql.ref(columnName(column.name))))
  const given = columns.map((column) => sql`${argumentOf(column.name)}::${sql.raw(castOf(column.type))}`)
  const from = held.before ? sql` from ${held.before}` : sql``
  return sql`${name} as (insert into ${table} as stored (${places}, version, value)
    select ${sql.join(given)}, 1, ${value}::text${from}${shape.marked ? overMark(collection) : sql``} returning 1)`
}

/** Puts a record in the place of the mark that there is none, and fails if there is one. */
function overMark(collection: CollectionName): RawBuilder<unknown> {
  const nameOf = ({ name }: Column) => sql.ref(columnName(name))
  const moved = columnsOf(collection).map((column) => sql`${nameOf(column)} = excluded.${nameOf(column)}`)
  return sql` on conflict (${sql.join(declarationOf(collection).key.map(nameOf))}) do update set ${sql.join(moved)},
    value = excluded.value, version = 1 / (case stored.version when 0 then 1 else 0 end)`
}

function castOf(type: Column['type']): string {
  return type === 'text' ? 'text' : 'bigint'
}

/** Compiles a statement; what it is given under one name it is given once. */
function compiledForPostgres(query: RawBuilder<unknown>): Statement {
  const { text, parameters } = compiled({ compile: () => query.compile(postgresDialect.builder) })
  const names = parameters.map(({ member, name }) => memberArgument(member, name))
  const once = [...new Set(names)]
  const place = (_: string, number: string) => `$${once.indexOf(names[Number(number) - 1] ?? '') + 1}`
  return { text: text.replace(/\$(\d+)/g, place), parameters: once.map(parameterOf) }
}
