import { describe, expect, it } from 'vitest'
import {
  type ActorInput,
  type ApprovalError,
  createApprovals,
  defineResource,
  type Storage,
  staticDirectory,
} from '../../src/index.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { flagSchema, flags, pending, refusal, rollout, storages, type World, world } from '../world.ts'

const quorum = { require: { quorum: 2, from: { roles: ['lead'] } } } as const
const base = { enabled: true, rollout: 1, description: 'one' }

/** What root has changed past everybody, by a policy that lets them. */
async function moveOn(w: World, id: string, change: object) {
  await w.as('dan').bypass(flags.ref(id), { merge: change } as never, { reason: 'it burns' })
}

async function office(w: World, rules: object = {}) {
  for (const id of ['a', 'b']) await w.as('ann').submit(flags.ref(id), { value: base })
  await w.policy({ ...quorum, rules: { bypass: ['security'], cancel: 'any_time', ...rules } })
}

/** Expects that a verb is refused as `can` has foretold, and that it was foretold so. */
async function refusedAsForetold(w: World, user: string, id: string, verb: 'submit' | 'approve' | 'apply' | 'retry') {
  const { can, digest } = await w.as(user).requests.get(id)
  const { requests } = w.as(user)
  const call = { submit: () => requests.submit(id), approve: () => requests.approve(id, { digest }) }
  const apply = { apply: () => requests.apply(id), retry: () => requests.apply(id) }
  const method = verb === 'retry' ? 'apply' : verb
  expect(can[method]).toMatchObject({ code: 'stale' })
  expect(await refusal({ ...call, ...apply }[verb]())).toBe('stale')
}

describe.each(storages)('what has been passed by, on $name', ({ open }) => {
  it('[WO-01, GB-32] tells of drafts, open and failed requests that they are stale, and what a rebase would leave', async () => {
    const w = world(open())
    await office(w, { onStale: 'fail_when_applied' })
    const draft = await w.as('ann').draft(flags.ref('a'), rollout(50))
    const waiting = pending(await w.as('ann').submit(flags.ref('a'), rollout(60)))
    const failed = pending(await w.as('ann').submit(flags.ref('a'), { merge: { description: 'two' } }))
    const rejected = pending(await w.as('ann').submit(flags.ref('a'), rollout(70)))
    const { digest } = rejected
    await w.as('ben').requests.reject(rejected.id, { digest, reason: 'no' })
    const before = await w.as('ann').requests.get(draft.id)
    expect(before).toMatchObject({ stale: false, changes: [{ conflicts: [] }] })

    await moveOn(w, 'a', { rollout: 5 })
    for (const user of ['ben', 'cat']) await w.as(user).requests.approve(failed.id, { digest: failed.digest })
    for (const { id } of [draft, waiting]) {
      const { stale, changes } = await w.as('ben').requests.get(id)
      expect({ stale, at: changes[0]?.conflicts.map(({ path }) => path) }).toEqual({ stale: true, at: ['/rollout'] })
      expect(changes[0]?.conflicts[0]).toMatchObject({ base: 1, live: 5 })
    }
    expect(await w.as('ben').requests.get(failed.id)).toMatchObject({
      ...{ status: 'failed', stale: true, changes: [{ conflicts: [] }] },
    })
    expect(await w.as('ben').requests.get(rejected.id)).toMatchObject({ stale: false, changes: [{ conflicts: [] }] })
    const listed = (await w.as('ben').requests.list({ limit: 50 })).requests
    expect(
      listed
        .filter(({ stale }) => stale)
        .map(({ id }) => id)
        .toSorted(),
    ).toEqual([draft.id, waiting.id, failed.id].toSorted())

    // What was foretold is what comes.
    const foretold = (await w.as('ann').requests.get(draft.id)).changes[0]?.conflicts
    await w.as('ann').requests.rebase(draft.id)
    expect((await w.as('ann').requests.get(draft.id)).changes[0]?.conflicts).toEqual(foretold)
  })

  it('[WO-01] takes answers to the conflicts that it foretells, without a rebase before', async () => {
    const w = world(open())
    await office(w)
    const { id } = await w.as('ann').draft(flags.ref('a'), rollout(50))
    expect((await w.as('ann').requests.get(id)).can.resolve).toMatchObject({ code: 'no_conflicts' })
    await moveOn(w, 'a', { rollout: 5 })
    const { can, changes } = await w.as('ann').requests.get(id)
    expect(can.resolve).toBe(true)
    const answers = (changes[0]?.conflicts ?? []).map(({ digest }) => ({ conflict: digest, take: 'draft' }) as const)
    await w.as('ann').requests.resolve(id, answers)
    expect(await w.as('ann').requests.get(id)).toMatchObject({
      ...{ stale: false, changes: [{ base: 2, conflicts: [], after: { rollout: 50 } }] },
    })
  })

  it('[WO-01] lets nobody submit, approve or apply what can only fail, and lets them on once it is rebased', async () => {
    const w = world(open())
    await office(w, { apply: 'by_hand' })
    const draft = await w.as('ann').draft(flags.ref('a'), { merge: { enabled: false } })
    const waiting = pending(await w.as('ann').submit(flags.ref('a'), { merge: { description: 'three' } }))
    const approved = pending(await w.as('ann').submit(flags.ref('a'), { merge: { description: 'four' } }))
    for (const user of ['ben', 'cat']) await w.as(user).requests.approve(approved.id, { digest: approved.digest })
    await moveOn(w, 'a', { rollout: 5 })

    await refusedAsForetold(w, 'ann', draft.id, 'submit')
    await refusedAsForetold(w, 'ann', waiting.id, 'submit')
    await refusedAsForetold(w, 'ben', waiting.id, 'approve')
    await refusedAsForetold(w, 'eve', approved.id, 'apply')
    expect(await w.as('ben').requests.get(waiting.id)).toMatchObject({ status: 'pending', reviews: [] })
    expect(await w.as('ben').requests.get(approved.id)).toMatchObject({ status: 'approved' })

    await w.as('ann').requests.rebase(waiting.id)
    const { digest, stale } = await w.as('ben').requests.get(waiting.id)
    expect(stale).toBe(false)
    for (const user of ['ben', 'cat']) await w.as(user).requests.approve(waiting.id, { digest })
    expect((await w.as('eve').requests.apply(waiting.id)).request.status).toBe('applied')
    expect((await w.as('ann').resources.get(flags.ref('a')))?.document).toEqual({
      ...{ enabled: true, rollout: 5, description: 'three' },
    })
    // A no needs no rebase.
    await refusedAsForetold(w, 'ann', draft.id, 'submit')
    await w.as('ann').requests.rebase(draft.id)
    const again = await w.as('ann').requests.submit(draft.id)
    await moveOn(w, 'a', { rollout: 6 })
    const reject = w.as('ben').requests.reject(draft.id, { digest: again.request.digest, reason: 'no' })
    expect((await reject).request.status).toBe('rejected')
  })

  it('[WO-01] moves by itself what the policies let move, and refuses it from where it would collide', async () => {
    const w = world(open())
    await office(w, { onStale: 'rebase' })
    const clean = pending(await w.as('ann').submit(flags.ref('a'), { merge: { description: 'two' } }))
    const collides = pending(await w.as('ann').submit(flags.ref('a'), rollout(50)))
    const draft = await w.as('ann').draft(flags.ref('a'), { merge: { enabled: false } })
    await moveOn(w, 'a', { rollout: 5 })
    await refusedAsForetold(w, 'ben', collides.id, 'approve')
    expect((await w.as('ann').requests.get(draft.id)).can.submit).toBe(true)
    expect((await w.as('ann').requests.submit(draft.id)).request.status).toBe('pending')
    expect((await w.as('ben').requests.get(clean.id)).can.approve).toBe(true)
    for (const user of ['ben', 'cat']) await w.as(user).requests.approve(clean.id, { digest: clean.digest })
    expect((await w.as('ann').resources.get(flags.ref('a')))?.document).toEqual({
      ...{ enabled: true, rollout: 5, description: 'two' },
    })
  })

  it('[WO-01] says that what was removed and made anew cannot be rebased, as the rebase does', async () => {
    const w = world(open())
    await office(w)
    const waiting = pending(await w.as('ann').submit(flags.ref('a'), rollout(50)))
    await w.as('dan').bypass(flags.ref('a'), { remove: true }, { reason: 'it burns' })
    await w.as('dan').bypass(flags.ref('a'), { value: base }, { reason: 'it burns' })
    const { can, stale } = await w.as('ann').requests.get(waiting.id)
    expect(stale).toBe(true)
    expect(can.rebase).toMatchObject({ code: 'cannot_land', details: { problem: 'replaced' } })
    expect(await refusal(w.as('ann').requests.rebase(waiting.id))).toBe('cannot_land')
    expect(can.cancel).toBe(true)
  })

  it('[WO-01] says that what somebody else has made already cannot be rebased, as the rebase does', async () => {
    const w = world(open())
    await office(w)
    const both = [rollout(50), { merge: { rollout: 60 } }].map((change, at) => ({
      ref: flags.ref('ab'[at] ?? ''),
      change,
    }))
    const waiting = pending(await w.as('ann').submit(flags.ref('a'), rollout(50)))
    const several = pending(await w.as('ann').submitAll(both as never))
    const draft = await w.as('ann').draft(flags.ref('a'), rollout(50))
    await moveOn(w, 'a', { rollout: 50 })
    const { can } = await w.as('ann').requests.get(waiting.id)
    expect(can).toMatchObject({ rebase: { code: 'nothing_changed' }, cancel: true, edit: true })
    expect(await refusal(w.as('ann').requests.rebase(waiting.id))).toBe('nothing_changed')
    for (const { id } of [several, draft]) {
      expect((await w.as('ann').requests.get(id)).can.rebase).toBe(true)
      await w.as('ann').requests.rebase(id)
    }
  })

  it('[WO-15] rebases a draft that nobody has to approve, if its type says so and nothing collides', async () => {
    const moving = defineResource({ type: 'feature_flag', schema: flagSchema, onStale: 'rebase' })
    for (const [type, isMoved] of [
      [moving, true],
      [flags, false],
    ] as const) {
      const w = world(open(), undefined, [type])
      const ref = type.ref('a')
      await w.as('ann').submit(ref, { value: base })
      const [clean, collides, later] = [
        await w.as('ann').draft(ref, { merge: { description: 'two' } }),
        await w.as('ann').draft(ref, rollout(50)),
        await w.as('ann').draft(ref, { merge: { enabled: false } }),
      ]
      await w.as('eve').submit(ref, rollout(5))
      await refusedAsForetold(w, 'ann', collides.id, 'submit')
      if (!isMoved) {
        await refusedAsForetold(w, 'ann', clean.id, 'submit')
        continue
      }
      expect((await w.as('ann').requests.get(clean.id)).can.submit).toBe(true)
      expect((await w.as('ann').requests.submit(clean.id)).request).toMatchObject({ status: 'applied' })
      expect((await w.as('ann').resources.get(ref))?.document).toEqual({ ...base, rollout: 5, description: 'two' })
      // From when somebody has to approve it, the policies say what becomes of it.
      await w.policy(quorum)
      await refusedAsForetold(w, 'ann', later.id, 'submit')
    }
  })

  it('[WO-15] rebases what was scheduled, too', async () => {
    const moving = defineResource({ type: 'feature_flag', schema: flagSchema, onStale: 'rebase' })
    for (const type of [moving, flags]) {
      const w = world(open(), undefined, [type])
      await w.as('ann').submit(type.ref('a'), { value: base })
      const applyAt = w.now() + 60_000
      const scheduled = await w.as('ann').submit(type.ref('a'), { merge: { description: 'two' } }, { applyAt })
      await w.as('eve').submit(type.ref('a'), rollout(5))
      w.pass(60_000)
      await w.approvals.tick()
      const { status } = await w.as('ann').requests.get('request' in scheduled ? scheduled.request.id : '')
      expect(status).toBe(type === moving ? 'applied' : 'failed')
    }
  })
})

describe('a type that says what becomes of what is stale', () => {
  it('[WO-15] is refused if it says anything else', () => {
    const declare = (onStale: unknown) => () =>
      defineResource({ type: 'flag', schema: flagSchema, onStale: onStale as 'fail' })
    expect(declare('merge')).toThrow(
      new TypeError(`defineResource: onStale of "flag" must be 'fail' or 'rebase', not "merge"`),
    )
    expect(declare(undefined)).not.toThrow()
  })

  it('[WO-01] names the fix', async () => {
    const approvals = createApprovals({
      storage: memoryStorage(),
      resources: [flags],
      directory: staticDirectory({ ann: [], ben: ['lead'] }),
      admins: 'anyone',
    })
    const as = (user: string) => approvals.as({ tenant: 'acme', user } satisfies ActorInput)
    await as('ann').submit(flags.ref('a'), { value: base })
    const draft = await as('ann').draft(flags.ref('a'), rollout(2))
    await as('ben').submit(flags.ref('a'), rollout(3))
    const thrown = await as('ann')
      .requests.submit(draft.id)
      .catch((error: ApprovalError) => error)
    expect(thrown).toMatchObject({ code: 'stale', details: { base: 1, live: 2 } })
    expect((thrown as ApprovalError).message).toContain('rebase the request')
  })
})

describe.each(storages)('an approval that meets a change of the same moment, on $name', ({ open }) => {
  it('[WO-01] is refused as stale, also where the change lands after its facts were read', async () => {
    const inner = open()
    const meanwhile: (() => Promise<unknown>)[] = []
    const storage: Storage = {
      ...inner,
      get: (keys) => inner.get(keys),
      list: (query) => inner.list(query),
      count: (query) => inner.count(query),
      async commit(writes, effect) {
        await meanwhile.shift()?.()
        await inner.commit(writes, effect)
      },
    }
    const [here, there] = [world(storage), world(inner)]
    await here.flag('a', base)
    await here.policy({ ...quorum, when: { type: 'any_change', field: '/rollout' }, rules: { apply: 'by_hand' } })
    const ref = flags.ref('a')
    const { id, digest } = pending(await here.as('ann').submit(ref, rollout(50)))
    meanwhile.push(() => there.as('dan').submit(ref, { merge: { description: 'two' } }))
    expect(await refusal(here.as('ben').requests.approve(id, { digest }))).toBe('stale')
    expect(meanwhile).toEqual([])
    expect(await here.as('ann').requests.get(id)).toMatchObject({ status: 'pending', reviews: [] })
  })
})
