import { randomUUID } from 'node:crypto'
import { and, eq } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/node-postgres'
import { bigint, integer, jsonb, pgTable, primaryKey, text, timestamp } from 'drizzle-orm/pg-core'
import type { Pool } from 'pg'
import {
  changeDigest,
  checkApproval,
  type FlagDocument,
  type FlowSide,
  flagDocument,
  isApproved,
  Refusal,
} from './flow-application.ts'

const time = (name: string) => timestamp(name, { withTimezone: true, mode: 'string' }).notNull()
const policies = pgTable('policies', {
  id: text('id').primaryKey(),
  resource: text('resource').notNull(),
  quorum: integer('quorum').notNull(),
  roles: jsonb('roles').$type<readonly string[]>().notNull(),
})
const flags = pgTable('flags', {
  id: text('id').primaryKey(),
  version: integer('version').notNull(),
  document: jsonb('document').$type<FlagDocument>().notNull(),
})
const revisions = pgTable(
  'revisions',
  {
    flag: text('flag').notNull(),
    version: integer('version').notNull(),
    document: jsonb('document').$type<FlagDocument>().notNull(),
    author: text('author').notNull(),
    request: text('request').notNull(),
    createdAt: time('created_at'),
  },
  ({ flag, version }) => [primaryKey({ columns: [flag, version] })],
)
const requests = pgTable('requests', {
  id: text('id').primaryKey(),
  flag: text('flag').notNull(),
  status: text('status').notNull(),
  version: integer('version').notNull(),
  base: integer('base').notNull(),
  requester: text('requester').notNull(),
  document: jsonb('document').$type<FlagDocument>().notNull(),
  digest: text('digest').notNull(),
  createdAt: time('created_at'),
  updatedAt: time('updated_at'),
})
const reviews = pgTable(
  'reviews',
  {
    request: text('request').notNull(),
    reviewer: text('reviewer').notNull(),
    decision: text('decision').notNull(),
    digest: text('digest').notNull(),
    createdAt: time('created_at'),
  },
  ({ request, reviewer }) => [primaryKey({ columns: [request, reviewer] })],
)
const events = pgTable('events', {
  id: bigint('id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
  request: text('request').notNull(),
  type: text('type').notNull(),
  actor: text('actor').notNull(),
  data: jsonb('data').notNull(),
  createdAt: time('created_at'),
})

/** The application with Drizzle on PostgreSQL. */
export function drizzlePostgresSide(pool: Pool, close: () => Promise<void>): FlowSide {
  const db = drizzle(pool)
  return {
    close,
    async submit(flag, proposed) {
      const document = flagDocument.parse(proposed)
      const id = randomUUID()
      return await db.transaction(async (on) => {
        const rules = await on.select().from(policies).where(eq(policies.resource, 'flag'))
        if (isApproved(rules, [])) throw new Refusal('Nothing asks for approvals.')
        const [live] = await on.select({ version: flags.version }).from(flags).where(eq(flags.id, flag))
        if (!live) throw new Refusal('There is no such flag.')
        const digest = changeDigest(flag, live.version, document)
        const now = new Date().toISOString()
        await on.insert(requests).values({
          ...{ id, flag, digest, document, status: 'pending', version: 1, base: live.version, requester: 'ann' },
          ...{ createdAt: now, updatedAt: now },
        })
        const data = { digest, base: live.version }
        await on.insert(events).values({ request: id, type: 'submitted', actor: 'ann', data, createdAt: now })
        return { id, digest }
      })
    },
    async approve(by, { id, digest }) {
      return await db.transaction(async (on) => {
        const [request] = await on.select().from(requests).where(eq(requests.id, id)).for('update')
        if (!request) throw new Refusal('There is no such request.')
        const rules = await on.select().from(policies).where(eq(policies.resource, 'flag'))
        const given = await on.select({ reviewer: reviews.reviewer }).from(reviews).where(eq(reviews.request, id))
        const reviewers = given.map(({ reviewer }) => reviewer)
        checkApproval(request, { by, digest }, { policies: rules, reviewers })
        const now = new Date().toISOString()
        await on.insert(reviews).values({ request: id, reviewer: by, decision: 'approve', digest, createdAt: now })
        const status = isApproved(rules, [...reviewers, by]) ? 'applied' : 'pending'
        const updated = await on
          .update(requests)
          .set({ status, version: request.version + 1, updatedAt: now })
          .where(and(eq(requests.id, id), eq(requests.version, request.version)))
        if (updated.rowCount !== 1) throw new Refusal('The request was changed meanwhile.')
        const event = { request: id, actor: by, createdAt: now }
        await on.insert(events).values({ ...event, type: 'approved', data: { digest } })
        if (status === 'pending') return status
        const { flag, base, document, requester } = request
        const [live] = await on.select({ version: flags.version }).from(flags).where(eq(flags.id, flag)).for('update')
        if (live?.version !== base) throw new Refusal('The flag was changed meanwhile.')
        if (changeDigest(flag, base, document) !== digest) throw new Refusal('The request is not what was reviewed.')
        const revision = { version: base + 1, document }
        await on.update(flags).set(revision).where(eq(flags.id, flag))
        await on.insert(revisions).values({ ...revision, flag, author: requester, request: id, createdAt: now })
        await on.insert(events).values({ ...event, type: 'applied', data: { digest, version: base + 1 } })
        return status
      })
    },
    async stored(flag, id) {
      const [live] = await db.select().from(flags).where(eq(flags.id, flag))
      const [request] = await db.select().from(requests).where(eq(requests.id, id))
      const given = await db.select().from(reviews).where(eq(reviews.request, id)).orderBy(reviews.createdAt)
      const reviewers = given.map(({ reviewer }) => reviewer)
      return { document: live?.document, status: request?.status ?? 'missing', reviewers }
    },
  }
}
