import { describe, expect, it } from 'vitest'
import { boolean, number, object } from 'zod'
import { defineResource, type Storage } from '../../src/index.ts'
import {
  experimentLifecycle,
  flagLifecycle,
  type Move,
  remoteConfigLifecycle,
  savedGroupLifecycle,
} from '../../src/lifecycles.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { everything } from '../chaos/desk.ts'
import { type Failure, failingStorage, failures } from '../chaos/failing-storage.ts'
import { aSwitch, hour, lifecycleWorld, openSwitches, switches, types } from '../lifecycle-world.ts'
import { day, pending, refusal, storages, world } from '../world.ts'

type LifecycleWorld = ReturnType<typeof lifecycleWorld>

/** An experiment that is scheduled for an hour from now, before any policy is there. */
async function scheduled(w: LifecycleWorld) {
  return await w.test('checkout', 'scheduled')
}

async function approve(w: LifecycleWorld, { id }: { readonly id: string }) {
  const { digest } = await w.as('ben').requests.get(id)
  return (await w.as('ben').requests.approve(id, { digest })).request
}

describe.each(storages)('[ST-10] what was begun, on $name', ({ open }) => {
  it('[ST-10] what is scheduled can be stopped, moved and edited', async () => {
    const w = lifecycleWorld(open())
    const ref = await scheduled(w)
    const first = (await w.standing(ref)).dueAt ?? 0
    await w.as('ann').submit(ref, { action: 'schedule', at: first + hour })
    expect(await w.standing(ref)).toMatchObject({ state: 'scheduled', dueAt: first + hour })
    await w.as('ann').submit(ref, { merge: { name: 'better' } })
    expect(await w.standing(ref)).toMatchObject({ state: 'scheduled', dueAt: first + hour })
    w.pass(hour)
    expect(await w.approvals.tick()).toMatchObject({ moved: 0, failed: [] })
    await w.as('ann').submit(ref, { action: 'unschedule' })
    w.pass(day)
    expect(await w.approvals.tick()).toMatchObject({ moved: 0, failed: [] })
    expect(await w.standing(ref)).toMatchObject({ state: 'draft' })
    await w.as('ann').submit(ref, { action: 'delete' })
    expect(await w.standing(ref)).toMatchObject({ state: 'deleted' })
    expect((await w.as('ann').audit.verify()).problems).toEqual([])
  })

  it('[ST-10] another time that waits is asked for in vain once the first one has come; a stop passes it', async () => {
    const w = lifecycleWorld(open())
    const ref = await scheduled(w)
    const { dueAt = 0 } = await w.standing(ref)
    await w.gate()
    const later = await w.ask(ref, { action: 'schedule', at: dueAt + day })
    expect(await w.standing(ref)).toMatchObject({ state: 'scheduled', shown: 'scheduling_pending' })
    w.pass(hour)
    expect(await w.approvals.tick()).toMatchObject({ moved: 1, failed: [] })
    expect(await w.standing(ref)).toMatchObject({ state: 'running' })
    expect((await w.as('ann').requests.get(later.id)).stale).toBe(true)
    expect(await refusal(approve(w, later))).toBe('stale')

    const other = await w.test('other', 'draft')
    await w.as('ann').policies.remove('reviewed')
    await w.as('ann').submit(other, { action: 'schedule', at: w.now() + hour })
    await w.gate()
    const moving = await w.ask(other, { action: 'schedule', at: w.now() + day })
    await w.as('cat').submit(other, { action: 'unschedule' })
    expect(await w.standing(other)).toMatchObject({ state: 'draft' })
    expect((await w.as('ann').requests.get(moving.id)).stale).toBe(true)
  })

  it('[ST-10] a running experiment is paused while a finish waits, with and without approval', async () => {
    const w = lifecycleWorld(open())
    const ref = await w.test('checkout', 'running')
    await w.gate(['finish'])
    const finish = await w.ask(ref, { action: 'finish', details: { winner: 'short' } })
    expect((await w.standing(ref)).can).toMatchObject({ pause: true, publish: { code: 'locked' } })
    await w.as('cat').submit(ref, { action: 'pause' })
    expect(await w.standing(ref)).toMatchObject({ state: 'paused', shown: 'finish_pending' })
    expect((await w.as('ann').requests.get(finish.id)).stale).toBe(true)
    const { request } = await w.as('ann').requests.rebase(finish.id)
    expect(await approve(w, request)).toMatchObject({ status: 'applied' })
    expect(await w.standing(ref)).toMatchObject({ state: 'finished' })

    const second = await w.test('second', 'draft')
    await w.as('ann').submit(second, { action: 'start' })
    await w.gate(['finish', 'pause'])
    const ends = await w.ask(second, { action: 'finish' })
    const pause = await w.ask(second, { action: 'pause' })
    expect(pause.resources).toMatchObject([{ lockless: true }])
    expect(await w.standing(second)).toMatchObject({ state: 'running', shown: 'finish_pending' })
    expect(await refusal(w.as('cat').submit(second, { merge: { name: 'x' } }))).toBe('locked')
    expect(await approve(w, pause)).toMatchObject({ status: 'applied' })
    expect(await w.standing(second)).toMatchObject({ state: 'paused' })
    await w.as('ann').requests.cancel(ends.id)
    expect((await w.as('ann').audit.verify()).problems).toEqual([])
  })

  it('[ST-10] [AA-10] an edit takes the activation that waits with it, in one step', async () => {
    const w = lifecycleWorld(open())
    const flag = switches.ref('checkout')
    await w.as('ann').submit(flag, { value: aSwitch })
    await w.gate(['activate'], { onEdit: 'keep' })
    const asked = await w.ask(flag, { action: 'activate' })
    await w.notices()
    await w.as('cat').submit(flag, { merge: { description: 'better' } })
    const moved = await w.as('ben').requests.get(asked.id)
    expect(moved).toMatchObject({ status: 'pending', stale: false, requester: 'ann', contributors: [] })
    expect(moved.changes).toMatchObject([{ base: 2, after: { live: true, description: 'better' } }])
    expect(moved.digest).not.toBe(asked.digest)
    expect(await refusal(w.as('ben').requests.approve(asked.id, { digest: asked.digest }))).toBe('digest_mismatch')
    for (const action of ['enter_testing', 'leave_testing', 'enter_testing']) await w.as('cat').submit(flag, { action })
    expect(await w.standing(flag)).toMatchObject({ state: 'testing', shown: 'pending_approval' })
    const { request } = await w.as('ben').requests.approve(asked.id, {
      digest: (await w.as('ben').requests.get(asked.id)).digest,
    })
    expect(request.status).toBe('applied')
    expect(await w.as('ann').resources.get(flag)).toMatchObject({
      document: { live: true, description: 'better' },
      lifecycle: { state: 'active' },
    })
    const events = await w.as('ann').audit.events({ request: asked.id })
    expect(events.map(({ event }) => `${event['type']} ${event['by']}`)).toEqual([
      'submitted ann',
      ...Array.from({ length: 4 }, () => 'rebased cat'),
      'approved ben',
    ])
    expect((await w.as('ann').audit.verify()).problems).toEqual([])
  })

  it('[ST-10] an approval that was given falls with what it was given for', async () => {
    const w = lifecycleWorld(open())
    const flag = switches.ref('checkout')
    await w.as('ann').submit(flag, { value: aSwitch })
    await w.policy({ match: { action: 'activate' }, require: { quorum: 2, from: { roles: ['lead'] } } })
    const asked = await w.ask(flag, { action: 'activate' })
    await w.as('ben').requests.approve(asked.id, { digest: asked.digest })
    await w.as('dan').submit(flag, { merge: { bucketingSalt: 'other' } })
    const read = await w.as('cat').requests.get(asked.id)
    expect(read).toMatchObject({ status: 'pending', reviews: [] })
    await w.as('cat').requests.approve(asked.id, { digest: read.digest })
    expect(await w.standing(flag)).toMatchObject({ state: 'inactive' })
    expect((await w.notices()).filter(({ type }) => type === 'reviews_dismissed')).toMatchObject([
      { to: ['ann', 'ben'], request: asked.id },
    ])
    expect((await approve(w, asked)).status).toBe('applied')
  })
})

describe('[ST-10] what comes along', () => {
  it('[ST-10] is what can: what collides, or is behind already, is stale', async () => {
    const w = lifecycleWorld(memoryStorage())
    const flag = openSwitches.ref('checkout')
    await w.as('ann').submit(flag, { value: aSwitch })
    await w.as('ann').submit(flag, { action: 'activate' })
    await w.gate(['publish'])
    const salt = await w.ask(flag, { merge: { bucketingSalt: 'pepper' } })
    await w.as('cat').submit(flag, { merge: { description: 'x' } })
    expect(await w.as('ann').requests.get(salt.id)).toMatchObject({ stale: false, changes: [{ base: 3 }] })
    await w.as('cat').submit(flag, { action: 'deactivate' })
    expect((await w.as('ann').requests.get(salt.id)).stale).toBe(true)
    await w.as('ann').policies.remove('reviewed')
    await w.as('ann').requests.cancel(salt.id)
    await w.as('ann').submit(flag, { action: 'activate' })
    await w.gate(['publish'], { onStale: 'rebase' })
    const heals = await w.ask(flag, { merge: { bucketingSalt: 'pepper' } })
    await w.as('cat').submit(flag, { merge: { description: 'z' } })
    expect((await w.as('ben').requests.approve(heals.id, { digest: heals.digest })).request.status).toBe('applied')
    await w.gate(['publish'], { lock: 'resource' })
    const locked = await w.ask(flag, { merge: { bucketingSalt: 'salt' } })
    expect(await refusal(w.as('cat').submit(flag, { merge: { description: 'y' } }))).toBe('locked')
    expect((await w.as('ann').requests.get(locked.id)).stale).toBe(false)
  })

  it('[ST-10] is nothing that was behind before: whoever asked for it has to look at what was approved meanwhile', async () => {
    const w = lifecycleWorld(memoryStorage())
    const flag = switches.ref('checkout')
    await w.as('ann').submit(flag, { value: aSwitch })
    await w.gate(['activate'])
    await w.policy({ id: 'events', match: {}, when: { type: 'any_change', field: '/exposureEvent' } })
    const activation = await w.ask(flag, { action: 'activate' })
    const event = pending(await w.as('cat').submit(flag, { merge: { exposureEvent: 'clicked' } }))
    await w.as('ben').requests.approve(event.id, { digest: event.digest })
    expect((await w.as('ann').requests.get(activation.id)).stale).toBe(true)
    await w.as('dan').submit(flag, { merge: { description: 'x' } })
    const { digest } = activation
    expect(await w.as('ann').requests.get(activation.id)).toMatchObject({ stale: true, digest })
  })

  it.each(Object.keys(failures) as Failure[])(
    '[ST-10] comes along whole or not at all where the storage %s',
    async (failure) => {
      const flag = switches.ref('checkout')
      const prepared = async (storage: Storage) => {
        const w = lifecycleWorld(storage)
        await w.as('ann').submit(flag, { value: aSwitch })
        await w.gate(['activate'])
        return { w, asked: await w.ask(flag, { action: 'activate' }) }
      }
      const key = { idempotencyKey: 'once' }
      const edit = (by: LifecycleWorld) => by.as('cat').submit(flag, { merge: { description: 'better' } }, key)
      for (let at = 1; ; at++) {
        const storage = memoryStorage()
        const { w, asked } = await prepared(storage)
        const before = (await everything(storage, ['requests', 'resources'])).length
        const failing = failingStorage(storage, failure, at)
        await edit(lifecycleWorld(failing)).catch((error) => expect(error.code).toBe('storage_failed'))
        const told = `call ${at} ${failure}`
        const { description } = (await w.as('ann').resources.get(flag))?.document ?? {}
        const read = await w.as('ann').requests.get(asked.id)
        expect(read, told).toMatchObject({ stale: false, changes: [{ after: { description } }] })
        await edit(w)
        expect(
          (await w.as('ann').resources.history(flag)).map(({ number }) => number),
          told,
        ).toEqual([2, 1])
        expect(await everything(storage, ['requests', 'resources'])).toHaveLength(before)
        expect((await w.as('ann').audit.verify()).problems, told).toEqual([])
        if (failing.calls < at) return
      }
    },
  )
})

describe('[ST-10] the ready life cycles', () => {
  it('[ST-10] let flags be archived, brought back and deleted, once they are off', async () => {
    const w = lifecycleWorld(memoryStorage())
    const flag = switches.ref('checkout')
    await w.as('ann').submit(flag, { value: aSwitch })
    await w.as('ann').submit(flag, { action: 'activate' })
    expect(await refusal(w.as('ann').submit(flag, { action: 'archive' }))).toBe('invalid_transition')
    await w.as('ann').submit(flag, { action: 'deactivate' })
    await w.as('ann').submit(flag, { action: 'archive' })
    expect(await w.as('ann').resources.get(flag)).toMatchObject({
      document: { live: false },
      lifecycle: { state: 'archived' },
    })
    expect(await refusal(w.as('ann').submit(flag, { merge: { description: 'x' } }))).toBe('invalid_transition')
    await w.as('ann').submit(flag, { action: 'unarchive' })
    await w.gate(['archive', 'delete'])
    await approve(w, await w.ask(flag, { action: 'archive' }))
    await approve(w, await w.ask(flag, { action: 'delete' }))
    expect(await w.standing(flag)).toMatchObject({ state: 'deleted' })
  })

  it('[ST-10] lead out of every state that is not the last, without the clock', () => {
    for (const lifecycle of [experimentLifecycle(), flagLifecycle(), remoteConfigLifecycle(), savedGroupLifecycle()]) {
      for (const state of lifecycle.states.filter((one) => one !== 'deleted')) {
        const ways = lifecycle.moves.filter(({ from, to, by }) => from === state && to !== state && by === undefined)
        expect(ways, `${lifecycle.name} ${state}`).not.toEqual([])
      }
    }
    for (const [lifecycle, live] of [
      [experimentLifecycle(), ['scheduled', 'running']],
      [flagLifecycle(), ['scheduled', 'active']],
    ] as const) {
      for (const state of live) expect(lifecycle.moves.some(({ from, safe }) => from === state && safe)).toBe(true)
    }
  })

  it('[ST-10] keep to the strict table where that is wanted', () => {
    const strict = experimentLifecycle({ strict: true })
    expect(strict.moves.filter(({ safe }) => safe)).toEqual([])
    expect(strict.moves.filter(({ from, by }) => from === 'scheduled' && by === undefined)).toEqual([])
    expect(strict.moves).toHaveLength(11)
  })
})

describe('[ST-10] rows of hosts', () => {
  it('[ST-10] are added to a ready table, and work like the others', async () => {
    const lifecycle = flagLifecycle<{ on: boolean; n: number }>({
      enabled: 'on',
      critical: ['/n'],
      transitions: [
        { from: 'active', action: 'freeze', pending: 'freeze_pending', to: 'frozen' },
        { from: 'frozen', action: 'thaw', to: 'active' },
        { from: ['active', 'frozen'], action: 'panic', to: 'inactive', safe: true },
      ],
    })
    const flags = defineResource({ type: 'own', schema: object({ on: boolean(), n: number() }), lifecycle })
    const w = world(memoryStorage(), undefined, [flags, ...types])
    const flag = flags.ref('f')
    await w.as('ann').submit(flag, { value: { on: false, n: 1 } })
    await w.as('ann').submit(flag, { action: 'activate' })
    await w.as('ann').submit(flag, { action: 'freeze' })
    expect(await w.as('ann').resources.get(flag)).toMatchObject({
      document: { on: false },
      lifecycle: { state: 'frozen' },
    })
    await w.as('ann').submit(flag, { action: 'thaw' })
    await w.policy({ match: { action: 'publish' }, rules: { lock: 'resource' } })
    const waits = pending(await w.as('ann').submit(flag, { merge: { n: 2 } }))
    await w.as('dan').submit(flag, { action: 'panic' })
    expect((await w.as('ann').requests.get(waits.id)).stale).toBe(true)
    const experiment = experimentLifecycle({ transitions: [{ from: 'scheduled', action: 'launch', to: 'running' }] })
    expect(experiment.actions).toContain('launch')
    const more = [{ from: 'archived', action: 'purge', to: 'gone' }] as const
    expect(savedGroupLifecycle({ transitions: more }).states).toContain('gone')
    expect(remoteConfigLifecycle({ transitions: [{ from: 'live', action: 'stop', to: 'draft' }] }).actions).toContain(
      'stop',
    )
    const own: Move[] = [{ from: ['draft'], action: 'drop', to: 'dropped' }]
    const copied = experimentLifecycle({ strict: true, transitions: own })
    own.pop()
    expect(copied.states).toContain('dropped')
  })

  const impossible: Readonly<Record<string, readonly [unknown, string]>> = {
    'a state that is misspelt': [
      [
        { from: 'draft', action: 'drop', to: 'dropped' },
        { from: 'scheduld', action: 'stop', to: 'draft' },
      ],
      'experimentLifecycle: transitions[1].from: nothing leads to a state "scheduld"; did you mean "scheduled"?',
    ],
    'a state that nothing is near': [
      [{ from: 'x', action: 'stop', to: 'draft' }],
      'experimentLifecycle: transitions[0].from: nothing leads to a state "x"; there are draft, running, scheduled, paused, finished, deleted',
    ],
    'a row that is there': [
      [{ from: 'running', action: 'pause', to: 'draft' }],
      'experimentLifecycle: transitions[0]: the table has "pause" in "running" already, and leads to "paused"; call yours otherwise, or add it to another state than "running"',
    ],
    'a row twice': [
      [
        { from: 'paused', action: 'stop', to: 'draft' },
        { from: 'paused', action: 'stop', to: 'finished' },
      ],
      'experimentLifecycle: transitions[1]: the table has "stop" in "paused" already, and leads to "draft"',
    ],
    'an action that is misspelt': [
      [{ from: 'paused', action: 'stop', pending: 'stop_pending', to: 'draft', meanwhile: ['resumee'] }],
      'experimentLifecycle: transitions[0].meanwhile: there is no action "resumee"; did you mean "resume"?',
    ],
    'a column that is misspelt': [
      [{ from: 'paused', action: 'stop', too: 'draft' }],
      'experimentLifecycle: transitions[0] has no "too"; did you mean "to"?',
    ],
    'a contradiction': [
      [
        { from: 'paused', action: 'fine', to: 'draft' },
        { from: 'running', action: 'amend', edits: 'any' },
      ],
      'experimentLifecycle: transitions[1]: in running, two actions carry the same edits',
    ],
    'what is no row': [
      ['stop'],
      'experimentLifecycle: transitions[0] must be a row of the table: { from, action, to }',
    ],
    'what is no list': ['stop', 'experimentLifecycle: transitions must be a list of at most 200 rows'],
  }
  it.each(Object.entries(impossible))(
    '[ST-10] are refused when given, with the place and the nearest that can be: %s',
    (_, [transitions, message]) => {
      expect(() => experimentLifecycle({ transitions: transitions as never })).toThrow(message)
      expect(() => experimentLifecycle({ transitions: transitions as never })).toThrow(TypeError)
    },
  )
})
