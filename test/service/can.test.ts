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

/** How a request comes into each state. Wherever somebody can have answered, Cat has. */
const histories: { readonly [S in Reached]: (w: World) => Promise<ChangeRequest> } = {
  draft: async (w) => w.as('ann').draft(await flag(w), rollout(60)),
  pending: (w) => answered(w, 'cat'),
  changes_requested: async (w) => {
    const request = await answered(w)
    await w.as('cat').requests.requestChanges(request.id, { digest: request.digest, reason: 'smaller' })
    return request
  },
  approved: (w) => answered(w, 'cat', 'ben'),
  applied: async (w) => {
    const request = await answered(w, 'cat', 'ben')
    await w.as('eve').requests.apply(request.id)
    return request
  },
  rejected: async (w) => {
    const request = await answered(w)
    await w.as('cat').requests.reject(request.id, { digest: request.digest, reason: 'no' })
    return request
  },
  cancelled: async (w) => {
    const request = await answered(w)
    await w.as('ann').requests.cancel(request.id)
    return request
  },
  expired: async (w) => {
    const request = await answered(w, 'cat')
    w.pass(15 * day)
    return request
  },
  failed: async (w) => {
    const request = await answered(w, 'cat', 'ben')
    await overtake(w)
    await w.as('eve').requests.apply(request.id)
    return request
  },
}

async function flag(w: World) {
  const ref = await w.flag('checkout')
  await w.policy({
    require: { quorum: 2, from: { roles: ['lead'] } },
    rules: {
      ...{ apply: 'by_hand', cancel: 'any_time', onStale: 'fail_when_applied' },
      ...{ bypass: ['admin'], breakGlass: ['admin'] },
    },
  })
  return ref
}

async function answered(w: World, ...approvers: readonly string[]) {
  const request = pending(await w.as('ann').submit(await flag(w), rollout(60)))
  for (const user of approvers) await w.as(user).requests.approve(request.id, { digest: request.digest })
  return request
}

let writes = 0

/** Writes to the flag while no policy is there. */
async function overtake(w: World) {
  const [policy] = await w.as('ann').policies.list()
  await w.as('ann').policies.remove('reviewed')
  await w.as('eve').submit({ type: 'feature_flag', id: 'checkout' }, { merge: { description: `new at ${++writes}` } })
  if (policy) await w.policy({ require: policy.require, ...(policy.rules ? { rules: policy.rules } : {}) })
}

async function outcome(attempt: Promise<unknown>): Promise<string | true> {
  try {
    await attempt
    return true
  } catch (error) {
    if (isApprovalError(error)) return error.code
    throw error
  }
}

async function stage(status: Reached, twist: (w: World) => unknown) {
  const w = world(memoryStorage(), users)
  const { id } = await histories[status](w)
  await twist(w)
  return { w, id }
}

const twists = { 'as it stands': () => undefined, 'after another write': overtake } as const

describe('what a reader can do with a request', () => {
  it('is told by the names of the methods that do it', () => {
    expectTypeOf<keyof Permissions>().toExtend<keyof ActingRequests>()
    for (const method of Object.keys(attempts)) expect(world(memoryStorage()).as('ann').requests).toHaveProperty(method)
  })

  for (const [when, twist] of Object.entries(twists)) {
    it.each(reached)(`[BY-05] [F1] is what happens when they do it, or why not, while %s, ${when}`, async (status) => {
      for (const user of Object.keys(users)) {
        const { w, id } = await stage(status, twist)
        const request = await w.as(user).requests.get(id)
        expect(Object.keys(request.can).toSorted()).toEqual(Object.keys(attempts).toSorted())
        for (const [method, attempt] of Object.entries(attempts)) {
          const can = request.can[method as keyof Permissions]
          const told = can === true ? true : can.code
          const scene = can === true ? await stage(status, twist) : { w, id }
          const found = await outcome(attempt(scene.w.as(user), request, scene.w.now()))
          expect([user, method, found]).toEqual([user, method, told])
        }
      }
    })

    it.each(reached)(`[PE-01] is nothing for whom the directory does not know, while %s, ${when}`, async (status) => {
      const { w, id } = await stage(status, twist)
      const request = await w.as('ann').requests.get(id)
      const calls = [() => w.as('zoe').requests.get(id)]
      const verbs = Object.values(attempts).map((attempt) => () => attempt(w.as('zoe'), request, w.now()))
      for (const call of [...calls, ...verbs]) expect(await outcome(call())).toBe('unknown_actor')
    })
  }
})
