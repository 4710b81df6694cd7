import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type ApprovalError, createApprovals, defineResource, type Storage, staticDirectory } from '../../src/index.ts'
import type { FreezeInput } from '../../src/service/records/freeze-records.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { sqliteStorage } from '../../src/storage/sqlite.ts'
import { accessWorld } from '../access-world.ts'
import { aSwitch, lifecycleWorld, switches } from '../lifecycle-world.ts'
import { day, flags, pending, refusal, rollout, start, storages, world } from '../world.ts'

const ref = flags.ref('checkout')
const hour = day / 24

/** A freeze of a day that begins in an hour. */
function freeze(more: Partial<FreezeInput> = {}): FreezeInput {
  const windows = [{ from: start + hour, until: start + hour + day }]
  return { id: 'release', match: {}, windows, mode: 'block', reason: 'the release', ...more }
}

const ends = start + hour + day

async function frozenWorld(storage: Storage, more: Partial<FreezeInput> = {}) {
  const w = world(storage)
  await w.flag('checkout')
  await w.flag('other')
  await w.as('ann').freezes.save(freeze(more))
  const live = async (which = ref) => (await w.approvals.reader('acme').resources.get(which))?.document?.rollout
  const sound = async () => expect((await w.as('ann').audit.verify()).problems).toEqual([])
  return { w, live, sound }
}

async function details(call: Promise<unknown>) {
  return await call.then(
    () => undefined,
    (error: ApprovalError) => ({ code: error.code, ...error.details }),
  )
}

const frozen = { code: 'frozen', type: 'feature_flag', id: 'checkout', freeze: 'release', mode: 'block', until: ends }

describe.each(storages)('[TI-02] a freeze that blocks, on $name', ({ open }) => {
  it('[TI-02] refuses what nobody has to approve, says until when, and is over then', async () => {
    const { w, live, sound } = await frozenWorld(open())
    const ann = w.as('ann')
    await ann.submit(ref, rollout(41))
    w.pass(hour - 1)
    await ann.submit(ref, rollout(42))
    w.pass(1)
    expect(await details(ann.submit(ref, rollout(43)))).toMatchObject({ ...frozen, reason: 'the release' })
    expect(await details(ann.preview(ref, rollout(43)))).toMatchObject(frozen)
    expect(await refusal(ann.submit(ref, { remove: true }))).toBe('frozen')
    expect(await refusal(ann.submit(ref, { revertTo: 1 }))).toBe('frozen')
    expect(await refusal(ann.submit(flags.ref('new'), { value: { enabled: true, rollout: 1 } }))).toBe('frozen')
    expect(await refusal(ann.submitAll([{ ref, change: rollout(50) }]))).toBe('frozen')
    const draft = await ann.draft(ref, rollout(43))
    expect(await refusal(ann.requests.submit(draft.id))).toBe('frozen')
    expect(await live()).toBe(42)
    w.pass(day - 1)
    expect(await refusal(ann.submit(ref, rollout(43)))).toBe('frozen')
    w.pass(1)
    expect((await ann.submit(ref, rollout(43))).status).toBe('applied')
    await sound()
  })

  it('[TI-02] keeps what is approved, which is applied by hand afterwards, and by nothing else', async () => {
    const { w, live, sound } = await frozenWorld(open())
    await w.policy()
    const ann = w.as('ann')
    const [now, later, hand] = [
      pending(await ann.submit(ref, rollout(50))),
      pending(await ann.submit(ref, rollout(60), { applyAt: start + 2 * hour })),
      pending(await ann.submit(ref, rollout(70))),
    ]
    await w.as('ben').requests.approve(later.id, { digest: later.digest })
    w.pass(hour)
    const foretold = await ann.preview(ref, rollout(80))
    expect(foretold).toMatchObject({ status: 'pending', frozen: { code: 'frozen', details: { until: ends } } })
    const { request } = await w.as('ben').requests.approve(now.id, { digest: now.digest })
    expect(request).toMatchObject({ status: 'approved', reviews: [{ by: 'ben' }] })
    const seen = await ann.requests.get(now.id)
    expect(seen.can).toMatchObject({ apply: { code: 'frozen' }, cancel: { code: 'already_reviewed_by_others' } })
    expect(seen.frozen).toMatchObject({ details: { freeze: 'release', until: ends } })
    expect(await details(ann.requests.apply(now.id))).toMatchObject(frozen)
    expect(await refusal(w.as('ben').requests.apply(now.id))).toBe('frozen')
    w.pass(hour)
    for (let round = 0; round < 3; round++) {
      await w.approvals.tick()
      w.pass(hour)
    }
    expect(await ann.requests.get(later.id)).toMatchObject({ status: 'approved', scheduleDropped: true })
    expect(await live()).toBe(40)
    w.pass(day)
    await w.approvals.tick()
    expect(await live()).toBe(40)
    expect(await ann.requests.get(now.id)).toMatchObject({ status: 'approved', reviews: [{ by: 'ben' }] })
    await ann.requests.apply(now.id)
    expect(await live()).toBe(50)
    const last = await ann.requests.get(hand.id)
    expect(last.stale).toBe(true)
    await sound()
  })

  it('[TI-02] lets a bypass and a broken glass pass, on record', async () => {
    const { w, live, sound } = await frozenWorld(open())
    await w.policy({ rules: { bypass: ['security'], breakGlass: ['security'] } })
    const [one, two] = [
      pending(await w.as('ann').submit(ref, rollout(50))),
      pending(await w.as('ann').submit(ref, { merge: { description: 'burning' } })),
    ]
    w.pass(hour)
    const dan = w.as('dan')
    expect((await dan.requests.get(one.id)).can).toMatchObject({
      bypass: true,
      breakGlass: true,
      apply: { code: 'not_open' },
    })
    await dan.requests.bypass(one.id, { digest: one.digest, reason: 'it burns' })
    expect(await live()).toBe(50)
    await w.as('ann').requests.rebase(two.id)
    const { digest } = await dan.requests.get(two.id)
    await dan.requests.breakGlass(two.id, { digest, reason: 'it burns', incident: 'inc-1' })
    expect((await dan.resources.get(ref))?.document.description).toBe('burning')
    for (const [id, type] of [
      [one.id, 'bypassed'],
      [two.id, 'glass_broken'],
    ] as const) {
      const events = await w.as('ann').audit.events({ request: id })
      expect(events.map(({ event }) => event).find((event) => event['type'] === type)).toMatchObject({
        freezes: ['release'],
      })
    }
    await sound()
  })
})

describe.each(storages)('[TI-02] a freeze that queues, on $name', ({ open }) => {
  it('[TI-02] lets wait what is approved, or needs nobody, until it is over', async () => {
    const { w, live, sound } = await frozenWorld(open(), { mode: 'queue' })
    const ann = w.as('ann')
    w.pass(hour)
    expect(await ann.preview(ref, rollout(50))).toMatchObject({ status: 'approved', frozen: { code: 'frozen' } })
    const free = await ann.submit(ref, rollout(50))
    expect(free).toMatchObject({ status: 'approved' })
    if (free.status !== 'approved') return
    const made = flags.ref('made', { project: 'web' })
    const making = await ann.submit(made, { value: { enabled: true, rollout: 7 } })
    expect(making.status).toBe('approved')
    expect(await refusal(ann.requests.apply(free.request.id))).toBe('frozen')
    await w.approvals.tick()
    w.pass(day - 1)
    expect((await w.approvals.tick()).failed).toEqual([])
    expect(await live()).toBe(40)
    w.pass(1)
    await w.approvals.tick()
    expect([await live(), await live(made)]).toEqual([50, 7])
    expect(await ann.requests.get(free.request.id)).toMatchObject({ status: 'applied' })
    expect((await w.approvals.tick()).applied).toBe(0)
    await sound()
  })

  it('[TI-02] applies what was approved in it, or scheduled for it, when it is over, on the approvals that it has', async () => {
    const { w, live, sound } = await frozenWorld(open(), { mode: 'queue' })
    await w.policy()
    const ann = w.as('ann')
    const one = pending(await ann.submit(ref, rollout(50), { applyAt: start + 2 * hour }))
    expect((await ann.requests.get(one.id)).frozen).toMatchObject({ details: { until: ends } })
    await w.as('ben').requests.approve(one.id, { digest: one.digest })
    const other = flags.ref('other')
    const two = pending(await ann.submit(other, rollout(7)))
    w.pass(2 * hour)
    await w.as('ben').requests.approve(two.id, { digest: two.digest })
    await w.approvals.tick()
    expect(await ann.requests.get(one.id)).toMatchObject({ status: 'approved', reviews: [{ by: 'ben' }] })
    expect(await ann.requests.get(two.id)).toMatchObject({ status: 'approved' })
    w.pass(day)
    await w.approvals.tick()
    expect([await live(), await live(other)]).toEqual([50, 7])
    await sound()
  })
})

/** A storage that does something just before it commits, once. */
function meddling(storage: Storage) {
  const state = { before: async () => {} }
  const commit: Storage['commit'] = async (writes, effect) => {
    const { before } = state
    state.before = async () => {}
    await before()
    await storage.commit(writes, effect)
  }
  return {
    state,
    storage: {
      ...storage,
      get: storage.get.bind(storage),
      list: storage.list.bind(storage),
      close: storage.close.bind(storage),
      commit,
    },
  }
}

describe.each(storages)('[TI-02] [H10] a freeze that begins between approval and commit, on $name', ({ open }) => {
  it('[TI-02] [H10] by its time, while the command was decided', async () => {
    const { w, live } = await frozenWorld(open())
    await w.policy()
    const one = pending(await w.as('ann').submit(ref, rollout(50)))
    w.pass(hour - 1)
    // The directory is asked while the command is decided: that is when time passes.
    const slow = w.slowly(() => w.pass(1))
    const { request } = await w.as('ben').requests.approve(one.id, { digest: one.digest })
    slow()
    expect(request).toMatchObject({ status: 'approved', reviews: [{ by: 'ben' }] })
    expect(await live()).toBe(40)
  })

  it('[TI-02] [H10] while the transaction is open that writes into the tables of the host', async () => {
    const { storage, state } = meddling(open())
    const shop = new Map([['tea', 300]])
    const prices = defineResource({
      type: 'price',
      schema: z.strictObject({ cents: z.number() }),
      read: (its) => ({ cents: shop.get(its.id) ?? 0 }),
      write(its, price) {
        shop.set(its.id, price?.cents ?? 0)
      },
    })
    const w = world(storage, undefined, [flags, prices])
    await w.as('ann').resources.get(prices.ref('tea'))
    await w.as('ann').freezes.save(freeze())
    w.pass(hour - 1)
    state.before = async () => w.pass(1)
    expect(await refusal(w.as('ann').submit(prices.ref('tea'), { value: { cents: 301 } }))).toBe('frozen')
    expect(shop.get('tea')).toBe(300)
  })

  it('[TI-02] [H10] since it was saved meanwhile', async () => {
    const { storage, state } = meddling(open())
    const w = world(storage)
    await w.flag('checkout')
    state.before = async () => {
      await w.as('ben').freezes.save(freeze({ windows: [{ from: start, until: ends }] }))
    }
    expect(await refusal(w.as('ann').submit(ref, rollout(50)))).toBe('frozen')
    expect((await w.as('ann').resources.get(ref))?.document.rollout).toBe(40)
  })
})

describe('[TI-02] what a freeze covers', () => {
  const covered = async (match: FreezeInput['match'], change: 'update' | 'disable' = 'update') => {
    const { w } = await frozenWorld(memoryStorage(), { match })
    w.pass(hour)
    const wish =
      change === 'update' ? rollout(50) : { patch: [{ op: 'replace', path: '/enabled', value: false }] as const }
    const outcome = await w
      .as('ann')
      .submit(ref, wish)
      .then(
        () => 'applied',
        (error: ApprovalError) => error.code,
      )
    return outcome === 'frozen'
  }

  it('[TI-02] a tenant, a project, a type, an action, a resource', async () => {
    expect(await covered({})).toBe(true)
    expect(await covered({ project: 'web' })).toBe(true)
    expect(await covered({ project: ['shop', 'app'] })).toBe(false)
    expect(await covered({ resource: 'feature_flag' })).toBe(true)
    expect(await covered({ resource: 'experiment' })).toBe(false)
    expect(await covered({ resource: 'feature_flag', id: 'checkout' })).toBe(true)
    expect(await covered({ resource: 'feature_flag', id: ['other'] })).toBe(false)
    expect(await covered({ resource: 'feature_flag', action: 'disable' })).toBe(false)
    expect(await covered({ resource: 'feature_flag', action: 'disable' }, 'disable')).toBe(true)
    expect(await covered({ resource: 'countersign.policy' })).toBe(false)
  })

  it('[TI-02] of changes that land together, all or none', async () => {
    const { w, live } = await frozenWorld(memoryStorage(), {
      match: { resource: 'feature_flag', id: 'other' },
      mode: 'queue',
    })
    w.pass(hour)
    const both = [
      { ref, change: rollout(50) },
      { ref: flags.ref('other'), change: rollout(60) },
    ]
    expect(await w.as('ann').submitAll(both)).toMatchObject({ status: 'approved' })
    await w.approvals.tick()
    expect(await live()).toBe(40)
    w.pass(day)
    await w.approvals.tick()
    expect([await live(), await live(flags.ref('other'))]).toEqual([50, 60])
  })

  it('[TI-02] no other tenant', async () => {
    const { w } = await frozenWorld(memoryStorage())
    w.pass(hour)
    const elsewhere = w.as('ann', { tenant: 'other' })
    await elsewhere.submit(ref, { value: { enabled: true, rollout: 1 } })
    expect(await elsewhere.freezes.list()).toEqual([])
    expect(await refusal(elsewhere.freezes.remove('release'))).toBe('unknown_freeze')
  })

  it('[TI-02] policies and the switch only if it names them, and never itself', async () => {
    const own = await frozenWorld(memoryStorage(), {
      match: { resource: ['countersign.policy', 'countersign.workflow'] },
    })
    own.w.pass(hour)
    expect(await refusal(own.w.policy())).toBe('frozen')
    expect(await refusal(own.w.as('ann').workflow.disable())).toBe('frozen')
    await own.w.as('ann').submit(ref, rollout(50))
    await own.w.as('ann').freezes.remove('release')
    await own.w.policy()
    const all = await frozenWorld(memoryStorage())
    all.w.pass(hour)
    await all.w.policy()
    await all.w.as('ann').workflow.disable()
    expect(await refusal(all.w.as('ann').submit(ref, rollout(50)))).toBe('frozen')
    await own.sound()
    await all.sound()
  })

  it('[TI-02] the strictest of several, until all of them are over', async () => {
    const { w } = await frozenWorld(memoryStorage(), { mode: 'queue' })
    await w.as('ann').freezes.save(freeze({ id: 'audit', windows: [{ from: ends - hour, until: ends + hour }] }))
    w.pass(hour)
    const outcome = await w.as('ann').preview(ref, rollout(50))
    expect(outcome).toMatchObject({
      status: 'approved',
      frozen: { details: { freeze: 'release', until: ends + hour } },
    })
    w.pass(day - hour)
    expect(await details(w.as('ann').submit(ref, rollout(50)))).toMatchObject({
      freeze: 'audit',
      mode: 'block',
      until: ends + hour,
    })
  })
})

describe('[TI-02] nothing automatic beats a freeze', () => {
  it('[TI-02] no retry, no rebase, no edit, no schedule that is taken off', async () => {
    const { w, live, sound } = await frozenWorld(memoryStorage())
    const ann = w.as('ann')
    await w.policy({
      rules: { onStale: 'rebase', onEdit: 'keep' },
      match: { resource: 'feature_flag', action: 'disable' },
    })
    const free = await ann.submit(ref, rollout(50), { applyAt: start + 3 * day })
    if (free.status !== 'approved') throw new TypeError('Nobody has to approve.')
    w.pass(hour)
    const { id } = free.request
    expect(await refusal(ann.requests.schedule(id, null))).toBe('frozen')
    expect(await refusal(ann.requests.apply(id))).toBe('not_due')
    expect(await live()).toBe(40)
    w.pass(3 * day)
    await w.approvals.tick()
    expect(await live()).toBe(50)
    await sound()
  })

  it('[TI-02] no failed request that is tried again, nor one that is moved onto what is live', async () => {
    const { w, live } = await frozenWorld(memoryStorage(), { windows: [{ from: start + 2 * hour, until: ends }] })
    const ann = w.as('ann')
    await w.policy({ rules: { onStale: 'fail_when_applied' } })
    const [one, two] = [
      pending(await ann.submit(ref, rollout(50))),
      pending(await ann.submit(ref, { merge: { description: 'x' } })),
    ]
    for (const { id, digest } of [one, two]) await w.as('ben').requests.approve(id, { digest })
    expect(await ann.requests.get(two.id)).toMatchObject({ status: 'failed' })
    w.pass(2 * hour)
    expect(await refusal(ann.requests.apply(two.id))).toBe('frozen')
    const { request } = await ann.requests.rebase(two.id)
    await w
      .as('ben')
      .requests.approve(two.id, { digest: request.digest })
      .catch(() => {})
    expect(await ann.requests.get(two.id)).toMatchObject({ status: 'approved' })
    expect((await ann.resources.get(ref))?.document).not.toHaveProperty('description')
    expect(await live()).toBe(50)
  })

  it.each(['block', 'queue'] as const)(
    '[TI-02] no state that the clock ends, which it ends afterwards: %s',
    async (mode) => {
      const w = lifecycleWorld(memoryStorage())
      const its = switches.ref('checkout')
      await w.as('ann').submit(its, { value: aSwitch })
      await w.as('ann').submit(its, { action: 'schedule', at: w.now() + hour })
      const windows = [{ from: w.now() + hour, until: w.now() + day }]
      await w.as('ann').freezes.save(freeze({ windows, mode }))
      w.pass(hour)
      for (let call = 0; call < 3; call++) expect(await w.approvals.tick()).toMatchObject({ moved: 0, failed: [] })
      w.pass(day - hour)
      expect(await w.approvals.tick()).toMatchObject({ moved: 1, waiting: 0, failed: [] })
      expect((await w.as('ann').audit.verify()).problems).toEqual([])
    },
  )

  it('[TI-02] no write into the tables of the host', async () => {
    const shop = new Map([['tea', 300]])
    const prices = defineResource({
      type: 'price',
      schema: z.strictObject({ cents: z.number() }),
      read: (its) => ({ cents: shop.get(its.id) ?? 0 }),
      write(its, price) {
        shop.set(its.id, price?.cents ?? 0)
      },
    })
    const w = world(memoryStorage(), undefined, [flags, prices])
    await w.as('ann').submit(prices.ref('tea'), { value: { cents: 301 } })
    await w.as('ann').freezes.save(freeze())
    w.pass(hour)
    expect(await refusal(w.as('ann').submit(prices.ref('tea'), { value: { cents: 302 } }))).toBe('frozen')
    expect(shop.get('tea')).toBe(301)
    // What the host itself has changed is recorded all the same: it is live already.
    shop.set('tea', 999)
    expect((await w.as('ann').resources.get(prices.ref('tea')))?.document).toEqual({ cents: 999 })
  })

  it('[TI-02] no write to an external system, though it was claimed before', async () => {
    let time = start
    const rate = { now: 1, fails: false }
    const rates = defineResource({
      type: 'rate',
      schema: z.strictObject({ percent: z.number() }),
      external: {
        read: () => ({ percent: rate.now }),
        write(_, next) {
          if (rate.fails) throw new RangeError('503')
          rate.now = next?.percent ?? 0
        },
      },
    })
    const approvals = createApprovals({
      storage: memoryStorage(),
      resources: [rates],
      admins: 'anyone',
      directory: staticDirectory({ ann: ['dev'], ben: ['lead'] }),
      now: () => time,
    })
    const ann = approvals.as({ tenant: 'acme', user: 'ann' })
    const base = rates.ref('base')
    await ann.freezes.save(freeze({ mode: 'queue' }))
    rate.fails = true
    const outcome = await ann.submit(base, { value: { percent: 2 } })
    if (outcome.status !== 'applying') throw new TypeError(`It is ${outcome.status}.`)
    const { id } = outcome.request
    rate.fails = false
    time = start + hour
    for (let call = 0; call < 20; call++) {
      expect(await approvals.tick()).toMatchObject({ failed: [] })
      time += hour
    }
    expect(rate.now).toBe(1)
    expect(await ann.requests.get(id)).toMatchObject({ status: 'applying', application: { frozen: true, attempts: 1 } })
    time = ends
    await approvals.tick()
    expect(rate.now).toBe(2)
    expect(await ann.requests.get(id)).toMatchObject({ status: 'applied' })
    time = start + hour
    const next = await ann.submit(base, { value: { percent: 3 } })
    expect(next.status).toBe('approved')
    expect(rate.now).toBe(2)
    await approvals.tick()
    expect(rate.now).toBe(2)
    expect((await ann.audit.verify()).problems).toEqual([])
  })

  it('[TI-02] but what is there when the freeze begins is recorded, and a bypass is sent all the same', async () => {
    let time = start
    const rate = { now: 1, forgets: false }
    const rates = defineResource({
      type: 'rate',
      schema: z.strictObject({ percent: z.number() }),
      external: {
        read: () => ({ percent: rate.now }),
        write(_, next) {
          if (rate.forgets && next?.percent === 4) throw new RangeError('503')
          rate.now = next?.percent ?? 0
        },
      },
    })
    const approvals = createApprovals({
      storage: memoryStorage(),
      resources: [rates],
      admins: 'anyone',
      directory: staticDirectory({ ann: ['dev'], ben: ['lead'] }),
      now: () => time,
    })
    const as = (user: string) => approvals.as({ tenant: 'acme', user })
    const base = rates.ref('base')
    await as('ann').policies.save({
      id: 'leads',
      match: {},
      require: { quorum: 1, from: { roles: ['lead'] } },
      rules: { bypass: ['lead'] },
    })
    const asked = pending(await as('ann').submit(base, { value: { percent: 4 } }))
    await as('ann').freezes.save(freeze())
    time = start + hour
    rate.forgets = true
    const { request } = await as('ben').requests.bypass(asked.id, { digest: asked.digest, reason: 'it burns' })
    expect(request).toMatchObject({ status: 'applying', application: { passes: true } })
    rate.forgets = false
    time += hour
    await approvals.tick()
    expect(rate.now).toBe(4)
    expect(await as('ann').requests.get(asked.id)).toMatchObject({ status: 'applied' })
  })
})

describe('[TI-02] [ST-09] what is safe', () => {
  it.each(['block', 'queue'] as const)(
    '[TI-02] [ST-09] passes a freeze that %ss, and nothing beside it',
    async (mode) => {
      const w = lifecycleWorld(memoryStorage())
      const flag = switches.ref('s')
      const ann = w.as('ann')
      await ann.submit(flag, { value: aSwitch })
      await ann.submit(flag, { action: 'activate' })
      await ann.freezes.save(freeze({ mode }))
      w.pass(hour)
      expect((await ann.preview(flag, { action: 'deactivate' })).frozen).toBeUndefined()
      expect((await ann.submit(flag, { action: 'deactivate' })).status).toBe('applied')
      const back = await ann.submit(flag, { action: 'activate' }).then(
        ({ status }) => status,
        ({ code }) => code,
      )
      expect(back).toBe(mode === 'block' ? 'frozen' : 'approved')
      expect((await ann.resources.get(flag))?.lifecycle?.state).toBe('inactive')
    },
  )
})

describe('[TI-02] a freeze that is over', () => {
  it.each([true, false])(
    '[TI-02] has blocked what it blocked, whether or not the clock came by (%s)',
    async (ticks) => {
      const { w, live, sound } = await frozenWorld(memoryStorage())
      await w.policy({ match: { action: 'update' } })
      const ann = w.as('ann')
      const last = pending(await ann.submit(ref, rollout(50)))
      const timed = pending(await ann.submit(flags.ref('other'), rollout(60), { applyAt: start + 2 * hour }))
      await w.as('ben').requests.approve(timed.id, { digest: timed.digest })
      w.pass(hour)
      await w.as('ben').requests.approve(last.id, { digest: last.digest })
      w.pass(2 * hour)
      if (ticks) await w.approvals.tick()
      w.pass(day)
      await w.approvals.tick()
      for (const { id } of [last, timed])
        expect(await ann.requests.get(id)).toMatchObject({ status: 'approved', scheduleDropped: true })
      // An answer of later on brings nothing about either.
      w.leave('ben')
      for (const { id, digest } of [last, timed])
        expect((await w.as('cat').requests.approve(id, { digest })).request.status).toBe('approved')
      await w.approvals.tick()
      expect(await live()).toBe(40)
      for (const { id } of [last, timed]) await ann.requests.apply(id)
      expect([await live(), await live(flags.ref('other'))]).toEqual([50, 60])
      await sound()
    },
  )

  it('[TI-02] [WO-13] lets a change go that nothing gates, also one that was to be bypassed, and says that it waits', async () => {
    const { w, live } = await frozenWorld(memoryStorage(), { mode: 'queue' })
    w.pass(hour)
    const outcome = await w.as('eve').bypass(ref, rollout(99), { reason: 'fire' })
    expect(outcome).toMatchObject({ status: 'approved', request: { status: 'approved' } })
    expect(await live()).toBe(40)
    w.pass(day)
    await w.approvals.tick()
    expect(await live()).toBe(99)
  })
})

describe('[TI-02] the settings', () => {
  it('[TI-02] list, foretell, log and remove freezes', async () => {
    const { w, sound } = await frozenWorld(memoryStorage())
    const ann = w.as('ann')
    const nights = {
      id: 'nights',
      match: { resource: 'feature_flag' },
      windows: [{ rule: '0 22 * * *', duration: '8h', zone: 'Europe/Berlin' }],
      mode: 'queue',
      reason: 'asleep',
    } as const
    const saved = await ann.freezes.save(nights)
    expect(saved).toEqual({ ...nights, version: expect.any(Number), findings: [], reverts: [] })
    expect(await ann.freezes.save(saved)).toEqual(saved)
    const other = await ann.freezes.save({ ...nights, reason: 'fast asleep' })
    expect(other.version).toBeGreaterThan(saved.version)
    expect((await ann.freezes.list()).map(({ id }) => id)).toEqual(['nights', 'release'])
    const times = await ann.freezes.between(start, start + 2 * day)
    expect(times.map(({ freeze: { id }, from }) => [id, ((from ?? 0) - start) / hour])).toEqual([
      ['release', 1],
      ['nights', 12],
      ['nights', 36],
    ])
    expect(await ann.freezes.at(ref, start)).toEqual([])
    const [both] = await ann.freezes.at(ref, start + 13 * hour)
    expect(both).toMatchObject({ freeze: { id: 'nights' }, from: start + 12 * hour, until: start + 20 * hour })
    expect(await w.approvals.reader('acme').freezes.at(flags.ref('none'), start + 2 * hour)).toHaveLength(1)
    await ann.freezes.remove('nights')
    expect(await refusal(ann.freezes.remove('nights'))).toBe('unknown_freeze')
    const log = (await ann.audit.events({ settings: true })).map(({ event }) => String(event['type']))
    expect(log.filter((type) => type.startsWith('freeze'))).toEqual([
      'freeze_saved',
      'freeze_saved',
      'freeze_saved',
      'freeze_removed',
    ])
    await sound()
  })

  it('[TI-02] are kept by those who may change them where they count, and read where people may read', async () => {
    const w = await accessWorld(memoryStorage())
    const web = freeze({ match: { project: 'web' } })
    expect(await refusal(w.as('ann').freezes.save(web))).toBe('not_permitted')
    expect(await refusal(w.as('mia').freezes.save(freeze()))).toBe('not_permitted')
    await w.as('zoe').freezes.save(web)
    await w.as('zoe').freezes.save(freeze({ id: 'shop', match: { project: 'shop' } }))
    expect(await refusal(w.as('ann').freezes.remove('release'))).toBe('not_permitted')
    expect((await w.as('ann').freezes.list()).map(({ id }) => id)).toEqual(['release'])
    expect(await refusal(w.as('ann').freezes.remove('shop'))).toBe(await refusal(w.as('ann').freezes.remove('none')))
    expect(await refusal(w.as('nobody').freezes.list())).toBe('unknown_actor')
    expect(await refusal(w.as('nobody').freezes.save(web))).toBe('unknown_actor')
  })

  it('[TI-02] a freeze that is saved while requests wait keeps them waiting, and its removal lets them go', async () => {
    const { w, live } = await frozenWorld(memoryStorage(), { mode: 'queue' })
    w.pass(hour)
    await w.as('ann').submit(ref, rollout(50))
    await w.as('ann').freezes.save(freeze({ mode: 'queue', windows: [{ from: start, until: ends + day }] }))
    w.pass(day + hour)
    await w.approvals.tick()
    expect(await live()).toBe(40)
    await w.as('ann').freezes.remove('release')
    w.pass(5 * 60_000)
    await w.approvals.tick()
    expect(await live()).toBe(50)
  })

  it('[TI-02] what would expire before the freeze is over is refused, not lost', async () => {
    const { w } = await frozenWorld(memoryStorage(), {
      mode: 'queue',
      windows: [{ from: start, until: start + 60 * day }],
    })
    expect(await details(w.as('ann').submit(ref, rollout(50)))).toMatchObject({ code: 'frozen', mode: 'queue' })
  })

  it.each([
    ['freeze.mode', { mode: 'off' as 'block' }, 'must be "block", "queue" or "ask"'],
    ['freeze.reason', { reason: ' ' }, 'must say why'],
    ['freeze.windows', { windows: [] }, '1 to 20'],
    ['freeze.windows[0].until', { windows: [{ from: 5, until: 5 }] }, 'later'],
    ['freeze.windows[0].from', { windows: [{ from: -1, until: 5 }] }, 'milliseconds'],
    ['freeze.match', { match: { projects: 'web' } as never }, 'known are'],
    ['freeze.match.resource', { match: { id: 'checkout' } }, 'must name the type'],
    ['freeze.match.resource', { match: { resource: 'feature_flg' } }, 'feature_flag'],
    ['freeze.match.action', { match: { resource: 'feature_flag', action: 'explode' } }, 'enable'],
    ['freeze.match.facets.tier', { match: { resource: 'feature_flag', facets: { tier: 'a' } } }, 'tier'],
  ] as const)('[TI-02] refuses a bad %s', async (argument, more, says) => {
    const { w } = await frozenWorld(memoryStorage())
    const found = await details(w.as('ann').freezes.save(freeze(more as Partial<FreezeInput>)))
    expect(found).toMatchObject({ code: 'invalid_input', argument, problem: expect.stringContaining(says) })
  })

  it.each([
    ['rule', { rule: '* * * * *' }, 'minute'],
    ['rule', { rule: '0 0 30 2 *' }, 'no time within 10 years'],
    ['rule', { rule: '0 0 * * FRUI' }, 'five fields'],
    ['duration', { duration: '25h' }, '"24h"'],
    ['duration', { duration: '93d' }, '"92d"'],
    ['duration', { duration: 'long' }, '36h'],
    ['zone', { zone: 'Europe/Berln' }, 'did you mean "Europe/Berlin"'],
    ['zone', { zone: 7 }, 'no time zone'],
    ['until', { from: 7, until: 6 }, 'later'],
  ] as const)('[TI-02] [H9] refuses a bad %s of a window, %o', async (name, more, says) => {
    const { w } = await frozenWorld(memoryStorage())
    const window = { rule: '0 0 * * *', duration: '1h', zone: 'UTC', ...more }
    const found = await details(w.as('ann').freezes.save(freeze({ windows: [window as never] })))
    expect(found).toMatchObject({
      code: 'invalid_input',
      argument: `freeze.windows[0].${name}`,
      problem: expect.stringContaining(says),
    })
  })

  it('[TI-02] has bounds', async () => {
    const { w } = await frozenWorld(memoryStorage())
    const window = { from: start, until: ends }
    for (let n = 1; n < 10; n++)
      await w.as('ann').freezes.save(freeze({ id: `f${n}`, windows: Array(20).fill(window) }))
    expect(
      await details(w.as('ann').freezes.save(freeze({ id: 'more', windows: Array(20).fill(window) }))),
    ).toMatchObject({ problem: expect.stringContaining('200 windows') })
    for (let n = 1; n < 10; n++) await w.as('ann').freezes.save(freeze({ id: `f${n}` }))
    for (let n = 10; n < 50; n++) await w.as('ann').freezes.save(freeze({ id: `f${n}` }))
    expect(await details(w.as('ann').freezes.save(freeze({ id: 'more' })))).toMatchObject({
      problem: expect.stringContaining('the 50'),
    })
  })

  it('[TI-02] [H9] a zone that the platform does not know any more freezes, says so, and is mended', async () => {
    const database = new Database(':memory:')
    const w = world(sqliteStorage(database))
    await w.flag('checkout')
    const windows = [{ rule: '0 0 1 1 *', duration: '1h', zone: 'Europe/Kyiv' }] as const
    await w.as('ann').freezes.save(freeze({ windows, mode: 'queue' }))
    await w.as('ann').submit(ref, rollout(41))
    database.exec("update countersign_policy_sets set value = replace(value, 'Europe/Kyiv', 'Mars/Base')")
    const found = await details(w.as('ann').submit(ref, rollout(50)))
    expect(found).toMatchObject({ code: 'frozen', freeze: 'release', problem: expect.stringContaining('Mars/Base') })
    expect(found).not.toHaveProperty('until')
    expect(await w.as('ann').freezes.at(ref, w.now())).toMatchObject([
      { problem: expect.stringContaining('Mars/Base') },
    ])
    expect(await w.as('ann').freezes.between(start, start + day)).toHaveLength(1)
    await w.as('ann').freezes.save(freeze({ windows: [{ ...windows[0], zone: 'Europe/Berlin' }], mode: 'queue' }))
    expect((await w.as('ann').submit(ref, rollout(50))).status).toBe('applied')
  })

  it('[TI-02] cost nothing where there are none, and no round trip where there are', async () => {
    const trips = async (freezes: number) => {
      const inner = memoryStorage()
      const count = { now: 0 }
      const counted = <T>(answer: T): T => {
        count.now++
        return answer
      }
      const storage: Storage = {
        get: (keys) => counted(inner.get(keys)),
        list: (query) => counted(inner.list(query)),
        count: (query) => counted(inner.count(query)),
        commit: (writes, effect) => counted(inner.commit(writes, effect)),
        close: () => inner.close(),
      }
      const w = world(storage)
      await w.flag('checkout')
      for (let n = 0; n < freezes; n++) await w.as('ann').freezes.save(freeze({ id: `f${n}` }))
      await w.as('ann').submit(ref, rollout(41))
      count.now = 0
      await w.as('ann').submit(ref, rollout(42))
      return count.now
    }
    expect(await trips(20)).toBe(await trips(0))
  })

  it('[TI-02] are asked about wherever something lands: a file that makes revisions is one of these', () => {
    const source = join(import.meta.dirname, '../../src')
    const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'))
    const landing = files.filter((name) => /\brevisionWrites\(/.test(readFileSync(join(source, name), 'utf8')))
    expect(landing.toSorted()).toEqual([
      'service/commands/revision-writes.ts',
      // Records what the host has changed by itself, and makes nothing happen.
      'service/commands/sync-host-documents.ts',
      // What `applicationOf` lets land.
      'service/requests/applied-writes.ts',
      // What `submit` lets land directly.
      'service/requests/direct-writes.ts',
      'service/tick/end-timed-state.ts',
    ])
  })
})
