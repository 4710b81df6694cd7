import { PGlite } from '@electric-sql/pglite'
import { afterAll, expect, it } from 'vitest'
import { type PostgresLite, postgresStorage } from '../../src/storage/postgres.ts'
import { flags, pending, rollout, world } from '../world.ts'

const lite = await PGlite.create()
afterAll(() => lite.close())

it('a submission takes three round trips on PostgreSQL, and so does a review, also when it applies the change', async () => {
  const trips: string[] = []
  let [waves, asked] = [0, 0]
  const counted: PostgresLite = {
    async query(text, values) {
      trips.push(text)
      if (asked++ === 0) waves++
      return await lite.query<never>(text, values).finally(() => asked--)
    },
    transaction: (work) => {
      trips.push('transaction')
      return lite.transaction(work)
    },
  }
  const w = world(postgresStorage(counted))
  await w.flag('checkout')
  await w.policy({ require: { quorum: 2, from: { roles: ['lead'] } } })
  const request = pending(await w.as('ann').submit(flags.ref('checkout'), rollout(80)))
  // What a commit checks as absent for the first time is marked, once.
  const another = pending(await w.as('ann').submit(flags.ref('checkout'), rollout(70)))
  const tripsOf = async (call: Promise<{ readonly request: { readonly status: string } }>) => {
    trips.length = 0
    const { status } = (await call).request
    return { status, trips: trips.length }
  }
  const approve = (user: string, { id, digest }: typeof request) => tripsOf(w.as(user).requests.approve(id, { digest }))
  await approve('ben', another)
  // What others have asked for is looked up while the facts are read, by one page of an index, and one read.
  waves = 0
  trips.length = 0
  const { others } = pending(await w.as('ann').submit(flags.ref('checkout'), rollout(60)))
  expect(others).toHaveLength(2)
  expect([waves, trips.length]).toEqual([3, 5])
  expect(await approve('ben', request)).toEqual({ status: 'pending', trips: 3 })
  // What others have asked for may go stale by it: that is looked up with the content, by one page of an index.
  waves = 0
  expect(await approve('cat', request)).toEqual({ status: 'applied', trips: 4 })
  expect(waves).toBe(3)
})
