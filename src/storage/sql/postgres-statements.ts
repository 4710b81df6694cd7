import { type RawBuilder, sql } from 'kysely'
import type { CollectionName } from '../../ports/collections.ts'
import type { Write } from '../../ports/storage.ts'
import { columnsOf, declarationOf } from '../columns.ts'
import { argument } from './arguments.ts'
import { postgresDialect } from './dialect.ts'
import { memberArgument } from './member-statements.ts'
import { columnName, tableName } from './names.ts'
import { atKey, compiled, type Statement } from './statements.ts'

/** What of a write decides about the text of its statement. */
export interface WriteShape {
  readonly type: Write['type']
  readonly collection: CollectionName
  /** Whether a check expects that there is no record. */
  readonly absent: boolean
}

/** Compiles the read that tells why a commit cannot be made: versions, and who is in the places of unique indexes. */
export function inquiryStatement(shapes: readonly WriteShape[]): Statement {
  const reads = shapes.flatMap(({ type, collection }, member) => {
    const argumentOf = (name: string) => memberArgument(member, name)
    const table = sql.table(tableName(collection))
    const key = atKey(collection, argumentOf)
    const version = sql`select ${sql.lit(member)} as at, ${sql.lit('key')} as place, version from ${table} where ${key}`
    if (type !== 'insert' && type !== 'replace') return [version]
    const places = Object.entries(declarationOf(collection).indexes).flatMap(([index, { columns, unique }]) => {
      const parts = columns.map(({ name }) => sql`${sql.ref(columnName(name))} = ${argumentOf(name)}`)
      return unique
        ? [
            sql`select ${sql.lit(member)}, ${sql.lit(index)}, version from ${table} where ${sql.join(parts, sql` and `)} and not (${key})`,
          ]
        : []
    })
    return [version, ...places]
  })
  return compiledForPostgres(sql`${sql.join(reads, sql` union all `)}`)
}

/** Compiles the mark that there is no record under a key: a row at version 0, which a check can hold and nobody reads. */
export function absenceStatement(collection: CollectionName): Statement {
  const key = declarationOf(collection).key
  return compiledForPostgres(sql`insert into ${sql.table(tableName(collection))}
    (${sql.join(key.map(({ name }) => sql.ref(columnName(name))))}, version, value)
    values (${sql.join(key.map(({ name }) => sql`${name}`))}, 0, 'null') on conflict do nothing`)
}

/**
 * Compiles a whole commit into one statement, and so into one round trip.
 *
 * First it takes hold of the rows that the commit relies on, each after the one before, and looks at their versions as they are then. Only
 * if all are as expected it writes. `done` is 1 where it has written; where it is 0, it has not. It fails, and so writes nothing, where
 * a key or a place is taken.
 */
export function commitStatement(shapes: readonly WriteShape[]): Statement {
  const holds = shapes.flatMap((shape, member) => (shape.type === 'insert' ? [] : [{ shape, member }]))
  const writes = shapes.flatMap((shape, member) => (shape.type === 'check' ? [] : [{ shape, member }]))
  const hold = holds.map(({ shape, member }, at) => holding(shape, member, holds[at - 1]?.member))
  const last = holds.at(-1)
  const held = last
    ? sql`held as materialized (select count(*) = 1 as yes from ${sql.ref(`hold${last.member}`)})`
    : sql`held as materialized (select true as yes)`
  const write = writes.map(({ shape, member }) => writing(shape, member))
  const made = writes.map(({ member }) => sql`(select count(*) from ${sql.ref(`write${member}`)}) = 1`)
  const done = made.length > 0 ? sql`1 / (case when ${sql.join(made, sql` and `)} then 1 else 0 end)` : sql`1`
  return compiledForPostgres(
    sql`with ${sql.join([...hold, held, ...write])} select case when yes then ${done} else 0 end as done from held`,
  )
}

/** Locks a row for as long as the commit takes, if it is at the expected version and the row before was. */
function holding(
  { type, collection, absent }: WriteShape,
  member: number,
  before: number | undefined,
): RawBuilder<unknown> {
  const key = atKey(collection, (name) => memberArgument(member, name))
  const version = absent
    ? sql`version = 0`
    : sql`version = ${memberArgument(member, argument.expected)} and version > 0`
  const chained = before === undefined ? sql`` : sql` and (select count(*) from ${sql.ref(`hold${before}`)}) = 1`
  const strength = { check: 'share', replace: 'no key update', remove: 'update', insert: 'share' }[type]
  return sql`${sql.ref(`hold${member}`)} as materialized (select 1 from ${sql.table(tableName(collection))}
    where ${key} and ${version}${chained} for ${sql.raw(strength)})`
}

function writing({ type, collection }: WriteShape, member: number): RawBuilder<unknown> {
  const name = sql.ref(`write${member}`)
  const table = sql.table(tableName(collection))
  const argumentOf = (column: string) => memberArgument(member, column)
  const key = atKey(collection, argumentOf)
  const value = argumentOf(argument.value)
  if (type === 'remove')
    return sql`${name} as (delete from ${table} where ${key} and (select yes from held) returning 1)`
  const columns = columnsOf(collection)
  if (type === 'replace') {
    const { key: fixed } = declarationOf(collection)
    const moved = columns
      .filter((column) => !fixed.some((part) => part.name === column.name))
      .map((column) => sql`${sql.ref(columnName(column.name))} = ${argumentOf(column.name)}, `)
    return sql`${name} as (update ${table} set ${sql.join(moved, sql``)}version = version + 1, value = ${value}
      where ${key} and (select yes from held) returning 1)`
  }
  const places = sql.join(columns.map((column) => sql.ref(columnName(column.name))))
  const given = columns.map((column) => sql`${argumentOf(column.name)}::${sql.raw(castOf(column.type))}`)
  const keyColumns = sql.join(declarationOf(collection).key.map((column) => sql.ref(columnName(column.name))))
  const overMark = columns.map((column) => {
    const place = sql.ref(columnName(column.name))
    return sql`${place} = excluded.${place}`
  })
  return sql`${name} as (insert into ${table} as stored (${places}, version, value)
    select ${sql.join(given)}, 1, ${value}::text where (select yes from held)
    on conflict (${keyColumns}) do update set ${sql.join(overMark)}, value = excluded.value,
      version = 1 / (case stored.version when 0 then 1 else 0 end)
    returning 1)`
}

function castOf(type: 'text' | 'integer'): string {
  return type === 'text' ? 'text' : 'bigint'
}

function compiledForPostgres(query: RawBuilder<unknown>): Statement {
  return compiled({ compile: () => query.compile(postgresDialect.builder) })
}
