import { describe, expect, it } from 'vitest'
import type { Approvers } from '../../src/index.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { accessWorld } from '../access-world.ts'
import { flags, pending, refusal, rollout, storages } from '../world.ts'

const checkout = flags.ref('checkout', { project: 'web' })

/** Pam gives roles, but has no say in a policy that asks Ben, who holds that of security. Ben has a phone, which has a bot. */
async function world(person: string, storage = memoryStorage(), from: Approvers = { roles: ['security'] }) {
  const w = await accessWorld(storage)
  const zoe = w.as('zoe')
  await zoe.access.roles.save({ id: 'security', permissions: ['flags.read'], held: 'both' })
  const adds = ['organization_users.add', 'organization_roles.edit', 'project_users.add', 'project_roles.edit']
  await zoe.access.roles.save({ id: 'people', permissions: adds, held: 'tenant' })
  await zoe.access.grant({ user: 'pam', role: 'people' })
  await zoe.access.grant({ user: 'ben', role: 'security', project: 'web' })
  for (const user of ['pam', 'ben-phone', 'ben-bot']) await zoe.access.grant({ user, role: 'member', project: 'web' })
  if (person !== 'ben') await zoe.access.accounts.save({ user: 'ben', person })
  await zoe.access.accounts.save({ user: 'ben-phone', person })
  await zoe.access.accounts.save({ user: 'ben-bot', owner: 'ben-phone' })
  await w.as('ann').submit(checkout, { value: { enabled: true, rollout: 1 } })
  const require = { quorum: 1, from }
  await zoe.policies.save({ id: 'p', match: { resource: 'feature_flag' }, require })
  return { ...w, zoe }
}

describe.each(storages)('the accounts of one person, on $name', ({ open }) => {
  it.each<[string, Approvers]>([
    ['ben', { roles: ['security'] }],
    ['ben', { users: ['ben'] }],
    ['employee-7', { roles: ['security'] }],
    ['employee-7', { users: ['ben', 'ben-phone'] }],
  ])('[FA-11] are tied and parted by who has the say of all (%s, %j)', async (person, from) => {
    const { as, zoe } = await world(person, open(), from)
    const set = (account: object) => refusal(as('pam').access.accounts.save(account as never))
    for (const account of [
      { user: 'ben-phone' },
      { user: 'ben-phone', person: 'pam' },
      { user: 'ben-phone', owner: 'ann' },
      { user: 'ben-bot' },
      { user: 'ben-bot', owner: 'ann' },
      { user: 'ann', person },
      { user: 'ann', owner: 'ben-phone' },
      { user: 'not-here-yet', person },
    ]) {
      expect(await set(account), JSON.stringify(account)).toBe('beyond_own_permissions')
    }
    const byPhone = pending(await as('ben-phone').submit(checkout, rollout(2)))
    expect(await refusal(as('ben').requests.approve(byPhone.id, { digest: byPhone.digest }))).toBe('self_approval')
    await as('ben-phone').requests.cancel(byPhone.id)
    const byAnn = pending(await as('ann').submit(checkout, rollout(3)))
    expect((await as('ben').requests.approve(byAnn.id, { digest: byAnn.digest })).request.status).toBe('applied')
    await zoe.access.grant({ user: 'pam', role: 'security', project: 'web' })
    if (from.users)
      await zoe.policies.save({ id: 'p', match: {}, require: { quorum: 1, from: { users: ['pam', ...from.users] } } })
    await as('pam').access.accounts.save({ user: 'ben-phone' })
    await as('pam').access.accounts.save({ user: 'ben-phone', person })
    expect(await zoe.audit.verify()).toMatchObject({ ok: true })
  })

  it('[FA-11] name the person, never another account of the person, in whatever order', async () => {
    const { zoe } = await accessWorld(open()).then((w) => ({ ...w, zoe: w.as('zoe') }))
    const set = (user: string, whose: { person?: string; owner?: string } = {}) =>
      zoe.access.accounts.save({ user, ...whose })
    for (const user of ['phone', 'tablet', 'bot']) await zoe.access.grant({ user, role: 'member', project: 'web' })
    await set('phone', { person: 'ann' })
    await expect(set('tablet', { person: 'phone' })).rejects.toMatchObject({
      code: 'invalid_input',
      details: { argument: 'account.person', problem: 'is an account of "ann": name that person instead' },
    })
    await set('bot', { owner: 'phone' })
    expect(await refusal(set('tablet', { person: 'bot' }))).toBe('invalid_input')
    await set('tablet', { person: 'ann' })
    await set('ann', { person: 'ann' })
    for (const whose of [{ person: 'employee-7' }, { owner: 'amy' }]) {
      await expect(set('ann', whose)).rejects.toMatchObject({
        code: 'invalid_input',
        details: { argument: 'account.user', problem: expect.stringContaining('("phone", "tablet")') },
      })
    }
    await set('later', { person: 'employee-7' })
    expect(await refusal(set('employee-7', { person: 'ann' }))).toBe('invalid_input')
    for (const user of ['phone', 'tablet', 'ann']) await set(user, { person: 'employee-7' })
    expect(await refusal(set('amy', { person: 'ann' }))).toBe('invalid_input')
    expect(await zoe.audit.verify()).toMatchObject({ ok: true })
  })
})
