import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { defineResource, keyedBy, list, type PolicyInput, type Storage } from '../../src/index.ts'
import { defineLifecycle, experimentLifecycle, winnerTakesAll } from '../../src/lifecycles.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { pending, storages, world } from '../world.ts'

const arms = z.array(z.object({ id: z.string(), share: z.number() }))
const experiment = {
  arms: [
    { id: 'a', share: 50 },
    { id: 'b', share: 50 },
  ],
  note: '',
}
const experiments = defineResource({
  type: 'test',
  schema: z.object({ arms, note: z.string() }),
  shape: { '/arms': keyedBy('id') },
  groups: { weights: ['/arms/*/share'], all: ['/**'] },
  references: () => [],
  lifecycle: experimentLifecycle({ finish: winnerTakesAll({ variants: 'arms', key: 'id', weight: 'share' }) }),
})
const lead = { quorum: 1, from: { roles: ['lead'] } }
const developer = { quorum: 1, from: { roles: ['developer'] } }

async function running(storage: Storage, ...policies: Partial<PolicyInput>[]) {
  const w = world(storage, undefined, [experiments])
  const ref = experiments.ref('x')
  await w.as('ann').submit(ref, { value: experiment })
  await w.as('ann').submit(ref, { action: 'start' })
  for (const [index, policy] of policies.entries()) {
    await w.policy({ id: `p${index}`, match: { resource: 'test', action: 'finish' }, ...policy })
  }
  const asks = async (wanted: object) =>
    (await w.as('ann').preview(ref, wanted as never)).requirements.map(({ require }) => require)
  return { w, ref, asks }
}

const finishes = { 'without a winner': {}, 'with one': { details: { winner: 'b' } } }
const excuses: Readonly<Record<string, NonNullable<PolicyInput['safe']>>> = {
  'by a pattern': [{ field: '/arms/*/share' }],
  'by a group': [{ field: '@weights' }],
  'with everything in the document': [{ field: '/**' }],
  'by its direction': [
    { field: '/arms/*/share', direction: 'increase' },
    { field: '/arms/*/share', direction: 'decrease' },
  ],
}

describe('a step in the life cycle', () => {
  for (const { name, open } of storages) {
    it(`[FA-01] is asked for although everything else that it does is safe (${name})`, async () => {
      const { w, ref } = await running(open(), { safe: [{ field: '/arms/*/share' }] })
      pending(await w.as('ann').submit(ref, { action: 'finish', details: { winner: 'b' } }))
      expect((await w.as('ann').resources.get(ref))?.lifecycle?.state).toBe('running')
    })
  }

  for (const [how, safe] of Object.entries(excuses)) {
    it(`[FA-01] asks with and without what is safe ${how}`, async () => {
      const { asks } = await running(memoryStorage(), { safe })
      for (const details of Object.values(finishes))
        expect(await asks({ action: 'finish', ...details })).toEqual([lead])
    })
  }

  it("[FA-01] is nobody's place: whoever is asked about the others is asked about it", async () => {
    const owners = [{ field: '/arms/*/share', ...developer }]
    const { asks } = await running(memoryStorage(), { require: { owners, otherwise: lead } })
    const winner = await asks({ action: 'finish', details: { winner: 'b' } })
    expect(winner).toEqual([{ ...developer, about: '/arms/*/share' }, lead])
    expect(await asks({ action: 'finish' })).toEqual([lead])
    const safe = await running(memoryStorage(), { require: { owners, otherwise: lead }, safe: [{ field: '/arms/**' }] })
    expect(await safe.asks({ action: 'finish', details: { winner: 'b' } })).toEqual([lead])
  })

  it('[FA-01] is a change of the whole, with or without a place', async () => {
    const { asks } = await running(memoryStorage(), { when: { type: 'any_change', field: '@all' } })
    for (const details of Object.values(finishes)) expect(await asks({ action: 'finish', ...details })).toEqual([lead])
  })

  it('[FA-01] is said to be why a policy asks', async () => {
    const { w, ref } = await running(memoryStorage(), { safe: [{ field: '/arms/*/share' }] })
    const preview = await w.as('ann').preview(ref, { action: 'finish', details: { winner: 'b' } })
    expect(preview.reasons.join()).toContain('finish leads from running to finished')
  })

  it('[FA-01] leaves an edit alone: what is safe stays safe', async () => {
    const gate = { match: { resource: 'test' }, safe: [{ field: '/note' }] }
    const { asks } = await running(memoryStorage(), gate)
    expect(await asks({ merge: { note: 'x' } })).toEqual([])
    expect(await asks({ merge: { note: 'x', arms: [] } })).toEqual([lead])
  })

  it('[FA-01] is asked for although it is a step from a state to itself', async () => {
    const stamped = defineResource({
      type: 'stamped',
      schema: z.object({ seen: z.number() }),
      lifecycle: defineLifecycle<{ seen: number }>({
        name: 'stamped',
        initial: 'open',
        moves: [
          { from: 'open', action: 'edit', edits: 'any', takes: ['ticket'] },
          { from: 'open', action: 'stamp', effect: ({ document }) => ({ seen: document.seen + 1 }) },
        ],
      }),
    })
    const w = world(memoryStorage(), undefined, [stamped])
    await w.as('ann').submit(stamped.ref('s'), { value: { seen: 0 } })
    await w.policy({ match: { resource: 'stamped' }, safe: [{ field: '/seen' }] })
    const status = async (wanted: object) => (await w.as('ann').preview(stamped.ref('s'), wanted as never)).status
    expect(await status({ action: 'stamp' })).toBe('pending')
    expect(await status({ action: 'edit', details: { ticket: 'T-1' }, change: { value: { seen: 7 } } })).toBe('pending')
    expect(await status({ value: { seen: 7 } })).toBe('applied')
  })

  it('[FA-01] counts in what policies would have said of the past', async () => {
    const { w, ref } = await running(memoryStorage())
    await w.as('ann').submit(ref, { action: 'finish', details: { winner: 'b' } })
    const policy = { id: 'f', match: { resource: 'test', action: 'finish' }, safe: [{ field: '/**' }], require: lead }
    expect((await w.as('ann').policies.simulate([policy], { last: 10 })).after.gated).toBe(1)
  })

  it('[FA-01] names one winner: who is there twice wins nothing', async () => {
    const doubled = defineResource({
      type: 'doubled',
      schema: z.object({ arms }),
      references: () => [],
      lifecycle: experimentLifecycle({ finish: winnerTakesAll({ variants: 'arms', key: 'id', weight: 'share' }) }),
    })
    const w = world(memoryStorage(), undefined, [doubled])
    const twice = [
      { id: 'a', share: 50 },
      { id: 'a', share: 50 },
    ]
    await w.as('ann').submit(doubled.ref('x'), { value: { arms: twice } })
    await w.as('ann').submit(doubled.ref('x'), { action: 'start' })
    const finish = w.as('ann').preview(doubled.ref('x'), { action: 'finish', details: { winner: 'a' } })
    await expect(finish).rejects.toMatchObject({ code: 'transition_rejected' })
  })
})

const share = z.object({ share: z.number(), place: z.string() })
const timed = defineResource({
  type: 'timed',
  schema: share,
  facets: { place: ({ place }) => place },
  lifecycle: defineLifecycle<z.infer<typeof share>>({
    name: 'timed',
    initial: 'draft',
    moves: [
      {
        from: 'draft',
        action: 'plan',
        to: 'planned',
        effect: ({ document }) => ({ ...document, share: 20, place: 'eu' }),
      },
      { from: 'planned', action: 'go', by: 'clock', to: 'live', effect: () => ({ share: 80, place: 'us' }) },
    ],
  }),
})

describe('a step that the clock goes on from', () => {
  const rest: Readonly<Record<string, Partial<PolicyInput>>> = {
    'how far the clock goes at a place that the step changes too': {
      when: { type: 'change_amount', field: '/share', operator: '>', value: 50 },
    },
    'what the step itself makes of it, whatever the clock makes of it later': {
      when: { type: 'before_after', field: '/share', operator: '==', value: 20 },
    },
    'the facets in between': { match: { resource: 'timed', facets: { place: 'eu' } } },
    'the facets in the end': { match: { resource: 'timed', facets: { place: 'us' } } },
  }
  for (const [what, policy] of Object.entries(rest)) {
    it(`[FA-01] is judged with ${what}`, async () => {
      const w = world(memoryStorage(), undefined, [timed])
      await w.as('ann').submit(timed.ref('x'), { value: { share: 10, place: 'home' } })
      await w.policy({ match: { resource: 'timed' }, ...policy })
      const planned = await w.as('ann').preview(timed.ref('x'), { action: 'plan', at: w.now() + 1_000 })
      expect(planned.status).toBe('pending')
    })
  }
})

describe('an item that has only its position', () => {
  const schema = z.object({ steps: z.array(z.string()) })
  const shape = { '/steps': list() }
  const value = { steps: ['a', 'b'] }

  it('[FA-02] is no place that an action accounts for: the change is an update as well', async () => {
    const covered = defineResource({
      type: 'covered',
      schema,
      shape,
      actions: { first: { detect: ({ before }) => before !== undefined, covers: ['/steps/0'] } },
    })
    const w = world(memoryStorage(), undefined, [covered])
    await w.as('ann').submit(covered.ref('x'), { value })
    await w.policy({ match: { resource: 'covered', action: 'update' } })
    expect((await w.as('ann').preview(covered.ref('x'), { value: { steps: ['z', 'b'] } })).status).toBe('pending')
  })

  it('[FA-02] is critical where any item could be', async () => {
    const flagged = defineResource({
      type: 'flagged',
      schema,
      shape,
      lifecycle: defineLifecycle({
        name: 'flagged',
        initial: 'live',
        critical: ['/steps/eu/x'],
        moves: [
          { from: 'live', action: 'publish', edits: 'critical' },
          { from: 'live', action: 'edit', edits: 'other' },
        ],
      }),
    })
    const w = world(memoryStorage(), undefined, [flagged])
    await w.as('ann').submit(flagged.ref('x'), { value })
    await w.policy({ match: { resource: 'flagged', action: 'publish' } })
    expect((await w.as('ann').preview(flagged.ref('x'), { value: { steps: ['z', 'b'] } })).status).toBe('pending')
  })
})
