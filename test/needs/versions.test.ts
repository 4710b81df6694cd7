import { describe, expect, it } from 'vitest'
import { createApprovals, type ResourceRef, type SubmitOutcome } from '../../src/index.ts'
import { rosterDirectory } from '../roster.ts'
import { day, flags, pending, refusal, rollout, storages, world } from '../world.ts'

const checkout = flags.ref('checkout')
const value = { enabled: true, rollout: 10 }

describe.each(storages)('versions of a resource, on $name', ({ open }) => {
  it('[WO-10, GB-33] are compared, whichever two: revisions, what is live, drafts and requests', async () => {
    const w = world(open())
    await w.as('ann').submit(checkout, { value })
    await w.as('ann').submit(checkout, rollout(20))
    await w.policy()
    const draft = await w.as('ann').draft(checkout, rollout(30))
    const asked = pending(await w.as('dan').submit(checkout, { remove: true }))
    const { resources } = w.as('ben')
    const lines = async (...[from, to]: readonly [Version, Version]) =>
      (await resources.compare(checkout, from, to)).lines
    expect(await lines(1, 2)).toEqual(['rollout: 10 → 20'])
    expect(await lines(1, 'live')).toEqual(['rollout: 10 → 20'])
    expect(await lines('live', 'live')).toEqual([])
    expect(await lines('live', { request: draft.id })).toEqual(['rollout: 20 → 30'])
    expect(await lines({ request: draft.id }, 1)).toEqual(['rollout: 30 → 10'])
    expect(await lines({ request: draft.id }, { request: asked.id })).toEqual(await lines({ request: draft.id }, 0))
    expect(await lines(0, { request: draft.id })).not.toEqual([])

    const about = async (from: unknown, ref: ResourceRef = checkout) =>
      await refusal(resources.compare(ref, from as number, 'live'))
    expect(await about(7)).toBe('unknown_revision')
    expect(await about({ request: 'none' })).toBe('unknown_request')
    expect(await about(0, flags.ref('none'))).toBe('unknown_resource')
    for (const wrong of ['dead', {}, { request: '' }, { request: draft.id, more: 1 }, null, 1.5, -1, Number.NaN]) {
      expect(await about(wrong), JSON.stringify(wrong)).toBe('invalid_input')
    }
    await w
      .as('ann')
      .submit(flags.ref('search'), { value })
      .catch(() => {})
    const other = await w.as('ann').draft(flags.ref('other'), { value })
    expect(await about({ request: other.id })).toBe('invalid_input')
  })

  it('[WO-10] have beside them what people would make of it, with authors, last updates and answers', async () => {
    const w = world(open())
    await w.as('ann').submit(checkout, { value })
    const draft = await w.as('ann').draft(checkout, rollout(30))
    w.pass(1_000)
    await w.as('ann').submit(checkout, rollout(20))
    await w.policy({ require: { quorum: 2, from: { roles: ['lead'] } } })
    const asked = pending(await w.as('dan').submit(checkout, rollout(40)))
    await w.as('cat').requests.approve(asked.id, { digest: asked.digest })
    await w.as('eve').requests.edit(draft.id, checkout, rollout(31))
    const gone = await w.as('ann').draft(checkout, rollout(50))
    await w.as('ann').requests.cancel(gone.id)
    const listed = await w.as('ben').resources.drafts(checkout)
    expect(listed).toMatchObject([
      { request: asked.id, author: 'dan', status: 'pending', base: 2, stale: false },
      { request: draft.id, author: 'ann', status: 'draft', base: 1, stale: true, reviews: [], updatedAt: w.now() },
    ])
    expect(listed[0]?.reviews).toEqual([{ by: 'cat', verdict: 'approve', at: w.now() }])
    expect(listed[1]?.contributors).toContain('eve')
    expect(listed[1]?.createdAt).toBe(w.now() - 1_000)
    expect(await w.as('ben').resources.drafts(flags.ref('none'))).toEqual([])
  })

  it('[WO-07] name other open requests about a resource, and the twin among them, before and after one asks', async () => {
    const w = world(open())
    await w.as('ann').submit(checkout, { value })
    await w.as('ann').submit(flags.ref('search'), { value })
    await w.policy({ rules: { lock: 'none' } })
    expect((await w.as('ann').preview(checkout, rollout(30))).others).toEqual([])
    const first = pending(await w.as('ann').submit(checkout, rollout(30)))
    w.pass(1)
    const second = pending(await w.as('dan').submit(checkout, rollout(40)))
    const elsewhere = pending(await w.as('dan').submit(flags.ref('search'), rollout(30)))
    await w.as('ann').draft(checkout, rollout(50))
    const seen = async (id: string) => (await w.as('ben').requests.get(id)).others ?? []
    expect(await seen(elsewhere.id)).toEqual([])
    const named = { request: first.id, status: 'pending', requester: 'ann', createdAt: w.now() - 1 }
    expect(await seen(second.id)).toEqual([{ ...named, twin: false }])
    const { others } = await w.as('eve').preview(checkout, rollout(30))
    expect(others.map(({ request, twin }) => [request, twin])).toEqual([
      [second.id, false],
      [first.id, true],
    ])
    const twin = pending(await w.as('eve').submit(checkout, rollout(30)))
    expect((await seen(twin.id)).find((one) => one.twin)?.request).toBe(first.id)
    expect((await seen(first.id)).map(({ request }) => request)).toEqual([twin.id, second.id])
    await w.as('ann').requests.cancel(first.id)
    expect((await seen(twin.id)).map(({ request }) => request)).toEqual([second.id])
    const told = await w.as('amy').draft(checkout, rollout(30))
    expect(told.others?.map(({ request, twin: isTwin }) => [request, isTwin])).toEqual([
      [twin.id, true],
      [second.id, false],
    ])
    const both = await w.as('amy').submitAll([
      { ref: checkout, change: rollout(60) },
      { ref: flags.ref('search'), change: rollout(60) },
    ])
    const found = (await seen(pending(both).id)).map(({ request }) => request)
    expect(found.toSorted()).toEqual([elsewhere.id, second.id, twin.id].toSorted())
    expect(
      pending(both)
        .others?.map(({ request }) => request)
        .toSorted(),
    ).toEqual(found.toSorted())
  })

  it('[WO-07] [PH-34] are named to whoever submits: open ones, that they may read, also if nobody is asked', async () => {
    const w = world(open())
    await w.as('ann').submit(checkout, { value })
    expect(await w.as('ann').submit(checkout, rollout(11))).toMatchObject({ status: 'applied', others: [] })
    await w.policy({
      when: { type: 'change_amount', field: '/rollout', operator: '>', value: 20 },
      rules: { lock: 'none' },
    })
    const first = pending(await w.as('ann').submit(checkout, rollout(50)))
    expect(first.others).toEqual([])
    const second = pending(await w.as('dan').submit(checkout, rollout(50)))
    const named = { request: first.id, status: 'pending', requester: 'ann', createdAt: w.now(), twin: true }
    expect(second.others).toEqual([named])
    const direct = await w.as('eve').submit(checkout, rollout(12))
    expect(direct).toMatchObject({ status: 'applied' })
    expect(othersOf(direct).toSorted()).toEqual([first.id, second.id].toSorted())
    await w.as('ann').requests.cancel(first.id)
    w.pass(40 * day)
    expect(othersOf(await w.as('eve').submit(checkout, rollout(13)))).toEqual([])
    const key = { idempotencyKey: 'once' }
    const asked = await w.as('eve').submit(checkout, { merge: { rollout: 60 } }, key)
    expect(await w.as('eve').submit(checkout, { merge: { rollout: 60 } }, key)).toEqual(asked)
    const many: string[] = []
    for (let to = 0; to < 22; to++) many.push(pending(await w.as('ann').submit(checkout, rollout(61 + to))).id)
    expect(othersOf(await w.as('dan').submit(checkout, rollout(14)))).toHaveLength(20)
    expect((await w.as('ann').audit.verify()).problems).toEqual([])
  })
})

function othersOf(outcome: SubmitOutcome): readonly string[] {
  return outcome.status === 'applied' ? outcome.others.map(({ request }) => request) : []
}

type Version = number | 'live' | { readonly request: string }

describe.each(storages)('[PE-02] the history of a resource, on $name', ({ open }) => {
  it('names no request that its reader may not read, nor what was said of it', async () => {
    const approvals = createApprovals({
      ...{ storage: open(), resources: [flags], admins: { roles: ['admin'] }, readers: { roles: ['staff'] } },
      directory: rosterDirectory({
        ...{ ann: { '': ['staff'] }, lia: { '': ['lead'] }, kim: { '': ['admin', 'staff'] } },
        eve: { web: ['staff'] },
      }),
    })
    const as = (user: string) => approvals.as({ tenant: 'acme', user })
    const [here, there] = [flags.ref('here', { project: 'web' }), flags.ref('there', { project: 'shop' })]
    const value = { enabled: true, rollout: 5 }
    for (const ref of [here, there]) await as('ann').submit(ref, { value }, { reason: 'a start' })
    await as('kim').policies.save({ id: 'all', match: {}, require: { quorum: 1, from: { roles: ['lead'] } } })
    const both = [here, there].map((ref) => ({ ref, change: { merge: { rollout: 50 } } }))
    const { id, digest } = pending(await as('ann').submitAll(both, { reason: 'we buy a shop' }))
    await as('lia').requests.approve(id, { digest })
    const one = pending(await as('ann').submit(here, { merge: { rollout: 60 } }, { reason: 'more of it' }))
    await as('lia').requests.approve(one.id, { digest: one.digest })
    const told = async (user: string) =>
      (await as(user).resources.history(flags.ref('here'))).map(({ number, request, message }) => [
        number,
        request,
        message,
      ])
    expect(await told('eve')).toEqual([
      [3, one.id, 'more of it'],
      [2, undefined, undefined],
      [1, undefined, 'a start'],
    ])
    expect((await told('ann'))[1]).toEqual([2, id, 'we buy a shop'])
  })
})
