import { describe, expect, it } from 'vitest'
import { type Audiences, createApprovals, type Storage, staticDirectory } from '../../src/index.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { aSwitch, hour, lifecycleWorld, switches } from '../lifecycle-world.ts'
import { flags, pending, rollout, start, storages, type World, world } from '../world.ts'

import { kinds, planWorld } from './host-world.ts'

const people = {
  ann: ['dev'],
  ben: ['lead'],
  cat: ['lead'],
  dan: ['security'],
  eve: ['dev'],
  zoe: ['dev'],
}
const ref = flags.ref('checkout')
const described = (description: string) => ({ merge: { description } })

async function opened(storage: Storage, rules: object = {}, notices: Partial<Audiences> = {}) {
  const w = world(storage, people, undefined, { notices })
  for (const id of ['checkout', 'search'])
    await w.as('zoe').submit(flags.ref(id), { value: { enabled: true, rollout: 1 } })
  await w.policy({ rules: { bypass: ['security'], edit: 'anyone', cancel: 'any_time', ...rules } })
  const asks = async (user: string, change: object = rollout(50), which = ref) =>
    pending(await w.as(user).submit(which, change as never))
  return { w, asks, told: () => stale(w), moves: (change: object, which = ref) => moveOn(w, change, which) }
}

/** What Dan changes past everybody. */
async function moveOn(w: World, change: object, which = ref) {
  await w.as('dan').bypass(which, change as never, { reason: 'it burns' })
}

async function stale(w: Pick<World, 'notices'>) {
  const all = (await w.notices()).filter(({ type }) => type === 'stale')
  return all.map(({ request, to, by }) => `${request}: ${to.toSorted().join(' ')}, by ${by}`)
}

describe.each(storages)('[TI-07] people are told that a request went stale, on $name', ({ open }) => {
  it('[TI-07] its requester and whoever edited it, once, and not who moved the resource', async () => {
    const { w, asks, told, moves } = await opened(open())
    const { id } = await asks('ann')
    await w.as('eve').requests.edit(id, ref, rollout(60))
    const own = await asks('dan', described('mine'))
    const other = await asks('cat', rollout(2), flags.ref('search'))
    await moves({ merge: { rollout: 7 } })
    expect(await told()).toEqual([`${id}: ann eve, by dan`])
    const [notice] = (await w.notices()).filter(({ type }) => type === 'stale')
    expect(notice).toMatchObject({ resources: [{ type: ref.type, id: ref.id }], at: start })
    await moves({ merge: { rollout: 8 } })
    expect(await told()).toHaveLength(1)
    expect((await w.as('ann').requests.get(id)).stale).toBe(true)
    expect((await w.as('ann').requests.get(own.id)).stale).toBe(true)
    expect((await w.as('ann').requests.get(other.id)).stale).toBe(false)
    const anew = await asks('ann', rollout(9))
    await moves({ merge: { rollout: 10 } })
    expect((await told()).slice(1)).toEqual([`${anew.id}: ann, by dan`])
    await w.as('cat').submit(ref, { merge: { rollout: 11 } })
    expect(await told()).toHaveLength(2)
    expect((await w.as('ann').audit.verify()).problems).toEqual([])
  })

  it('[TI-07] by whatever moves it: another request, a write that nobody approves, a removal', async () => {
    const { w, asks, told } = await opened(open())
    const first = await asks('ann')
    const second = await asks('eve', rollout(60))
    await w.as('ben').requests.approve(second.id, { digest: second.digest })
    expect(await told()).toEqual([`${first.id}: ann, by eve`])
    const third = await asks('ann', rollout(70))
    await w.as('zoe').policies.remove('reviewed')
    await w.as('zoe').submit(ref, rollout(3))
    expect((await told()).slice(1)).toEqual([`${third.id}: ann, by zoe`])
    await w.policy({ rules: { bypass: ['security'] } })
    const fourth = await asks('ann', rollout(80))
    await moveOn(w, { remove: true })
    expect((await told()).slice(2)).toEqual([`${fourth.id}: ann, by dan`])
  })

  it('[TI-07] if what is stale is merged by itself, as soon as it collides', async () => {
    const { w, asks, told, moves } = await opened(open(), { onStale: 'rebase' })
    const { id } = await asks('ann')
    await moves(described('one'))
    expect(await told()).toEqual([])
    await moves({ merge: { rollout: 6 } })
    await moves({ merge: { rollout: 1 } })
    expect(await told()).toEqual([])
    await moves(described('two'))
    await moves({ merge: { rollout: 7 } })
    await moves({ merge: { rollout: 8 } })
    expect(await told()).toEqual([`${id}: ann, by dan`])
    await moves({ merge: { rollout: 1 } })
    expect(await told()).toHaveLength(1)
    await moves({ merge: { rollout: 9 } })
    expect(await told()).toEqual([`${id}: ann, by dan`, `${id}: ann, by dan`])
    expect((await w.as('ann').audit.verify()).problems).toEqual([])
  })

  it('[TI-07] by what the host has changed, and by the clock', async () => {
    for (const kind of kinds) {
      const w = await planWorld(kind, open())
      const plan = w.plans.ref('pro')
      const { id } = pending(await w.as('ann').submit(plan, { value: { cents: 5900 } }))
      w.rows.set('pro', { cents: 4500 })
      await w.as('eve').resources.get(plan)
      await w.as('eve').preview(plan, { value: { cents: 1 } })
      expect(await stale(w)).toEqual([`${id}: ann, by countersign`])
    }
    const w = lifecycleWorld(open())
    const toggle = switches.ref('checkout')
    await w.as('ann').submit(toggle, { value: aSwitch })
    await w.as('ann').submit(toggle, { action: 'schedule', at: w.now() + hour })
    await w.gate(['edit'])
    const { id } = await w.ask(toggle, { merge: { description: 'new' } })
    w.pass(hour)
    expect((await w.approvals.tick()).moved).toBe(1)
    expect(await stale(w)).toEqual([`${id}: ann, by countersign`])
  })

  it('[TI-07] of several resources that moved together, once', async () => {
    const { w, told } = await opened(open())
    const both = ['checkout', 'search'].map((id) => ({ ref: flags.ref(id), change: rollout(50) }))
    const { id } = pending(await w.as('ann').submitAll(both))
    const other = pending(await w.as('eve').submitAll(both.map((one) => ({ ...one, change: rollout(60) }))))
    await w.as('ben').requests.approve(other.id, { digest: other.digest })
    expect(await told()).toEqual([`${id}: ann, by eve`])
    await w.notices()
    expect(await told()).toHaveLength(1)
  })

  it('[TI-07] however many they are, each once, whatever several ticks do at once', async () => {
    const { w, asks, moves } = await opened(open())
    const ids: string[] = []
    for (let at = 0; at < 45; at++) ids.push((await asks(at % 2 ? 'ann' : 'eve', rollout(10 + at))).id)
    await moves({ merge: { rollout: 7 } })
    const reports = await Promise.all([1, 2, 3].map(() => w.approvals.tick()))
    expect(reports.flatMap(({ failed }) => failed)).toEqual([])
    await w.approvals.tick()
    const told = (await w.notices()).filter(({ type }) => type === 'stale').map(({ request }) => request)
    expect(told.toSorted()).toEqual(ids.toSorted())
  })
})

describe('[TI-07] of what went stale', () => {
  it('[TI-07] nobody is told what is over, a draft, or rebased since', async () => {
    const { w, asks, told, moves } = await opened(memoryStorage())
    const gone = await asks('ann')
    await w.as('ann').draft(ref, rollout(60))
    await moves({ merge: { rollout: 7 } })
    await w.as('ann').requests.cancel(gone.id)
    expect(await told()).toEqual([])
    const again = await asks('ann')
    await moves({ merge: { rollout: 8 } })
    await w.as('ann').requests.rebase(again.id)
    expect(await told()).toEqual([])
  })

  it('[TI-07] nobody is told who may not read the request any more', async () => {
    const { w, asks, told, moves } = await opened(memoryStorage())
    const { id } = await asks('ann')
    await w.as('eve').requests.edit(id, ref, rollout(60))
    await moves({ merge: { rollout: 7 } })
    w.leave('eve')
    expect(await told()).toEqual([`${id}: ann, by dan`])
  })

  it('[TI-07] those are told whom the application names', async () => {
    const { asks, told, moves } = await opened(memoryStorage(), {}, { stale: ['approvers'] })
    const { id } = await asks('ann')
    await moves({ merge: { rollout: 7 } })
    expect(await told()).toEqual([`${id}: ben cat, by dan`])
  })

  it('[TI-07] no tenant hears of another one', async () => {
    const { w, told, moves } = await opened(memoryStorage())
    const other = (user: string) => w.approvals.as({ tenant: 'umbrella', user })
    await other('zoe').submit(ref, { value: { enabled: true, rollout: 1 } })
    await other('zoe').policies.save({ id: 'p', match: {}, require: { quorum: 1, from: { roles: ['lead'] } } })
    pending(await other('ann').submit(ref, rollout(50)))
    await moves({ merge: { rollout: 7 } })
    expect(await told()).toEqual([])
  })

  it('[TI-07] is told after a crash between any two commits, once', async () => {
    for (let failing = 1; failing <= 5; failing++) {
      const storage = memoryStorage()
      let left = Number.POSITIVE_INFINITY
      const flaky: Storage = {
        ...storage,
        async commit(writes, effect) {
          if (--left === 0) throw new TypeError('The process was killed.')
          return await storage.commit(writes, effect)
        },
      }
      const { w, asks, moves } = await opened(flaky)
      const ids = new Set<string>()
      for (let at = 0; at < 25; at++) ids.add((await asks('ann', rollout(10 + at))).id)
      await moves({ merge: { rollout: 7 } })
      left = failing
      await w.approvals.tick().catch(() => {})
      left = Number.POSITIVE_INFINITY
      w.pass(2 * 60 * 60 * 1000)
      await w.approvals.tick()
      const notices = (await w.notices()).filter(({ type }) => type === 'stale')
      // A notice whose delivery was cut short comes again, with the id that it had.
      expect(new Set(notices.map(({ request }) => request))).toEqual(ids)
      expect(new Set(notices.map(({ id }) => id)).size).toBe(ids.size)
    }
  })

  it('[TI-07] nothing is written where nobody delivers notices, or nobody else asks for a change', async () => {
    const quiet = memoryStorage()
    const approvals = createApprovals({
      storage: quiet,
      resources: [flags],
      directory: staticDirectory(people),
      admins: 'anyone',
    })
    const as = (user: string) => approvals.as({ tenant: 'acme', user })
    await as('zoe').submit(ref, { value: { enabled: true, rollout: 1 } })
    await as('zoe').policies.save({
      id: 'p',
      match: {},
      require: { quorum: 1, from: { roles: ['lead'] } },
      rules: { bypass: ['security'] },
    })
    pending(await as('ann').submit(ref, rollout(50)))
    await as('dan').bypass(ref, rollout(60), { reason: 'it burns' })
    expect(await outbox(quiet)).toEqual([])
    const storage = memoryStorage()
    const { asks, moves, w } = await opened(storage)
    const { id, digest } = await asks('ann')
    await w.notices()
    await moves({ merge: { rollout: 7 } }, flags.ref('search'))
    await w.as('ann').requests.cancel(id)
    const own = await asks('ann', rollout(70))
    expect(digest).not.toBe(own.digest)
    await w.as('ben').requests.approve(own.id, { digest: own.digest })
    expect((await outbox(storage)).filter((one) => one.startsWith('moved/'))).toEqual([])
  })
})

async function outbox(storage: Storage) {
  const { records } = await storage.list({
    collection: 'outbox',
    index: 'byDue',
    where: [],
    order: 'ascending',
    limit: 100,
  })
  return records.map(({ value }) => String(value['id']))
}
