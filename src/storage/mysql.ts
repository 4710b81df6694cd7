import { isApprovalError } from '../errors.ts'
import type { CollectionName } from '../ports/collections.ts'
import type { Storage } from '../ports/storage.ts'
import { checkedKey } from './columns.ts'
import { createEffectScope } from './effect-scope.ts'
import { pageOf, planOf } from './index-plan.ts'
import { orderedWrites, refuseConflict } from './ordered-writes.ts'
import { argument, keyArguments, pageArguments, writeArguments } from './sql/arguments.ts'
import { mysqlDialect } from './sql/dialect.ts'
import { getStatement, memberArguments } from './sql/member-statements.ts'
import { schemaScript } from './sql/migrations.ts'
import { makeWrite, rows } from './sql/mysql-commit.ts'
import { inTransaction, isInTheWay, type MysqlConnection, type MysqlPool, openMysql } from './sql/mysql-connection.ts'
import { migrateMysql } from './sql/mysql-schema.ts'
import { type MysqlStatements, mysqlStatements } from './sql/mysql-statements.ts'
import { createStatements, remembered, type Statement } from './sql/statements.ts'
import { recordOf, refuseFailed } from './sql/stored-row.ts'

export type { MysqlConnection, MysqlPool }

/**
 * Keeps everything in a MySQL or MariaDB database.
 *
 * Given a URI, it opens a pool with `mysql2`. Given a pool of `mysql2/promise`, it uses that one and never closes it. Effects are given the
 * connection on which the transaction is open.
 *
 * @throws TypeError where a URI is given and `mysql2` is not installed.
 */
export function mysqlStorage(database: string | MysqlPool): Storage {
  const ours = typeof database === 'string'
  const pool = ours ? openMysql(database) : database
  const statements = createStatements(mysqlDialect)
  const special = new Map<CollectionName, MysqlStatements>()
  const gets = new Map<string, Statement>()
  const scope = createEffectScope()
  let migrating: Promise<void> | undefined

  const ready = (): Promise<void> => {
    migrating ??= migrateMysql(pool).catch((thrown) => {
      migrating = undefined
      throw thrown
    })
    return migrating
  }
  const of = (collection: CollectionName) => ({
    ...statements.of(collection),
    ...remembered(special, collection, () => mysqlStatements(collection)),
  })

  return {
    async get(keys) {
      scope.refuseInside('get')
      const checked = keys.map(({ collection, key }) =>
        keyArguments({ collection, key: checkedKey({ collection, key }) }),
      )
      if (checked.length === 0) return []
      const collections = keys.map(({ collection }) => collection)
      const statement = remembered(gets, collections.join(), () => getStatement(mysqlDialect, collections))
      try {
        await ready()
        const found = await rows(pool, statement, memberArguments(checked))
        const byMember = new Map(found.map((row) => [Number((row as { readonly at: number }).at), row]))
        return keys.map((_, member) => {
          const row = byMember.get(member)
          return row === undefined ? undefined : recordOf(row)
        })
      } catch (thrown) {
        return refuseFailed('get', thrown)
      }
    },

    async list(query) {
      scope.refuseInside('list')
      const plan = planOf(query)
      const values = pageArguments(plan, query)
      // MySQL takes the number of rows as text or as an integer, and its driver sends numbers as floating point.
      const sent = { ...values, [argument.limit]: String(values[argument.limit]) }
      try {
        await ready()
        const found = await rows(pool, statements.page(plan, query), sent)
        return pageOf(plan, found.map(recordOf), query.limit)
      } catch (thrown) {
        return refuseFailed('list', thrown)
      }
    },

    async commit(writes, effect) {
      scope.refuseInside('commit')
      const prepared = orderedWrites(writes).map((keyed) => ({
        keyed,
        values: writeArguments(keyed),
        statements: of(keyed.write.collection),
      }))
      let thrownByEffect = false
      try {
        await ready()
        await inTransaction(pool, async (connection) => {
          for (const write of prepared) await makeWrite(connection, write)
          thrownByEffect = true
          if (effect) await scope.run(async () => effect(connection))
          thrownByEffect = false
        })
      } catch (thrown) {
        const [first] = prepared
        if (isInTheWay(thrown) && first) refuseConflict(first.keyed, thrown)
        if (thrownByEffect || isApprovalError(thrown)) throw thrown
        refuseFailed('commit', thrown)
      }
    },

    async close() {
      // A connection that was lost says so when it is told to end. It has ended.
      if (ours) await pool.end().catch(() => {})
    },
  }
}

/** Gives the statements that make all tables and indexes, for hosts that change their databases themselves. */
export function mysqlSchema(): string {
  return schemaScript(mysqlDialect)
}
