import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type ActingApprovals,
  createApprovals,
  type Directory,
  defineResource,
  isApprovalError,
  type PolicyInput,
  policyResource,
  type Storage,
} from '../../src/index.ts'
import { levelAccess } from '../../src/presets/levels.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { accessWorld } from '../access-world.ts'
import { runs } from '../runs.ts'
import { flagSchema, flags, pending, refusal, rollout, start, storages } from '../world.ts'

/** Who holds which role where: in the whole tenant under an empty name. */
type Roster = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>

/** A directory in which roles are held in projects, or in the whole tenant. */
function byProject(roster: Roster, owners: Readonly<Record<string, string>> = {}): Directory {
  const rolesOf = (user: string, project = '') => {
    const held = roster[user]
    return held && [...(held[''] ?? []), ...(project === '' ? [] : (held[project] ?? []))]
  }
  return {
    async users({ project }, ids) {
      return ids.map((id) => {
        const roles = rolesOf(id, project)
        if (!roles) return undefined
        const elsewhere = Object.entries(roster[id] ?? {}).filter(([name]) => name !== '')
        const inProjects = elsewhere.map(([name, there]) => ({ project: name, roles: there }))
        const owner = owners[id]
        return { roles, ...(project === undefined ? { inProjects } : {}), ...(owner === undefined ? {} : { owner }) }
      })
    },
    async holders({ project }, role) {
      const projects = (user: string) => (project === undefined ? Object.keys(roster[user] ?? {}) : [project])
      return Object.keys(roster).filter((user) => projects(user).some((one) => rolesOf(user, one)?.includes(role)))
    },
    async roles(_scope, names) {
      const known = Object.values(roster).flatMap((held) => Object.values(held).flat())
      return names.map((name) => known.includes(name))
    },
  }
}

const roster: Roster = {
  root: { '': ['admin'] },
  ann: { web: ['staff'] },
  amy: { web: ['staff'] },
  sam: { shop: ['staff'] },
  lea: { '': ['lead'] },
  all: { '': ['staff'] },
  out: { '': [] },
  bot: { web: ['staff'] },
}

const twoEyes: PolicyInput = {
  id: 'two-eyes',
  match: { resource: 'feature_flag' },
  require: { quorum: 1, from: { roles: ['lead'] } },
  rules: { breakGlass: ['staff'] },
}

const [checkout, cart] = [flags.ref('checkout', { project: 'web' }), flags.ref('cart', { project: 'shop' })]
const value = { enabled: true, rollout: 10 }

/** Two projects, each with a flag and a request about it, and a policy of its own. */
async function town(storage: Storage, directory: Directory = byProject(roster, { bot: 'ann' })) {
  let ids = 0
  let time = start
  const approvals = createApprovals({
    storage,
    resources: [flags],
    directory,
    admins: { roles: ['admin'] },
    readers: { roles: ['staff'] },
    now: () => ++time,
    newId: () => `request-${++ids}`,
  })
  const as = (user: string) => approvals.as({ tenant: 'acme', user })
  await as('ann').submit(checkout, { value })
  await as('sam').submit(cart, { value })
  await as('root').policies.save(twoEyes)
  for (const project of ['web', 'shop']) {
    await as('root').policies.save({ ...twoEyes, id: `of-${project}`, match: { ...twoEyes.match, project } })
  }
  const inWeb = pending(await as('ann').submit(checkout, rollout(20), { reason: 'more' }))
  const inShop = pending(await as('sam').submit(cart, rollout(30), { reason: 'less' }))
  return { approvals, as, inWeb, inShop }
}

/** The code with which a call is refused, or `none`. */
async function code(call: Promise<unknown>): Promise<string> {
  return await call.then(() => 'none').catch((error) => (isApprovalError(error) ? error.code : 'raw'))
}

/** What a call comes to: its answer, or its refusal, with the names of what it was about taken out. */
async function outcome(call: Promise<unknown>, ...names: readonly string[]): Promise<string> {
  const answer = await call.then(
    (given) => ({ given: given === undefined ? 'nothing' : given }),
    (error) => {
      if (!isApprovalError(error)) throw error
      return { code: error.code, details: error.details, message: error.message }
    },
  )
  return names.reduce((text, name) => text.replaceAll(name, '…'), JSON.stringify(answer))
}

/** Every way to come near a resource, or a request about it. */
const reads: Readonly<Record<string, (actor: ActingApprovals, id: string, request: string) => Promise<unknown>>> = {
  'resources.get': (actor, id) => actor.resources.get(flags.ref(id)),
  'resources.history': (actor, id) => actor.resources.history(flags.ref(id)),
  'resources.compare': (actor, id) => actor.resources.compare(flags.ref(id), 0, 1),
  'requests.get': (actor, _id, request) => actor.requests.get(request),
  'requests.timeline': (actor, _id, request) => actor.requests.timeline(request),
  'requests.list': (actor, id) => actor.requests.list({ resource: { type: 'feature_flag', id } }),
  'audit.events of a request': (actor, _id, request) => actor.audit.events({ request }),
  'audit.events of a resource': (actor, id) => actor.audit.events({ resource: { type: 'feature_flag', id } }),
  'audit.events of access': (actor, id) => actor.audit.events({ access: { type: 'feature_flag', id } }),
  'access.editors': (actor, id) => actor.access.editors.get(flags.ref(id)),
  'a merge': (actor, id) => actor.submit(flags.ref(id), { merge: { rollout: 1 } }),
  'a patch': (actor, id) => actor.submit(flags.ref(id), { patch: [{ op: 'replace', path: '/rollout', value: 1 }] }),
  'an edit': (actor, id) => actor.submit(flags.ref(id), rollout(1)),
  'a revert': (actor, id) => actor.submit(flags.ref(id), { revertTo: 1 }),
  'a document': (actor, id) => actor.submit(flags.ref(id), { value }),
  'a bypass': (actor, id) => actor.bypass(flags.ref(id), { merge: { rollout: 1 } }, { reason: 'so' }),
  'a preview': (actor, id) => actor.preview(flags.ref(id), { merge: { rollout: 1 } }),
  'a draft': (actor, id) => actor.draft(flags.ref(id), { merge: { rollout: 1 } }),
  'a preview in a named project': (actor, id) => actor.preview(flags.ref(id, { project: 'none' }), rollout(1)),
  'a comment': (actor, _id, request) => actor.requests.comment(request, 'hm'),
  'an approval': (actor, _id, request) => actor.requests.approve(request, { digest: `sha256:${'0'.repeat(64)}` }),
  'a cancellation': (actor, _id, request) => actor.requests.cancel(request),
  'an edit of the request': (actor, id, request) => actor.requests.edit(request, flags.ref(id), rollout(1)),
}

/** What is read without naming anything. */
const lists: Readonly<Record<string, (actor: ActingApprovals) => Promise<unknown>>> = {
  'requests.list': (actor) => actor.requests.list(),
  'requests.inbox': (actor) => actor.requests.inbox(),
  'requests.followUps': (actor) => actor.requests.followUps(),
  'policies.list': (actor) => actor.policies.list(),
  'policies.get': (actor) => actor.policies.get('two-eyes'),
  'policies.check': (actor) => actor.policies.check(twoEyes),
  'policies.simulate': (actor) => actor.policies.simulate([twoEyes]),
  'delegations.list': (actor) => actor.delegations.list(),
  'workflow.isEnabled': (actor) => actor.workflow.isEnabled(),
  'access.defaultAccess': (actor) => actor.access.defaultAccess(),
  'access.roles': (actor) => actor.access.roles.list(),
  'audit.events of the settings': (actor) => actor.audit.events({ settings: true }),
  'audit.events of own refusals': (actor) => actor.audit.events({ refusals: 'nobody' }),
  'audit.verify': (actor) => actor.audit.verify(),
  'audit.checkpoint': (actor) => actor.audit.checkpoint(),
  'audit.export': async (actor) => {
    for await (const _line of actor.audit.export()) break
  },
}

describe.each(storages)('who may read, on $name', ({ open }) => {
  it('[PE-01] [PE-05] tells somebody whom the directory does not know nothing, not even that there is nothing', async () => {
    const { as, inWeb } = await town(open())
    for (const [name, call] of Object.entries(reads)) {
      const there = await outcome(call(as('nobody'), 'checkout', inWeb.id), 'checkout', inWeb.id)
      expect(there, name).toContain('"code":"unknown_actor"')
      expect(await outcome(call(as('nobody'), 'none', 'none'), 'none'), name).toBe(there)
    }
    for (const [name, call] of Object.entries(lists)) {
      expect(await refusal(call(as('nobody'))), name).toBe('unknown_actor')
    }
  })

  it('[PE-02] [PE-05] [FA-17] takes what is in a project of others for what is not there, by every way', async () => {
    const { as, inShop } = await town(open())
    for (const user of ['ann', 'out', 'bot']) {
      for (const [name, call] of Object.entries(reads)) {
        const foreign = await outcome(call(as(user), 'cart', inShop.id), 'cart', inShop.id)
        const unknown = await outcome(call(as(user), 'none', 'none'), 'none')
        expect(foreign.replaceAll('…', ''), `${name} by ${user}`).toBe(unknown.replaceAll('…', ''))
        expect(foreign, `${name} by ${user}`).not.toContain('shop')
      }
    }
  })

  it('[PE-02] shows whoever may read what is there, in a project or in all of them', async () => {
    const { as, inWeb, inShop } = await town(open())
    for (const user of ['ann', 'amy', 'bot', 'all', 'root']) {
      expect((await as(user).resources.get(checkout))?.document.rollout, user).toBe(10)
      expect(await as(user).resources.history(checkout), user).toHaveLength(1)
      expect((await as(user).resources.compare(checkout, 0, 1)).lines.length, user).toBeGreaterThan(0)
      expect((await as(user).requests.get(inWeb.id)).reason, user).toBe('more')
      const listed = (await as(user).requests.list()).requests.map(({ id }) => id)
      expect(listed, user).toEqual(['all', 'root'].includes(user) ? [inShop.id, inWeb.id] : [inWeb.id])
    }
    expect((await as('ann').preview(checkout, { merge: { rollout: 1 } })).changes[0]?.lines).toHaveLength(1)
    await as('ann').requests.comment(inWeb.id, 'hm')
    expect((await as('out').requests.list()).requests).toEqual([])
  })

  it('[PE-02] lists policies, delegations and simulated changes of no project of others', async () => {
    const { as } = await town(open())
    const ids = async (user: string) => (await as(user).policies.list()).map(({ id }) => id)
    expect(await ids('root')).toEqual(['of-shop', 'of-web', 'two-eyes'])
    expect(await ids('ann')).toEqual(['of-web', 'two-eyes'])
    expect(await ids('out')).toEqual(['two-eyes'])
    expect(await as('ann').policies.get('of-shop')).toBeUndefined()
    expect(await as('ann').resources.get(policyResource.ref('of-shop'))).toBeUndefined()
    expect((await as('ann').resources.get(policyResource.ref('of-web')))?.document.id).toBe('of-web')
    const merged = as('ann').preview(policyResource.ref('of-shop'), { merge: { rules: { cancel: 'any_time' } } })
    expect(await refusal(merged)).toBe('unknown_resource')

    await as('sam').delegations.save({ to: 'all', ends: start + 1e9, match: { project: 'shop' } })
    await as('sam').delegations.save({ to: 'out', ends: start + 1e9 })
    const to = async (user: string) => (await as(user).delegations.list()).map((one) => one.to).toSorted()
    expect(await to('sam')).toEqual(['all', 'out'])
    expect(await to('ann')).toEqual(['out'])

    const changed = async (user: string) => {
      const { before } = await as(user).policies.simulate([])
      return before.changes.map(({ change }) => change.id).toSorted()
    }
    expect(await changed('root')).toContain('cart')
    expect(await changed('ann')).toContain('checkout')
    expect(await changed('ann')).not.toContain('cart')
  })

  it('[PE-02] reads the log by a right of its own; what they tried themselves, everybody', async () => {
    const { as, inWeb } = await town(open())
    for (const [name, call] of Object.entries(lists)) {
      if (!name.startsWith('audit')) continue
      expect(await refusal(call(as('all'))), name).toBe('not_permitted')
      expect(await outcome(call(as('root'))), name).not.toContain('"code"')
    }
    expect(await refusal(as('ann').audit.events({ request: inWeb.id }))).toBe('not_permitted')
    expect(await as('root').audit.events({ request: inWeb.id })).toHaveLength(1)
    expect(await refusal(as('ann').requests.approve(inWeb.id, { digest: inWeb.digest }))).toBe('self_approval')
    const [tried] = await as('ann').audit.events({ refusals: 'ann' })
    expect(tried?.event).toMatchObject({ code: 'self_approval' })
    expect(await refusal(as('ann').audit.events({ refusals: 'sam' }))).toBe('not_permitted')
    expect(await refusal(as('ann').audit.erase({ user: 'ann' }))).toBe('not_permitted')
    expect(await refusal(as('ann').audit.erase({ user: 'nobody-wrote-this' }))).toBe('not_permitted')
  })

  it('[PE-03] lets whoever is asked read what they are asked about, and those who answer for them', async () => {
    const { as, inWeb } = await town(open())
    const { requests } = await as('lea').requests.inbox()
    expect(requests.map(({ id }) => id)).toContain(inWeb.id)
    const { changes, digest, can } = await as('lea').requests.get(inWeb.id)
    expect(changes[0]?.lines).toEqual(['rollout: 10 → 20'])
    expect(can.approve).toBe(true)
    await as('lea').requests.comment(inWeb.id, 'why?')
    expect(await as('lea').resources.get(checkout)).toBeUndefined()
    expect(await refusal(as('out').requests.get(inWeb.id))).toBe('unknown_request')
    await as('lea').delegations.save({ to: 'out', ends: start + 1e9 })
    expect((await as('out').requests.get(inWeb.id)).id).toBe(inWeb.id)
    await as('out').requests.approve(inWeb.id, { digest, onBehalfOf: 'lea' })
    await as('lea').delegations.remove('out')
    expect(await refusal(as('out').requests.get(inWeb.id))).toBe('unknown_request')
    expect((await as('lea').requests.get(inWeb.id)).status).toBe('applied')
  })

  it('[PE-02] brings back no revision, and counts none, that whoever edits a request may not read', async () => {
    const { as, inWeb } = await town(open())
    const draft = await as('ann').draft(flags.ref('later', { project: 'web' }), { value })
    pending(await as('sam').submit(flags.ref('later', { project: 'shop' }), { value: { ...value, rollout: 77 } }))
    const secret = await as('lea').requests.inbox()
    const asked = secret.requests.find(({ resources }) => resources[0]?.id === 'later')
    await as('lea').requests.approve(asked?.id ?? '', { digest: asked?.digest ?? '' })
    const later = flags.ref('later')
    expect((await as('sam').resources.get(later))?.document.rollout).toBe(77)
    const back = (revertTo: number) => as('ann').requests.edit(draft.id, later, { revertTo }, { digest: draft.digest })
    const codes = await Promise.all([1, 2, 9].map((number) => refusal(back(number))))
    expect(new Set(codes).size).toBe(1)
    expect(codes[0]).toMatch(/^unknown_/)
    for (const call of [
      () => as('ann').requests.submit(draft.id),
      () => as('ann').requests.rebase(draft.id),
      () => as('ann').requests.schedule(draft.id, start + 1e9),
    ]) {
      expect(await refusal(call())).toBe('unknown_resource')
    }
    const { can } = await as('ann').requests.get(draft.id)
    expect([can.submit, can.edit, can.rebase]).toMatchObject(Array(3).fill({ code: 'unknown_resource' }))
    expect(can.comment).toBe(true)
    await as('ann').requests.cancel(draft.id)
    const reverting = as('lea').requests.edit(inWeb.id, checkout, { revertTo: 1 }, { digest: inWeb.digest })
    expect(await refusal(reverting)).toBe('unknown_revision')
  })

  it('[PE-02] says nothing of policies, holders and simulated changes of others, whoever asks how', async () => {
    const { as, inShop } = await town(open())
    const like = { ...twoEyes, id: 'like', match: { ...twoEyes.match, project: 'shop' } }
    const found = async (user: string, policy: PolicyInput) =>
      JSON.stringify(await as(user).policies.check({ ...policy, overrides: ['of-shop'] }))
    expect(await found('ann', like)).toBe(
      (await found('ann', { ...like, overrides: ['of-none'] })).replace('of-none', 'of-shop'),
    )
    expect(await found('ann', like)).not.toContain('asks the same')
    expect(await refusal(as('ann').policies.remove('of-shop'))).toBe(await refusal(as('ann').policies.remove('none')))
    await as('sam').requests.breakGlass(inShop.id, { digest: inShop.digest, reason: 'fire', incident: 'INC-1' })
    for (const last of [1, 2, 3]) {
      const { before } = await as('ann').policies.simulate([], { last })
      expect(before.changes).toHaveLength(last)
      expect(before.changes.map(({ change }) => change.id)).not.toContain('cart')
    }
    const w = await accessWorld(open())
    await w.as('zoe').access.grant({ user: 'sam', role: 'member', project: 'shop' })
    const edits = [{ users: ['sam'], projects: ['shop'], roles: [] }]
    expect(await refusal(w.as('nobody').access.preview(edits))).toBe('unknown_actor')
    expect(await w.as('ann').access.preview(edits)).toMatchObject({ lines: [], refusal: { code: 'not_permitted' } })
    for (const role of ['member', 'manager', 'none']) {
      const taken = w.as('ann').access.revoke({ user: 'sam', role, project: 'shop' })
      expect(await refusal(taken), role).toBe('not_permitted')
    }
    expect((await w.as('sam').access.preview(edits)).lines).toHaveLength(1)
  })

  it('[PE-03] shows those who are asked the others, and those who were asked alone what has ended', async () => {
    const { as, inWeb } = await town(open())
    await as('root').policies.save({
      ...twoEyes,
      id: 'of-web',
      match: { ...twoEyes.match, project: 'web' },
      rules: { lock: 'none' },
    })
    const twin = await as('amy')
      .preview(checkout, rollout(20))
      .catch(() => undefined)
    expect(twin?.others.map(({ request }) => request) ?? [inWeb.id]).toEqual([inWeb.id])
    expect((await as('lea').requests.get(inWeb.id)).others).toEqual([])
    await as('ann').requests.cancel(inWeb.id)
    await as('root').policies.save({ ...twoEyes, require: { quorum: 1, from: { users: ['out'] } } })
    expect(await refusal(as('out').requests.get(inWeb.id))).toBe('unknown_request')
    expect((await as('lea').requests.get(inWeb.id)).status).toBe('cancelled')
  })

  it('[PE-02] tells what the host fails at to those alone who may read there', async () => {
    let fails = false
    const hosted = defineResource({
      type: 'hosted',
      schema: flagSchema,
      projectOf: () => 'shop',
      read: async () => {
        if (fails) throw new TypeError('the row of shop is torn')
        return value
      },
      write: async () => {},
    })
    const approvals = createApprovals({
      storage: open(),
      resources: [hosted],
      directory: byProject(roster),
      admins: { roles: ['admin'] },
      readers: { roles: ['staff'] },
    })
    const as = (user: string) => approvals.as({ tenant: 'acme', user })
    const ref = hosted.ref('one')
    expect((await as('sam').resources.get(ref))?.revision).toBe(1)
    fails = true
    const calls: readonly ((user: string) => Promise<unknown>)[] = [
      (user) => as(user).resources.get(ref),
      (user) => as(user).resources.compare(ref, 0, 'live'),
      (user) => as(user).submit(ref, { merge: { rollout: 3 } }),
    ]
    for (const call of calls) {
      expect(await code(call('sam'))).toBe('host_failed')
      expect(await code(call('nobody'))).toBe('unknown_actor')
      expect(await outcome(call('ann'))).not.toContain('host_failed')
    }
    expect(await as('sam').resources.history(ref)).toHaveLength(1)
    expect(await as('ann').resources.history(ref)).toEqual([])
  })

  it('[PE-02] answers a repeated call only to whom the directory still knows', async () => {
    const known = new Map(Object.entries(roster))
    const directory: Directory = {
      users: async (scope, ids) => await byProject(Object.fromEntries(known)).users(scope, ids),
      holders: async (scope, role) => await byProject(Object.fromEntries(known)).holders(scope, role),
      roles: async (scope, names) => await byProject(roster).roles(scope, names),
    }
    const { as, inWeb } = await town(open(), directory)
    const say = () => as('amy').requests.comment(inWeb.id, 'hm', { idempotencyKey: 'once' })
    expect((await say()).request.commentCount).toBe(1)
    expect((await say()).request.commentCount).toBe(1)
    known.delete('amy')
    expect(await refusal(say())).toBe('unknown_actor')
  })

  it('[PE-03] lets those who may bypass read what is open, and lists requests about policies of no project', async () => {
    const { as, inWeb } = await town(open(), byProject({ ...roster, hal: { '': ['helper'] } }))
    await as('root').policies.save({ ...twoEyes, id: 'helped', rules: { lock: 'none', bypass: ['helper'] } })
    await as('ann').requests.cancel(inWeb.id)
    expect(await refusal(as('hal').requests.get(inWeb.id))).toBe('unknown_request')
    for (const id of ['two-eyes', 'of-web', 'of-shop']) await as('root').policies.remove(id)
    const open2 = pending(await as('ann').submit(checkout, rollout(21)))
    expect((await as('hal').requests.get(open2.id)).can.bypass).toBe(true)
    await as('hal').requests.bypass(open2.id, { digest: open2.digest, reason: 'now' })
    expect(await refusal(as('hal').requests.get(open2.id))).toBe('unknown_request')

    await as('root').policies.save({
      id: 'guard',
      match: { resource: 'countersign.policy' },
      require: { quorum: 1, from: { roles: ['lead', 'admin'] } },
    })
    const ruled = pending(
      await as('root').submit(policyResource.ref('helped'), { merge: { rules: { lock: 'resource' } } }),
    )
    const listed = async (user: string) => (await as(user).requests.list({ project: '' })).requests.map(({ id }) => id)
    expect(await listed('ann')).toEqual([ruled.id])
    expect((await as('ann').requests.get(ruled.id)).id).toBe(ruled.id)
  })

  it('[PE-04] reads for the application without being anybody, and does nothing for it', async () => {
    const { approvals, as, inWeb, inShop } = await town(open())
    const reader = approvals.reader('acme')
    expect((await reader.resources.get(cart))?.document.rollout).toBe(10)
    const read = await reader.requests.get(inShop.id)
    expect(read).not.toHaveProperty('can')
    expect({ ...read, can: {} }).toEqual({ ...(await as('root').requests.get(inShop.id)), can: {} })
    expect((await reader.requests.list()).requests.map(({ id }) => id)).toEqual([inShop.id, inWeb.id])
    expect(await reader.policies.list()).toHaveLength(3)
    expect(await reader.workflow.isEnabled({ project: 'shop' })).toBe(true)
    expect(await reader.audit.verify()).toMatchObject({ ok: true })
    const called = ['audit', 'freezes', 'policies', 'requests', 'resources', 'workflow']
    expect(Object.keys(reader).toSorted()).toEqual(called)
    expect(Object.keys(reader.requests).toSorted()).toEqual(['count', 'followUps', 'get', 'list', 'timeline'])
    expect(Object.keys(reader.audit).toSorted()).toEqual(['checkpoint', 'events', 'export', 'verify'])
    expect((await approvals.reader('rival').requests.list()).requests).toEqual([])
    expect(await refusal(Promise.resolve().then(() => approvals.reader('')))).toBe('invalid_input')
  })

  it('[PE-02] names no request of another project in a refusal', async () => {
    const { as, inWeb, inShop } = await town(open())
    await as('sam').requests.breakGlass(inShop.id, { digest: inShop.digest, reason: 'fire', incident: 'INC-1' })
    const { can } = await as('ann').requests.get(inWeb.id)
    expect(can.breakGlass).toMatchObject({ code: 'follow_up_pending', message: expect.stringContaining('another') })
    expect(JSON.stringify(can.breakGlass)).toContain('two-eyes')
    for (const hidden of [inShop.id, 'of-shop', 'sam']) expect(JSON.stringify(can)).not.toContain(hidden)
    const breaking = as('ann').requests.breakGlass(inWeb.id, {
      digest: inWeb.digest,
      reason: 'fire',
      incident: 'INC-1',
    })
    expect(await outcome(breaking)).not.toContain(inShop.id)
    expect(await as('ann').requests.followUps()).toEqual([])
    expect((await as('sam').requests.followUps()).map(({ request }) => request)).toEqual([inShop.id])
  })

  it('[PE-02] asks roles that are kept here for the right to read, and to read the log', async () => {
    const w = await accessWorld(open())
    const zoe = w.as('zoe')
    await w.as('ann').submit(flags.ref('checkout', { project: 'web' }), { value })
    await zoe.access.roles.save({ id: 'writer', permissions: ['flags.edit'], held: 'project' })
    await zoe.access.roles.save({ id: 'auditor', permissions: ['log.read'], held: 'tenant' })
    await zoe.access.grant({ user: 'wes', role: 'writer', project: 'web' })
    await zoe.access.grant({ user: 'aud', role: 'auditor' })
    await zoe.access.grant({ user: 'sam', role: 'member', project: 'shop' })
    expect(await w.as('wes').resources.get(flags.ref('checkout'))).toBeUndefined()
    expect(await refusal(w.as('wes').submit(flags.ref('checkout'), rollout(1)))).toBe('unknown_resource')
    expect((await w.as('vic').resources.get(flags.ref('checkout')))?.revision).toBe(1)
    expect(await w.as('aud').audit.verify()).toMatchObject({ ok: true })
    expect(await w.as('aud').resources.get(flags.ref('checkout'))).toBeUndefined()
    const resource = { type: 'feature_flag', id: 'checkout' }
    expect((await w.as('mia').audit.events({ resource })).length).toBe(1)
    expect(await refusal(w.as('mia').audit.verify())).toBe('not_permitted')
    expect(await refusal(w.as('vic').audit.events({ resource }))).toBe('not_permitted')
    const shown = (grants: readonly { readonly user: string }[]) => grants.map(({ user }) => user).toSorted()
    expect(shown(await w.as('ann').access.holders('member'))).toEqual(['amy', 'ann'])
    expect(shown(await zoe.access.holders('member'))).toEqual(['amy', 'ann', 'sam'])
    expect(await w.as('ann').access.grants('sam')).toEqual([])
    expect(await w.as('sam').access.grants('sam')).toHaveLength(1)
  })

  it('[PE-02] follows a resource that moves: whoever may not read where it is reads nothing of it any more', async () => {
    let project = 'web'
    let document: { enabled: boolean; rollout: number } | undefined = { enabled: true, rollout: 1 }
    const hosted = defineResource({
      type: 'hosted',
      schema: flagSchema,
      projectOf: () => project,
      read: async () => document,
      write: async (_ref, next) => {
        document = next as typeof document
      },
    })
    const approvals = createApprovals({
      storage: open(),
      resources: [hosted],
      directory: byProject({ ...roster, sam: { shop: ['staff'] } }),
      admins: { roles: ['admin'] },
      readers: { roles: ['staff'] },
      logReaders: { roles: ['staff'] },
    })
    const as = (user: string) => approvals.as({ tenant: 'acme', user })
    const ref = hosted.ref('one')
    expect((await as('ann').resources.get(ref))?.document.rollout).toBe(1)
    await as('ann').submit(ref, { merge: { rollout: 2 } })
    project = 'shop'
    expect(await as('ann').resources.get(ref)).toBeUndefined()
    expect(await as('ann').resources.history(ref)).toEqual([])
    expect((await as('sam').resources.get(ref))?.document.rollout).toBe(2)
    const shown = (await as('sam').resources.history(ref)).map((revision) => revision.project)
    expect(new Set(shown)).toEqual(new Set(['shop']))
    expect((await as('all').resources.history(ref)).length).toBeGreaterThan(shown.length)
    const resource = { type: 'hosted', id: 'one' }
    const logged = async (user: string) =>
      (await as(user).audit.events({ resource })).map(({ event }) => event['project'])
    expect(new Set(await logged('sam'))).toEqual(new Set(['shop']))
    expect(await as('sam').audit.events({ resource, limit: 1 })).toHaveLength(1)
    expect(new Set(await logged('all'))).toEqual(new Set(['web', 'shop']))
    expect(await refusal(as('ann').audit.events({ resource }))).toBe('not_permitted')
  })
})

describe('whom createApprovals lets read', () => {
  const options = { storage: memoryStorage(), resources: [flags], directory: byProject(roster) }

  it('[PE-02] lets everybody read whom the directory knows if nothing is said', async () => {
    const approvals = createApprovals({ ...options, storage: memoryStorage(), admins: { roles: ['admin'] } })
    const as = (user: string) => approvals.as({ tenant: 'acme', user })
    await as('ann').submit(checkout, { value })
    for (const user of Object.keys(roster)) {
      expect((await as(user).resources.get(checkout))?.revision, user).toBe(1)
      expect(await as(user).audit.verify(), user).toMatchObject({ ok: true })
    }
  })

  it('[PE-02] lets others than the readers read the log, if it is told to', async () => {
    const approvals = createApprovals({
      ...{ ...options, storage: memoryStorage(), admins: { roles: ['admin'] } },
      readers: { users: ['ann'] },
      logReaders: { roles: ['lead'] },
    })
    const as = (user: string) => approvals.as({ tenant: 'acme', user })
    await as('ann').submit(checkout, { value })
    const reads = async (user: string) => (await as(user).resources.get(checkout)) !== undefined
    const audits = async (user: string) => (await code(as(user).audit.verify())) === 'none'
    const all = Object.keys(roster)
    const those = async (may: (user: string) => Promise<boolean>) => {
      const answers = await Promise.all(all.map(may))
      return all.filter((_, index) => answers[index])
    }
    expect(await those(reads)).toEqual(['root', 'ann'])
    expect(await those(audits)).toEqual(['root', 'lea'])
  })

  it('[PE-02] refuses readers that are none, and readers beside roles that say who reads', () => {
    const named = (readers: unknown) => () =>
      createApprovals({ ...options, admins: 'anyone', readers: readers as 'anyone' })
    expect(named('staff')).toThrow(/readers must be "anyone", or name users or roles/)
    expect(named({ roles: [] })).toThrow(/readers must be "anyone", or name users or roles/)
    expect(named({ role: ['staff'] })).toThrow(TypeError)
    const beside = () =>
      createApprovals({ ...options, access: levelAccess, readers: 'anyone' } as unknown as Parameters<
        typeof createApprovals
      >[0])
    expect(beside).toThrow(/roles say who may read: give them "resources.read" and "log.read"/)
  })
})

describe('lists of what may be read', () => {
  const projects = Array.from({ length: 20 }, (_, index) => `p${index}`)

  it('[PE-02] hold all that may be read and nothing else, in full pages, in however many projects that is', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(20), { minLength: 1, maxLength: 60 }),
        fc.uniqueArray(fc.nat(19), { maxLength: 20 }),
        fc.integer({ min: 1, max: 7 }),
        async (places, readable, limit) => {
          const held = Object.fromEntries(readable.map((index) => [projects[index] ?? '', ['staff']]))
          const directory = byProject({ root: { '': ['admin', 'lead'] }, eve: held, wri: { '': ['writer'] } })
          let ids = 0
          let time = start
          const approvals = createApprovals({
            ...{ storage: memoryStorage(), resources: [flags], directory, admins: { roles: ['admin'] } },
            readers: { roles: ['staff', 'writer'] },
            now: () => ++time,
            newId: () => `request-${++ids}`,
          })
          const as = (user: string) => approvals.as({ tenant: 'acme', user })
          await as('root').policies.save({ ...twoEyes, match: {} })
          const made: { readonly id: string; readonly project: string }[] = []
          for (const [index, place] of places.entries()) {
            const project = projects[place]
            const ref = project === undefined ? flags.ref(`f${index}`) : flags.ref(`f${index}`, { project })
            made.unshift({ id: pending(await as('wri').submit(ref, { value })).id, project: project ?? '' })
          }
          const may = made.filter(({ project }) => project in held).map(({ id }) => id)
          const found: string[] = []
          let after: string | undefined
          do {
            const page = await as('eve').requests.list({ limit, ...(after === undefined ? {} : { after }) })
            found.push(...page.requests.map(({ id }) => id))
            if (page.next !== undefined) expect(page.requests).toHaveLength(limit)
            after = page.next
          } while (after !== undefined)
          expect(found).toEqual(may)
          for (const { id } of made) {
            expect(await code(as('eve').requests.get(id))).toBe(may.includes(id) ? 'none' : 'unknown_request')
          }
        },
      ),
      { numRuns: runs(25) },
    )
  })
})
