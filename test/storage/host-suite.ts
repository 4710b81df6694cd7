import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { defineResource, isApprovalError, policyResource } from '../../src/index.ts'
import type { TransactionalStorage } from '../../src/ports/storage.ts'
import { type PostgresPool, type PostgresPoolClient, postgresStorage } from '../../src/storage/postgres.ts'
import { flags, pending, refusal, rollout, world } from '../world.ts'

/** What the host does inside its transaction. */
export type Work<On> = (transaction: On) => Promise<void>

/** A way in which hosts open transactions, and what they do inside on what they are handed. */
export interface HostOf<On> {
  readonly storage: TransactionalStorage
  /** What is not in a transaction. */
  readonly root: On
  /** Opens a transaction; rolls it back where the work throws. */
  transact(work: Work<On>): Promise<unknown>
  /** Opens a transaction inside of one. */
  nested(transaction: On, work: Work<On>): Promise<unknown>
  /** Writes an order. */
  write(on: On, id: string): Promise<unknown>
  /** Reads all orders. */
  orders(on: On): Promise<readonly unknown[]>
  /** What is no open transaction, and a part of the line that says what to write instead. */
  readonly refused: readonly (readonly [unknown, string])[]
  /** Whether the storage has a connection of its own, which sees nothing of what is not committed. */
  readonly isApart: boolean
  /** Whether a transaction knows that it has ended, whatever goes on on its connection. */
  readonly knowsItsEnd: boolean
}

/** A way in which hosts open transactions. */
export type Host = HostOf<never>

export const notNow = new TypeError('the host thinks better of it')
export const text = (id: string) => `insert into host_orders values ('${id}')`
export const all = 'select id from host_orders'
export const made = 'create table if not exists host_orders (id varchar(20) primary key)'

/** Hides what a host hands to its own functions, which nobody else looks into. */
export function host<On>(of: HostOf<On>): Host {
  return of as Host
}

/** Opens a transaction inside of one where the host has nothing but SQL. */
export function bySavepoint<On extends object>(run: (on: On, sql: string) => unknown): HostOf<On>['nested'] {
  return async (on, work) => {
    await run(on, 'savepoint inner_work')
    try {
      await work(on)
      await run(on, 'release savepoint inner_work')
    } catch (thrown) {
      await run(on, 'rollback to savepoint inner_work')
      throw thrown
    }
  }
}

let runs = 0

/** Tries each host's transactions. */
export function insideTransactions(hosts: Readonly<Record<string, () => Host>>): void {
  describe.each(Object.keys(hosts))('inside a transaction of %s', (name) => {
    const open = async () => {
      const host = (hosts[name] as () => Host)()
      await host.storage.migrate()
      const tenant = `acme-${++runs}`
      const orders = defineResource({
        type: 'order',
        schema: z.strictObject({ id: z.string() }),
        async read({ id }, connection) {
          const rows = await host.orders((connection ?? host.root) as never)
          return rows.some((row) => (row as { readonly id: string }).id === id) ? { id } : undefined
        },
        async write({ id }, _order, connection) {
          await host.write(connection as never, id)
        },
      })
      const w = world(host.storage, undefined, [flags, orders])
      const as = (user: string) => w.as(user, { tenant })
      const inside = (transaction: object, user: string) => w.approvals.within(transaction).as({ tenant, user })
      await as('ann').submit(flags.ref('checkout'), { value: { enabled: true, rollout: 40 } })
      await as('ann').policies.save({ id: 'reviewed', match: {}, require: { quorum: 1, from: { roles: ['lead'] } } })
      const request = pending(await as('ann').submit(flags.ref('checkout'), rollout(80)))
      await w.notices()
      const written = async () => (await host.orders(host.root)).length
      const order = `${tenant}-${name.length}`
      return { host, w, as, inside, request, orders, order, written, before: await written() }
    }

    it('[G15] [HO-06] what the host rolls back leaves nothing of ours, and no notice', async () => {
      const { host, w, as, inside, request, order, written, before } = await open()
      const events = await as('ann').audit.events({ request: request.id })
      const delivered = (await w.notices()).length
      const transaction = host.transact(async (transaction) => {
        await host.write(transaction, order)
        const ben = inside(transaction, 'ben')
        const done = await ben.requests.approve(request.id, { digest: request.digest })
        expect(done.request.status).toBe('applied')
        expect((await ben.resources.get(flags.ref('checkout')))?.document.rollout).toBe(80)
        await ben.policies.save({ id: 'more', match: {}, require: { quorum: 2, from: { roles: ['lead'] } } })
        if (host.isApart) expect((await as('ann').requests.get(request.id)).status).toBe('pending')
        throw notNow
      })
      await expect(transaction).rejects.toBe(notNow)
      expect(await as('ann').audit.events({ request: request.id })).toEqual(events)
      expect((await as('ann').requests.get(request.id)).status).toBe('pending')
      expect((await as('ann').resources.get(flags.ref('checkout')))?.document.rollout).toBe(40)
      expect((await as('ann').policies.list()).length).toBe(1)
      expect((await w.notices()).length).toBe(delivered)
      expect(await written()).toBe(before)
      expect((await as('ann').audit.verify()).problems).toEqual([])
    })

    it('[G15] [HO-06] what the host commits is there with the host’s own write, and a refusal in between harms neither', async () => {
      const { host, w, as, inside, request, order, written, before } = await open()
      const delivered = (await w.notices()).length
      const tenant = `acme-${runs}`
      await host.transact(async (transaction) => {
        await host.write(transaction, order)
        expect(await refusal(inside(transaction, 'ann').requests.approve(request.id, { digest: request.digest }))).toBe(
          'self_approval',
        )
        const taken = { type: 'insert', collection: 'policySets', value: { tenant } } as const
        const joined = host.storage.within(transaction)
        await expect(joined.commit([taken])).rejects.toMatchObject({ code: 'duplicate_key' })
        const [there, not] = await joined.get([
          { collection: 'policySets', key: [tenant] },
          { collection: 'policySets', key: ['nobody'] },
        ])
        expect([there?.version, not]).toEqual([1, undefined])
        await Promise.all([
          inside(transaction, 'ben').requests.approve(request.id, { digest: request.digest }),
          inside(transaction, 'ann').requests.get(request.id),
        ])
      })
      expect((await as('ann').requests.get(request.id)).status).toBe('applied')
      expect(await written()).toBe(before + 1)
      expect((await w.notices()).length).toBeGreaterThan(delivered)
      expect((await as('ann').audit.verify()).problems).toEqual([])
    })

    it('[HO-06] a request of one transaction is approved in another, and the host’s resource is written there', async () => {
      const { host, as, inside, orders, order, written, before } = await open()
      const ref = orders.ref(order)
      const submitted: { readonly id: string; readonly digest: string }[] = []
      await host.transact(async (transaction) => {
        submitted.push(pending(await inside(transaction, 'ann').submit(ref, { value: { id: order } })))
      })
      const [request] = submitted
      if (!request) throw notNow
      const approve = async (transaction: never, last: () => void) => {
        const ben = inside(transaction, 'ben')
        expect((await ben.requests.approve(request.id, { digest: request.digest })).request.status).toBe('applied')
        expect((await host.orders(transaction)).length).toBe(before + 1)
        last()
      }
      const thinking = host.transact((transaction) =>
        approve(transaction, () => {
          throw notNow
        }),
      )
      await expect(thinking).rejects.toBe(notNow)
      expect([await written(), (await as('ann').requests.get(request.id)).status]).toEqual([before, 'pending'])
      await host.transact((transaction) => approve(transaction, () => {}))
      expect([await written(), (await as('ann').requests.get(request.id)).status]).toEqual([before + 1, 'applied'])
      expect((await as('ann').audit.verify()).problems).toEqual([])
    })

    it('[E9] [G15] policies change as those in force ask, and go where the host rolls back', async () => {
      const { host, as, inside } = await open()
      const gate = {
        id: 'gate',
        match: { resource: 'countersign.policy' },
        require: { quorum: 1, from: { users: ['ben'] } },
      }
      const reviewed = policyResource.ref('reviewed')
      await as('ann').policies.save(gate)
      const transaction = host.transact(async (transaction) => {
        const ann = inside(transaction, 'ann')
        expect(await refusal(ann.policies.remove('reviewed'))).toBe('policy_gated')
        expect(await refusal(ann.policies.save({ ...gate, match: { resource: 'feature_flag' } }))).toBe('policy_gated')
        const removal = pending(await ann.submit(reviewed, { remove: true }))
        await inside(transaction, 'ben').requests.approve(removal.id, { digest: removal.digest })
        expect((await ann.policies.list()).map(({ id }) => id)).toEqual(['gate'])
        throw notNow
      })
      await expect(transaction).rejects.toBe(notNow)
      expect((await as('ann').policies.list()).map(({ id }) => id)).toEqual(['gate', 'reviewed'])
      const removal = pending(await as('ann').submit(reviewed, { remove: true }))
      await host.transact(async (transaction) => {
        await inside(transaction, 'ben').requests.approve(removal.id, { digest: removal.digest })
      })
      expect((await as('ann').policies.list()).map(({ id }) => id)).toEqual(['gate'])
      expect((await as('ann').audit.verify()).problems).toEqual([])
    })

    it('[HO-06] what a transaction inside of the transaction rolls back is gone, and the rest stays', async () => {
      const { host, as, inside } = await open()
      const flag = { enabled: true, rollout: 1 }
      const ids = new Map<string, string>()
      await host.transact(async (transaction) => {
        const submit = async (on: object, id: string) => {
          ids.set(id, pending(await inside(on, 'ann').submit(flags.ref(id), { value: flag })).id)
        }
        await submit(transaction, 'first')
        const inner = host.nested(transaction, async (within) => {
          await submit(within, 'inner')
          throw notNow
        })
        await expect(inner).rejects.toBe(notNow)
        await host.nested(transaction, (within) => submit(within, 'kept'))
        await submit(transaction, 'last')
      })
      const there = new Set((await as('ann').requests.list()).requests.map(({ id }) => id))
      expect([...ids].flatMap(([name, id]) => (there.has(id) ? [name] : []))).toEqual(['first', 'kept', 'last'])
      expect((await as('ann').audit.verify()).problems).toEqual([])
    })

    it('[G15] [HO-06] refuses what is no transaction, and one that has ended, and writes nothing', async () => {
      const { host, w } = await open()
      for (const [given, line] of host.refused) {
        const use = async () => {
          const joined = w.approvals.within(given as object)
          return await joined
            .as({ tenant: 'acme', user: 'ann' })
            .policies.save({ id: 'stray', match: {}, require: { quorum: 1, from: { roles: ['lead'] } } })
        }
        await expect(use(), line).rejects.toMatchObject({
          code: 'invalid_input',
          message: expect.stringContaining(line),
        })
      }
      const ended: object[] = []
      const joined: ReturnType<TransactionalStorage['within']>[] = []
      await host.transact(async (transaction) => {
        const storage = host.storage.within(transaction)
        await storage.get([{ collection: 'requests', key: ['acme', 'a'] }])
        ended.push(transaction)
        joined.push(storage)
      })
      const stray = { tenant: `acme-${runs}`, id: 'stray' }
      const late = async (storage: () => ReturnType<TransactionalStorage['within']>) => {
        const told = storage().commit([{ type: 'insert', collection: 'requests', value: stray }])
        return await told.then(() => undefined)
      }
      const refuses = async (storage: () => ReturnType<TransactionalStorage['within']>) => {
        const thrown = await late(storage).catch((thrown) => thrown)
        expect(isApprovalError(thrown) && ['invalid_input', 'storage_failed'].includes(thrown.code)).toBe(true)
      }
      const again = () => host.storage.within(ended[0] as object)
      const before = () => joined[0] as ReturnType<TransactionalStorage['within']>
      await refuses(again)
      await refuses(before)
      if (host.knowsItsEnd) {
        await host.transact(async () => {
          await refuses(again)
          await refuses(before)
        })
      }
      expect(await host.storage.get([{ collection: 'requests', key: [stray.tenant, stray.id] }])).toEqual([undefined])
    })
  })
}

/** Watches what a storage says to its own pool while a transaction of each host is open. */
export function onNoOtherConnection(pool: PostgresPool, hosts: Readonly<Record<string, () => Host>>): void {
  it.each(Object.keys(hosts))(
    '[G15] sends no statement over another connection than the transaction of %s',
    async (name) => {
      const host = (hosts[name] as () => Host)()
      let open = false
      const elsewhere: string[] = []
      const watched: PostgresPool = {
        query: (query) => {
          if (open) elsewhere.push(query.text)
          return pool.query(query)
        },
        connect: async (): Promise<PostgresPoolClient> => {
          if (open) elsewhere.push('connect')
          return await (pool as unknown as { connect(): Promise<PostgresPoolClient> }).connect()
        },
        end: () => pool.end(),
      }
      const w = world(postgresStorage(watched))
      const tenant = `alone-${++runs}`
      const as = (user: string) => w.as(user, { tenant })
      await as('ann').policies.save({ id: 'reviewed', match: {}, require: { quorum: 1, from: { roles: ['lead'] } } })
      const done = host.transact(async (transaction) => {
        open = true
        const inside = (user: string) => w.approvals.within(transaction).as({ tenant, user })
        const request = pending(await inside('ann').submit(flags.ref('a'), { value: { enabled: true, rollout: 1 } }))
        await inside('ben').requests.approve(request.id, { digest: request.digest })
        expect((await inside('ann').requests.list()).requests.map(({ status }) => status)).toEqual(['applied'])
        open = false
        throw notNow
      })
      await expect(done).rejects.toBe(notNow)
      expect(elsewhere).toEqual([])
    },
  )
}
