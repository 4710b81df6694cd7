import { describe, expect, it } from 'vitest'
import { experiments, pending, refusal, rollout, storages, world } from '../world.ts'

describe.each(storages)('policies and quorum on $name', ({ open }) => {
  it('[E2] refuses a quorum that is no number of people', async () => {
    const w = world(open())
    for (const quorum of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '2', null, 1e9, undefined]) {
      const require = { quorum: quorum as number, from: { roles: ['lead'] } }
      expect(await refusal(w.policy({ require })), String(quorum)).toBe('invalid_policy')
    }
    expect(await w.as('ann').policies.list()).toEqual([])
  })

  it('[E3] calls a request unsatisfiable when its only approver is its author, and never approved', async () => {
    const w = world(open(), { ann: ['lead'], ben: ['developer'] })
    const ref = await w.flag('checkout')
    await w.policy()
    const request = pending(await w.as('ann').submit(ref, rollout(80)))
    expect(request.approval).toMatchObject({ met: false, satisfiable: false })
    expect(await refusal(w.as('ann').requests.approve(request.id, { digest: request.digest }))).toBe('self_approval')
    expect(await w.as('ben').requests.get(request.id)).toMatchObject({
      status: 'pending',
      approval: { satisfiable: false },
    })
    expect(await w.as('ann').preview(ref, rollout(80))).toMatchObject({ status: 'pending', satisfiable: false })
  })

  it('[E6] takes no rule from the caller', async () => {
    const w = world(open())
    const ref = await w.flag('checkout')
    await w.policy()
    for (const smuggled of [{ policyId: 'easy' }, { ruleId: 'easy' }, { approvalsRequired: 0 }]) {
      expect(await refusal(w.as('ann').submit(ref, rollout(80), smuggled as never))).toBe('invalid_input')
    }
  })

  it('[E7] keeps asking what a policy asked that is removed while a request is open', async () => {
    const w = world(open())
    const ref = await w.flag('checkout')
    await w.policy({ require: { quorum: 2, from: { roles: ['lead'] } } })
    const request = pending(await w.as('ann').submit(ref, rollout(80)))
    await w.as('ann').policies.remove('reviewed')
    await w.as('ben').requests.approve(request.id, { digest: request.digest })
    expect((await w.as('ann').resources.get(ref))?.revision).toBe(1)
    expect((await w.as('cat').requests.approve(request.id, { digest: request.digest })).request.status).toBe('applied')
  })

  it('[E8] holds an open request to the stricter of what was asked then and what is asked now', async () => {
    const w = world(open())
    const ref = await w.flag('checkout')
    await w.policy({ require: { quorum: 2, from: { roles: ['lead'] } } })
    const request = pending(await w.as('ann').submit(ref, rollout(80)))
    const seen = request.digest
    await w.policy({ require: { quorum: 1, from: { roles: ['lead'] } } })
    expect((await w.as('ben').requests.approve(request.id, { digest: seen })).request.status).toBe('pending')

    await w.policy({ require: { quorum: 3, from: { roles: ['lead'] } } })
    expect((await w.as('cat').requests.approve(request.id, { digest: seen })).request.status).toBe('pending')
    expect((await w.as('amy').requests.approve(request.id, { digest: seen })).request.status).toBe('applied')
  })

  it('[B2] refuses a change of a gated resource that no policy speaks of', async () => {
    const w = world(open())
    const ref = experiments.ref('pricing', { project: 'prod' })
    expect(await refusal(w.as('ann').submit(ref, { value: { name: 'x', traffic: 1 } }))).toBe('no_policy')
    await w.policy({ match: { project: 'production' } })
    expect(await refusal(w.as('ann').submit(ref, { value: { name: 'x', traffic: 1 } }))).toBe('no_policy')
    expect(await w.as('ann').resources.get(ref)).toBeUndefined()
    await w.policy({ match: { project: 'prod' } })
    expect((await w.as('ann').submit(ref, { value: { name: 'x', traffic: 1 } })).status).toBe('pending')
  })

  it('[D1, D2] asks who holds which role in the moment of deciding', async () => {
    const users: Record<string, string[]> = { ann: [], ben: ['lead'], cat: ['lead'], dan: ['lead'] }
    const storage = open()
    const w = world(storage, users)
    const ref = await w.flag('checkout')
    await w.policy({ require: { quorum: 2, from: { roles: ['lead'] } } })
    const request = pending(await w.as('ann').submit(ref, rollout(80)))
    await w.as('ben').requests.approve(request.id, { digest: request.digest })

    const demoted = world(storage, { ...users, ben: [] })
    expect((await demoted.as('cat').requests.approve(request.id, { digest: request.digest })).request.status).toBe(
      'pending',
    )
    expect(await refusal(demoted.as('ben').requests.approve(request.id, { digest: request.digest }))).toBe(
      'not_an_approver',
    )
    expect((await demoted.as('dan').requests.approve(request.id, { digest: request.digest })).request.status).toBe(
      'applied',
    )
  })

  it('[C4] counts two users of one person once', async () => {
    const w = world(open(), { ann: [], ben: ['lead'], 'ben-admin': ['lead'], cat: ['lead'] })
    w.person('ben-admin', 'ben')
    const ref = await w.flag('checkout')
    await w.policy({ require: { quorum: 2, from: { roles: ['lead'] } } })
    const request = pending(await w.as('ann').submit(ref, rollout(80)))
    await w.as('ben').requests.approve(request.id, { digest: request.digest })
    expect(await refusal(w.as('ben-admin').requests.approve(request.id, { digest: request.digest }))).toBe(
      'already_reviewed',
    )
    expect((await w.as('cat').requests.approve(request.id, { digest: request.digest })).request.status).toBe('applied')
  })

  it('[D8] refuses a policy that names a user or a role that nobody knows, and lists them', async () => {
    const w = world(open())
    const require = { quorum: 1, from: { roles: ['lead', 'laed'], users: ['ben', 'bne'] } }
    await expect(w.policy({ require })).rejects.toMatchObject({
      code: 'invalid_policy',
      details: {
        problems: [
          { path: '/require/from/users/1', problem: 'the directory knows no user "bne"' },
          { path: '/require/from/roles/1', problem: 'the directory knows no role "laed"' },
        ],
      },
    })
    expect(await w.as('ann').policies.list()).toEqual([])
  })
})
