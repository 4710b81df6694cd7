import { describe, expect, it } from 'vitest'
import type { PolicyInput, Storage } from '../../src/index.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { accessWorld } from '../access-world.ts'
import { day, flags, pending, rollout, storages, world } from '../world.ts'

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
  const log = () => w.as('kim').audit.events({ settings: true })
  return { w, id, digest, sound, left, log }
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
    await zoe.access.roles.save({
      id: 'approver',
      permissions: ['resources.read', 'requests.approve'],
      held: 'project',
    })
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
      {
        policy: 'in-web',
        missing: ['the people who could approve are too few for 2 approvals by role requests.approve'],
      },
    ])
    await zoe.access.roles.save({
      id: 'approver',
      permissions: ['resources.read', 'requests.approve'],
      held: 'project',
    })
    await zoe.access.grant({ user: 'zoe-phone', role: 'approver', project: 'web' })
    await zoe.access.revoke({ user: 'vic', role: 'approver', project: 'web' })
    await zoe.access.revoke({ user: 'vic-phone', role: 'approver', project: 'web' })
    const one = await zoe.access.accounts.save({ user: 'zoe-phone', person: 'zoe' })
    expect(one.strands.requests.map(({ request }) => request)).toContain(asked.id)
  })

  it('[ST-13] is counted, and not named, for whoever may not read it', async () => {
    const w = await accessWorld(open())
    const zoe = w.as('zoe')
    await zoe.submit(inWeb, { value: { enabled: true, rollout: 40 } })
    const steward = ['organization_roles.edit', 'organization_users.add', 'approval_settings.edit']
    await zoe.access.roles.save({ id: 'steward', permissions: steward, held: 'tenant' })
    await zoe.access.roles.save({ id: 'clerk', permissions: ['organization_roles.edit'], held: 'tenant' })
    await zoe.access.grant({ user: 'cleo', role: 'clerk' })
    await zoe.access.grant({ user: 'pat', role: 'steward' })
    const require = { quorum: 1, from: { roles: ['clerk'] } }
    await zoe.policies.save({ id: 'in-web', match: { action: 'update', project: 'web' }, require })
    const { id } = pending(await w.as('ann').submit(inWeb, rollout(70)))
    await expect(w.as('pat').requests.get(id)).rejects.toMatchObject({ code: 'unknown_request' })
    const edits = [{ users: ['cleo'], projects: [''], roles: [] }]
    const seen = await w.as('pat').access.preview(edits)
    expect(seen.refusal).toBeUndefined()
    expect(seen.strands).toEqual({ ...nothing, hidden: { requests: 1, policies: 1 } })
    expect((await zoe.access.preview(edits)).strands.requests).toMatchObject([{ request: id }])
  })

  it('[ST-13] is not told to whoever may not make it', async () => {
    const { w } = await kept(open())
    const seen = await w.as('ann').access.preview([{ users: ['mia'], projects: ['web'], roles: ['member'] }])
    expect(seen.refusal?.code).toBe('not_permitted')
    expect(seen.strands).toEqual(nothing)
  })

  it('[ST-13] is told again to whoever asks again with the same key', async () => {
    const { zoe, id } = await kept(open())
    const revoke = () =>
      zoe.access.revoke({ user: 'mia', role: 'manager', project: 'web' }, { idempotencyKey: 'mia leaves' })
    const first = await revoke()
    expect(first.strands.requests).toMatchObject([{ request: id }])
    expect(await revoke()).toEqual(first)
  })
})

describe.each(storages)('what a change of policies strands, on $name', ({ open }) => {
  const ofAnn: PolicyInput = {
    id: 'also',
    match: { action: 'update' },
    require: { quorum: 1, from: { users: ['ann'] } },
  }

  it('[ST-13] is said by save, previewAll and replaceAll: of open requests, which are held to it', async () => {
    const { w, id, sound } = await hosted(open())
    const kim = w.as('kim')
    const missing = ['1 approval by ann missing, and nobody is left to give it']
    const strands = { ...nothing, requests: [{ request: id, status: 'pending', requester: 'ann', missing }] }
    const preview = await kim.policies.previewAll([byLead, ofAnn])
    expect(preview.strands).toEqual(strands)
    expect((await w.as('ann').requests.get(id)).approval?.satisfiable).toBe(true)
    const { digest } = preview
    expect((await kim.policies.replaceAll([byLead, ofAnn], { digest })).strands).toEqual(strands)
    expect((await w.as('ann').requests.get(id)).approval?.satisfiable).toBe(false)
    expect((await kim.policies.remove('also')).strands).toEqual(nothing)
    await sound()
  })

  it('[ST-13] is said by save, whose answer can be saved as it is', async () => {
    const { w, id } = await hosted(open())
    const saved = await w.as('kim').policies.save(ofAnn)
    expect(saved.strands.requests).toMatchObject([{ request: id }])
    const again = await w.as('kim').policies.save(saved)
    expect([again.version, again.strands]).toEqual([1, nothing])
  })

  it('[ST-13] is said of a policy itself where nobody holds its role in one of its projects', async () => {
    const w = await accessWorld(open())
    const zoe = w.as('zoe')
    await zoe.access.grant({ user: 'sam', role: 'manager', project: 'shop' })
    const match = { project: ['web', 'shop', 'docs'] }
    const policy = { id: 'both', match, require: { quorum: 1, from: { roles: ['manager'] } } }
    const missing = ['nobody holds the role "manager" in project "docs"']
    expect((await zoe.policies.save(policy)).strands.policies).toEqual([{ policy: 'both', missing }])
    const off = await zoe.policies.save({ ...policy, mode: 'off' })
    expect(off.strands).toEqual(nothing)
  })

  it('[ST-13] is said in the preview also where a policy gates the change of policies', async () => {
    const { w, id } = await hosted(open())
    const gate: PolicyInput = {
      id: 'gate',
      match: { resource: 'countersign.policy' },
      require: { quorum: 1, from: { roles: ['lead'] } },
    }
    await w.as('kim').policies.save(gate)
    const preview = await w.as('kim').policies.previewAll([byLead, gate, ofAnn])
    expect(preview.refusal?.code).toBe('policy_gated')
    expect(preview.strands.requests).toMatchObject([{ request: id }])
  })
})

describe.each(storages)('somebody who has left, on $name', ({ open }) => {
  it('[ST-13] counts as gone although the directory still knows them, on record, and who can help is told', async () => {
    const two = { ...byLead, require: { quorum: 2, from: { roles: ['lead'] } } }
    const { w, id, digest, sound, left, log } = await hosted(open(), two)
    await w.as('ben').requests.approve(id, { digest })
    const { recorded, strands } = await left('cat')
    expect(recorded).toBe(true)
    const lacking = ['the people who could approve are too few for 2 approvals by role lead']
    const missing = ['1 approval by role lead missing, and nobody is left to give it']
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
    expect((await log()).at(-1)?.event).toMatchObject({ type: 'user_departed', user: 'cat', via: 'host' })
    await sound()
  })

  it('[ST-13] no longer counts where they had approved, and nothing is applied by it', async () => {
    const { w, id, digest, sound, left } = await hosted(open(), { ...byLead, rules: { apply: 'by_hand' } })
    await left('cat')
    expect((await w.as('ben').requests.approve(id, { digest })).request.status).toBe('approved')
    const { strands } = await left('ben')
    const missing = ['nobody holds the role "lead" in project "web"']
    expect(strands.requests).toEqual([{ request: id, status: 'approved', requester: 'ann', missing }])
    await expect(w.as('ann').requests.apply(id)).rejects.toMatchObject({ code: 'approval_missing' })
    expect((await w.as('dan').requests.get(id)).approval).toMatchObject({ met: false, satisfiable: false })
    await sound()
  })

  it('[ST-13] is said twice without another word in the log, and can come back, on record', async () => {
    const { w, id, digest, sound, left, log } = await hosted(open())
    await left('cat')
    const first = await left('ben')
    expect([first.recorded, first.strands.requests.length]).toEqual([true, 1])
    const before = (await log()).length
    expect(await left('ben')).toEqual({ recorded: false, known: false, strands: first.strands })
    expect((await log()).length).toBe(before)
    expect(await w.approvals.returned({ tenant: 'acme', user: 'ben' })).toBe(true)
    expect(await w.approvals.returned({ tenant: 'acme', user: 'ben' })).toBe(false)
    expect((await log()).at(-1)?.event).toMatchObject({ type: 'user_returned', user: 'ben', via: 'host' })
    expect((await w.as('ben').requests.approve(id, { digest })).request.status).toBe('applied')
    await sound()
  })

  it('[ST-13] is gone in one tenant alone', async () => {
    const { w, left } = await hosted(open())
    await left('ben')
    await expect(w.as('ben').policies.list()).rejects.toMatchObject({ code: 'unknown_actor' })
    expect(await w.as('ben', { tenant: 'other' }).policies.list()).toEqual([])
  })

  it('[ST-13] counts as gone without a word if the directory does not know them, and then all that is stuck is told', async () => {
    const { w, id, digest, left } = await hosted(open(), { ...byLead, rules: { apply: 'by_hand' } })
    await w.as('ben').requests.approve(id, { digest })
    for (const user of ['ben', 'cat']) w.leave(user)
    await expect(w.as('ann').requests.apply(id)).rejects.toMatchObject({ code: 'approval_missing' })
    const { strands } = await left('ben')
    expect(strands.requests).toMatchObject([{ request: id, status: 'approved' }])
  })

  it('[ST-13] loses all roles that are kept here, and whoever is the last to give some stays', async () => {
    const { w, zoe, id } = await kept(open())
    const { recorded, strands } = await w.approvals.departed({ tenant: 'acme', user: 'mia' })
    const missing = ['nobody holds the role "manager" in project "web"']
    expect(recorded).toBe(true)
    expect(strands.requests).toEqual([{ request: id, status: 'pending', requester: 'ann', missing }])
    expect(await zoe.access.grants('mia')).toEqual([])
    const again = await w.approvals.departed({ tenant: 'acme', user: 'mia' })
    expect([again.recorded, again.strands.requests.length]).toEqual([false, 1])
    const last = w.approvals.departed({ tenant: 'acme', user: 'zoe' })
    await expect(last).rejects.toMatchObject({ code: 'last_admin' })
    const back = w.approvals.returned({ tenant: 'acme', user: 'mia' })
    await expect(back).rejects.toMatchObject({ code: 'invalid_input' })
    await zoe.access.grant({ user: 'mia', role: 'manager', project: 'web' })
    expect((await w.as('ann').requests.get(id)).approval?.satisfiable).toBe(true)
    expect((await zoe.audit.verify()).problems).toEqual([])
  })

  it('[ST-13] is news to admins, who are told of requests only as far as they may read them', async () => {
    const { w, zoe, id } = await kept(open())
    await zoe.access.roles.save({ id: 'steward', permissions: ['approval_settings.edit'], held: 'tenant' })
    await zoe.access.grant({ user: 'pat', role: 'steward' })
    await w.approvals.departed({ tenant: 'acme', user: 'mia' })
    const told = (await w.notices()).filter(({ type }) => type === 'stranded')
    const of = (user: string) => told.filter(({ to }) => to.includes(user))
    expect(of('zoe')).toMatchObject([{ requests: [id], resources: [{ id: 'in-web' }] }])
    expect(of('pat').map(({ resources }) => resources)).toEqual([[]])
    expect(of('pat')[0]?.requests).toBeUndefined()
  })

  it('[ST-13] takes along the agents that they own, and nobody answers for them any more', async () => {
    const { w, id, digest, left } = await hosted(open())
    w.owner('dan', 'ben')
    await w.as('ben').delegations.save({ to: 'kim', ends: w.now() + day })
    expect((await w.as('dan').policies.list()).map((policy) => policy.id)).toEqual(['by-lead'])
    const standIns = async () => (await w.as('kim').requests.get(id)).approval?.standIns
    expect(await standIns()).toEqual([{ user: 'kim', onBehalfOf: 'ben' }])
    await left('ben')
    await expect(w.as('dan').policies.list()).rejects.toMatchObject({ code: 'unknown_actor' })
    const answer = w.as('kim').requests.approve(id, { digest, onBehalfOf: 'ben' })
    await expect(answer).rejects.toMatchObject({ code: 'not_delegated' })
    expect(await standIns()).toEqual([])
  })

  it('[ST-13] is looked for in the log: a departure that was put there past it is found', async () => {
    const storage = open()
    const { w, left } = await hosted(storage)
    await left('cat')
    const [stored] = await storage.get([{ collection: 'departures', key: ['acme', 'cat'] }])
    expect(stored?.value).toMatchObject({ user: 'cat' })
    await storage.commit([
      { type: 'insert', collection: 'departures', value: { tenant: 'acme', user: 'ben', at: w.now() } },
    ])
    const { problems } = await w.as('kim').audit.verify()
    expect(problems.map(({ problem }) => problem)).toContain('who has left is not what was said')
  })
})

it('[ST-13] names what is wrong with whom a host says that they have left', async () => {
  const { w, left } = await hosted(memoryStorage())
  const wrong = { code: 'invalid_input', details: { argument: 'leaver.user' } }
  await expect(left('')).rejects.toMatchObject(wrong)
  await expect(left('countersign')).rejects.toMatchObject(wrong)
  const leaver = { tenant: 'acme', user: 'ben' }
  const departure = w.approvals.departed(leaver)
  leaver.user = 'cat'
  await departure
  await expect(w.as('ben').policies.list()).rejects.toMatchObject({ code: 'unknown_actor' })
  expect((await w.as('cat').policies.list()).length).toBe(1)
})

it('[ST-13] looks at 1,000 open requests, and says that there are more', async () => {
  const { w, left } = await hosted(memoryStorage(), { ...byLead, match: {} })
  for (let at = 0; at < 1_000; at++) {
    await w.as('ann').submit(flags.ref(`flag-${at}`), { value: { enabled: true, rollout: 1 } })
  }
  await left('cat')
  const { strands } = await left('ben')
  expect(strands.more).toBe(true)
  expect(strands.requests).toHaveLength(100)
})
