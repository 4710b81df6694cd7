import { type CompiledQuery, type RawBuilder, sql } from 'kysely'
import type { Dialect } from './dialect.ts'
import { tableName } from './names.ts'

/**
 * The statements that fill the columns which a version of the schema brought to tables that were there before. Each can
 * be run again.
 *
 * A record is what its columns say: columns that its value did not hold so far are written into the value as well.
 */
export function fillStatements(dialect: Dialect, version: number): readonly string[] {
  if (version !== 5) return []
  const { builder, tables, json } = dialect
  const [requests, targets, resources, revisions] = (['requests', 'targets', 'resources', 'revisions'] as const).map(
    (name) => sql.table(tableName(name, tables)),
  )
  const madeAt = sql`(select r.at from ${revisions} as r where r.tenant = ${resources}.tenant
    and r.type = ${resources}.type and r.id = ${resources}.id order by r.number desc limit 1)`
  const ofRequest = (column: string) => sql`(select r.${sql.ref(column)} from ${requests} as r
    where r.tenant = ${targets}.tenant and r.id = ${targets}.request)`
  const listed = ['updated_at', 'project', 'requester'] as const
  const statements: readonly RawBuilder<unknown>[] = [
    sql`update ${requests} set requester = ${json.text('requester')}, updated_at = ${json.integer('updatedAt')}
      where version > 0`,
    sql`update ${targets} set ${sql.join(listed.map((column) => sql`${sql.ref(column)} = ${ofRequest(column)}`))}
      where version > 0`,
    sql`update ${targets} set open_since = created_at
      where version > 0 and status in ('pending', 'changes_requested', 'approved')`,
    sql`update ${targets} set is_first = 1 where version > 0 and (tenant, type, request, id) in (
      select tenant, type, request, first_id from (
        select tenant, type, request, min(id) as first_id from ${targets} where version > 0
        group by tenant, type, request) as firsts)`,
    sql`update ${targets} set value = ${json.with({ updatedAt: 'updated_at', project: 'project', requester: 'requester' })}
      where updated_at is not null`,
    sql`update ${targets} set value = ${json.with({ isFirst: 'is_first' })} where is_first is not null`,
    sql`update ${targets} set value = ${json.with({ openSince: 'open_since' })} where open_since is not null`,
    sql`update ${resources} set project = ${json.text('project')}, state = ${json.text('state')} where version > 0`,
    sql`update ${resources} set updated_at = ${madeAt} where version > 0
      and type not like 'countersign.%' and ${json.text('document')} <> 'null'`,
    sql`update ${resources} set value = ${json.with({ updatedAt: 'updated_at' })} where updated_at is not null`,
  ]
  return statements.map((statement) => textOf(statement.compile(builder)))
}

function textOf({ sql: text }: CompiledQuery): string {
  return text.replace(/\s+/g, ' ')
}
