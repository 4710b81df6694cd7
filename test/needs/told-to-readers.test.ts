import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Audiences, createApprovals, isApprovalError, type Notice, policyResource } from '../../src/index.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { rosterDirectory } from '../roster.ts'
import { runs } from '../runs.ts'
import { day, flags, start } from '../world.ts'

const everybody = ['requester', 'contributors', 'approvers', 'admins'] as const
const settings = ['approvers', 'admins'] as const
const notices: Audiences = {
  ...{ submitted: everybody, changes_requested: everybody, approved: everybody, applied: everybody },
  ...{ rejected: everybody, failed: everybody, expired: everybody, cancelled: everybody, recalled: everybody },
  ...{ returned: everybody, deadline_near: everybody, stale: everybody, schedule_dropped: everybody },
  ...{ withheld: everybody, escalated: everybody, workflow_on: settings, workflow_off: settings },
}

const people = ['ann', 'eve', 'lee', 'amy'] as const
const projects = ['web', 'shop'] as const
const flag = fc.constantFrom('one', 'two')
const verbs = ['recall', 'cancel', 'rebase', 'submit', 'takeOver', 'withdraw', 'describe', 'comment', 'bypass'] as const
const step = fc.record({
  verb: fc.constantFrom(
    ...([
      'submit it',
      'edit',
      'edit',
      'approve',
      'approve',
      'reject',
      'move',
      'add',
      'time',
      'time',
      'time',
      'time',
    ] as const),
    ...(['holds', 'holds', 'holds', 'holds', 'change', 'switch', 'leaves', 'settings', 'settings'] as const),
    ...verbs,
  ),
  by: fc.constantFrom(...people),
  project: fc.constantFrom(...projects),
  flag,
  role: fc.constantFrom('staff', 'lead'),
  amount: fc.integer({ min: 1, max: 9 }),
})
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never

/** A tenant whose people come and go, and every notice that is written in it. */
async function town() {
  const roster: Record<string, Record<string, string[]>> = {
    ...{ root: { '': ['admin', 'staff'] }, kim: { '': ['admin'] } },
    ann: { web: ['staff'], shop: ['staff'] },
    eve: { web: ['staff'], shop: ['staff'] },
    lee: { web: ['lead'], shop: ['lead'] },
    amy: { web: ['staff', 'lead'] },
    ...{ lia: { '': ['lead'] }, leo: { '': ['lead'] } },
  }
  const storage = memoryStorage()
  const written: Notice[] = []
  let [ids, time] = [0, start]
  const approvals = createApprovals({
    storage: {
      ...storage,
      async commit(writes, effect) {
        await storage.commit(writes, effect)
        for (const write of writes) {
          if (write.collection !== 'outbox' || write.type !== 'insert') continue
          const { notice, moved } = write.value as { readonly notice?: Notice; readonly moved?: unknown }
          if (notice && moved === undefined) written.push(notice)
        }
      },
    },
    ...{ resources: [flags], directory: rosterDirectory(roster), admins: { roles: ['admin'] }, notices },
    ...{ readers: { roles: ['staff'] }, now: () => time, newId: () => `request-${++ids}` },
    notifiers: [{ name: 'none', deliver: async () => {} }],
  })
  const as = (user: string) => approvals.as({ tenant: 'acme', user })
  const value = { enabled: true, rollout: 50 }
  await as('root').submit(flags.ref('one', { project: 'web' }), { value })
  await as('root').submit(flags.ref('two', { project: 'shop' }), { value })
  await as('root').policies.save({
    ...{ id: 'reviewed', match: {}, require: { quorum: 2, from: { roles: ['lead'] } } },
    rules: { edit: 'anyone', expiresAfter: '8d', bypass: ['admin'] },
  })
  await as('root').policies.save({
    ...{ id: 'gate', match: { resource: ['countersign.policy'] }, require: { quorum: 1, from: { roles: ['lead'] } } },
  })
  const leaves = ({ by, amount }: Step) => {
    delete roster[amount < 5 ? by : 'kim']
  }
  const holds = ({ by, project, role }: Step) => {
    if (!roster[by]) return
    const held = roster[by][project] ?? []
    roster[by] = {
      ...roster[by],
      [project]: held.includes(role) ? held.filter((one) => one !== role) : [...held, role],
    }
  }
  const pass = (more: number) => {
    time += more
  }
  return { as, tick: () => approvals.tick(), holds, leaves, pass, written, newest: () => `request-${ids}` }
}

async function act(w: Awaited<ReturnType<typeof town>>, one: Step): Promise<unknown> {
  const { verb, by, amount } = one
  const ref = flags.ref(one.flag)
  const id = w.newest()
  const { requests } = w.as(by)
  const seen = async () => (await requests.get(id)).digest
  switch (verb) {
    case 'submit it':
      return await w.as(by).submit(ref, { merge: { rollout: amount } })
    case 'change':
      return await w.as('root').bypass(ref, { merge: { rollout: amount + 50 } }, { reason: 'late' })
    case 'move':
      return await w.as(by).submit(ref, { toProject: one.project })
    case 'add':
      return await requests.add(id, ref, { merge: { rollout: amount } })
    case 'edit':
      return await requests.edit(id, ref, { merge: { rollout: amount } })
    case 'approve':
      return await requests.approve(id, { digest: await seen() })
    case 'reject':
      return await requests.reject(id, { digest: await seen(), reason: 'no' })
    case 'bypass':
      return await w.as('root').requests.bypass(id, { digest: await seen(), reason: 'now' })
    case 'describe':
    case 'comment':
      return await requests[verb](id, 'hm')
    case 'holds':
      return w.holds(one)
    case 'leaves':
      return w.leaves(one)
    case 'settings': {
      const value = { id: `p${amount}`, match: {}, require: { quorum: 1, from: { roles: ['lead'] } } }
      return await w.as('kim').submit(policyResource.ref(value.id), { value })
    }
    case 'switch': {
      const { workflow } = w.as('root')
      return await (amount < 5 ? workflow.disable({ waiting: 'return' }) : workflow.enable())
    }
    case 'time':
      w.pass(3.5 * day)
      return await w.tick()
    default:
      return await requests[verb](id)
  }
}

describe('whoever is told of a request', () => {
  it('[TI-07] [PE-02] may read it at that time, whatever part they had in it, and whatever they have lost', async () => {
    const heard = new Set<string>()
    const lived = async (steps: readonly Step[]) => {
      const w = await town()
      await w.as('ann').submit(flags.ref('one'), { merge: { rollout: 60 } })
      for (const one of steps) {
        w.written.length = 0
        await act(w, one).catch((error) => {
          if (!isApprovalError(error)) throw error
        })
        for (const { type, to, request } of w.written.splice(0)) {
          if (request === undefined) continue
          heard.add(type)
          for (const user of to) {
            const reads = await w
              .as(user)
              .requests.get(request)
              .then(
                () => 'reads',
                (error) => error.code,
              )
            expect(`${user} ${reads}`, `${type} of ${one.verb}`).toBe(`${user} reads`)
          }
        }
      }
    }
    await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 9 }), lived), { numRuns: runs(400) })
    expect(heard.size).toBeGreaterThan(3)
  }, 120_000)
})
