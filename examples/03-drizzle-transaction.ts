import { PGlite } from '@electric-sql/pglite'
import { createApprovals, defineResource, staticDirectory } from 'countersign'
import { postgresStorage } from 'countersign/storage/postgres'
import { pgTable, text } from 'drizzle-orm/pg-core'
import { drizzle } from 'drizzle-orm/pglite'
import { number, object } from 'zod'

const lite = await PGlite.create()
await lite.exec('create table tickets (id text, request text)')
const tickets = pgTable('tickets', { id: text(), request: text() })
const db = drizzle(lite)

const prices = defineResource({ type: 'price', schema: object({ cents: number() }) })
const storage = postgresStorage(lite)
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
  await db.transaction(async (tx) => {
    const outcome = await approvals.within(tx).as(ann).submit(prices.ref('basic'), { value: { cents } })
    const request = outcome.status === 'pending' ? outcome.request.id : ''
    await tx.insert(tickets).values({ id: ticket, request })
    if (cents < 0) throw new RangeError('a price below zero')
  })
}
const requests = async () => (await approvals.as(ann).requests.list()).requests.length

await askFor(990, 'T-1')
console.log(await requests(), await db.$count(tickets)) // 1 1

await askFor(-5, 'T-2').catch(() => {})
console.log(await requests(), await db.$count(tickets)) // 1 1
await lite.close()
