import { isApprovalError } from '../../../errors/approval-error.ts'
import type { CollectionName } from '../../../ports/collections.ts'
import type { RecordKey, Storage, StoredRecord } from '../../../ports/storage.ts'
import { checkedKey } from '../../toolkit/columns.ts'
import { createEffectScope } from '../../toolkit/effect-scope.ts'
import { countPlanOf, planOf } from '../../toolkit/index-plan.ts'
import { orderedWrites, refuseConflict } from '../../toolkit/ordered-writes.ts'
import { refuseFailed } from '../../toolkit/stored-row.ts'
import {
  type Arguments,
  argument,
  countArguments,
  keyArguments,
  pageArguments,
  writeArguments,
} from '../shared/arguments.ts'
import type { Dialect } from '../shared/dialect.ts'
import { countIn, isCutShort, isLookedUpByKey, lookedAsFarAs, pageOfRows, pageOfWholeRows } from '../shared/pages.ts'
import { getStatement, recordsOf } from '../shared/read-statements.ts'
import { recent } from '../shared/recent.ts'
import type { SqlDatabase, SqlSession } from '../shared/session.ts'
import { createStatements, getOrMake, type Statement } from '../shared/statements.ts'
import type { HoldStatements } from './hold-statements.ts'
import { makeWrite, rows } from './stepwise-commit.ts'

/** What a storage that makes its writes one after the other has to know about its database. */
export interface StepwiseDatabase {
  readonly dialect: Dialect
  /** Compiles how a commit takes hold of what it only checks. */
  readonly holdStatements: (dialect: Dialect, collection: CollectionName) => HoldStatements
  /** Tells whether a row was refused because its key or its place in a unique index is taken. */
  readonly isTaken: (thrown: unknown) => boolean
  /** Tells whether the database gave up because another transaction was in the way. */
  readonly isInTheWay: (thrown: unknown) => boolean
}

/** How many characters of statements are remembered. */
const mostText = 2_000_000

/**
 * Makes storages over a database. They share their compiled statements. `ready` is awaited before anything is asked.
 */
export function stepwiseStorages({ dialect, holdStatements, isTaken, isInTheWay }: StepwiseDatabase) {
  const statements = createStatements(dialect)
  const holds = new Map<CollectionName, HoldStatements>()
  const gets = recent<Statement>(mostText, ({ text }, name) => text.length + name.length)
  const of = (collection: CollectionName) => ({
    ...statements.of(collection),
    ...getOrMake(holds, collection, () => holdStatements(dialect, collection)),
  })

  return (database: SqlDatabase, ready: () => Promise<void>): Omit<Storage, 'close'> => {
    const scope = createEffectScope()
    const sendable = (values: Arguments): Arguments => {
      const limit = values[argument.limit] ?? null
      return { ...values, [argument.limit]: database.sendsNumbersAsFloats ? String(limit) : limit }
    }
    const read = async (session: SqlSession, part: readonly Member[]): Promise<(StoredRecord | undefined)[]> => {
      const collections = part.map(({ collection }) => collection)
      const statement = gets.of(collections.join(), () => getStatement(dialect, collections))
      const found = await rows(
        session,
        statement,
        part.map(({ values }) => values),
      )
      return recordsOf(found, part)
    }

    return {
      async get(keys) {
        scope.refuseInside('get')
        const members = keys.map(({ collection, key }) => ({
          collection,
          key,
          values: keyArguments({ collection, key: checkedKey({ collection, key }) }),
        }))
        if (members.length === 0) return []
        try {
          await ready()
          if (members.length <= dialect.mostMembers) return await read(database, members)
          const records: (StoredRecord | undefined)[] = []
          await database.transaction(async (session) => {
            for (let from = 0; from < members.length; from += dialect.mostMembers) {
              records.push(...(await read(session, members.slice(from, from + dialect.mostMembers))))
            }
            return true
          })
          return records
        } catch (thrown) {
          return refuseFailed('get', thrown)
        }
      },

      async list(query) {
        scope.refuseInside('list')
        const plan = planOf(query)
        const values = [sendable(pageArguments(plan, query))]
        try {
          await ready()
          const quick = isLookedUpByKey(query)
            ? undefined
            : pageOfRows(plan, query, await rows(database, statements.page(plan, query), values))
          const page =
            quick ?? pageOfWholeRows(plan, await rows(database, statements.wholePage(plan, query), values), query.limit)
          if (!isCutShort(query, page)) return page
          return lookedAsFarAs(plan, page, await rows(database, statements.lookEnd(plan, query), values))
        } catch (thrown) {
          return refuseFailed('list', thrown)
        }
      },

      async count(query) {
        scope.refuseInside('count')
        const plan = countPlanOf(query)
        const values = [sendable(countArguments(plan, query))]
        try {
          await ready()
          return countIn(await rows(database, statements.count(plan, query), values))
        } catch (thrown) {
          return refuseFailed('count', thrown)
        }
      },

      async commit(writes, effect) {
        scope.refuseInside('commit')
        const prepared = orderedWrites(writes).map((keyed) => ({
          keyed,
          values: writeArguments(keyed),
          statements: of(keyed.write.collection),
          isTaken,
        }))
        let thrownByEffect = false
        try {
          await ready()
          await database.transaction(async (session) => {
            for (const write of prepared) await makeWrite(session, write)
            thrownByEffect = true
            if (effect) await scope.run(async () => effect(session.native))
            thrownByEffect = false
            return true
          })
        } catch (thrown) {
          const [first] = prepared
          if (isInTheWay(thrown) && first) refuseConflict(first.keyed, thrown)
          if (thrownByEffect || isApprovalError(thrown)) throw thrown
          refuseFailed('commit', thrown)
        }
      },
    }
  }
}

/** One of the records that are read together. */
interface Member extends RecordKey {
  readonly values: Arguments
}
