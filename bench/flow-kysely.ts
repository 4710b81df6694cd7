import { randomUUID } from 'node:crypto'
import { type ColumnType, type Generated, type Kysely, sql, type Transaction } from 'kysely'
import {
  changeDigest,
  checkApproval,
  type FlagDocument,
  type FlowSide,
  flagDocument,
  isApproved,
  Refusal,
  type SubmittedChange,
} from './flow-application.ts'

type Json<T> = ColumnType<T, string, string>
type Time = ColumnType<string | Date, string, string>

interface Revision {
  readonly document: Json<FlagDocument>
  readonly version: number
}

/** The tables of the application, as Kysely knows them. */
export interface KyselyTables {
  readonly policies: { id: string; resource: string; quorum: number; roles: Json<readonly string[]> }
  readonly flags: Revision & { id: string }
  readonly revisions: Revision & { flag: string; author: string; request: string; created_at: Time }
  readonly requests: Revision & {
    id: string
    flag: string
    status: string
    base: number
    requester: string
    digest: string
    created_at: Time
    updated_at: Time
  }
  readonly reviews: { request: string; reviewer: string; decision: string; digest: string; created_at: Time }
  readonly events: {
    id: Generated<number>
    request: string
    type: string
    actor: string
    data: Json<unknown>
    created_at: Time
  }
}

/** What differs between the databases. */
export interface KyselyDatabase {
  readonly db: Kysely<KyselyTables>
  readonly transaction: <T>(work: (transaction: Kysely<KyselyTables>) => Promise<T>) => Promise<T>
  /** Whether rows are locked by the statement that reads them. */
  readonly locks: boolean
  /** Reads a JSON column. */
  readonly parsed: <T>(value: T) => T
}

/** PostgreSQL: rows are locked, and the driver parses JSON. */
export function onPostgres(db: Kysely<KyselyTables>): KyselyDatabase {
  return {
    db,
    transaction: (work) => db.transaction().execute((transaction: Transaction<KyselyTables>) => work(transaction)),
    locks: true,
    parsed: (value) => value,
  }
}

/** SQLite: a transaction locks the database when it begins, and JSON is text. */
export function onSqlite(db: Kysely<KyselyTables>): KyselyDatabase {
  return {
    db,
    transaction: (work) =>
      db.connection().execute(async (connection) => {
        await sql`begin immediate`.execute(connection)
        try {
          const result = await work(connection)
          await sql`commit`.execute(connection)
          return result
        } catch (error) {
          await sql`rollback`.execute(connection)
          throw error
        }
      }),
    locks: false,
    parsed: (value) => JSON.parse(value as string),
  }
}

/** The application with Kysely; it does not close what it was given. */
export function kyselyApplication({ db, transaction, locks, parsed }: KyselyDatabase) {
  const policiesOf = async (on: Kysely<KyselyTables>) => {
    const rows = await on.selectFrom('policies').selectAll().where('resource', '=', 'flag').execute()
    return rows.map(({ quorum, roles }) => ({ quorum, roles: parsed(roles) }))
  }
  return {
    /** Submits under an id of the caller's, which fails where it is taken. */
    async submitAs(id: string, flag: string, proposed: FlagDocument): Promise<SubmittedChange> {
      const document = flagDocument.parse(proposed)
      return await transaction(async (on) => {
        const policies = await policiesOf(on)
        if (isApproved(policies, [])) throw new Refusal('Nothing asks for approvals.')
        const live = await on.selectFrom('flags').select('version').where('id', '=', flag).executeTakeFirstOrThrow()
        const digest = changeDigest(flag, live.version, document)
        const now = new Date().toISOString()
        await on
          .insertInto('requests')
          .values({
            ...{ id, flag, digest, status: 'pending', version: 1, base: live.version, requester: 'ann' },
            ...{ document: JSON.stringify(document), created_at: now, updated_at: now },
          })
          .execute()
        const data = JSON.stringify({ digest, base: live.version })
        await on
          .insertInto('events')
          .values({ request: id, type: 'submitted', actor: 'ann', data, created_at: now })
          .execute()
        return { id, digest }
      })
    },
    async approve(by: string, { id, digest }: SubmittedChange): Promise<string> {
      return await transaction(async (on) => {
        const row = on.selectFrom('requests').selectAll().where('id', '=', id)
        const request = await (locks ? row.forUpdate() : row).executeTakeFirstOrThrow()
        const policies = await policiesOf(on)
        const reviews = await on.selectFrom('reviews').select('reviewer').where('request', '=', id).execute()
        const reviewers = reviews.map(({ reviewer }) => reviewer)
        checkApproval(request, { by, digest }, { policies, reviewers })
        const now = new Date().toISOString()
        await on
          .insertInto('reviews')
          .values({ request: id, reviewer: by, decision: 'approve', digest, created_at: now })
          .execute()
        const status = isApproved(policies, [...reviewers, by]) ? 'applied' : 'pending'
        const updated = await on
          .updateTable('requests')
          .set({ status, version: request.version + 1, updated_at: now })
          .where('id', '=', id)
          .where('version', '=', request.version)
          .executeTakeFirst()
        if (updated.numUpdatedRows !== 1n) throw new Refusal('The request was changed meanwhile.')
        const event = { request: id, actor: by, created_at: now }
        await on
          .insertInto('events')
          .values({ ...event, type: 'approved', data: JSON.stringify({ digest }) })
          .execute()
        if (status === 'pending') return status
        const { flag, base, requester } = request
        const document = parsed(request.document)
        const live = on.selectFrom('flags').select('version').where('id', '=', flag)
        const { version } = await (locks ? live.forUpdate() : live).executeTakeFirstOrThrow()
        if (version !== base) throw new Refusal('The flag was changed meanwhile.')
        if (changeDigest(flag, base, document) !== digest) throw new Refusal('The request is not what was reviewed.')
        const revision = { version: base + 1, document: JSON.stringify(document) }
        await on.updateTable('flags').set(revision).where('id', '=', flag).execute()
        await on
          .insertInto('revisions')
          .values({ ...revision, flag, author: requester, request: id, created_at: now })
          .execute()
        const data = JSON.stringify({ digest, version: base + 1 })
        await on
          .insertInto('events')
          .values({ ...event, type: 'applied', data })
          .execute()
        return status
      })
    },
    async stored(flag: string, id: string) {
      const live = await db.selectFrom('flags').selectAll().where('id', '=', flag).executeTakeFirstOrThrow()
      const request = await db.selectFrom('requests').selectAll().where('id', '=', id).executeTakeFirst()
      const reviews = await db
        .selectFrom('reviews')
        .selectAll()
        .where('request', '=', id)
        .orderBy('created_at')
        .execute()
      const reviewers = reviews.map(({ reviewer }) => reviewer)
      return { document: parsed(live.document), status: request?.status ?? 'missing', reviewers }
    },
  }
}

/** The side of Kysely. */
export function kyselySide(database: KyselyDatabase, close: () => Promise<void>): FlowSide {
  const { submitAs, approve, stored } = kyselyApplication(database)
  return { submit: (flag, document) => submitAs(randomUUID(), flag, document), approve, stored, close }
}
