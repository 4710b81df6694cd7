import { type SqliteConnection, sqliteStorage } from '../../src/storage/sqlite.ts'
import { all, bySavepoint, type Host, host, made, text } from './host-suite.ts'

/** Opens and ends a transaction with statements, as hosts do on connections. */
export const bracketed =
  <On>(run: (sql: string) => unknown, on: On, begin = 'begin') =>
  async (work: (on: On) => Promise<void>) => {
    await run(begin)
    try {
      await work(on)
      await run('commit')
    } catch (thrown) {
      await run('rollback')
      throw thrown
    }
  }

/** Makes a host whose database is in memory, on a connection that it opens itself. */
export const connectionHost =
  (open: (path: string) => SqliteConnection): (() => Host) =>
  () => {
    const database = open(':memory:')
    database.exec(made)
    return host<SqliteConnection>({
      storage: sqliteStorage(database),
      root: database,
      isApart: false,
      knowsItsEnd: false,
      refused: [
        [database, "connection.exec('begin immediate')"],
        [{}, 'must be a transaction'],
        [null, 'must be a transaction'],
        [Map, 'must be a transaction'],
      ],
      transact: bracketed((statement) => database.exec(statement), database, 'begin immediate'),
      nested: bySavepoint((on, statement) => on.exec(statement)),
      write: async (on, id) => on.exec(text(id)),
      orders: async (on) => on.prepare(all).all(),
    })
  }
