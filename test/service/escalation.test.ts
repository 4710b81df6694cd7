import { describe, expect, it } from 'vitest'
import type { PolicyInput } from '../../src/index.ts'
import { day, pending, refusal, rollout, storages, type World, world } from '../world.ts'

const users = { ann: ['developer'], ben: ['lead'], cat: ['lead'], dan: ['security'], eve: [], mia: ['manager'] }

async function gated(w: World, policy: Partial<PolicyInput>) {
  const ref = await w.flag('checkout')
  await w.policy(policy)
  return ref
}

const kinds = async (w: World) =>
  (await w.notices())
    .filter(({ type }) => ['reminded', 'escalated', 'unsatisfiable'].includes(type))
    .map(({ type, to }) => `${type}: ${to.toSorted().join(' ')}`)

describe.each(storages)('reminders and escalation, on $name', ({ open }) => {
  it('[BY-15] reminds those who could supply what is missing, once each time, and nobody for what is answered', async () => {
    const w = world(open(), users)
    const ref = await gated(w, { require: { quorum: 2, from: { roles: ['lead'] } }, rules: { remindEvery: '1d' } })
    const request = pending(await w.as('ann').submit(ref, rollout(80)))
    w.pass(day - 1)
    expect(await kinds(w)).toEqual([])
    w.pass(1)
    expect(await kinds(w)).toEqual(['reminded: ben cat'])
    expect((await w.approvals.tick()).reminded).toBe(0)
    await w.as('ben').requests.approve(request.id, { digest: request.digest })
    w.pass(3 * day)
    expect((await w.approvals.tick()).reminded).toBe(1)
    expect(await kinds(w)).toEqual(['reminded: ben cat', 'reminded: cat'])
    await w.as('cat').requests.requestChanges(request.id, { digest: request.digest, reason: 'smaller' })
    w.pass(3 * day)
    expect(await kinds(w)).toHaveLength(2)
    expect((await w.as('ann').audit.verify()).problems).toEqual([])
  })

  it('[BY-15] lets others answer too once nobody answered enough, as the policy says and not before', async () => {
    const w = world(open(), users)
    const ref = await gated(w, { escalate: { after: '2d', to: { roles: ['manager'], users: ['eve'] } } })
    const request = pending(await w.as('ann').submit(ref, rollout(80)))
    const approve = (user: string) => w.as(user).requests.approve(request.id, { digest: request.digest })
    w.pass(2 * day - 1)
    await w.approvals.tick()
    expect(await refusal(approve('mia'))).toBe('not_an_approver')
    w.pass(1)
    expect(await refusal(approve('mia'))).toBe('not_an_approver')
    expect((await w.approvals.tick()).escalated).toBe(1)
    expect((await w.approvals.tick()).escalated).toBe(0)
    expect(await kinds(w)).toEqual(['escalated: ann ben cat eve mia'])
    const { escalated, approval } = await w.as('mia').requests.get(request.id)
    expect(escalated).toEqual([{ policy: 'reviewed', version: 1 }])
    expect(approval?.policies[0]?.missing[0]?.candidates.toSorted()).toEqual(['ben', 'cat', 'eve', 'mia'])
    expect(await refusal(approve('dan'))).toBe('not_an_approver')
    expect((await approve('mia')).request.status).toBe('applied')
    const events = await w.as('ann').audit.events({ request: request.id })
    expect(events.map(({ event }) => event['type'])).toEqual(['submitted', 'escalated', 'approved'])
    expect((await w.as('ann').audit.verify()).problems).toEqual([])
  })

  it('[BY-15] begins anew with each round, and each policy by itself', async () => {
    const w = world(open(), users)
    const ref = await gated(w, { escalate: { after: '1d', to: { roles: ['manager'] } }, rules: { cancel: 'any_time' } })
    await w.policy({ id: 'security', require: { quorum: 1, from: { roles: ['security'] } } })
    const { id, digest } = pending(await w.as('ann').submit(ref, rollout(80)))
    w.pass(day)
    await w.approvals.tick()
    expect((await w.as('mia').requests.approve(id, { digest })).request.status).toBe('pending')
    const { request } = await w.as('ann').requests.edit(id, ref, rollout(70))
    expect(request).not.toHaveProperty('escalated')
    expect(await refusal(w.as('mia').requests.approve(id, { digest: request.digest }))).toBe('not_an_approver')
    await w.as('dan').requests.approve(id, { digest: request.digest })
    w.pass(day)
    await w.approvals.tick()
    expect((await w.as('mia').requests.approve(id, { digest: request.digest })).request.status).toBe('applied')
  })

  it('[BY-15] escalates what was agreed to and nothing looser, when the policy is another one by now', async () => {
    const w = world(open(), users)
    const ref = await gated(w, { escalate: { after: '1d', to: { roles: ['manager'] } } })
    const { id, digest } = pending(await w.as('ann').submit(ref, rollout(80)))
    await w.policy({ escalate: { after: '1d', to: { users: ['eve'] } } })
    w.pass(day)
    await w.approvals.tick()
    expect(await refusal(w.as('eve').requests.approve(id, { digest }))).toBe('not_an_approver')
    expect((await w.as('mia').requests.approve(id, { digest })).request.status).toBe('pending')
    expect((await w.as('ben').requests.approve(id, { digest })).request.status).toBe('applied')
  })

  it('[BY-15] refuses a policy that escalates to nobody who is known, or after no time', async () => {
    const w = world(open(), users)
    const save = (escalate: object) => refusal(w.policy({ escalate } as Partial<PolicyInput>))
    expect(await save({ after: '1d', to: { roles: ['nobody'] } })).toBe('invalid_policy')
    expect(await save({ after: '1d', to: { users: ['zoe'] } })).toBe('invalid_policy')
    expect(await save({ after: 'soon', to: { users: ['mia'] } })).toBe('invalid_policy')
    expect(await save({ after: '1d', to: {} })).toBe('invalid_policy')
  })

  it('[BY-15] [BY-08] tells the requester where there is nobody left to remind', async () => {
    const w = world(open(), users)
    const ref = await gated(w, { rules: { remindEvery: '1d' } })
    pending(await w.as('ann').submit(ref, rollout(80)))
    w.roles('ben', [])
    w.roles('cat', [])
    w.pass(day)
    expect(await kinds(w)).toEqual(['unsatisfiable: ann'])
  })
})
