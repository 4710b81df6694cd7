import { describe, expect, it } from 'vitest'
import { levelAccess } from '../../src/presets/levels.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { accessWorld } from '../access-world.ts'
import { experiments, flags, pending, refusal, rollout, storages } from '../world.ts'

const approving = ['flags.approve', 'experiments.approve']

async function featureWorld(storage = memoryStorage()) {
  const roles = levelAccess.roles.map((role) => {
    return role.id === 'admin' ? { ...role, permissions: [...role.permissions, ...approving] } : role
  })
  const w = await accessWorld(storage, {
    permissions: [...(levelAccess.permissions ?? []), ...approving],
    roles: [
      ...roles,
      { id: 'flag_owner', permissions: ['flags.approve', 'resources.read'], held: 'both' },
      { id: 'scientist', permissions: ['experiments.approve', 'resources.read'], held: 'both' },
    ],
  })
  const zoe = w.as('zoe')
  await w.as('ann').submit(flags.ref('checkout', { project: 'web' }), { value: { enabled: true, rollout: 40 } })
  await zoe.access.grant({ user: 'flo', role: 'flag_owner', project: 'web' })
  await zoe.access.grant({ user: 'sid', role: 'scientist', project: 'web' })
  for (const [type, feature] of [
    ['feature_flag', 'flags'],
    ['experiment', 'experiments'],
  ] as const)
    await zoe.policies.save({
      id: feature,
      match: { resource: type },
      require: { quorum: 1, from: { roles: [`${feature}.approve`] } },
    })
  return { ...w, zoe }
}

describe.each(storages)('a permission to approve of one feature, on $name', ({ open }) => {
  it('[WO-14] [CT-27] is held by those whose roles hold it, and lets them approve nothing else', async () => {
    const { as } = await featureWorld(open())
    const flag = pending(await as('ann').submit(flags.ref('checkout'), rollout(50)))
    const test = pending(
      await as('ann').submit(experiments.ref('color', { project: 'web' }), { value: { name: 'x', traffic: 1 } }),
    )
    expect(flag.approval?.policies[0]?.missing[0]?.candidates).toEqual(['zoe', 'flo'])
    expect(await refusal(as('sid').requests.approve(flag.id, { digest: flag.digest }))).toBe('not_an_approver')
    expect(await refusal(as('flo').requests.approve(test.id, { digest: test.digest }))).toBe('not_an_approver')
    expect((await as('flo').requests.inbox()).requests.map(({ id }) => id)).toEqual([flag.id])
    expect((await as('flo').requests.approve(flag.id, { digest: flag.digest })).request.status).toBe('applied')
    expect((await as('sid').requests.approve(test.id, { digest: test.digest })).request.status).toBe('applied')
  })
})

describe('a permission to approve', () => {
  it('[WO-14] [FA-11] is a say in policies: who has it not gives no role that holds it', async () => {
    const { as, zoe } = await featureWorld()
    const give = { user: 'sock', role: 'flag_owner', project: 'web' }
    await expect(as('mia').access.grant(give)).rejects.toMatchObject({
      code: 'beyond_own_permissions',
      details: { policies: ['flags'] },
    })
    await zoe.access.grant({ user: 'mia', role: 'flag_owner', project: 'web' })
    await as('mia').access.grant(give)
  })

  it('[WO-14] does not count any more for whose role has lost it', async () => {
    const { as, zoe } = await featureWorld()
    await zoe.access.roles.save({ id: 'guest_owner', permissions: ['flags.approve', 'resources.read'], held: 'both' })
    await zoe.access.grant({ user: 'guy', role: 'guest_owner', project: 'web' })
    const flag = pending(await as('ann').submit(flags.ref('checkout'), rollout(50)))
    await zoe.access.roles.save({ id: 'guest_owner', permissions: ['resources.read'], held: 'both' })
    expect(await refusal(as('guy').requests.approve(flag.id, { digest: flag.digest }))).toBe('not_an_approver')
  })

  it('[WO-14] has to exist for a policy to name it', async () => {
    const { zoe } = await featureWorld()
    const from = { roles: ['pages.approve'] }
    const save = zoe.policies.save({ id: 'p', match: { resource: 'feature_flag' }, require: { quorum: 1, from } })
    await expect(save).rejects.toMatchObject({ details: { problems: [{ path: '/require/from/roles/0' }] } })
  })
})
