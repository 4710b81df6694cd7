import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import {
  createApprovals,
  defineResource,
  type PolicyInput,
  type Preview,
  type ResourceType,
  type Storage,
} from '../../src/index.ts'
import { defineLifecycle } from '../../src/lifecycles.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { accessWorld } from '../access-world.ts'
import { type Roster, rosterDirectory } from '../roster.ts'
import { runs } from '../runs.ts'
import { day, experiments, flags, pending, refusal, rollout, start, storages } from '../world.ts'

const states = ['draft', 'ready', 'running', 'planned']

const schema = z.strictObject({ budget: z.number(), on: z.boolean() })
type Campaign = z.infer<typeof schema>

/** A campaign that people start, or that the clock starts. */
const campaigns = defineResource({
  type: 'campaign',
  schema,
  permissions: 'flags.edit',
  lifecycle: defineLifecycle<Campaign>({
    name: 'campaign',
    initial: 'draft',
    follows: { on: Object.fromEntries(states.map((state) => [state, state === 'running'])) },
    moves: [
      { from: 'draft', action: 'edit', edits: 'any' },
      { from: 'draft', action: 'prepare', to: 'ready' },
      { from: 'ready', action: 'start', to: 'running' },
      { from: 'ready', action: 'plan', to: 'planned' },
      { from: 'planned', action: 'begin', by: 'clock', to: 'running' },
      { from: 'running', action: 'stop', to: 'ready' },
    ],
  }),
})
const kept = defineResource({
  type: 'kept',
  schema: z.strictObject({ n: z.number() }),
  external: { read: () => ({ n: 1 }), write: () => {} },
  projectOf: () => 'web',
})

/** Who holds which roles where; in the whole tenant under an empty name. */
const roster: Roster = {
  root: { '': ['admin', 'staff'] },
  ann: { '': ['staff'] },
  amy: { web: ['staff', 'lead'] },
  leo: { web: ['staff', 'lead'], shop: ['staff'] },
  sam: { shop: ['staff'] },
  lee: { web: ['staff', 'lead'], shop: ['staff', 'lead'] },
  lia: { '': ['staff', 'lead'] },
}

/** A tenant with the projects web and shop. */
function town(storage: Storage, more: readonly ResourceType[] = []) {
  let [ids, time] = [0, start]
  const approvals = createApprovals({
    ...{
      storage,
      resources: [flags, experiments, campaigns, kept, ...more],
      now: () => time,
      newId: () => `request-${++ids}`,
    },
    directory: rosterDirectory(roster),
    admins: { roles: ['admin'] },
    readers: { roles: ['staff'] },
    logReaders: { roles: ['staff'] },
    predicates: { never: () => false },
  })
  const as = (user: string) => approvals.as({ tenant: 'acme', user })
  const gate = async (policy: Partial<PolicyInput> = {}) => {
    const whole: PolicyInput = {
      ...{ id: 'reviewed', match: {}, require: { quorum: 1, from: { roles: ['lead'] } }, ...policy },
    }
    await as('root').policies.save(whole)
  }
  const verified = async () => expect((await as('root').audit.verify()).problems).toEqual([])
  const live = async (user: string, ref: { readonly type: string; readonly id: string }) =>
    await as(user).resources.get(ref)
  return { approvals, as, gate, live, verified, now: () => time, pass: (more: number) => (time += more) }
}

const checkout = flags.ref('checkout')
const value = { enabled: true, rollout: 10 }
const toShop = { toProject: 'shop' } as const

async function flagInWeb(w: ReturnType<typeof town>) {
  await w.as('ann').submit(flags.ref('checkout', { project: 'web' }), { value })
}

describe.each(storages)('a resource that goes to another project, on $name', ({ open }) => {
  it('[WO-16] waits for what either project asks, and is there, as it was, once that is given', async () => {
    const w = town(open())
    await flagInWeb(w)
    await w.gate({ match: { project: 'shop' } })
    const preview = await w.as('ann').preview(checkout, toShop)
    expect(preview).toMatchObject({
      status: 'pending',
      changes: [{ lines: ['project: web → shop'], toProject: 'shop' }],
    })
    expect(preview.approvers).toEqual(['lee', 'lia'])
    const { id, digest, projects } = pending(await w.as('ann').submit(checkout, toShop))
    expect(projects).toEqual(['web', 'shop'])
    for (const project of ['web', 'shop']) {
      expect((await w.as('lia').requests.list({ project })).requests.map((one) => one.id)).toEqual([id])
    }
    expect(await refusal(w.as('amy').requests.get(id))).toBe('unknown_request')
    expect(await refusal(w.as('leo').requests.approve(id, { digest }))).toBe('not_an_approver')
    expect((await w.live('amy', checkout))?.project).toBe('web')
    expect((await w.as('lee').requests.approve(id, { digest })).request.status).toBe('applied')

    expect(await w.live('ann', checkout)).toMatchObject({ project: 'shop', revision: 2, document: value })
    expect(await w.live('amy', checkout)).toBeUndefined()
    const listed = async (project: string) =>
      (await w.as('ann').resources.list({ project })).resources.map((one) => one.id)
    expect([await listed('web'), await listed('shop')]).toEqual([[], ['checkout']])
    const history = await w.as('ann').resources.history(checkout)
    expect(history.map(({ number, project }) => [number, project])).toEqual([
      [2, 'shop'],
      [1, 'web'],
    ])
    const compared = await w.as('ann').resources.compare(checkout, 1, 2)
    expect(compared).toEqual({ places: [], project: { from: 'web', to: 'shop' }, lines: ['project: web → shop'] })
    const back = pending(await w.as('ann').submit(checkout, { toProject: 'web' }))
    const asked = await w.as('ann').resources.compare(checkout, 'live', { request: back.id })
    expect(asked).toMatchObject({ project: { from: 'shop', to: 'web' }, lines: ['project: shop → web'] })
    expect(await w.as('ann').resources.compare(checkout, 0, 'live')).not.toHaveProperty('project')
    expect((await w.as('lia').requests.approve(back.id, { digest: back.digest })).request.status).toBe('applied')
    const reverted = await w.as('ann').submit(checkout, { merge: { rollout: 20 } })
    expect(reverted.status).toBe('applied')
    expect((await w.as('ann').submit(checkout, { revertTo: 2 })).status).toBe('applied')
    expect(await w.live('amy', checkout)).toMatchObject({ project: 'web', document: value })
    await w.verified()
  })

  it('[WO-16] keeps its state and its clock, which goes on there', async () => {
    const w = town(open())
    const ref = campaigns.ref('spring', { project: 'web' })
    await w.as('ann').submit(ref, { value: { budget: 5, on: false }, state: 'ready' })
    await w.as('ann').submit(ref, { action: 'plan', at: w.now() + day })
    const planned = campaigns.ref('spring')
    await w.gate({ match: { project: 'shop', action: 'begin' } })
    const { id, digest } = pending(await w.as('ann').submit(planned, toShop))
    expect((await w.as('lee').requests.approve(id, { digest })).request.status).toBe('applied')
    expect(await w.live('ann', planned)).toMatchObject({ project: 'shop', lifecycle: { state: 'planned' } })
    await w.verified()
    w.pass(day)
    await w.approvals.tick()
    expect(await w.live('ann', planned)).toMatchObject({
      ...{ project: 'shop', lifecycle: { state: 'running' }, document: { budget: 5, on: true } },
    })
    await w.verified()
  })

  it('[WO-16] goes as it was reviewed, or not at all', async () => {
    const w = town(open())
    await flagInWeb(w)
    await w.gate({ match: { project: 'shop' }, rules: { onStale: 'rebase', onEdit: 'keep' } })
    const { id, digest } = pending(await w.as('ann').submit(checkout, toShop))
    await w.as('lee').requests.comment(id, 'Seen.')
    await w.as('ann').submit(checkout, rollout(100))
    expect(
      (
        await w
          .as('lee')
          .requests.approve(id, { digest })
          .catch((error) => error)
      ).code,
    ).toBe('stale')
    expect((await w.live('ann', checkout))?.project).toBe('web')
    const { request } = await w.as('ann').requests.rebase(id)
    expect((await w.as('lee').requests.get(id)).changes[0]).toMatchObject({
      toProject: 'shop',
      after: { rollout: 100 },
    })
    expect((await w.as('lee').requests.approve(id, { digest: request.digest })).request.status).toBe('applied')
    expect(await w.live('ann', checkout)).toMatchObject({ project: 'shop', document: { rollout: 100 } })
    await w.verified()
  })

  it('[WO-16] dismisses whoever has approved another document, also where equal parts are kept', async () => {
    const w = town(open())
    await flagInWeb(w)
    const require = { quorum: 2, from: { roles: ['lead'] } }
    await w.gate({ match: { project: 'shop' }, require, rules: { onEdit: 'keep' } })
    const { id, digest } = pending(await w.as('ann').submit(checkout, toShop))
    await w.as('lee').requests.approve(id, { digest })
    await w.as('ann').submit(checkout, rollout(100))
    const { request } = await w.as('ann').requests.rebase(id)
    expect(request.reviews).toEqual([])
    const last = await w.as('lia').requests.approve(id, { digest: request.digest })
    expect(last.request.status).toBe('pending')
    await w.verified()
  })

  it('[WO-16] takes no change along that was asked for where it was', async () => {
    const w = town(open())
    await flagInWeb(w)
    await w.gate({ match: { project: 'web', action: 'update' }, rules: { onStale: 'rebase' } })
    const { id, digest } = pending(await w.as('ann').submit(checkout, rollout(50)))
    const move = pending(await w.as('ann').submit(checkout, toShop))
    await w.as('lee').requests.approve(move.id, { digest: move.digest })
    expect(await refusal(w.as('lee').requests.approve(id, { digest }))).toBe('cannot_land')
    expect(await refusal(w.as('ann').requests.rebase(id))).toBe('cannot_land')
    const { stale, can } = await w.as('ann').requests.get(id)
    expect([stale, can.rebase, can.cancel]).toMatchObject([true, { code: 'cannot_land' }, true])
    expect(await w.live('ann', checkout)).toMatchObject({ project: 'shop', document: { rollout: 10 } })
    await w.as('ann').requests.cancel(id)
    await w.verified()
  })
})

describe('[WO-16] a change of project', () => {
  const policyShape = (actions: readonly string[], field: string) =>
    fc.record({
      match: fc.record({
        project: fc.constantFrom('web', 'shop', 'none'),
        action: fc.uniqueArray(fc.constantFrom(...actions), { minLength: 1, maxLength: 3 }),
      }),
      when: fc.option(
        fc.record({
          type: fc.constant('before_after' as const),
          field: fc.constant(field),
          operator: fc.constantFrom('==' as const, '!=' as const),
          value: fc.constantFrom(5, 6),
        }),
        { nil: undefined },
      ),
    })
  const asking = async (preview: Promise<Preview>) => (await preview).requirements.map((one) => one.policy)

  const named = (policies: readonly Pick<PolicyInput, 'match'>[], project: string, actions: readonly string[]) =>
    policies.flatMap(({ match }, index) => {
      const about = match.project === project && [match.action ?? []].flat().some((one) => actions.includes(one))
      return about ? [`p${index}`] : []
    })
  const union = (...ids: readonly (readonly string[])[]) => [...new Set(ids.flat())].toSorted()

  it('[WO-16] is asked whatever any change is asked there and the creation here, by every policy', async () => {
    const shapes = fc.array(policyShape(['create', 'update', 'delete', 'enable'], '/rollout'), { maxLength: 4 })
    await fc.assert(
      fc.asyncProperty(shapes, async (policies) => {
        const w = town(memoryStorage())
        const made = { value: { enabled: true, rollout: 5 } }
        await w.as('ann').submit(flags.ref('checkout', { project: 'web' }), made)
        for (const [index, policy] of policies.entries()) await w.gate({ id: `p${index}`, ...policy })
        const created = await asking(w.as('ann').preview(flags.ref('other', { project: 'shop' }), made))
        const possible = named(policies, 'web', ['update', 'delete', 'enable', 'disable'])
        const moved = await asking(w.as('ann').preview(checkout, toShop))
        expect(union(moved)).toEqual(union(created, possible))
      }),
      { numRuns: runs(60) },
    )
  })

  it('[WO-16] is asked whatever leads to its state here, by every policy, whatever that did to the document', async () => {
    const shapes = fc.array(policyShape(['create', 'edit', 'prepare', 'start', 'stop', 'plan', 'begin'], '/budget'), {
      ...{ minLength: 1, maxLength: 4 },
    })
    const ways = { draft: [], ready: ['prepare'], running: ['prepare', 'start'], planned: ['prepare', 'plan'] }
    await fc.assert(
      fc.asyncProperty(shapes, fc.constantFrom(...states), async (policies, state) => {
        const w = town(memoryStorage())
        const at = state === 'planned' ? { at: w.now() + day } : {}
        const made = { value: { budget: 5, on: state === 'running' }, state, ...at }
        await w.as('ann').submit(campaigns.ref('spring', { project: 'web' }), made)
        for (const [index, policy] of policies.entries()) await w.gate({ id: `p${index}`, ...policy })
        const created = await asking(w.as('ann').preview(campaigns.ref('other', { project: 'shop' }), made))
        const led = named(policies, 'shop', ways[state as keyof typeof ways])
        const possible = named(policies, 'web', ['edit', 'prepare', 'start', 'stop', 'plan', 'begin'])
        const moved = await asking(w.as('ann').preview(campaigns.ref('spring'), toShop))
        expect(union(moved)).toEqual(union(created, led, possible))
      }),
      { numRuns: runs(60) },
    )
  })

  it('[WO-16] is no way to do elsewhere what is asked here, and to come back, and no freeze lets it go', async () => {
    const w = town(memoryStorage())
    await w
      .as('ann')
      .submit(campaigns.ref('spring', { project: 'web' }), { value: { budget: 5, on: true }, state: 'running' })
    await w.gate({ match: { project: 'web', action: 'stop' }, when: { type: 'any_change', field: '/budget' } })
    const away = await w.as('ann').submit(campaigns.ref('spring'), toShop)
    expect(away.status).toBe('pending')
    const explained = (await w.as('ann').preview(campaigns.ref('spring'), toShop)).explanations
    expect(JSON.stringify(explained)).toContain('in_doubt')
    await w.as('root').policies.remove('reviewed')
    const windows = [{ from: w.now() - 1, until: w.now() + day }]
    await w
      .as('root')
      .freezes.save({ id: 'f', mode: 'block', match: { project: 'web', action: 'begin' }, windows, reason: 'x' })
    expect(await refusal(w.as('root').submit(campaigns.ref('spring'), toShop))).toBe('frozen')
  })

  it('[WO-16] is no way round what a project asks before something runs there, whatever made it run elsewhere', async () => {
    const conditions: readonly PolicyInput['when'][] = [
      undefined,
      { type: 'change_amount', field: '/budget', operator: '>', value: 50 },
      { not: { type: 'any_change', field: '/on' } },
      { not: { type: 'before_after', field: '/budget', operator: '==', value: 5 } },
      { type: 'predicate', name: 'never' },
    ]
    for (const when of conditions) {
      const w = town(memoryStorage())
      await w.gate({ match: { project: 'shop', action: 'start' }, ...(when ? { when } : {}) })
      const spring = campaigns.ref('spring', { project: 'web' })
      const running = { value: { budget: 5, on: true }, state: 'running' }
      expect((await w.as('ann').submit(spring, running)).status).toBe('applied')
      expect((await w.as('ann').submit(campaigns.ref('spring'), toShop)).status).toBe('pending')
    }
  })

  it('[WO-16] that only the clock brings to its state is asked whatever there is, also of what the clock does', async () => {
    const timers = defineResource({
      type: 'timer',
      schema,
      lifecycle: defineLifecycle<Campaign>({
        name: 'timer',
        initial: 'set',
        moves: [
          { from: 'set', action: 'edit', edits: 'any' },
          { from: 'set', action: 'wind', to: 'ticking' },
          { from: 'ticking', action: 'ring', by: 'clock', to: 'rung' },
          { from: 'rung', action: 'reset', to: 'set' },
        ],
      }),
    })
    for (const [action, status] of [
      ['ring', 'pending'],
      ['wind', 'pending'],
      ['reset', 'pending'],
      ['delete', 'applied'],
    ] as const) {
      const w = town(memoryStorage(), [timers])
      const [ref, at] = [timers.ref('egg', { project: 'web' }), w.now() + 1]
      await w.as('ann').submit(ref, { value: { budget: 5, on: false }, state: 'ticking', at })
      w.pass(2)
      await w.approvals.tick()
      await w.gate({ match: { project: 'shop', action } })
      expect((await w.as('ann').submit(timers.ref('egg'), toShop)).status).toBe(status)
    }
  })

  it('[WO-16] is not applied if its type has got a life cycle since, or has none any more', async () => {
    const lifecycle = defineLifecycle<Campaign>({
      name: 'timer',
      initial: 'set',
      moves: [
        { from: 'set', action: 'edit', edits: 'any' },
        { from: 'set', action: 'end', to: 'over' },
      ],
    })
    const plain = { type: 'timer', schema }
    const [none, one] = [defineResource(plain), defineResource({ ...plain, lifecycle })]
    for (const [before, after] of [
      [one, none],
      [none, one],
    ] as const) {
      const storage = memoryStorage()
      const w = town(storage, [before])
      await w.as('ann').submit(before.ref('egg', { project: 'web' }), { value: { budget: 5, on: false } })
      await w.gate({ match: { project: 'shop' } })
      const { id, digest } = pending(await w.as('ann').submit(before.ref('egg'), toShop))
      const later = town(storage, [after])
      const answer = await later
        .as('lee')
        .requests.approve(id, { digest })
        .catch((error) => error)
      expect(answer.request?.status).not.toBe('applied')
      expect((await w.live('ann', before.ref('egg')))?.project).toBe('web')
    }
  })

  it('[WO-16] has its action for itself, whatever a life cycle calls safe', () => {
    const moves = [
      { from: 'a', action: 'edit', edits: 'any' },
      { from: 'a', action: 'change_project', to: 'b', safe: true },
    ] as const
    const lifecycle = defineLifecycle<Campaign>({ name: 'own', initial: 'a', moves })
    expect(() => defineResource({ type: 'own', schema, lifecycle })).toThrow('change_project')
    const actions = { change_project: () => true }
    expect(() => defineResource({ type: 'own', schema, actions })).toThrow('change_project')
  })

  it('[WO-16] waits until what is there for a time is taken back where it was approved', async () => {
    for (const { open } of storages) {
      const w = town(open())
      await flagInWeb(w)
      await w.gate({ match: { project: 'web', action: 'update' } })
      const until = w.now() + day
      const { id, digest } = pending(await w.as('ann').submit(checkout, rollout(90), { revertAt: until }))
      const before = pending(await w.as('ann').submit(checkout, toShop))
      await w.as('lia').requests.approve(id, { digest })
      const locked = await w
        .as('ann')
        .submit(checkout, toShop)
        .catch((error) => error)
      expect(locked).toMatchObject({ code: 'locked', details: { id: 'checkout', request: `${id}-revert`, until } })
      expect(locked.message).toContain(`is locked until ${new Date(until).toISOString()}`)
      const rebased = await w.as('ann').requests.rebase(before.id)
      const approving = w.as('lia').requests.approve(before.id, { digest: rebased.request.digest })
      expect((await approving).request.status).toBe('approved')
      expect(await w.live('ann', checkout)).toMatchObject({ project: 'web', document: { rollout: 90 } })
      w.pass(day)
      await w.approvals.tick()
      expect((await w.live('ann', checkout))?.document).toEqual(value)
      const again = pending(await w.as('ann').submit(checkout, toShop))
      expect((await w.as('lia').requests.approve(again.id, { digest: again.digest })).request.status).toBe('applied')
      expect(await w.live('ann', checkout)).toMatchObject({ project: 'shop', document: value })
      await w.verified()
    }
  })

  it('[WO-16] waits also for what takes it back and has to be approved anew', async () => {
    const w = town(memoryStorage())
    await flagInWeb(w)
    const until = w.now() + day
    expect((await w.as('ann').submit(checkout, rollout(90), { revertAt: until })).status).toBe('applied')
    await w.gate()
    w.pass(day)
    await w.approvals.tick()
    const [back] = (await w.as('lia').requests.list({ status: 'pending' })).requests
    expect(back).toMatchObject({ requester: 'ann', resources: [{ id: 'checkout' }] })
    const locked = { code: 'locked', details: { id: 'checkout', request: back?.id } }
    await expect(w.as('ann').submit(checkout, toShop)).rejects.toMatchObject(locked)
    const { digest } = await w.as('lia').requests.get(back?.id ?? '')
    expect((await w.as('lia').requests.approve(back?.id ?? '', { digest })).request.status).toBe('applied')
    const move = pending(await w.as('ann').submit(checkout, toShop))
    expect((await w.as('lia').requests.approve(move.id, { digest: move.digest })).request.status).toBe('applied')
    expect(await w.live('ann', checkout)).toMatchObject({ project: 'shop', document: value })
    await w.verified()
  })

  it('[WO-16] [PE-02] tells nobody of a project that they may not read, nor of its policies', async () => {
    const w = town(memoryStorage())
    await flagInWeb(w)
    await w.as('ann').submit(flags.ref('cart', { project: 'web' }), { value })
    const require = { quorum: 1, from: { users: ['amy'] } }
    await w.gate({ id: 'secret', mode: 'shadow', match: { project: 'web' }, require })
    await w.gate({
      id: 'known',
      mode: 'shadow',
      match: { project: 'shop' },
      require: { quorum: 1, from: { roles: ['lead'] } },
    })
    const draft = await w.as('ann').draft([
      { ref: checkout, change: toShop },
      { ref: flags.ref('cart'), change: rollout(70) },
    ])
    await w.as('ann').requests.takeOut(draft.id, checkout)
    const { entries } = await w.as('amy').requests.timeline(draft.id)
    expect(entries.length).toBeGreaterThan(1)
    expect(JSON.stringify(entries)).not.toContain('shop')
    expect((await w.as('ann').submit(checkout, toShop)).status).toBe('applied')
    const history = await w.as('sam').resources.history(checkout)
    expect(JSON.stringify(history)).toContain('known')
    expect(JSON.stringify(history)).not.toContain('secret')
  })

  it('[WO-16] is refused of what nobody speaks of there, if its type is', async () => {
    const w = town(memoryStorage())
    await w.gate({ match: { project: 'web' } })
    const ref = experiments.ref('x', { project: 'web' })
    const { id, digest } = pending(await w.as('ann').submit(ref, { value: { name: 'x', traffic: 1 } }))
    await w.as('lee').requests.approve(id, { digest })
    expect(await refusal(w.as('ann').submit(experiments.ref('x'), toShop))).toBe('no_policy')
  })

  it('[WO-16] is for what is there, belongs to a project and is not kept by the application', async () => {
    const w = town(memoryStorage())
    await flagInWeb(w)
    await w.gate({ match: { resource: 'kept' } })
    const ann = w.as('ann')
    const root = w.as('root')
    expect(await refusal(ann.submit(flags.ref('none'), toShop))).toBe('unknown_resource')
    expect(await refusal(ann.submit(checkout, { toProject: 'web' }))).toBe('nothing_changed')
    expect(await refusal(w.as('amy').submit(checkout, toShop))).toBe('not_permitted')
    expect(await refusal(w.as('amy').preview(checkout, toShop))).toBe('not_permitted')
    expect(await refusal(ann.submit(checkout, toShop, { revertAt: w.now() + day }))).toBe('invalid_input')
    expect(await refusal(ann.submit(kept.ref('k'), toShop))).toBe('invalid_input')
    for (const wrong of [
      { toProject: 3 },
      { toProject: 'a/../b\n' },
      { ...toShop, merge: { rollout: 1 } },
      { toProject: null },
    ]) {
      expect(await refusal(ann.submit(checkout, wrong as never))).toBe('invalid_input')
    }
    const policy = { type: 'countersign.policy', id: 'reviewed' }
    expect(await refusal(root.submit(policy as never, toShop as never))).toBe('invalid_input')
    await ann.submit(checkout, { remove: true })
    expect(await refusal(ann.submit(checkout, toShop))).toBe('unknown_resource')
  })

  it('[WO-16] leaves every project, and comes to one', async () => {
    const w = town(memoryStorage())
    await flagInWeb(w)
    await w.gate({ match: { project: 'web' } })
    const { id, digest, projects } = pending(await w.as('ann').submit(checkout, { toProject: '' }))
    expect(projects).toEqual(['web', ''])
    expect((await w.as('lia').requests.approve(id, { digest })).request.status).toBe('applied')
    const live = await w.live('lia', checkout)
    expect([live?.project ?? '', live?.revision]).toEqual(['', 2])
    expect((await w.as('lia').preview(checkout, { toProject: 'web' })).changes[0]?.lines).toEqual([
      'project: none → web',
    ])
    await w.verified()
  })

  it('[WO-16] stays what it was asked as, is drafted, scheduled, put together with others and taken out', async () => {
    const w = town(memoryStorage())
    await flagInWeb(w)
    await w.as('ann').submit(flags.ref('cart', { project: 'web' }), { value })
    await w.gate()
    const both = [
      { ref: checkout, change: toShop },
      { ref: flags.ref('cart'), change: rollout(70) },
    ] as const
    const draft = await w.as('ann').draft(both)
    expect(draft).toMatchObject({ projects: ['web', 'shop'] })
    expect(await refusal(w.as('ann').requests.edit(draft.id, checkout, rollout(9)))).toBe('invalid_input')
    expect(await refusal(w.as('ann').requests.edit(draft.id, flags.ref('cart'), toShop))).toBe('invalid_input')
    const fewer = await w.as('ann').requests.takeOut(draft.id, checkout)
    expect(fewer.request).toMatchObject({ project: 'web' })
    const more = await w.as('ann').requests.add(draft.id, checkout, toShop)
    expect(more.request).toMatchObject({ projects: ['web', 'shop'] })
    const applyAt = w.now() + day
    await w.as('ann').requests.schedule(draft.id, applyAt)
    const { request } = await w.as('ann').requests.submit(draft.id)
    await w.as('lia').requests.approve(draft.id, { digest: request.digest })
    expect((await w.live('ann', checkout))?.project).toBe('web')
    w.pass(day)
    await w.approvals.tick()
    expect(await w.live('ann', checkout)).toMatchObject({ project: 'shop' })
    expect(await w.live('ann', flags.ref('cart'))).toMatchObject({ project: 'web', document: { rollout: 70 } })
    const entry = (await w.as('ann').requests.timeline(draft.id)).entries.find(({ type }) => type === 'submission')
    expect(JSON.stringify(entry)).toContain('project: web → shop')
    await w.verified()
  })

  it('[WO-16] is kept off by a freeze of either project', async () => {
    for (const project of ['web', 'shop']) {
      const w = town(memoryStorage())
      await flagInWeb(w)
      const windows = [{ from: w.now() - 1, until: w.now() + day }]
      await w.as('root').freezes.save({ id: 'release', mode: 'block', match: { project }, windows, reason: 'release' })
      expect(await refusal(w.as('ann').submit(checkout, toShop))).toBe('frozen')
    }
  })

  it('[WO-16] needs what deletes it there and what creates it here, with roles', async () => {
    const w = await accessWorld(memoryStorage())
    const web = flags.ref('checkout', { project: 'web' })
    await w.as('zoe').submit(web, { value })
    const moved = async (user: string) => await refusal(w.as(user).submit(checkout, toShop))
    expect([await moved('vic'), await moved('ann')]).toEqual(['not_permitted', 'not_permitted'])
    const give = async (users: readonly string[], roles: readonly string[]) => {
      const members = [{ users, projects: ['shop'], roles }]
      const { digest } = await w.as('zoe').access.preview(members)
      await w.as('zoe').access.change(members, { digest })
    }
    await give(['ann'], ['viewer'])
    expect(await moved('ann')).toBe('not_permitted')
    await give(['ann'], ['member'])
    await w.as('zoe').access.editors.save(checkout, { type: 'restrict', editors: ['zoe'] })
    expect(await moved('ann')).toBe('not_an_editor')
    await w.as('zoe').access.editors.save(checkout, { type: 'add_editors', editors: ['ann'] })
    expect((await w.as('ann').submit(checkout, toShop)).status).toBe('applied')
    expect(await w.as('ann').access.editors.get(checkout)).toEqual({ type: 'editors', editors: ['zoe', 'ann'] })
    expect((await w.as('zoe').audit.verify()).problems).toEqual([])
  })
})
