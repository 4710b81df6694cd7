import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { defineResource, type PolicyInput } from '../../src/index.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { day, experiments, flags, pending, refusal, rollout, storages, world } from '../world.ts'

const hour = day / 24
const byHand: Partial<PolicyInput> = { rules: { apply: 'by_hand' } }
const users = { ann: ['developer'], ben: ['lead'], phone: ['lead'], cat: ['lead'], eve: [] }

describe.each(storages)('requests on $name', ({ open }) => {
  it('[A1] lets no other door change what was approved: not a co-editor, not another request', async () => {
    const w = world(open())
    const ref = await w.flag('checkout')
    await w.policy(byHand)
    const approved = async () => {
      const request = pending(await w.as('ann').submit(ref, rollout(80)))
      await w.as('ben').requests.approve(request.id, { digest: request.digest })
      return request.id
    }
    const edited = await approved()
    expect((await w.as('eve').requests.edit(edited, ref, rollout(90))).request).toMatchObject({
      status: 'pending',
      reviews: [],
    })
    expect(await refusal(w.as('ann').requests.apply(edited))).toBe('not_open')

    const overtaken = await approved()
    const other = await approved()
    await w.as('ann').requests.apply(other)
    expect(await refusal(w.as('ann').requests.apply(overtaken))).toBe('stale')
    expect((await w.as('ann').resources.get(ref))?.revision).toBe(2)
  })

  it('[C12] takes nothing that somebody important does beside a request for an approval', async () => {
    const w = world(open())
    const ref = await w.flag('checkout')
    await w.policy(byHand)
    const { id, digest } = pending(await w.as('ann').submit(ref, rollout(80)))
    await w.as('ben').requests.comment(id, 'approve')
    expect(await refusal(w.as('ben').requests.schedule(id, w.now() + hour))).toBe('not_the_requester')
    expect(await refusal(w.as('ben').requests.submit(id))).toBe('not_the_requester')
    expect(await refusal(w.as('ben').requests.apply(id))).toBe('not_open')
    await w.approvals.tick()
    const read = await w.as('ben').requests.get(id)
    expect(read).toMatchObject({ status: 'pending', digest, reviews: [], approval: { met: false } })
  })

  it('[C10] [C15] counts the person, whatever door, key or device they come through', async () => {
    const w = world(open(), users)
    w.person('phone', 'ben')
    const ref = await w.flag('checkout')
    await w.policy({ require: { quorum: 2, from: { roles: ['lead'] } } })
    const { id, digest: seen } = pending(await w.as('ann').submit(ref, rollout(80)))
    expect(await refusal(w.as('ann', { via: 'chat' }).requests.approve(id, { digest: seen }))).toBe('self_approval')
    for (const user of ['', ' ', undefined]) {
      expect(() => w.approvals.as({ tenant: 'acme', user: user as string, via: 'chat' })).toThrow(/actor\.user/)
    }
    await w.as('ben', { via: 'chat' }).requests.approve(id, { digest: seen })
    for (const via of ['app', 'api']) {
      expect(await refusal(w.as('ben', { via }).requests.approve(id, { digest: seen }))).toBe('already_reviewed')
      expect(await refusal(w.as('phone', { via }).requests.approve(id, { digest: seen }))).toBe('already_reviewed')
    }
    const events = await w.as('ann').audit.events({ request: id })
    expect(events.at(-1)?.event).toMatchObject({ by: 'ben', via: 'chat' })
    expect((await w.as('cat').requests.approve(id, { digest: seen })).request.status).toBe('applied')
  })

  it('[H8] applies what was scheduled in the order of time, also after a pause', async () => {
    const w = world(open())
    const ref = await w.flag('checkout')
    await w.policy({ rules: { onStale: 'rebase' } })
    const scheduled = async (change: object, applyAt: number) => {
      const request = pending(await w.as('ann').submit(ref, { merge: change }, { applyAt }))
      await w.as('ben').requests.approve(request.id, { digest: request.digest })
      return request.id
    }
    const later = await scheduled({ rollout: 80 }, w.now() + 2 * hour)
    const sooner = await scheduled({ description: 'new' }, w.now() + hour)
    const equal = await scheduled({ tags: ['a'] }, w.now() + 2 * hour)
    w.pass(3 * hour)
    expect((await w.approvals.tick()).applied).toBe(3)
    const history = await w.as('ann').resources.history(ref)
    expect(history.map(({ request }) => request)).toEqual([equal, later, sooner, undefined])
  })

  it('[H11] acts on a timer once: not early, not twice, and not lost while nobody ticked', async () => {
    const storage = open()
    const w = world(storage)
    const ref = await w.flag('checkout')
    await w.policy()
    const request = pending(await w.as('ann').submit(ref, rollout(80), { applyAt: w.now() + hour }))
    await w.as('ben').requests.approve(request.id, { digest: request.digest })
    w.pass(hour - 1)
    expect((await w.approvals.tick()).applied).toBe(0)
    const restarted = world(storage)
    restarted.pass(5 * hour)
    const ticks = await Promise.all([restarted.approvals.tick(), restarted.approvals.tick()])
    expect(ticks.reduce((sum, { applied }) => sum + applied, 0)).toBe(1)
    expect((await restarted.approvals.tick()).applied).toBe(0)
    expect((await w.as('ann').resources.get(ref))?.revision).toBe(2)
  })

  it('[BY-30] does a command with an idempotency key once, and gives the same answer again', async () => {
    const w = world(open())
    const ref = await w.flag('checkout')
    await w.policy(byHand)
    const { id, digest: seen } = pending(await w.as('ann').submit(ref, rollout(80)))
    const approve = (reason: string) => w.as('ben').requests.approve(id, { digest: seen, reason, idempotencyKey: 'k' })
    const first = await approve('fine')
    expect(await approve('fine')).toEqual(first)
    expect(await refusal(approve('perfect'))).toBe('idempotency_mismatch')
    expect(await w.as('ann').audit.events({ request: id })).toHaveLength(2)
  })

  it('[BY-22] lands several changes together, each seen by its own policy, or none of them', async () => {
    const w = world(open())
    const [one, two] = [await w.flag('one'), await w.flag('two')]
    await w.policy({ id: 'rollouts', when: { type: 'any_change', field: '/rollout' } })
    await w.policy({
      id: 'texts',
      when: { type: 'any_change', field: '/description' },
      require: { quorum: 1, from: { roles: ['security'] } },
    })
    const changes = [
      { ref: one, change: rollout(80) },
      { ref: two, change: { merge: { description: 'new' } } },
    ]
    const request = pending(await w.as('ann').submitAll(changes))
    expect(request.requirements.map(({ policy }) => policy)).toEqual(['rollouts', 'texts'])
    await w.as('ben').requests.approve(request.id, { digest: request.digest })
    const revisions = async () => [
      (await w.as('ann').resources.get(one))?.revision,
      (await w.as('ann').resources.get(two))?.revision,
    ]
    expect(await revisions()).toEqual([1, 1])
    await w.as('ann').submit(two, { merge: { tags: ['moved'] } })
    expect(await refusal(w.as('dan').requests.approve(request.id, { digest: request.digest }))).toBe('stale')
    expect(await revisions()).toEqual([1, 2])
    const rebased = await w.as('ann').requests.rebase(request.id)
    await w.as('ben').requests.approve(request.id, { digest: rebased.request.digest })
    await w.as('dan').requests.approve(request.id, { digest: rebased.request.digest })
    expect(await revisions()).toEqual([2, 3])
  })
})

describe('requests', () => {
  it('[C13] [C14] offers no proof of a second factor that could be forgotten on one of the ways in', async () => {
    const w = world(memoryStorage())
    const ref = await w.flag('checkout')
    expect(await refusal(w.policy({ rules: { stepUp: true } } as Partial<PolicyInput>))).toBe('invalid_policy')
    await w.policy()
    const { id, digest: seen } = pending(await w.as('ann').submit(ref, rollout(80)))
    for (const proof of [{ proof: '123456' }, { stepUp: true }, { password: 'x' }]) {
      expect(await refusal(w.as('ben').requests.approve(id, { digest: seen, ...proof } as never))).toBe('invalid_input')
    }
  })

  it('[D10] asks for what the policy says now, after every change of it', async () => {
    const w = world(memoryStorage(), { ...users, dan: ['lead'] })
    const ref = await w.flag('checkout')
    for (const quorum of [1, 3, 2]) {
      await w.policy({ require: { quorum, from: { roles: ['lead'] } } })
      const { requirements } = await w.as('ann').preview(ref, rollout(quorum))
      expect(requirements).toMatchObject([{ require: { quorum } }])
      const request = pending(await w.as('ann').submit(ref, rollout(quorum)))
      expect(request.approval?.policies[0]?.missing).toMatchObject([{ missing: quorum }])
      await w.as('ann').requests.cancel(request.id)
    }
  })

  it('[F7] knows no change that needs no policy: not of an own record, not of an unknown kind', async () => {
    const notes = defineResource({
      type: 'note',
      schema: z.looseObject({ owner: z.string(), text: z.string() }),
      gated: true,
      actions: { odd: () => true },
    })
    const w = world(memoryStorage(), undefined, [notes, flags, experiments])
    const ref = notes.ref('mine')
    expect(await refusal(w.as('ben').submit(ref, { value: { owner: 'ben', text: 'a' } }))).toBe('no_policy')
    await w.policy({ match: { resource: 'note', action: 'create' } })
    const made = pending(await w.as('ben').submit(ref, { value: { owner: 'ben', text: 'a' } }))
    await w.as('cat').requests.approve(made.id, { digest: made.digest })
    for (const change of [{ merge: { text: 'b' } }, { merge: { extra: 1 } }, { remove: true as const }]) {
      expect(await refusal(w.as('ben').submit(ref, change))).toBe('no_policy')
    }
  })

  it('[F9] writes nothing when it previews or simulates, and applies nothing that came out of it', async () => {
    const w = world(memoryStorage())
    const ref = await w.flag('checkout')
    await w.policy()
    const before = await w.as('ann').audit.verify()
    const preview = await w.as('ann').preview(ref, rollout(80))
    const simulation = await w.as('ann').policies.simulate([])
    const after = await w.as('ann').audit.verify()
    expect([after.streams, after.events]).toEqual([before.streams, before.events])
    expect((await w.as('ann').requests.list()).requests).toEqual([])
    for (const forged of [preview, simulation, { id: 'request-1', status: 'approved' }]) {
      expect(await refusal(w.as('ann').requests.apply(forged as never))).toBe('invalid_input')
    }
  })

  it('[H4] expires so many in one pass when the clock jumps, and nothing un-expires when it jumps back', async () => {
    const w = world(memoryStorage())
    await w.policy({ match: { resource: 'feature_flag' } })
    const ids: string[] = []
    for (let at = 0; at < 130; at++) {
      const outcome = await w.as('ann').submit(flags.ref(`flag-${at}`), { value: { enabled: true, rollout: 1 } })
      ids.push(pending(outcome).id)
    }
    w.pass(365 * day)
    expect((await w.approvals.tick()).expired).toBe(130)
    expect((await w.approvals.tick()).expired).toBe(0)
    w.pass(-365 * day)
    for (const id of [ids[0], ids.at(-1)]) {
      const { digest, status } = await w.as('ben').requests.get(id ?? '')
      expect(status).toBe('expired')
      expect(await refusal(w.as('ben').requests.approve(id ?? '', { digest }))).toBe('not_open')
    }
  })

  it('[H12] [BY-09] expires in every tenant, whether or not anybody ticks', async () => {
    const w = world(memoryStorage())
    const of = (tenant: string) => ({ ann: w.as('ann', { tenant }), ben: w.as('ben', { tenant }) })
    const requests = []
    for (const tenant of ['one', 'two']) {
      const { ann, ben } = of(tenant)
      await ann.policies.save({
        id: 'all',
        match: {},
        require: { quorum: 1, from: { roles: ['lead'] } },
        rules: { expiresAfter: '1d' },
      })
      requests.push({
        ben,
        ann,
        request: pending(await ann.submit(flags.ref('a'), { value: { enabled: true, rollout: 1 } })),
      })
    }
    w.pass(day)
    for (const { ben, request } of requests) {
      expect(await refusal(ben.requests.approve(request.id, { digest: request.digest }))).toBe('expired')
      expect((await ben.requests.get(request.id)).status).toBe('expired')
    }
    const [first] = requests
    expect((await first?.ann.requests.submit(first.request.id))?.request).toMatchObject({ status: 'pending', round: 2 })
    expect((await w.approvals.tick()).expired).toBe(1)
  })

  it('[GB-23] reverts a saved group to an earlier state as a new draft, after showing what that would change', async () => {
    const groups = defineResource({ type: 'saved_group', schema: z.strictObject({ values: z.array(z.string()) }) })
    const w = world(memoryStorage(), undefined, [groups])
    const ref = groups.ref('beta')
    for (const values of [['ann'], ['ann', 'ben']]) await w.as('ann').submit(ref, { value: { values } })
    await w.policy()
    expect((await w.as('ann').resources.compare(ref, 2, 1)).lines).toHaveLength(1)
    const draft = await w.as('ann').draft(ref, { revertTo: 1 })
    expect(draft).toMatchObject({ status: 'draft', changes: [{ after: { values: ['ann'] } }] })
    expect((await w.as('ann').resources.get(ref))?.revision).toBe(2)
    const { request } = await w.as('ann').requests.submit(draft.id)
    await w.as('ben').requests.approve(draft.id, { digest: request.digest })
    expect(await w.as('ann').resources.get(ref)).toMatchObject({ revision: 3, document: { values: ['ann'] } })
  })
})
