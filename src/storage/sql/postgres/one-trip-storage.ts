import { isApprovalError } from '../../../errors/approval-error.ts'
import type { CollectionName } from '../../../ports/collections.ts'
import type { Storage, Write } from '../../../ports/storage.ts'
import { checkedKey } from '../../toolkit/columns.ts'
import { createEffectScope } from '../../toolkit/effect-scope.ts'
import { countPlanOf, planOf } from '../../toolkit/index-plan.ts'
import { type KeyedWrite, orderedWrites, refuseConflict } from '../../toolkit/ordered-writes.ts'
import { refuseFailed } from '../../toolkit/stored-row.ts'
import {
  type Arguments,
  bound,
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
import { createStatements, type Statement } from '../shared/statements.ts'
import {
  absenceStatement,
  commitStatement,
  inquiryStatement,
  manyKeys,
  manyStatement,
  type WriteShape,
} from './commit-statement.ts'
import { isInTheWay, isTaken } from './connection.ts'
import { type ConflictFinding, refuseImpossible } from './explain-conflict.ts'

/** How often a commit is tried before it counts as a conflict, if nothing that it relies on has moved. */
const attempts = 5

/**
 * How many records are asked for by name at most. More are given to the server as one list a collection, which it can
 * read any number of.
 */
const mostByName = 24
/** How many writes are made by one statement, in one round trip. */
const mostAtOnce = 100
/**
 * How many writes of a longer commit one statement makes. What a server needs for a statement grows faster than the
 * number of its parts, and such a portion is short enough to be kept prepared.
 */
const portion = 25
/** How many characters of statements are remembered. */
const mostText = 2_000_000

/** How a storage stands to the transactions of its database. */
export interface TransactionCare {
  /** Awaited before anything is asked. */
  readonly ready: () => Promise<void>
  /** Whether a statement that fails takes more with it than itself, as it does inside a transaction. */
  readonly brackets: boolean
}

/** Makes storages over PostgreSQL, each of whose commits is one statement. They share their compiled statements. */
export function oneTripStorages(dialect: Dialect) {
  const { tables } = dialect
  const pages = createStatements(dialect)
  const statements = recent<Statement>(mostText, ({ text }, name) => text.length + name.length)
  /** Collections in which somebody has marked that there is no record: only their inserts look out for that. */
  const marked = new Set<CollectionName>()
  const run = ({ text, parameters }: Statement, members: readonly Arguments[], session: SqlSession) =>
    session.rows(text, bound(parameters, members))

  const shapeOf = ({ write: { type, collection, ...write } }: KeyedWrite): WriteShape => ({
    type,
    collection,
    absent: 'expected' in write && write.expected === 'absent',
    marked: type === 'insert' && marked.has(collection),
  })

  const make = async (commit: Commit, session: SqlSession): Promise<boolean> => {
    for (const { ordered, values } of portionsOf(commit)) {
      const shapes = ordered.map(shapeOf)
      const statement = statements.of(`commit ${shapes.map(nameOf)}`, () => commitStatement(shapes, tables))
      const [row] = await run(statement, values, session)
      if (Number((row as { readonly done: number }).done) !== 1) return false
    }
    return true
  }
  /**
   * Finds out why a commit could not be made, and refuses it; or makes what it lacks, so that it can be tried again.
   */
  const inquire = async (commit: Commit, database: SqlDatabase): Promise<void> => {
    const findings: ConflictFinding[] = []
    for (const { ordered, values } of portionsOf(commit)) {
      const shapes = ordered.map(shapeOf)
      const statement = statements.of(`inquiry ${shapes.map(nameOf)}`, () => inquiryStatement(shapes, tables))
      const rows = (await run(statement, values, database)) as readonly Place[]
      findings.push(
        ...shapes.map(({ collection }, member): ConflictFinding => {
          const here = rows.filter(({ at }) => Number(at) === member)
          const stored = here.find(({ place }) => place === 'key')
          if (Number(stored?.version) === 0) marked.add(collection)
          const taken = here.filter(({ place }) => place !== 'key').map(({ place }) => place)
          return { version: stored && Number(stored.version), taken }
        }),
      )
    }
    for (const absent of refuseImpossible(commit.ordered, findings)) {
      const { collection } = absent
      const mark = statements.of(`absence ${collection}`, () => absenceStatement(collection, tables))
      await run(mark, [keyArguments(absent)], database)
      marked.add(collection)
    }
  }

  return (database: SqlDatabase, { ready, brackets }: TransactionCare): Omit<Storage, 'close'> => {
    const scope = createEffectScope()
    return {
      async get(keys) {
        scope.refuseInside('get')
        const checked = keys.map(({ collection, key }) =>
          keyArguments({ collection, key: checkedKey({ collection, key }) }),
        )
        if (checked.length === 0) return []
        const collections = keys.map(({ collection }) => collection)
        try {
          await ready()
          if (keys.length > mostByName) {
            const distinct = [...new Set(collections)].toSorted()
            const statement = statements.of(`many ${distinct}`, () => manyStatement(distinct, tables))
            return recordsOf(await run(statement, manyKeys(distinct, keys), database), keys)
          }
          const statement = statements.of(`get ${collections}`, () => getStatement(dialect, collections))
          return recordsOf(await run(statement, checked, database), keys)
        } catch (thrown) {
          return refuseFailed('get', thrown)
        }
      },

      async list(query) {
        scope.refuseInside('list')
        const plan = planOf(query)
        const values = [pageArguments(plan, query)]
        try {
          await ready()
          const quick = isLookedUpByKey(query)
            ? undefined
            : pageOfRows(plan, query, await run(pages.page(plan, query), values, database))
          const page =
            quick ?? pageOfWholeRows(plan, await run(pages.wholePage(plan, query), values, database), query.limit)
          if (!isCutShort(query, page)) return page
          return lookedAsFarAs(plan, page, await run(pages.lookEnd(plan, query), values, database))
        } catch (thrown) {
          return refuseFailed('list', thrown)
        }
      },

      async count(query) {
        scope.refuseInside('count')
        const plan = countPlanOf(query)
        try {
          await ready()
          return countIn(await run(pages.count(plan, query), [countArguments(plan, query)], database))
        } catch (thrown) {
          return refuseFailed('count', thrown)
        }
      },

      async commit(writes, effect) {
        scope.refuseInside('commit')
        const commit = commitOf(writes)
        let thrownByEffect: { readonly thrown: unknown } | undefined
        const withEffect = async (session: SqlSession): Promise<boolean> => {
          if (!(await make(commit, session))) return false
          await scope
            .run(async () => effect?.(session.native))
            .catch((thrown) => {
              thrownByEffect = { thrown }
              throw thrown
            })
          return true
        }
        try {
          await ready()
          for (let attempt = 1; attempt <= attempts; attempt++) {
            const isOneStatement = commit.ordered.length <= mostAtOnce && !effect && !brackets
            const made = isOneStatement ? make(commit, database) : database.transaction(withEffect)
            if (await made.catch((thrown) => (!thrownByEffect && isTaken(thrown) ? false : Promise.reject(thrown))))
              return
            await inquire(commit, database)
          }
        } catch (thrown) {
          const [first] = commit.ordered
          if (isInTheWay(thrown) && first) refuseConflict(first, thrown)
          if (thrownByEffect || isApprovalError(thrown)) throw thrown
          refuseFailed('commit', thrown)
        }
        const [first] = commit.ordered
        if (first) refuseConflict(first)
      },
    }
  }
}

/** Names a shape, so that equal ones have equal names. */
function nameOf({ type, collection, absent, marked }: WriteShape): string {
  return `${type} ${collection} ${absent} ${marked}`
}

/** A commit, as its statements take it. */
interface Commit {
  readonly ordered: readonly KeyedWrite[]
  readonly values: readonly Arguments[]
}

/**
 * Takes a commit apart into what one statement makes each. Made in one transaction, they hold what they rely on until
 * its end.
 */
function portionsOf(commit: Commit): readonly Commit[] {
  const { ordered, values } = commit
  if (ordered.length <= mostAtOnce) return ordered.length === 0 ? [] : [commit]
  return Array.from({ length: Math.ceil(ordered.length / portion) }, (_, at) => {
    const [from, to] = [at * portion, (at + 1) * portion]
    return { ordered: ordered.slice(from, to), values: values.slice(from, to) }
  })
}

function commitOf(writes: readonly Write[]): Commit {
  const ordered = orderedWrites(writes)
  return {
    ordered,
    values: ordered.map(writeArguments),
  }
}

/**
 * A row of an inquiry: a version under a key, or another record in a place of a unique index. What is a number, hosts
 * may have told the driver to give as text.
 */
interface Place {
  readonly at: number | string
  readonly place: string
  readonly version: number | string
}
