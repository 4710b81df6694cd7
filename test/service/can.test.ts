import { describe, expect, expectTypeOf, it } from 'vitest'
import { type RequestStatus, statuses } from '../../src/core/request/model/status-table.ts'
import { type ActingRequests, type ChangeRequest, isApprovalError, type Permissions } from '../../src/index.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { attempts } from '../attempts.ts'
import { day, pending, rollout, type World, world } from '../world.ts'

const users = { ann: ['developer'], ben: ['lead'], cat: ['lead'], eve: [], root: ['admin'] }
type Reached = Exclude<RequestStatus, 'applying'>

/** The states that a managed resource leads through. */
const reached = statuses.filter((status): status is Reached => status !== 'applying')

/** What is asked for: that a flag becomes another one, goes to another project, or is made. */
const kinds = {
  update: rollout(60),
  move: { toProject: 'shop' },
  creation: { value: { enabled: true, rollout: 60 } },
  /** An update that is to be applied in a day. */
  timed: rollout(60),
} as const
type Kind = keyof typeof kinds

const checkout = { type: 'feature_flag', id: 'checkout' }

/** How a request comes into each state. Wherever somebody can have answered, Cat has. */
const histories: { readonly [S in Reached]: (w: World, kind: Kind) => Promise<ChangeRequest> } = {
  draft: async (w, kind) => w.as('ann').draft(await flag(w, kind), kinds[kind]),
  pending: (w, kind) => answered(w, kind, 'cat'),
  changes_requested: async (w, kind) => {
    const request = await answered(w, kind)
    await w.as('cat').requests.requestChanges(request.id, { digest: request.digest, reason: 'smaller' })
    return request
  },
  approved: (w, kind) => answered(w, kind, 'cat', 'ben'),
  applied: async (w, kind) => {
    const request = await answered(w, kind, 'cat', 'ben')
    await w.as('eve').requests.apply(request.id)
    return request
  },
  rejected: async (w, kind) => {
    const request = await answered(w, kind)
    await w.as('cat').requests.reject(request.id, { digest: request.digest, reason: 'no' })
    return request
  },
  cancelled: async (w, kind) => {
    const request = await answered(w, kind)
    await w.as('ann').requests.cancel(request.id)
    return request
  },
  expired: async (w, kind) => {
    const request = await answered(w, kind, 'cat')
    w.pass(15 * day)
    return request
  },
  failed: async (w, kind) => {
    const request = await answered(w, kind, 'cat', 'ben')
    await (kind === 'creation' ? remade(w) : overtake(w))
    w.pass(day)
    await (kind === 'timed' ? w.approvals.tick() : w.as('eve').requests.apply(request.id))
    return request
  },
}

async function flag(w: World, kind: Kind) {
  await w.flag('cart')
  const ref = kind === 'creation' ? { ...checkout, project: 'web' } : await w.flag('checkout')
  await w.policy({
    require: { quorum: 2, from: { roles: ['lead'] } },
    rules: {
      ...{ apply: kind === 'timed' ? 'on_approval' : 'by_hand', cancel: 'any_time', onStale: 'fail_when_applied' },
      ...{ bypass: ['admin'], breakGlass: ['admin'] },
    },
  })
  return ref
}

async function answered(w: World, kind: Kind, ...approvers: readonly string[]) {
  const ref = await flag(w, kind)
  const timed = kind === 'timed' ? { applyAt: w.now() + day } : {}
  const request = pending(await w.as('ann').submit(ref, kinds[kind] as never, timed))
  for (const user of approvers) await w.as(user).requests.approve(request.id, { digest: request.digest })
  return request
}

/** Does something to the flag while no policy is there. */
async function unasked(w: World, act: (eve: ReturnType<World['as']>) => Promise<unknown>) {
  const [policy] = await w.as('ann').policies.list()
  await w.as('ann').policies.remove('reviewed')
  await act(w.as('eve'))
  if (policy) await w.policy({ require: policy.require, ...(policy.rules ? { rules: policy.rules } : {}) })
}

let writes = 0
const overtake = (w: World) =>
  unasked(w, (eve) => eve.submit(checkout, { merge: { description: `new at ${++writes}` } }))
const moved = (w: World) => unasked(w, (eve) => eve.submit(checkout, { toProject: 'lab' }))
const removed = (w: World) => unasked(w, (eve) => eve.submit(checkout, { remove: true }))

/** Makes the flag anew, which was removed if it was there. */
const remade = (w: World) =>
  unasked(w, async (eve) => {
    if (await eve.resources.get(checkout)) await eve.submit(checkout, { remove: true })
    await eve.submit({ ...checkout, project: 'web' }, { value: { enabled: false, rollout: 1 } })
  })

async function outcome(attempt: Promise<unknown>): Promise<string | true> {
  try {
    await attempt
    return true
  } catch (error) {
    if (isApprovalError(error)) return error.code
    throw error
  }
}

async function stage({ kind, status, twist }: Scene) {
  const w = world(memoryStorage(), users)
  const { id } = await histories[status](w, kind)
  await twist(w)
  return { w, id }
}

interface Scene {
  readonly kind: Kind
  readonly status: Reached
  readonly when: string
  readonly twist: (w: World) => unknown
  readonly of: readonly string[]
}

/** Lets nobody be a lead any more. */
const unled = (w: World) => {
  for (const user of ['ben', 'cat']) w.roles(user, [])
}

const everybody = Object.keys(users)
const concerned = ['ann', 'ben', 'root']

/** Everything that can have happened to the flag meanwhile, to whatever was asked for. */
const twists = [
  { kind: 'update', when: 'as it stands', twist: () => undefined, of: everybody },
  { kind: 'update', when: 'after another write', twist: overtake, of: everybody },
  { kind: 'update', when: 'after it went to another project', twist: moved, of: concerned },
  { kind: 'update', when: 'after it was removed', twist: removed, of: concerned },
  { kind: 'update', when: 'after it was made anew', twist: remade, of: concerned },
  { kind: 'update', when: 'after nobody could approve it', twist: unled, of: concerned },
  { kind: 'move', when: 'as it stands', twist: () => undefined, of: concerned },
  { kind: 'move', when: 'after it went to another project', twist: moved, of: concerned },
  { kind: 'creation', when: 'as it stands', twist: () => undefined, of: concerned },
  { kind: 'creation', when: 'after somebody else has made it', twist: remade, of: concerned },
  { kind: 'timed', when: 'as it stands', twist: () => undefined, of: concerned },
] as const

/** Those states in which what becomes of the flag matters, but for the first two of the twists. */
const alive = ['draft', 'pending', 'changes_requested', 'approved', 'expired', 'failed'] as const
const scenes = twists.flatMap((one, at): readonly Scene[] =>
  (at < 2 ? reached : alive).map((status) => ({ ...one, status })),
)

describe('what a reader can do with a request', () => {
  it('is told by the names of the methods that do it', () => {
    expectTypeOf<keyof Permissions>().toExtend<keyof ActingRequests>()
    for (const method of Object.keys(attempts)) expect(world(memoryStorage()).as('ann').requests).toHaveProperty(method)
  })

  it.each(scenes)('[BY-05] [F1] is what happens when they do it, or why not: $kind, $status, $when', async (scene) => {
    for (const user of scene.of) {
      const { w, id } = await stage(scene)
      const request = await w.as(user).requests.get(id)
      expect(Object.keys(request.can).toSorted()).toEqual(Object.keys(attempts).toSorted())
      for (const [method, attempt] of Object.entries(attempts)) {
        const can = request.can[method as keyof Permissions]
        const told = can === true ? true : can.code
        const there = can === true ? await stage(scene) : { w, id }
        const found = await outcome(attempt(there.w.as(user), request, there.w.now()))
        expect([user, method, found]).toEqual([user, method, told])
      }
    }
  })

  it.each(scenes)('[ST-07] names as remedies what is accepted, and leads on: $kind, $status, $when', async (scene) => {
    const { w, id } = await stage(scene)
    const { remedies = [] } = await w.as('ann').requests.get(id)
    const named = remedies.flatMap((one) => (one.type === 'people' ? one : []))
    for (const { method, users: able, needs } of named) {
      for (const user of able) {
        const there = await stage(scene)
        const before = await there.w.as(user).requests.get(id)
        expect([method, needs]).toEqual([method, method === 'submit' && scene.kind === 'timed' ? 'applyAt' : undefined])
        const answers = before.changes.flatMap(({ conflicts }) => conflicts)
        if (method === 'resolve') {
          const resolutions = answers.map(({ digest }) => ({ conflict: digest, take: 'draft' }) as const)
          await there.w.as(user).requests.resolve(id, resolutions)
        } else await attempts[method](there.w.as(user), before, there.w.now())
        const { status, approval } = await there.w.as(user).requests.get(id)
        expect([method, status, approval?.satisfiable]).not.toEqual([method, 'failed', undefined])
        expect([method, approval?.satisfiable ?? true]).toEqual([method, method !== 'recall' || status === 'draft'])
      }
    }
  })

  it.each(scenes.filter(({ kind, of }) => kind === 'update' && of === everybody))(
    '[PE-01] is nothing for whom the directory does not know: $status, $when',
    async (scene) => {
      const { w, id } = await stage(scene)
      const request = await w.as('ann').requests.get(id)
      const calls = [() => w.as('zoe').requests.get(id)]
      const verbs = Object.values(attempts).map((attempt) => () => attempt(w.as('zoe'), request, w.now()))
      for (const call of [...calls, ...verbs]) expect(await outcome(call())).toBe('unknown_actor')
    },
  )
})
