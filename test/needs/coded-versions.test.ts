import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { CodedPolicyInput } from '../../src/core.ts'
import { createApprovals, isApprovalError, type Storage, staticDirectory } from '../../src/index.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { runs } from '../runs.ts'
import { flags, start } from '../world.ts'

/** Everybody but Ann, who asks, holds one role of their own. */
const roles = ['lead', 'security', 'legal'] as const
type Role = (typeof roles)[number]

const checkout = flags.ref('checkout')
const match = { resource: 'feature_flag' } as const

const setOf = (asked: readonly Role[]): readonly CodedPolicyInput[] =>
  asked.map((role) => ({ id: `ask-${role}`, match, require: { quorum: 1, from: { roles: [role] } } }))

/** What somebody does by one of the instances. */
type Step =
  | { readonly type: 'submit' | 'tick'; readonly by: number; readonly applyAt: boolean }
  | { readonly type: 'approve'; readonly by: number; readonly user: Role; readonly request: number }
  | { readonly type: 'apply' | 'again' | 'edit'; readonly by: number; readonly request: number }

const by = fc.nat(3)
const request = fc.nat(1)
const approve = { type: fc.constant('approve' as const), by, user: fc.constantFrom(...roles), request }
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ type: fc.constantFrom('submit', 'tick'), by, applyAt: fc.boolean() }) },
  { weight: 6, arbitrary: fc.record(approve) },
  { weight: 2, arbitrary: fc.record({ type: fc.constantFrom('apply', 'apply', 'again', 'edit'), by, request }) },
) as fc.Arbitrary<Step>

function office(storage: Storage, sets: readonly { readonly version: number; readonly asked: readonly Role[] }[]) {
  let ids = 0
  let time = start
  const users = Object.fromEntries([['ann', []], ...roles.map((role) => [role, [role]] as const)])
  const instances = sets.map(({ version, asked }) =>
    createApprovals({
      storage,
      resources: [flags],
      directory: staticDirectory(users),
      policies: setOf(asked).map((policy) => ({ ...policy, rules: { onReject: 'block' as const } })),
      policiesVersion: version,
      now: () => time,
      newId: () => `request-${++ids}`,
    }),
  )
  const as = (by: number, user: string) => {
    const instance = instances[by % instances.length]
    if (!instance) throw new TypeError('There is no instance.')
    return instance.as({ tenant: 'acme', user })
  }
  return { instances, as, pass: () => (time += 1_000), now: () => time }
}

/** The set that is on record last, by the log: whom it asks. */
async function lastRecorded(app: ReturnType<typeof office>): Promise<{ version: number; asks: readonly string[] }> {
  const events = await app.as(0, 'ann').audit.events({ settings: true })
  const sets = events.flatMap(({ event }) => (event['type'] === 'coded_policies_recorded' ? [event] : []))
  const { version = 0, policies = [] } = (sets.at(-1) ?? {}) as { version?: number; policies?: { id: string }[] }
  return { version, asks: policies.map(({ id }) => id.slice('ask-'.length)) }
}

describe('instances with different policies in code over one storage', () => {
  it('[WO-19] never apply anything without what the last set on record asks, which never grows older', async () => {
    const version = fc.integer({ min: 1, max: 3 })
    const sets = fc.array(fc.record({ version, asked: fc.uniqueArray(fc.constantFrom(...roles), { maxLength: 2 }) }), {
      minLength: 2,
      maxLength: 4,
    })
    let applied = 0
    await fc.assert(
      fc.asyncProperty(sets, fc.array(step, { minLength: 12, maxLength: 30 }), async (given, steps) => {
        const app = office(memoryStorage(), given)
        const made: string[] = []
        const approvedBy = new Map<string, Set<string>>()
        const done = new Set<string>()
        let last = 0
        let to = 0
        const rewrites = new Set<string>()

        const act = async (one: Step) => {
          const ann = app.as(one.by, 'ann')
          if (one.type === 'tick') {
            app.pass()
            return await app.instances[one.by % app.instances.length]?.tick()
          }
          if ('applyAt' in one) {
            const options = one.applyAt ? { applyAt: app.now() + 1_000 } : {}
            const outcome = await ann.submit(checkout, { value: { enabled: true, rollout: ++to % 100 } }, options)
            if (outcome.status === 'pending' || outcome.status === 'approved') made.push(outcome.request.id)
            else {
              const { asks } = await lastRecorded(app)
              expect(asks).toEqual([])
            }
            return outcome
          }
          const id = made[one.request % Math.max(1, made.length)]
          if (id === undefined) return undefined
          if (one.type === 'apply') return await ann.requests.apply(id)
          if (one.type === 'approve') {
            const { digest } = await ann.requests.get(id)
            await app.as(one.by, one.user).requests.approve(id, { digest })
            approvedBy.set(id, (approvedBy.get(id) ?? new Set()).add(one.user))
            return undefined
          }
          if (one.type === 'again') await ann.requests.submit(id)
          else await ann.requests.edit(id, checkout, { merge: { rollout: ++to % 100 } })
          rewrites.add(id)
          return undefined
        }

        for (const one of steps) {
          try {
            await act(one)
          } catch (error) {
            if (!isApprovalError(error)) throw error
          }
          const { version: recorded, asks } = await lastRecorded(app)
          expect(recorded).toBeGreaterThanOrEqual(last)
          last = recorded
          for (const id of made) {
            const { status, reviews } = await app.as(0, 'ann').requests.get(id)
            if (rewrites.has(id) && reviews.length === 0) approvedBy.delete(id)
            rewrites.delete(id)
            if (status !== 'applied' || done.has(id)) continue
            done.add(id)
            applied++
            expect([...(approvedBy.get(id) ?? [])]).toEqual(expect.arrayContaining([...asks]))
          }
        }
        expect((await app.as(0, 'ann').audit.verify()).problems).toEqual([])
      }),
      { numRuns: runs(240) },
    )
    expect(applied).toBeGreaterThan(3)
  }, 3_600_000)
})
