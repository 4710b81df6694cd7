import { describe, expect, it } from 'vitest'
import { collectionNames } from '../../src/ports/collections.ts'
import { everything } from '../chaos/desk.ts'
import { editNow } from '../edit-now.ts'
import { type Flag, type flags, pending, refusal, rollout, storages, type World, world } from '../world.ts'

const rules = (...list: readonly { id: string; rollout: number }[]) => ({
  enabled: true,
  rollout: 40,
  rules: [...list],
})

/** A live flag with two rules, and a policy that asks one lead about everything. */
async function live(w: World) {
  const ref = await w.flag('checkout', rules({ id: 'dev', rollout: 10 }, { id: 'production', rollout: 5 }))
  await w.policy()
  return ref
}

const setRule = (id: string, to: number) => (flag: { rules?: { id: string; rollout: number }[] | undefined }) => {
  for (const rule of flag.rules ?? []) if (rule.id === id) rule.rollout = to
}

/** Makes a change live, with an approval. */
async function land(w: World, ref: ReturnType<typeof flags.ref>, change: (flag: Flag) => void) {
  const request = pending(await w.as('dan').submit(ref, change))
  await w.as('ben').requests.approve(request.id, { digest: request.digest })
}

describe.each(storages)('GrowthBook drafts and revisions on $name', ({ open }) => {
  it('[GB-01, GB-20] makes a draft of a published resource, which everybody sees and no reader of the live value', async () => {
    const w = world(open())
    const ref = await live(w)
    const draft = await w.as('ann').draft(ref, rollout(80))
    expect(draft.status).toBe('draft')
    expect((await w.as('eve').requests.get(draft.id)).changes[0]?.after).toMatchObject({ rollout: 80 })
    expect((await w.as('eve').resources.get(ref))?.document.rollout).toBe(40)
    expect(await refusal(w.as('ben').requests.approve(draft.id, { digest: draft.digest }))).toBe('not_open')
    expect(await w.notices()).toEqual([])
  })

  it('[GB-02] adds further edits to the same draft, and publishes them all at once with a message', async () => {
    const w = world(open())
    const ref = await live(w)
    const { id } = await w.as('ann').draft(ref, rollout(80))
    await editNow(w.as('ann'), id, ref, setRule('dev', 50))
    await w.as('ann').requests.submit(id, { reason: 'everything at once' })
    const request = await w.as('ben').requests.get(id)
    expect(request.changes[0]?.places.map(({ path }) => path).toSorted()).toEqual(['/rollout', '/rules/dev/rollout'])
    await w.as('ben').requests.approve(id, { digest: request.digest })
    const [newest, ...older] = await w.as('ann').resources.history(ref)
    expect(newest).toMatchObject({ number: 2, message: 'everything at once', document: { rollout: 80 } })
    expect(older).toHaveLength(1)
  })

  it('[GB-03] refuses to change what is published', async () => {
    const w = world(open())
    const ref = await live(w)
    const request = pending(await w.as('ann').submit(ref, rollout(80)))
    await w.as('ben').requests.approve(request.id, { digest: request.digest })
    for (const attempt of [
      w.as('ann').requests.edit(request.id, ref, rollout(90)),
      w.as('ann').requests.cancel(request.id),
      w.as('ann').requests.recall(request.id),
      w.as('ann').requests.submit(request.id),
      w.as('ann').requests.rebase(request.id),
      w.as('ann').requests.apply(request.id),
      w.as('ben').requests.withdraw(request.id),
      w.as('ben').requests.reject(request.id, { digest: request.digest, reason: 'too late' }),
    ]) {
      expect(await refusal(attempt)).toBe('not_open')
    }
    expect((await w.as('ann').resources.history(ref)).map(({ number }) => number)).toEqual([2, 1])
  })

  it('[GB-04] reverts to an earlier revision as a new one, after showing what that would change', async () => {
    const w = world(open())
    const ref = await live(w)
    await land(w, ref, rollout(80))
    const before = await everything(w.storage, collectionNames, ['acme'])
    const preview = await w.as('ann').preview(ref, { revertTo: 1 })
    expect(preview).toMatchObject({ status: 'pending', requirements: [{ policy: 'reviewed' }], satisfiable: true })
    expect(preview.approvers.toSorted()).toEqual(['amy', 'ben', 'cat'])
    expect(await refusal(w.as('ann').preview(ref, { revertTo: 9 }))).toBe('unknown_revision')
    expect(await refusal(w.as('ann').preview(ref, { revertTo: 2 }))).toBe('nothing_changed')
    expect(await refusal(w.as('ann').preview(ref, { revertTo: 1 }, { draft: true } as object))).toBe('invalid_input')
    expect(await everything(w.storage, collectionNames, ['acme'])).toEqual(before)

    const outcome = pending(await w.as('ann').submit(ref, { revertTo: 1 }, { reason: 'it broke' }))
    expect(outcome.changes).toEqual(preview.changes)
    expect(outcome.changes[0]?.places).toEqual([{ type: 'changed', path: '/rollout', before: 80, after: 40 }])
    await w.as('ben').requests.approve(outcome.id, { digest: outcome.digest })
    const history = await w.as('ann').resources.history(ref)
    expect(history.map(({ number, document }) => [number, document?.rollout])).toEqual([
      [3, 40],
      [2, 80],
      [1, 40],
    ])
    expect(await refusal(w.as('ann').submit(ref, { revertTo: 9 }))).toBe('unknown_revision')
  })

  it('[GB-05] merges changes in different places by itself', async () => {
    const w = world(open())
    const ref = await live(w)
    const { id } = await w.as('ann').draft(ref, setRule('dev', 50))
    await land(w, ref, setRule('production', 60))
    await w.as('ann').requests.rebase(id)
    expect((await w.as('ann').requests.get(id)).changes[0]).toMatchObject({
      base: 2,
      conflicts: [],
      places: [{ path: '/rules/dev/rollout', before: 10, after: 50 }],
      after: rules({ id: 'dev', rollout: 50 }, { id: 'production', rollout: 60 }),
    })
  })

  it('[GB-06, GB-07, GB-25] reports what cannot be merged, and publishes nothing until each conflict is resolved', async () => {
    const w = world(open())
    const ref = await w.flag('checkout', { enabled: true, rollout: 1, description: 'foo' })
    await w.policy()
    const describeAs = (description: string) => (flag: { description?: string | undefined }) => {
      flag.description = description
    }
    const { id } = await w.as('ann').draft(ref, describeAs('bar'))
    await land(w, ref, describeAs('hi!!'))
    await w.as('ann').requests.rebase(id)

    const request = await w.as('ann').requests.get(id)
    expect(request.conflicts).toBe(1)
    const [conflict] = request.changes[0]?.conflicts ?? []
    expect(conflict).toMatchObject({ path: '/description', base: 'foo', live: 'hi!!', draft: 'bar' })
    expect(await refusal(w.as('ann').requests.submit(id))).toBe('conflicts_open')
    expect(await refusal(w.as('ann').requests.edit(id, ref, rollout(2)))).toBe('conflicts_open')

    const answer = { conflict: conflict?.digest ?? 'sha256:', take: 'value', value: 'bar, hi!!' } as const
    await w.as('ann').requests.resolve(id, [answer])
    await w.as('ann').requests.submit(id)
    const resolved = await w.as('ben').requests.get(id)
    expect(resolved.changes[0]).toMatchObject({ conflicts: [], after: { description: 'bar, hi!!' } })
    await w.as('ben').requests.approve(id, { digest: resolved.digest })
    expect((await w.as('ann').resources.get(ref))?.document.description).toBe('bar, hi!!')
  })

  it('[GB-07] takes theirs or mine, conflict by conflict', async () => {
    for (const [take, expected] of [
      ['live', 60],
      ['draft', 50],
    ] as const) {
      const w = world(open())
      const ref = await live(w)
      const { id } = await w.as('ann').draft(ref, (flag) => {
        setRule('dev', 50)(flag)
        flag.rollout = 41
      })
      await land(w, ref, setRule('dev', 60))
      await w.as('ann').requests.rebase(id)
      const [conflict] = (await w.as('ann').requests.get(id)).changes[0]?.conflicts ?? []
      await w.as('ann').requests.resolve(id, [{ conflict: conflict?.digest ?? 'sha256:', take }])
      expect((await w.as('ann').requests.get(id)).changes[0]?.after).toMatchObject({
        rollout: 41,
        rules: [{ id: 'dev', rollout: expected }, { id: 'production' }],
      })
    }
  })

  it('[GB-09] takes the approval back when an approved draft is edited, or keeps it where the effect is equal', async () => {
    const w = world(open())
    const ref = await live(w)
    await w.policy({ rules: { apply: 'by_hand' } })
    const reset = pending(await w.as('ann').submit(ref, rollout(80)))
    await w.as('ben').requests.approve(reset.id, { digest: reset.digest })
    expect((await w.as('ann').requests.edit(reset.id, ref, rollout(90))).request).toMatchObject({
      status: 'pending',
      reviews: [],
      round: 2,
    })
    expect(await refusal(w.as('ann').requests.apply(reset.id))).toBe('not_open')

    await w.policy({ rules: { apply: 'by_hand', onEdit: 'keep' } })
    const kept = pending(await w.as('ann').submit(ref, rollout(80)))
    await w.as('ben').requests.approve(kept.id, { digest: kept.digest })
    expect(await refusal(w.as('ann').requests.edit(kept.id, ref, rollout(40)))).toBe('nothing_changed')
    expect(await refusal(w.as('eve').requests.edit(kept.id, ref, rollout(80)))).toBe('nothing_changed')
    const elsewhere = pending(await w.as('dan').submit(ref, setRule('dev', 11)))
    await w.as('cat').requests.approve(elsewhere.id, { digest: elsewhere.digest })
    await w.as('ann').requests.apply(elsewhere.id)
    const { request: again } = await w.as('ann').requests.rebase(kept.id)
    expect(again).toMatchObject({ status: 'approved', round: 2, reviews: [{ by: 'ben', carriedFrom: kept.digest }] })
    const { request: other } = await w.as('ann').requests.edit(kept.id, ref, rollout(81))
    expect(other).toMatchObject({ status: 'pending', reviews: [] })
  })

  it('[GB-10, GB-11] requests a review with a comment, and lists what waits for one', async () => {
    const w = world(open())
    const ref = await live(w)
    const { id } = await w.as('ann').draft(ref, rollout(80))
    expect((await w.as('ben').requests.list({ status: 'pending' })).requests).toEqual([])
    await w.as('ann').requests.submit(id, { reason: 'please look at the rollout' })
    expect((await w.as('ben').requests.list({ status: 'pending' })).requests).toMatchObject([
      { id, reason: 'please look at the rollout', requester: 'ann' },
    ])
  })

  it('[GB-13, GB-14] shows the diff, and takes a comment, a request for changes or an approval', async () => {
    const w = world(open())
    const ref = await live(w)
    const request = pending(await w.as('ann').submit(ref, rollout(80)))
    await w.as('eve').requests.comment(request.id, 'why now?')
    expect((await w.as('ben').requests.get(request.id)).status).toBe('pending')
    const { request: asked } = await w
      .as('ben')
      .requests.requestChanges(request.id, { digest: request.digest, reason: 'less, please' })
    expect(asked.status).toBe('changes_requested')
    expect((await w.as('cat').requests.approve(request.id, { digest: request.digest })).request.status).toBe(
      'changes_requested',
    )

    await w.as('ann').requests.edit(request.id, ref, rollout(60))
    await w.as('ann').requests.submit(request.id)
    const again = await w.as('ben').requests.get(request.id)
    expect(again).toMatchObject({ status: 'pending', reviews: [], changes: [{ lines: ['rollout: 40 → 60'] }] })
    expect((await w.as('ben').requests.approve(request.id, { digest: again.digest })).request.status).toBe('applied')
  })

  it('[GB-15] lets anyone publish what is approved', async () => {
    const w = world(open())
    const ref = await live(w)
    await w.policy({ rules: { apply: 'by_hand' } })
    const request = pending(await w.as('ann').submit(ref, rollout(80)))
    await w.as('ben').requests.approve(request.id, { digest: request.digest })
    expect((await w.as('dan').requests.apply(request.id)).request.status).toBe('applied')
  })

  it('[GB-16, PH-27] lets those bypass whom the policies name, with a reason, on record as a bypass', async () => {
    const w = world(open())
    const ref = await live(w)
    await w.policy({ rules: { bypass: ['security'] } })
    const request = pending(await w.as('ann').submit(ref, rollout(80)))
    expect(await refusal(w.as('ben').requests.bypass(request.id, { digest: request.digest, reason: 'hurry' }))).toBe(
      'bypass_forbidden',
    )
    expect(await refusal(w.as('dan').requests.bypass(request.id, { digest: request.digest, reason: ' ' }))).toBe(
      'reason_required',
    )
    const { request: edited } = await w.as('eve').requests.edit(request.id, ref, rollout(85))
    expect(
      await refusal(w.as('dan').requests.bypass(request.id, { digest: request.digest, reason: 'it is on fire' })),
    ).toBe('digest_mismatch')
    const { request: done } = await w
      .as('dan')
      .requests.bypass(request.id, { digest: edited.digest, reason: 'it is on fire' })
    expect(done).toMatchObject({ status: 'applied', bypassedBy: 'dan', reviews: [] })
    expect((await w.as('ann').resources.get(ref))?.revision).toBe(2)
    expect((await w.as('ann').audit.verify()).problems).toEqual([])
  })

  it('[GB-17, GB-18, GB-21] marks exactly one revision as live, and lists who made each and when', async () => {
    const w = world(open())
    const ref = await live(w)
    await land(w, ref, rollout(50))
    await land(w, ref, rollout(60))
    const history = await w.as('eve').resources.history(ref)
    expect(history.filter(({ live }) => live).map(({ number }) => number)).toEqual([3])
    expect(history.map(({ author, at }) => [author, at])).toEqual([
      ['dan', w.now()],
      ['dan', w.now()],
      ['ann', w.now()],
    ])
    expect(await w.as('eve').resources.compare(ref, 1, 3)).toMatchObject({
      places: [{ type: 'changed', path: '/rollout', before: 40, after: 60 }],
      lines: ['rollout: 40 → 60'],
    })
  })

  it('[GB-22] starts a new draft while others are open', async () => {
    const w = world(open())
    const ref = await live(w)
    const first = await w.as('ann').draft(ref, rollout(50))
    const second = await w.as('dan').draft(ref, rollout(60))
    expect(
      (await w.as('eve').requests.list({ status: 'draft', resource: ref })).requests.map(({ id }) => id).toSorted(),
    ).toEqual([first.id, second.id].toSorted())
  })

  it('[GB-24] lets authors discard their own draft, and nobody else', async () => {
    const w = world(open())
    const ref = await live(w)
    const draft = await w.as('ann').draft(ref, rollout(50))
    expect(await refusal(w.as('dan').requests.cancel(draft.id))).toBe('not_the_requester')
    expect((await w.as('ann').requests.cancel(draft.id)).request.status).toBe('cancelled')
  })

  it('[GB-08] asks for approval in the chosen environments only, or in all when none is named', async () => {
    const w = world(open())
    const ref = await w.flag('checkout', rules({ id: 'dev', rollout: 10 }, { id: 'production', rollout: 5 }))
    await w.policy({ when: { type: 'any_change', field: '/rules/production/**' } })
    expect((await w.as('ann').submit(ref, setRule('dev', 11))).status).toBe('applied')
    expect((await w.as('ann').submit(ref, setRule('production', 6))).status).toBe('pending')
    await w.policy()
    expect((await w.as('ann').submit(ref, setRule('dev', 12))).status).toBe('pending')
  })

  it('[GB-12] lets anyone of the approvers review, except who made the request', async () => {
    const w = world(open())
    const ref = await live(w)
    const request = pending(await w.as('amy').submit(ref, rollout(80)))
    expect(await refusal(w.as('amy').requests.approve(request.id, { digest: request.digest }))).toBe('self_approval')
    const { approval, can } = await w.as('cat').requests.get(request.id)
    expect(approval?.policies[0]?.missing).toMatchObject([{ missing: 1, candidates: ['ben', 'cat'] }])
    expect(can.approve).toBe(true)
    expect((await w.as('eve').requests.get(request.id)).can.approve).toMatchObject({ code: 'not_an_approver' })
    expect((await w.as('cat').requests.approve(request.id, { digest: request.digest })).request.status).toBe('applied')
  })

  it('[GB-27] always asks about values, and about metadata only when chosen', async () => {
    const w = world(open())
    const ref = await w.flag('checkout')
    const describeAs = (description: string) => (flag: Flag) => {
      flag.description = description
    }
    await w.policy({ match: { resource: 'feature_flag' }, when: { not: { type: 'any_change', field: '@metadata' } } })
    expect((await w.as('ann').submit(ref, describeAs('new'))).status).toBe('applied')
    expect((await w.as('ann').submit(ref, rollout(41))).status).toBe('pending')
    await w.policy()
    expect((await w.as('ann').submit(ref, describeAs('newer'))).status).toBe('pending')
  })

  it('[GB-28, C8] keeps everybody from approving who had a hand in the content', async () => {
    const w = world(open())
    const ref = await live(w)
    const { id } = await w.as('ann').draft(ref, rollout(50))
    await w.as('ben').requests.edit(id, ref, rollout(55))
    await w.as('ann').requests.submit(id)
    const { digest } = await w.as('ben').requests.get(id)
    expect(await refusal(w.as('ben').requests.approve(id, { digest }))).toBe('contributor')
    expect((await w.as('cat').requests.approve(id, { digest })).request.status).toBe('applied')
  })
})
