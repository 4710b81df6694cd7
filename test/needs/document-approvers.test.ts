import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type Approvers, defineResource, type PolicyInput, policyResource, set } from '../../src/index.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { pending, refusal, storages, world } from '../world.ts'

const pages = defineResource({
  type: 'page',
  schema: z.strictObject({
    title: z.string(),
    owner: z.union([z.string(), z.number()]).optional(),
    owners: z.array(z.string()).optional(),
  }),
  shape: { '/owners': set() },
})
const ref = pages.ref('home')
const people = { ann: [], oli: [], ola: [], eva: [], lea: ['lead'], liv: ['lead'], bot: ['lead'], sam: ['security'] }
const byOwner = { quorum: 1, from: { field: '/owner', otherwise: { roles: ['lead'] } } } as const

async function pagesWorld(storage = memoryStorage(), policy: Partial<PolicyInput> = {}) {
  const w = world(storage, people, [pages])
  w.owner('bot', 'oli')
  await w.as('ann').submit(pages.ref('home', { project: 'web' }), { value: { title: 'Home', owner: 'oli' } })
  await w.policy({ require: byOwner, ...policy })
  const ask = async (user: string, change: Parameters<ReturnType<typeof w.as>['submit']>[1], options = {}) =>
    pending(await w.as(user).submit(ref, change as never, options))
  const approve = (user: string, { id, digest }: { readonly id: string; readonly digest: string }) =>
    w.as(user).requests.approve(id, { digest })
  return { w, ask, approve }
}

const title = (to: string) => ({ merge: { title: to } })
const owner = (to: string | number | null) => ({ merge: { owner: to } })

describe.each(storages)('approvers who are read from the document, on $name', ({ open }) => {
  it('[WO-14] are asked, told, and approve, and nobody else does', async () => {
    const { w, ask, approve } = await pagesWorld(open())
    const request = await ask('ann', title('Start'))
    expect(request.approval?.policies[0]?.missing[0]?.candidates).toEqual(['oli'])
    expect((await w.as('oli').requests.inbox()).requests).toHaveLength(1)
    expect((await w.notices()).at(-1)?.to).toEqual(['oli'])
    for (const user of ['lea', 'bot', 'ola']) expect(await refusal(approve(user, request))).toBe('not_an_approver')
    expect((await approve('oli', request)).request.status).toBe('applied')
  })

  it('[WO-14] are those of the live document when it is applied, however old the draft is', async () => {
    const { w, ask, approve } = await pagesWorld(open(), { rules: { onStale: 'rebase' } })
    const old = await w.as('ann').draft(ref, title('Old'))
    const waiting = await ask('ann', title('Waiting'))
    const moved = await ask('ann', owner('ola'))
    await approve('ola', moved)
    await approve('oli', moved)
    expect(await refusal(approve('oli', waiting))).toBe('stale')
    const { request } = await w.as('ann').requests.rebase(old.id)
    const asked = await w.as('ann').requests.submit(request.id)
    expect(await refusal(approve('oli', asked.request))).toBe('not_an_approver')
    expect((await approve('ola', asked.request)).request.status).toBe('applied')
  })
})

describe('approvers who are read from the document', () => {
  it('[WO-14] are those before and those after, both, where the change names others', async () => {
    const { w, ask, approve } = await pagesWorld(undefined)
    const moved = await ask('ann', { merge: { owner: 'ola', title: 'Mine' } })
    expect((await approve('ola', moved)).request.status).toBe('pending')
    expect((await approve('oli', moved)).request.status).toBe('applied')
    const next = await ask('ann', title('Next'))
    expect(await refusal(approve('oli', next))).toBe('not_an_approver')
    expect((await approve('ola', next)).request.status).toBe('applied')
    expect(await w.as('lea').audit.verify()).toMatchObject({ ok: true })
  })

  it.each([
    ['names nobody', { title: 'A' }],
    ['names somebody whom nobody knows', { title: 'A', owner: 'ghost' }],
    ['names an agent', { title: 'A', owner: 'bot' }],
    ['is no name', { title: 'A', owner: 7 }],
  ])('[WO-14] are those who stand in where it %s', async (_, value) => {
    const { w } = await pagesWorld()
    await w.as('ann').policies.remove('reviewed')
    await w.as('ann').submit(ref, { value })
    await w.policy({ require: byOwner })
    const { id, digest } = pending(await w.as('ann').submit(ref, title('B')))
    expect(await refusal(w.as('oli').requests.approve(id, { digest }))).toBe('not_an_approver')
    expect((await w.as('lea').requests.approve(id, { digest })).request.status).toBe('applied')
  })

  it('[WO-14] are nobody there if nobody stands in: it stays closed, and says so', async () => {
    const from = { field: '/owner' }
    const { w, ask, approve } = await pagesWorld(undefined, { require: { quorum: 1, from } })
    w.leave('oli')
    const request = await ask('ann', title('B'))
    expect(request.approval).toMatchObject({ met: false, satisfiable: false })
    expect(request.approval?.policies[0]?.missing).toMatchObject([{ need: { from }, missing: 1 }])
    for (const user of ['lea', 'sam']) expect(await refusal(approve(user, request))).toMatch(/approver/)
  })

  it('[WO-14] stand in for an owner who has left meanwhile, once the change is asked anew', async () => {
    const { w, ask, approve } = await pagesWorld()
    const request = await ask('ann', title('B'))
    w.leave('oli')
    expect((await approve('lea', request)).request.status).toBe('pending')
    await w.as('ann').requests.recall(request.id)
    const anew = await w.as('ann').requests.submit(request.id)
    expect((await approve('liv', anew.request)).request.status).toBe('applied')
  })

  it('[WO-14] stand in for an owner who asks, or has edited, and are asked about taking it and giving it away', async () => {
    const { w, ask, approve } = await pagesWorld()
    const own = await ask('oli', title('B'))
    expect(own.approval?.policies[0]?.missing[0]?.candidates).toEqual(['lea', 'liv'])
    const given = await ask('oli', owner('ola'))
    expect((await approve('ola', given)).request.status).toBe('pending')
    const taken = await ask('eva', owner('eva'))
    expect((await approve('oli', taken)).request.status).toBe('pending')
    const edited = await ask('ann', title('C'))
    await w.as('oli').requests.edit(edited.id, ref, { patch: [{ op: 'replace', path: '/title', value: 'D' }] })
    const { digest } = await w.as('lea').requests.get(edited.id)
    expect((await approve('lea', { id: edited.id, digest })).request.status).toBe('applied')
    w.person('oli', 'p')
    w.person('eva', 'p')
    expect((await ask('eva', title('E'))).approval?.policies[0]?.missing[0]?.candidates).toEqual(['lea', 'liv'])
  })

  it('[WO-14] a new resource asks those who stand in and whom it names, a removal the owner', async () => {
    const { w, ask, approve } = await pagesWorld()
    const removal = await ask('ann', { remove: true })
    expect((await approve('oli', removal)).request.status).toBe('applied')
    const anew = await ask('ann', { value: { title: 'Home', owner: 'eva' } })
    expect((await approve('eva', anew)).request.status).toBe('pending')
    expect(await refusal(approve('oli', anew))).toBe('not_an_approver')
    expect((await approve('lea', anew)).request.status).toBe('applied')
    expect((await w.as('ann').resources.get(ref))?.document).toMatchObject({ owner: 'eva' })
  })

  it('[WO-14] no edit of a request, and no small steps, reach another owner without the first', async () => {
    const { w, ask, approve } = await pagesWorld()
    const request = await ask('ann', title('B'))
    const { request: edited } = await w
      .as('ann')
      .requests.edit(request.id, ref, { merge: { owner: 'eva' } }, { digest: request.digest })
    expect(await refusal(approve('eva', request))).toBe('digest_mismatch')
    expect((await approve('eva', edited)).request.status).toBe('pending')
    expect((await ask('ann', owner(null))).approval?.policies[0]?.missing).toMatchObject([
      { need: { from: { users: ['oli'] } } },
      { need: { from: { roles: ['lead'] } } },
    ])
    expect(await refusal(approve('sam', edited))).toBe('not_an_approver')
  })

  it('[WO-14] several are named by a list, and each of them who goes or comes is asked', async () => {
    const { w, approve } = await pagesWorld(undefined, { require: { quorum: 1, from: { field: '/owners' } } })
    await w.as('ann').policies.remove('reviewed')
    await w.as('ann').submit(ref, { merge: { owners: ['oli', 'ola'] } })
    await w.policy({ require: { quorum: 2, from: { field: '/owners/*', except: { users: ['eva'] } } } })
    const request = pending(await w.as('ann').submit(ref, title('B')))
    expect((await approve('oli', request)).request.status).toBe('pending')
    expect((await approve('ola', request)).request.status).toBe('applied')
  })

  it('[WO-14] is part of the fields of path ownership, of choices and of a veto', async () => {
    const lead = { quorum: 1, from: { roles: ['lead'] } }
    const { ask, approve } = await pagesWorld(undefined, {
      require: { owners: [{ field: '/title', ...byOwner }], otherwise: { any: [byOwner, lead] } },
      veto: { field: '/owner', users: ['sam'] },
    })
    const titled = await ask('ann', title('B'))
    expect(titled.requirements).toMatchObject([
      { require: { from: { users: ['oli'] }, about: '/title' }, veto: { users: ['sam', 'oli'] } },
    ])
    expect((await approve('oli', titled)).request.status).toBe('applied')
    const moved = await ask('ann', owner('ola'))
    expect((await approve('lea', moved)).request.status).toBe('applied')
  })

  it('[WO-14] [FA-14] is checked when it is saved', async () => {
    const w = world(memoryStorage(), people, [pages])
    const checked = async (from: Approvers, match: PolicyInput['match'] = { resource: 'page' }) => {
      const input = { id: 'p', match, require: { quorum: 1, from } }
      return (await w.as('ann').policies.check(input)).map(({ path, severity }) => `${severity} ${path}`)
    }
    expect(await checked({ field: '/owner' })).toEqual(['warning /require/from'])
    expect(await checked({ field: '/owner', otherwise: { roles: ['lead'] } })).toEqual([])
    expect(await checked({ field: '/onwer', otherwise: { roles: ['lead'] } })).toEqual(['error /require/from/field'])
    const gate = { resource: policyResource.type }
    expect(await checked({ field: '/owner' }, gate)).toContain('error /require')
    const refused: readonly [unknown, string][] = [
      [{ field: 'owner' }, '/require/from/field'],
      [{ field: '/**' }, '/require/from/field'],
      [{ field: '@metadata' }, '/require/from/field'],
      [{ field: '/owner', otherwise: {} }, '/require/from/otherwise'],
      [{ field: '/owner', otherwise: { users: ['ghost'] } }, '/require/from/otherwise/users/0'],
      [{ users: ['ann'], otherwise: { users: ['oli'] } }, '/require/from/otherwise'],
      [{ owner: true, roles: ['lead'] }, '/require/from/owner'],
      [{ owner: false }, '/require/from/owner'],
    ]
    for (const [from, path] of refused) {
      const save = w.as('ann').policies.save({ id: 'p', match: {}, require: { quorum: 1, from } } as never)
      await expect(save).rejects.toMatchObject({ code: 'invalid_policy', details: { problems: [{ path }] } })
    }
  })
})

describe('the owner of an agent', () => {
  const byOwnerOfAgent = { quorum: 1, from: { owner: true } } as const

  it('[WO-14] [BY-18] approves what it asks for in the place that names them, and in no other', async () => {
    const lead = { quorum: 1, from: { roles: ['lead'] } }
    const { w, ask, approve } = await pagesWorld(undefined, {
      require: { all: [{ quorum: 1, from: { owner: true, otherwise: { roles: ['security'] } } }, lead] },
    })
    w.roles('oli', ['lead'])
    const request = await ask('bot', title('B'))
    expect(request.requirements).toMatchObject([
      { require: { all: [{ from: { owner: true, users: ['oli'] } }, lead] } },
    ])
    expect(await refusal(approve('bot', request))).toBe('self_approval')
    expect((await approve('oli', request)).request.status).toBe('pending')
    expect((await approve('lea', request)).request.status).toBe('applied')

    const person = await ask('oli', title('C'))
    expect(await refusal(approve('oli', person))).toBe('self_approval')
    await approve('sam', person)
    expect((await approve('lea', person)).request.status).toBe('applied')
  })

  it('[WO-14] is out once they have edited it themselves, and nobody answers for them', async () => {
    const { w, ask, approve } = await pagesWorld(undefined, { require: byOwnerOfAgent })
    const request = await ask('bot', title('B'))
    await w.as('oli').delegations.save({ to: 'eva', ends: w.now() + 1000 })
    const forOli = w.as('eva').requests.approve(request.id, { digest: request.digest, onBehalfOf: 'oli' })
    expect(await refusal(forOli)).toBe('self_approval')
    const { request: edited } = await w
      .as('oli')
      .requests.edit(request.id, ref, { patch: [{ op: 'replace', path: '/title', value: 'D' }] })
    expect(await refusal(approve('oli', edited))).toBe('self_approval')
  })

  it('[WO-14] counts for no other policy, and alone where it is the only one', async () => {
    const { w, ask, approve } = await pagesWorld(undefined, { require: byOwnerOfAgent })
    const only = await ask('bot', title('B'))
    expect((await approve('oli', only)).request.status).toBe('applied')
    await w.policy({ id: 'leads', require: { quorum: 1, from: { users: ['oli', 'lea'] } } })
    const both = await ask('bot', title('C'))
    const answered = await approve('oli', both)
    expect(answered.request.status).toBe('pending')
    const { approval } = await w.as('lea').requests.get(both.id)
    expect(approval?.policies).toMatchObject([{ met: false, missing: [{ candidates: ['lea'] }] }, { met: true }])
    expect((await approve('lea', both)).request.status).toBe('applied')
  })

  it('[WO-14] stays the one of the agent that asks, whoever else is let in later', async () => {
    const { w, ask, approve } = await pagesWorld(undefined, {
      require: byOwnerOfAgent,
      escalate: { after: '1h', to: { roles: ['lead'] } },
    })
    const request = await ask('bot', title('B'))
    w.pass(2 * 60 * 60 * 1000)
    await w.approvals.tick()
    w.roles('eva', ['lead'])
    expect((await approve('eva', request)).request.status).toBe('applied')
  })

  it('[WO-14] is nobody where a person asks: that is told when it is saved', async () => {
    const { w, ask } = await pagesWorld(undefined, { require: byOwnerOfAgent })
    expect((await ask('ann', title('B'))).approval).toMatchObject({ satisfiable: false })
    const findings = await w
      .as('ann')
      .policies.check({ id: 'reviewed', match: { resource: 'page' }, require: byOwnerOfAgent })
    expect(findings.map(({ path, severity }) => `${severity} ${path}`)).toEqual([
      'hint /require/from/owner',
      'warning /require/from',
    ])
  })
})
