import { z } from 'zod'
import type { Lifecycle } from '../src/core.ts'
import { defineResource, keyedBy, type ResourceRef, type Storage, type WantedChange } from '../src/index.ts'
import { experimentLifecycle, flagLifecycle, remoteConfigLifecycle, savedGroupLifecycle } from '../src/lifecycles.ts'
import { pending, type World, world } from './world.ts'

const variants = z.array(z.strictObject({ key: z.string(), weight: z.number().min(0).max(100) }))

const testSchema = z.strictObject({ name: z.string(), variants })

/** Declares experiments by a life cycle. */
export function testsBy(lifecycle: Lifecycle<z.infer<typeof testSchema>>, type = 'ab_test') {
  return defineResource({ type, schema: testSchema, shape: { '/variants': keyedBy('key') }, lifecycle })
}

export const abTests = testsBy(experimentLifecycle())

/** Experiments of which nothing but the strict table is possible. */
export const strictTests = testsBy(experimentLifecycle({ strict: true }), 'strict_test')

const switchSchema = z.strictObject({
  live: z.boolean(),
  segments: z.array(z.strictObject({ id: z.string(), bucketing: z.string(), countries: z.array(z.string()) })),
  variants,
  exposureEvent: z.string(),
  bucketingSalt: z.string(),
  stickyBucketing: z.boolean(),
  description: z.string(),
})

export type Switch = z.infer<typeof switchSchema>

const switchShape = { '/segments': keyedBy('id'), '/variants': keyedBy('key') }

export const switches = defineResource({
  type: 'switch',
  schema: switchSchema,
  shape: switchShape,
  lifecycle: flagLifecycle({ enabled: 'live' }),
})

/** Switches of which a critical change locks only the critical places. */
export const openSwitches = defineResource({
  type: 'open_switch',
  schema: switchSchema,
  shape: switchShape,
  lifecycle: flagLifecycle({ lock: 'critical' }),
})

export const variables = defineResource({
  type: 'variable',
  schema: z.strictObject({ value: z.string() }),
  lifecycle: remoteConfigLifecycle(),
  references: () => [],
})

/** What refers to groups, by their ids. A group that is not in here is one of which nobody can say. */
export const uses = new Map<string, readonly string[]>()

export const groups = defineResource({
  type: 'saved_group',
  schema: z.strictObject({ values: z.array(z.string()), description: z.string() }),
  lifecycle: savedGroupLifecycle(),
  async references({ id }) {
    const found = uses.get(id)
    if (!found) throw new RangeError('the table of uses is away')
    return found
  },
})

export const types = [abTests, strictTests, switches, openSwitches, variables, groups]

export const abTest = {
  name: 'checkout',
  variants: [
    { key: 'control', weight: 50 },
    { key: 'short', weight: 50 },
  ],
}

export const aSwitch: Switch = {
  live: false,
  segments: [{ id: 'eu', bucketing: 'user', countries: ['DE'] }],
  variants: [
    { key: 'on', weight: 50 },
    { key: 'off', weight: 50 },
  ],
  exposureEvent: 'seen',
  bucketingSalt: 'salt',
  stickyBucketing: false,
  description: '',
}

/** Every action of the life cycles that shows something while it waits. */
export const gatedActions = ['start', 'schedule', 'pause', 'resume', 'publish', 'finish', 'delete', 'activate']

/** The users of a world, and how it is set up. */
type WorldOptions = [users?: Parameters<typeof world>[1], options?: Parameters<typeof world>[3]]

/** A world of resources with life cycles, in which a lead is asked about every action that shows something while it waits. */
export function lifecycleWorld(storage: Storage, ...[users, options]: WorldOptions) {
  const w = world(storage, users, types, options)
  return {
    ...w,
    /** Asks a lead about the actions of the life cycles. */
    gate: (actions: readonly string[] = gatedActions, rules: object = {}) =>
      w.policy({ match: { action: [...actions] }, rules }),
    /** An experiment in a live state, brought there before any policy is there. */
    async test(id: string, state: string, type = abTests) {
      const ref = type.ref(id)
      await w.as('ann').submit(ref, { value: abTest })
      for (const action of ways[state] ?? []) await w.as('ann').submit(ref, inTime(w, { action }))
      return ref
    },
    /** Asks for something, as ann, and gives the request that it became. */
    ask: async <T>(ref: ResourceRef<T>, wanted: WantedChange<NoInfer<T>>, options: object = {}) =>
      pending(await w.as('ann').submit(ref, wanted, options)),
    /** Where a resource is in its life cycle. */
    async standing(ref: ResourceRef) {
      const standing = (await w.approvals.reader('acme').resources.get(ref))?.lifecycle
      if (!standing) throw new TypeError(`There is no ${ref.type} "${ref.id}" with a life cycle.`)
      return standing
    },
  }
}

/** The actions that lead to each state of an experiment. */
const ways: Readonly<Record<string, readonly string[]>> = {
  draft: [],
  scheduled: ['schedule'],
  running: ['start'],
  paused: ['start', 'pause'],
  finished: ['start', 'finish'],
  deleted: ['start', 'finish', 'delete'],
}

/** Adds the time that a schedule needs: in an hour. */
export function inTime({ now }: Pick<World, 'now'>, wanted: { readonly action: string }) {
  return wanted.action === 'schedule' ? { ...wanted, at: now() + hour } : wanted
}

export const hour = 60 * 60 * 1000
