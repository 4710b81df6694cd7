import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { createApprovals, defineResource, type JsonValue, type Notice, staticDirectory } from '../../src/index.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { runs } from '../runs.ts'
import { flags, pending, rollout, start } from '../world.ts'
import { hour, settled } from './hosts.ts'

/** What a tenant's part of the host does once it misbehaves, whenever it is asked. */
const faults = ['hangs', 'throws', 'answers something else'] as const
const parts = ['directory', 'notifier', 'system'] as const
type Fault = (typeof faults)[number]
type Faults = Readonly<Partial<Record<(typeof parts)[number], Fault>>>

/** What is due of a tenant: a change whose time comes, here or in the other system, or one that nobody answers. */
const things = ['scheduled', 'outside', 'unanswered'] as const

const tenant = fc.record({
  due: fc.array(fc.constantFrom(...things), { minLength: 1, maxLength: 6 }),
  faults: fc.option(
    fc.dictionary(fc.constantFrom(...parts), fc.constantFrom(...faults), { minKeys: 1 }) as fc.Arbitrary<Faults>,
    { nil: {} as Faults, freq: 1 },
  ),
})
const town = fc.record({
  tenants: fc.array(tenant, { minLength: 2, maxLength: 6 }),
  limit: fc.integer({ min: 3, max: 40 }),
})
type Town = typeof town extends fc.Arbitrary<infer T> ? T : never

const ending = { scheduled: 'applied', outside: 'applied', unanswered: 'expired' } as const

function misbehave(fault: Fault): unknown {
  if (fault === 'throws') throw new Error('out of order')
  return fault === 'hangs' ? new Promise(() => {}) : 'something else'
}

/** A host of many tenants, over one system elsewhere. Some tenants misbehave, as long as that lasts. */
function host({ tenants }: Pick<Town, 'tenants'>) {
  const state = { time: start, isBad: false }
  const elsewhere = new Map<string, JsonValue>()
  const notices: Notice[] = []
  const people = staticDirectory({ ann: ['dev'], ben: ['lead'] })
  const faultOf = (name: string, part: keyof Faults) =>
    state.isBad ? tenants[Number(name.slice('tenant-'.length))]?.faults[part] : undefined
  const asked = <A>(name: string, part: keyof Faults, honest: () => A): A => {
    const fault = faultOf(name, part)
    return fault ? (misbehave(fault) as A) : honest()
  }
  const prices = defineResource({
    type: 'price',
    schema: z.object({ cents: z.number() }),
    external: {
      read: async ({ tenant, id }) =>
        asked(tenant, 'system', () => elsewhere.get(`${tenant} ${id}`) as { cents: number } | undefined),
      write: async ({ tenant, id }, document) =>
        asked(tenant, 'system', () => void elsewhere.set(`${tenant} ${id}`, document ?? null)),
    },
  })
  const approvals = createApprovals({
    storage: memoryStorage(),
    resources: [flags, prices],
    admins: 'anyone',
    directory: {
      users: (scope, ids) => asked(scope.tenant, 'directory', () => people.users(scope, ids)),
      holders: (scope, role) => asked(scope.tenant, 'directory', () => people.holders(scope, role)),
      roles: (scope, names) => asked(scope.tenant, 'directory', () => people.roles?.(scope, names) ?? []),
    },
    notifiers: [
      {
        name: 'mail',
        deliver: async (notice) => {
          await asked(notice.tenant, 'notifier', () => notices.push(notice))
        },
      },
    ],
    now: () => state.time,
  })
  return {
    approvals,
    prices,
    state,
    notices,
    elsewhere,
    as: (name: string, user: string) => approvals.as({ tenant: name, user }),
  }
}

/** What is said of an answer does not make it one: a fault that is no error leaves a notice delivered, and a write as it was read back. */
const isHarmless = ({ notifier }: Faults) => notifier === undefined || notifier === 'answers something else'

/** Lets a tenant have so many things that will be due. */
async function prepare({ as, prices }: ReturnType<typeof host>, name: string, due: readonly (typeof things)[number][]) {
  const [ann, ben] = [as(name, 'ann'), as(name, 'ben')]
  for (const at of due.keys()) {
    const project = due[at] === 'unanswered' ? 'soon' : 'late'
    await ann.submit(flags.ref(`f${at}`, { project }), { value: { enabled: true, rollout: 1 } })
    await ann.submit(prices.ref(`p${at}`), { value: { cents: 1 } })
  }
  const require = { quorum: 1, from: { roles: ['lead'] } }
  await ben.policies.save({ id: 'lead', match: {}, require, rules: { expiresAfter: '9d' } })
  await ben.policies.save({
    id: 'soon',
    match: { project: 'soon' },
    require,
    rules: { expiresAfter: '2h', remindEvery: '1h' },
  })
  const ids: string[] = []
  for (const [at, thing] of due.entries()) {
    const when = thing === 'unanswered' ? {} : { applyAt: start + hour }
    const { id, digest } = pending(
      thing === 'outside'
        ? await ann.submit(prices.ref(`p${at}`), { value: { cents: 2 } }, when)
        : await ann.submit(flags.ref(`f${at}`), rollout(2), when),
    )
    if (thing !== 'unanswered') await ben.requests.approve(id, { digest })
    ids.push(id)
  }
  return ids
}

describe('tenants of one host', () => {
  beforeAll(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
  afterAll(() => void vi.useRealTimers())

  it('[ST-01, ST-02] have everything done in time whatever the others do, and the others once they behave', {
    timeout: 3_600_000,
  }, async () => {
    await fc.assert(fc.asyncProperty(town, lived), { numRuns: runs(25) })
  })
})

async function lived({ tenants, limit }: Town): Promise<void> {
  vi.clearAllTimers()
  const h = host({ tenants })
  const { approvals, state, notices, as } = h
  const names = tenants.map((_, at) => `tenant-${at}`)
  const ids = new Map<string, readonly string[]>()
  for (const [at, name] of names.entries()) ids.set(name, await prepare(h, name, tenants[at]?.due ?? []))
  await ticked(h, 1_000, 20)
  notices.length = 0

  state.isBad = true
  state.time = start + 2 * hour
  await ticked(h, limit, 25)
  const well = names.filter((_, at) => Object.keys(tenants[at]?.faults ?? {}).length === 0)
  for (const name of well) await check(name)

  state.isBad = false
  for (let hours = 0; hours < 3; hours++) {
    state.time += hour
    await ticked(h, limit, 25)
  }
  for (const name of names) await check(name)

  async function check(name: string): Promise<void> {
    const at = names.indexOf(name)
    const right = tenants[at]?.due.map((thing) => ending[thing])
    const found = await Promise.all((ids.get(name) ?? []).map((id) => as(name, 'ann').requests.get(id)))
    expect(
      found.map(({ status }) => status),
      `${name} ${JSON.stringify(found.map(({ failure }) => failure))}`,
    ).toEqual(right)
    const told = notices.filter((notice) => notice.tenant === name && ['applied', 'expired'].includes(notice.type))
    if (isHarmless(tenants[at]?.faults ?? {}) && !state.isBad) return
    expect(new Set(told.map(({ request, type }) => `${request} ${type}`))).toEqual(
      new Set(found.map(({ id, status }) => `${id} ${status}`)),
    )
    expect((await as(name, 'ann').audit.verify()).problems).toEqual([])
  }

  async function ticked({ approvals: one }: typeof h, most: number, calls: number): Promise<void> {
    for (let call = 0; call < calls; call++) {
      const outcome = await settled(one.tick({ limit: most }))
      expect(outcome?.status).toBe('fulfilled')
      state.time += 1_000
    }
  }
  await approvals.tick()
}
