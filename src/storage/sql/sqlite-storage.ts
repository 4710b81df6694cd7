import { isApprovalError } from '../../errors.ts'
import type { CollectionName } from '../../ports/collections.ts'
import type { RecordKey, Storage, StoredRecord } from '../../ports/storage.ts'
import { checkedKey } from '../columns.ts'
import { createEffectScope } from '../effect-scope.ts'
import { pageOf, planOf } from '../index-plan.ts'
import { type KeyedWrite, orderedWrites, refuseConflict, refuseDuplicate } from '../ordered-writes.ts'
import { createTurns } from '../turns.ts'
import { type Arguments, bound, keyArguments, pageArguments, writeArguments } from './arguments.ts'
import { sqliteDialect } from './dialect.ts'
import { isBusy, isTaken, type SqliteConnection, type SqliteStatement } from './sqlite-connection.ts'
import { replaceInPlace } from './sqlite-statements.ts'
import { createStatements, remembered, type Statement } from './statements.ts'
import { recordOf, refuseFailed } from './stored-row.ts'

/** How long a call waits for other connections to finish their transactions, in milliseconds. */
const patience = 5000

/** Keeps everything on an open connection, whose calls return at once: nothing waits but for other connections and for effects. */
export function directStorage(connection: SqliteConnection, ours: boolean): Storage {
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
      if (ours) await inTurn(async () => void connection.close())
    },
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
