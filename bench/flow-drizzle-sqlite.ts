import { randomUUID } from 'node:crypto'
import type { Database } from 'better-sqlite3'
import { and, eq } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/better-sqlite3'
import { integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import {
  changeDigest,
  checkApproval,
  type FlagDocument,
  type FlowSide,
  flagDocument,
  isApproved,
  Refusal,
} from './flow-application.ts'

const policies = sqliteTable('policies', {
  id: text('id').primaryKey(),
  resource: text('resource').notNull(),
  quorum: integer('quorum').notNull(),
  roles: text('roles', { mode: 'json' }).$type<readonly string[]>().notNull(),
})
const flags = sqliteTable('flags', {
  id: text('id').primaryKey(),
  version: integer('version').notNull(),
  document: text('document', { mode: 'json' }).$type<FlagDocument>().notNull(),
})
const revisions = sqliteTable(
  'revisions',
  {
    flag: text('flag').notNull(),
    version: integer('version').notNull(),
    document: text('document', { mode: 'json' }).$type<FlagDocument>().notNull(),
    author: text('author').notNull(),
    request: text('request').notNull(),
    createdAt: text('created_at').notNull(),
  },
  ({ flag, version }) => [primaryKey({ columns: [flag, version] })],
)
const requests = sqliteTable('requests', {
  id: text('id').primaryKey(),
  flag: text('flag').notNull(),
  status: text('status').notNull(),
  version: integer('version').notNull(),
  base: integer('base').notNull(),
  requester: text('requester').notNull(),
  document: text('document', { mode: 'json' }).$type<FlagDocument>().notNull(),
  digest: text('digest').notNull(),
  createdAt: text('created_at').notNull(),
  updatedAt: text('updated_at').notNull(),
})
const reviews = sqliteTable(
  'reviews',
  {
    request: text('request').notNull(),
    reviewer: text('reviewer').notNull(),
    decision: text('decision').notNull(),
    digest: text('digest').notNull(),
    createdAt: text('created_at').notNull(),
  },
  ({ request, reviewer }) => [primaryKey({ columns: [request, reviewer] })],
)
const events = sqliteTable('events', {
  id: integer('id').primaryKey(),
  request: text('request').notNull(),
  type: text('type').notNull(),
  actor: text('actor').notNull(),
  data: text('data', { mode: 'json' }).notNull(),
  createdAt: text('created_at').notNull(),
})

const immediate = { behavior: 'immediate' } as const

/** The application with Drizzle on SQLite, where its statements are synchronous. */
export function drizzleSqliteSide(database: Database, close: () => Promise<void>): FlowSide {
  const db = drizzle(database)
  return {
    close,
    async submit(flag, proposed) {
      const document = flagDocument.parse(proposed)
      const id = randomUUID()
      return db.transaction((on) => {
        const rules = on.select().from(policies).where(eq(policies.resource, 'flag')).all()
        if (isApproved(rules, [])) throw new Refusal('Nothing asks for approvals.')
        const live = on.select({ version: flags.version }).from(flags).where(eq(flags.id, flag)).get()
        if (!live) throw new Refusal('There is no such flag.')
        const digest = changeDigest(flag, live.version, document)
        const now = new Date().toISOString()
        on.insert(requests)
          .values({
            ...{ id, flag, digest, document, status: 'pending', version: 1, base: live.version, requester: 'ann' },
            ...{ createdAt: now, updatedAt: now },
          })
          .run()
        const data = { digest, base: live.version }
        on.insert(events).values({ request: id, type: 'submitted', actor: 'ann', data, createdAt: now }).run()
        return { id, digest }
      }, immediate)
    },
    async approve(by, { id, digest }) {
      return db.transaction((on) => {
        const request = on.select().from(requests).where(eq(requests.id, id)).get()
        if (!request) throw new Refusal('There is no such request.')
        const rules = on.select().from(policies).where(eq(policies.resource, 'flag')).all()
        const given = on.select({ reviewer: reviews.reviewer }).from(reviews).where(eq(reviews.request, id)).all()
        const reviewers = given.map(({ reviewer }) => reviewer)
        checkApproval(request, { by, digest }, { policies: rules, reviewers })
        const now = new Date().toISOString()
        on.insert(reviews).values({ request: id, reviewer: by, decision: 'approve', digest, createdAt: now }).run()
        const status = isApproved(rules, [...reviewers, by]) ? 'applied' : 'pending'
        const updated = on
          .update(requests)
          .set({ status, version: request.version + 1, updatedAt: now })
          .where(and(eq(requests.id, id), eq(requests.version, request.version)))
          .run()
        if (updated.changes !== 1) throw new Refusal('The request was changed meanwhile.')
        const event = { request: id, actor: by, createdAt: now }
        on.insert(events)
          .values({ ...event, type: 'approved', data: { digest } })
          .run()
        if (status === 'pending') return status
        const { flag, base, document, requester } = request
        const live = on.select({ version: flags.version }).from(flags).where(eq(flags.id, flag)).get()
        if (live?.version !== base) throw new Refusal('The flag was changed meanwhile.')
        if (changeDigest(flag, base, document) !== digest) throw new Refusal('The request is not what was reviewed.')
        const revision = { version: base + 1, document }
        on.update(flags).set(revision).where(eq(flags.id, flag)).run()
        on.insert(revisions)
          .values({ ...revision, flag, author: requester, request: id, createdAt: now })
          .run()
        on.insert(events)
          .values({ ...event, type: 'applied', data: { digest, version: base + 1 } })
          .run()
        return status
      }, immediate)
    },
    async stored(flag, id) {
      const live = db.select().from(flags).where(eq(flags.id, flag)).get()
      const request = db.select().from(requests).where(eq(requests.id, id)).get()
      const given = db.select().from(reviews).where(eq(reviews.request, id)).orderBy(reviews.createdAt).all()
      const reviewers = given.map(({ reviewer }) => reviewer)
      return { document: live?.document, status: request?.status ?? 'missing', reviewers }
    },
  }
}
