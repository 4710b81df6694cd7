import { describe, expect, it } from 'vitest'
import { refuse } from '../../src/errors/result.ts'
import { ApprovalError, type RequestStatus, type Storage } from '../../src/index.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { aSwitch, lifecycleWorld, switches } from '../lifecycle-world.ts'
import { flags, pending, refusal, storages, world } from '../world.ts'

/** A storage that counts what is read, and can be made to fail from the next commit but so many on. */
function brittle(inner: Storage) {
  const state = { left: Number.POSITIVE_INFINITY, reads: 0 }
  const storage: Storage = {
    async get(keys) {
      state.reads++
      return await inner.get(keys)
    },
    async list(query) {
      state.reads++
      return await inner.list(query)
    },
    async count(query) {
      state.reads++
      return await inner.count(query)
    },
    async commit(writes, effect) {
      if (state.left-- <= 0)
        throw new ApprovalError(refuse('storage_failed', { operation: 'commit', problem: 'gone' }).refusal)
      await inner.commit(writes, effect)
    },
    close: () => inner.close(),
  }
  return { state, storage }
}

const people = { ann: ['developer'], ben: ['lead'], cat: ['lead'], dan: ['developer'] }

/** A tenant in which requests wait in every open state: those of `web` and of `shop`, and one that has ended. */
async function waitingWorld(inner: Storage, many = 1) {
  const { state, storage } = brittle(inner)
  const w = world(storage, people)
  const [ann, ben] = [w.as('ann'), w.as('ben')]
  await w.policy({ rules: { apply: 'by_hand' }, match: { resource: 'feature_flag' } })
  const ask = async (id: string, project: string) =>
    pending(await ann.submit(flags.ref(id, { project }), { value: { enabled: true, rollout: 1 } }))
  const ids: Record<string, string[]> = { web: [], shop: [] }
  for (const project of ['web', 'shop']) {
    for (let index = 0; index < many; index++) ids[project]?.push((await ask(`${project}-${index}`, project)).id)
    const approved = await ask(`${project}-approved`, project)
    await ben.requests.approve(approved.id, { digest: approved.digest })
    const back = await ask(`${project}-back`, project)
    await ben.requests.requestChanges(back.id, { digest: back.digest, reason: 'why?' })
    ids[project]?.push(approved.id, back.id)
  }
  const ended = await ask('ended', 'web')
  await ben.requests.reject(ended.id, { digest: ended.digest, reason: 'no' })
  await ann.draft(flags.ref('own', { project: 'web' }), { value: { enabled: true, rollout: 1 } })
  /** Switches off, so that nothing but that is recorded. */
  const switchOff = async (options: Parameters<typeof ben.workflow.disable>[0]) => {
    state.left = 1
    await ben.workflow.disable(options)
    state.left = Number.POSITIVE_INFINITY
  }
  return { w, ann, ben, ids, state, switchOff }
}

const states = ['draft', 'pending', 'changes_requested', 'approved', 'rejected', 'expired'] as const
const filters: readonly { readonly status?: RequestStatus | readonly RequestStatus[]; readonly project?: string }[] = [
  {},
  ...states.map((status) => ({ status })),
  ...states.map((status) => ({ status, project: 'web' })),
  { status: ['draft', 'pending', 'approved', 'changes_requested'] },
  { status: ['pending', 'rejected'] },
  { status: ['draft', 'expired'], project: 'shop' },
]

type Waiting = Awaited<ReturnType<typeof waitingWorld>>

/** Everything that readers are told of the states of requests. */
async function told({ w, ids }: Waiting) {
  const views: unknown[] = []
  for (const user of ['ann', 'ben']) {
    const { requests } = w.as(user)
    for (const filter of filters) {
      const listed: unknown[] = []
      for (let after: string | undefined; ; ) {
        const page = await requests.list({ ...filter, limit: 2, ...(after === undefined ? {} : { after }) })
        listed.push(
          ...page.requests.map(({ id, status, reviews, approval, stale }) => [id, status, reviews, approval, stale]),
        )
        expect(page.next === undefined || page.requests.length === 2).toBe(true)
        after = page.next
        if (after === undefined) break
      }
      const { count, more } = await requests.count(filter)
      expect({ filter, count, more }).toEqual({ filter, count: listed.length, more: undefined })
      views.push([user, filter, listed])
    }
    const inbox = await requests.inbox()
    const counted = await requests.count({ inbox: true })
    expect(counted.count).toBe(inbox.requests.length)
    views.push([user, inbox.requests.map(({ id }) => id), counted])
    for (const id of Object.values(ids).flat()) {
      const { status, reviews, approval, round, others } = await requests.get(id)
      const { entries } = await requests.timeline(id)
      const standings = entries.map((entry) => ('standing' in entry ? entry.standing?.counts === true : false))
      views.push([user, id, status, reviews, approval, round, others, standings.includes(true)])
    }
  }
  return views
}

describe.each(storages)('[WO-18] what waited when the workflow is switched off, on $name', ({ open }) => {
  it('[WO-18] is told of at once as it is once all of it is recorded', async () => {
    const waiting = await waitingWorld(open())
    const { w, ann, switchOff, ids } = waiting
    expect(await ann.requests.count({ status: 'pending' })).toEqual({ count: 2 })
    await switchOff({ project: 'web' })
    const atOnce = await told(waiting)
    expect((await w.approvals.tick()).failed).toEqual([])
    for (const id of ids['web'] ?? []) {
      const log = await ann.audit.events({ request: id })
      expect(log.at(-1)?.event).toMatchObject({ type: 'returned' })
    }
    expect(atOnce).toEqual(await told(waiting))
    expect((await ann.audit.verify()).problems).toEqual([])
  })

  it('[WO-18] however much, in one project or in all, and goes on to be so when it is on again', async () => {
    const waiting = await waitingWorld(open(), 12)
    const { ann, ben, switchOff, w } = waiting
    await switchOff({})
    await ben.workflow.enable()
    expect(await ann.requests.count({ status: ['pending', 'approved', 'changes_requested'] })).toEqual({ count: 0 })
    expect(await ann.requests.list({ status: 'pending' })).toEqual({ requests: [] })
    expect(await ann.requests.count({ status: 'draft' })).toEqual({ count: 29 })
    const fresh = pending(
      await ann.submit(flags.ref('fresh', { project: 'web' }), { value: { enabled: true, rollout: 1 } }),
    )
    expect((await ann.requests.list({ status: 'pending' })).requests).toMatchObject([{ id: fresh.id }])
    expect((await ben.requests.inbox()).requests).toMatchObject([{ id: fresh.id }])
    const atOnce = await told(waiting)
    while ((await w.approvals.tick()).returned > 0) w.pass(1)
    const later = await told(waiting)
    expect(atOnce).toEqual(later)
  })
})

describe('[WO-18] what is told at once', () => {
  it('[WO-18] keeps the words of what is held', async () => {
    const { ann, ben, ids } = await waitingWorld(memoryStorage())
    await ben.workflow.disable({ waiting: 'hold' })
    expect(await ann.requests.count({ status: 'pending' })).toEqual({ count: 2 })
    expect(await ann.requests.count({ status: 'draft' })).toEqual({ count: 1 })
    const [id = ''] = ids['web'] ?? []
    const { status, digest } = await ben.requests.get(id)
    expect(status).toBe('pending')
    expect(await refusal(ben.requests.approve(id, { digest }))).toBe('workflow_off')
  })

  it('[WO-18] costs nothing while nothing has to be recorded, however much waits', async () => {
    const cost = async (many: number, meanwhile: (waiting: Waiting) => Promise<void>) => {
      const waiting = await waitingWorld(memoryStorage(), many)
      await meanwhile(waiting)
      const { ann, state } = waiting
      state.reads = 0
      for (const status of ['draft', 'pending', 'rejected'] as const) {
        await ann.requests.list({ status, limit: 1 })
        await ann.requests.count({ status })
      }
      return state.reads
    }
    const on = await cost(1, async () => {})
    expect(await cost(60, async () => {})).toBe(on)
    const recorded = await cost(1, async ({ w, ben }) => {
      await ben.workflow.disable()
      await ben.workflow.enable()
      for (let call = 0; call < 5; call++) {
        await w.approvals.tick()
        w.pass(60_000)
      }
    })
    expect(recorded - on).toBeLessThanOrEqual(6)
  })

  it('[WO-18] shows no state of a life cycle for what does not wait any more', async () => {
    const { state, storage } = brittle(memoryStorage())
    const w = lifecycleWorld(storage)
    const its = switches.ref('checkout')
    await w.as('ann').submit(its, { value: aSwitch })
    await w.as('ann').policies.save({
      id: 'all',
      match: { resource: switches.type },
      require: { quorum: 1, from: { roles: ['lead'] } },
    })
    const one = await w.as('ann').submit(its, { action: 'activate' })
    expect(one.status).toBe('pending')
    const before = await w.as('ann').resources.get(its)
    state.left = 1
    await w.as('ann').workflow.disable()
    state.left = Number.POSITIVE_INFINITY
    const after = await w.as('ann').resources.get(its)
    expect(before?.lifecycle).toMatchObject({ waiting: { action: 'activate' } })
    expect(after?.lifecycle).not.toHaveProperty('waiting')
    expect(after?.lifecycle?.shown).toBe(after?.lifecycle?.state)
  })
})
