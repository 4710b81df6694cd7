import { describe, expect, it } from 'vitest'
import { type PolicyInput, policyResource } from '../../src/index.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { accessWorld } from '../access-world.ts'
import { flags, pending, refusal, rollout, storages, world } from '../world.ts'

const ref = flags.ref('checkout')
const butBen = { quorum: 1, from: { roles: ['lead'], except: { users: ['ben'] } } } as const

async function asked(open: (typeof storages)[number]['open'], policy: Partial<PolicyInput>) {
  const w = world(open(), {
    ...{ ann: [], ben: ['lead'], bob: ['lead'], cat: ['lead'], sam: ['lead', 'security'], amy: ['lead'] },
  })
  await w.flag('checkout')
  await w.policy(policy)
  const { id, digest, approval } = pending(await w.as('ann').submit(ref, rollout(50)))
  const approve = (user: string, options = {}) => w.as(user).requests.approve(id, { digest, ...options })
  return { w, id, digest, approval, approve }
}

describe.each(storages)('whom a policy excepts from its approvers, on $name', ({ open }) => {
  it('[WO-14] does not approve, is not asked, and is told of nothing', async () => {
    const { w, id, approval, approve } = await asked(open, { require: butBen })
    expect(approval?.policies[0]?.missing[0]?.candidates).toEqual(['bob', 'cat', 'sam', 'amy'])
    expect(await refusal(approve('ben'))).toBe('not_an_approver')
    expect((await w.as('ben').requests.get(id)).can.approve).toMatchObject({ code: 'not_an_approver' })
    expect((await w.as('ben').requests.inbox()).requests).toEqual([])
    expect((await w.as('cat').requests.inbox()).requests).toHaveLength(1)
    expect((await w.as('ann').preview(ref, rollout(51))).approvers).not.toContain('ben')
    const [notice] = await w.notices()
    expect(notice?.to).toEqual(['bob', 'cat', 'sam', 'amy'])
    expect((await approve('cat')).request.status).toBe('applied')
  })

  it('[WO-14] is out with every account of the person behind them, and nobody answers past it for somebody else', async () => {
    const { w, approve } = await asked(open, { require: butBen })
    w.person('ben', 'p-1')
    w.person('bob', 'p-1')
    expect(await refusal(approve('bob'))).toBe('not_an_approver')
    await w.as('cat').delegations.save({ to: 'bob', ends: w.now() + 1000 })
    expect(await refusal(approve('bob', { onBehalfOf: 'cat' }))).toBe('not_an_approver')
    w.person('bob', 'bob')
    expect((await approve('bob', { onBehalfOf: 'cat' })).request.status).toBe('applied')
  })

  it('[WO-14] is whoever holds a role, when they approve and when it is applied', async () => {
    const require = { quorum: 2, from: { roles: ['lead'], except: { roles: ['security'] } } }
    const { w, approve, id } = await asked(open, { require, rules: { apply: 'by_hand' } })
    expect(await refusal(approve('sam'))).toBe('not_an_approver')
    await approve('ben')
    expect((await approve('cat')).request.status).toBe('approved')
    w.roles('cat', ['lead', 'security'])
    expect(await refusal(w.as('ann').requests.apply(id))).toBe('approval_missing')
    w.roles('cat', ['lead'])
    expect((await w.as('ann').requests.apply(id)).request.status).toBe('applied')
  })

  it('[WO-14] fills no place of a tree that others name them for elsewhere', async () => {
    const require = { all: [butBen, { quorum: 1, from: { users: ['ben', 'bob'] } }] }
    const { approve } = await asked(open, { require })
    expect((await approve('ben')).request.status).toBe('pending')
    expect((await approve('cat')).request.status).toBe('applied')
  })

  it('[WO-14] stays out when the policy escalates, and vetoes nothing that it is excepted from', async () => {
    const { w, approve } = await asked(open, {
      require: { quorum: 1, from: { users: ['cat'], except: { users: ['ben'] } } },
      escalate: { after: '1h', to: { roles: ['lead'] } },
      veto: { roles: ['lead'], except: { roles: ['security'] } },
    })
    w.pass(2 * 60 * 60 * 1000)
    await w.approvals.tick()
    expect(await refusal(approve('ben'))).toBe('not_an_approver')
    expect((await approve('sam')).request.status).toBe('applied')
  })

  it('[WO-14] counts no more from the moment that a stricter policy excepts them', async () => {
    const { w, approve } = await asked(open, {
      require: { quorum: 2, from: { roles: ['lead'] } },
      rules: { apply: 'by_hand' },
    })
    w.person('ben', 'p-1')
    w.person('bob', 'p-1')
    await approve('bob')
    await w.policy({ require: { ...butBen, quorum: 2 } })
    expect((await approve('cat')).request.status).toBe('pending')
    expect((await approve('sam')).request.status).toBe('approved')
  })
})

describe('a policy that excepts somebody', () => {
  const saved = (from: unknown) =>
    world(memoryStorage(), { ann: [], ben: ['lead'], cat: ['lead'] }).policy({ require: { quorum: 1, from } } as never)

  it.each([
    [{ roles: ['lead'], except: {} }, '/require/from/except'],
    [{ roles: ['lead'], except: { users: ['nobody'] } }, '/require/from/except/users/0'],
    [{ roles: ['lead'], except: { roles: ['nobody'] } }, '/require/from/except/roles/0'],
    [{ roles: ['lead'], except: { roles: ['lead'] } }, '/require'],
    [{ users: ['ben'], except: { users: ['ben'] } }, '/require/quorum'],
    [{ users: ['ben'], except: { roles: ['lead'] } }, '/require'],
    [{ roles: ['lead'], except: { users: ['ben'], except: { users: ['cat'] } } }, '/require/from/except/except'],
    [{ except: { users: ['ben'] } }, '/require/from'],
  ])('[WO-14] is refused where it makes no sense: %j', async (from, path) => {
    await expect(saved(from)).rejects.toMatchObject({ code: 'invalid_policy', details: { problems: [{ path }] } })
  })

  it('[WO-14] is taken, and says so in words', async () => {
    const w = world(memoryStorage(), { ann: [], ben: ['lead'], cat: ['lead'] })
    await w.flag('checkout')
    await w.policy({ require: butBen, veto: { roles: ['lead'], except: { users: ['cat', 'ben'], roles: ['lead'] } } })
    expect((await w.as('ann').preview(ref, rollout(50))).reasons).toEqual([
      'Policy "reviewed" asks for 1 approval by role lead except ben; role lead except role lead or cat or ben can veto, because it asks for every change that it is about.',
    ])
  })

  it('[WO-14] [FA-11] lets nobody make approvers by taking a role away, who is not one of them', async () => {
    const w = await accessWorld(memoryStorage())
    const [zoe, mia] = [w.as('zoe'), w.as('mia')]
    for (const id of ['security', 'lead'])
      await zoe.access.roles.save({ id, permissions: ['flags.read'], held: 'both' })
    await zoe.access.grant({ user: 'ben', role: 'lead' })
    await zoe.access.grant({ user: 'sue', role: 'lead' })
    await zoe.access.grant({ user: 'sue', role: 'security', project: 'web' })
    const from = { roles: ['lead'], except: { roles: ['security'] } }
    await zoe.policies.save({ id: 'p', match: { resource: 'feature_flag' }, require: { quorum: 1, from } })
    const take = { user: 'sue', role: 'security', project: 'web' }
    expect(await refusal(mia.access.revoke(take))).toBe('beyond_own_permissions')
    await zoe.policies.remove('p')
    await mia.access.revoke(take)
  })

  it('[WO-14] [BY-19] counts in a lock-out', async () => {
    const w = world(memoryStorage(), { ann: [], ben: ['lead'], sue: ['lead'] }, [flags], { admins: { users: ['sue'] } })
    const gate = { id: 'gate', match: { resource: policyResource.type } }
    const from = { roles: ['lead'], except: { users: ['ben'] } }
    const save = w.as('sue').policies.save({ ...gate, require: { quorum: 1, from } })
    await expect(save).rejects.toMatchObject({ code: 'invalid_policy', details: { problems: [{ path: '/require' }] } })
  })
})
