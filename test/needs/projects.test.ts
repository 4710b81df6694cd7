import { describe, expect, it } from 'vitest'
import { createApprovals, type RequestFilter, type Storage } from '../../src/index.ts'
import { accessWorld } from '../access-world.ts'
import { type Roster, rosterDirectory } from '../roster.ts'
import { flags, pending, refusal, rollout, start, storages } from '../world.ts'

/** Who holds which roles where: in the whole tenant under an empty name. */
const roster: Roster = {
  root: { '': ['admin', 'staff'] },
  ann: { web: ['staff'], shop: ['staff'] },
  amy: { web: ['staff'] },
  lee: { web: ['staff', 'lead'], shop: ['staff', 'lead'] },
  leo: { web: ['staff', 'lead'], shop: ['staff'] },
  lia: { '': ['staff', 'lead'] },
}

const directory = rosterDirectory(roster)

const [checkout, cart] = [flags.ref('checkout', { project: 'web' }), flags.ref('cart', { project: 'shop' })]
const value = { enabled: true, rollout: 10 }
const both = [
  { ref: checkout, change: rollout(50) },
  { ref: cart, change: rollout(60) },
] as const

/** Two projects with a flag each, and one lead who is asked about changes in either. */
async function town(storage: Storage) {
  let [ids, time] = [0, start]
  const approvals = createApprovals({
    ...{ storage, resources: [flags], directory, now: () => time, newId: () => `request-${++ids}` },
    admins: { roles: ['admin'] },
    readers: { roles: ['staff'] },
    logReaders: { roles: ['staff'] },
  })
  const as = (user: string) => approvals.as({ tenant: 'acme', user })
  for (const ref of [checkout, cart]) await as('ann').submit(ref, { value })
  const require = { quorum: 1, from: { roles: ['lead'] } }
  await as('root').policies.save({ id: 'reviewed', match: { resource: 'feature_flag' }, require })
  const listed = async (user: string, filter: RequestFilter = {}) => {
    const all: string[] = []
    let after: string | undefined
    do {
      const page = await as(user).requests.list({ ...filter, after })
      all.push(...page.requests.map(({ id }) => id))
      after = page.next
    } while (after !== undefined)
    const { limit: _limit, ...criteria } = filter
    expect(await as(user).requests.count(criteria)).toEqual({ count: all.length })
    return all
  }
  return { approvals, as, listed, pass: (more: number) => (time += more) }
}

describe.each(storages)('a request over several projects, on $name', ({ open }) => {
  it('[WO-06] is found once under each of them, however it is looked for, and in full pages', async () => {
    const w = await town(open())
    const made: string[] = []
    for (let at = 0; at < 4; at++) {
      w.pass(1)
      made.push(pending(await w.as('ann').submitAll(both)).id)
      w.pass(1)
      made.push(pending(await w.as('ann').submit(checkout, rollout(20 + at))).id)
    }
    const [all, shared] = [made.toReversed(), made.filter((_, at) => at % 2 === 0).toReversed()]
    for (const user of ['root', 'ann']) {
      for (const by of ['created', 'updated'] as const) {
        for (const limit of [1, 3, 50]) {
          expect(await w.listed(user, { by, limit })).toEqual(all)
          expect(await w.listed(user, { by, limit, project: 'web' })).toEqual(all)
          expect(await w.listed(user, { by, limit, project: 'shop' })).toEqual(shared)
        }
        expect(await w.listed(user, { by, project: 'shop', type: 'feature_flag' })).toEqual(shared)
        expect(
          await w.listed(user, { by, project: 'shop', resource: { type: 'feature_flag', id: 'checkout' } }),
        ).toEqual(shared)
        expect(await w.listed(user, { by, project: 'shop', requester: 'ann' })).toEqual(shared)
        expect(await w.listed(user, { by, project: 'shop', requester: 'amy' })).toEqual([])
        expect(await w.listed(user, { by, project: 'none' })).toEqual([])
        expect(await w.listed(user, { by, project: '' })).toEqual([])
      }
    }
    await w.as('ann').requests.cancel(shared[0] ?? '')
    expect(await w.listed('ann', { project: 'shop', status: 'cancelled' })).toEqual(shared.slice(0, 1))
    expect(await w.listed('root', { project: 'shop', status: 'pending' })).toEqual(shared.slice(1))
    w.pass(40 * 24 * 60 * 60 * 1000)
    expect(await w.listed('root', { project: 'shop', status: 'expired' })).toEqual(shared.slice(1))
    expect((await w.as('root').audit.verify()).problems).toEqual([])
  })

  it('[WO-06] [PE-02] [PE-05] is not there for whoever may not read in one of them', async () => {
    const w = await town(open())
    const { id } = pending(await w.as('ann').submitAll(both))
    expect(await refusal(w.as('amy').requests.get(id))).toBe('unknown_request')
    expect(await refusal(w.as('amy').requests.comment(id, 'Why?'))).toBe('unknown_request')
    expect(await refusal(w.as('amy').audit.events({ request: id }))).toBe('not_permitted')
    for (const filter of [{}, { project: 'web' }, { requester: 'ann' }, { type: 'feature_flag' }]) {
      expect(await w.listed('amy', filter)).toEqual([])
    }
    expect((await w.as('amy').preview(checkout, rollout(50))).others).toEqual([])
    expect((await w.as('leo').preview(checkout, rollout(50))).others.map(({ request }) => request)).toEqual([id])
    expect(await refusal(w.as('amy').submitAll(both))).toBe('unknown_resource')
    expect(await refusal(w.as('amy').draft(both))).toBe('unknown_resource')
    const own = pending(await w.as('amy').submit(checkout, rollout(30)))
    expect(await refusal(w.as('amy').requests.add(own.id, cart, rollout(30)))).toBe('unknown_resource')
    await w.as('ann').requests.add(own.id, cart, rollout(30))
    expect(await refusal(w.as('amy').requests.get(own.id))).toBe('unknown_request')
    expect(await w.listed('ann', { project: 'shop' })).toEqual(expect.arrayContaining([id, own.id]))
    await w.as('ann').requests.takeOut(own.id, cart)
    expect((await w.as('amy').requests.get(own.id)).project).toBe('web')
    expect(await w.listed('amy', { project: 'web' })).toEqual([own.id])
    expect(await w.listed('ann', { project: 'shop' })).toEqual([id])
    expect((await w.as('root').audit.verify()).problems).toEqual([])
  })

  it('[WO-06] [PE-02] tells nothing of what was in it, or left out, where a reader of what it is now may not read', async () => {
    const w = await town(open())
    const secret = { path: '/rollout', resource: { type: 'feature_flag', id: 'cart' } }
    const { id } = pending(await w.as('ann').submitAll(both))
    await w.as('lee').requests.comment(id, 'cart at 60?', { anchor: secret })
    await w.as('ann').requests.takeOut(id, cart)
    await w.as('ann').requests.comment(id, 'now it is one', {
      anchor: { ...secret, resource: { ...secret.resource, id: 'checkout' } },
    })
    const idle = pending(await w.as('ann').submitAll([both[0], { ref: cart, change: rollout(10) }]))
    expect(idle).toMatchObject({ project: 'web', leftOut: [{ type: 'feature_flag', id: 'cart', project: 'shop' }] })
    const told = async (user: string) => {
      const { requests, resources, audit } = w.as(user)
      const both = [requests.get(id), requests.get(idle.id), requests.timeline(id), requests.timeline(idle.id)]
      const logged = [audit.events({ request: id, after: 1 }), audit.events({ request: idle.id })]
      const lists = [requests.list(), requests.inbox(), resources.drafts(checkout)]
      return JSON.stringify(await Promise.all<unknown>([...both, ...logged, ...lists]))
    }
    expect((await w.as('amy').audit.events({ request: id, limit: 1 })).map(({ seq }) => seq)).toEqual([3])
    expect((await w.as('ann').audit.events({ request: id, after: 1 })).map(({ seq }) => seq)).toEqual([2, 3, 4])
    expect(await told('amy')).not.toMatch(/cart/)
    expect(await told('amy')).toMatch(/now it is one/)
    expect((await w.as('amy').requests.get(id)).comments).toHaveLength(1)
    expect((await w.as('ann').requests.get(id)).comments).toHaveLength(2)
    expect((await w.as('ann').requests.timeline(id)).entries[0]).toMatchObject({
      changed: [{ resource: { id: 'checkout' } }, { resource: { id: 'cart' }, lines: ['rollout: 10 → 60'] }],
    })
    expect((await w.as('ann').requests.get(idle.id)).leftOut).toEqual(idle.leftOut)
    const said = await w.as('ann').requests.edit(idle.id, checkout, rollout(51))
    expect(said.request.leftOut).toBeUndefined()
  })

  it('[WO-06] is answered by those who hold a role in each of them, and waits in their inbox once', async () => {
    const w = await town(open())
    const { id, digest, approval } = pending(await w.as('ann').submitAll(both))
    const candidates = approval?.policies.flatMap(({ missing }) => missing.flatMap((need) => need.candidates))
    expect(candidates?.toSorted()).toEqual(['lee', 'lia'])
    const inbox = async (user: string) => (await w.as(user).requests.inbox()).requests.map((one) => one.id)
    expect([await inbox('lee'), await inbox('lia'), await inbox('leo')]).toEqual([[id], [id], []])
    expect(await w.as('lee').requests.count({ inbox: true })).toEqual({ count: 1 })
    expect(await refusal(w.as('leo').requests.approve(id, { digest }))).toBe('not_an_approver')
    const one = (await w.as('ann').requests.takeOut(id, cart)).request
    expect([await inbox('lee'), await inbox('leo')]).toEqual([[id], [id]])
    const two = (await w.as('ann').requests.add(id, cart, rollout(61))).request
    expect(await refusal(w.as('leo').requests.approve(id, { digest: one.digest }))).toBe('not_an_approver')
    expect((await w.as('lee').requests.approve(id, { digest: two.digest })).request.status).toBe('applied')
    expect((await w.as('root').audit.verify()).problems).toEqual([])
  })

  it('[WO-06] asks while the workflow is on in one of them, and is held or goes back once it is off in all', async () => {
    for (const waiting of ['hold', 'return'] as const) {
      const w = await town(open())
      const { id, digest } = pending(await w.as('ann').submitAll(both))
      await w.as('root').workflow.disable({ project: 'web', waiting })
      await w.approvals.tick()
      expect((await w.as('ann').requests.get(id)).status).toBe('pending')
      const other = pending(await w.as('ann').submitAll(both))
      expect((await w.as('lee').requests.approve(other.id, { digest: other.digest })).request.status).toBe('applied')
      await w.as('root').workflow.enable({ project: 'web' })
      w.pass(1)
      await w.as('root').workflow.disable({ project: 'shop', waiting })
      await w.approvals.tick()
      expect((await w.as('ann').requests.get(id)).status).toBe('pending')
      w.pass(1)
      await w.as('root').workflow.disable({ project: 'web', waiting })
      await w.approvals.tick()
      const status = waiting === 'hold' ? 'pending' : 'draft'
      expect((await w.as('ann').requests.get(id)).status).toBe(status)
      const code = waiting === 'hold' ? 'workflow_off' : 'not_open'
      expect(await refusal(w.as('lee').requests.approve(id, { digest }))).toBe(code)
      expect((await w.as('ann').submitAll([both[0], { ref: cart, change: rollout(61) }])).status).toBe('applied')
      expect((await w.as('root').audit.verify()).problems).toEqual([])
    }
  })

  it('[WO-06] goes back by switches that were off at the same time, and by no others', async () => {
    const of = async (...turns: readonly (readonly [project: string, waiting?: 'hold' | 'return'])[]) => {
      const w = await town(open())
      const first = pending(await w.as('ann').submitAll(both)).id
      let late: string | undefined
      for (const [project, waiting] of turns) {
        w.pass(1000)
        const { workflow } = w.as('root')
        await (waiting ? workflow.disable({ project, waiting }) : workflow.enable({ project }))
        w.pass(1000)
        late ??= pending(await w.as('ann').submitAll(both)).id
      }
      const foretold = await Promise.all([first, late ?? ''].map((id) => w.as('ann').requests.get(id)))
      await w.approvals.tick()
      const found = await Promise.all([first, late ?? ''].map((id) => w.as('ann').requests.get(id)))
      expect(found.map(({ status }) => status)).toEqual(foretold.map(({ status }) => status))
      expect((await w.as('root').audit.verify()).problems).toEqual([])
      return found.map(({ status }) => status)
    }
    const held = [['web', 'return'], ['shop', 'hold'], ['web'], ['shop']] as const
    expect(await of(...held)).toEqual(['pending', 'pending'])
    expect(await of(...held, ['shop', 'return'])).toEqual(['pending', 'pending'])
    expect(await of(['web', 'return'], ['shop', 'return'])).toEqual(['draft', 'draft'])
    expect(await of(['web', 'return'], ['shop', 'return'], ['web'])).toEqual(['draft', 'draft'])
    expect(await of(['web', 'hold'], ['shop', 'return'], ['web', 'return'])).toEqual(['draft', 'draft'])
  })
})

describe('a permission that a change takes', () => {
  it('[WO-06] has to be held in each of the projects that a request is in', async () => {
    const w = await accessWorld(storages[0]?.open() as Storage)
    for (const project of ['web', 'shop']) {
      await w.as('zoe').submit(flags.ref(project, { project }), { value })
    }
    await w.as('zoe').access.grant({ user: 'ned', role: 'member', project: 'web' })
    const change = ['web', 'shop'].map((id) => ({ ref: flags.ref(id), change: rollout(50) }))
    const mine = await w.as('ned').draft(flags.ref('web'), rollout(50))
    expect(await refusal(w.as('ned').submitAll(change))).toMatch(/^(not_permitted|unknown_resource)$/)
    expect(await refusal(w.as('ned').requests.add(mine.id, flags.ref('shop'), rollout(50)))).toMatch(
      /^(not_permitted|unknown_resource)$/,
    )
    await w.as('zoe').access.grant({ user: 'ned', role: 'member', project: 'shop' })
    expect((await w.as('ned').submitAll(change)).status).toBe('applied')
  })

  it('[WO-06] has to be held for what somebody takes out of a request, or leaves out by an edit', async () => {
    const w = await accessWorld(storages[0]?.open() as Storage)
    for (const project of ['web', 'shop']) {
      await w.as('zoe').submit(flags.ref(project, { project }), { value })
    }
    await w.as('zoe').access.grant({ user: 'ned', role: 'member', project: 'web' })
    await w.as('zoe').access.grant({ user: 'ned', role: 'viewer', project: 'shop' })
    await w.as('zoe').policies.save({ id: 'p', match: {}, require: { quorum: 1, from: { users: ['mia', 'ann'] } } })
    const change = ['web', 'shop'].map((id) => ({ ref: flags.ref(id), change: rollout(50) }))
    const { id } = pending(await w.as('zoe').submitAll(change))
    const { requests } = w.as('ned')
    expect((await requests.get(id)).can.edit).toMatchObject({ code: 'not_permitted' })
    for (const ref of [flags.ref('web'), flags.ref('shop')]) {
      expect(await refusal(requests.takeOut(id, ref))).toBe('not_permitted')
      expect(await refusal(requests.edit(id, ref, rollout(value.rollout)))).toBe('not_permitted')
    }
    await w.as('zoe').access.grant({ user: 'ned', role: 'member', project: 'shop' })
    expect((await requests.takeOut(id, flags.ref('shop'))).request.project).toBe('web')
  })
})
