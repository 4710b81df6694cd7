import { describe, expect, it } from 'vitest'
import {
  type ActingApprovals,
  type JsonObject,
  type PolicyInput,
  policyResource,
  type Storage,
  workflowResource,
} from '../../src/index.ts'
import { editNow } from '../edit-now.ts'
import { admins, approved, flagPolicy, gate, gated, inForce, lead, nobody, users, whole } from '../policy-world.ts'
import { day, flags, pending, refusal, rollout, storages, world } from '../world.ts'

describe.each(storages)('policies about policies, on $name', ({ open }) => {
  it('[E9] [BY-19] change only as those in force ask, on record with who asked and what was approved', async () => {
    const { w } = await gated(open())
    const outcome = await w.as('zoe').submit(policyResource.ref('flags'), { value: nobody }, { reason: 'too slow' })
    const request = pending(outcome)
    expect(request.requirements).toMatchObject([{ policy: 'gate', version: 1 }])
    expect((await inForce(w))['flags']).toEqual({ ...flagPolicy, version: 1 })
    expect(await refusal(approved(w, 'zoe', request))).toBe('self_approval')
    expect(await refusal(approved(w, 'ben', request))).toBe('not_an_approver')
    expect((await approved(w, 'sam', request)).request.status).toBe('applied')
    expect((await inForce(w))['flags']).toEqual({ ...nobody, version: 2 })

    const events = await w.as('zoe').audit.events({ settings: true })
    expect(events.at(-1)?.event).toMatchObject({ type: 'policy_saved', by: 'zoe', request: request.id })
    const history = await w.as('zoe').resources.history(policyResource.ref('flags'))
    expect(history.map(({ number, document, message }) => [number, document, message])).toEqual([
      [2, nobody, 'too slow'],
      [1, flagPolicy, undefined],
    ])
    await whole(w)
  })

  it('[E9] [BY-19] hold for themselves: the gate is taken away by those alone whom it asks', async () => {
    const { w, ref } = await gated(open())
    const request = pending(await w.as('zoe').submit(policyResource.ref('gate'), { remove: true }))
    expect(await refusal(w.as('zoe').policies.save(nobody))).toBe('policy_gated')
    expect((await approved(w, 'sam', request)).request.status).toBe('applied')
    expect(await inForce(w)).toEqual({ flags: { ...flagPolicy, version: 1 } })
    expect((await w.as('zoe').audit.events({ settings: true })).at(-1)?.event).toMatchObject({
      type: 'policy_removed',
      by: 'zoe',
      policy: 'gate',
      request: request.id,
    })
    await w.as('zoe').policies.save(nobody)
    expect((await w.as('ann').submit(ref, rollout(41))).status).toBe('applied')
    await whole(w)
  })

  it('[E9] [BY-19] leave no way around: not another verb, name, project, time, door or switch', async () => {
    const { w, ref } = await gated(open())
    const zoe = w.as('zoe')
    const before = await inForce(w)
    const fold = policyResource.ref('flags')
    const key = { idempotencyKey: 'once' }
    const saves: Record<string, (by: ActingApprovals) => Promise<unknown>> = {
      save: (by) => by.policies.save(nobody),
      'save again under a key': async (by) => {
        await by.policies.save(nobody, key).catch(() => {})
        return await by.policies.save(nobody, key)
      },
      remove: (by) => by.policies.remove('flags'),
      'remove the gate': (by) => by.policies.remove('gate'),
      'loosen the gate': (by) => by.policies.save({ ...gate, require: { quorum: 1, from: { users: ['zoe'] } } }),
      'move the gate to a project': (by) =>
        by.policies.save({ ...gate, match: { resource: 'feature_flag', project: 'web' } }),
      'stand in for it': (by) => by.policies.save({ ...gate, id: 'mine', require: lead, overrides: ['gate'] }),
      'stand in for the other': (by) => by.policies.save({ ...nobody, id: 'mine', overrides: ['flags'] }),
      'switch it all off': (by) => by.workflow.disable(),
      'switch one project off': (by) => by.workflow.disable({ project: 'web', waiting: 'hold' }),
      'for one project': (by) => by.policies.save({ ...nobody, id: 'mine', match: { project: 'web' } }),
    }
    for (const [name, save] of Object.entries(saves)) expect(await refusal(save(zoe)), name).toBe('policy_gated')
    const earlier = pending(await zoe.submit(fold, { remove: true }))
    const turn = pending(await zoe.submit(workflowResource.ref(''), { value: { on: false, waiting: 'hold' } }))
    await approved(w, 'sam', turn)
    for (const [name, save] of Object.entries(saves)) expect(await refusal(save(zoe)), name).toBe('policy_gated')
    const off = pending(await zoe.submit(fold, { remove: true }))
    await w.approvals.tick()
    expect((await zoe.requests.get(off.id)).status).toBe('pending')
    await zoe.workflow.enable()
    for (const { id } of [earlier, off]) {
      expect((await zoe.requests.get(id)).status).toBe('pending')
      await zoe.requests.cancel(id)
    }

    const asked: Record<string, () => Promise<unknown>> = {
      removal: () => zoe.submit(fold, { remove: true }),
      'the next value': () => zoe.submit(fold, { value: nobody }),
      'a patch': () => zoe.submit(fold, { merge: { when: nobody.when } }),
      'a function': () => zoe.submit(fold, (policy) => ({ ...policy, when: nobody.when as never })),
      'a new one': () =>
        zoe.submit(policyResource.ref('mine'), { value: { ...nobody, id: 'mine', overrides: ['flags'] } }),
      'two at once': () =>
        zoe.submitAll([
          { ref: policyResource.ref('gate'), change: { remove: true } },
          { ref: fold, change: { value: nobody } },
        ]),
      'a preview': () => zoe.preview(fold, { remove: true }),
      'a later time': () => zoe.submit(fold, { remove: true }, { applyAt: w.now() + day }),
      'another door': () => w.as('zoe', { via: 'management_api' }).submit(fold, { remove: true }),
    }
    for (const [name, ask] of Object.entries(asked)) expect(await ask(), name).toMatchObject({ status: 'pending' })
    const draft = await zoe.draft(fold, { remove: true })
    expect((await zoe.requests.submit(draft.id)).request.status).toBe('pending')
    expect(await refusal(zoe.requests.apply(draft.id))).toBe('not_open')
    expect(
      await refusal(
        zoe.requests.bypass(draft.id, { digest: (await zoe.requests.get(draft.id)).digest, reason: 'now' }),
      ),
    ).toBe('bypass_forbidden')
    w.pass(2 * day)
    await w.approvals.tick()
    expect(await inForce(w)).toEqual(before)
    expect((await w.as('ann').submit(ref, rollout(90))).status).toBe('pending')
    const tried = await zoe.audit.events({ refusals: 'zoe' })
    expect(tried.filter(({ event }) => event['code'] === 'policy_gated').length).toBeGreaterThanOrEqual(18)
    await whole(w)
  })

  it('[E9] refuse one request with a rule and what the rule would allow', async () => {
    const { w, ref } = await gated(open())
    const both = [
      { ref: policyResource.ref('flags'), change: { remove: true } },
      { ref, change: { merge: { rollout: 90 } } },
    ] as const
    for (const changes of [both, both.toReversed()]) {
      await expect(w.as('zoe').submitAll(changes as never)).rejects.toMatchObject({
        code: 'invalid_input',
        message: expect.stringMatching(
          /countersign\.policy "flags".*feature_flag "checkout"|feature_flag "checkout".*countersign\.policy "flags"/,
        ),
      })
    }
    expect((await w.as('zoe').requests.list()).requests).toEqual([])
    expect(Object.keys(await inForce(w))).toEqual(['flags', 'gate'])
  })

  it('[E9] are judged by what is in force before any of those that land together', async () => {
    const { w } = await gated(open())
    const easier = { ...gate, require: { quorum: 1, from: { users: ['ben'] } } }
    const request = pending(
      await w.as('zoe').submitAll([
        { ref: policyResource.ref('gate'), change: { value: easier } },
        { ref: policyResource.ref('flags'), change: { remove: true } },
        { ref: policyResource.ref('new'), change: { value: { ...flagPolicy, id: 'new', overrides: ['gate'] } } },
      ]),
    )
    expect(await refusal(approved(w, 'ben', request))).toBe('not_an_approver')
    await approved(w, 'sue', request)
    expect(Object.values(await inForce(w)).map(({ id, version }) => [id, version])).toEqual([
      ['gate', 2],
      ['new', 1],
    ])
    const last = (await w.as('zoe').audit.events({ settings: true })).at(-1)?.event
    expect(last).toMatchObject({ type: 'policies_changed', by: 'zoe', request: request.id })
    expect(last?.['changes']).toMatchObject([{ id: 'gate' }, { id: 'flags', policy: null }, { id: 'new' }])
    await whole(w)
  })

  it('[E8] [E9] keep an open change of a policy to the stricter of the gates then and now', async () => {
    const { w } = await gated(open())
    const change = pending(await w.as('zoe').submit(policyResource.ref('flags'), { remove: true }))
    const stricter = { ...gate, require: { quorum: 2, from: { roles: ['security'] } } }
    await approved(w, 'sam', pending(await w.as('zoe').submit(policyResource.ref('gate'), { value: stricter })))
    expect((await approved(w, 'sam', change)).request.status).toBe('pending')
    expect((await approved(w, 'sue', change)).request.status).toBe('applied')

    const again = pending(await w.as('zoe').submit(policyResource.ref('flags'), { value: flagPolicy }))
    const gone = pending(await w.as('zoe').submit(policyResource.ref('gate'), { remove: true }))
    for (const user of ['sam', 'sue']) await approved(w, user, gone)
    expect((await approved(w, 'sam', again)).request.status).toBe('pending')
    expect((await approved(w, 'sue', again)).request.status).toBe('applied')
    expect((await inForce(w))['flags']).toEqual({ ...flagPolicy, version: 2 })
    await whole(w)
  })

  it('[E9] [J1] decide anew what was decided by policies that moved before the commit, also in another process', async () => {
    const inner = open()
    let interruption: (() => Promise<unknown>) | undefined
    const storage: Storage = {
      ...inner,
      get: (keys) => inner.get(keys),
      list: (query) => inner.list(query),
      async commit(writes, effect) {
        const happens = interruption
        interruption = undefined
        await happens?.()
        return await inner.commit(writes, effect)
      },
    }
    const w = world(storage, users, [flags], { admins })
    const ref = await w.flag('checkout')
    const other = world(inner, users, [flags], { admins })
    interruption = () => other.as('zoe').policies.save(gate)
    expect(await refusal(w.as('zoe').policies.save(flagPolicy))).toBe('policy_gated')
    expect(Object.keys(await inForce(w))).toEqual(['gate'])

    const value = { ...flagPolicy }
    const request = pending(await w.as('zoe').submit(policyResource.ref('flags'), { value }))
    interruption = () => other.as('sam').requests.approve(request.id, { digest: request.digest })
    expect((await w.as('ann').submit(ref, rollout(80))).status).toBe('pending')
    await whole(w)
  })

  it('[E9] [BY-19] are refused where gates that are fine one by one cannot be passed together', async () => {
    const w = world(open(), users, [flags], { admins: { users: ['zoe'] } })
    const zoe = w.as('zoe')
    const own: PolicyInput = {
      ...gate,
      require: { quorum: 1, from: { users: ['zoe'] } },
      rules: { selfApproval: true },
    }
    await zoe.policies.save(own)
    const second = { ...gate, id: 'second' }
    expect(await refusal(zoe.submit(policyResource.ref('second'), { value: second }))).toBe('invalid_policy')
    const fine = { ...second, rules: { selfApproval: true } }
    const request = pending(await zoe.submit(policyResource.ref('second'), { value: fine }))
    expect((await approved(w, 'zoe', request)).request.status).toBe('applied')
    const gone = pending(await zoe.submit(policyResource.ref('gate'), { remove: true }))
    await approved(w, 'sam', gone)
    expect((await approved(w, 'zoe', gone)).request.status).toBe('applied')
    await whole(w)
  })

  it('[E9] [BY-19] are mended one by one where everybody is locked out of them', async () => {
    const { w } = await gated(open(), { rules: { bypass: ['admin'] } })
    const zoe = w.as('zoe')
    const second = { ...gate, id: 'second', require: lead, rules: { bypass: ['admin'] } }
    await approved(w, 'sam', pending(await zoe.submit(policyResource.ref('second'), { value: second })))
    for (const user of ['ben', 'cat', 'sam', 'sue']) w.leave(user)
    for (const id of ['gate', 'second']) {
      const change = { merge: { require: { quorum: 1, from: { roles: ['developer'] } } } }
      const request = pending(await zoe.submit(policyResource.ref(id), change))
      const { status } = (await zoe.requests.bypass(request.id, { digest: request.digest, reason: 'they left' }))
        .request
      expect(status, id).toBe('applied')
    }
    const stuck = { value: { ...gate, require: { quorum: 1, from: { users: ['zoe'] } } } }
    expect(await refusal(zoe.submit(policyResource.ref('gate'), stuck))).toBe('invalid_policy')
    await approved(w, 'ann', pending(await zoe.submit(policyResource.ref('second'), { remove: true })))
    expect(Object.keys(await inForce(w))).toEqual(['flags', 'gate'])
    await whole(w)
  })

  const both = { resource: ['countersign.policy', 'feature_flag'] }
  const own = { require: { quorum: 1, from: { users: ['zoe'] } }, rules: { selfApproval: true } }
  it.each<[string, Partial<PolicyInput>, string]>([
    ['that is about updates and removals', { match: { ...gate.match, action: ['update', 'delete'] } }, 'gate'],
    ['that is about updates', { match: { ...gate.match, action: 'update' } }, 'flags'],
    ['that is about removals', { match: { ...gate.match, action: 'delete' } }, 'flags'],
    [
      'that looks at one policy',
      { when: { type: 'before_after', field: '/id', operator: '==', value: 'flags' } },
      'flags',
    ],
    [
      'that looks at what gets weaker',
      { when: { type: 'change_amount', field: '/require/quorum', operator: '>', value: 0, direction: 'decrease' } },
      'flags',
    ],
    [
      'that looks at what must stay',
      { when: { not: { type: 'before_after', field: '/require/quorum', operator: '>=', value: 1 } } },
      'flags',
    ],
    [
      'that calls some changes safe',
      { match: { ...gate.match, action: 'update' }, safe: [{ field: '/require' }] },
      'flags',
    ],
    [
      'that asks the owner of a field',
      { require: { owners: [{ field: '/when', quorum: 1, from: { roles: ['security'] } }] } },
      'flags',
    ],
  ])('[E9] [BY-19] are not stood in for past a gate %s', async (_gate, changed, target) => {
    const { w } = await gated(open(), changed)
    const zoe = w.as('zoe')
    const x: PolicyInput = { id: 'x', match: both, ...own, overrides: [target] }
    const ref = policyResource.ref('x')
    expect(await refusal(zoe.policies.save(x))).toBe('policy_gated')
    expect(await zoe.preview(ref, { value: x })).toMatchObject({
      status: 'pending',
      requirements: [{ policy: 'gate' }],
    })
    const request = pending(await zoe.submit(ref, { value: x }))
    expect(await refusal(approved(w, 'zoe', request))).toBe('self_approval')
    expect((await approved(w, 'sam', request)).request.status).toBe('applied')
    await whole(w)
  })

  it('[E9] [BY-19] are not stood in for by an edit, an update or a wider reach', async () => {
    const { w } = await gated(open(), { match: { ...gate.match, action: 'delete' } })
    const zoe = w.as('zoe')
    const x: PolicyInput = { id: 'x', match: { resource: 'feature_flag', project: 'web' }, ...own }
    const ref = policyResource.ref('x')
    const draft = await zoe.draft(ref, { value: x })
    await editNow(zoe, draft.id, ref, { merge: { overrides: ['flags'] } })
    const { request: sent } = await zoe.requests.submit(draft.id)
    expect(sent).toMatchObject({ status: 'pending', requirements: [{ policy: 'gate' }] })
    await zoe.requests.cancel(sent.id)

    await zoe.policies.save(x)
    const overriding = { ...x, overrides: ['flags'] }
    expect(await refusal(zoe.policies.save(overriding))).toBe('policy_gated')
    await approved(w, 'sam', pending(await zoe.submit(ref, { value: overriding })))
    expect(await refusal(zoe.policies.save({ ...overriding, match: both }))).toBe('policy_gated')
    expect(await refusal(zoe.policies.save({ ...overriding, require: { quorum: 1, from: { users: ['sue'] } } }))).toBe(
      'policy_gated',
    )
    await zoe.policies.save(x)
    expect((await inForce(w))['x']).toEqual({ ...x, version: 3 })
    await whole(w)
  })

  it('[E8] [E9] are stood in for only as gates ask that came while the change waited', async () => {
    const w = world(open(), users, [flags], { admins })
    const zoe = w.as('zoe')
    await zoe.policies.save(flagPolicy)
    await zoe.policies.save({ ...gate, id: 'new ones', match: { ...gate.match, action: 'create' }, require: lead })
    const x: PolicyInput = { id: 'x', match: both, ...own, overrides: ['flags'] }
    const request = pending(await zoe.submit(policyResource.ref('x'), { value: x }))
    const late = pending(
      await zoe.submit(policyResource.ref('gate'), { value: { ...gate, match: { ...gate.match, action: 'update' } } }),
    )
    expect((await approved(w, 'ben', late)).request.status).toBe('applied')
    expect((await approved(w, 'ben', request)).request.status).toBe('pending')
    expect((await approved(w, 'sam', request)).request.status).toBe('applied')
    await whole(w)
  })

  it('[E9] [BY-21] are found out where a record, its revisions or the log do not agree', async () => {
    const inner = open()
    const { w } = await gated(inner)
    const request = pending(await w.as('zoe').submit(policyResource.ref('flags'), { value: nobody }))
    await approved(w, 'sam', request)
    const [record] = await inner.get([{ collection: 'policies', key: ['acme', 'flags'] }])
    if (!record) throw new TypeError('The policy is not stored.')
    const policy = { ...(record.value['policy'] as JsonObject), overrides: ['gate'] }
    const forged = { ...record.value, policy }
    await inner.commit([{ type: 'replace', collection: 'policies', value: forged, expected: record.version }])
    expect((await w.as('zoe').audit.verify()).problems).toEqual([
      { stream: 'settings', problem: 'policy "flags" is not what was saved' },
    ])
    await inner.commit([{ type: 'replace', collection: 'policies', value: record.value, expected: record.version + 1 }])
    await whole(w)

    const [resource] = await inner.get([{ collection: 'resources', key: ['acme', 'countersign.policy', 'flags'] }])
    if (!resource) throw new TypeError('The policy is no resource.')
    const key = ['acme', 'countersign.policy', 'flags']
    await inner.commit([{ type: 'remove', collection: 'resources', key, expected: resource.version }])
    const { problems } = await w.as('zoe').audit.verify()
    expect(problems).toContainEqual({
      stream: 'settings',
      problem: 'policy "flags" is not the one that its revisions made',
    })
    await inner.commit([{ type: 'insert', collection: 'resources', value: resource.value }])
    await whole(w)
    const extra = { ...resource.value, id: 'extra' }
    await inner.commit([{ type: 'insert', collection: 'resources', value: extra }])
    expect((await w.as('zoe').audit.verify()).problems).toContainEqual({
      stream: 'settings',
      problem: 'policy "extra" has revisions, and was never saved',
    })
  })
})
