import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import {
  createApprovals,
  type Directory,
  type DirectoryUser,
  defineResource,
  isApprovalError,
  type Requirement,
  staticDirectory,
} from '../../src/index.ts'
import { flags, pending, refusal, rollout, storages, world } from '../world.ts'

const environments = ['dev', 'production']
const limits = defineResource({
  type: 'limit',
  schema: z.strictObject({ environment: z.string(), teams: z.array(z.string()), value: z.number() }),
  facets: {
    environment: { of: ({ environment }) => environment, values: environments },
    team: ({ teams }) => teams,
  },
})

const lead = { quorum: 1, from: { roles: ['lead'] } }

describe.each(storages)('what a policy is about on $name', ({ open }) => {
  const limit = async (environment: string, teams: readonly string[] = []) => {
    const approvals = createApprovals({
      storage: open(),
      resources: [limits],
      admins: 'anyone',
      directory: staticDirectory({ ann: ['dev'], ben: ['lead'] }),
    })
    const ann = approvals.as({ tenant: 'acme', user: 'ann' })
    const ref = limits.ref('daily')
    await ann.submit(ref, { value: { environment, teams: [...teams], value: 1 } })
    return { ann, ref }
  }

  it('[B2] asks for both environments when something moves from one to the other, and when it is removed or made', async () => {
    for (const [from, to] of [environments, environments.toReversed()] as const) {
      const { ann, ref } = await limit(from ?? '')
      await ann.policies.save({
        id: 'p',
        match: { resource: 'limit', facets: { environment: 'production' } },
        require: lead,
      })
      const moved = await ann.preview(ref, { merge: { environment: to } })
      const removed = await ann.preview(ref, { remove: true })
      const made = await ann.preview(limits.ref('other'), { value: { environment: to ?? '', teams: [], value: 1 } })
      expect([from, moved.status, removed.status, made.status]).toEqual(
        from === 'dev' ? [from, 'pending', 'applied', 'pending'] : [from, 'pending', 'pending', 'applied'],
      )
    }
  })

  it.each(['Production', 'production ', 'prod', 'ｐroduction', 'production\u200b', ''])(
    '[B2] takes an environment that nobody declared for any of them: %j',
    async (alias) => {
      const { ann, ref } = await limit('dev')
      const policy = { id: 'p', match: { resource: 'limit', facets: { environment: 'production' } }, require: lead }
      await ann.policies.save(policy)
      expect((await ann.preview(ref, { merge: { value: 2 } })).status).toBe('applied')
      expect((await ann.preview(ref, { merge: { environment: alias } })).status).toBe('pending')
      const misspelt = { ...policy, match: { resource: 'limit', facets: { environment: alias } } }
      expect(await refusal(ann.policies.save(misspelt))).toBe('invalid_policy')
    },
  )

  it('[B2] asks every team that something belongs to, before or after', async () => {
    const { ann, ref } = await limit('dev', ['growth'])
    for (const team of ['growth', 'payments']) {
      await ann.policies.save({ id: team, match: { resource: 'limit', facets: { team } }, require: lead })
    }
    const given = pending(await ann.submit(ref, { merge: { teams: ['payments'] } }))
    expect(given.requirements.map(({ policy }) => policy)).toEqual(['growth', 'payments'])
  })

  it('[B2] compares projects to the letter, and takes nothing from one into another', async () => {
    const w = world(open())
    const value = { enabled: true, rollout: 1 }
    await w.policy({ match: { project: 'production' } })
    for (const project of ['Production', 'prod', 'production2']) {
      const ref = flags.ref(`checkout-${project}`, { project })
      expect((await w.as('ann').submit(ref, { value })).status).toBe('applied')
      const elsewhere = flags.ref(ref.id, { project: 'production' })
      expect(await refusal(w.as('ann').submit(elsewhere, { value }))).toBe('wrong_project')
    }
    expect((await w.as('ann').submit(flags.ref('real', { project: 'production' }), { value })).status).toBe('pending')
    for (const project of ['production ', ' production', 'production\u200b', 'pro\nduction']) {
      expect(
        await refusal(w.as('ann').submit(flags.ref('search', { project }), { value })),
        JSON.stringify(project),
      ).toBe('invalid_input')
    }
  })

  it('[B2] looks for approvers in each project that a policy names, and says in which one they are too few', async () => {
    const leads: Readonly<Record<string, readonly string[]>> = { web: ['ben', 'bob'], ios: ['cat', 'kim'], tv: ['dan'] }
    const members: Readonly<Record<string, readonly string[]>> = { ...leads, tv: ['dan', 'eve'] }
    const isThere = (id: string, project = '') => project === '' || id === 'ann' || members[project]?.includes(id)
    const directory: Directory = {
      users: async ({ project }, ids) =>
        ids.map((id) =>
          isThere(id, project) ? { roles: leads[project ?? '']?.includes(id) ? ['lead'] : [] } : undefined,
        ),
      holders: async ({ project = '' }) => leads[project] ?? [],
      roles: async (_scope, names) => names.map(() => true),
    }
    const approvals = createApprovals({ storage: open(), resources: [flags], admins: 'anyone', directory })
    const { policies, freezes } = approvals.as({ tenant: 'acme', user: 'ann' })
    const check = async (project: readonly string[], require: Requirement = lead) => {
      const found = await policies.check({ id: 'p', match: { project: [...project] }, require })
      return found.map(({ severity, problem }) => `${severity}: ${problem}`)
    }
    expect(await check(['web', 'ios'])).toEqual([])
    await policies.save({ id: 'p', match: { project: ['web', 'ios'] }, require: lead })
    expect(await check(['web', 'ios'], { quorum: 2, from: { roles: ['lead'] } })).toEqual([
      'warning: nobody else can approve what ben or bob asks for in project "web"',
      'warning: nobody else can approve what cat or kim asks for in project "ios"',
    ])
    expect(await check(['web', 'ios'], { quorum: 3, from: { roles: ['lead'] } })).toEqual([
      'error: the people who could approve are too few',
    ])
    expect(await check(['web', 'tv'])).toEqual(['warning: nobody else can approve what dan asks for in project "tv"'])
    expect(await check(['web', 'tv'], { quorum: 2, from: { roles: ['lead'] } })).toContain(
      'warning: the people who could approve are too few in project "tv"',
    )
    // Whoever is named is counted where the directory knows them, and unknown only if they are so everywhere.
    expect(await check(['web', 'ios'], { quorum: 1, from: { users: ['ben', 'bob', 'cat', 'kim'] } })).toEqual([])
    expect(await check(['web', 'tv'], { quorum: 2, from: { users: ['ben', 'bob', 'dan'] } })).toContain(
      'warning: the people who could approve are too few in project "tv"',
    )
    expect(await check(['web', 'ios'], { quorum: 1, from: { users: ['ben', 'eve'] } })).toEqual([
      'error: the directory knows no user "eve"',
    ])
    const windows = [{ from: 1, until: 2 }]
    const freeze = { id: 'f', windows, mode: 'ask', reason: 'the sale' } as const
    const asked = await freezes.save({ ...freeze, match: { project: ['web', 'ios'] }, require: lead })
    expect(asked.findings).toEqual([])
    const alone = await freezes.save({ ...freeze, match: { project: ['web', 'tv'] }, require: lead })
    expect(alone.findings).toMatchObject([
      { problem: 'nobody else can approve what dan asks for in project "tv"', fix: 'name one more approver' },
    ])
  })

  it('[A9] [B2] moves no request into the project where somebody has made its resource meanwhile, and removed it', async () => {
    const leads: Readonly<Record<string, string>> = { ben: 'web', cat: 'ios' }
    const isLead = (id: string, project = leads[id]) => project !== undefined && leads[id] === project
    const directory: Directory = {
      users: async ({ project }, ids) => ids.map((id) => ({ roles: isLead(id, project) ? ['lead'] : [] })),
      holders: async ({ project }) => Object.keys(leads).filter((id) => isLead(id, project)),
      roles: async (_scope, names) => names.map(() => true),
    }
    const approvals = createApprovals({ storage: open(), resources: [flags], admins: 'anyone', directory })
    const as = (user: string) => approvals.as({ tenant: 'acme', user })
    const policy = { id: 'p', match: {}, require: lead }
    const value = { enabled: true, rollout: 1 }
    await as('ann').policies.save(policy)
    const { id } = pending(await as('ann').submit(flags.ref('new', { project: 'web' }), { value }))
    await as('ann').policies.remove('p')
    const elsewhere = flags.ref('new', { project: 'ios' })
    await as('eve').submit(elsewhere, { value })
    await as('eve').submit(elsewhere, { remove: true })
    await as('ann').policies.save(policy)

    expect(await refusal(as('ann').requests.rebase(id))).toBe('cannot_land')
    const { digest } = await as('ann').requests.get(id)
    expect(await refusal(as('cat').requests.approve(id, { digest }))).toBe('not_an_approver')
    expect(await refusal(as('ben').requests.approve(id, { digest }))).toBe('cannot_land')
  })

  it('[E11] offers no evidence from outside: no condition, approver or command takes a check, a status or a vote on behalf of one', async () => {
    const w = world(open())
    const ref = await w.flag('checkout')
    const checks: readonly unknown[] = [
      { when: { type: 'check', name: 'ci' } },
      { require: { check: 'ci' } },
      { require: { quorum: 1, from: { checks: ['ci'] } } },
      { rules: { checks: ['ci'] } },
    ]
    for (const check of checks)
      expect(await refusal(w.policy(check as never)), JSON.stringify(check)).toBe('invalid_policy')
    await w.policy()
    const request = pending(await w.as('ann').submit(ref, rollout(80)))
    for (const evidence of [{ check: 'ci' }, { status: 'success' }, { checks: { ci: true } }]) {
      expect(
        await refusal(w.as('ben').requests.approve(request.id, { digest: request.digest, ...evidence } as never)),
      ).toBe('invalid_input')
    }
    expect((await w.as('ann').requests.get(request.id)).status).toBe('pending')
  })
})

describe('[BY-08] who could ever approve', () => {
  const saved = async (people: Record<string, DirectoryUser>, policy: object, directory: Partial<Directory> = {}) => {
    const approvals = createApprovals({
      storage: (storages[0] as (typeof storages)[number]).open(),
      resources: [flags],
      admins: 'anyone',
      directory: {
        users: async (_scope, ids) => ids.map((id) => people[id]),
        holders: async (_scope, role) => Object.keys(people).filter((id) => people[id]?.roles.includes(role)),
        roles: async (_scope, names) => names.map(() => true),
        ...directory,
      },
    })
    const ann = approvals.as({ tenant: 'acme', user: 'ann' })
    try {
      return (await ann.policies.save({ id: 'p', match: {}, ...policy } as never)).id
    } catch (error) {
      if (isApprovalError(error) && error.code === 'invalid_policy') return error.details.problems[0]?.problem
      throw error
    }
  }
  const few = 'the people who could approve are too few'
  const two = { require: { quorum: 2, from: { roles: ['lead'] } } }
  const ann = { roles: [] }

  it('is counted in people: two users of one are not two', async () => {
    const aliases = { ann, ben: { roles: ['lead'], person: 'ben' }, 'ben-2': { roles: ['lead'], person: 'ben' } }
    expect(await saved(aliases, two)).toBe(few)
    expect(await saved({ ...aliases, cat: { roles: ['lead'] } }, two)).toBe('p')
  })

  it('leaves out agents, which approve by no role, and are their owner where they are named', async () => {
    const people = { ann, ben: { roles: ['lead'] }, bot: { roles: ['lead'], owner: 'ben' } }
    expect(await saved(people, two)).toBe(few)
    expect(await saved(people, { require: { quorum: 2, from: { users: ['ben', 'bot'] } } })).toBe(few)
    expect(await saved(people, { require: { quorum: 1, from: { users: ['bot'] } } })).toBe('p')
  })

  it('leaves out who holds a role and is not known any more', async () => {
    const people = { ann, ben: { roles: ['lead'] } }
    const holders = async () => ['ben', 'gone']
    expect(await saved(people, two, { holders })).toBe(few)
  })

  it('is asked of the project that the policy is about', async () => {
    const people = { ann, ben: { roles: ['lead'] }, cat: { roles: ['lead'] } }
    const holders: Directory['holders'] = async ({ project }) => (project === 'web' ? ['ben'] : ['ben', 'cat'])
    expect(await saved(people, { ...two, match: { project: 'web' } }, { holders })).toBe(few)
    expect(await saved(people, { ...two, match: { project: 'app' } }, { holders })).toBe('p')
    expect(await saved(people, two, { holders })).toBe('p')
  })
})
