import { describe, expect, it } from 'vitest'
import type { PolicyInput } from '../../src/index.ts'
import { day, flags, pending, refusal, rollout, storages, type World, world } from '../world.ts'

/** A live flag at 40 %, a policy that asks one lead about every update, and a request by Ann to go to 80 %. */
async function asked(w: World, rules: PolicyInput['rules'] = {}) {
  const ref = await w.flag('checkout')
  await w.policy({ match: { action: 'update' }, rules })
  const request = pending(await w.as('ann').submit(ref, rollout(80), { reason: 'full launch' }))
  return { ref, request, digest: request.digest }
}

describe.each(storages)('PostHog approvals on $name', ({ open }) => {
  it('[PH-01] leaves the resource as it was until the request is applied', async () => {
    const w = world(open())
    const ref = await w.flag('checkout')
    await w.policy({ match: { action: 'update' } })
    const before = JSON.stringify(await w.as('ann').resources.get(ref))

    const request = pending(await w.as('ann').submit(ref, rollout(80)))
    expect(JSON.stringify(await w.as('ann').resources.get(ref))).toBe(before)

    await w.as('ben').requests.approve(request.id, { digest: request.digest })
    expect(await w.as('ann').resources.get(ref)).toMatchObject({ revision: 2, document: { rollout: 80 } })
  })

  it('[PH-02] records what is to change, on which resource, by whom, when and against which version', async () => {
    const w = world(open())
    const { request } = await asked(w)
    expect(await w.as('ben').requests.get(request.id)).toMatchObject({
      requester: 'ann',
      reason: 'full launch',
      createdAt: w.now(),
      resources: [{ type: 'feature_flag', id: 'checkout', base: 1 }],
      changes: [
        {
          base: 1,
          places: [{ type: 'changed', path: '/rollout', before: 40, after: 80 }],
          lines: ['rollout: 40 → 80'],
          before: { enabled: true, rollout: 40 },
          after: { enabled: true, rollout: 80 },
        },
      ],
    })
  })

  it('[PH-03] tells every approver of the policy that gated it', async () => {
    const w = world(open())
    const { request } = await asked(w)
    expect(await w.notices()).toEqual([
      {
        id: `request/${request.id}/1`,
        tenant: 'acme',
        type: 'submitted',
        to: ['ben', 'cat', 'amy'],
        request: request.id,
        resources: [{ type: 'feature_flag', id: 'checkout' }],
        at: w.now(),
        by: 'ann',
        reason: 'full launch',
      },
    ])
  })

  it('[PH-04] lets an approver approve or reject, and nobody else', async () => {
    const w = world(open())
    const first = await asked(w)
    expect(await refusal(w.as('dan').requests.approve(first.request.id, first))).toBe('invalid_input')
    expect(await refusal(w.as('dan').requests.approve(first.request.id, { digest: first.digest }))).toBe(
      'not_an_approver',
    )
    expect(await refusal(w.as('dan').requests.reject(first.request.id, { digest: first.digest, reason: 'no' }))).toBe(
      'not_an_approver',
    )
    expect(await refusal(w.as('nobody').requests.approve(first.request.id, { digest: first.digest }))).toBe(
      'unknown_actor',
    )
    expect((await w.as('ann').requests.get(first.request.id)).reviews).toEqual([])
    expect((await w.as('ben').requests.approve(first.request.id, { digest: first.digest })).request.status).toBe(
      'applied',
    )

    const second = pending(await w.as('ann').submit(first.ref, rollout(90)))
    const { request } = await w.as('cat').requests.reject(second.id, { digest: second.digest, reason: 'too fast' })
    expect(request.status).toBe('rejected')
  })

  it('[PH-05] applies the change with the last approval that is needed', async () => {
    const w = world(open())
    const ref = await w.flag('checkout')
    await w.policy({ require: { quorum: 2, from: { roles: ['lead'] } } })
    const request = pending(await w.as('ann').submit(ref, rollout(80)))
    expect((await w.as('ben').requests.approve(request.id, { digest: request.digest })).request.status).toBe('pending')
    expect((await w.as('ann').resources.get(ref))?.document.rollout).toBe(40)

    const { request: applied } = await w.as('cat').requests.approve(request.id, { digest: request.digest })
    expect(applied).toMatchObject({
      status: 'applied',
      revisions: [{ type: 'feature_flag', id: 'checkout', number: 2 }],
    })
    expect((await w.as('ann').resources.get(ref))?.document.rollout).toBe(80)
  })

  it('[PH-06] ends a rejected request, applies nothing, and tells the requester', async () => {
    const w = world(open())
    const { ref, request, digest: seen } = await asked(w)
    await w.notices()
    await w.as('ben').requests.reject(request.id, { digest: seen, reason: 'wait for the holiday' })
    expect(await refusal(w.as('cat').requests.approve(request.id, { digest: seen }))).toBe('not_open')
    expect((await w.as('ann').resources.get(ref))?.document.rollout).toBe(40)
    expect((await w.notices()).at(-1)).toMatchObject({
      type: 'rejected',
      to: ['ann'],
      by: 'ben',
      reason: 'wait for the holiday',
    })
  })

  it('[PH-07] finds every action in the change itself, whatever call made it', async () => {
    const w = world(open())
    const ref = await w.flag('checkout', { enabled: false, rollout: 40 })
    await w.policy({ id: 'enabling', match: { action: 'enable' } })
    const on = { enabled: true, rollout: 40 }
    const inputs = [
      (flag: typeof on) => {
        flag.enabled = true
      },
      { value: on },
      { merge: { enabled: true } },
      { patch: [{ op: 'replace' as const, path: '/enabled', value: true }] },
    ]
    for (const input of inputs) {
      const request = pending(await w.as('ann').submit(ref, input))
      expect(request.changes[0]?.actions).toEqual(['enable'])
      await w.as('ann').requests.cancel(request.id)
    }

    await w.policy({ id: 'updating', match: { action: 'update' }, require: { quorum: 1, from: { users: ['dan'] } } })
    const both = pending(await w.as('ann').submit(ref, { value: { enabled: true, rollout: 90 } }))
    expect(both.changes[0]?.actions).toEqual(['update', 'enable'])
    expect(both.requirements.map(({ policy }) => policy)).toEqual(['enabling', 'updating'])
    await w.as('ben').requests.approve(both.id, { digest: both.digest })
    expect((await w.as('ann').resources.get(ref))?.document.enabled).toBe(false)
    expect((await w.as('dan').requests.approve(both.id, { digest: both.digest })).request.status).toBe('applied')
  })

  it('[PH-09] keeps action, conditions, approvers, quorum and self-approval in a policy', async () => {
    const w = world(open())
    const policy = {
      id: 'big',
      match: { resource: 'feature_flag', action: 'update', project: 'web' },
      when: { type: 'change_amount', field: '/rollout', operator: '>', value: 20 },
      require: { quorum: 2, from: { roles: ['lead'], users: ['dan'] } },
      rules: { selfApproval: true },
    } as const
    expect(await w.as('ann').policies.save(policy)).toMatchObject({ ...policy, version: 1 })
    expect(await w.as('ann').policies.list()).toMatchObject([{ ...policy, version: 1 }])
    expect(
      await w.as('ann').policies.save({ ...policy, require: { quorum: 1, from: { roles: ['lead'] } } }),
    ).toMatchObject({ version: 2 })
    await w.as('ann').policies.remove('big')
    expect(await w.as('ann').policies.list()).toEqual([])
    expect(await refusal(w.as('ann').policies.remove('big'))).toBe('unknown_policy')
  })

  it('[PH-17] lets the requester approve only with self-approval on, and only as an approver', async () => {
    const w = world(open())
    const ref = await w.flag('checkout')
    const edit = rollout(41)
    await w.policy()
    const strict = pending(await w.as('amy').submit(ref, edit))
    expect(await refusal(w.as('amy').requests.approve(strict.id, { digest: strict.digest }))).toBe('self_approval')
    await w.as('amy').requests.cancel(strict.id)

    await w.policy({ rules: { selfApproval: true } })
    const byDeveloper = pending(await w.as('ann').submit(ref, edit))
    expect(await refusal(w.as('ann').requests.approve(byDeveloper.id, { digest: byDeveloper.digest }))).toBe(
      'not_an_approver',
    )
    await w.as('ann').requests.cancel(byDeveloper.id)
    const byLead = pending(await w.as('amy').submit(ref, edit))
    expect((await w.as('amy').requests.approve(byLead.id, { digest: byLead.digest })).request.status).toBe('applied')
  })

  it('[PH-18] knows the states pending, approved, applied, rejected, expired and failed', async () => {
    const w = world(open())
    const ref = await w.flag('checkout')
    await w.policy({ rules: { apply: 'by_hand', onStale: 'fail_when_applied' } })
    const ask = async (to: number) => pending(await w.as('ann').submit(ref, rollout(to)))
    const [one, two, three, four] = [await ask(50), await ask(60), await ask(70), await ask(80)]
    expect(one.status).toBe('pending')
    expect((await w.as('ben').requests.approve(one.id, { digest: one.digest })).request.status).toBe('approved')
    expect((await w.as('ann').requests.apply(one.id)).request.status).toBe('applied')
    expect((await w.as('ben').requests.reject(two.id, { digest: two.digest, reason: 'no' })).request.status).toBe(
      'rejected',
    )
    await w.as('ben').requests.approve(three.id, { digest: three.digest })
    expect((await w.as('ann').requests.apply(three.id)).request.status).toBe('failed')
    w.pass(14 * day)
    expect((await w.as('ann').requests.get(four.id)).status).toBe('expired')
  })

  it('[PH-19] lists requests by resource and by project, filtered by state', async () => {
    const w = world(open())
    const { ref, request } = await asked(w)
    const other = await w
      .as('ann')
      .submit(flags.ref('search', { project: 'mobile' }), { value: { enabled: true, rollout: 1 } })
    expect(other.status).toBe('applied')
    const elsewhere = pending(await w.as('ann').submit(flags.ref('search'), rollout(2)))
    w.pass(1)
    const later = pending(await w.as('ann').submit(ref, rollout(81)))
    await w.as('ben').requests.reject(request.id, { digest: request.digest, reason: 'no' })

    const ids = async (filter: Parameters<ReturnType<typeof w.as>['requests']['list']>[0]) =>
      (await w.as('ben').requests.list(filter)).requests.map(({ id }) => id)
    expect(await ids({ resource: ref })).toEqual([later.id, request.id])
    expect(await ids({ resource: ref, status: 'pending' })).toEqual([later.id])
    expect(await ids({ project: 'mobile' })).toEqual([elsewhere.id])
    expect(await ids({ project: 'web', status: ['rejected', 'applied'] })).toEqual([request.id])
    expect(await ids({})).toHaveLength(3)
    const first = await w.as('ben').requests.list({ limit: 2 })
    expect(first.requests).toHaveLength(2)
    const second = await w.as('ben').requests.list({ limit: 2, after: first.next ?? '' })
    expect([...first.requests, ...second.requests].map(({ id }) => id)).toEqual(await ids({}))
    expect(second.next).toBeUndefined()
    expect(await refusal(w.as('ben').requests.list({ limit: 2, after: `${first.next?.slice(0, -4)}AAAA` }))).toBe(
      'invalid_input',
    )
    expect(await refusal(w.as('ben').requests.list({ status: 'pending', after: first.next ?? '' }))).toBe(
      'invalid_input',
    )
  })

  it('[PH-20] shows every field that would change, before and after, to whoever is about to vote', async () => {
    const w = world(open())
    const ref = await w.flag('checkout', {
      enabled: true,
      rollout: 40,
      rules: [{ id: 'eu', rollout: 10 }],
      tags: ['a', 'b'],
    })
    await w.policy()
    const request = pending(
      await w.as('ann').submit(ref, (flag) => {
        flag.rules = [
          { id: 'us', rollout: 5 },
          { id: 'eu', rollout: 20 },
        ]
        flag.tags = ['b', 'c']
        flag.description = 'New checkout'
      }),
    )
    const { places } = (await w.as('ben').requests.get(request.id)).changes[0] ?? {}
    expect(places).toContainEqual({ type: 'added', path: '/description', after: 'New checkout' })
    expect(places).toContainEqual({ type: 'changed', path: '/rules/eu/rollout', before: 10, after: 20 })
    expect(places).toContainEqual({ type: 'added', path: '/rules/us', after: { id: 'us', rollout: 5 }, position: 0 })
    expect(
      places
        ?.filter(({ path }) => path.startsWith('/tags'))
        .map(({ type }) => type)
        .toSorted(),
    ).toEqual(['added', 'removed'])
    expect(places).toHaveLength(5)
  })

  it('[PH-21] refuses a rejection whose reason is blank, and changes nothing', async () => {
    const w = world(open())
    const { request, digest: seen } = await asked(w)
    for (const reason of ['', ' ', '\n\t', '\u200b', '\u3000']) {
      expect(await refusal(w.as('ben').requests.reject(request.id, { digest: seen, reason }))).toBe('reason_required')
    }
    const after = await w.as('ben').requests.get(request.id)
    expect(after).toMatchObject({ status: 'pending', reviews: [], updatedAt: request.updatedAt })
  })

  it('[PH-22] lets only the requester cancel, only before any vote, and tells a cancelled request from a rejected one', async () => {
    const w = world(open())
    const { ref, request } = await asked(w)
    expect(await refusal(w.as('ben').requests.cancel(request.id))).toBe('not_the_requester')
    expect((await w.as('ann').requests.cancel(request.id, { reason: 'changed my mind' })).request.status).toBe(
      'cancelled',
    )

    await w.policy({ require: { quorum: 2, from: { roles: ['lead'] } } })
    const second = pending(await w.as('ann').submit(ref, rollout(90)))
    await w.as('ben').requests.approve(second.id, { digest: second.digest })
    expect(await refusal(w.as('ann').requests.cancel(second.id))).toBe('already_reviewed_by_others')
    expect((await w.as('ann').requests.get(second.id)).status).toBe('pending')
  })

  it('[PH-23, PH-25] tells every reader that a request is stale; the votes complete, and the apply fails with the reason', async () => {
    const w = world(open())
    const { ref, request, digest: seen } = await asked(w, { onStale: 'fail_when_applied' })
    expect((await w.as('ben').requests.get(request.id)).stale).toBe(false)
    const other = pending(await w.as('dan').submit(ref, rollout(41)))
    await w.as('ben').requests.approve(other.id, { digest: other.digest })

    expect((await w.as('cat').requests.get(request.id)).stale).toBe(true)
    const { request: failed } = await w.as('cat').requests.approve(request.id, { digest: seen })
    expect(failed).toMatchObject({ status: 'failed', failure: { code: 'stale', details: { base: 1, live: 2 } } })
    expect((await w.as('ann').resources.get(ref))?.document.rollout).toBe(41)
    expect(await refusal(w.as('ben').requests.approve(request.id, { digest: seen }))).toBe('not_open')
    expect(await w.notices()).toContainEqual(
      expect.objectContaining({ type: 'failed', to: ['ann'], request: request.id }),
    )
  })

  it('[PH-24] records the version at creation, and moves the version with every write', async () => {
    const w = world(open())
    const { ref, request, digest: seen } = await asked(w)
    expect(request.resources[0]?.base).toBe(1)
    await w.as('ben').requests.approve(request.id, { digest: seen })
    await w.as('ann').policies.remove('reviewed')
    expect(await w.as('ann').submit(ref, rollout(81))).toMatchObject({
      status: 'applied',
      revision: 3,
    })
    const history = await w.as('ann').resources.history(ref)
    expect(history.map(({ number, live, request: id }) => [number, live, id])).toEqual([
      [3, true, undefined],
      [2, false, request.id],
      [1, false, undefined],
    ])
    expect(history[1]).toMatchObject({ author: 'ann', message: 'full launch', document: { rollout: 80 } })
  })

  it('[PH-26] applies exactly what was reviewed, and of two racing requests on one version at most one', async () => {
    const w = world(open())
    const { ref, request, digest: seen } = await asked(w, { onStale: 'fail_when_applied' })
    const rival = pending(await w.as('dan').submit(ref, rollout(55)))
    const [a, b] = await Promise.all([
      w.as('ben').requests.approve(request.id, { digest: seen }),
      w.as('cat').requests.approve(rival.id, { digest: rival.digest }),
    ])
    expect([a.request.status, b.request.status].toSorted()).toEqual(['applied', 'failed'])
    const winner = a.request.status === 'applied' ? request : rival
    expect((await w.as('ann').resources.get(ref))?.document).toEqual(winner.changes[0]?.after)
    expect(await w.as('ann').resources.history(ref)).toHaveLength(2)
    expect((await w.as('ann').audit.verify()).problems).toEqual([])
  })

  it('[PH-30] asks two different people for dual approval, and counts one person who votes twice once', async () => {
    const w = world(open())
    const ref = await w.flag('checkout')
    await w.policy({ require: { quorum: 2, from: { roles: ['lead'] } } })
    const request = pending(await w.as('amy').submit(ref, rollout(80)))
    const seen = request.digest
    await w.as('ben').requests.approve(request.id, { digest: seen })
    expect(await refusal(w.as('ben').requests.approve(request.id, { digest: seen }))).toBe('already_reviewed')
    expect(await refusal(w.as('amy').requests.approve(request.id, { digest: seen }))).toBe('self_approval')
    const { approval } = await w.as('ben').requests.get(request.id)
    expect(approval).toMatchObject({ met: false, policies: [{ missing: [{ missing: 1 }] }] })
    expect((await w.as('cat').requests.approve(request.id, { digest: seen })).request.status).toBe('applied')
  })

  it('[PH-31] tells the requester that the request was applied, rejected or has expired', async () => {
    const w = world(open())
    const { ref, request, digest: seen } = await asked(w)
    await w.as('ben').requests.approve(request.id, { digest: seen })
    expect((await w.notices()).at(-1)).toMatchObject({ type: 'applied', to: ['ann'], by: 'ben' })
    await w.policy({ rules: { apply: 'by_hand' } })
    const second = pending(await w.as('ann').submit(ref, rollout(81)))
    await w.as('ben').requests.approve(second.id, { digest: second.digest })
    expect((await w.notices()).at(-1)).toMatchObject({ type: 'approved', to: ['ann'] })
    const third = pending(await w.as('ann').submit(ref, rollout(82)))
    await w.as('ben').requests.reject(third.id, { digest: third.digest, reason: 'no' })
    expect((await w.notices()).at(-1)).toMatchObject({ type: 'rejected', to: ['ann'] })
    const fourth = pending(await w.as('ann').submit(ref, rollout(83)))
    w.pass(14 * day)
    const expiries = (await w.notices()).filter(({ type }) => type === 'expired')
    expect(expiries.map(({ to, request }) => [to, request])).toContainEqual([['ann'], fourth.id])
  })

  it('[PH-33] cannot be approved any more from the deadline on, whether or not a sweep has run', async () => {
    const w = world(open())
    const { request, digest: seen } = await asked(w)
    expect(request.expiresAt).toBe(w.now() + 14 * day)
    w.pass(14 * day)
    expect(await refusal(w.as('ben').requests.approve(request.id, { digest: seen }))).toBe('expired')
    expect((await w.as('ann').requests.get(request.id)).status).toBe('expired')
    expect(await w.approvals.tick()).toMatchObject({ expired: 1, failed: [] })
    expect(await refusal(w.as('ben').requests.approve(request.id, { digest: seen }))).toBe('not_open')
    expect((await w.as('ann').audit.verify()).problems).toEqual([])
  })
})
