import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { number, object } from 'zod'
import { defineResource, type PolicyInput, type RulesOfConduct } from '../../src/index.ts'
import { defineLifecycle } from '../../src/lifecycles.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { aSwitch, lifecycleWorld, openSwitches, switches } from '../lifecycle-world.ts'
import { day, flags, pending, refusal, rollout, storages, world } from '../world.ts'

const ref = flags.ref('checkout')
const off = { merge: { enabled: false } }
const safe = [{ field: '/enabled', to: false }] as const
const lead = { quorum: 1, from: { roles: ['lead'] } } as const

/** A live flag of a life cycle, and a critical change of it that waits. */
async function waiting(storage = memoryStorage(), lock: RulesOfConduct['lock'] = 'none', type = switches) {
  const w = lifecycleWorld(storage)
  const flag = type.ref('checkout')
  await w.as('ann').submit(flag, { value: aSwitch })
  await w.as('ann').submit(flag, { action: 'activate' })
  await w.gate(['publish'], { lock })
  const request = await w.ask(flag, { merge: { bucketingSalt: 'pepper' } })
  return { w, flag, request, problems: async () => (await w.as('ann').audit.verify()).problems }
}

describe.each(storages)('[ST-09] the safe direction, on $name', ({ open }) => {
  it.each(['none', 'resource'] as const)(
    '[ST-09] a kill switch passes the lock of the life cycle and of a policy (lock: %s), and what waits is stale',
    async (lock) => {
      const { w, flag, request, problems } = await waiting(open(), lock)
      const others = [{ merge: { description: 'x' } }, { merge: { exposureEvent: 'x' } }, { action: 'publish' }]
      for (const wanted of others) expect(await refusal(w.as('cat').submit(flag, wanted))).toMatch(/locked|nothing/)
      expect((await w.as('dan').submit(flag, { action: 'deactivate' })).status).toBe('applied')
      expect(await w.as('ann').resources.get(flag)).toMatchObject({
        document: { live: false },
        lifecycle: { state: 'inactive' },
      })
      expect((await w.as('ann').requests.get(request.id)).stale).toBe(true)
      expect(await refusal(w.as('cat').submit(flag, { merge: { description: 'x' } }))).toBe('locked')
      expect(await refusal(w.as('ben').requests.approve(request.id, { digest: request.digest }))).toBe('stale')
      await w.as('ann').requests.cancel(request.id)
      expect((await w.as('cat').submit(flag, { merge: { description: 'x' } })).status).toBe('applied')
      expect(await problems()).toEqual([])
    },
  )

  it('[ST-09] what a policy calls safe passes its lock, and nothing else does that nobody has to approve', async () => {
    const w = world(open())
    await w.flag('checkout')
    const rules = { lock: 'resource', onStale: 'rebase' } as const
    await w.policy({ when: { type: 'any_change', field: '/rollout' }, safe: [...safe], rules })
    const request = pending(await w.as('ann').submit(ref, rollout(80)))
    expect(await refusal(w.as('eve').submit(ref, { merge: { description: 'x' } }))).toBe('locked')
    expect(await refusal(w.as('eve').submit(ref, { merge: { enabled: false, description: 'x' } }))).toBe('locked')
    expect((await w.as('eve').preview(ref, off)).status).toBe('applied')
    expect((await w.as('eve').submit(ref, off)).status).toBe('applied')
    expect((await w.as('ann').requests.get(request.id)).stale).toBe(true)
    expect(await refusal(w.as('eve').submit(ref, { merge: { enabled: true } }))).toBe('locked')
    await w.as('ben').requests.approve(request.id, { digest: request.digest })
    expect((await w.as('ann').resources.get(ref))?.document).toMatchObject({ enabled: false, rollout: 80 })
    expect((await w.as('ann').audit.verify()).problems).toEqual([])
  })
})

describe('[ST-09] what is declared safe', () => {
  it('[ST-09] has to be so for every policy that asks for the lock, as that is in force', async () => {
    const w = world(memoryStorage())
    await w.flag('checkout')
    const locking = { when: { type: 'any_change', field: '/rollout' }, rules: { lock: 'resource' } } as const
    await w.policy({ ...locking, safe: [...safe] })
    await w.policy({ id: 'silent', when: { type: 'any_change', field: '/rollout' } })
    await w.policy({ ...locking, id: 'second' })
    await w.as('ann').submit(ref, rollout(80))
    const tried = () =>
      w
        .as('eve')
        .preview(ref, off)
        .then(
          ({ status }) => status,
          ({ code }) => code,
        )
    expect(await tried()).toBe('locked')
    await w.policy({ id: 'other', match: { action: 'create' }, safe: [...safe] })
    expect(await tried()).toBe('locked')
    await w.policy({ ...locking, id: 'second', safe: [...safe] })
    expect(await tried()).toBe('applied')
    await w.policy({ ...locking, id: 'second', safe: [...safe], mode: 'off' })
    expect(await tried()).toBe('locked')
    await w.as('ann').policies.remove('second')
    expect(await tried()).toBe('locked')
  })

  it('[ST-09] no policy that is added lets a change pass that the policies before kept off', async () => {
    const places = fc.constantFrom('/enabled', '/rollout', '/description')
    const policy = fc.record({
      when: fc.record({ type: fc.constant('any_change' as const), field: places }),
      safe: fc.array(fc.oneof(fc.constant(safe[0]), fc.record({ field: places })), { minLength: 1, maxLength: 2 }),
      rules: fc.record({ lock: fc.constantFrom('none' as const, 'resource' as const) }),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(policy, { minLength: 1, maxLength: 3 }), policy, async (before, added) => {
        const w = world(memoryStorage())
        await w.flag('checkout')
        for (const [index, one] of before.entries())
          await w.policy({ id: `p${index}`, match: { action: 'update' }, ...one })
        const outcome = await w.as('ann').submit(ref, rollout(80))
        if (outcome.status !== 'pending') return
        const tried = () =>
          w
            .as('eve')
            .preview(ref, off)
            .then(
              ({ status }) => status,
              ({ code }) => code,
            )
        const first = await tried()
        await w.policy({ id: 'added', match: { action: 'update' }, ...added })
        const second = await tried()
        const asked = (status: string) =>
          status === 'pending' ? 'locked or asked' : status === 'locked' ? 'locked or asked' : status
        if (first !== 'applied') expect(asked(second)).toBe(asked(first))
      }),
      { numRuns: 40 },
    )
  })

  it('[ST-09] is what `can` foretells: every action, in every state, with and without a lock', async () => {
    for (const [lock, type] of [
      ['none', switches],
      ['resource', switches],
      ['none', openSwitches as unknown as typeof switches],
    ] as const) {
      const { w, flag, request } = await waiting(memoryStorage(), lock, type)
      const compare = async () => {
        const { can, state } = await w.standing(flag)
        for (const [action, told] of Object.entries(can)) {
          const at = action === 'schedule' ? { at: w.now() + day } : {}
          const came = await w
            .as('cat')
            .preview(flag, { action, ...at })
            .then(
              () => true,
              ({ code }) => code,
            )
          // An edit without changes changes nothing; that it may be asked for is what is foretold.
          const foretold = told === true ? true : told.code
          expect(came === 'nothing_changed' ? true : came, `${lock} ${type.type} ${state} ${action}`).toBe(foretold)
        }
      }
      await compare()
      await w.as('dan').submit(flag, { action: 'deactivate' })
      await compare()
      await w.as('ann').requests.cancel(request.id)
      await compare()
      await w.gate(['activate', 'publish'], { lock })
      const activation = await w.ask(flag, { action: 'activate' })
      await compare()
      await w.as('ben').requests.approve(activation.id, { digest: activation.digest })
      await compare()
    }
  })

  it('[ST-09] passes as a request too, and by whoever may bypass, where a policy asks about it', async () => {
    const { w, flag, request } = await waiting()
    const rules = { bypass: ['security'] }
    await w.policy({ id: 'stops', match: { action: 'deactivate' }, rules })
    const stop = await w.ask(flag, { action: 'deactivate' })
    await w.as('ben').requests.approve(stop.id, { digest: stop.digest })
    expect(await w.standing(flag)).toMatchObject({ state: 'inactive' })
    await w.as('ann').requests.cancel(request.id)
    await w.as('ann').submit(flag, { action: 'activate' })
    const again = await w.ask(flag, { merge: { bucketingSalt: 'pepper' } })
    await w.as('dan').bypass(flag, { action: 'deactivate' }, { reason: 'it burns' })
    expect(await w.standing(flag)).toMatchObject({ state: 'inactive' })
    expect((await w.as('ann').requests.get(again.id)).stale).toBe(true)
  })

  it('[ST-09] is done by the clock, too', async () => {
    const lifecycle = defineLifecycle<{ percent: number }>({
      name: 'offer',
      initial: 'draft',
      moves: [
        { from: 'draft', action: 'open', to: 'opened' },
        { from: 'opened', action: 'close', by: 'clock', to: 'closed', safe: true },
        { from: 'opened', action: 'change', pending: 'change_pending', edits: 'any' },
      ],
    })
    const offers = defineResource({ type: 'offer', schema: object({ percent: number() }), lifecycle })
    const w = world(memoryStorage(), undefined, [offers])
    const offer = offers.ref('spring')
    await w.as('ann').submit(offer, { value: { percent: 10 } })
    await w.as('ann').submit(offer, { action: 'open', at: w.now() + day })
    await w.policy({ match: { action: 'change' }, rules: { lock: 'resource' } })
    const request = pending(await w.as('ann').submit(offer, { merge: { percent: 20 } }))
    w.pass(day)
    expect((await w.approvals.tick()).failed).toEqual([])
    expect((await w.as('ann').resources.get(offer))?.lifecycle?.state).toBe('closed')
    expect((await w.as('ann').requests.get(request.id)).stale).toBe(true)
  })

  it('[ST-09] is one direction: a row that carries changes is refused as safe', () => {
    const row = { from: 'on', action: 'edit', edits: 'any', safe: true } as const
    expect(() => defineLifecycle({ name: 'x', initial: 'on', moves: [row] })).toThrow(
      'defineLifecycle: x: edit: an action that carries changes is not safe as a whole; policies say which changes are',
    )
    const wrong = { from: 'on', action: 'stop', to: 'off', safe: 'yes' } as never
    expect(() => defineLifecycle({ name: 'x', initial: 'on', moves: [wrong] })).toThrow(
      'safe must be true, or left out',
    )
  })

  it('[ST-09] waits for a change that is on its way already', async () => {
    const rates = defineResource({
      type: 'rate',
      schema: object({ percent: number() }),
      projectOf: async () => 'web',
      external: {
        read: async () => ({ percent: 1 }),
        write: async () => {
          throw new TypeError('closed for lunch')
        },
      },
    })
    const w = world(memoryStorage(), undefined, [flags, rates])
    await w.flag('checkout')
    const locked: Partial<PolicyInput> = { match: {}, require: lead, safe: [...safe], rules: { lock: 'resource' } }
    await w.policy(locked)
    const both = pending(
      await w.as('ann').submitAll([
        { ref, change: { merge: { rollout: 80 } } },
        { ref: rates.ref('base'), change: { value: { percent: 2 } } },
      ]),
    )
    expect((await w.as('eve').preview(ref, off)).status).toBe('applied')
    const { request } = await w.as('ben').requests.approve(both.id, { digest: both.digest })
    expect(request.status).toBe('applying')
    expect(await refusal(w.as('eve').submit(ref, off))).toBe('locked')
  })
})
