import type { RecordKey, Storage, StoredRecord } from '../../../ports/storage.ts'
import { checkedKey } from '../../toolkit/columns.ts'
import { createEffectScope } from '../../toolkit/effect-scope.ts'
import { countPlanOf, planOf } from '../../toolkit/index-plan.ts'
import { orderedWrites } from '../../toolkit/ordered-writes.ts'
import { createTurns } from '../../toolkit/serial-queue.ts'
import { recordAt, refuseFailed, refuseUnreadable } from '../../toolkit/stored-row.ts'
import { countArguments, keyArguments, pageArguments } from '../shared/arguments.ts'
import type { Dialect } from '../shared/dialect.ts'
import { countIn, isCutShort, isLookedUpByKey, lookedAsFarAs, pageOfRows, pageOfWholeRows } from '../shared/pages.ts'
import { getStatement, recordsOf } from '../shared/read-statements.ts'
import { recent } from '../shared/recent.ts'
import { createStatements, type Statement } from '../shared/statements.ts'
import { isBusy, patiently, type SqliteConnection } from './connection.ts'
import { createCommits } from './group-commit.ts'
import { preparedOn } from './prepared-statements.ts'

/**
 * How many records are read by one statement at most. There is one for each list of collections, so that long lists,
 * of which there are many, have none.
 */
const mostAtOnce = 12

/** How many characters of statements are remembered. */
const mostText = 500_000

/**
 * Keeps everything on an open connection, whose calls return at once: nothing waits but for other connections and for
 * effects.
 */
export function directStorage(dialect: Dialect, connection: SqliteConnection, ours: boolean): Storage {
  const statements = createStatements(dialect)
  const gets = recent<Statement>(mostText, ({ text }, name) => text.length + name.length)
  const prepared = preparedOn(connection)
  const inTurn = createTurns()
  const scope = createEffectScope()
  const commits = createCommits({ dialect, connection, prepared, statements, scope, inTurn })

  const readAtOnce = (keys: readonly RecordKey[]): readonly (StoredRecord | undefined)[] => {
    const collections = keys.map(({ collection }) => collection)
    const statement = gets.of(collections.join(), () => getStatement(dialect, collections))
    return recordsOf(prepared.rows(statement, keys.map(keyArguments)), keys)
  }
  const readEach = (keys: readonly RecordKey[]): readonly (StoredRecord | undefined)[] => {
    prepared.control('savepoint countersign_get')
    try {
      return keys.map((key) => {
        const found = prepared.row(statements.of(key.collection).get, [keyArguments(key)])
        if (found === undefined) return undefined
        const record = recordAt(key, found)
        return typeof record === 'string' ? refuseUnreadable(key, record) : record
      })
    } finally {
      prepared.control('release countersign_get')
    }
  }

  /**
   * Reads at once or, while a transaction waits for its effect, after it. What has to be tried again takes turns too,
   * as one may have begun meanwhile.
   */
  const reading = async <T>(operation: string, work: () => T): Promise<T> => {
    scope.refuseInside(operation)
    try {
      if (!commits.waitForEffect()) return work()
    } catch (thrown) {
      if (!isBusy(thrown)) refuseFailed(operation, thrown)
    }
    return inTurn(() => patiently(work)).catch((thrown) => refuseFailed(operation, thrown))
  }

  return {
    async get(keys) {
      const checked = keys.map(({ collection, key }) => ({ collection, key: checkedKey({ collection, key }) }))
      if (checked.length === 0) return []
      return reading('get', () => (checked.length <= mostAtOnce ? readAtOnce(checked) : readEach(checked)))
    },

    async list(query) {
      const plan = planOf(query)
      const given = [pageArguments(plan, query)]
      return await reading('list', () => {
        const page = isLookedUpByKey(query)
          ? undefined
          : pageOfRows(plan, query, prepared.rows(statements.page(plan, query), given))
        const whole =
          page ?? pageOfWholeRows(plan, prepared.rows(statements.wholePage(plan, query), given), query.limit)
        if (!isCutShort(query, whole)) return whole
        return lookedAsFarAs(plan, whole, prepared.rows(statements.lookEnd(plan, query), given))
      })
    },

    async count(query) {
      const plan = countPlanOf(query)
      const given = [countArguments(plan, query)]
      return await reading('count', () => countIn(prepared.rows(statements.count(plan, query), given)))
    },

    async commit(writes, effect) {
      scope.refuseInside('commit')
      const ordered = orderedWrites(writes)
      await (effect ? commits.makeWith(ordered, effect) : commits.make(ordered))
    },

    async close() {
      if (ours) await inTurn(async () => void connection.close())
    },
  }
}
