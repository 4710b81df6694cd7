import { describe, expect, it } from 'vitest'
import { createApprovals, type Directory, type Notice, type PolicyInput, type Storage } from '../../src/index.ts'
import { flags, pending, refusal, rollout, start, storages } from '../world.ts'

/** Who holds which roles where: in the whole tenant under an empty name. Nobody is known where they hold none. */
const roster: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  root: { '': ['admin', 'staff'] },
  ann: { web: ['staff'], shop: ['staff'] },
  amy: { web: ['staff'] },
  lee: { web: ['staff', 'lead'], shop: ['staff', 'lead'] },
  lia: { web: ['staff', 'lead'], shop: ['staff', 'lead'] },
  con: { web: ['staff', 'lead'], shop: ['staff', 'lead', 'contractor'] },
  sec: { shop: ['staff', 'security'] },
  tom: { shop: ['staff', 'security', 'trainee'], web: ['staff'] },
  leaShop: { shop: ['staff'] },
  lea: { web: ['staff', 'lead'], shop: ['staff', 'lead'] },
}

const [checkout, cart] = [flags.ref('checkout', { project: 'web' }), flags.ref('cart', { project: 'shop' })]
const both = [
  { ref: checkout, change: rollout(50) },
  { ref: cart, change: rollout(60) },
] as const
const reviewed = { id: 'reviewed', match: { resource: 'feature_flag', project: 'shop' } } as const
const leads = { roles: ['lead'] }

async function town(storage: Storage, policy: Omit<PolicyInput, 'id' | 'match'>) {
  const gone = new Set<string>()
  const notices: Notice[] = []
  const rolesIn = (user: string, project: string) => {
    const places = gone.has(`${user} ${project}`) ? [] : [...new Set(['', project])]
    return places.flatMap((name) => roster[user]?.[name] ?? [])
  }
  const directory: Directory = {
    async users({ project = '' }, ids) {
      return ids.map((id) => {
        const elsewhere = Object.entries(roster[id] ?? {}).filter(([name]) => name !== '')
        const inProjects = elsewhere.map(([name, roles]) => ({ project: name, roles }))
        const roles = rolesIn(id, project)
        const person = id === 'leaShop' ? 'lea' : id
        if (project === '') return roster[id] && { roles, person, inProjects }
        return roles.length > 0 ? { roles, person } : undefined
      })
    },
    async holders({ project = '' }, role) {
      return Object.keys(roster).filter((user) => rolesIn(user, project).includes(role))
    },
    async roles(_scope, names) {
      return names.map((name) => ['admin', 'staff', 'lead', 'contractor', 'security', 'trainee'].includes(name))
    },
  }
  let ids = 0
  const approvals = createApprovals({
    ...{ storage, resources: [flags], directory, now: () => start, newId: () => `request-${++ids}` },
    notifiers: [{ name: 'kept', deliver: async (notice) => void notices.push(notice) }],
    admins: { roles: ['admin'] },
    readers: { roles: ['staff'] },
    logReaders: { roles: ['staff'] },
  })
  const as = (user: string) => approvals.as({ tenant: 'acme', user })
  for (const ref of [checkout, cart]) await as('ann').submit(ref, { value: { enabled: true, rollout: 10 } })
  await as('root').policies.save({ ...reviewed, ...policy })
  const told = async () => {
    await approvals.tick()
    return notices.flatMap(({ type, to }) => (type === 'submitted' ? to : [])).toSorted()
  }
  const live = async () => (await approvals.reader('acme').resources.get(cart))?.document
  return { approvals, as, told, live, leave: (user: string, project: string) => gone.add(`${user} ${project}`) }
}

const candidatesOf = (request: ReturnType<typeof pending>) =>
  request.approval?.policies.flatMap(({ missing }) => missing.flatMap((need) => need.candidates)).toSorted()

describe.each(storages)('what a role forbids in one of the projects of a request, on $name', ({ open }) => {
  it('[WO-06] is forbidden: whoever is excepted in one approves nothing, nor stands in for anybody', async () => {
    const from = { ...leads, except: { roles: ['contractor'] } }
    for (const project of ['shop', undefined]) {
      const w = await town(open(), { require: { quorum: 1, from } })
      const request = pending(await (project ? w.as('ann').submit(cart, rollout(60)) : w.as('ann').submitAll(both)))
      const { id, digest } = request
      expect(await w.told()).toEqual(['lea', 'lee', 'lia'])
      expect(candidatesOf(request)).toEqual(['lea', 'lee', 'lia'])
      const { requests } = w.as('con')
      expect(await refusal(requests.approve(id, { digest }))).toBe('not_an_approver')
      expect((await requests.get(id)).can.approve).toMatchObject({ code: 'not_an_approver' })
      expect((await requests.inbox()).requests).toEqual([])
      await w.as('lee').delegations.save({ to: 'con', ends: start + 1000 })
      expect(await refusal(requests.approve(id, { digest, onBehalfOf: 'lee' }))).toBe('not_an_approver')
      expect((await w.as('lia').requests.approve(id, { digest })).request.status).toBe('applied')
      expect((await w.as('root').audit.verify()).problems).toEqual([])
    }
  })

  it('[WO-06] is forbidden also where answers are judged as they were given, and the policy forbids it later', async () => {
    const rules = { eligibleAt: 'review' } as const
    const w = await town(open(), { require: { quorum: 2, from: leads }, rules })
    const { id, digest } = pending(await w.as('ann').submitAll(both))
    await w.as('con').requests.approve(id, { digest })
    const from = { ...leads, except: { roles: ['contractor'] } }
    await w.as('root').policies.save({ ...reviewed, require: { quorum: 2, from }, rules })
    expect((await w.as('lee').requests.approve(id, { digest })).request.status).toBe('pending')
    expect(await w.live()).toMatchObject({ rollout: 10 })
    expect((await w.as('lia').requests.approve(id, { digest })).request.status).toBe('applied')
  })

  it('[WO-06] is forbidden to all accounts of a person whom one names, wherever that account is known', async () => {
    const from = { ...leads, except: { users: ['leaShop'] } }
    const w = await town(open(), { require: { quorum: 1, from } })
    for (const ask of [() => w.as('ann').submit(cart, rollout(40)), () => w.as('ann').submitAll(both)]) {
      const request = pending(await ask())
      const { id, digest } = request
      expect(await refusal(w.as('lea').requests.approve(id, { digest }))).toBe('not_an_approver')
      expect(candidatesOf(request)).toEqual(['con', 'lee', 'lia'])
      expect((await w.as('lia').requests.approve(id, { digest })).request.status).toBe('applied')
    }
  })

  it('[WO-06] [PE-03] is vetoed by whoever can in one, who is told, reads it, and can do nothing else', async () => {
    const veto = { roles: ['security'], except: { roles: ['trainee'] } }
    const rules = { onReject: 'block' } as const
    const w = await town(open(), { require: { quorum: 1, from: leads }, veto, rules })
    const { id, digest } = pending(await w.as('ann').submitAll(both))
    expect(await w.told()).toEqual(['con', 'lea', 'lee', 'lia', 'sec'])
    const { requests } = w.as('sec')
    const read = await requests.get(id)
    expect([read.can.reject, read.can.comment]).toEqual([true, true])
    for (const method of ['approve', 'edit', 'apply', 'cancel', 'bypass', 'breakGlass', 'takeOver'] as const) {
      expect(read.can[method]).not.toBe(true)
    }
    expect(await refusal(requests.approve(id, { digest }))).toBe('unknown_actor')
    for (const user of ['tom', 'amy']) {
      expect(await refusal(w.as(user).requests.reject(id, { digest, reason: 'No.' }))).toMatch(
        user === 'tom' ? 'not_an_approver' : 'unknown_request',
      )
    }
    await requests.reject(id, { digest, reason: 'Not in the shop.' })
    expect((await w.as('lee').requests.approve(id, { digest })).request.status).toBe('pending')
    expect(await w.live()).toEqual({ enabled: true, rollout: 10 })
    expect((await w.as('lee').requests.get(id)).approval).toMatchObject({ met: false, satisfiable: true })
    expect((await requests.withdraw(id)).request.status).toBe('applied')
    expect(await w.live()).toEqual({ enabled: true, rollout: 60 })
    expect((await w.as('root').audit.verify()).problems).toEqual([])
  })

  it('[WO-06] gives nobody a say who is known in one of them alone, and makes nobody present who is', async () => {
    const w = await town(open(), { require: { quorum: 1, from: { users: ['sec', 'lee'] } } })
    const { id, digest } = pending(await w.as('ann').submitAll(both))
    expect(await w.told()).toEqual(['lee'])
    expect(await refusal(w.as('sec').requests.approve(id, { digest }))).toBe('unknown_request')
    expect(await refusal(w.as('sec').requests.get(id))).toBe('unknown_request')
    expect(await refusal(w.as('root').requests.takeOver(id))).toBe('requester_present')
    w.leave('ann', 'web')
    expect((await w.as('root').requests.get(id)).can.takeOver).toBe(true)
    expect((await w.as('root').requests.takeOver(id)).request.requester).toBe('root')
  })
})
