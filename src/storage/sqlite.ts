import { isApprovalError } from '../errors.ts'
import type { CollectionName } from '../ports/collections.ts'
import type { RecordKey, Storage, StoredRecord } from '../ports/storage.ts'
import { checkedKey } from './columns.ts'
import { createEffectScope } from './effect-scope.ts'
import { pageOf, planOf } from './index-plan.ts'
import { type KeyedWrite, orderedWrites, refuseConflict, refuseDuplicate } from './ordered-writes.ts'
import { type Arguments, bound, keyArguments, pageArguments, writeArguments } from './sql/arguments.ts'
import { sqliteDialect } from './sql/dialect.ts'
import { schemaScript } from './sql/migrations.ts'
import {
  isBusy,
  isTaken,
  opener,
  type SqliteConnection,
  type SqliteStatement,
  type SqliteValue,
} from './sql/sqlite-connection.ts'
import { migrateSqlite } from './sql/sqlite-schema.ts'
import { replaceInPlace } from './sql/sqlite-statements.ts'
import { createStatements, remembered, type Statement } from './sql/statements.ts'
import { recordOf, refuseFailed } from './sql/stored-row.ts'
import { createTurns } from './turns.ts'

export type { SqliteConnection, SqliteStatement, SqliteValue }

/** How long a call waits for other connections to finish their transactions, in milliseconds. */
const patience = 5000

/**
 * Keeps everything in a SQLite database.
 *
 * Given a path, it opens the file with better-sqlite3 (write-ahead log, `synchronous = full`). Given an open connection of
 * better-sqlite3 or node:sqlite, it uses that one as it is set up and never closes it. Effects are given the connection.
 *
 * Calls that arrive while a commit waits for its effect wait too, so that they neither see nor join its transaction. Of a
 * connection that was handed in, the host must take the same care.
 *
 * @throws TypeError where a path is given and better-sqlite3 is not installed.
 */
export function sqliteStorage(database: string | SqliteConnection): Storage {
  const connection = opened(database)
  const statements = createStatements(sqliteDialect)
  const replacements = new Map<CollectionName, Statement>()
  const prepared = new Map<string, SqliteStatement>()
  const inTurn = createTurns()
  const scope = createEffectScope()
  let waitsForEffect = false

  const prepare = (text: string): SqliteStatement => remembered(prepared, text, () => connection.prepare(text))
  const inPlace = (collection: CollectionName) => remembered(replacements, collection, () => replaceInPlace(collection))
  const run = ({ text, parameters }: Statement, values: Arguments): boolean =>
    Number(prepare(text).run(...bound(parameters, values)).changes) > 0
  const row = ({ text, parameters }: Statement, values: Arguments): unknown =>
    prepare(text).get(...bound(parameters, values))
  const read = (key: RecordKey): StoredRecord | undefined => {
    const found = row(statements.of(key.collection).get, keyArguments(key))
    return found === undefined ? undefined : recordOf(found)
  }

  /** Reads at once or, while a transaction waits for its effect, after it. */
  const reading = <T>(operation: string, work: () => T): Promise<T> => {
    scope.refuseInside(operation)
    const answer = () => patiently(work).catch((thrown) => refuseFailed(operation, thrown))
    return waitsForEffect ? inTurn(answer) : answer()
  }

  const takenIndex = ({ write }: KeyedWrite, values: Arguments): string | undefined => {
    const { version, taken } = statements.of(write.collection)
    if (write.type === 'insert' && row(version, values)) return 'key'
    return Object.entries(taken).find(([, statement]) => row(statement, values))?.[0]
  }
  const make = (keyed: KeyedWrite, values: Arguments): void => {
    const { write } = keyed
    if (write.type === 'check') {
      const found = row(statements.of(write.collection).version, values) as Pick<StoredRecord, 'version'> | undefined
      if ((found ? Number(found.version) : 'absent') !== write.expected) refuseConflict(keyed)
      return
    }
    try {
      const statement = statements.of(write.collection)
      if (write.type === 'replace' && run(inPlace(write.collection), values)) return
      if (!run(statement[write.type], values)) refuseConflict(keyed)
    } catch (thrown) {
      const index = isTaken(thrown) ? takenIndex(keyed, values) : undefined
      if (index === undefined) throw thrown
      refuseDuplicate(keyed, index, thrown)
    }
  }

  const rollback = (): void => {
    try {
      prepare('rollback').run()
    } catch {
      // After some failures SQLite has rolled back by itself: there is no transaction left to end.
    }
  }

  return {
    async get(keys) {
      const checked = keys.map(({ collection, key }) => ({ collection, key: checkedKey({ collection, key }) }))
      return reading('get', () => {
        if (checked.length < 2) return checked.map(read)
        prepare('savepoint countersign_get').run()
        try {
          return checked.map(read)
        } finally {
          prepare('release countersign_get').run()
        }
      })
    },

    async list(query) {
      const plan = planOf(query)
      const values = pageArguments(plan, query)
      const { text, parameters } = statements.page(plan, query)
      const found = await reading('list', () => prepare(text).all(...bound(parameters, values)))
      return pageOf(plan, found.map(recordOf), query.limit)
    },

    async commit(writes, effect) {
      scope.refuseInside('commit')
      const ordered = orderedWrites(writes).map((keyed) => ({ keyed, values: writeArguments(keyed) }))
      await inTurn(async () => {
        let inEffect = false
        try {
          await patiently(() => prepare('begin immediate').run())
          for (const { keyed, values } of ordered) make(keyed, values)
          if (effect) {
            waitsForEffect = true
            inEffect = true
            await scope.run(async () => effect(connection))
            inEffect = false
          }
          prepare('commit').run()
        } catch (thrown) {
          rollback()
          const [first] = ordered
          if (inEffect || isApprovalError(thrown)) throw thrown
          if (isBusy(thrown) && first) refuseConflict(first.keyed, thrown)
          refuseFailed('commit', thrown)
        } finally {
          waitsForEffect = false
        }
      })
    },

    async close() {
      if (typeof database === 'string') await inTurn(async () => void connection.close())
    },
  }
}

/** Gives the statements that make all tables and indexes, for hosts that change their databases themselves. */
export function sqliteSchema(): string {
  return schemaScript(sqliteDialect)
}

function opened(database: string | SqliteConnection): SqliteConnection {
  const ours = typeof database === 'string'
  const open = ours ? opener(database) : () => database
  try {
    const connection = open()
    migrateSqlite(connection)
    // From here on nobody waits inside SQLite, which would stop everything else in this process.
    if (ours) connection.exec('pragma busy_timeout = 0')
    return connection
  } catch (thrown) {
    return refuseFailed('open', thrown)
  }
}

/** Tries again while another connection is in the way, without keeping this process from its other work meanwhile. */
async function patiently<T>(work: () => T): Promise<T> {
  const deadline = performance.now() + patience
  for (let pause = 1; ; pause = Math.min(pause * 2, 50)) {
    try {
      return work()
    } catch (thrown) {
      if (!isBusy(thrown) || performance.now() > deadline) throw thrown
    }
    await new Promise((resolve) => setTimeout(resolve, pause))
  }
}
