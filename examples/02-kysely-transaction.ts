import Database from 'better-sqlite3'
import { createApprovals, defineResource, staticDirectory } from 'countersign'
import { sqliteStorage } from 'countersign/storage/sqlite'
import { Kysely, SqliteDialect } from 'kysely'
import { number, object } from 'zod'

const db = new Kysely<{ tickets: { id: string; request: string } }>({
  dialect: new SqliteDialect({ database: new Database(':memory:') }),
})
await db.schema.createTable('tickets').addColumn('id', 'text').addColumn('request', 'text').execute()

const prices = defineResource({ type: 'price', schema: object({ cents: number() }) })
const storage = sqliteStorage(db)
await storage.migrate()
const approvals = createApprovals({
  storage,
  resources: [prices],
  directory: staticDirectory({ ann: ['sales'], ben: ['lead'] }),
  admins: { users: ['ann'] },
})
const ann = { tenant: 'acme', user: 'ann' }
await approvals.as(ann).policies.save({ id: 'prices', match: {}, require: { quorum: 1, from: { roles: ['lead'] } } })

/** Asks for a price, and writes a ticket about it: both, or neither. */
async function askFor(cents: number, ticket: string): Promise<void> {
  await db.transaction().execute(async (trx) => {
    const outcome = await approvals.within(trx).as(ann).submit(prices.ref('basic'), { value: { cents } })
    const request = outcome.status === 'pending' ? outcome.request.id : ''
    await trx.insertInto('tickets').values({ id: ticket, request }).execute()
    if (cents < 0) throw new RangeError('a price below zero')
  })
}
const requests = async () => (await approvals.as(ann).requests.list()).requests.length
const tickets = async () => (await db.selectFrom('tickets').selectAll().execute()).length

await askFor(990, 'T-1')
console.log(await requests(), await tickets()) // 1 1

await askFor(-5, 'T-2').catch(() => {})
console.log(await requests(), await tickets()) // 1 1
await db.destroy()
