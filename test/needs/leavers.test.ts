import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { defineResource, type PolicyInput, policyResource, type Storage, workflowResource } from '../../src/index.ts'
import { day, flags, pending, refusal, rollout, storages, world } from '../world.ts'

const ref = flags.ref('checkout')
const people = { ann: ['dev'], ben: ['lead'], cat: ['lead'], dan: ['dev'], kim: ['admin'], mia: ['boss'] }

/** Ann's change, which one lead has to approve; Kim may change the settings. */
async function asked(storage: Storage, rules: PolicyInput['rules'] = {}, options: { readonly applyAt?: number } = {}) {
  const w = world(storage, people, [flags], { admins: { roles: ['admin'] } })
  await w.flag('checkout')
  const policy = (quorum: number, more: PolicyInput['rules'] = rules) =>
    w.as('kim').policies.save({
      id: 'reviewed',
      match: { action: 'update' },
      require: { quorum, from: { roles: ['lead'] } },
      rules: more,
    })
  await policy(1)
  const { applyAt } = options
  const wanted = applyAt === undefined ? {} : { applyAt: w.now() + applyAt }
  const { id, digest } = pending(await w.as('ann').submit(ref, rollout(50), wanted))
  const get = (user = 'dan') => w.as(user).requests.get(id)
  const live = async () => (await w.approvals.reader('acme').resources.get(ref))?.document?.rollout
  const inbox = async (user: string) => (await w.as(user).requests.inbox()).requests.map((one) => one.id)
  const sound = async () => expect((await w.as('kim').audit.verify()).problems).toEqual([])
  return { w, id, digest, policy, get, live, inbox, sound }
}

describe.each(storages)('an approval that stops counting, on $name', ({ open }) => {
  it('[ST-06] is given anew by whoever can, who finds it in their inbox and is reminded of it', async () => {
    const { w, id, digest, get, inbox, sound } = await asked(open(), { apply: 'by_hand', remindEvery: '2d' })
    await w.as('ben').requests.approve(id, { digest })
    expect(await inbox('cat')).toEqual([])
    expect(await refusal(w.as('cat').requests.approve(id, { digest }))).toBe('not_open')
    w.pass(2 * day)
    const before = (await w.notices()).filter(({ type }) => type === 'reminded')
    expect(before.flatMap(({ to }) => to)).toEqual([])
    w.leave('ben')
    expect(await get()).toMatchObject({ status: 'approved', approval: { met: false, satisfiable: true } })
    expect(await inbox('cat')).toEqual([id])
    expect(await refusal(w.as('ann').requests.apply(id))).toBe('approval_missing')
    w.pass(2 * day)
    const told = (await w.notices()).filter(({ type }) => type === 'reminded')
    expect(told.flatMap(({ to }) => to)).toEqual(['cat'])
    expect((await get('cat')).can.approve).toBe(true)
    await w.as('cat').requests.approve(id, { digest })
    expect(await get()).toMatchObject({ status: 'approved', approval: { met: true } })
    expect(await inbox('cat')).toEqual([])
    expect((await w.as('ann').requests.apply(id)).request.status).toBe('applied')
    await sound()
  })

  it('[ST-06] where more are asked for by now, comes from them before the time that it waits for', async () => {
    const { w, id, digest, policy, get, live, inbox, sound } = await asked(open(), {}, { applyAt: 5 * day })
    await w.as('ben').requests.approve(id, { digest })
    await policy(2)
    expect(await inbox('ben')).toEqual([])
    expect(await inbox('cat')).toEqual([id])
    expect((await w.as('cat').requests.approve(id, { digest })).request.status).toBe('approved')
    w.pass(5 * day)
    await w.approvals.tick()
    expect(await get()).toMatchObject({ status: 'applied' })
    expect(await live()).toBe(50)
    await sound()
  })
})

describe.each(storages)('a way out, on $name', ({ open }) => {
  it('[ST-07] is one that is open: each that is named is tried, and asking anew asks the people of today', async () => {
    const { w, id, digest, policy, get, sound } = await asked(open(), { cancel: 'before_reviews', edit: 'nobody' })
    await policy(2)
    await w.as('ben').requests.approve(id, { digest })
    w.leave('cat')
    const stuck = await get()
    expect(stuck.approval).toMatchObject({ met: false, satisfiable: false })
    const named = (stuck.remedies ?? []).flatMap((one) => (one.type === 'people' ? [one] : []))
    expect(named.map(({ method, users }) => [method, ...users])).toEqual([['reject', 'ben']])
    expect(await refusal(w.as('ann').requests.cancel(id))).toBe('already_reviewed_by_others')
    await policy(1)
    const { request } = await w.as('ann').requests.submit(id)
    expect(request).toMatchObject({ status: 'pending', reviews: [] })
    expect((await w.as('ben').requests.approve(id, { digest: request.digest })).request.status).toBe('applied')
    await sound()
  })

  it('[ST-07] keeps an objection in the way, whoever asks anew', async () => {
    const { w, id, digest, get } = await asked(open(), { onReject: 'block' })
    await w.as('ben').requests.reject(id, { digest, reason: 'no' })
    const { request } = await w.as('ann').requests.submit(id)
    await w.as('cat').requests.approve(id, { digest: request.digest })
    expect(await get()).toMatchObject({ status: 'pending', approval: { met: false, blocking: [{ by: 'ben' }] } })
  })
})

describe.each(storages)('what somebody has left behind, on $name', ({ open }) => {
  it('[FA-12] is not applied by the last approval, says why, and lands by the hand of somebody who may make it', async () => {
    const { w, id, digest, get, live, sound } = await asked(open())
    w.leave('ann')
    expect((await w.as('ben').requests.approve(id, { digest })).request.status).toBe('approved')
    expect(await get()).toMatchObject({ status: 'approved', withheld: { code: 'unknown_actor' }, can: { apply: true } })
    expect(await live()).toBe(40)
    await w.approvals.tick()
    expect(await live()).toBe(40)
    const told = (await w.notices()).find(({ type }) => type === 'withheld')
    expect(told?.to.toSorted()).toEqual(['ben', 'cat', 'kim'])
    expect((await w.as('dan').requests.apply(id)).request.status).toBe('applied')
    expect(await live()).toBe(50)
    await sound()
  })

  it('[FA-12] is not applied by time, and loses its time, though everybody has approved it', async () => {
    const { w, id, digest, get, live, sound } = await asked(open(), {}, { applyAt: day })
    await w.as('ben').requests.approve(id, { digest })
    w.leave('ann')
    w.pass(day)
    await w.approvals.tick()
    expect(await get()).toMatchObject({
      status: 'approved',
      scheduleDropped: true,
      withheld: { code: 'unknown_actor' },
    })
    expect(await live()).toBe(40)
    await w.as('dan').requests.comment(id, 'Who does it?')
    expect(await get()).toMatchObject({ withheld: { code: 'unknown_actor' } })
    await w.approvals.tick()
    expect((await w.as('dan').requests.apply(id)).request.status).toBe('applied')
    await sound()
  })

  it('[ST-12] is taken over by whoever may change the settings, in a round of its own, and its requester of before does not count', async () => {
    const { w, id, digest, get, live, sound } = await asked(open(), { excludeContributors: 'none' })
    await w.as('cat').requests.edit(id, ref, rollout(60))
    expect(await refusal(w.as('kim').requests.takeOver(id))).toBe('requester_present')
    expect(await refusal(w.as('kim').requests.cancel(id))).toBe('not_the_requester')
    w.leave('ann')
    expect(await refusal(w.as('dan').requests.takeOver(id))).toBe('not_permitted')
    expect(await refusal(w.as('dan').requests.cancel(id))).toBe('not_the_requester')
    expect((await get('dan')).can.takeOver).toMatchObject({ code: 'not_permitted' })
    expect((await get('kim')).can).toMatchObject({ takeOver: true, cancel: true })
    const before = await get('ben')
    const { request } = await w.as('kim').requests.takeOver(id, { reason: 'Ann has left' })
    expect(request).toMatchObject({ status: 'pending', requester: 'kim', formerRequesters: ['ann'], reviews: [] })
    expect(request.digest).not.toBe(before.digest)
    expect(await refusal(w.as('ben').requests.approve(id, { digest }))).toBe('digest_mismatch')
    expect(await w.as('kim').requests.list({ requester: 'kim' })).toMatchObject({ requests: [{ id }] })
    expect((await w.as('kim').requests.list({ requester: 'ann' })).requests).toEqual([])
    w.person('ben', 'ann')
    expect(await refusal(w.as('ben').requests.approve(id, { digest: request.digest }))).toBe('self_approval')
    expect((await w.as('cat').requests.approve(id, { digest: request.digest })).request.status).toBe('applied')
    expect(await live()).toBe(60)
    await sound()
  })

  it('[ST-12] is ended by them, also a draft, and after it was reviewed', async () => {
    const { w, id, digest, sound } = await asked(open())
    const draft = await w.as('ann').draft(ref, rollout(70))
    await w.as('ben').requests.requestChanges(id, { digest, reason: 'less' })
    w.leave('ann')
    for (const one of [id, draft.id]) {
      expect(await refusal(w.as('ben').requests.cancel(one))).toBe('not_the_requester')
      expect((await w.as('kim').requests.cancel(one)).request.status).toBe('cancelled')
    }
    await sound()
  })

  it('[ST-12] stays a draft if it is one, and is found where nobody can approve it any more', async () => {
    const { w, id, get, sound } = await asked(open())
    const draft = await w.as('ann').draft(ref, rollout(70))
    w.leave('ann')
    const { request } = await w.as('kim').requests.takeOver(draft.id)
    expect(request).toMatchObject({ status: 'draft', requester: 'kim' })
    expect((await w.as('kim').requests.submit(draft.id)).request.status).toBe('pending')
    for (const lead of ['ben', 'cat']) w.roles(lead, [])
    const { remedies = [] } = await get()
    expect(remedies).toEqual([{ type: 'people', method: 'cancel', users: ['kim'] }])
    expect((await w.as('kim').requests.cancel(id)).request.status).toBe('cancelled')
    await sound()
  })

  it('[ST-12] keeps the reason of the change, and is listed under whoever took it over, in the same millisecond', async () => {
    const { w, id, get, sound } = await asked(open())
    const { request } = await w.as('ann').requests.submit(id, { reason: 'OPS-4711' })
    await w.as('ann').requests.describe(id, 'only until Friday')
    w.leave('ann')
    await w.as('kim').requests.takeOver(id, { reason: 'Ann has left' })
    const { reason, additions } = await get()
    expect([reason, additions?.map(({ text }) => text)]).toEqual(['OPS-4711', ['only until Friday']])
    expect(request.status).toBe('pending')
    const last = (await w.as('kim').audit.events({ request: id })).at(-1)
    expect(last).toMatchObject({ event: { type: 'taken_over', by: 'kim', reason: 'Ann has left' } })
    const under = async (requester: string) =>
      (await w.as('kim').requests.list({ type: 'feature_flag', requester, status: 'pending' })).requests.length
    expect([await under('kim'), await under('ann')]).toEqual([1, 0])
    await sound()
  })

  it('[ST-12] is judged as what its requester of before asked for, too', async () => {
    const { w, id, get } = await asked(open())
    await w.as('kim').policies.save({
      id: 'ours',
      match: { action: 'update', requester: { users: ['ann'] } },
      require: { quorum: 1, from: { roles: ['boss'] } },
    })
    w.leave('ann')
    await w.as('kim').requests.takeOver(id)
    const { request } = await w.as('kim').requests.submit(id)
    await w.as('ben').requests.approve(id, { digest: request.digest })
    expect(await get()).toMatchObject({ status: 'pending', requirements: [{ policy: 'ours' }, { policy: 'reviewed' }] })
    expect((await w.as('mia').requests.approve(id, { digest: request.digest })).request.status).toBe('applied')
  })

  it('[ST-12] asks the approvers that the document names as if whoever took it over had asked, and nobody who objects', async () => {
    const pages = defineResource({ type: 'page', schema: z.strictObject({ title: z.string(), owner: z.string() }) })
    const w = world(open(), people, [pages], { admins: { roles: ['admin'] } })
    const home = pages.ref('home')
    await w.as('kim').submit(home, { value: { title: 'a', owner: 'kim' } })
    await w.as('kim').policies.save({
      id: 'owned',
      match: {},
      require: { quorum: 1, from: { field: '/owner', otherwise: { roles: ['lead'] } } },
      rules: { excludeContributors: 'none', onReject: 'block' },
    })
    const { id, digest } = pending(await w.as('ann').submit(home, { merge: { title: 'b' } }))
    await w.as('kim').requests.reject(id, { digest, reason: 'no' })
    w.leave('ann')
    expect((await w.as('kim').requests.get(id)).can.takeOver).toMatchObject({ code: 'own_objection' })
    expect(await refusal(w.as('kim').requests.takeOver(id))).toBe('own_objection')
    await w.as('kim').requests.withdraw(id)
    const { request } = await w.as('kim').requests.takeOver(id)
    expect((await w.as('ben').requests.get(id)).approval).toMatchObject({ met: false, satisfiable: true })
    expect((await w.as('ben').requests.approve(id, { digest: request.digest })).request.status).toBe('applied')
  })

  it('[ST-12] leaves to each their own words, when somebody has those of the requester of before erased', async () => {
    const { w, id, get, sound } = await asked(open())
    await w.as('ann').requests.submit(id, { reason: 'said by Ann' })
    w.leave('ann')
    await w.as('kim').requests.takeOver(id, { reason: 'Ann has left' })
    const before = await w.as('kim').audit.erase({ user: 'ann' }, { reason: 'asked for' })
    expect(before.texts).toBeGreaterThan(0)
    expect((await get()).reason).toBe('[erased]')
    await w.as('kim').requests.submit(id, { reason: 'said by Kim' })
    await w.as('kim').audit.erase({ user: 'ann' }, { reason: 'asked for again' })
    expect((await get()).reason).toBe('said by Kim')
    const events = await w.as('kim').audit.events({ request: id })
    expect(events.find(({ event }) => event['type'] === 'taken_over')?.event['reason']).toBe('Ann has left')
    await sound()
  })

  it.each(['policy', 'switch'])(
    '[FA-12] [ST-12] is a change of the settings, too: a %s is taken over, bypassed and applied by others who may make it',
    async (what) => {
      const gate: PolicyInput = {
        id: 'gate',
        match: { resource: ['countersign.policy', 'countersign.workflow'] },
        require: { quorum: 1, from: { roles: ['lead'] } },
        rules: { bypass: ['admin'] },
      }
      for (const how of ['apply', 'take over', 'bypass']) {
        const w = world(open(), { ...people, kai: ['admin'] }, [flags], { admins: { roles: ['admin'] } })
        await w.as('kim').policies.save(gate)
        const wanted = { id: 'new', match: { resource: 'feature_flag' }, require: gate.require }
        const { id, digest } = pending(
          what === 'policy'
            ? await w.as('kim').submit(policyResource.ref('new'), { value: wanted })
            : await w.as('kim').submit(workflowResource.ref(''), { value: { on: false, waiting: 'hold' } }),
        )
        w.leave('kim')
        const kai = w.as('kai').requests
        if (how === 'bypass') await kai.bypass(id, { digest, reason: 'Kim has left' })
        if (how === 'take over') {
          const taken = (await kai.takeOver(id)).request
          await w.as('ben').requests.approve(id, { digest: taken.digest })
        }
        if (how === 'apply') {
          await w.as('ben').requests.approve(id, { digest })
          expect((await w.as('dan').requests.get(id)).can.apply).toMatchObject({ code: 'not_permitted' })
          expect(await kai.get(id)).toMatchObject({ status: 'approved', can: { apply: true, takeOver: true } })
          await kai.apply(id)
        }
        expect((await kai.get(id)).status).toBe('applied')
        const policies = (await w.as('kai').policies.list()).map((one) => one.id)
        expect(what === 'policy' ? policies.includes('new') : !(await w.as('kai').workflow.isEnabled())).toBe(true)
        expect((await w.as('kai').audit.verify()).problems).toEqual([])
      }
    },
  )
})
