import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { defineResource, type PolicyInput, policyResource, workflowResource } from '../../src/index.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { admins, approved, flagPolicy, gate, gated, inForce, lead, users, whole } from '../policy-world.ts'
import { experiments, flags, pending, refusal, rollout, storages, world } from '../world.ts'

const ref = flags.ref('checkout')
const flagsRef = policyResource.ref('flags')
const asked = { policy: 'pilot', version: 1, require: lead }
const pilot: PolicyInput = { id: 'pilot', match: { resource: 'feature_flag' }, require: lead, mode: 'shadow' }
const absent = ['shadow', 'off'] as const

async function flagWorld(open: (typeof storages)[number]['open']) {
  const w = world(open(), { ann: [], ben: ['lead'], cat: ['lead'], eve: [] })
  await w.flag('checkout')
  return w
}

describe.each(storages)('a policy in shadow, on $name', ({ open }) => {
  it('[BY-34] asks nobody, and leaves on the revision what it would have asked', async () => {
    const w = await flagWorld(open)
    await w.policy(pilot)
    const preview = await w.as('ann').preview(ref, rollout(50))
    expect(preview).toMatchObject({ status: 'applied', requirements: [], approvers: [] })
    expect(preview.explanations[0]?.shadow).toMatchObject([{ policy: { id: 'pilot' }, outcome: 'asks', asks: [asked] }])
    expect(preview.reasons).toEqual([
      'No policy is about this change.',
      'Policy "pilot", in shadow, would ask for 1 approval by role lead, because it asks for every change that it is about.',
    ])
    expect((await w.as('ann').submit(ref, rollout(50))).status).toBe('applied')
    const [now, first] = await w.as('ann').resources.history(ref)
    expect(now).toMatchObject({ number: 2, shadow: [asked] })
    expect(first).not.toHaveProperty('shadow')
    expect(await w.as('ann').requests.list({})).toMatchObject({ requests: [] })
    await whole({ ...w, as: () => w.as('ann') })
  })

  it('[BY-34] leaves on a request what it would have asked of its content, and never holds it back', async () => {
    const w = await flagWorld(open)
    await w.policy({ rules: { onEdit: 'keep' } })
    await w.policy({
      ...pilot,
      when: { type: 'before_after', field: '/rollout', operator: '>', value: 60 },
      require: { quorum: 2, from: { roles: ['lead'] } },
      rules: { lock: 'resource', edit: 'nobody', apply: 'by_hand' },
    })
    const wouldAsk = { ...asked, require: { quorum: 2, from: { roles: ['lead'] } } }
    const low = pending(await w.as('ann').submit(ref, rollout(50)))
    expect(low).not.toHaveProperty('shadow')
    const { id } = low
    const high = (await w.as('ann').requests.edit(id, ref, rollout(70))).request
    expect(high).toMatchObject({ shadow: [wouldAsk], requirements: [{ policy: 'reviewed' }] })
    expect(high.requirements).toHaveLength(1)
    expect(await w.as('ann').requests.get(id)).toMatchObject({ shadow: [wouldAsk] })
    const lower = (await w.as('ann').requests.edit(id, ref, rollout(55))).request
    expect(lower).not.toHaveProperty('shadow')
    const last = (await w.as('ann').requests.edit(id, ref, rollout(80))).request
    const { request } = await w.as('ben').requests.approve(id, { digest: last.digest })
    expect(request).toMatchObject({ status: 'applied', shadow: [wouldAsk] })
    expect((await w.as('ann').audit.verify()).ok).toBe(true)
  })

  it('[BY-34] asks once it is on, and what it would have asked before can be counted', async () => {
    const w = await flagWorld(open)
    const high = { type: 'before_after', field: '/rollout', operator: '>', value: 45 } as const
    await w.policy({ ...pilot, when: high })
    for (const to of [45, 46, 41, 60]) await w.as('ann').submit(ref, rollout(to))
    const history = await w.as('ann').resources.history(ref)
    expect(history.filter(({ shadow }) => shadow?.some(({ policy }) => policy === 'pilot'))).toHaveLength(2)
    const { before, after, differences } = await w.as('ann').policies.simulate([{ ...pilot, when: high, mode: 'on' }])
    expect(before).toMatchObject({ gated: 0, byPolicy: [], byShadow: [{ name: 'pilot', changes: 2 }] })
    expect(after).toMatchObject({ gated: 2, byPolicy: [{ name: 'pilot', changes: 2 }], byShadow: [] })
    expect(differences.map(({ type }) => type)).toEqual(['newly_gated', 'newly_gated'])
    await w.policy({ ...pilot, when: high, mode: 'on' })
    expect(pending(await w.as('ann').submit(ref, rollout(70))).requirements).toMatchObject([{ policy: 'pilot' }])
  })

  it('[BY-34] keeps no request from being rebased that nobody else would have keep back', async () => {
    const limits = defineResource({
      type: 'limit',
      schema: z.strictObject({ env: z.string(), value: z.number() }),
      facets: { env: ({ env }) => env },
    })
    const w = world(open(), { ann: [], ben: ['lead'], cat: ['lead'] }, [limits])
    const limit = limits.ref('cpu')
    await w.as('ann').submit(limit, { value: { env: 'dev', value: 1 } })
    const onValue = { when: { type: 'any_change', field: '/value' } } as const
    await w.policy({ ...onValue, rules: { onStale: 'rebase' } })
    await w.policy({ ...pilot, ...onValue, match: { resource: 'limit', facets: { env: 'production' } } })
    const { id, digest } = pending(await w.as('ann').submit(limit, { merge: { value: 2 } }))
    await w.as('ann').submit(limit, { merge: { env: 'production' } })
    expect((await w.as('ben').requests.approve(id, { digest })).request.status).toBe('applied')
  })
})

describe.each(storages)('what is off, on $name', ({ open }) => {
  it.each(absent)('[WO-14] is absent for fallbacks, overrides and gated types: %s', async (mode) => {
    const w = world(open(), { ann: [], ben: ['lead'], cat: ['lead'] }, [flags, experiments])
    await w.flag('checkout')
    await w.policy({ id: 'default', fallback: true })
    await w.policy({ id: 'own', match: { project: 'web' }, mode })
    const asks = async () => (await w.as('ann').preview(ref, rollout(50))).requirements.map(({ policy }) => policy)
    expect(await asks()).toEqual(['default'])
    await w.policy({ id: 'instead', overrides: ['default'], mode })
    expect(await asks()).toEqual(['default'])
    await w.policy({ id: 'own', match: { project: 'web' } })
    expect(await asks()).toEqual(['own'])

    await w.policy({ id: 'default', mode })
    const experiment = experiments.ref('one')
    expect(await refusal(w.as('ann').submit(experiment, { value: { name: 'a', traffic: 1 } }))).toBe('no_policy')
  })

  it.each(absent)('[WO-14] takes what removing it takes, by every way to it: %s', async (mode) => {
    const { w } = await gated(open(), { match: { resource: 'countersign.policy', action: 'delete' } })
    const zoe = w.as('zoe')
    expect((await zoe.policies.save({ ...flagPolicy, rules: { reasonRequired: true } })).version).toBe(2)
    await expect(zoe.policies.save({ ...flagPolicy, mode })).rejects.toMatchObject({
      code: 'policy_gated',
      details: { by: ['gate'] },
    })
    await expect(zoe.policies.save({ ...gate, mode })).rejects.toMatchObject({ code: 'policy_gated' })
    for (const change of [{ value: { ...flagPolicy, mode } }, { merge: { mode } }]) {
      expect(await zoe.preview(flagsRef, change)).toMatchObject({
        status: 'pending',
        requirements: [{ policy: 'gate' }],
      })
    }
    const request = pending(await zoe.submit(flagsRef, { merge: { mode } }))
    expect((await approved(w, 'sam', request)).request.status).toBe('applied')
    expect((await inForce(w))['flags']).toMatchObject({ mode })
    expect((await w.as('ann').submit(ref, rollout(50))).status).toBe('applied')

    expect((await zoe.policies.save({ ...flagPolicy, mode: 'on' })).findings).toEqual([])
    expect(pending(await w.as('ann').submit(ref, rollout(60))).requirements).toHaveLength(1)
    expect(await zoe.preview(flagsRef, { revertTo: 3 })).toMatchObject({ requirements: [{ policy: 'gate' }] })
    await whole(w)
  })

  it('[WO-14] is switched off by no draft from before it was on', async () => {
    const { w } = await gated(open(), { match: { resource: 'countersign.policy', action: 'delete' } })
    const zoe = w.as('zoe')
    const itsRef = policyResource.ref('pilot')
    await zoe.policies.save({ ...pilot, mode: 'off' })
    const { id } = await zoe.draft(itsRef, { merge: { rules: { reasonRequired: true } } })
    await zoe.policies.save({ ...pilot, mode: 'on' })
    expect(await refusal(zoe.requests.submit(id))).toBe('stale')
    expect((await inForce(w))['pilot']).toMatchObject({ mode: 'on' })
  })
})

describe('what is off', () => {
  it('[WO-14] leaves open requests what they were asked', async () => {
    const w = await flagWorld(memoryStorage)
    await w.policy()
    const { id, digest } = pending(await w.as('ann').submit(ref, rollout(50)))
    await w.policy({ mode: 'off' })
    expect((await w.as('ann').requests.get(id)).requirements).toMatchObject([{ policy: 'reviewed', version: 1 }])
    expect((await w.as('ben').requests.approve(id, { digest })).request.status).toBe('applied')
  })

  it('[WO-14] needs the permission where the policy gated, and none over what it would stand in for', async () => {
    const w = world(memoryStorage(), users, [flags], { admins })
    await w.as('zoe').policies.save(flagPolicy)
    expect(await refusal(w.as('ann').policies.save({ ...flagPolicy, mode: 'off' }))).toBe('not_permitted')
    expect(await refusal(w.as('ann').submit(flagsRef, { merge: { mode: 'shadow' } }))).toBe('not_permitted')
  })

  it('[WO-14] stands in for nothing, until it is on: then it takes what changing the others takes', async () => {
    const { w } = await gated(memoryStorage(), {
      when: { type: 'any_change', field: '/match/**' },
      safe: [{ field: '/mode' }],
    })
    const instead: PolicyInput = { ...flagPolicy, id: 'instead', overrides: ['flags'] }
    const zoe = w.as('zoe')
    await approved(
      w,
      'sam',
      pending(await zoe.submit(policyResource.ref('instead'), { value: { ...instead, mode: 'off' } })),
    )
    expect(
      (await zoe.preview(policyResource.ref('instead'), { merge: { mode: 'off', veto: { roles: ['lead'] } } })).status,
    ).toBe('applied')
    expect((await zoe.preview(policyResource.ref('instead'), { merge: { mode: 'on' } })).status).toBe('pending')
  })

  it('[WO-14] locks nobody out, and is silenced by no switch', async () => {
    const w = world(memoryStorage(), users, [flags], { admins: { users: ['sue'] } })
    const onlySue = { ...gate, require: { quorum: 1, from: { users: ['sue'] } } }
    expect(await refusal(w.as('sue').policies.save(onlySue))).toBe('invalid_policy')
    for (const mode of absent) await w.as('sue').policies.save({ ...onlySue, mode })
    expect(await refusal(w.as('sue').policies.save({ ...onlySue, mode: 'on' }))).toBe('invalid_policy')

    const { w: other } = await gated(memoryStorage(), { match: { resource: 'countersign.policy', action: 'delete' } })
    const off = { value: { on: false, waiting: 'hold' } } as const
    expect((await other.as('zoe').preview(workflowResource.ref(''), off)).status).toBe('pending')
    await approved(other, 'sam', pending(await other.as('zoe').submit(flagsRef, { merge: { mode: 'off' } })))
    expect((await other.as('zoe').preview(workflowResource.ref(''), off)).status).toBe('applied')
  })

  it('[WO-14] is refused as a mode that nobody knows, and counts as on where it is stored', async () => {
    const w = await flagWorld(memoryStorage)
    await expect(w.policy({ ...pilot, mode: 'dark' as 'off' })).rejects.toMatchObject({
      code: 'invalid_policy',
      details: { problems: [{ path: '/mode', fix: 'write "on" or "shadow" or "off"' }] },
    })
  })
})
