import { describe, expect, it } from 'vitest'
import { type Account, createApprovals, type PolicyInput, policyResource, staticDirectory } from '../../src/index.ts'
import { levelAccess } from '../../src/presets/levels.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { accessWorld } from '../access-world.ts'
import { flags, pending, refusal, rollout, storages } from '../world.ts'

const checkout = flags.ref('checkout', { project: 'web' })
const value = { enabled: true, rollout: 40 }
const members: PolicyInput = {
  id: 'members',
  match: { resource: 'feature_flag' },
  require: { quorum: 2, from: { roles: ['member'], users: ['bot'] } },
}

describe.each(storages)('whose an account is, on $name', ({ open }) => {
  /** Ann and Amy are members of project `web`, and so are Ann's phone, and a bot. */
  async function tenant() {
    const w = await accessWorld(open())
    const zoe = w.as('zoe')
    for (const user of ['ann-phone', 'bot']) await zoe.access.grant({ user, role: 'member', project: 'web' })
    await w.as('amy').submit(checkout, { value })
    await zoe.policies.save(members)
    return { w, zoe }
  }
  const whole = async ({ w }: Awaited<ReturnType<typeof tenant>>) =>
    expect(await w.approvals.reader('acme').audit.verify()).toMatchObject({ ok: true, problems: [] })

  it('[C4] counts two accounts of one person once, and keeps neither apart from what the other asked for', async () => {
    const t = await tenant()
    const { w, zoe } = t
    await zoe.access.accounts.save({ user: 'ann-phone', person: 'ann' })
    const own = pending(await w.as('ann').submit(checkout, rollout(80)))
    expect(await refusal(w.as('ann-phone').requests.approve(own.id, { digest: own.digest }))).toBe('self_approval')
    const other = pending(await w.as('bot').submit(checkout, rollout(70)))
    await w.as('ann').requests.approve(other.id, { digest: other.digest })
    expect(await refusal(w.as('ann-phone').requests.approve(other.id, { digest: other.digest }))).toBe(
      'already_reviewed',
    )
    expect((await w.as('ann').requests.get(other.id)).status).toBe('pending')
    expect((await w.as('amy').requests.approve(other.id, { digest: other.digest })).request.status).toBe('applied')
    await whole(t)
  })

  it('[C9] lets an agent act for its owner, and approve only where a policy names it', async () => {
    const t = await tenant()
    const { w, zoe } = t
    await zoe.access.accounts.save({ user: 'bot', owner: 'ann' })
    const byBot = pending(await w.as('bot').submit(checkout, rollout(80)))
    expect(await refusal(w.as('ann').requests.approve(byBot.id, { digest: byBot.digest }))).toBe('self_approval')
    await zoe.policies.save({ ...members, require: { quorum: 2, from: { roles: ['member'] } } })
    const byAmy = pending(await w.as('amy').submit(checkout, rollout(70)))
    expect(await refusal(w.as('bot').requests.approve(byAmy.id, { digest: byAmy.digest }))).toBe('not_an_approver')
    await zoe.access.revoke({ user: 'ann', role: 'member', project: 'web' })
    expect(await refusal(w.as('bot').submit(checkout, rollout(60)))).toBe('unknown_actor')
    await whole(t)
  })

  it('[C7] [O4] is said by whoever gives roles, on record, and taken back', async () => {
    const t = await tenant()
    const { w, zoe } = t
    for (const user of ['ann', 'mia', 'vic']) {
      expect(await refusal(w.as(user).access.accounts.save({ user: 'ann-phone', person: 'ann' }))).toBe('not_permitted')
    }
    const phone = { user: 'ann-phone', person: 'ann' }
    const strands = { requests: [], policies: [], hidden: { requests: 0, policies: 0 }, more: false }
    expect(await zoe.access.accounts.save(phone, { idempotencyKey: 'k' })).toEqual({ ...phone, strands })
    expect(await zoe.access.accounts.save(phone, { idempotencyKey: 'k' })).toEqual({ ...phone, strands })
    expect(await w.as('vic').access.accounts.get('ann-phone')).toEqual(phone)
    expect((await zoe.audit.events({ settings: true })).at(-1)?.event).toMatchObject({
      type: 'account_set',
      by: 'zoe',
      ...phone,
    })
    expect(await zoe.access.grants('ann-phone')).toHaveLength(1)
    await zoe.access.accounts.save({ user: 'ann-phone' })
    expect(await zoe.access.accounts.get('ann-phone')).toEqual({ user: 'ann-phone' })
    const request = pending(await w.as('ann').submit(checkout, rollout(80)))
    expect((await w.as('ann-phone').requests.approve(request.id, { digest: request.digest })).request.status).toBe(
      'pending',
    )
    await zoe.access.accounts.save({ user: 'not-here-yet', person: 'ann' })
    await zoe.access.grant({ user: 'not-here-yet', role: 'member', project: 'web' })
    expect(await zoe.access.accounts.get('not-here-yet')).toEqual({ user: 'not-here-yet', person: 'ann' })
    await whole(t)
  })

  it('[C7] makes no agent of the last admin, nor of somebody who can do more, and no admin of an agent', async () => {
    const t = await tenant()
    const { w, zoe } = t
    const set = (by: string, user: string, owner?: string) =>
      w.as(by).access.accounts.save({ user, ...(owner === undefined ? {} : { owner }) })
    expect(await refusal(set('zoe', 'zoe', 'ann'))).toBe('last_admin')
    await zoe.access.roles.save({
      id: 'clerk',
      permissions: ['organization_roles.edit', 'organization_users.add'],
      held: 'tenant',
    })
    await zoe.access.grant({ user: 'cleo', role: 'clerk' })
    expect(await refusal(set('cleo', 'zoe', 'ann'))).toBe('beyond_own_permissions')
    await zoe.access.grant({ user: 'root', role: 'admin' })
    await set('zoe', 'root', 'ann')
    expect(await refusal(w.as('root').access.grant({ user: 'vic', role: 'admin' }))).toBe('not_permitted')
    expect(await refusal(w.as('root').access.roles.save({ id: 'own', permissions: [], held: 'tenant' }))).toBe(
      'not_permitted',
    )
    expect(await refusal(w.as('root').policies.save(members))).toBe('not_permitted')
    expect(await refusal(set('cleo', 'root'))).toBe('beyond_own_permissions')
    await zoe.access.revoke({ user: 'cleo', role: 'clerk' })
    expect(await refusal(zoe.access.revoke({ user: 'zoe', role: 'admin' }))).toBe('last_admin')
    await set('zoe', 'root')
    await w.as('root').access.revoke({ user: 'zoe', role: 'admin' })
    await whole(t)
  })

  /** Hanna may give roles and holds that of a member; she has a phone and a robot with an arm, which are hers. */
  async function clerk() {
    const t = await tenant()
    const { w, zoe } = t
    const edits = [{ users: ['hanna', 'phone', 'robot', 'arm'], projects: ['web'], roles: ['member'] }]
    await zoe.access.change(edits, { digest: (await zoe.access.preview(edits)).digest })
    const adds = ['organization_users.add', 'organization_roles.edit', 'project_users.add', 'project_roles.edit']
    await zoe.access.roles.save({ id: 'clerk', permissions: adds, held: 'tenant' })
    await zoe.access.grant({ user: 'hanna', role: 'clerk' })
    await zoe.access.accounts.save({ user: 'phone', person: 'hanna' })
    await zoe.access.accounts.save({ user: 'robot', owner: 'phone' })
    await zoe.access.accounts.save({ user: 'arm', owner: 'robot' })
    return { ...t, set: (account: Account, by = 'hanna') => refusal(w.as(by).access.accounts.save(account)) }
  }

  it('[C4] [C7] lets nobody part an account from themselves, to approve with it what they asked for', async () => {
    const t = await clerk()
    const { w, zoe, set } = t
    const request = pending(await w.as('hanna').submit(checkout, rollout(80)))
    for (const account of [
      { user: 'phone' },
      { user: 'phone', person: 'amy' },
      { user: 'phone', owner: 'amy' },
      { user: 'robot' },
      { user: 'robot', owner: 'amy' },
      { user: 'robot', person: 'amy' },
      { user: 'arm' },
      { user: 'arm', owner: 'amy' },
      { user: 'hanna', person: 'amy' },
      { user: 'hanna', owner: 'amy' },
    ]) {
      expect(await set(account), JSON.stringify(account)).toBe('own_account')
    }
    expect(await refusal(w.as('phone').requests.approve(request.id, { digest: request.digest }))).toBe('self_approval')
    expect(await zoe.audit.events({ refusals: 'hanna' })).toHaveLength(10)
    await zoe.access.grant({ user: 'phone', role: 'clerk' })
    expect(await set({ user: 'hanna', person: 'amy' }, 'phone')).toBe('own_account')
    await w.as('hanna').access.accounts.save({ user: 'robot', owner: 'hanna' })
    await w.as('hanna').access.accounts.save({ user: 'phone', owner: 'hanna' })
    await zoe.access.accounts.save({ user: 'phone' })
    expect((await w.as('phone').requests.approve(request.id, { digest: request.digest })).request.status).toBe(
      'pending',
    )
    await whole(t)
  })

  it('[C4] [C7] ties and parts no accounts of somebody who can do more, whose approval that would take or give', async () => {
    const t = await clerk()
    const { w, zoe, set } = t
    await zoe.access.grant({ user: 'root', role: 'admin' })
    await zoe.access.grant({ user: 'root-phone', role: 'member', project: 'web' })
    await zoe.access.accounts.save({ user: 'root-phone', person: 'root' })
    await zoe.access.accounts.save({ user: 'bot', owner: 'root-phone' })
    for (const account of [
      { user: 'zoe', person: 'ann' },
      { user: 'root', person: 'zoe' },
      { user: 'ann', person: 'zoe' },
      { user: 'ann', owner: 'zoe' },
      { user: 'ann', owner: 'root-phone' },
      { user: 'phone', person: 'zoe' },
      { user: 'root-phone' },
      { user: 'root-phone', person: 'ann' },
      { user: 'bot' },
      { user: 'bot', owner: 'ann' },
    ]) {
      expect(await set(account), JSON.stringify(account)).toBe('beyond_own_permissions')
      expect(await zoe.access.accounts.get(account.user)).not.toEqual(account)
    }
    await zoe.access.accounts.save({ user: 'bot', owner: 'ann' })
    expect(await set({ user: 'bot', owner: 'zoe' })).toBe('beyond_own_permissions')
    await w.as('hanna').access.accounts.save({ user: 'bot', owner: 'amy' })
    await w.as('hanna').access.accounts.save({ user: 'ann-phone', person: 'ann' })
    await whole(t)
  })

  it('[C7] takes nobody who can only give roles for an admin', async () => {
    const t = await clerk()
    const { w, zoe } = t
    expect(await refusal(zoe.access.revoke({ user: 'zoe', role: 'admin' }))).toBe('last_admin')
    expect(await t.set({ user: 'zoe', owner: 'ann' }, 'zoe')).toBe('last_admin')
    await zoe.access.roles.save({ id: 'setter', permissions: ['approval_settings.edit'], held: 'tenant' })
    await zoe.access.grant({ user: 'sue', role: 'setter' })
    expect(await refusal(zoe.access.revoke({ user: 'zoe', role: 'admin' }))).toBe('last_admin')
    await zoe.access.grant({ user: 'hanna', role: 'setter' })
    await zoe.access.revoke({ user: 'zoe', role: 'admin' })
    await w.as('hanna').access.grant({ user: 'sue', role: 'clerk' })
    await whole(t)
  })

  it('refuses owners whom nobody knows, circles, and what is both a person and an agent', async () => {
    const { w, zoe } = await tenant()
    const set = (account: object) => refusal(zoe.access.accounts.save(account as never))
    expect(await set({ user: 'bot', owner: 'nobody' })).toBe('unknown_actor')
    expect(await set({ user: 'bot', owner: 'bot' })).toBe('invalid_input')
    await zoe.access.accounts.save({ user: 'bot', owner: 'ann' })
    expect(await set({ user: 'ann', owner: 'bot' })).toBe('invalid_input')
    for (const wrong of [
      { user: '' },
      { user: 'bot', owner: 'ann', person: 'ann' },
      { user: 'bot', admin: true },
      {},
    ]) {
      expect(await set(wrong), JSON.stringify(wrong)).toBe('invalid_input')
    }
    expect(await w.as('ann').access.accounts.get('ann')).toEqual({ user: 'ann' })
  })

  it('[BY-19] locks nobody out where two accounts are one person', async () => {
    const { w, zoe } = await tenant()
    const gate: PolicyInput = {
      id: 'gate',
      match: { resource: 'countersign.policy' },
      require: { quorum: 1, from: { roles: ['admin'] } },
    }
    await zoe.access.grant({ user: 'zoe-phone', role: 'admin' })
    await zoe.access.accounts.save({ user: 'zoe-phone', person: 'zoe' })
    expect(await refusal(zoe.policies.save(gate))).toBe('invalid_policy')
    await zoe.access.grant({ user: 'root', role: 'admin' })
    await w.as('root').access.accounts.save({ user: 'zoe-phone' })
    await zoe.access.revoke({ user: 'root', role: 'admin' })
    await zoe.policies.save(gate)
    const request = pending(await zoe.submit(policyResource.ref('members'), { remove: true }))
    await zoe.access.accounts.save({ user: 'zoe-phone', person: 'zoe' })
    expect(await refusal(w.as('zoe-phone').requests.approve(request.id, { digest: request.digest }))).toBe(
      'self_approval',
    )
  })

  it('[O4] is found out where somebody wrote it into the database', async () => {
    const storage = open()
    const w = await accessWorld(storage)
    const [record] = await storage.get([{ collection: 'grants', key: ['acme', 'ann'] }])
    if (!record) throw new TypeError('Ann holds no role.')
    const forged = { ...record.value, person: 'amy' }
    await storage.commit([{ type: 'replace', collection: 'grants', value: forged, expected: record.version }])
    expect((await w.as('zoe').audit.verify()).problems).toEqual([
      { stream: 'settings', problem: 'whose account "ann" is, is not what was said' },
    ])
  })
})

it('whose an account is, is said by the directory of the host where there is one', async () => {
  const approvals = createApprovals({
    storage: memoryStorage(),
    resources: [flags],
    directory: staticDirectory({ zoe: ['admin'] }),
    access: levelAccess,
  })
  const { access } = approvals.as({ tenant: 'acme', user: 'zoe' })
  expect(await refusal(access.accounts.save({ user: 'ann', person: 'amy' }))).toBe('invalid_input')
  expect(await refusal(access.accounts.get('ann'))).toBe('invalid_input')
})
