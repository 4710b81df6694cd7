import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type ApprovalsOptions, createApprovals, isApprovalError, type PolicyInput } from '../../src/index.ts'
import type { Write } from '../../src/storage/adapter.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { type Roster, rosterDirectory } from '../roster.ts'
import { runs } from '../runs.ts'
import { flags, start } from '../world.ts'

const hour = 3_600_000
const projects = ['web', 'shop'] as const
type Workflow = 'on' | 'off'
type Project = (typeof projects)[number]

/** Each policy asks for a role of its own, so that an approval tells which policy it is for. */
const asks = (role: string) => ({ quorum: 1, from: { roles: [role] } })
type Drift = 'strictest' | 'pinned'
type Coded = ApprovalsOptions['policies'] & {}
const coded = (policyDrift: Drift): Coded => [
  { id: 'web-code', match: { project: 'web' }, require: asks('web-code'), whileOff: 'asks', rules: { policyDrift } },
  { id: 'shop-code', match: { project: 'shop' }, require: asks('shop-code'), rules: { policyDrift } },
]
const saved = (policyDrift: Drift): readonly PolicyInput[] => [
  { id: 'web', match: { project: 'web', action: 'update' }, require: asks('web'), rules: { policyDrift } },
  { id: 'shop', match: { project: 'shop' }, require: asks('shop'), rules: { policyDrift } },
]
const roles = [...coded('pinned'), ...saved('pinned')].map(({ id }) => id)
const roster: Roster = {
  root: { '': ['admin'] },
  ann: { '': ['staff'] },
  eve: { '': ['staff'] },
  ...Object.fromEntries(roles.map((role) => [`by-${role}`, { '': [role] }])),
}

/** Two flags of each project. */
const names = projects.flatMap((project) => [1, 2].map((number) => `${project}-${number}`))
const homeOf = (name: string) => name.slice(0, name.indexOf('-')) as Project
const other = (project: Project): Project => (project === 'web' ? 'shop' : 'web')

const directory = rosterDirectory(roster)
const common = { resources: [flags], directory, admins: { roles: ['admin'] }, now: () => start }

const name = fc.constantFrom(...names)
const rollout = fc.integer({ min: 1, max: 9 })
const member = fc.record({ name, rollout, moves: fc.nat(3).map((n) => n === 0) })
type Member = typeof member extends fc.Arbitrary<infer M> ? M : never
const change = ({ name: id, rollout: to, moves }: Member) =>
  moves ? { toProject: other(homeOf(id)) } : { merge: { rollout: to } }

const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ verb: fc.constant('add' as const), member }) },
  { weight: 1, arbitrary: fc.record({ verb: fc.constant('take out' as const), name }) },
  { weight: 1, arbitrary: fc.record({ verb: fc.constant('edit' as const), name, rollout }) },
  {
    weight: 3,
    arbitrary: fc.record({
      verb: fc.constant('switch' as const),
      project: fc.constantFrom(...projects),
      on: fc.boolean(),
      waiting: fc.constantFrom('return' as const, 'hold' as const),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ verb: fc.constant('restart' as const), workflow: fc.constantFrom('on', 'off') }),
  },
  { weight: 1, arbitrary: fc.record({ verb: fc.constantFrom('recall', 'submit', 'rebase', 'tick') }) },
)
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never

/** What a tenant has before anything is asked for: flags that nobody had to approve, and policies. */
async function founded(drift: Drift): Promise<readonly (readonly Write[])[]> {
  const storage = memoryStorage()
  const commits: (readonly Write[])[] = []
  const approvals = createApprovals({
    ...common,
    storage: {
      ...storage,
      commit: async (writes, effect) => {
        await storage.commit(writes, effect)
        commits.push(writes)
      },
    },
  })
  const as = (user: string) => approvals.as({ tenant: 'acme', user })
  for (const id of names) {
    const value = { enabled: true, rollout: 50 }
    await as('ann').submit(flags.ref(id, { project: homeOf(id) }), { value })
  }
  for (const policy of saved(drift)) await as('root').policies.save(policy)
  return commits
}

const foundations = { strictest: founded('strictest'), pinned: founded('pinned') }

/** A tenant in which every change is gated by as many policies as speak of it. */
async function town(drift: Drift, workflow: Workflow) {
  const storage = memoryStorage()
  for (const writes of await foundations[drift]) await storage.commit(writes)
  let time = start
  const open = (now: Workflow) =>
    createApprovals({ ...common, storage, now: () => time, workflow: now, policies: coded(drift), policiesVersion: 1 })
  let approvals = open(workflow)
  return {
    as: (user: string) => approvals.as({ tenant: 'acme', user }),
    tick: () => approvals.tick(),
    restart: (now: Workflow) => {
      approvals = open(now)
    },
    pass: (more: number) => {
      time += more
    },
  }
}

type Town = Awaited<ReturnType<typeof town>>

/** Does a step, as far as it is accepted. */
async function act(w: Town, id: string, one: Step): Promise<void> {
  const { requests } = w.as('ann')
  switch (one.verb) {
    case 'add': {
      const { member: more } = one as Extract<Step, { member: Member }>
      await requests.add(id, flags.ref(more.name), change(more))
      return
    }
    case 'take out':
      await requests.takeOut(id, flags.ref((one as { name: string }).name))
      return
    case 'edit': {
      const { name: which, rollout: to } = one as { name: string; rollout: number }
      await requests.edit(id, flags.ref(which), { merge: { rollout: to } })
      return
    }
    case 'switch': {
      const { project, on, waiting } = one as { project: Project; on: boolean; waiting: 'return' | 'hold' }
      const { workflow } = w.as('root')
      await (on ? workflow.enable({ project }) : workflow.disable({ project, waiting }))
      return
    }
    case 'restart':
      w.restart((one as { workflow: Workflow }).workflow)
      return
    case 'tick':
      w.pass(hour)
      await w.tick()
      return
    default:
      await requests[one.verb as 'recall' | 'submit' | 'rebase'](id)
  }
}

/** The policies that would ask about the same content, if it were asked for at this moment. */
async function askedAnew(w: Town, id: string): Promise<readonly string[]> {
  const { changes } = await w.as('ann').requests.get(id)
  const wishes = changes.map(({ resource, after, toProject }) => ({
    ref: flags.ref(resource.id),
    change: toProject === undefined ? { value: after } : { toProject },
  }))
  const { requirements } = await w.as('eve').preview(wishes as never)
  return requirements.map(({ policy }) => policy)
}

/**
 * Lets those approve whom the request says that it asks, and time pass: once it is applied, whoever would have been
 * asked about the same anew must have approved.
 */
async function approveAll(w: Town, id: string): Promise<boolean> {
  const { requirements } = await w.as('ann').requests.get(id)
  for (const voice of [...requirements.map(({ policy }) => policy), 'time']) {
    const before = await w.as('ann').requests.get(id)
    if (before.status !== 'pending' && before.status !== 'approved') return false
    const due = await askedAnew(w, id)
    const { requests } = w.as(`by-${voice}`)
    await tried(voice === 'time' ? act(w, id, { verb: 'tick' }) : requests.approve(id, { digest: before.digest }))
    const after = await w.as('ann').requests.get(id)
    if (after.status !== 'applied') continue
    const heard = after.reviews.map(({ by }) => by)
    for (const policy of due) expect(heard, `${policy} was not asked`).toContain(`by-${policy}`)
    return after.resources.length > 1
  }
  return false
}

async function tried(call: Promise<unknown>): Promise<void> {
  await call.catch((error) => {
    if (!isApprovalError(error)) throw error
  })
}

const cases = fc.record({
  drift: fc.constantFrom('strictest' as const, 'pinned' as const),
  workflow: fc.constantFrom('on' as const, 'off' as const),
  off: fc.constantFrom<readonly Project[]>([], ['web'], ['web'], ['shop'], ['web', 'shop']),
  first: member,
  scheduled: fc.boolean(),
  steps: fc.array(step, { minLength: 1, maxLength: 4 }),
})
type Case = typeof cases extends fc.Arbitrary<infer C> ? C : never

describe('what a request is asked by the time that it is applied', () => {
  it('[WO-14] [WO-18] [WO-19] is what a submission of the same would be asked, however it came to be that', async () => {
    let grown = 0
    const lived = async ({ drift, workflow, off, first, scheduled, steps }: Case) => {
      const w = await town(drift, workflow)
      for (const project of off) await w.as('root').workflow.disable({ project })
      const options = scheduled ? { applyAt: start + hour } : {}
      const outcome = await w.as('ann').submit(flags.ref(first.name), change(first) as never, options)
      if (outcome.status === 'applied') return
      // What is pinned counts as it was when somebody asked: what is switched later is no part of that.
      const isPart = ({ verb }: Step) => drift === 'strictest' || (verb !== 'switch' && verb !== 'restart')
      for (const one of steps.filter(isPart)) await tried(act(w, outcome.request.id, one))
      if (await approveAll(w, outcome.request.id)) grown += 1
    }
    await fc.assert(fc.asyncProperty(cases, lived), { numRuns: runs(150) })
    expect(grown).toBeGreaterThan(0)
  }, 120_000)
})
