import { describe, expect, it } from 'vitest'
import { memoryStorage } from '../../src/storage/memory.ts'
import { flawedStorage } from '../testing/flawed-storage.ts'
import type { Flaw } from '../testing/flaws.ts'
import { day, pending, rollout, start } from '../world.ts'
import { checkout } from './desk.ts'
import { type Asked, type Doing, type Meeting, meet } from './meeting.ts'
import { sameSalts } from './same-salts.ts'
import { approved, asked, flag, reviewed } from './scenes.ts'

sameSalts()

const approve =
  (user: 'ben' | 'cat'): Doing =>
  ({ as }, { id, digest }) =>
    as(user).requests.approve(id, { digest })
const edit: Doing = ({ as }, { id }) => as('eve').requests.edit(id, checkout, rollout(70))
const apply: Doing = ({ as }, { id }) => as('ann').requests.apply(id)
const reject: Doing = ({ as }, { id, digest }) => as('cat').requests.reject(id, { digest, reason: 'no' })
const withdraw: Doing = ({ as }, { id }) => as('ben').requests.withdraw(id)
const cancel: Doing = ({ as }, { id }) => as('ann').requests.cancel(id)
const tighten: Doing = ({ as }) => as('ann').policies.save(reviewed({}, 2))
const describeIt: Doing = ({ as }) => as('eve').submit(checkout, { merge: { description: 'b' } })
const submit =
  (user: 'ann' | 'eve', rollout: number): Doing =>
  ({ as }) =>
    as(user).submit(checkout, { merge: { rollout } })
const rebase: Doing = ({ as }, { id }) => as('ann').requests.rebase(id)
/** What it delivers and seals, how much it found that waits, and when it is to be called again depends on the moment of its look. */
const tick: Doing = async ({ approvals }) => {
  const { delivered, sealed, waiting, next, ...done } = await approvals.tick()
  return done
}

const none: Asked = { id: '', digest: '' }
const freely = { cancel: 'any_time' } as const

/** Lets somebody answer for oneself until the next day. */
const delegate =
  (from: 'ben' | 'cat' | 'dan', to: string): Doing =>
  ({ as }) =>
    as(from).delegations.save({ to, ends: start + day })

const meetings: Readonly<Record<string, Meeting>> = {
  '[BY-14] two delegations, each of which would close the circle of the other': {
    async prepare(one) {
      await delegate('cat', 'dan')(one, none)
      return none
    },
    acts: [delegate('ben', 'cat'), delegate('dan', 'ben')],
  },
  'an edit and an apply': { prepare: (one) => approved(one), acts: [edit, apply] },
  'an edit and the approval that applies': { prepare: (one) => asked(one), acts: [edit, approve('ben')] },
  'two applies': { prepare: (one) => approved(one), acts: [apply, apply] },
  'two approvals of two': { prepare: (one) => asked(one, {}, 2), acts: [approve('ben'), approve('cat')] },
  'an approval and a rejection': { prepare: (one) => asked(one), acts: [approve('ben'), reject] },
  'an approval and a cancellation': { prepare: (one) => asked(one, freely), acts: [approve('ben'), cancel] },
  'a withdrawal and an apply': { prepare: (one) => approved(one), acts: [withdraw, apply] },
  'an approval and a stricter policy': { prepare: (one) => asked(one), acts: [approve('ben'), tighten] },
  'an apply and a stricter policy': { prepare: (one) => approved(one), acts: [apply, tighten] },
  'a submission and a stricter policy': {
    prepare: (one) => flag(one).then(() => none),
    acts: [submit('eve', 70), tighten],
  },
  'an approval and a write of the same resource': {
    prepare: (one) => asked(one),
    acts: [approve('ben'), describeIt],
  },
  'a rebase and a write of the same resource': {
    async prepare(one) {
      const request = await asked(one)
      await one.as('ann').submit(checkout, { merge: { description: 'before' } })
      return request
    },
    acts: [rebase, describeIt],
  },
  '[G6] approvals of two requests on one resource': {
    async prepare(one) {
      const { id: other, digest: seen } = await asked(one)
      const { id, digest } = pending(await one.as('eve').submit(checkout, rollout(70)))
      return { id, digest, other, seen }
    },
    acts: [approve('ben'), ({ as }, { other = '', seen = '' }) => as('cat').requests.approve(other, { digest: seen })],
  },
  'two submissions that would lock the same resource': {
    prepare: (one) => flag(one, { lock: 'resource' }).then(() => none),
    acts: [submit('ann', 70), submit('eve', 71)],
  },
  'an approval and a submission that locks its resource': {
    async prepare(one) {
      const request = await asked(one)
      await one.as('ann').policies.save({
        id: 'locked',
        match: {},
        when: { type: 'any_change', field: '/description' },
        require: { quorum: 1, from: { roles: ['lead'] } },
        rules: { lock: 'resource' },
      })
      return request
    },
    acts: [approve('ben'), describeIt],
  },
  'a schedule that comes due and an edit': {
    async prepare(one, shared) {
      await flag(one)
      const applyAt = shared.now + day
      const { id, digest } = pending(await one.as('ann').submit(checkout, { merge: { rollout: 80 } }, { applyAt }))
      await one.as('ben').requests.approve(id, { digest })
      await one.approvals.tick()
      shared.now += day
      return { id, digest }
    },
    acts: [tick, edit],
  },
}

describe('two commands that meet, in every order of their calls to the storage', () => {
  it.each(Object.entries(meetings))('[A3, B7, G4] %s end as if one had waited for the other', async (_, meeting) => {
    const { schedules, illegal } = await meet(meeting, memoryStorage)
    expect(illegal).toBe(0)
    expect(schedules).toBeGreaterThan(3)
  })

  it.each<readonly [readonly Flaw[], string]>([
    [['drops checks'], 'an approval and a submission that locks its resource'],
    [['overwrites on insert', 'has no unique indexes', 'replaces at any version'], 'two approvals of two'],
  ])('would not where the storage %s: %s', async (flaws, name) => {
    const meeting = meetings[name] as Meeting
    expect((await meet(meeting, () => flawedStorage(...flaws))).illegal).toBeGreaterThan(0)
  })

  it.each<readonly [string, readonly Flaw[]]>([
    ['two approvals of two', ['overwrites on insert', 'has no unique indexes', 'replaces at any version']],
    ['an approval and a cancellation', ['replaces at any version', 'overwrites on insert']],
  ])('leave nothing out that any other order would show: %s', async (name, flaws) => {
    const meeting = meetings[name] as Meeting
    const fresh = () => flawedStorage(...flaws)
    const [tried, all] = [await meet(meeting, fresh), await meet(meeting, fresh, { matters: () => true })]
    expect(tried.outcomes).toEqual(all.outcomes)
    expect(tried.outcomes.size).toBeGreaterThan(1)
    expect(tried.schedules).toBeLessThan(all.schedules / 10)
  })
})
