import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { CodedPolicyInput } from '../../src/core.ts'
import {
  type ApprovalsOptions,
  createApprovals,
  defineResource,
  type Storage,
  staticDirectory,
} from '../../src/index.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { experiments, flags, pending, refusal, rollout, start, storages } from '../world.ts'

const lead = { quorum: 1, from: { roles: ['lead'] } }
const security = { quorum: 1, from: { roles: ['security'] } }
const update = { resource: 'feature_flag', action: 'update' } as const
const coded: CodedPolicyInput = { id: 'flags', match: update, require: lead }
const people = { ann: ['developer'], ben: ['lead'], cat: ['lead'], sam: ['security'], zoe: ['admin'] }
const admins = { roles: ['admin'] }
const workflow = 'countersign.workflow'

let ids = 0
let time = start

/** An instance of the application over a storage, which others may share. */
function instance(
  storage: Storage,
  policies: readonly CodedPolicyInput[] | undefined,
  {
    version = 1,
    ...options
  }: Partial<Pick<ApprovalsOptions, 'admins' | 'workflow'>> & { readonly version?: number } = {},
) {
  const approvals = createApprovals({
    storage,
    resources: [flags, experiments],
    directory: staticDirectory(people),
    ...(policies ? { policies, policiesVersion: version } : {}),
    ...options,
    now: () => time,
    newId: () => `request-${++ids}`,
  } as ApprovalsOptions)
  const as = (user: string) => approvals.as({ tenant: 'acme', user })
  const recorded = async () => {
    const events = await as('ann').audit.events({ settings: true })
    return events.map(({ event }) => event).filter(({ type }) => type === 'coded_policies_recorded')
  }
  return { approvals, as, recorded }
}

const checkout = flags.ref('checkout')
const newFlag = { value: { enabled: true, rollout: 40 } }
const live = async ({ as }: ReturnType<typeof instance>) => (await as('ann').resources.get(checkout))?.document.rollout

describe.each(storages)('policies in code, on $name', ({ open }) => {
  it('[WO-19] hold in every tenant, with nobody who may change settings, and are on record by content once', async () => {
    const { approvals, as, recorded } = instance(open(), [coded])
    await as('ann').submit(checkout, newFlag)
    const { id, digest, requirements } = pending(await as('ann').submit(checkout, rollout(80)))
    expect(requirements).toEqual([{ policy: 'flags', version: 1, require: lead, source: 'code' }])
    expect((await as('ben').requests.approve(id, { digest })).request.status).toBe('applied')
    const elsewhere = approvals.as({ tenant: 'globex', user: 'ann' })
    await elsewhere.submit(checkout, newFlag)
    pending(await elsewhere.submit(checkout, rollout(80)))
    expect(await recorded()).toMatchObject([
      { by: 'countersign', via: 'bootstrap', version: 1, policies: [{ ...coded, version: 1, source: 'code' }] },
    ])
    const [record] = await recorded()
    const digests = async (about: { request: string } | { resource: typeof checkout }) =>
      (await as('ann').audit.events(about)).map(({ event }) => event['inCode'])
    expect(await digests({ request: id })).toEqual([record?.['digest'], record?.['digest']])
    expect((await digests({ resource: checkout }))[0]).toBe(record?.['digest'])
    const [submitted] = await as('ann').audit.events({ request: id })
    expect(submitted?.event).toMatchObject({ pinned: { policySet: { inCode: record?.['digest'] } } })
    expect(await as('ann').policies.list()).toEqual([{ ...coded, version: 1, source: 'code' }])
    expect(await as('ann').policies.get('flags')).toMatchObject({ source: 'code' })
    expect(await as('ann').audit.verify()).toMatchObject({ ok: true, problems: [] })
    for (const call of [
      () => as('zoe').policies.save({ id: 'own', match: {}, require: lead }),
      () => as('zoe').policies.remove('flags'),
      () => as('zoe').workflow.disable(),
    ]) {
      await expect(call).rejects.toMatchObject({
        code: 'not_permitted',
        message: expect.stringContaining('nobody may'),
      })
    }
  })

  it('[WO-19] are joined by those that a tenant saves, which cannot change, remove, switch off or override them', async () => {
    const { as } = instance(open(), [coded], { admins })
    await as('ann').submit(checkout, newFlag)
    const own = { id: 'own', match: update, require: security }
    await as('zoe').policies.save(own)
    const save = (policy: object) => as('zoe').policies.save({ ...own, ...policy })
    await expect(save({ id: 'flags' })).rejects.toMatchObject({
      code: 'invalid_policy',
      details: { policy: 'flags', problems: [{ path: '/id', fix: expect.stringContaining('another id') }] },
    })
    await expect(save({ overrides: ['flags'] })).rejects.toMatchObject({
      code: 'invalid_policy',
      details: { problems: [{ path: '/overrides/0', fix: 'take it out of overrides' }] },
    })
    expect(await refusal(as('zoe').policies.remove('flags'))).toBe('policy_in_code')
    expect(await as('zoe').policies.check({ ...own, id: 'flags' })).toContainEqual(
      expect.objectContaining({ path: '/id', severity: 'error' }),
    )
    const { id, digest, requirements } = pending(await as('ann').submit(checkout, rollout(80)))
    expect(requirements.map(({ policy, source }) => [policy, source])).toEqual([
      ['flags', 'code'],
      ['own', undefined],
    ])
    expect((await as('ben').requests.approve(id, { digest })).request.status).toBe('pending')
    expect((await as('sam').requests.approve(id, { digest })).request.status).toBe('applied')
    // What was listed can be put back: those in code hold anyway.
    const listed = await as('zoe').policies.list()
    expect(listed.map((policy) => [policy.id, policy.source])).toEqual([
      ['flags', 'code'],
      ['own', undefined],
    ])
    expect(await as('zoe').policies.previewAll(listed)).toMatchObject({ added: [], changed: [], removed: [] })
    expect(await as('zoe').audit.verify()).toMatchObject({ ok: true, problems: [] })
  })

  it('[WO-19] are asked besides one that had the id before, which its tenant can only remove', async () => {
    const storage = open()
    const before = instance(storage, undefined, { admins })
    await before.as('ann').submit(checkout, newFlag)
    await before.as('zoe').policies.save({ id: 'flags', match: update, require: security })
    const { as, recorded } = instance(storage, [coded], { admins })
    const { id, digest } = pending(await as('ann').submit(checkout, rollout(80)))
    expect(await recorded()).toMatchObject([{ alsoSaved: ['flags'] }])
    expect((await as('sam').requests.approve(id, { digest })).request.status).toBe('pending')
    expect((await as('ben').requests.approve(id, { digest })).request.status).toBe('applied')
    const off = { id: 'flags', match: update, require: security, mode: 'off' } as const
    expect(await refusal(as('zoe').policies.save(off))).toBe('invalid_policy')
    await as('zoe').policies.remove('flags')
    expect(pending(await as('ann').submit(checkout, rollout(20))).requirements).toMatchObject([{ source: 'code' }])
    expect(await as('zoe').audit.verify()).toMatchObject({ ok: true, problems: [] })
  })

  it('[WO-19] judge anew what was asked for under another set', async () => {
    const storage = open()
    const first = instance(storage, [coded])
    await first.as('ann').submit(checkout, newFlag)
    const { id, digest } = pending(await first.as('ann').submit(checkout, rollout(80)))
    const second = instance(storage, [coded, { id: 'safety', match: update, require: security }], { version: 2 })
    expect((await second.as('ann').requests.get(id)).approval?.policies.map(({ policy }) => policy)).toEqual([
      'flags',
      'safety',
    ])
    expect((await second.as('ben').requests.approve(id, { digest })).request.status).toBe('pending')
    expect((await second.recorded()).map(({ version }) => version)).toEqual([1, 2])
    expect(await live(second)).toBe(40)
    expect((await second.as('sam').requests.approve(id, { digest })).request.status).toBe('applied')
    expect(await second.as('ann').audit.verify()).toMatchObject({ ok: true, problems: [] })
  })

  it('[WO-19] keep an instance with an older set from applying anything; it goes on to read, reject and cancel', async () => {
    const storage = open()
    const rules = { apply: 'by_hand', whenMissed: 'hold' } as const
    const old = instance(storage, [{ ...coded, rules }])
    await old.as('ann').submit(checkout, newFlag)
    const waiting = pending(await old.as('ann').submit(checkout, rollout(60)))
    const approved = pending(await old.as('ann').submit(checkout, rollout(80)))
    const unreviewed = pending(await old.as('ann').submit(checkout, rollout(65)))
    const draft = (await old.as('ann').draft(checkout, rollout(10))).id
    await old.as('ben').requests.approve(approved.id, { digest: approved.digest })
    const scheduled = pending(await old.as('ann').submit(checkout, rollout(30), { applyAt: time + 1_000 }))
    await old.as('ben').requests.approve(scheduled.id, { digest: scheduled.digest })
    const held = { whenMissed: 'hold' } as const
    const stricter = [
      { ...coded, rules: held },
      { id: 'safety', match: update, require: security, rules: held },
    ]
    const current = instance(storage, stricter, { version: 2 })
    pending(await current.as('ann').submit(checkout, rollout(70)))

    const { digest } = waiting
    const refused = [
      () => old.as('ann').submit(checkout, rollout(50)),
      () => old.as('ann').submit(flags.ref('other'), newFlag),
      () => old.as('ann').preview(checkout, rollout(50)),
      () => old.as('ben').requests.approve(waiting.id, { digest }),
      () => old.as('ann').requests.edit(waiting.id, checkout, rollout(50)),
      () => old.as('ann').requests.apply(approved.id),
      () => old.as('ann').requests.submit(draft),
    ]
    for (const call of refused) {
      await expect(call()).rejects.toMatchObject({ code: 'policies_outdated', details: { version: 1, recorded: 2 } })
    }
    const shown = await old.as('ben').requests.get(waiting.id)
    expect(shown.can).toMatchObject({ approve: { code: 'policies_outdated' }, reject: true, comment: true })
    time += 1_000
    const report = await old.approvals.tick()
    expect(report.applied).toBe(0)
    expect(report.failed).toMatchObject([{ id: scheduled.id, error: { code: 'policies_outdated' } }])
    await old.as('ben').requests.comment(waiting.id, 'why?')
    await old.as('ben').requests.reject(waiting.id, { digest, reason: 'no' })
    await old.as('ann').requests.cancel(unreviewed.id)
    await old.as('ann').draft(checkout, rollout(20))
    expect(await old.as('ann').policies.list()).toHaveLength(1)
    expect(await live(old)).toBe(40)

    // Whoever has the set on record finds it as due as it was.
    expect((await current.approvals.tick()).failed).toEqual([])
    expect(await live(current)).toBe(40)
    const { digest: seen } = await current.as('sam').requests.get(scheduled.id)
    await current.as('sam').requests.approve(scheduled.id, { digest: seen })
    await current.as('ann').requests.apply(scheduled.id)
    expect((await current.as('ann').requests.get(scheduled.id)).status).toBe('applied')
    expect(await live(current)).toBe(30)
    expect(await current.as('ann').audit.verify()).toMatchObject({ ok: true, problems: [] })
  })

  it('[WO-19] keep an instance with an older set from asking it anew, in the place of the later one', async () => {
    const storage = open()
    const old = instance(storage, [coded])
    const both = { all: [lead, security] } as const
    const current = instance(storage, [{ ...coded, require: both }], { version: 2 })
    await current.as('ann').submit(checkout, newFlag)
    const { id, digest } = pending(await current.as('ann').submit(checkout, rollout(80), { applyAt: time + 1_000 }))
    const draft = (await current.as('ann').draft(checkout, rollout(70))).id
    const { requests } = old.as('ann')
    expect((await requests.get(id)).can).toMatchObject({ schedule: { code: 'policies_outdated' }, recall: true })
    expect(await refusal(requests.schedule(id, time + 2_000))).toBe('policies_outdated')
    expect(await refusal(requests.schedule(id, null))).toBe('policies_outdated')
    expect((await requests.schedule(draft, time + 2_000)).request.status).toBe('draft')
    expect(await current.as('ben').requests.get(id)).toMatchObject({ digest, requirements: [{ require: both }] })
    expect((await current.as('ben').requests.approve(id, { digest })).request.status).toBe('pending')
    expect(await live(current)).toBe(40)
    expect(await current.as('ann').audit.verify()).toMatchObject({ ok: true, problems: [] })
  })

  it('[WO-19] keep an instance with another set of the same version, or with none, from applying anything', async () => {
    const storage = open()
    await instance(storage, [coded], { version: 3 }).as('ann').submit(checkout, newFlag)
    const other = instance(storage, [{ ...coded, require: security }], { version: 3 })
    await expect(other.as('ann').submit(checkout, rollout(80))).rejects.toMatchObject({
      code: 'policies_outdated',
      details: { version: 3, recorded: 3 },
      message: expect.stringContaining('raise policiesVersion'),
    })
    const none = instance(storage, undefined, { admins })
    await expect(none.as('ann').submit(checkout, rollout(80))).rejects.toMatchObject({
      code: 'policies_outdated',
      details: { version: 0, recorded: 3 },
    })
    const gone = instance(storage, [], { version: 4 })
    expect((await gone.as('ann').submit(checkout, rollout(80))).status).toBe('applied')
    expect(await gone.as('ann').audit.verify()).toMatchObject({ ok: true, problems: [] })
  })

  it('[WO-19] are silent while the workflow is off, unless they say that they ask', async () => {
    const asking: CodedPolicyInput = { id: 'money', match: update, require: security, whileOff: 'asks' }
    const { as, approvals } = instance(open(), [coded, asking], { admins })
    await as('ann').submit(checkout, newFlag)
    const ref = flags.ref('search')
    await as('ann').submit(ref, newFlag)
    const before = pending(await as('ann').submit(ref, rollout(90)))
    await as('zoe').workflow.disable()
    await approvals.tick()
    // What was asked before goes on, by all that it was asked for.
    expect((await as('ann').requests.get(before.id)).status).toBe('pending')
    expect((await as('sam').requests.approve(before.id, { digest: before.digest })).request.status).toBe('pending')
    expect((await as('ben').requests.approve(before.id, { digest: before.digest })).request.status).toBe('applied')
    // What is asked from now on, by those alone that ask.
    const { id, digest, requirements } = pending(await as('ann').submit(checkout, rollout(80)))
    expect(requirements).toEqual([{ policy: 'money', version: 1, require: security, source: 'code', whileOff: 'asks' }])
    expect((await as('sam').requests.approve(id, { digest })).request.status).toBe('applied')
    await as('zoe').workflow.enable()
    const again = pending(await as('ann').submit(checkout, rollout(10)))
    expect(again.requirements.map(({ policy }) => policy)).toEqual(['flags', 'money'])
    expect(await as('zoe').audit.verify()).toMatchObject({ ok: true, problems: [] })
  })

  it('[WO-19] asked while the workflow was off, all of them are asked once it is on', async () => {
    const asking: CodedPolicyInput = { id: 'money', match: update, require: security, whileOff: 'asks' }
    const { as } = instance(open(), [coded, asking], { admins, workflow: 'off' })
    await as('ann').submit(checkout, newFlag)
    const { id, digest } = pending(await as('ann').submit(checkout, rollout(80)))
    await as('zoe').workflow.enable()
    expect((await as('sam').requests.approve(id, { digest })).request.status).toBe('pending')
    expect((await as('ben').requests.approve(id, { digest })).request.status).toBe('applied')
  })

  it('[WO-19] are not passed by what is moved onto what it would have to be asked for, with the workflow off', async () => {
    const limits = defineResource({
      type: 'limit',
      schema: z.strictObject({ environment: z.string(), amount: z.number() }),
      facets: { environment: (limit) => limit.environment },
      onStale: 'rebase',
    })
    const approvals = createApprovals({
      ...{ storage: open(), resources: [limits], directory: staticDirectory(people), admins, policiesVersion: 1 },
      policies: [
        {
          ...{ id: 'production', match: { resource: 'limit', facets: { environment: 'production' } }, require: lead },
          whileOff: 'asks',
        },
        { id: 'all', match: { resource: 'limit' }, overrides: ['production'], require: lead },
      ],
    })
    const as = (user: string) => approvals.as({ tenant: 'acme', user })
    const card = limits.ref('card')
    await as('zoe').workflow.disable()
    await as('ann').submit(card, { value: { environment: 'test', amount: 1 } })
    const draft = await as('ann').draft(card, { merge: { amount: 2 } })
    const { id, digest } = pending(await as('ann').submit(card, { merge: { environment: 'production' } }))
    await as('ben').requests.approve(id, { digest })
    expect((await as('ann').requests.get(draft.id)).can.submit).toMatchObject({ code: 'stale' })
    expect(await refusal(as('ann').requests.submit(draft.id))).toBe('stale')
    await as('ann').requests.rebase(draft.id)
    expect((await as('ann').requests.submit(draft.id)).request.status).toBe('pending')
    expect((await as('ann').resources.get(card))?.document).toEqual({ environment: 'production', amount: 1 })
  })

  it('[WO-19] gate what a tenant does to its own policies, and its switch', async () => {
    const match = { resource: ['countersign.policy', workflow] } as const
    const { as } = instance(open(), [{ id: 'settings', match, require: security }], { admins })
    const own = { id: 'own', match: update, require: lead }
    expect(await refusal(as('zoe').policies.save(own))).toBe('policy_gated')
    expect(await refusal(as('zoe').workflow.disable())).toBe('policy_gated')
    expect(await as('zoe').policies.list()).toMatchObject([{ id: 'settings', source: 'code' }])
  })
})

describe('policies in code', () => {
  const given = (policies: unknown, policiesVersion: unknown = 1, options: object = {}) => {
    return () =>
      createApprovals({
        storage: memoryStorage(),
        resources: [flags],
        directory: staticDirectory(people),
        policies,
        policiesVersion,
        ...options,
      } as ApprovalsOptions)
  }

  it.each([
    ['no list', given({}), 'policies must be a list of policies, not an object'],
    ['no policy', given([7]), 'policies[0] must be a policy, not 7'],
    ['an unknown key', given([{ ...coded, whn: 1 }]), '"flags": /whn there is no "whn" here'],
    ['an unknown action', given([{ ...coded, match: { ...update, action: 'launch' } }]), '"flags": /match/action'],
    ['an id twice', given([coded, coded]), 'two of the policies are called "flags"'],
    ['an unknown override', given([{ ...coded, overrides: ['x'] }]), 'there is no policy "x"'],
    ['an unknown predicate', given([{ ...coded, when: { type: 'predicate', name: 'x' } }]), '"flags": /when'],
    ['another whileOff', given([{ ...coded, whileOff: 'no' }]), '/whileOff is "no": write "asks" or "silent"'],
    [
      'no version',
      given([coded], null, { policiesVersion: undefined }),
      'policiesVersion must be a whole number from 1 on',
    ],
    ['version 0', given([coded], 0), 'policiesVersion must be a whole number from 1 on'],
    ['a version alone', given(undefined, 2, { admins }), 'policiesVersion is the version of policies'],
    ['nothing that asks', given(undefined, null, { policiesVersion: undefined }), 'nothing would ever need approval'],
    ['no directory', given([coded], 1, { directory: undefined }), 'say who people are'],
  ])('[WO-19] with %s are refused when the application starts', (_name, create, problem) => {
    expect(create).toThrow(TypeError)
    expect(create).toThrow(problem)
  })

  it('[WO-19] are no part of what a tenant can save', async () => {
    const { as } = instance(memoryStorage(), [coded], { admins })
    const own = { id: 'own', match: update, require: lead }
    expect(await refusal(as('zoe').policies.save({ ...own, whileOff: 'asks' } as never))).toBe('invalid_policy')
    expect(await refusal(as('zoe').policies.save({ ...own, source: 'code' } as never))).toBe('invalid_policy')
    expect(await refusal(as('zoe').policies.previewAll([{ ...own, source: 'code' } as never]))).toBe('invalid_policy')
  })

  it('[WO-19] count no policy of a tenant as one that serves in their place', async () => {
    const fallback: CodedPolicyInput = { ...coded, fallback: true }
    const { as } = instance(memoryStorage(), [fallback], { admins })
    await as('ann').submit(flags.ref('checkout', { project: 'web' }), newFlag)
    await as('zoe').policies.save({ id: 'web', match: { ...update, project: 'web' }, require: security })
    const { requirements } = pending(await as('ann').submit(checkout, rollout(80)))
    expect(requirements.map(({ policy }) => policy)).toEqual(['flags', 'web'])
  })

  it('[WO-19] leave nothing behind where a command is refused', async () => {
    const { as, recorded, approvals } = instance(memoryStorage(), [coded])
    expect(await refusal(approvals.as({ tenant: 'acme', user: 'nobody' }).submit(checkout, newFlag))).toBe(
      'unknown_actor',
    )
    expect(await recorded()).toEqual([])
    await as('ann').preview(checkout, newFlag)
    expect(await recorded()).toEqual([])
  })

  it('[WO-19] that were altered in the log are found', async () => {
    const storage = memoryStorage()
    const { as } = instance(storage, [coded])
    await as('ann').submit(checkout, newFlag)
    const key = { collection: 'policySets', key: ['acme'] } as const
    const [set] = await storage.get([key])
    if (!set) throw new TypeError('There are no settings.')
    const value = { ...set.value, inCode: { version: 7, digest: 'sha256:0' } }
    await storage.commit([{ type: 'replace', collection: 'policySets', value, expected: set.version } as never])
    const { problems } = await as('ann').audit.verify()
    expect(problems).toMatchObject([{ problem: expect.stringContaining('policies in code') }])
  })
})
