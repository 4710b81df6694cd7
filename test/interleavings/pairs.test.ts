import { afterAll, describe, expect, it } from 'vitest'
import { memoryStorage } from '../../src/storage/memory.ts'
import { checkout, type Desk, desk, type Office, office } from '../chaos/desk.ts'
import { bothWays, type Doing, type Meeting, meet, type Turns } from '../chaos/meeting.ts'
import { sameSalts } from '../chaos/same-salts.ts'
import { approved, asked, broken, collided, escalating, flag, ofTwo, second } from '../chaos/scenes.ts'
import { deep, inAnyOrder } from '../runs.ts'
import { day, rollout } from '../world.ts'

sameSalts()

const rules = { cancel: 'any_time', bypass: ['security'], breakGlass: ['security'] } as const

/** A request in each state from which a verb leads somewhere. */
const states: Readonly<Record<string, Meeting['prepare']>> = {
  pending: (one) => asked(one, rules),
  approved: (one) => approved(one, rules),
  'approved and due': async (one, shared) => {
    const request = await approved(one, { ...rules, expiresAfter: '1d' })
    shared.now += day
    return request
  },
  'changes requested': async (one) => {
    const request = await asked(one, rules)
    await one.as('cat').requests.requestChanges(request.id, { digest: request.digest, reason: 'smaller' })
    return request
  },
  draft: async (one) => {
    await flag(one, rules)
    const { id, digest } = await one.as('ann').draft(checkout, { merge: { rollout: 80 } })
    return { id, digest }
  },
  'locked, and keeping answers': (one) => asked(one, { ...rules, lock: 'resource', onEdit: 'keep' }, 2),
  'over two projects': (one) => ofTwo(one, { ...rules, lock: 'resource' }),
  'conflicts open': (one) => collided(one, rules),
  failed: async (one) => {
    const request = await asked(one, { ...rules, onStale: 'fail_when_applied' })
    await one.as('eve').submit(checkout, { merge: { description: 'b' } })
    await one.as('ben').requests.approve(request.id, { digest: request.digest })
    return request
  },
  'applied by breaking glass': broken,
}

/** Every verb on a request, by somebody who may use it, and what others may do meanwhile. */
const verbs: Readonly<Record<string, Doing>> = {
  edit: ({ as }, { id }) => as('eve').requests.edit(id, checkout, rollout(70)),
  add: ({ as }, { id }) => as('dan').requests.add(id, second, { value: { enabled: true, rollout: 5 } }),
  'take out': ({ as }, { id }) => as('eve').requests.takeOut(id, second),
  submit: ({ as }, { id }) => as('ann').requests.submit(id),
  resubmit: ({ as }, { id }) => as('ann').requests.submit(id),
  reopen: ({ as }, { id }) => as('ann').requests.submit(id),
  rebase: ({ as }, { id }) => as('ann').requests.rebase(id),
  resolve: ({ as }, { id, conflicts = [] }) =>
    as('ann').requests.resolve(
      id,
      conflicts.map((conflict) => ({ conflict, take: 'draft' })),
    ),
  schedule: ({ as }, { id }) => as('ann').requests.schedule(id, Date.UTC(2026, 0, 9)),
  unschedule: ({ as }, { id }) => as('ann').requests.schedule(id, null),
  approve: ({ as }, { id, digest }) => as('ben').requests.approve(id, { digest }),
  'approve by somebody else': ({ as }, { id, digest }) => as('cat').requests.approve(id, { digest }),
  reject: ({ as }, { id, digest }) => as('cat').requests.reject(id, { digest, reason: 'no' }),
  'request changes': ({ as }, { id, digest }) => as('ben').requests.requestChanges(id, { digest, reason: 'why?' }),
  withdraw: ({ as }, { id }) => as('ben').requests.withdraw(id),
  comment: ({ as }, { id }) => as('eve').requests.comment(id, 'hm'),
  'resolve a comment': ({ as }, { id }) => as('eve').requests.resolveComment(id, `${id}/1`),
  'reopen a comment': ({ as }, { id }) => as('ann').requests.reopenComment(id, `${id}/1`),
  describe: ({ as }, { id }) => as('ann').requests.describe(id, 'for the sale'),
  recall: ({ as }, { id }) => as('ann').requests.recall(id),
  cancel: ({ as }, { id }) => as('ann').requests.cancel(id),
  discard: ({ as }, { id }) => as('ann').requests.cancel(id),
  apply: ({ as }, { id }) => as('ann').requests.apply(id),
  retry: ({ as }, { id }) => as('ann').requests.apply(id),
  bypass: ({ as }, { id, digest }) => as('dan').requests.bypass(id, { digest, reason: 'fire' }),
  'break glass': ({ as }, { id, digest }) =>
    as('dan').requests.breakGlass(id, { digest, incident: 'INC-7', reason: 'fire' }),
  'follow up': ({ as }, { id, digest }) => as('ben').requests.followUp(id, { digest, reason: 'all is well' }),
  'another write': ({ as }) => as('eve').submit(checkout, { merge: { description: 'c' } }),
  'a stricter policy': ({ as }) =>
    as('ann').policies.save({ id: 'more', match: {}, require: { quorum: 2, from: { roles: ['lead'] } } }),
  'no policy any more': ({ as }) => as('ann').policies.remove('reviewed'),
}

/** A request in each state in which the clock does something to it. */
const due: Readonly<Record<string, Meeting['prepare']>> = {
  'a reminder is due': async (one, shared) => {
    const request = await asked(one, { ...rules, remindEvery: '1d' }, 2)
    shared.now += day
    return request
  },
  'a deadline is near': async (one, shared) => {
    const request = await asked(one, { ...rules, expiresAfter: '4d' }, 2)
    shared.now += 3 * day
    return request
  },
  'others are to be asked as well': async (one, shared) => {
    const request = await escalating(one, rules)
    shared.now += day
    return request
  },
}

/**
 * What the clock has done to requests, without the notices and seals that another process may have had first, and without how much it found that
 * waits, and when it is to be called again: that depends on the moment of its look.
 */
const clock: Doing = async ({ approvals }) => {
  const { delivered, sealed, waiting, next, ...done } = await approvals.tick()
  return done
}

const names = Object.keys(verbs)
const pairs = names.flatMap((first, at) => names.slice(at).map((second) => [first, second] as const))

/** In how many pairs, and with how many verbs, it is tried whether all goes well: in a deep run with all there are. */
const enough = { pairs: deep ? Number.POSITIVE_INFINITY : 12, withTheClock: deep ? Number.POSITIVE_INFINITY : 5 }

/** Tells whether both are accepted, in one order or the other: what is refused at once meets nobody. */
function happen(ways: readonly Turns[]): boolean {
  const accepted = (at: number) => ways.some(({ answers }) => !Object.hasOwn(Object(answers[at]), 'refused'))
  return accepted(0) && accepted(1)
}

let meetings = 0
let orders = 0

afterAll(() => {
  process.stdout.write(`Two verbs that meet: ${meetings} pairs, ${orders} orders of their calls, completely.\n`)
})

describe('two verbs on one request, in every order of their calls to the storage', () => {
  it.each(Object.entries(states))(
    'end as if one had waited for the other, while %s',
    { timeout: 3_600_000 },
    async (state, prepare) => {
      const met = new Set<string>()
      let left = enough.pairs
      for (const [first, second] of inAnyOrder(pairs)) {
        if (left === 0) break
        const meeting: Meeting = { prepare, acts: [doing(first), doing(second)] }
        const ways = await bothWays(meeting)
        if (!happen(ways)) continue
        const { schedules, illegal } = await meet(meeting, memoryStorage, { ways })
        expect(`${state}: ${first} and ${second}: ${illegal} illegal`).toBe(
          `${state}: ${first} and ${second}: 0 illegal`,
        )
        met.add(first).add(second)
        meetings++
        left--
        orders += schedules
      }
      expect(met.size).toBeGreaterThan(2)
      expect(await sound(prepare)).toEqual([])
    },
  )
})

function doing(name: string): Doing {
  const verb = verbs[name]
  if (!verb) throw new TypeError(`There is no verb ${name}.`)
  return verb
}

describe('a verb on a request that meets the clock, in every order of their calls to the storage', () => {
  it.each(Object.entries(due))(
    '[BY-15] ends as if one had waited for the other, where %s',
    { timeout: 3_600_000 },
    async (state, prepare) => {
      let done = 0
      for (const name of inAnyOrder(names)) {
        if (done === enough.withTheClock) break
        const meeting: Meeting = { prepare, acts: [clock, doing(name)] }
        const ways = await bothWays(meeting)
        if (!happen(ways)) continue
        const { schedules, illegal } = await meet(meeting, memoryStorage, { ways })
        expect(`${state}, and ${name}: ${illegal} illegal`).toBe(`${state}, and ${name}: 0 illegal`)
        done++
        meetings++
        orders += schedules
      }
      expect(done).toBeGreaterThanOrEqual(deep ? 11 : enough.withTheClock)
      expect(await sound(prepare)).toEqual([])
    },
  )
})

/** What is wrong with the log of a request in a state: nothing, or the outcomes above would prove little. */
async function sound(prepare: (desk: Desk, office: Office) => Promise<unknown>): Promise<readonly unknown[]> {
  const [storage, shared] = [memoryStorage(), office()]
  const one = desk(storage, shared)
  await prepare(one, shared)
  return (await one.as('ann').audit.verify()).problems
}
