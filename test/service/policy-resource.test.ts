import { describe, expect, it } from 'vitest'
import { createApprovals, defineResource, type PolicyInput, policyResource } from '../../src/index.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { accessWorld } from '../access-world.ts'
import { editNow } from '../edit-now.ts'
import { admins, approved, flagPolicy, gate, gated, inForce, lead, nobody, users, whole } from '../policy-world.ts'
import { day, flagSchema, flags, pending, refusal, storages, world } from '../world.ts'

describe.each(storages)('policies as resources, on $name', ({ open }) => {
  it('[E9] [BY-19] are not put in force once they have become invalid, and the request says why', async () => {
    const storage = open()
    const w = world(storage, { ...users, dan: [] }, [flags], { admins })
    await w.as('zoe').policies.save(gate)
    const byDan = { ...flagPolicy, require: { quorum: 1, from: { users: ['dan'] } } }
    const request = pending(await w.as('zoe').submit(policyResource.ref('flags'), { value: byDan }))
    const broken = { require: { quorum: 1, from: { roles: ['nobody'] } } }
    expect(await refusal(w.as('zoe').submit(policyResource.ref('flags'), { value: { ...byDan, ...broken } }))).toBe(
      'invalid_policy',
    )
    expect(await refusal(editNow(w.as('zoe'), request.id, policyResource.ref('flags'), { merge: broken }))).toBe(
      'invalid_policy',
    )
    w.leave('dan')
    const { request: after } = await approved(w, 'sam', request)
    expect(after).toMatchObject({
      status: 'failed',
      failure: { code: 'invalid_policy', details: { policy: 'flags', problems: [{ path: '/require/from/users/0' }] } },
    })
    expect(Object.keys(await inForce(w))).toEqual(['gate'])
    const elsewhere = world(storage, { ...users, dan: [] }, [flags], { admins })
    expect((await elsewhere.as('zoe').requests.apply(request.id)).request.status).toBe('applied')
    await whole(w)
  })

  it('[E9] are not put in force for somebody who may not change them any more', async () => {
    const { w } = await gated(open())
    expect(await refusal(w.as('ann').submit(policyResource.ref('flags'), { remove: true }))).toBe('not_permitted')
    expect(await refusal(w.as('ann').draft(policyResource.ref('flags'), { remove: true }))).toBe('not_permitted')
    const request = pending(await w.as('zoe').submit(policyResource.ref('flags'), { remove: true }))
    expect(await refusal(editNow(w.as('ann'), request.id, policyResource.ref('flags'), { value: nobody }))).toBe(
      'not_permitted',
    )
    w.roles('zoe', [])
    expect((await approved(w, 'sam', request)).request).toMatchObject({
      status: 'approved',
      withheld: { code: 'not_permitted' },
    })
    await w.approvals.tick()
    expect((await inForce(w))['flags']).toBeDefined()
  })

  it('[BY-19] [BY-08] are refused where nobody could change them any more', async () => {
    const w = world(open(), users, [flags], { admins: { users: ['sue'] } })
    const one = { ...gate, require: { quorum: 1, from: { users: ['sue'] } } }
    const save = (policy: PolicyInput) => w.as('sue').policies.save(policy)
    await expect(save(one)).rejects.toMatchObject({
      code: 'invalid_policy',
      details: {
        policy: 'gate',
        problems: [{ path: '/require', problem: expect.stringContaining('nobody could change policies') }],
      },
    })
    expect((await w.as('sue').policies.check(one)).map(({ severity, path }) => [severity, path])).toContainEqual([
      'error',
      '/require',
    ])
    expect(await refusal(save({ ...gate, require: { quorum: 2, from: { roles: ['security'] } } }))).toBe(
      'invalid_policy',
    )
    expect(await refusal(save({ ...gate, match: { ...gate.match, project: 'web' } }))).toBe('invalid_policy')
    expect(await refusal(w.as('sue').submit(policyResource.ref('gate'), { value: one }))).toBe('invalid_policy')
    expect(await w.as('sue').policies.list()).toEqual([])
    await save({ ...one, rules: { selfApproval: true } })
    await approved(w, 'sue', pending(await w.as('sue').submit(policyResource.ref('gate'), { value: { ...gate } })))
    w.leave('sam')
    expect((await w.as('sue').submit(policyResource.ref('gate'), { remove: true })).status).toBe('pending')
    await whole(w)
  })

  it('[BY-19] can be applied by those whom the gate lets bypass it, or break the glass, and reverted', async () => {
    const { w } = await gated(open(), { rules: { bypass: ['admin'], breakGlass: ['admin'], settleWithin: '2d' } })
    const first = pending(await w.as('zoe').submit(policyResource.ref('flags'), { value: nobody }))
    await w.as('sue').requests.bypass(first.id, { digest: first.digest, reason: 'nobody is in' })
    expect((await inForce(w))['flags']).toEqual({ ...nobody, version: 2 })
    const second = pending(await w.as('zoe').submit(policyResource.ref('flags'), { remove: true }))
    await w.as('sue').requests.breakGlass(second.id, { digest: second.digest, reason: 'it burns', incident: 'INC-7' })
    expect((await inForce(w))['flags']).toBeUndefined()

    const back = pending(await w.as('zoe').submit(policyResource.ref('flags'), { revertTo: 1 }))
    expect((await approved(w, 'sam', back)).request.status).toBe('applied')
    expect((await inForce(w))['flags']).toMatchObject({ ...flagPolicy, version: 3 })
    const later = w.now() + day
    const third = pending(await w.as('zoe').submit(policyResource.ref('flags'), { remove: true }, { applyAt: later }))
    await approved(w, 'sam', third)
    expect((await inForce(w))['flags']).toBeDefined()
    w.pass(day)
    expect(await w.approvals.tick()).toMatchObject({ applied: 1, failed: [] })
    expect((await inForce(w))['flags']).toBeUndefined()
    await whole(w)
  })

  it('[BY-19] keep their names, and take no project', async () => {
    const { w } = await gated(open())
    const zoe = w.as('zoe')
    expect(await refusal(zoe.submit(policyResource.ref('flags'), { merge: { id: 'other' } }))).toBe('invalid_policy')
    expect(await refusal(zoe.submit(policyResource.ref('new'), { value: flagPolicy }))).toBe('invalid_policy')
    const placed = policyResource.ref('new', { project: 'web' })
    expect(await refusal(zoe.submit(placed, { value: { ...flagPolicy, id: 'new' } }))).toBe('invalid_input')
    expect(
      await refusal(zoe.submit(policyResource.ref('new'), { value: { ...flagPolicy, id: 'new', when: 1 as never } })),
    ).toBe('invalid_by_schema')
    expect(Object.keys(await inForce(w))).toEqual(['flags', 'gate'])
  })

  it('[BY-19] are saved and removed at once where nothing in force names them, and saving the same changes nothing', async () => {
    const w = world(open(), users, [flags], { admins })
    await w.as('zoe').policies.save({ id: 'everything', match: {}, require: lead })
    expect(await w.as('zoe').policies.save(flagPolicy)).toMatchObject({ ...flagPolicy, version: 1 })
    expect(await w.as('zoe').policies.save(flagPolicy)).toMatchObject({ ...flagPolicy, version: 1 })
    expect(await refusal(w.as('ann').policies.save(flagPolicy))).toBe('not_permitted')
    expect(await w.as('zoe').audit.events({ settings: true })).toHaveLength(2)
    expect(await w.as('zoe').submit(policyResource.ref('flags'), { value: nobody })).toMatchObject({
      status: 'applied',
      revision: 2,
    })
    await w.as('zoe').policies.remove('flags')
    expect(await w.as('zoe').policies.save(flagPolicy)).toMatchObject({ ...flagPolicy, version: 3 })
    expect(await w.as('zoe').resources.get(policyResource.ref('flags'))).toMatchObject({
      revision: 4,
      document: flagPolicy,
    })
    await whole(w)
  })

  it('[E9] are changed in a project by whoever manages it, and by nobody who does not: they have no editors', async () => {
    const w = await accessWorld(open())
    const zoe = w.as('zoe')
    const mia = w.as('mia')
    const web: PolicyInput = {
      id: 'web',
      match: { project: 'web' },
      require: { quorum: 1, from: { roles: ['member'] } },
    }
    await zoe.access.setDefaultAccess('editors')
    await zoe.policies.save({ id: 'everywhere', match: {}, require: { quorum: 1, from: { roles: ['admin'] } } })
    await mia.policies.save(web)
    expect(await zoe.access.editors.get(policyResource.ref('web'))).toEqual({ type: 'everyone' })
    const restrict = { type: 'restrict', editors: ['zoe'] } as const
    expect(await refusal(zoe.access.editors.save(policyResource.ref('web'), restrict))).toBe('invalid_input')
    const managers = { ...gate, require: { quorum: 1, from: { roles: ['manager'] } } }
    expect(await refusal(zoe.policies.save(managers))).toBe('invalid_policy')
    await zoe.policies.save({ ...gate, require: { quorum: 1, from: { roles: ['admin'] } } }).catch(() => {})
    expect((await zoe.policies.list()).map(({ id }) => id)).toEqual(['everywhere', 'web'])
    await zoe.access.grant({ user: 'zac', role: 'admin' })
    await zoe.policies.save({ ...gate, require: { quorum: 1, from: { roles: ['admin'] } } })

    const fold = policyResource.ref('web')
    expect(await refusal(mia.submit(fold, { merge: { match: { project: null } } }))).toBe('not_permitted')
    expect(await refusal(mia.submit(fold, { merge: { overrides: ['everywhere'] } }))).toBe('not_permitted')
    expect(await refusal(mia.submit(policyResource.ref('everywhere'), { remove: true }))).toBe('not_permitted')
    expect(await refusal(w.as('ann').submit(fold, { remove: true }))).toBe('not_permitted')
    const request = pending(await mia.submit(fold, { remove: true }))
    expect(await refusal(mia.requests.approve(request.id, { digest: request.digest }))).toBe('self_approval')
    await w.as('zac').requests.approve(request.id, { digest: request.digest })
    expect((await zoe.policies.list()).map(({ id }) => id)).toEqual(
      ['countersign.policy', 'everywhere', 'gate'].slice(1),
    )
    expect(await zoe.audit.verify()).toMatchObject({ ok: true, problems: [] })
  })
})

describe('the types of Countersign itself', () => {
  it('cannot be declared by a host', () => {
    for (const type of ['countersign.policy', 'countersign.anything']) {
      expect(() => defineResource({ type, schema: flagSchema })).toThrow(TypeError)
    }
    const options = {
      storage: memoryStorage(),
      directory: { users: async () => [], holders: async () => [], roles: async () => [] },
    }
    expect(() => createApprovals({ ...options, resources: [policyResource as never], admins: 'anyone' })).toThrow(
      /countersign\.policy/,
    )
  })
})
