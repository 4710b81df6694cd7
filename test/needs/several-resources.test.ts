import { describe, expect, it } from 'vitest'
import type { Storage } from '../../src/index.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { flags, pending, refusal, rollout, storages, world } from '../world.ts'

const [checkout, search, cart] = [flags.ref('checkout'), flags.ref('search'), flags.ref('cart')]
const named = (...ids: readonly string[]) => ids.map((id) => ({ type: 'feature_flag', id }))

/** Three live flags, each at 40 percent, and one lead who is asked about each change of them. */
async function shop(storage: Storage, policy: Parameters<ReturnType<typeof world>['policy']>[0] = {}) {
  const w = world(storage)
  for (const id of ['checkout', 'search', 'cart']) await w.flag(id)
  await w.policy(policy)
  return w
}

const both = [
  { ref: checkout, change: rollout(80) },
  { ref: search, change: rollout(60) },
] as const

describe.each(storages)('a request over several resources, on $name', ({ open }) => {
  it('[WO-06] is previewed and drafted as it is submitted', async () => {
    const w = await shop(open())
    const preview = await w.as('ann').preview(both)
    expect(preview).toMatchObject({ status: 'pending', satisfiable: true })
    expect(preview.changes.map(({ resource }) => resource)).toEqual(named('checkout', 'search'))
    expect(await w.as('ann').requests.count()).toEqual({ count: 0 })
    const draft = await w.as('ann').draft(both, { reason: 'together' })
    expect(draft).toMatchObject({ status: 'draft', reason: 'together', project: 'web' })
    expect(draft.resources.map(({ id }) => id)).toEqual(['checkout', 'search'])
    const { request } = await w.as('ann').requests.submit(draft.id)
    expect((await w.as('ben').requests.approve(draft.id, { digest: request.digest })).request.status).toBe('applied')
    expect((await w.as('ann').resources.get(search))?.document.rollout).toBe(60)
    for (const wrong of [[], [both[0], both[0]], [{ ...both[0], more: 1 }], [null]]) {
      expect(await refusal(w.as('ann').preview(wrong as never))).toBe('invalid_input')
      expect(await refusal(w.as('ann').draft(wrong as never))).toBe('invalid_input')
    }
    expect(await refusal(w.as('ann').draft(both, { base: 1 } as never))).toBe('invalid_input')
    expect((await w.as('ann').audit.verify()).problems).toEqual([])
  })

  it('[WO-06] leaves out what changes nothing, and says so; what changes nothing at all is refused', async () => {
    const w = await shop(open())
    const idle = { ref: cart, change: rollout(40) }
    expect(await w.as('ann').preview([...both, idle])).toMatchObject({ leftOut: named('cart') })
    const request = pending(await w.as('ann').submitAll([idle, ...both]))
    expect(request).toMatchObject({ leftOut: named('cart'), resources: [{ id: 'checkout' }, { id: 'search' }] })
    expect(await w.as('ben').requests.get(request.id)).toMatchObject({ leftOut: named('cart') })
    expect(await refusal(w.as('ann').submitAll([idle, { ref: checkout, change: rollout(40) }]))).toBe('nothing_changed')

    const edited = await w.as('ann').requests.edit(request.id, search, rollout(40))
    expect(edited.request).toMatchObject({ leftOut: named('search'), resources: [{ id: 'checkout' }] })
    expect(await refusal(w.as('ann').requests.edit(request.id, checkout, rollout(40)))).toBe('nothing_changed')
    const added = await w.as('ann').requests.add(request.id, cart, rollout(41))
    expect(added.request.leftOut).toBeUndefined()

    const draft = await w.as('ann').draft([idle, ...both])
    expect(draft.resources).toHaveLength(3)
    expect((await w.as('ann').requests.submit(draft.id)).request).toMatchObject({ leftOut: named('cart') })
    expect((await w.as('ann').audit.verify()).problems).toEqual([])
  })

  it('[WO-06] says that a draft can be submitted without what changes nothing, and has moved on meanwhile', async () => {
    const w = await shop(open(), { rules: { bypass: ['security'] } })
    const { id } = await w.as('ann').draft([...both, { ref: cart, change: rollout(40) }])
    expect((await w.as('ann').requests.get(id)).can.submit).toBe(true)
    await w.as('dan').bypass(cart, { merge: { description: 'full' } }, { reason: 'it burns' })
    expect(await w.as('ann').requests.get(id)).toMatchObject({ stale: true, can: { submit: true } })
    await w.as('dan').bypass(search, { merge: { description: 'slow' } }, { reason: 'it burns' })
    expect((await w.as('ann').requests.get(id)).can.submit).toMatchObject({ code: 'stale' })
    expect(await refusal(w.as('ann').requests.submit(id))).toBe('stale')
    await w.as('ann').requests.rebase(id)
    expect((await w.as('ann').requests.submit(id)).request).toMatchObject({ leftOut: named('cart') })
  })

  it('[WO-06] can be submitted, and says so, if something of the draft changes something', async () => {
    const w = await shop(open())
    const { requests } = w.as('ann')
    const idle = { ref: cart, change: rollout(40) }
    const draft = await w.as('ann').draft([idle, ...both])
    const nothing = await w.as('ann').draft([idle])
    expect((await requests.get(draft.id)).can.submit).toBe(true)
    expect((await requests.get(nothing.id)).can.submit).toMatchObject({ code: 'nothing_changed' })
    await w.policy({ match: { project: 'elsewhere' } })
    await w.as('dan').submit(cart, rollout(45))
    await w.policy()
    expect((await requests.get(draft.id)).can.submit).toBe(true)
    expect((await requests.submit(draft.id)).request).toMatchObject({ status: 'pending', leftOut: named('cart') })
    expect(await refusal(requests.submit(nothing.id))).toBe('nothing_changed')
  })

  it('[WO-06] leaves out what changes nothing of what nobody has to approve', async () => {
    const w = await shop(open(), { match: { project: 'elsewhere' } })
    const outcome = await w.as('ann').submitAll([{ ref: cart, change: rollout(40) }, ...both])
    expect(outcome).toMatchObject({ status: 'applied', leftOut: named('cart') })
    expect(await w.as('ann').resources.get(cart)).toMatchObject({ revision: 1 })
    expect(await w.as('ann').resources.get(search)).toMatchObject({ revision: 2, document: { rollout: 60 } })
  })

  it('[WO-06] gets members and loses them until it is applied, as by an edit', async () => {
    const w = await shop(open(), { require: { quorum: 2, from: { roles: ['lead'] } } })
    const asked = pending(await w.as('ann').submit(checkout, rollout(80)))
    await w.as('ben').requests.approve(asked.id, { digest: asked.digest })
    const { request } = await w.as('dan').requests.add(asked.id, search, rollout(60))
    expect(request).toMatchObject({ status: 'pending', round: 2, reviews: [], contributors: ['dan'] })
    expect(request.digest).not.toBe(asked.digest)
    expect(request.resources.map(({ id }) => id)).toEqual(['checkout', 'search'])
    expect((await w.as('ben').requests.list({ resource: search })).requests.map(({ id }) => id)).toEqual([asked.id])
    const out = (await w.as('ann').requests.takeOut(asked.id, checkout)).request
    expect(out.resources.map(({ id }) => id)).toEqual(['search'])
    expect((await w.as('ben').requests.list({ resource: checkout })).requests).toEqual([])
    expect(await w.as('ben').requests.count({ resource: search })).toEqual({ count: 1 })
    const again = (await w.as('ann').requests.add(asked.id, checkout, rollout(90))).request
    expect((await w.as('ben').requests.list({ type: 'feature_flag' })).requests.map(({ id }) => id)).toEqual([asked.id])
    await w.as('ben').requests.approve(asked.id, { digest: again.digest })
    const last = await w.as('cat').requests.approve(asked.id, { digest: again.digest })
    expect(last.request.status).toBe('applied')
    expect((await w.as('ann').resources.get(checkout))?.document.rollout).toBe(90)
    expect((await w.as('ann').resources.get(search))?.document.rollout).toBe(60)
    expect((await w.as('ann').audit.verify()).problems).toEqual([])
  })

  it('[WO-06] refuses members that it cannot have, and to lose the last one', async () => {
    const w = await shop(open(), { rules: { edit: 'requester' } })
    const { id } = pending(await w.as('ann').submit(checkout, rollout(80)))
    const { requests } = w.as('ann')
    expect(await refusal(requests.add(id, checkout, rollout(90)))).toBe('invalid_input')
    expect(await refusal(requests.takeOut(id, search))).toBe('invalid_input')
    expect(await refusal(requests.takeOut(id, checkout))).toBe('invalid_input')
    expect(await refusal(requests.add(id, search, rollout(50), { base: 7 }))).toBe('stale')
    expect(await refusal(requests.add(id, search, rollout(40)))).toBe('nothing_changed')
    expect(await refusal(requests.add(id, flags.ref('none'), rollout(40)))).toBe('unknown_resource')
    expect(await refusal(w.as('dan').requests.add(id, search, rollout(50)))).toBe('edit_restricted')
    await requests.add(id, search, rollout(50))
    expect(await refusal(w.as('dan').requests.takeOut(id, search))).toBe('edit_restricted')
    await requests.cancel(id)
    expect(await refusal(requests.add(id, cart, rollout(50)))).toBe('not_open')
    expect(await refusal(requests.takeOut(id, search))).toBe('not_open')
  })

  it('[WO-06] names the resource that is locked, whichever of its members it is', async () => {
    const w = await shop(open())
    const together = { resource: 'feature_flag', action: 'update' }
    await w.policy({ match: together, rules: { lock: 'resource' } })
    const draft = await w.as('ann').draft(both)
    const { id } = pending(await w.as('amy').submit(search, rollout(70)))
    const locked = { code: 'locked', details: { type: 'feature_flag', id: 'search', request: id } }
    await expect(w.as('ann').submitAll(both)).rejects.toMatchObject(locked)
    await expect(w.as('ann').requests.submit(draft.id)).rejects.toMatchObject(locked)
    expect((await w.as('ann').requests.get(draft.id)).can.submit).toMatchObject(locked)
  })

  it('[WO-06] takes an answer to the conflict of one member for no other, however alike they are', async () => {
    const w = await shop(open(), { rules: { bypass: ['security'], onStale: 'fail_when_applied' } })
    const draft = await w.as('ann').draft([both[0], { ...both[1], change: rollout(80) }])
    for (const ref of [checkout, search])
      await w.as('dan').bypass(ref, { merge: { rollout: 5 } }, { reason: 'it burns' })
    const [here, there, ...more] = (await w.as('ann').requests.get(draft.id)).changes.flatMap((one) => one.conflicts)
    if (!here || !there || more.length > 0) throw new TypeError('Each of the two has one conflict.')
    expect(here.digest).not.toBe(there.digest)
    const { request } = await w.as('ann').requests.resolve(draft.id, [{ conflict: here.digest, take: 'live' }])
    expect(request.conflicts).toBe(1)
    const after = (await w.as('ann').requests.get(draft.id)).changes
    expect(after.map(({ resource, conflicts }) => [resource.id, conflicts.map(({ digest }) => digest)])).toEqual([
      ['checkout', []],
      ['search', [there.digest]],
    ])
    await w.as('ann').requests.resolve(draft.id, [{ conflict: there.digest, take: 'draft' }])
    expect((await w.as('ann').requests.get(draft.id)).conflicts).toBe(0)
  })

  it('[WO-06] takes the locks of its members, and releases them', async () => {
    const w = await shop(open(), { rules: { lock: 'resource' } })
    const { id } = pending(await w.as('ann').submitAll(both))
    const other = pending(await w.as('dan').submit(cart, rollout(50)))
    expect(await refusal(w.as('dan').submit(search, rollout(50)))).toBe('locked')
    expect(await refusal(w.as('ann').requests.add(id, cart, rollout(70)))).toBe('locked')
    await w.as('ann').requests.takeOut(id, search)
    const free = pending(await w.as('dan').submit(search, rollout(50)))
    expect(await refusal(w.as('ann').requests.add(id, search, rollout(70)))).toBe('locked')
    await w.as('dan').requests.cancel(free.id)
    await w.as('dan').requests.cancel(other.id)
    await w.as('ann').requests.add(id, cart, rollout(70))
    expect(await refusal(w.as('dan').submit(cart, rollout(50)))).toBe('locked')
    await w.policy({ rules: { lock: 'none' } })
    const mine = pending(await w.as('dan').submit(search, rollout(50)))
    expect(mine.rules.lock).toBe('none')
    expect(await refusal(w.as('dan').requests.add(mine.id, cart, rollout(50)))).toBe('locked')
    expect((await w.as('ann').audit.verify()).problems).toEqual([])
  })

  it('[WO-06] is never applied with a member that an approver has not seen, however the two meet', async () => {
    const w = await shop(open())
    for (let turn = 0; turn < 8; turn++) {
      const to = 41 + turn
      const { id, digest } = pending(await w.as('ann').submit(checkout, rollout(to)))
      const [added, approved] = await Promise.allSettled([
        w.as('dan').requests.add(id, search, rollout(to)),
        w.as('ben').requests.approve(id, { digest }),
      ])
      const { status, resources } = await w.as('ann').requests.get(id)
      const isApplied = approved.status === 'fulfilled'
      expect(added.status).toBe(isApplied ? 'rejected' : 'fulfilled')
      expect([status, resources.length]).toEqual(isApplied ? ['applied', 1] : ['pending', 2])
      expect((await w.as('ann').resources.get(search))?.document.rollout).toBe(40)
      if (!isApplied) await w.as('ann').requests.cancel(id)
    }
    expect((await w.as('ann').audit.verify()).problems).toEqual([])
  })
})

describe('a member that is added', () => {
  it('[WO-06] is covered by no approval of before, whatever approvals stand after an edit', async () => {
    const stand = { rules: { onEdit: 'stand' }, require: { quorum: 2, from: { roles: ['lead'] } } } as const
    const w = await shop(memoryStorage(), stand)
    const { id, digest } = pending(await w.as('ann').submitAll(both))
    await w.as('ben').requests.approve(id, { digest })
    const edited = (await w.as('ann').requests.edit(id, checkout, rollout(81))).request
    expect(edited.reviews.map(({ by }) => by)).toEqual(['ben'])
    expect((await w.as('ann').requests.takeOut(id, search)).request.reviews.map(({ by }) => by)).toEqual(['ben'])
    expect((await w.as('ann').requests.add(id, cart, rollout(70))).request.reviews).toEqual([])
  })

  it('[WO-06] asks the policies anew, and nobody once those that asked have gone', async () => {
    const w = await shop(memoryStorage(), { match: { project: 'mobile' } })
    await w
      .as('ann')
      .submit(flags.ref('app', { project: 'mobile' }), { value: { enabled: true, rollout: 1 } })
      .then(async (outcome) => {
        const { id, digest } = pending(outcome)
        await w.as('ben').requests.approve(id, { digest })
      })
    const app = flags.ref('app')
    const { id, project } = pending(await w.as('ann').submit(app, rollout(80)))
    expect(project).toBe('mobile')
    const two = (await w.as('ann').requests.add(id, search, rollout(60))).request
    expect([two.project, two.projects]).toEqual([undefined, ['mobile', 'web']])
    const one = (await w.as('ann').requests.takeOut(id, search)).request
    expect([one.project, one.projects, one.status]).toEqual(['mobile', undefined, 'pending'])
    expect((await w.as('ann').audit.verify()).problems).toEqual([])
  })
})
