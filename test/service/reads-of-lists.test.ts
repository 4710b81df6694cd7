import { expect, it } from 'vitest'
import type { Storage } from '../../src/index.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { flags, pending, rollout, world } from '../world.ts'

/** A storage that notes what it is asked, call by call. */
function watched() {
  const storage = memoryStorage()
  const asked: string[] = []
  const noted: Storage = {
    ...storage,
    async get(keys) {
      asked.push(`get ${keys.map(({ collection }) => collection).join(' ')}`)
      return await storage.get(keys)
    },
    async list(query) {
      asked.push(`list ${query.collection}`)
      return await storage.list(query)
    },
    async count(query) {
      asked.push(`count ${query.collection}`)
      return await storage.count(query)
    },
  }
  const of = async (call: () => Promise<unknown>) => {
    asked.length = 0
    await call()
    return [...asked]
  }
  return { noted, of }
}

/** Two requests about one flag wait, and two are applied. */
async function office() {
  const { noted, of } = watched()
  const w = world(noted)
  await w.flag('checkout')
  await w.policy({ require: { quorum: 1, from: { roles: ['lead'] } } })
  for (const step of [10, 20]) {
    const { id, digest } = pending(await w.as('ann').submit(flags.ref('checkout'), rollout(step)))
    await w.as('ben').requests.approve(id, { digest })
  }
  for (const step of [30, 40]) await w.as('ann').submit(flags.ref('checkout'), rollout(step))
  return { ann: w.as('ann').requests, ben: w.as('ben').requests, of }
}

it('a list reads the settings, its page, and what only the requests on it need, each once', async () => {
  const { ann, of } = await office()
  await ann.list()
  expect(await of(() => ann.list({ status: 'applied' }))).toEqual([
    'get policySets',
    'list requests',
    'get contents contents',
  ])
  expect(await of(() => ann.list({ status: 'pending' }))).toEqual([
    'get policySets',
    'list requests',
    'get contents contents resources',
  ])
})

it('a count of what waits reads the settings, and then counts while it looks for what has expired', async () => {
  const { ann, of } = await office()
  await ann.list()
  expect(await of(() => ann.count({ status: 'pending' }))).toEqual([
    'get policySets',
    'count requests',
    'list requests',
  ])
  expect(await ann.count({ status: 'pending' })).toEqual({ count: 2 })
})

it('the inbox asks once what the policies ask, and reads what is live once', async () => {
  const { ben, of } = await office()
  await ben.inbox()
  const asked = await of(() => ben.inbox())
  expect(asked.filter((one) => one.startsWith('get'))).toEqual([
    'get policySets',
    'get requests requests',
    'get contents contents resources',
  ])
})

it('what is shown of a request says nothing of how it is kept', async () => {
  const w = world(memoryStorage())
  for (const id of ['checkout', 'search']) await w.flag(id)
  await w.policy({ require: { quorum: 1, from: { roles: ['lead'] } } })
  const { id } = pending(await w.as('ann').submit(flags.ref('checkout'), rollout(80)))
  const added = (await w.as('ann').requests.add(id, flags.ref('search'), rollout(41))).request
  const [listed] = (await w.as('ann').requests.list()).requests
  const [waiting] = (await w.as('ben').requests.inbox()).requests
  const got = await w.as('ann').requests.get(id)
  const kept = ['awaited', 'dueAt', 'edition', 'head', 'joined', 'objections', 'policySet', 'putOff', 'targetVersion']
  for (const one of [added, listed, waiting, got]) {
    expect(one?.resources).toHaveLength(2)
    expect(Object.keys(one ?? {}).filter((name) => kept.includes(name))).toEqual([])
  }
})
