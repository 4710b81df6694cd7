import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isApprovalError, type PolicyInput } from '../../src/index.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { accessWorld } from '../access-world.ts'
import { runs } from '../runs.ts'
import { flags, pending, refusal, storages } from '../world.ts'

const lead = { quorum: 1, from: { roles: ['lead'] } }
const security = { roles: ['security'] }

/** Each way in which a policy gives power to a role. */
const powers: Readonly<Record<string, Partial<PolicyInput>>> = {
  approve: { require: { quorum: 1, from: security } },
  'approve one part of it': { require: { all: [lead, { any: [lead, { quorum: 1, from: security }] }] } },
  'answer in a later stage': { require: { stages: [lead, { quorum: 1, from: security }] } },
  'own a field': { require: { owners: [{ field: '/rollout', quorum: 1, from: security }], otherwise: lead } },
  'own the rest': { require: { owners: [{ field: '/rollout', ...lead }], otherwise: { quorum: 1, from: security } } },
  veto: { require: lead, veto: security },
  'step in later': { require: lead, escalate: { after: '1h', to: security } },
  bypass: { require: lead, rules: { bypass: ['security'] } },
  'break the glass': { require: lead, rules: { breakGlass: ['security'] } },
}

const adding = ['flags.read', 'project_users.add', 'project_roles.edit'] as const
const hiring = [...adding, 'organization_users.add', 'organization_roles.edit'] as const

async function powerWorld(storage = memoryStorage()) {
  const w = await accessWorld(storage)
  const zoe = w.as('zoe')
  for (const id of ['security', 'lead', 'board', 'guest'])
    await zoe.access.roles.save({ id, permissions: ['flags.read'], held: 'both' })
  await zoe.access.grant({ user: 'sue', role: 'security' })
  await zoe.access.grant({ user: 'ben', role: 'lead' })
  await zoe.access.grant({ user: 'bob', role: 'board' })
  return { ...w, zoe, mia: w.as('mia') }
}

describe.each(storages)('what policies let a role do, on $name', ({ open }) => {
  it('[FA-11] is given and taken by who has it or may change the policy, on record, and those are told', async () => {
    const { zoe, mia, as, notices } = await powerWorld(open())
    const policy = { id: 'p', match: { resource: 'feature_flag' }, require: { quorum: 1, from: security } }
    await zoe.access.grant({ user: 'sue', role: 'security', project: 'web' })
    await zoe.policies.save(policy)
    await zoe.policies.save({ ...policy, id: 'other', match: { resource: 'feature_flag', project: 'shop' } })
    const give = { user: 'sock', role: 'security', project: 'web' }
    await expect(mia.access.grant(give)).rejects.toMatchObject({
      code: 'beyond_own_permissions',
      details: { role: 'security', missing: [], policies: ['p'] },
    })
    expect(await refusal(mia.access.revoke({ user: 'sue', role: 'security', project: 'web' }))).toBe(
      'beyond_own_permissions',
    )
    const edits = [{ users: ['sock', 'ann'], projects: ['web'], roles: ['member', 'security'] }]
    const preview = await mia.access.preview(edits)
    expect(preview.refusal?.code).toBe('beyond_own_permissions')
    expect(await refusal(mia.access.change(edits, { digest: preview.digest }))).toBe('beyond_own_permissions')
    expect(
      await refusal(as('sock').submit(flags.ref('a', { project: 'web' }), { value: { enabled: false, rollout: 1 } })),
    ).toBe('unknown_actor')

    await zoe.access.grant({ user: 'mia', role: 'security', project: 'web' })
    await mia.access.grant(give)
    const [event] = (await zoe.audit.events({ settings: true })).slice(-1)
    expect(event?.event).toMatchObject({ type: 'roles_changed', powers: [{ ...give, policies: ['p'] }] })
    const told = (await notices()).filter(({ type }) => type === 'policy_power_given')
    expect(told).toMatchObject([
      { by: 'zoe', to: ['mia'], resources: [{ type: 'countersign.policy', id: 'p' }] },
      { by: 'mia', to: ['zoe'], resources: [{ type: 'countersign.policy', id: 'p' }] },
    ])
    expect(await as('zoe').audit.verify()).toMatchObject({ ok: true })
  })
})

describe('what policies let a role do', () => {
  it.each(Object.keys(powers))('[FA-11] counts where a role may %s', async (power) => {
    const { zoe, mia } = await powerWorld()
    const give = { user: 'sock', role: 'security', project: 'web' }
    await mia.access.grant(give)
    await mia.access.revoke(give)
    await zoe.policies.save({ id: 'p', match: {}, require: lead, ...powers[power] })
    expect(await refusal(mia.access.grant(give))).toBe('beyond_own_permissions')
    await zoe.policies.save({ id: 'p', match: { project: 'web' }, require: lead, ...powers[power] })
    await mia.access.grant(give)
    await mia.access.revoke(give)
    await zoe.policies.save({ id: 'p', match: { project: 'shop' }, require: lead, ...powers[power] })
    await mia.access.grant(give)
  })

  it('[FA-11] is all of it asked for: who may approve may not give a veto', async () => {
    const { zoe, mia } = await powerWorld()
    await zoe.access.grant({ user: 'mia', role: 'lead', project: 'web' })
    const everybody = { roles: ['lead', 'security'] }
    await zoe.policies.save({ id: 'p', match: {}, require: { quorum: 1, from: everybody }, veto: security })
    expect(await refusal(mia.access.grant({ user: 'sock', role: 'security', project: 'web' }))).toBe(
      'beyond_own_permissions',
    )
    await mia.access.grant({ user: 'sock', role: 'lead', project: 'web' })
  })

  it('[FA-11] is given by name, too, where a user joins or leaves', async () => {
    const { zoe, mia } = await powerWorld()
    await zoe.access.grant({ user: 'sec', role: 'viewer', project: 'web' })
    await zoe.policies.save({ id: 'p', match: {}, require: { quorum: 1, from: { users: ['sec', 'sue'] } } })
    const seat = (user: string, role: string, project = 'web') => ({ user, role, project })
    const beyond = { code: 'beyond_own_permissions', details: { user: 'sec', missing: [], policies: ['p'] } }
    await expect(mia.access.revoke(seat('sec', 'viewer'))).rejects.toMatchObject(beyond)
    await mia.access.grant(seat('sec', 'member'))
    await mia.access.revoke(seat('sec', 'viewer'))
    await zoe.access.revoke(seat('sec', 'member'))
    await expect(mia.access.grant(seat('sec', 'viewer'))).rejects.toMatchObject(beyond)
    await mia.access.grant(seat('sock', 'viewer'))
    await zoe.access.grant(seat('sec', 'viewer', 'shop'))
    await zoe.policies.save({ id: 'p', match: { project: 'shop' }, require: { quorum: 1, from: { users: ['sec'] } } })
    await mia.access.grant(seat('sec', 'viewer'))
    expect((await zoe.audit.events({ settings: true })).at(-1)?.event).not.toHaveProperty('powers')
    await mia.access.revoke(seat('sec', 'viewer'))
    await zoe.policies.save({ id: 'p', match: {}, require: { quorum: 1, from: { users: ['sec', 'mia'] } } })
    await mia.access.grant(seat('sec', 'viewer'))
    expect((await zoe.audit.events({ settings: true })).at(-1)?.event).toMatchObject({
      powers: [{ ...seat('sec', 'viewer'), policies: ['p'] }],
    })
  })

  it.each(Object.keys(powers).flatMap((power) => ['role', 'user'].map((by) => [power, by])))(
    '[FA-11] counts where an open request still lets whom its policy named then %s (a %s)',
    async (power, by) => {
      const { zoe, mia, as } = await powerWorld()
      const rules = { policyDrift: 'pinned', ...powers[power]?.rules } as const
      const named = JSON.stringify({ require: lead, ...powers[power], rules })
      if (by === 'user' && !named.includes('"from":{"roles":["security"]')) return
      const input = by === 'role' ? named : named.replaceAll('{"roles":["security"]}', '{"users":["sock","sue"]}')
      const policy = { id: 'p', match: { project: 'web' }, ...JSON.parse(input) }
      await zoe.access.roles.save({ id: 'hr', permissions: adding, held: 'project' })
      await zoe.access.grant({ user: 'hal', role: 'hr', project: 'web' })
      await zoe.access.grant({ user: 'sock', role: 'viewer', project: 'web' })
      await zoe.policies.save(policy)
      await zoe.access.revoke({ user: 'sock', role: 'viewer', project: 'web' })
      const { id } = pending(
        await as('ann').submit(flags.ref('a', { project: 'web' }), { value: { enabled: true, rollout: 5 } }),
      )
      await zoe.policies.save({ id: 'p', match: policy.match, require: { quorum: 1, from: { roles: ['board'] } } })
      const role = by === 'role' ? 'security' : 'guest'
      const give = { user: 'sock', role, project: 'web' }
      await expect(as('hal').access.grant(give)).rejects.toMatchObject({
        code: 'beyond_own_permissions',
        details: { [by]: by === 'role' ? 'security' : 'sock', policies: ['p'] },
      })
      await mia.access.grant({ ...give, project: 'web' })
      await mia.access.revoke(give)
      await as('ann').requests.cancel(id)
      await as('hal').access.grant(give)
      expect(await zoe.audit.verify()).toMatchObject({ ok: true })
    },
  )

  it('[FA-11] is given by name, too, by a role in the whole tenant, which makes somebody of the user in every project', async () => {
    const { zoe, as } = await powerWorld()
    await zoe.access.roles.save({ id: 'hr', permissions: hiring, held: 'tenant' })
    await zoe.access.grant({ user: 'hal', role: 'hr' })
    for (const project of ['shop', 'web']) await zoe.access.grant({ user: 'sec', role: 'guest', project })
    await zoe.policies.save({ id: 'p', match: { project: 'web' }, require: { quorum: 1, from: { users: ['sec'] } } })
    await zoe.access.revoke({ user: 'sec', role: 'guest', project: 'web' })
    const beyond = { code: 'beyond_own_permissions', details: { user: 'sec', policies: ['p'] } }
    await expect(as('hal').access.grant({ user: 'sec', role: 'guest' })).rejects.toMatchObject(beyond)
    await zoe.access.grant({ user: 'sec', role: 'guest' })
    await expect(as('hal').access.revoke({ user: 'sec', role: 'guest' })).rejects.toMatchObject(beyond)
    await as('hal').access.grant({ user: 'sock', role: 'guest' })
  })

  it.each([
    ['the whole tenant', {}],
    ['another project as well', { project: ['web', 'shop'] }],
  ])('[FA-11] of an open request is not the manager’s whose policy was about %s', async (_, match) => {
    const { zoe, mia, as } = await powerWorld()
    const rules = { policyDrift: 'pinned' } as const
    await zoe.policies.save({ id: 'p', match, require: lead })
    await zoe.policies.remove('p')
    await zoe.policies.save({ id: 'p', match, require: { quorum: 1, from: security }, rules })
    pending(await as('ann').submit(flags.ref('a', { project: 'web' }), { value: { enabled: true, rollout: 5 } }))
    const give = { user: 'sock', role: 'security', project: 'web' }
    await zoe.policies.save({ id: 'p', match: { project: 'web' }, require: lead })
    expect(await refusal(mia.access.grant(give))).toBe('beyond_own_permissions')
    await zoe.policies.remove('p')
    expect(await refusal(mia.access.grant(give))).toBe('beyond_own_permissions')
  })

  it('[FA-11] of an open request about what belongs to no project counts wherever a user joins', async () => {
    const { zoe, as } = await powerWorld()
    await zoe.access.roles.save({ id: 'hr', permissions: adding, held: 'project' })
    await zoe.access.grant({ user: 'hal', role: 'hr', project: 'web' })
    await zoe.access.grant({ user: 'sec', role: 'guest', project: 'web' })
    const [users, rules] = [['sec'], { policyDrift: 'pinned' } as const]
    await zoe.policies.save({ id: 'p', match: {}, require: { quorum: 1, from: { users } }, rules })
    await zoe.access.revoke({ user: 'sec', role: 'guest', project: 'web' })
    const { id } = pending(await zoe.submit(flags.ref('a'), { value: { enabled: true, rollout: 5 } }))
    await zoe.policies.save({ id: 'p', match: {}, require: lead })
    const joins = () => as('hal').access.grant({ user: 'sec', role: 'guest', project: 'web' })
    expect(await refusal(joins())).toBe('beyond_own_permissions')
    await zoe.requests.cancel(id)
    await joins()
  })

  it('[FA-11] of everybody who may approve is on record with any role that may', async () => {
    const { zoe } = await powerWorld()
    await zoe.access.roles.save({ id: 'own', permissions: ['flags.read', 'requests.approve'], held: 'both' })
    await zoe.policies.save({ id: 'p', match: {}, require: { quorum: 1, from: { roles: ['requests.approve'] } } })
    await zoe.access.grant({ user: 'sock', role: 'own', project: 'web' })
    const [event] = (await zoe.audit.events({ settings: true })).slice(-1)
    expect(event?.event).toMatchObject({ powers: [{ user: 'sock', role: 'own', policies: ['p'] }] })
  })

  it('[FA-11] is not given by a permission that the role lacked for it', async () => {
    const { zoe, as } = await powerWorld()
    const keeper = ['flags.read', 'roles.edit', 'requests.bypass', 'flags.edit'] as const
    await zoe.access.roles.save({ id: 'keeper', permissions: keeper, held: 'tenant' })
    await zoe.access.grant({ user: 'kim', role: 'keeper' })
    await zoe.policies.save({ id: 'p', match: {}, require: lead, rules: { bypass: ['lead'] } })
    const held = { id: 'lead', held: 'both' } as const
    const save = (permissions: readonly ('flags.read' | 'flags.edit' | 'requests.bypass')[]) =>
      as('kim').access.roles.save({ ...held, permissions })
    expect(await refusal(save(['flags.read', 'requests.bypass']))).toBe('beyond_own_permissions')
    await save(['flags.read', 'flags.edit'])
    await zoe.access.grant({ user: 'kim', role: 'lead' })
    await save(['flags.read', 'requests.bypass'])
  })

  it('[FA-11] is not given by a role that is made, moved or removed', async () => {
    const { zoe, as } = await powerWorld()
    const kim = as('kim')
    const keeper = { id: 'keeper', permissions: ['flags.read', 'roles.edit'], held: 'tenant' } as const
    await zoe.access.roles.save(keeper)
    await zoe.access.grant({ user: 'kim', role: 'keeper' })
    await zoe.access.roles.save({ id: 'vetoers', permissions: ['flags.read'], held: 'both' })
    await zoe.policies.save({ id: 'p', match: {}, require: lead, veto: { roles: ['vetoers'] } })
    const moved = { id: 'lead', permissions: ['flags.read'], held: 'tenant' } as const
    expect(await refusal(kim.access.roles.save(moved))).toBe('beyond_own_permissions')
    expect(await refusal(kim.access.roles.remove('vetoers'))).toBe('beyond_own_permissions')
    await kim.access.roles.save({ ...moved, held: 'both' })
    await zoe.access.roles.save(moved)
    await zoe.access.roles.remove('vetoers')
  })
})

const plotters = ['mia', 'sock', 'puppet', 'ann', 'hal']
/** Whom the policy names in some plots, and who has left. */
const leaver = 'sec'
const roleIds = ['security', 'lead', 'member', 'manager', 'viewer', 'own', 'guest']

const plan = fc.record({
  power: fc.constantFrom(...Object.keys(powers), 'be named, and have left'),
  /** Whether the policy asks others by the time of the plot, while the request still asks whom it asked. */
  moved: fc.boolean(),
  /** Who of the plotters was given which role in the project by the admin, before. */
  before: fc.array(fc.tuple(fc.constantFrom(...plotters), fc.constantFrom('lead', 'member', 'viewer')), {
    maxLength: 2,
  }),
  steps: fc.array(
    fc.tuple(
      fc.constantFrom('grant', 'change', 'revoke', 'account', 'role', 'policy', 'remove', 'delegate'),
      fc.constantFrom(...plotters),
      fc.constantFrom(...plotters, leaver, 'sue'),
      fc.constantFrom(...roleIds),
      fc.constantFrom('web', 'shop', undefined),
    ),
    { minLength: 1, maxLength: 10 },
  ),
})

it('[FA-11] no plot of people without power over a policy gets past it, through however many accounts', async () => {
  await fc.assert(
    fc.asyncProperty(plan, async ({ power, moved, before, steps }) => {
      const { zoe, mia, as, approvals } = await powerWorld()
      const named = { require: { quorum: 1, from: { users: [leaver, 'zoe'] } } }
      const { rules, ...asks } = { require: lead, ...(powers[power] ?? named) } as Partial<PolicyInput> & typeof named
      const policy = {
        id: 'p',
        match: { resource: 'feature_flag' },
        ...asks,
        rules: { ...rules, policyDrift: moved ? ('pinned' as const) : ('strictest' as const) },
      }
      await zoe.access.roles.save({ id: 'hr', permissions: hiring, held: 'tenant' })
      await zoe.access.grant({ user: 'hal', role: 'hr' })
      for (const project of ['web', 'shop']) await zoe.access.grant({ user: leaver, role: 'viewer', project })
      await zoe.policies.save(policy)
      await zoe.access.revoke({ user: leaver, role: 'viewer', project: 'web' })
      for (const [user, role] of before) await settled(zoe.access.grant({ user, role, project: 'web' }))
      // An oracle of its own: whoever holds a role that the policy names had power before the plot, and anything may come of that.
      const holdsPower = before.some(([, role]) => JSON.stringify(policy).includes(JSON.stringify(role)))
      fc.pre(!holdsPower)
      const flag = flags.ref('a', { project: 'web' })
      const { id, digest: seen } = pending(await mia.submit(flag, { value: { enabled: true, rollout: 5 } }))
      if (moved) {
        const board = { quorum: 1, from: { roles: ['board'] } }
        await zoe.policies.save({ ...policy, require: board, veto: undefined, escalate: undefined, rules: {} })
      }
      for (const [verb, by, user, role, project] of steps) {
        const { access, policies, delegations } = as(by)
        const place = project === undefined ? {} : { project }
        const projects = [project ?? '']
        const attempts: Readonly<Record<string, () => Promise<unknown>>> = {
          grant: () => access.grant({ user, role, ...place }),
          revoke: () => access.revoke({ user, role, ...place }),
          change: async () => {
            const edits = [{ users: [user, by], projects, roles: [role, 'member'] }]
            return await access.change(edits, { digest: (await access.preview(edits)).digest })
          },
          account: () => access.accounts.save({ user, person: by }),
          role: () => access.roles.save({ id: role, permissions: ['flags.read', 'requests.approve'], held: 'both' }),
          policy: () => policies.save({ ...policy, overrides: [], require: { quorum: 1, from: { users: [user] } } }),
          remove: () => policies.remove('p'),
          delegate: () => delegations.save({ to: user, ends: Date.UTC(2026, 0, 20) }),
        }
        await settled(attempts[verb]?.())
      }
      for (const by of [...plotters, leaver]) {
        const actor = as(by)
        for (const onBehalfOf of [undefined, 'sue', 'ben', 'mia']) {
          await settled(
            actor.requests.approve(id, { digest: seen, ...(onBehalfOf === undefined ? {} : { onBehalfOf }) }),
          )
        }
        await settled(actor.requests.bypass(id, { digest: seen, reason: 'now' }))
        await settled(actor.requests.breakGlass(id, { digest: seen, reason: 'now', incident: 'INC-1' }))
        await settled(actor.requests.apply(id))
      }
      await approvals.tick()
      expect(await zoe.resources.get(flag)).toBeUndefined()
    }),
    { numRuns: runs(25) },
  )
})

/** Lets an attempt be refused, and nothing else go wrong. */
async function settled(attempt: Promise<unknown> | undefined): Promise<void> {
  await attempt?.catch((error: unknown) => {
    if (!isApprovalError(error)) throw error
  })
}
