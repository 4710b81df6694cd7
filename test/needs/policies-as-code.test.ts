import { describe, expect, it } from 'vitest'
import { policyResource } from '../../src/index.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { admins, flagPolicy, gate, gated, inForce, lead, users, whole } from '../policy-world.ts'
import { flags, pending, refusal, storages, world } from '../world.ts'

describe.each(storages)('policies that were listed, on $name', ({ open }) => {
  it('[WO-14] are saved back as they are, and change nothing', async () => {
    const w = world(open(), users, [flags], { admins })
    const zoe = w.as('zoe')
    const saved = await zoe.policies.save(flagPolicy)
    await zoe.policies.save({ ...flagPolicy, rules: { reasonRequired: true } })
    const [listed] = await zoe.policies.list()
    if (!listed) throw new TypeError('The policy is not listed.')
    expect(await zoe.policies.save(listed)).toMatchObject({ version: 2 })
    expect(await zoe.policies.check(listed)).toEqual([])
    expect(await zoe.policies.save(saved)).toMatchObject({ version: 3 })
    const ref = policyResource.ref('flags')
    expect(await zoe.submit(ref, { value: listed })).toMatchObject({ status: 'applied', revision: 4 })
    expect(await refusal(zoe.submit(ref, { merge: { version: 9 } as object }))).toBe('nothing_changed')
    const [revision] = await zoe.resources.history(ref)
    expect(revision?.document).toEqual({ ...flagPolicy, rules: { reasonRequired: true } })
    expect((await zoe.policies.simulate(await zoe.policies.list())).differences).toEqual([])
    await whole(w)
  })
})

it.each([
  [{ version: '1' }, '/version'],
  [{ version: 1.5 }, '/version'],
  [{ findings: 'none' }, '/findings'],
  [{ tenant: 'acme' }, '/tenant'],
])('[WO-14] refuses of a listed policy what no list gives: %j', async (more, path) => {
  const zoe = world(memoryStorage(), users, [flags], { admins }).as('zoe')
  const problems = [expect.objectContaining({ path })]
  await expect(zoe.policies.save({ ...flagPolicy, ...more } as never)).rejects.toMatchObject({ details: { problems } })
})

const strict = { ...flagPolicy, require: { ...lead, quorum: 2 } }
const inside = { id: 'inside', match: { resource: 'feature_flag' }, require: lead, overrides: ['later'] }
const later = { id: 'later', match: { resource: 'feature_flag' }, require: lead }

describe.each(storages)('all policies of a tenant, on $name', ({ open }) => {
  it('[WO-14] are replaced as one, after a preview of the difference', async () => {
    const w = world(open(), users, [flags], { admins })
    const zoe = w.as('zoe')
    for (const id of ['old', 'same']) await zoe.policies.save({ ...flagPolicy, id })
    await zoe.policies.save(flagPolicy)
    const same = { ...flagPolicy, id: 'same' }
    const preview = await zoe.policies.previewAll([strict, later, inside, same])
    expect(preview).toMatchObject({
      added: [inside, later],
      changed: [{ before: { ...flagPolicy, version: 1 }, after: strict }],
      removed: [{ id: 'old', version: 1 }],
    })
    expect(preview).not.toHaveProperty('refusal')
    expect(preview.findings.map(({ policy, severity }) => [policy, severity])).toContainEqual(['later', 'warning'])
    expect(Object.keys(await inForce(w))).toEqual(['flags', 'old', 'same'])

    const done = await zoe.policies.replaceAll([same, inside, later, strict], { digest: preview.digest })
    expect(done).toMatchObject({ added: preview.added, removed: preview.removed, digest: preview.digest })
    expect(await inForce(w)).toMatchObject({
      ...{ flags: { ...strict, version: 2 }, inside: { ...inside, version: 1 } },
      ...{ later: { ...later, version: 1 }, same: { ...same, version: 1 } },
    })
    const events = await zoe.audit.events({ settings: true })
    expect(events.at(-1)?.event).toMatchObject({
      type: 'policies_changed',
      changes: [{ id: 'flags' }, { id: 'inside' }, { id: 'later' }, { id: 'old', policy: null }],
    })
    const listed = await zoe.policies.list()
    const nothing = await zoe.policies.previewAll(listed)
    expect(nothing).toMatchObject({ added: [], changed: [], removed: [], findings: [] })
    await zoe.policies.replaceAll(listed, { digest: nothing.digest })
    expect(await zoe.audit.events({ settings: true })).toHaveLength(events.length)
    await whole(w)
  })

  it('[WO-14] are what was previewed, or stay as they are', async () => {
    const w = world(open(), users, [flags], { admins })
    const zoe = w.as('zoe')
    const { digest } = await zoe.policies.previewAll([strict])
    await zoe.policies.save(later)
    expect(await refusal(zoe.policies.replaceAll([strict], { digest }))).toBe('preview_outdated')
    const now = await zoe.policies.previewAll([strict])
    expect(now.removed).toMatchObject([{ id: 'later' }])
    expect(await refusal(zoe.policies.replaceAll([later], { digest: now.digest }))).toBe('preview_outdated')
    expect((await w.as('ann').policies.previewAll([strict])).refusal).toMatchObject({ code: 'not_permitted' })
    expect(await refusal(w.as('ann').policies.replaceAll([strict], { digest: now.digest }))).toBe('not_permitted')
    const same = await w.as('ann').policies.previewAll([later])
    expect(await refusal(w.as('ann').policies.replaceAll([later], { digest: same.digest }))).toBe('not_permitted')
    expect(Object.keys(await inForce(w))).toEqual(['later'])
    const tries = [1, 2].map(() => zoe.policies.replaceAll([strict], { digest: now.digest }))
    const settled = await Promise.allSettled(tries)
    expect(settled.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
    expect(Object.keys(await inForce(w))).toEqual(['flags'])
    await whole(w)
  })

  it('[WO-14] [E9] need the approvals that each change needs, also to be rid of what asks for them', async () => {
    const { w } = await gated(open(), { match: { resource: 'countersign.policy', action: 'delete' } })
    const zoe = w.as('zoe')
    const shadowed = [{ ...gate, match: { resource: 'countersign.policy', action: 'delete' }, mode: 'shadow' as const }]
    for (const set of [[flagPolicy], [], [flagPolicy, ...shadowed]]) {
      const { refusal: why, digest } = await zoe.policies.previewAll(set)
      expect(why).toMatchObject({ code: 'policy_gated', details: { by: ['gate'] } })
      expect(await refusal(zoe.policies.replaceAll(set, { digest }))).toBe('policy_gated')
    }
    expect(Object.keys(await inForce(w))).toEqual(['flags', 'gate'])
    const removals = ['flags', 'gate'].map((id) => ({ ref: policyResource.ref(id), change: { remove: true } as const }))
    const request = pending(await zoe.submitAll(removals))
    await w.as('sam').requests.approve(request.id, { digest: request.digest })
    expect(await inForce(w)).toEqual({})
  })
})

describe('a set of policies', () => {
  const zoe = () => world(memoryStorage(), users, [flags], { admins }).as('zoe')

  it('[WO-14] is judged as a set: one of it may override another, and none what is not in it', async () => {
    const acting = zoe()
    await acting.policies.save(later)
    expect((await acting.policies.previewAll([inside])).refusal).toMatchObject({
      code: 'invalid_policy',
      details: { policy: 'inside', problems: [{ path: '/overrides/0' }] },
    })
    const { digest } = await acting.policies.previewAll([inside])
    expect(await refusal(acting.policies.replaceAll([inside], { digest }))).toBe('invalid_policy')
  })

  it('[WO-14] is refused with a policy that is there twice, or is none, or is too large', async () => {
    const acting = zoe()
    expect(await refusal(acting.policies.previewAll([later, later]))).toBe('invalid_input')
    expect(await refusal(acting.policies.previewAll('all' as never))).toBe('invalid_input')
    expect(await refusal(acting.policies.previewAll([{ id: 'x' } as never]))).toBe('invalid_policy')
    const many = Array.from({ length: 101 }, (_, at) => ({ ...later, id: `p${at}` }))
    const { digest, refusal: why } = await acting.policies.previewAll(many)
    expect(why).toMatchObject({ code: 'invalid_input' })
    expect(await refusal(acting.policies.replaceAll(many, { digest }))).toBe('invalid_input')
    const fewer = await acting.policies.previewAll(many.slice(1))
    expect((await acting.policies.replaceAll(many.slice(1), { digest: fewer.digest })).added).toHaveLength(100)
  })
})
