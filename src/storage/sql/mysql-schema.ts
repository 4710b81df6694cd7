import { mysqlDialect } from './dialect.ts'
import { madeMigrations, migrationsTable, missingMigrations, noteMigration } from './migrations.ts'
import { isThere, type MysqlConnection, type MysqlPool } from './mysql-connection.ts'

/** How long one instance waits for another that is at the same work, in seconds. */
const patience = 60

/**
 * Brings a database to the present schema. Safe to call again, and from several processes at once.
 *
 * MySQL commits after every statement that makes a table: work that was interrupted is taken up where it ended.
 */
export async function migrateMysql(pool: MysqlPool): Promise<void> {
  const connection = await pool.getConnection()
  try {
    await connection.query(`select get_lock('countersign_migrations', ${patience})`)
    await connection.query(migrationsTable(mysqlDialect))
    const [made] = await connection.query(madeMigrations)
    for (const migration of missingMigrations(mysqlDialect, made as readonly unknown[])) {
      for (const statement of migration.statements) await createIfMissing(connection, statement)
      await connection.query(noteMigration(migration))
    }
    await connection.query("select release_lock('countersign_migrations')")
    connection.release()
  } catch (thrown) {
    connection.destroy()
    throw thrown
  }
}

async function createIfMissing(connection: MysqlConnection, statement: string): Promise<void> {
  try {
    await connection.query(statement)
  } catch (thrown) {
    if (!isThere(thrown)) throw thrown
  }
}
