import { isApprovalError } from '../errors.ts'
import type { Storage, Write } from '../ports/storage.ts'
import { checkedKey } from './columns.ts'
import { createEffectScope } from './effect-scope.ts'
import { pageOf, planOf } from './index-plan.ts'
import { type KeyedWrite, orderedWrites, refuseConflict } from './ordered-writes.ts'
import { type Arguments, bound, keyArguments, pageArguments, writeArguments } from './sql/arguments.ts'
import { postgresDialect } from './sql/dialect.ts'
import { type Finding, refuseImpossible } from './sql/inquiry.ts'
import { getStatement, memberArguments } from './sql/member-statements.ts'
import { schemaScript } from './sql/migrations.ts'
import {
  isInTheWay,
  isTaken,
  openPool,
  overLite,
  overPool,
  type PostgresClient,
  type PostgresLite,
  type PostgresLiteTransaction,
  type PostgresPool,
  type PostgresQuery,
  type PostgresResult,
  type PostgresSession,
} from './sql/postgres-connection.ts'
import { migratePostgres } from './sql/postgres-schema.ts'
import { absenceStatement, commitStatement, inquiryStatement, type WriteShape } from './sql/postgres-statements.ts'
import { createStatements, remembered, type Statement } from './sql/statements.ts'
import { recordOf, refuseFailed } from './sql/stored-row.ts'

export type { PostgresClient, PostgresLite, PostgresLiteTransaction, PostgresPool, PostgresQuery, PostgresResult }

/** How often a commit is tried before it counts as a conflict, where nothing that it relies on has moved. */
const attempts = 5

/**
 * Keeps everything in a PostgreSQL database.
 *
 * Given a connection string, it opens a pool with `pg`. Given a pool of `pg`, or PGlite, it uses that one and never closes it.
 * A read is one round trip, and so is a commit without an effect. Effects are given a client on which the transaction is open.
 *
 * @throws TypeError where a connection string is given and `pg` is not installed.
 */
export function postgresStorage(database: string | PostgresPool | PostgresLite): Storage {
  const ours = typeof database === 'string'
  const given = ours ? openPool(database) : database
  const connected = 'transaction' in given ? overLite(given) : overPool(given)
  const pages = createStatements(postgresDialect)
  const statements = new Map<string, Statement>()
  const scope = createEffectScope()
  let migrating: Promise<void> | undefined

  const ready = (): Promise<void> => {
    migrating ??= migratePostgres(connected).catch((thrown) => {
      migrating = undefined
      throw thrown
    })
    return migrating
  }
  const run = ({ text, parameters }: Statement, values: Arguments, session: PostgresSession = connected) =>
    session.run(text, bound(parameters, values))
  const compiled = (kind: string, shape: unknown, compile: () => Statement): Statement =>
    remembered(statements, JSON.stringify([kind, shape]), compile)

  const make = async (commit: Commit, session: PostgresSession): Promise<boolean> => {
    if (commit.shapes.length === 0) return true
    const statement = compiled('commit', commit.shapes, () => commitStatement(commit.shapes))
    const [row] = await run(statement, commit.values, session)
    return Number((row as { readonly done: number }).done) === 1
  }
  /** Finds out why a commit could not be made, and refuses it; or makes what it lacks, so that it can be tried again. */
  const inquire = async ({ ordered, shapes, values }: Commit): Promise<void> => {
    const statement = compiled('inquiry', shapes, () => inquiryStatement(shapes))
    const rows = (await run(statement, values)) as readonly Place[]
    const findings = shapes.map((_, member): Finding => {
      const here = rows.filter(({ at }) => at === member)
      const stored = here.find(({ place }) => place === 'key')
      const taken = here.filter(({ place }) => place !== 'key').map(({ place }) => place)
      return { version: stored && Number(stored.version), taken }
    })
    for (const absent of refuseImpossible(ordered, findings)) {
      const mark = compiled('absence', absent.collection, () => absenceStatement(absent.collection))
      await run(mark, keyArguments(absent))
    }
  }

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
        const rows = await run(
          compiled('get', collections, () => getStatement(postgresDialect, collections)),
          memberArguments(checked),
        )
        const found = new Map(rows.map((row) => [(row as { readonly at: number }).at, row]))
        return keys.map((_, member) => {
          const row = found.get(member)
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
      try {
        await ready()
        const rows = await run(pages.page(plan, query), values)
        return pageOf(plan, rows.map(recordOf), query.limit)
      } catch (thrown) {
        return refuseFailed('list', thrown)
      }
    },

    async commit(writes, effect) {
      scope.refuseInside('commit')
      const commit = commitOf(writes)
      let thrownByEffect: { readonly thrown: unknown } | undefined
      const withEffect = async (session: PostgresSession): Promise<boolean> => {
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
          const made = effect ? connected.transaction(withEffect) : make(commit, connected)
          if (await made.catch((thrown) => (!thrownByEffect && isTaken(thrown) ? false : Promise.reject(thrown))))
            return
          await inquire(commit)
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

    async close() {
      if (ours && 'end' in given) await given.end()
    },
  }
}

/** Gives the statements that make all tables and indexes, for hosts that change their databases themselves. */
export function postgresSchema(): string {
  return schemaScript(postgresDialect)
}

/** A commit, as its statements take it. */
interface Commit {
  readonly ordered: readonly KeyedWrite[]
  readonly shapes: readonly WriteShape[]
  readonly values: Arguments
}

function commitOf(writes: readonly Write[]): Commit {
  const ordered = orderedWrites(writes)
  return {
    ordered,
    values: memberArguments(ordered.map(writeArguments)),
    shapes: ordered.map(({ write: { type, collection, ...write } }) => ({
      type,
      collection,
      absent: 'expected' in write && write.expected === 'absent',
    })),
  }
}

/** A row of an inquiry: a version under a key, or another record in a place of a unique index. */
interface Place {
  readonly at: number
  readonly place: string
  readonly version: number | string
}
