import { describe, expect, it } from 'vitest'
import type { PolicyInput, Storage } from '../../src/index.ts'
import { accessWorld } from '../access-world.ts'
import { flags, pending, rollout, storages, world } from '../world.ts'

const nothing = { requests: [], policies: [], hidden: { requests: 0, policies: 0 }, more: false }
const ref = flags.ref('checkout')
const inWeb = flags.ref('checkout', { project: 'web' })
const people = { ann: ['dev'], ben: ['lead'], cat: ['lead'], dan: ['dev'], kim: ['admin'] }
const byLead: PolicyInput = {
  id: 'by-lead',
  match: { action: 'update' },
  require: { quorum: 1, from: { roles: ['lead'] } },
}

/** Ann's change, which the policy gates; a directory of the host's, in which Kim may change the settings. */
async function hosted(storage: Storage, policy: PolicyInput = byLead) {
  const w = world(storage, people, [flags], { admins: { roles: ['admin'] } })
  await w.flag('checkout')
  await w.as('kim').policies.save(policy)
  const { id, digest } = pending(await w.as('ann').submit(ref, rollout(50)))
  const sound = async () => expect((await w.as('kim').audit.verify()).problems).toEqual([])
  const left = (user: string) => w.approvals.departed({ tenant: 'acme', user })
  return { w, id, digest, sound, left }
}

/** Roles that are kept here: what is in project web has to be approved by one of its managers, Mia alone. */
async function kept(storage: Storage, policy: Partial<PolicyInput> = {}) {
  const w = await accessWorld(storage)
  const zoe = w.as('zoe')
  await zoe.submit(inWeb, { value: { enabled: true, rollout: 40 } })
  const require = { quorum: 1, from: { roles: ['manager'] } }
  await zoe.policies.save({ id: 'in-web', match: { action: 'update', project: 'web' }, require, ...policy })
  const { id } = pending(await w.as('ann').submit(inWeb, rollout(50)))
  return { w, zoe, id }
}

describe.each(storages)('what a change of roles strands, on $name', ({ open }) => {
  it('[ST-13] is said in the preview and in the result, in words: requests and policies', async () => {
    const { w, zoe, id } = await kept(open())
    const edits = [{ users: ['mia'], projects: ['web'], roles: ['member'] }]
    const missing = ['nobody holds the role "manager" in project "web"']
    const strands = {
      ...nothing,
      requests: [{ request: id, status: 'pending', requester: 'ann', missing }],
      policies: [{ policy: 'in-web', missing }],
    }
    const preview = await zoe.access.preview(edits)
    expect(preview.strands).toEqual(strands)
    expect((await w.as('ann').requests.get(id)).approval?.satisfiable).toBe(true)
    expect((await zoe.access.change(edits, { digest: preview.digest })).strands).toEqual(strands)
    expect((await w.as('ann').requests.get(id)).approval?.satisfiable).toBe(false)
    expect((await zoe.audit.verify()).problems).toEqual([])
  })

  it('[ST-13] is nothing if somebody else can, or nobody could before', async () => {
    const { zoe } = await kept(open())
    const given = await zoe.access.grant({ user: 'amy', role: 'manager', project: 'web' })
    expect(given.strands).toEqual(nothing)
    const first = await zoe.access.revoke({ user: 'mia', role: 'manager', project: 'web' })
    expect(first.strands).toEqual(nothing)
    const last = await zoe.access.revoke({ user: 'amy', role: 'manager', project: 'web' })
    expect([last.strands.requests.length, last.strands.policies.length]).toEqual([1, 1])
    const again = await zoe.access.revoke({ user: 'vic', role: 'viewer', project: 'web' })
    expect(again.strands).toEqual(nothing)
  })

  it('[ST-13] is said of a role that may approve no longer, and of an account that moves to another person', async () => {
    const require = { quorum: 2, from: { roles: ['requests.approve'] } }
    const { w, zoe } = await kept(open())
    await zoe.access.roles.save({ id: 'approver', permissions: ['resources.read', 'requests.approve'], held: 'project' })
    for (const user of ['vic', 'vic-phone']) await zoe.access.grant({ user, role: 'approver', project: 'web' })
    await zoe.policies.save({ id: 'in-web', match: { action: 'update', project: 'web' }, require })
    const asked = pending(await w.as('ann').submit(inWeb, rollout(60)))
    // Zoe, who may approve everywhere, is the third.
    expect((await zoe.access.accounts.save({ user: 'vic-phone', person: 'vic' })).strands).toEqual(nothing)
    const moved = await zoe.access.accounts.save({ user: 'vic-phone' })
    expect(moved.strands).toEqual(nothing)
    const lost = await zoe.access.roles.save({ id: 'approver', permissions: ['resources.read'], held: 'project' })
    expect(lost.strands.requests.map(({ request }) => request)).toContain(asked.id)
    expect(lost.strands.policies).toEqual([
      { policy: 'in-web', missing: ['the people who could approve are too few for 2 approvals by role requests.approve'] },
    ])
    await zoe.access.roles.save({ id: 'approver', permissions: ['resources.read', 'requests.approve'], held: 'project' })
    await zoe.access.grant({ user: 'zoe-phone', role: 'approver', project: 'web' })
    await zoe.access.revoke({ user: 'vic', role: 'approver', project: 'web' })
    await zoe.access.revoke({ user: 'vic-phone', role: 'approver', project: 'web' })
    const one = await zoe.access.accounts.save({ user: 'zoe-phone', person: 'zoe' })
    expect(one.strands.requests.map(({ request }) => request)).toContain(asked.id)
  })

  it('[ST-13] is counted, and not named, for whoever may not read it', async () => {
    const { w, zoe, id } = await kept(open())
    const staff = { id: 'staff', permissions: ['organization_roles.edit', 'organization_users.add'], held: 'tenant' } as const
    await zoe.access.roles.save(staff)
    await zoe.access.roles.save({ id: 'clerk', permissions: ['organization_roles.edit'], held: 'tenant' })
    await zoe.policies.save({
      id: 'in-web',
      match: { action: 'update', project: 'web' },
      require: { quorum: 1, from: { roles: ['clerk'] } },
    })
    await zoe.access.grant({ user: 'cleo', role: 'clerk' })
    await zoe.access.grant({ user: 'pat', role: 'staff' })
    await zoe.access.grant({ user: 'pat', role: 'clerk' })
    const { requests } = await zoe.requests.list()
    for (const one of requests) if (one.status === 'pending') await w.as(one.requester).requests.cancel(one.id)
    const asked = pending(await w.as('ann').submit(inWeb, rollout(70)))
    expect([asked.id === id, requests.length]).toEqual([false, 1])
    await zoe.access.revoke({ user: 'pat', role: 'clerk' })
    const preview = await w.as('pat').access.preview([{ users: ['cleo'], projects: [''], roles: ['staff'] }])
    expect(preview.refusal?.code).toBe('beyond_own_permissions')
    expect(preview.strands).toEqual(nothing)
  })
})

describe.each(storages)('somebody who has left, on $name', ({ open }) => {
  it('[ST-13] counts as gone although the directory still knows them, on record, and those who can help are told', async () => {
    const { w, id, digest, sound, left } = await hosted(open(), {
      ...byLead,
      require: { quorum: 2, from: { roles: ['lead'] } },
    })
    await w.as('ben').requests.approve(id, { digest })
    const missing = ['1 approval by role lead missing, and nobody is left to give it']
    const { recorded, strands } = await left('cat')
    expect(recorded).toBe(true)
    const lacking = ['the people who could approve are too few for 2 approvals by role lead']
    expect(strands).toEqual({
      ...nothing,
      requests: [{ request: id, status: 'pending', requester: 'ann', missing }],
      policies: [{ policy: 'by-lead', missing: lacking }],
    })
    await expect(w.as('cat').requests.approve(id, { digest })).rejects.toMatchObject({ code: 'unknown_actor' })
    const told = (await w.notices()).filter(({ type }) => type === 'stranded')
    expect(told).toMatchObject([
      { to: ['kim'], requests: [id], resources: [{ type: 'countersign.policy', id: 'by-lead' }], by: 'countersign' },
    ])
    const { events } = await w.as('kim').audit.log({ settings: true })
    expect(events.at(-1)?.event).toMatchObject({ type: 'user_departed', user: 'cat', by: 'countersign', via: 'host' })
    await sound()
  })

  it('[ST-13] is said again without another word in the log, and can come back, on record', async () => {
    const { w, id, digest, sound, left } = await hosted(open())
    await w.as('ben').requests.approve(id, { digest })
    expect((await left('ben')).recorded).toBe(true)
    const before = (await w.as('kim').audit.log({ settings: true })).events.length
    expect(await left('ben')).toEqual({ recorded: false, strands: nothing })
    expect((await w.as('kim').audit.log({ settings: true })).events.length).toBe(before)
    expect(await w.approvals.returned({ tenant: 'acme', user: 'ben' })).toBe(true)
    expect(await w.approvals.returned({ tenant: 'acme', user: 'ben' })).toBe(false)
    const second = pending(await w.as('ann').submit(flags.ref('other'), { value: { enabled: true, rollout: 1 } }).catch(async () => {
      await w.flag('other')
      return await w.as('ann').submit(flags.ref('other'), rollout(2))
    }))
    await w.as('ben').requests.approve(second.id, { digest: second.digest })
    await sound()
  })
})
