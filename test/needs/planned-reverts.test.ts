import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { defineResource } from '../../src/index.ts'
import { defineLifecycle } from '../../src/lifecycles.ts'
import { levelAccess } from '../../src/presets/levels.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { accessWorld } from '../access-world.ts'
import { day, flags, pending, refusal, rollout, start, storages, type World, world } from '../world.ts'

const ref = flags.ref('checkout')
const hour = day / 24
const revertAt = start + day

/** A price that the host keeps elsewhere, and can be out; and a document with a life cycle whose guard can be shut. */
function hosting() {
  const host = { cents: 1, out: false, writes: 0, shut: false, strict: false }
  const prices = defineResource({
    type: 'price',
    schema: z.strictObject({ cents: z.number() }),
    external: {
      read: () => ({ cents: host.cents }),
      write(_, next) {
        host.writes++
        if (host.out) throw new RangeError('503')
        host.cents = next?.cents ?? 0
      },
    },
  })
  const lifecycle = defineLifecycle<{ n: number }>({
    name: 'note',
    initial: 'on',
    moves: [
      {
        from: 'on',
        action: 'edit',
        edits: 'any',
        guard: ({ document }) => (host.shut && document.n < 5 ? 'not below 5' : undefined),
      },
    ],
  })
  const notes = defineResource({ type: 'note', schema: z.strictObject({ n: z.number() }), lifecycle })
  const sizes = defineResource({
    type: 'size',
    schema: z.strictObject({ n: z.number().refine((n) => !host.strict || n > 5, 'is small') }),
  })
  return { host, prices, notes, sizes, price: prices.ref('pro'), note: notes.ref('a'), size: sizes.ref('a') }
}

async function approve(w: World, id: string, digest: string) {
  return (await w.as('ben').requests.approve(id, { digest })).request
}

describe.each(storages)('[TI-03] what takes back a change that nobody had to approve, on $name', ({ open }) => {
  it('is put to nobody if it has nothing to take back, whatever policies ask of changes by then', async () => {
    for (const match of [{}, { action: 'update' }, { resource: 'feature_flag' }]) {
      for (const back of [rollout(40), { remove: true }] as const) {
        const w = world(open())
        await w.flag('checkout')
        await w.as('dan').submit(ref, rollout(5), { revertAt })
        const [{ id } = { id: '' }] = (await w.as('dan').requests.list({ requester: 'dan', status: 'approved' }))
          .requests
        await w.as('ben').submit(ref, back)
        const { revision, document } = (await w.as('dan').resources.get(ref)) ?? {}
        await w.policy({ match })
        w.pass(day)
        expect((await w.approvals.tick()).failed).toEqual([])
        const { status } = await w.as('dan').requests.get(id)
        expect(status).toBe('remove' in back ? 'failed' : 'applied')
        const live = await w.as('dan').resources.get(ref)
        expect([live?.revision, live?.document]).toEqual([revision, document])
        expect((await w.as('dan').audit.verify()).problems).toEqual([])
      }
    }
  })

  it('is put to policies anew at its time, as it would land then', async () => {
    const w = world(open())
    await w.flag('checkout')
    const outcome = await w.as('dan').submit(ref, rollout(5), { revertAt })
    expect(outcome).toMatchObject({ status: 'applied' })
    await w.policy({ when: { type: 'any_change', field: '/rollout' }, rules: { lock: 'resource' } })
    await w.as('dan').submit(ref, { merge: { description: 'later' } })
    w.pass(day)
    await w.approvals.tick()
    const [revert] = (await w.as('ann').requests.list({ status: 'pending' })).requests
    expect(revert).toMatchObject({ requirements: [{ policy: 'reviewed' }], requester: 'dan' })
    const { can, digest, changes } = await w.as('ben').requests.get(revert?.id ?? '')
    expect(changes[0]?.after).toMatchObject({ rollout: 40, description: 'later' })
    expect(can.approve).toBe(true)
    expect(await approve(w, revert?.id ?? '', digest)).toMatchObject({ status: 'applied' })
    expect((await w.as('ann').audit.verify()).problems).toEqual([])
  })

  it('fails at its time where it collides, although somebody would have to approve it by then', async () => {
    const w = world(open())
    await w.flag('checkout')
    await w.as('dan').submit(ref, rollout(5), { revertAt })
    await w.as('ann').submit(ref, rollout(60))
    await w.policy()
    w.pass(day)
    expect((await w.approvals.tick()).failed).toEqual([])
    const [revert] = (await w.as('ann').requests.list({ status: 'failed' })).requests
    expect(revert).toMatchObject({ failure: { code: 'stale' }, requester: 'dan' })
    const told = (await w.notices()).filter((notice) => notice.request === revert?.id)
    expect(told.map(({ type, to }) => [type, [...to].toSorted()])).toEqual([['failed', ['ann', 'dan']]])
  })

  it.each([
    ['removed', { merge: { rollout: 5 } }, ['remove'], 'failed'],
    ['removed and made anew', { merge: { rollout: 5 } }, ['remove', 'make'], 'failed'],
    ['made for a time, and removed', { value: { enabled: true, rollout: 1 } }, ['remove'], 'applied'],
    ['removed for a time, and made anew', { remove: true }, ['make'], 'failed'],
  ] as const)('comes to its end where its resource is %s', async (_, change, steps, ends) => {
    const w = world(open())
    if (!('value' in change)) await w.flag('checkout')
    await w.as('dan').submit(ref, change as never, { revertAt })
    const value = { enabled: false, rollout: 77 }
    for (const step of steps) await w.as('ann').submit(ref, step === 'make' ? { value } : { remove: true })
    w.pass(day)
    expect((await w.approvals.tick()).failed).toEqual([])
    const { requests } = await w.as('ann').requests.list({ status: ends })
    expect(requests.filter(({ revertOf }) => revertOf)).toHaveLength(1)
    const live = (await w.approvals.reader('acme').resources.get(ref))?.document
    expect(live).toEqual(steps.at(-1) === 'make' ? value : undefined)
    expect((await w.as('ann').audit.verify()).problems).toEqual([])
  })

  it('lands by itself where nobody has to approve it then either, whoever has left', async () => {
    const w = world(open())
    await w.flag('checkout')
    await w.as('dan').submit(ref, rollout(5), { revertAt })
    w.leave('dan')
    w.pass(day)
    await w.approvals.tick()
    expect((await w.approvals.reader('acme').resources.get(ref))?.document?.rollout).toBe(40)
  })
})

describe('[TI-03] a revert that has failed', () => {
  it('has no rights any more: whoever tries it again needs approvals, and freezes hold', async () => {
    const w = world(memoryStorage())
    await w.flag('checkout')
    await w.policy()
    const first = pending(await w.as('ann').submit(ref, rollout(50), { revertAt }))
    await approve(w, first.id, first.digest)
    const second = pending(await w.as('dan').submit(ref, rollout(60)))
    await approve(w, second.id, second.digest)
    w.pass(day)
    await w.approvals.tick()
    const third = pending(await w.as('dan').submit(ref, rollout(50)))
    await approve(w, third.id, third.digest)
    const revert = `${first.id}-revert`
    const { can } = await w.as('dan').requests.get(revert)
    expect(can.apply).toMatchObject({ code: 'approval_missing' })
    expect(can.rebase).toBe(true)
    expect(await refusal(w.as('dan').requests.apply(revert))).toBe('approval_missing')
    expect((await w.approvals.reader('acme').resources.get(ref))?.document?.rollout).toBe(50)
  })
})

describe('[TI-03] a planned revert', () => {
  it('brings back a document, and never a state: in another state of a life cycle it collides', async () => {
    const lifecycle = defineLifecycle<{ n: number }>({
      name: 'page',
      initial: 'draft',
      moves: [
        { from: 'draft', action: 'edit', edits: 'any' },
        { from: 'draft', action: 'publish', to: 'live' },
        { from: 'live', action: 'amend', edits: 'any', to: 'draft' },
      ],
    })
    const pages = defineResource({ type: 'page', schema: z.strictObject({ n: z.number() }), lifecycle })
    const w = world(memoryStorage(), undefined, [pages])
    const home = pages.ref('home')
    await w.as('dan').submit(home, { value: { n: 1 } })
    await w.as('dan').submit(home, { merge: { n: 2 } }, { revertAt })
    await w.as('dan').submit(home, { action: 'publish' })
    w.pass(day)
    await w.approvals.tick()
    const { document, lifecycle: now } = (await w.as('dan').resources.get(home)) ?? {}
    expect([document, now?.state]).toEqual([{ n: 2 }, 'live'])
    expect((await w.as('dan').requests.list({ status: 'failed' })).requests).toHaveLength(1)
  })

  it('is shown as what it is: asked of nobody, held by no freeze, behind nothing', async () => {
    const w = world(memoryStorage())
    await w.flag('checkout')
    await w.policy()
    const { id, digest } = pending(await w.as('ann').submit(ref, rollout(50), { revertAt }))
    await approve(w, id, digest)
    const windows = [{ from: start, until: start + 9 * day }]
    await w.as('cat').freezes.save({ id: 'late', match: {}, windows, mode: 'block', reason: 'quiet' })
    w.pass(day)
    const shown = await w.as('ben').requests.get(`${id}-revert`)
    expect(shown).toMatchObject({ status: 'approved', stale: false, can: { apply: true } })
    expect(shown).not.toHaveProperty('approval')
    expect(shown).not.toHaveProperty('frozen')
    const [listed] = (await w.as('ben').requests.list({ status: 'approved' })).requests
    expect(listed).toMatchObject({ stale: false })
    expect(listed).not.toHaveProperty('approval')
    expect((await w.as('ben').requests.apply(`${id}-revert`)).request.status).toBe('applied')
  })

  it('is of this year, and brings back what the schema of today takes', async () => {
    const { host, sizes, size } = hosting()
    const w = world(memoryStorage(), undefined, [flags, sizes])
    await w.flag('checkout')
    const late = { revertAt: start + 367 * day }
    await expect(w.as('ann').submit(ref, rollout(50), late)).rejects.toThrow('within a year')
    await w.as('ann').submit(size, { value: { n: 1 } })
    host.strict = true
    await expect(w.as('ann').submit(size, { value: { n: 9 } }, { revertAt })).rejects.toThrow('could not be taken back')
  })

  it('tells nobody of what they may not read', async () => {
    const { as, approvals, pass, notices } = await accessWorld(memoryStorage(), levelAccess)
    await as('zoe').access.grant({ user: 'ann', role: 'member', project: 'mobile' })
    await as('zoe').access.grant({ user: 'dan', role: 'member', project: 'mobile' })
    const [secret, other] = [flags.ref('secret', { project: 'web' }), flags.ref('other', { project: 'mobile' })]
    for (const one of [secret, other]) await as('ann').submit(one, { value: { enabled: true, rollout: 1 } })
    const wishes = [secret, other].map((one) => ({ ref: one, change: rollout(50) }))
    await as('ann').submitAll(wishes, { revertAt })
    await as('dan').submit(other, rollout(60))
    pass(day)
    await approvals.tick()
    const told = (await notices()).filter(({ type }) => type === 'failed')
    expect(told.map(({ to }) => to)).toEqual([['ann']])
  })
})

describe('[TI-03] a planned revert of what is kept elsewhere', () => {
  it('takes back what is left to take back, where the host has taken its part back', async () => {
    const { host, prices, price } = hosting()
    const w = world(memoryStorage(), undefined, [flags, prices])
    await w.flag('checkout')
    await w.policy()
    const both = [
      { ref: price, change: { merge: { cents: 9 } } },
      { ref, change: rollout(99) },
    ] as never
    const { id, digest } = pending(await w.as('ann').submitAll(both, { revertAt }))
    await approve(w, id, digest)
    host.cents = 1
    w.pass(day)
    await w.approvals.tick()
    expect(await w.as('ann').requests.get(`${id}-revert`)).toMatchObject({
      status: 'applied',
      revisions: [{ id: 'checkout' }],
    })
    expect((await w.approvals.reader('acme').resources.get(ref))?.document?.rollout).toBe(40)
  })

  it('is tried until the host takes it, and given up by nobody but who may change the settings', async () => {
    const { host, prices, price } = hosting()
    const w = world(memoryStorage(), undefined, [flags, prices], { admins: { roles: ['security'] } })
    const allowed = { id: 'all', match: {}, require: { quorum: 1, from: { roles: ['lead'] } } }
    await w.as('dan').policies.save(allowed)
    const { id, digest } = pending(await w.as('ann').submit(price, { merge: { cents: 9 } }, { revertAt }))
    await approve(w, id, digest)
    host.out = true
    w.pass(day)
    for (let call = 0; call < 30; call++) {
      await w.approvals.tick()
      w.pass(hour)
    }
    const revert = `${id}-revert`
    expect(await w.as('ann').requests.get(revert)).toMatchObject({
      status: 'applying',
      can: { abandon: { code: 'revert_planned' } },
    })
    expect(await refusal(w.as('ann').requests.abandon(revert, { reason: 'it is out' }))).toBe('revert_planned')
    expect(await w.as('dan').requests.get(revert)).toMatchObject({ can: { abandon: true } })
    host.out = false
    w.pass(hour)
    await w.approvals.tick()
    expect(host.cents).toBe(1)
    expect(await w.as('ann').requests.get(revert)).toMatchObject({ status: 'applied' })
  })

  it('can be made before anything is sent: what cannot be taken back is not sent, and what was sent is recorded', async () => {
    const { host, prices, notes, price, note } = hosting()
    const w = world(memoryStorage(), undefined, [prices, notes])
    await w.as('ann').submit(note, { value: { n: 1 } })
    await w.policy()
    const both = [
      { ref: price, change: { merge: { cents: 9 } } },
      { ref: note, change: { merge: { n: 9 } } },
    ] as never
    const { id, digest } = pending(await w.as('ann').submitAll(both, { revertAt }))
    host.shut = true
    expect(await refusal(approve(w, id, digest))).toBe('transition_rejected')
    expect([host.writes, host.cents]).toEqual([0, 1])
    host.shut = false
    await approve(w, id, digest)
    expect(host.cents).toBe(9)
    expect(await w.as('ann').requests.get(id)).toMatchObject({ status: 'applied', revertedBy: `${id}-revert` })
  })

  it.each(['its confirmation is lost', 'the host is out'])(
    'is recorded once it was sent, also where %s and it cannot be taken back by then',
    async (what) => {
      const { host, prices, notes, price, note } = hosting()
      const w = world(memoryStorage(), undefined, [prices, notes])
      await w.as('ann').submit(note, { value: { n: 1 } })
      await w.policy()
      const both = [
        { ref: price, change: { merge: { cents: 9 } } },
        { ref: note, change: { merge: { n: 9 } } },
      ] as never
      const { id, digest } = pending(await w.as('ann').submitAll(both, { revertAt }))
      host.out = true
      expect(await approve(w, id, digest)).toMatchObject({ status: 'applying' })
      host.shut = true
      if (what !== 'the host is out') host.cents = 9
      host.out = false
      w.pass(hour)
      expect((await w.approvals.tick()).failed).toEqual([])
      expect(await w.as('ann').requests.get(id)).toMatchObject({ status: 'applied', revertedBy: `${id}-revert` })
      expect(host.cents).toBe(9)
    },
  )
})
