import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { createApprovals, defineResource, type PolicyInput, type Storage, staticDirectory } from '../../src/index.ts'
import { defineLifecycle, experimentLifecycle, flagLifecycle } from '../../src/lifecycles.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { accessWorld } from '../access-world.ts'
import { runs } from '../runs.ts'
import { pending, refusal, storages, world } from '../world.ts'

const campaignSchema = z.object({ budget: z.number(), log: z.array(z.string()), on: z.boolean() })
type Campaign = z.infer<typeof campaignSchema>
const noted = (what: string) => (situation: { readonly document: Campaign }) => ({
  ...situation.document,
  log: [...situation.document.log, what],
})
const states = ['draft', 'ready', 'running', 'paused', 'planned']

/** A campaign whose actions leave a note each time that they are done: doing one twice would show. */
const lifecycle = defineLifecycle<Campaign>({
  name: 'campaign',
  initial: 'draft',
  follows: { on: Object.fromEntries(states.map((state) => [state, state === 'running'])) },
  moves: [
    { from: 'draft', action: 'edit', edits: 'any' },
    { from: 'draft', action: 'prepare', to: 'ready', effect: noted('prepared') },
    {
      from: 'ready',
      action: 'start',
      pending: 'starting',
      to: 'running',
      guard: ({ document }) => (document.budget > 1_000 ? 'it costs too much' : undefined),
      effect: noted('started'),
    },
    { from: 'running', action: 'pause', to: 'paused' },
    { from: 'ready', action: 'plan', to: 'planned' },
    { from: 'planned', action: 'start', by: 'clock', to: 'running', effect: noted('started by the clock') },
  ],
})
const campaigns = defineResource({ type: 'campaign', schema: campaignSchema, lifecycle })
const value: Campaign = { budget: 10, log: [], on: false }
const running = { value: { ...value, on: true }, state: 'running' } as const

function office(storage: Storage, types = [campaigns]) {
  return world(storage, undefined, types as never)
}

describe('a resource that begins in a later state', () => {
  it('[WO-16] begins in another state by an edit that says so, with its own time and way', async () => {
    const tests = defineResource({
      type: 'test',
      schema: z.object({ n: z.number() }),
      lifecycle: experimentLifecycle(),
    })
    const w = world(memoryStorage(), undefined, [tests])
    await w.policy({ match: { resource: 'test' } })
    const [ref, at] = [tests.ref('x'), w.now() + 1_000]
    const { id } = pending(await w.as('ann').submit(ref, { value: { n: 1 }, state: 'scheduled', at, imported: true }))
    const { requests } = w.as('ann')
    const edit = async (change: never) =>
      await requests.edit(id, ref, change, { digest: (await requests.get(id)).digest })
    const move = async () => (await requests.get(id)).changes[0]?.move
    await edit({ value: { n: 2 } } as never)
    expect(await move()).toMatchObject({ to: 'scheduled', imported: true, dueAt: at })
    await edit({ value: { n: 2 }, state: 'scheduled', at: at + 1 } as never)
    expect(await move()).toMatchObject({ to: 'scheduled', dueAt: at + 1, path: [{ action: 'schedule' }] })
    expect(await move()).not.toHaveProperty('imported')
    expect(await refusal(edit({ value: { n: 2 }, state: 'scheduled', at: w.now() } as never))).toBe('invalid_input')
    await edit({ value: { n: 2 }, state: 'paused' } as never)
    expect(await move()).toMatchObject({ to: 'paused', path: [{ action: 'start' }, { action: 'pause' }] })
    const { digest } = await requests.get(id)
    expect((await w.as('ben').requests.approve(id, { digest })).request.status).toBe('applied')
    expect((await w.as('ann').resources.get(ref))?.lifecycle?.state).toBe('paused')
    expect((await w.as('ann').audit.verify()).problems).toEqual([])
  })

  for (const { name, open } of storages) {
    it(`[WO-16] is asked about as the actions that lead there are, and walks through them (${name})`, async () => {
      const w = office(open())
      await w.policy({ match: { resource: 'campaign', action: 'start' } })
      const ref = campaigns.ref('x', { project: 'web' })
      const preview = await w.as('ann').preview(ref, running)
      expect(preview).toMatchObject({ status: 'pending', requirements: [{ policy: 'reviewed' }] })
      const request = pending(await w.as('ann').submit(ref, running))
      expect(request.changes[0]?.lines).toEqual([
        'create: state none → draft',
        'prepare: state draft → ready',
        'prepare: log: [] → ["prepared"]',
        'start: state ready → running',
        'start: log: ["prepared"] → ["prepared","started"]',
        'start: on: false → true',
        'budget: added 10',
        'log: added ["prepared","started"]',
        'on: added true',
      ])
      expect(request.changes[0]?.actions).toEqual(['create', 'prepare', 'start'])
      expect(await w.as('ann').resources.get(ref)).toBeUndefined()
      const { request: applied } = await w.as('ben').requests.approve(request.id, { digest: request.digest })
      expect(applied.status).toBe('applied')
      expect(await w.as('ann').resources.get(ref)).toMatchObject({
        ...{ revision: 1, document: { log: ['prepared', 'started'], on: true }, lifecycle: { state: 'running' } },
      })
      const [revision] = await w.as('ann').resources.history(ref)
      expect(revision?.move).toEqual({
        ...{ action: 'create', to: 'running' },
        path: [
          { action: 'prepare', from: 'draft', to: 'ready' },
          { action: 'start', from: 'ready', to: 'running' },
        ],
      })
      expect((await w.as('ann').resources.list({ type: 'campaign', state: 'running' })).resources).toHaveLength(1)
      expect((await w.as('ann').audit.verify()).problems).toEqual([])
    })

    it(`[WO-16] is imported by who may change the settings alone, on record (${name})`, async () => {
      const storage = open()
      const directory = staticDirectory({ ann: ['developer'], ben: ['lead'], root: ['admin'] })
      const approvals = createApprovals({ storage, resources: [campaigns], directory, admins: { roles: ['admin'] } })
      const as = (user: string) => approvals.as({ tenant: 'acme', user })
      const lead = { quorum: 1, from: { roles: ['lead'] } }
      await as('root').policies.save({ id: 'start', match: { resource: 'campaign', action: 'start' }, require: lead })
      const imported = { ...running, imported: true } as const
      for (const call of [
        () => as('ann').submit(campaigns.ref('x'), imported),
        () => as('ann').preview(campaigns.ref('x'), imported),
        () => as('ann').draft(campaigns.ref('x'), imported),
      ])
        expect(await refusal(call())).toBe('not_permitted')
      const made = await as('root').submit(campaigns.ref('x'), imported, { reason: 'from the old tool' })
      expect(made).toMatchObject({ status: 'applied', revision: 1 })
      expect(made.status === 'applied' && made.changes[0]?.lines[0]).toBe(
        'create: state none → running, imported without the actions that lead there',
      )
      expect(await as('root').resources.get(campaigns.ref('x'))).toMatchObject({
        ...{ document: { log: [], on: true }, lifecycle: { state: 'running' } },
      })
      const [revision] = await as('root').resources.history(campaigns.ref('x'))
      expect(revision).toMatchObject({
        ...{ author: 'root', message: 'from the old tool', move: { action: 'create', to: 'running', imported: true } },
      })
      await as('root').policies.save({ id: 'new', match: { resource: 'campaign', action: 'create' }, require: lead })
      const asked = pending(await as('root').submit(campaigns.ref('y'), imported))
      expect(asked.requirements.map(({ policy }) => policy)).toEqual(['new'])
      const { request } = await as('ben').requests.approve(asked.id, { digest: asked.digest })
      expect(request.status).toBe('applied')
      expect((await as('root').audit.verify()).problems).toEqual([])
    })
  }

  it('[WO-16] is applied by nobody who could not import it any more', async () => {
    const w = world(memoryStorage(), undefined, [campaigns], { admins: { roles: ['developer'] } })
    await w.policy({ match: { resource: 'campaign', action: 'create' } })
    const asked = pending(await w.as('ann').submit(campaigns.ref('x'), { ...running, imported: true }))
    w.roles('ann', [])
    const { request } = await w.as('ben').requests.approve(asked.id, { digest: asked.digest })
    expect(request).toMatchObject({ status: 'approved', withheld: { code: 'not_permitted' } })
    expect(await refusal(w.as('ben').requests.apply(asked.id))).toBe('not_permitted')
    expect((await w.as('dan').requests.apply(asked.id)).request.status).toBe('applied')
  })

  it('[WO-16] takes the permissions of the actions that lead there', async () => {
    const needing = defineResource({
      ...{ type: 'campaign', schema: campaignSchema, lifecycle },
      permissions: { create: 'flags.create', update: 'flags.edit', start: 'approval_settings.edit' },
    })
    const w = await accessWorld(memoryStorage(), undefined, [needing])
    const ref = needing.ref('x', { project: 'web' })
    expect(await refusal(w.as('ann').submit(ref, running))).toBe('not_permitted')
    expect(await w.as('ann').submit(ref, { value, state: 'ready' })).toMatchObject({ status: 'applied' })
    expect(await refusal(w.as('ann').submit(ref, { action: 'start' }))).toBe('not_permitted')
    expect(await w.as('zoe').submit(needing.ref('y', { project: 'web' }), running)).toMatchObject({ status: 'applied' })
  })

  it('[WO-16] is asked at least what creating it and each action by itself would be asked', async () => {
    const actions = ['create', 'prepare', 'start', 'pause', 'update', 'edit']
    const fields = ['/budget', '/log', '/on']
    const condition = fc.constantFrom(...fields).map((field) => ({ type: 'any_change', field }) as const)
    const policy = fc.record({
      action: fc.option(fc.constantFrom(...actions), { nil: undefined }),
      when: fc.option(
        fc.oneof(
          condition,
          condition.map((not) => ({ not })),
        ),
        { nil: undefined },
      ),
    })
    await fc.assert(
      fc.asyncProperty(
        fc.array(policy, { minLength: 1, maxLength: 4 }),
        fc.constantFrom('draft', 'ready', 'running', 'paused'),
        async (policies, state) => {
          const walked = office(memoryStorage())
          const ways: Readonly<Record<string, readonly string[]>> = {
            ...{ draft: [], ready: ['prepare'], running: ['prepare', 'start'], paused: ['prepare', 'start', 'pause'] },
          }
          const all = policies.map(({ action, when }, at): PolicyInput => {
            const match = { resource: 'campaign', ...(action === undefined ? {} : { action }) }
            const require = { quorum: 1, from: { roles: ['lead'] } }
            return { id: `p${at}`, match, require, rules: { bypass: ['lead'] }, ...(when ? { when } : {}) }
          })
          for (const one of all) await walked.as('ann').policies.save(one)
          const ref = campaigns.ref('x')
          const asked = new Set<string>()
          const step = async (wanted: object) => {
            const { requirements } = await walked.as('ben').preview(ref, wanted as never)
            for (const one of requirements) asked.add(one.policy)
            await walked.as('ben').bypass(ref, wanted as never, { reason: 'to look' })
          }
          await step({ value })
          for (const action of ways[state] ?? []) await step({ action })
          const whole = { value: { ...value, on: state === 'running' }, state }
          const begun = await walked.as('ann').preview(campaigns.ref('y'), whole)
          const told = begun.requirements.map((one) => one.policy)
          expect([...asked].filter((one) => !told.includes(one))).toEqual([])
          const there = await walked.as('ann').resources.get(ref)
          expect(begun.changes[0]?.after).toEqual(there?.document)
        },
      ),
      { numRuns: runs(40) },
    )
  })

  it('[WO-16] is refused where its type is gated and no policy speaks of a step', async () => {
    const gated = defineResource({ type: 'campaign', schema: campaignSchema, lifecycle, gated: true })
    const w = office(memoryStorage(), [gated])
    await w.policy({ match: { resource: 'campaign', action: ['create', 'prepare'] } })
    expect((await w.as('ann').preview(gated.ref('x'), { value, state: 'ready' })).status).toBe('pending')
    expect(await refusal(w.as('ann').preview(gated.ref('x'), running))).toBe('no_policy')
  })

  it('[WO-16] waits for the end of a freeze of an action that leads there', async () => {
    const w = office(memoryStorage())
    const windows = [{ from: w.now() - 1_000, until: w.now() + 1_000 }]
    const frozen = { id: 'sale', match: { resource: 'campaign', action: 'start' }, reason: 'the sale' }
    await w.as('ann').freezes.save({ ...frozen, windows, mode: 'block' } as never)
    expect(await refusal(w.as('ann').submit(campaigns.ref('x'), running))).toBe('frozen')
    expect(await w.as('ann').submit(campaigns.ref('x'), { value, state: 'ready' })).toMatchObject({ status: 'applied' })
  })

  it('[WO-16] can be drafted, edited and rebased: what actions did is done once, on what is there then', async () => {
    const w = office(memoryStorage())
    await w.policy({ match: { resource: 'campaign', action: 'start' } })
    const ref = campaigns.ref('x')
    const draft = await w.as('ann').draft(ref, running)
    const edited = await w.as('ann').requests.edit(draft.id, ref, { merge: { budget: 20 } }, { digest: draft.digest })
    expect(edited.request.status).toBe('draft')
    const { request } = await w.as('ann').requests.submit(draft.id)
    const shown = await w.as('ben').requests.get(draft.id)
    expect(shown.changes[0]?.after).toEqual({ budget: 20, log: ['prepared', 'started'], on: true })
    const done = await w.as('ben').requests.approve(request.id, { digest: request.digest })
    expect(done.request.status).toBe('applied')
    expect(
      await refusal(w.as('ann').requests.edit(draft.id, ref, { merge: { budget: 30 } }, { digest: request.digest })),
    ).toBe('not_open')
    const again = pending(await w.as('ann').submit(campaigns.ref('y'), running))
    expect(
      await refusal(
        w.as('ann').requests.edit(again.id, campaigns.ref('y'), { merge: { budget: 2_000 } }, { digest: again.digest }),
      ),
    ).toBe('transition_rejected')
  })

  it('[WO-16] is not applied once its actions would do something else', async () => {
    const storage = memoryStorage()
    const w = office(storage)
    await w.policy({ match: { resource: 'campaign', action: 'start' } })
    const { id, digest } = pending(await w.as('ann').submit(campaigns.ref('x'), running))
    const other = defineResource({
      ...{ type: 'campaign', schema: campaignSchema },
      lifecycle: defineLifecycle<Campaign>({
        ...{ name: 'campaign', initial: 'draft' },
        follows: { on: { draft: false, ready: false, running: true } },
        moves: [
          { from: 'draft', action: 'prepare', to: 'ready', effect: noted('prepared otherwise') },
          { from: 'ready', action: 'start', to: 'running', effect: noted('started') },
        ],
      }),
    })
    const deployed = office(storage, [other] as never)
    const { request } = await deployed.as('ben').requests.approve(id, { digest })
    expect(request).toMatchObject({ status: 'failed', failure: { code: 'transition_rejected' } })
  })

  it('[WO-16] that the clock ends says when, and begins by the clock at its time', async () => {
    const w = office(memoryStorage())
    const planned = { value, state: 'planned' } as const
    expect(await refusal(w.as('ann').submit(campaigns.ref('x'), planned))).toBe('invalid_input')
    expect(await refusal(w.as('ann').submit(campaigns.ref('x'), { ...planned, at: w.now() }))).toBe('invalid_input')
    expect(await refusal(w.as('ann').submit(campaigns.ref('x'), { ...running, at: w.now() + 1 }))).toBe('invalid_input')
    expect(await refusal(w.as('ann').submit(campaigns.ref('x'), { value, state: 'draft', at: w.now() + 1 }))).toBe(
      'invalid_input',
    )
    await w.as('ann').submit(campaigns.ref('x'), { ...planned, at: w.now() + 1_000 })
    await w.as('ann').submit(campaigns.ref('y'), { ...planned, at: w.now() + 1_000, imported: true })
    expect(await refusal(w.as('ann').submit(campaigns.ref('z'), { ...planned, imported: true }))).toBe('invalid_input')
    w.pass(1_000)
    await w.approvals.tick()
    for (const [id, log] of [
      ['x', ['prepared', 'started by the clock']],
      ['y', ['started by the clock']],
    ] as const) {
      const there = await w.as('ann').resources.get(campaigns.ref(id))
      expect(there).toMatchObject({ document: { log, on: true }, lifecycle: { state: 'running' } })
    }
    expect((await w.as('ann').audit.verify()).problems).toEqual([])
  })

  it('[WO-16] is refused in a state that there is not, that nothing leads to, or that it is not in', async () => {
    const plain = defineResource({ type: 'plain', schema: campaignSchema })
    const flags = defineResource({
      ...{ type: 'flag', schema: z.object({ on: z.boolean() }) },
      lifecycle: flagLifecycle({ enabled: 'on', critical: ['/on'] }),
    })
    const tests = defineResource({ type: 'test', schema: z.object({}), lifecycle: experimentLifecycle() })
    const lone = defineResource({
      ...{ type: 'lone', schema: z.object({}) },
      lifecycle: defineLifecycle({
        ...{ name: 'lone', initial: 'a' },
        moves: [
          { from: 'a', action: 'wait', to: 'b' },
          { from: 'b', action: 'end', by: 'clock', to: 'c' },
          { from: 'c', action: 'go', to: 'd' },
        ],
      }),
    })
    const w = office(memoryStorage(), [campaigns, plain, flags, tests, lone] as never)
    const submit = (ref: object, wanted: object) => w.as('ann').submit(ref as never, wanted as never)
    await submit(campaigns.ref('there'), { value })
    const refused: readonly (readonly [object, object, string])[] = [
      [campaigns.ref('x'), { ...running, state: 'runing' }, 'change.state.*did you mean "running"'],
      [campaigns.ref('there'), running, 'change.state.*is in state "draft".*ask for one of its actions'],
      [plain.ref('x'), { value, state: 'draft' }, 'no life cycle'],
      [lone.ref('x'), { value: {}, state: 'd' }, 'change.state.*cannot be reached.*imported: true'],
      [campaigns.ref('x'), { ...running, imported: false }, 'change.imported'],
      [campaigns.ref('x'), { ...running, import: true }, 'no property "import"'],
      [campaigns.ref('x'), { ...running, state: '' }, 'change.state'],
    ]
    for (const [ref, wanted, message] of refused) {
      const told = expect.stringMatching(new RegExp(message, 's'))
      await expect(submit(ref, wanted)).rejects.toMatchObject({ code: 'invalid_input', message: told })
    }
    expect(await refusal(submit(flags.ref('f'), { value: { on: false }, state: 'active' }))).toBe('follows_state')
    expect(await refusal(submit(campaigns.ref('x'), { ...running, value: { ...running.value, budget: 2_000 } }))).toBe(
      'transition_rejected',
    )
    expect(await submit(lone.ref('x'), { value: {}, state: 'd', imported: true })).toMatchObject({ status: 'applied' })
    expect(await submit(tests.ref('t'), { value: {}, state: 'finished' })).toMatchObject({ status: 'applied' })
    expect((await w.as('ann').resources.history(tests.ref('t')))[0]?.actions).toEqual(['create', 'start', 'finish'])
  })
})
