import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { defineResource, isApprovalError } from '../../src/index.ts'
import { defineLifecycle, flagLifecycle } from '../../src/lifecycles.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { editNow } from '../edit-now.ts'
import { runs } from '../runs.ts'
import { day, pending, refusal, storages, world } from '../world.ts'

const toggles = defineResource({
  type: 'toggle',
  schema: z.object({ on: z.boolean().default(false), rollout: z.number(), note: z.string().optional() }),
  lifecycle: flagLifecycle({ enabled: 'on', critical: ['/rollout'] }),
})

/** An article that says its state in a word. */
const articles = defineResource({
  type: 'article',
  schema: z.object({ text: z.string(), status: z.string() }),
  lifecycle: defineLifecycle<{ text: string; status: string }>({
    name: 'article',
    initial: 'draft',
    follows: { status: { draft: 'Draft', published: 'Published' } },
    moves: [
      { from: ['draft', 'published'], action: 'edit', edits: 'any' },
      { from: 'draft', action: 'publish', pending: 'publishing', to: 'published' },
      { from: 'published', action: 'retract', to: 'draft' },
    ],
  }),
})

const gate = {
  match: { resource: ['toggle', 'article'], action: ['activate', 'schedule', 'publish'] },
  rules: { bypass: ['security'] },
}
const toggleWorld = (storage = memoryStorage()) => world(storage, undefined, [toggles, articles])

describe.each(storages)('a property that follows the state, on $name', ({ open }) => {
  it('[FA-06] is set by an action, and by no other change', async () => {
    const w = toggleWorld(open())
    await w.policy(gate)
    const ann = w.as('ann')
    const ref = toggles.ref('a')
    const live = async () => (await ann.resources.get(ref))?.document
    expect(await refusal(ann.submit(ref, { value: { on: true, rollout: 10 } }))).toBe('follows_state')
    expect(await live()).toBeUndefined()
    await ann.submit(ref, { value: { on: false, rollout: 10 } })
    for (const change of [
      { merge: { on: true } },
      { value: { on: true, rollout: 20 } },
      { patch: [{ op: 'replace', path: '/on', value: true }] },
      (toggle: { on: boolean }) => {
        toggle.on = true
      },
    ] as const) {
      expect(await refusal(ann.submit(ref, change))).toBe('follows_state')
      expect(await refusal(ann.preview(ref, change))).toBe('follows_state')
      expect(await refusal(ann.draft(ref, change))).toBe('follows_state')
      expect(await refusal(w.as('dan').submit(ref, change))).toBe('follows_state')
    }
    const draft = await ann.draft(ref, { merge: { rollout: 30 } })
    expect(await refusal(editNow(ann, draft.id, ref, { merge: { on: true } }, {}))).toBe('follows_state')
    expect(await live()).toEqual({ on: false, rollout: 10 })
    const request = pending(await ann.submit(ref, { action: 'activate' }))
    expect(request.changes[0]?.lines).toEqual(['activate: state inactive → active', 'on: false → true'])
    await w.as('ben').requests.approve(request.id, { digest: request.digest })
    expect(await live()).toEqual({ on: true, rollout: 10 })
    expect(await refusal(ann.submit(ref, { merge: { on: false } }))).toBe('follows_state')
  })

  it('[FA-06] stays as the state says when what stood before is brought back', async () => {
    const w = toggleWorld(open())
    const ann = w.as('ann')
    const ref = toggles.ref('a')
    await ann.submit(ref, { value: { on: false, rollout: 10 } })
    await ann.submit(ref, { action: 'activate' })
    await ann.submit(ref, { merge: { rollout: 20 } })
    await ann.submit(ref, { revertTo: 1 })
    expect((await ann.resources.get(ref))?.document).toEqual({ on: true, rollout: 10 })
    await ann.submit(ref, { action: 'deactivate' })
    await ann.submit(ref, { revertTo: 3 })
    expect((await ann.resources.get(ref))?.document).toEqual({ on: false, rollout: 20 })
    expect(await refusal(ann.submit(ref, { revertTo: 3 }))).toBe('invalid_input')
    expect(await refusal(ann.submit(ref, { revertTo: 6 }))).toBe('nothing_changed')
  })

  it('[FA-06] is what the state says where two changes are merged', async () => {
    const w = toggleWorld(open())
    const ann = w.as('ann')
    const ref = articles.ref('a')
    await ann.submit(ref, { value: { text: 'one', status: 'Draft' } })
    const draft = await ann.draft(ref, { merge: { text: 'two' } })
    await ann.submit(ref, { action: 'publish' })
    await ann.requests.rebase(draft.id)
    await ann.requests.submit(draft.id)
    expect((await ann.resources.get(ref))?.document).toEqual({ text: 'two', status: 'Published' })
  })
})

it('[FA-06] is put right by the next change where it was wrong before the life cycle was declared', async () => {
  const storage = memoryStorage()
  const before = defineResource({ type: 'toggle', schema: toggles.schema })
  await world(storage, undefined, [before])
    .as('ann')
    .submit(before.ref('a'), { value: { on: true, rollout: 1 } })
  const w = toggleWorld(storage)
  const request = await w.as('ann').preview(toggles.ref('a'), { merge: { rollout: 2 } })
  expect(request.changes[0]?.lines).toEqual(['on: true → false', 'rollout: 1 → 2'])
  await w.as('ann').submit(toggles.ref('a'), { merge: { rollout: 2 } })
  expect((await w.as('ann').resources.get(toggles.ref('a')))?.document).toEqual({ on: false, rollout: 2 })
})

it.each([
  [{ on: { a: true } }, /no value for the state b/],
  [{ on: { a: true, b: false, c: false } }, /c, which is no state/],
  [{ on: { a: true, b: Number.NaN } }, /must be a text/],
  [{ on: { a: [], b: {} } }, /must be a text/],
  [{ '': { a: 1, b: 2 } }, /names no property/],
  [{ on: 'a' }, /the value of each state/],
])('[FA-06] what follows the state is checked when the life cycle is declared: %j', (follows, problem) => {
  const moves = [{ from: 'a', action: 'go', to: 'b' }] as const
  expect(() => defineLifecycle({ name: 'x', initial: 'a', moves, follows: follows as never })).toThrow(problem)
})

type Step = readonly [verb: string, user: string, pick: number, on: boolean]

const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.tuple(
    fc.constantFrom(
      ...['create', 'edit', 'value', 'action', 'revert', 'draft', 'amend', 'submit', 'rebase', 'resolve', 'approve'],
      ...['reject', 'bypass', 'cancel', 'off', 'on', 'clock', 'plain'],
    ),
    fc.constantFrom('ann', 'ben', 'dan'),
    fc.nat(20),
    fc.boolean(),
  ),
  { minLength: 4, maxLength: 18 },
)

const actions = ['activate', 'deactivate', 'schedule', 'unschedule', 'enter_testing', 'leave_testing']

it('[FA-06] says at every moment what the state says, whatever people do one after the other', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (all) => {
      const w = toggleWorld()
      await w.policy(gate)
      const ref = toggles.ref('a')
      for (const step of all) {
        await attempt(w, step).catch((error: unknown) => {
          if (!isApprovalError(error)) throw error
        })
        const found = await w.as('ann').resources.get(ref)
        if (found) expect(found.document.on).toBe(found.lifecycle?.state === 'active')
      }
    }),
    { numRuns: runs(250) },
  )
})

async function attempt(w: ReturnType<typeof toggleWorld>, [verb, user, pick, on]: Step): Promise<unknown> {
  const actor = w.as(user)
  const ref = toggles.ref('a')
  const listed = (await actor.requests.list()).requests
  const request = listed[pick % (listed.length || 1)]
  const { id = 'none', digest: seen = '' } = request ?? {}
  const action = actions[pick % actions.length] ?? 'activate'
  switch (verb) {
    case 'create':
    case 'value':
      return await actor.submit(ref, { value: { on, rollout: pick } })
    case 'plain':
      return await actor.submit(ref, { value: { rollout: pick } as never })
    case 'edit':
      return await actor.submit(ref, { merge: on ? { on: pick % 2 === 0, note: `${pick}` } : { rollout: pick } })
    case 'action':
      return await actor.submit(ref, action === 'schedule' ? { action, at: w.now() + day } : { action })
    case 'revert':
      return on
        ? await actor.draft(ref, { revertTo: (pick % 8) + 1 })
        : await actor.submit(ref, { revertTo: (pick % 8) + 1 })
    case 'draft':
      return await actor.draft(ref, on ? { merge: { note: `${pick}` } } : { action })
    case 'amend':
      return await editNow(actor, id, ref, on ? { merge: { on: true } } : { merge: { note: `amended ${pick}` } }, {})
    case 'submit':
      return await actor.requests.submit(id)
    case 'rebase':
      return await actor.requests.rebase(id)
    case 'resolve': {
      const conflict = (await actor.requests.get(id)).changes[0]?.conflicts[0]?.digest ?? 'sha256:none'
      return await actor.requests.resolve(id, [{ conflict, take: on ? 'live' : 'draft' }])
    }
    case 'approve':
      return await actor.requests.approve(id, { digest: seen })
    case 'reject':
      return await actor.requests.reject(id, { digest: seen, reason: 'no' })
    case 'bypass':
      return await actor.requests.bypass(id, { digest: seen, reason: 'now' })
    case 'cancel':
      return await actor.requests.cancel(id)
    case 'off':
      return await actor.workflow.disable({ waiting: on ? 'hold' : 'return' })
    case 'on':
      return await actor.workflow.enable()
    default:
      w.pass(day)
      return await w.approvals.tick()
  }
}
