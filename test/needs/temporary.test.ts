import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { requestMethods } from '../../src/core/request/model/status-table.ts'
import type { ChangeRequest, Storage, WantedChange } from '../../src/index.ts'
import { levelAccess } from '../../src/presets/levels.ts'
import type { FreezeInput } from '../../src/service/records/freeze-records.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { accessWorld } from '../access-world.ts'
import { day, type Flag, flags, pending, refusal, rollout, start, storages, type World, world } from '../world.ts'
import { kinds, planWorld } from './host-world.ts'

const ref = flags.ref('checkout')
const hour = day / 24
const revertAt = start + day

/** A flag at 40 %, which a lead has to approve changes of; every wish is for a day. */
async function temporary(storage: Storage, rules: object = {}) {
  const w = world(storage)
  await w.flag('checkout', { enabled: true, rollout: 40, tags: ['old'] })
  await w.policy({ rules })
  const reader = w.approvals.reader('acme')
  const document = async (which = ref) => (await reader.resources.get(which))?.document
  const live = async (which = ref) => (await document(which))?.rollout
  const sound = async () => expect((await w.as('cat').audit.verify()).problems).toEqual([])
  return { w, document, live, sound }
}

/** Has a change approved that is for a day, and gives the request and the one that takes it back. */
async function approvedFor(w: World, change: WantedChange<Flag>, which = ref) {
  const { id, digest } = pending(await w.as('ann').submit(which, change, { revertAt }))
  const { request } = await w.as('ben').requests.approve(id, { digest })
  return { request, revert: request.revertedBy ?? '' }
}

const mine: WantedChange<Flag> = rollout(50)

describe.each(storages)('[TI-03] [BY-17] a change for a time on $name', ({ open }) => {
  it('[TI-03] is taken back at the time that was approved with it, once, and nobody approves that again', async () => {
    const { w, live, sound } = await temporary(open())
    const asked = pending(await w.as('ann').submit(ref, mine, { revertAt }))
    expect(asked).toMatchObject({ status: 'pending', revertAt })
    expect(asked).not.toHaveProperty('revertedBy')
    const { request } = await w.as('ben').requests.approve(asked.id, { digest: asked.digest })
    expect(request).toMatchObject({ status: 'applied', revertAt, revisions: [{ number: 2 }] })
    const revert = await w.as('ann').requests.get(request.revertedBy ?? '')
    expect(revert).toMatchObject({ status: 'approved', revertOf: asked.id, applyAt: revertAt, requester: 'ann' })
    expect(revert.changes[0]?.lines).toEqual(['rollout: 50 → 40'])
    expect((await w.as('ann').requests.list({ status: 'approved' })).requests.map(({ id }) => id)).toEqual([revert.id])
    w.pass(day - 1)
    await w.approvals.tick()
    expect(await live()).toBe(50)
    w.pass(1)
    expect((await w.approvals.tick()).applied).toBe(1)
    await w.approvals.tick()
    expect(await live()).toBe(40)
    expect(await w.as('ann').requests.get(revert.id)).toMatchObject({ status: 'applied', revisions: [{ number: 3 }] })
    const history = await w.as('ann').resources.history(ref)
    expect(history.map(({ number, request: by }) => [number, by]).slice(0, 2)).toEqual([
      [3, revert.id],
      [2, asked.id],
    ])
    const timeline = (await w.as('ann').requests.timeline(revert.id)).entries
    expect(timeline.map(({ event }) => event)).toEqual(['submitted', 'applied'])
    await sound()
  })

  it('[TI-03] that nobody has to approve is applied at once, and kept as a request', async () => {
    const w = world(open())
    await w.flag('checkout')
    const outcome = await w.as('ann').submit(ref, mine, { revertAt, reason: 'a test' })
    expect(outcome).toMatchObject({ status: 'applied', revision: 2, request: { status: 'applied', revertAt } })
    expect(await w.as('ann').preview(ref, rollout(60), { revertAt })).toMatchObject({ status: 'applied' })
    w.pass(day)
    await w.approvals.tick()
    expect((await w.approvals.reader('acme').resources.get(ref))?.document?.rollout).toBe(40)
    expect((await w.as('cat').audit.verify()).problems).toEqual([])
  })

  it('[TI-03] keeps what others have changed meanwhile, and takes back what is still there', async () => {
    const { w, document, sound } = await temporary(open(), { lock: 'none' })
    const { revert } = await approvedFor(w, (flag) => {
      flag.rollout = 50
      flag.tags = ['old', 'beta']
    })
    for (const change of [{ description: 'new words' }, { tags: ['old', 'beta', 'mine'] }]) {
      const { id, digest } = pending(await w.as('dan').submit(ref, { merge: change }))
      await w.as('ben').requests.approve(id, { digest })
    }
    w.pass(day)
    await w.approvals.tick()
    expect(await document()).toEqual({ enabled: true, rollout: 40, description: 'new words', tags: ['old', 'mine'] })
    expect(await w.as('ann').requests.get(revert)).toMatchObject({ status: 'applied', revisions: [{ number: 5 }] })
    await sound()
  })

  it('[TI-03] that collides is a request of its own; everybody concerned is told at once, and policies ask', async () => {
    const { w, live, sound } = await temporary(open())
    const { revert } = await approvedFor(w, mine)
    const { id, digest } = pending(await w.as('dan').submit(ref, rollout(60)))
    await w.as('cat').requests.approve(id, { digest })
    w.pass(day)
    await w.approvals.tick()
    expect(await live()).toBe(60)
    expect(await w.as('ann').requests.get(revert)).toMatchObject({ status: 'failed', failure: { code: 'stale' } })
    const told = (await w.notices()).filter((notice) => notice.request === revert && notice.type === 'failed')
    expect(told.map(({ to }) => [...to].toSorted())).toEqual([['ann', 'ben', 'dan']])
    await w.approvals.tick()
    await w.as('ann').requests.rebase(revert)
    const rebased = await w.as('ann').requests.get(revert)
    expect(rebased).toMatchObject({ conflicts: 1 })
    const [conflict] = rebased.changes[0]?.conflicts ?? []
    if (!conflict) throw new TypeError('There is no conflict.')
    const resolutions = [{ conflict: conflict.digest, take: 'draft' } as const]
    const resolved = (await w.as('ann').requests.resolve(revert, resolutions)).request
    expect(resolved).toMatchObject({ status: 'pending', requirements: [{ policy: 'reviewed' }] })
    expect(await live()).toBe(60)
    await w.as('ben').requests.approve(revert, { digest: resolved.digest })
    await w
      .as('ann')
      .requests.apply(revert)
      .catch(() => undefined)
    expect(await live()).toBe(40)
    await sound()
  })

  it('[TI-03] finds taken back already what others have taken back', async () => {
    const { w, live, sound } = await temporary(open())
    const { revert } = await approvedFor(w, mine)
    const { id, digest } = pending(await w.as('dan').submit(ref, rollout(40)))
    await w.as('cat').requests.approve(id, { digest })
    w.pass(day)
    await w.approvals.tick()
    expect(await live()).toBe(40)
    expect(await w.as('ann').requests.get(revert)).toMatchObject({ status: 'applied', revisions: [] })
    expect(await w.as('ann').resources.history(ref)).toHaveLength(3)
    await sound()
  })

  const fates: readonly (readonly [string, (w: World, revert: string) => Promise<void>])[] = [
    [
      'the policies',
      async (w) => void (await w.policy({ id: 'more', require: { quorum: 2, from: { roles: ['lead'] } } })),
    ],
    ['its requester, who is gone', async (w) => void w.leave('ann')],
    ['everybody who approved it, who is gone', async (w) => void w.leave('ben')],
    ['the workflow, which is off', async (w) => void (await w.as('cat').workflow.disable({ reason: 'a test' }))],
    [
      'the workflow, which is held',
      async (w) => void (await w.as('cat').workflow.disable({ reason: 'a test', waiting: 'hold' })),
    ],
    ['a request that holds the lock', async (w) => void pending(await w.as('dan').submit(ref, rollout(70)))],
    ...(['block', 'queue', 'ask'] as const).map((mode): (typeof fates)[number] => [
      `a freeze that was saved later, which would ${mode}`,
      async (w, revert) => {
        const windows = [{ from: revertAt - hour, until: revertAt + day }]
        const asks = mode === 'ask' ? { require: { quorum: 1, from: { roles: ['lead'] } } } : {}
        const freeze = { id: 'late', match: {}, windows, mode, reason: 'quiet', ...asks } as FreezeInput
        const saved = await w.as('cat').freezes.save(freeze)
        expect(saved.reverts).toEqual([{ request: revert, at: revertAt }])
      },
    ]),
    ['the time that it took until somebody came by', async (w) => w.pass(400 * day)],
  ]

  it.each(fates)('[TI-03] is taken back whatever becomes of %s', async (_, happens) => {
    const { w, live, sound } = await temporary(open(), { lock: 'resource' })
    const { revert } = await approvedFor(w, mine)
    await happens(w, revert)
    w.pass(day)
    await w.approvals.tick()
    expect(await live()).toBe(40)
    await sound()
  })

  it('[TI-03] of resources that are made and removed', async () => {
    const { w, document, sound } = await temporary(open())
    await w.approvals.tick()
    const fresh = flags.ref('fresh', { project: 'web' })
    const made = await approvedFor(w, { value: { enabled: true, rollout: 1 } }, fresh)
    const gone = await approvedFor(w, { remove: true })
    expect([await document(fresh), await document()]).toEqual([{ enabled: true, rollout: 1 }, undefined])
    w.pass(day)
    await w.approvals.tick()
    expect([await document(fresh), await document()]).toEqual([
      undefined,
      { enabled: true, rollout: 40, tags: ['old'] },
    ])
    for (const { revert } of [made, gone]) {
      expect(await w.as('ann').requests.get(revert)).toMatchObject({ status: 'applied' })
    }
    await sound()
  })

  it('[TI-03] of several resources is taken back of all of them, or of none', async () => {
    const { w, live, sound } = await temporary(open())
    const other = await w.flag('other').catch(() => flags.ref('other'))
    const made = pending(await w.as('ann').submit(other, { value: { enabled: true, rollout: 40 } }))
    await w.as('ben').requests.approve(made.id, { digest: made.digest })
    const both = async (at: number) => {
      const wishes = [ref, other].map((which) => ({ ref: which, change: mine }))
      const { id, digest } = pending(await w.as('ann').submitAll(wishes, { revertAt: at }))
      return (await w.as('ben').requests.approve(id, { digest })).request.revertedBy ?? ''
    }
    await both(revertAt)
    w.pass(day)
    await w.approvals.tick()
    expect([await live(), await live(other)]).toEqual([40, 40])
    const second = await both(revertAt + day)
    const { id, digest } = pending(await w.as('dan').submit(other, rollout(70)))
    await w.as('cat').requests.approve(id, { digest })
    w.pass(day)
    await w.approvals.tick()
    expect([await live(), await live(other)]).toEqual([50, 70])
    expect(await w.as('ann').requests.get(second)).toMatchObject({ status: 'failed' })
    await sound()
  })

  it.each(kinds)('[TI-03] of a resource that the host keeps: %s', async (kind) => {
    const { plans, rows, ...w } = await planWorld(kind, open())
    const pro = plans.ref('pro')
    const { id, digest } = pending(await w.as('ann').submit(pro, { value: { cents: 5900 } }, { revertAt }))
    await w.as('ben').requests.approve(id, { digest })
    expect(rows.get('pro')).toEqual({ cents: 5900 })
    const windows = [{ from: revertAt - hour, until: revertAt + hour }]
    await w.as('ben').freezes.save({ id: 'late', match: {}, windows, mode: 'block', reason: 'quiet' })
    w.pass(day)
    await w.approvals.tick()
    expect(rows.get('pro')).toEqual({ cents: 4900 })
    expect(await w.as('ann').requests.get(`${id}-revert`)).toMatchObject({ status: 'applied' })
    expect((await w.as('ben').audit.verify()).problems).toEqual([])
  })
})

describe('[TI-03] what takes a change back', () => {
  it('is called off, moved and changed by nobody', async () => {
    const { w, live } = await temporary(memoryStorage(), { bypass: ['lead'], breakGlass: ['lead'] })
    const { revert } = await approvedFor(w, mine)
    for (const user of ['ann', 'ben', 'cat', 'dan']) {
      const { can } = await w.as(user).requests.get(revert)
      const allowed = requestMethods.filter((method) => can[method] === true)
      expect(allowed).toEqual(['comment'])
      const codes = requestMethods.flatMap((method) => {
        const answer = can[method]
        return answer === true ? [] : [answer.code]
      })
      expect(new Set(codes)).toEqual(
        new Set(['revert_planned', 'not_open', 'not_due', 'comment_open', 'comment_resolved']),
      )
    }
    const { requests } = w.as('ann')
    const { digest } = await requests.get(revert)
    const tries: readonly (() => Promise<unknown>)[] = [
      () => requests.cancel(revert),
      () => requests.edit(revert, ref, rollout(50)),
      () => requests.schedule(revert, revertAt + day),
      () => requests.schedule(revert, null),
      () => requests.recall(revert),
      () => requests.rebase(revert),
      () => requests.submit(revert),
      () => requests.describe(revert, 'later'),
      () => w.as('ben').requests.takeOver(revert),
      () => w.as('ben').requests.reject(revert, { digest, reason: 'keep it' }),
      () => w.as('ben').requests.requestChanges(revert, { digest, reason: 'keep it' }),
      () => w.as('ben').requests.bypass(revert, { digest, reason: 'now' }),
    ]
    for (const attempt of tries) expect(await refusal(attempt())).toBe('revert_planned')
    expect(await refusal(requests.apply(revert))).toBe('not_due')
    w.pass(day)
    await w.approvals.tick()
    expect(await live()).toBe(40)
  })

  it('has no other rights than to take back: with other content, policies ask of it as of every other', async () => {
    const { w, live } = await temporary(memoryStorage())
    const { revert } = await approvedFor(w, mine)
    const { id, digest } = pending(await w.as('dan').submit(ref, rollout(60)))
    await w.as('cat').requests.approve(id, { digest })
    w.pass(day)
    await w.approvals.tick()
    const again = (await w.as('ann').requests.submit(revert)).request
    expect(again).toMatchObject({ status: 'pending', revertOf: revert.replace('-revert', '') })
    const edited = (await w.as('ann').requests.edit(revert, ref, rollout(99))).request
    expect(edited.status).toBe('pending')
    expect(await refusal(w.as('ann').requests.apply(revert))).toBe('not_open')
    w.pass(day)
    await w.approvals.tick()
    expect(await live()).toBe(60)
  })

  it('has no rights left once it was rebased and approved anew', async () => {
    const { w, live } = await temporary(memoryStorage(), { apply: 'by_hand', bypass: ['security'] })
    const asked = pending(await w.as('ann').submit(ref, mine, { revertAt }))
    await w.as('ben').requests.approve(asked.id, { digest: asked.digest })
    await w.as('ann').requests.apply(asked.id)
    await w.as('dan').bypass(ref, rollout(60), { reason: 'now' })
    w.pass(day)
    await w.approvals.tick()
    const revert = `${asked.id}-revert`
    const edited = (await w.as('ann').requests.submit(revert)).request
    await w.as('ann').requests.rebase(revert)
    const [conflict] = (await w.as('ann').requests.get(revert)).changes.flatMap(({ conflicts }) => conflicts)
    if (!conflict) throw new TypeError('There is no conflict.')
    await w.as('ann').requests.resolve(revert, [{ conflict: conflict.digest, take: 'draft' }])
    const { digest } = await w.as('ann').requests.get(revert)
    expect(digest).not.toBe(edited.digest)
    expect((await w.as('ben').requests.approve(revert, { digest })).request.status).toBe('approved')
    const windows = [{ from: start, until: start + 9 * day }]
    await w.as('cat').freezes.save({ id: 'late', match: {}, windows, mode: 'block', reason: 'quiet' })
    expect(await refusal(w.as('ann').requests.apply(revert))).toBe('frozen')
    await w.as('cat').freezes.remove('late')
    await w.policy({ id: 'more', require: { quorum: 2, from: { roles: ['lead'] } } })
    expect(await refusal(w.as('ann').requests.apply(revert))).toBe('approval_missing')
    expect((await w.as('ann').requests.recall(revert)).request.status).toBe('draft')
    expect(await live()).toBe(60)
  })
})

describe('[TI-03] policies are asked about both ways of a change for a time', () => {
  const increases = {
    type: 'change_amount',
    operator: '>',
    field: '/rollout',
    value: 20,
    unit: 'points',
    direction: 'increase',
  } as const

  it.each([
    ['a way back that is the large step', { when: increases }, rollout(5), true],
    ['a way there that is the large step', { when: increases }, rollout(90), true],
    ['neither', { when: increases }, rollout(30), false],
    [
      'a safe way there',
      { when: { type: 'any_change', field: '/rollout' }, safe: [{ field: '/rollout', direction: 'decrease' }] },
      rollout(5),
      true,
    ],
    ['a removal', { match: { action: 'delete' } }, { remove: true }, true],
    ['what creates it anew', { match: { action: 'create' } }, { remove: true }, true],
    ['what switches it off again', { match: { action: 'enable' } }, { merge: { enabled: false } }, true],
  ] as const)('%s', async (_, policy, change, asks) => {
    const w = world(memoryStorage())
    await w.flag('checkout')
    await w.policy({ ...policy } as never)
    const ann = w.as('ann')
    const plan = await ann.preview(ref, change, { revertAt })
    expect(plan.status).toBe(asks ? 'pending' : 'applied')
    expect(plan.requirements).toHaveLength(asks ? 1 : 0)
    const draft = await ann.draft(ref, change, { revertAt })
    expect((await ann.requests.submit(draft.id)).request.status).toBe(asks ? 'pending' : 'applied')
  })

  it('also where the time is set later, or the policies change while the request waits', async () => {
    const w = world(memoryStorage())
    await w.flag('checkout')
    await w.policy({ id: 'tags', match: {}, when: { type: 'any_change', field: '/tags' } })
    const edit = { merge: { rollout: 5, tags: ['a'] } }
    const lasting = pending(await w.as('ann').submit(ref, edit))
    const brief = pending(await w.as('ann').submit(ref, edit, { revertAt }))
    await w.policy({ id: 'steps', when: increases, require: { quorum: 2, from: { roles: ['lead'] } } })
    const asked = async (id: string) =>
      (await w.as('ann').requests.get(id)).approval?.policies.map(({ policy }) => policy)
    expect(await asked(lasting.id)).toEqual(['tags'])
    expect(await asked(brief.id)).toEqual(['steps', 'tags'])
    const timed = (await w.as('ann').requests.schedule(lasting.id, null, { revertAt })).request
    expect(timed.requirements.map(({ policy }) => policy)).toEqual(['steps', 'tags'])
  })

  it('and whoever asks for it must be allowed to take it back', async () => {
    const { as } = await accessWorld(memoryStorage(), {
      ...levelAccess,
      roles: [
        ...levelAccess.roles,
        { id: 'maker', permissions: ['resources.read', 'flags.create'], held: 'both' },
        { id: 'keeper', permissions: ['resources.read', 'flags.create', 'flags.delete'], held: 'both' },
      ],
    })
    for (const [user, role] of [
      ['max', 'maker'],
      ['kai', 'keeper'],
    ] as const)
      await as('zoe').access.grant({ user, role, project: 'web' })
    const create = (user: string, options: object) => {
      return as(user).submit(
        flags.ref(`of ${user}`, { project: 'web' }),
        { value: { enabled: true, rollout: 1 } },
        options,
      )
    }
    await expect(create('max', { revertAt })).rejects.toMatchObject({
      code: 'not_permitted',
      details: { missing: ['flags.delete'] },
    })
    expect((await create('max', {})).status).toBe('applied')
    expect((await create('kai', { revertAt })).status).toBe('applied')
  })
})

describe('[TI-03] the time at which a change is taken back', () => {
  it('is part of what reviewers agree to, and can be set and taken off until then', async () => {
    const { w, live } = await temporary(memoryStorage())
    const ann = w.as('ann')
    const asked = pending(await ann.submit(ref, mine, { revertAt }))
    const later = (await ann.requests.schedule(asked.id, null, { revertAt: revertAt + day })).request
    expect(later).toMatchObject({ revertAt: revertAt + day })
    expect(later.digest).not.toBe(asked.digest)
    expect(await refusal(w.as('ben').requests.approve(asked.id, { digest: asked.digest }))).toBe('digest_mismatch')
    const kept = (await ann.requests.schedule(asked.id, null, { revertAt: null })).request
    expect(kept).not.toHaveProperty('revertAt')
    const { request } = await w.as('ben').requests.approve(asked.id, { digest: kept.digest })
    expect(request).not.toHaveProperty('revertedBy')
    w.pass(9 * day)
    await w.approvals.tick()
    expect(await live()).toBe(50)
  })

  it('ends a request that is not applied by then', async () => {
    const { w, live } = await temporary(memoryStorage())
    const { id, digest } = pending(await w.as('ann').submit(ref, mine, { revertAt }))
    w.pass(day)
    expect(await w.as('ann').requests.get(id)).toMatchObject({ status: 'expired' })
    expect(await refusal(w.as('ben').requests.approve(id, { digest }))).toBe('expired')
    expect(await refusal(w.as('ann').requests.submit(id))).toBe('invalid_input')
    const again = await w.as('ann').requests.submit(id, { revertAt: w.now() + hour })
    expect(again.request).toMatchObject({ status: 'pending', revertAt: w.now() + hour })
    expect(await live()).toBe(40)
  })

  it('goes with a schedule, a draft, a bypass and a broken glass', async () => {
    const { w, live } = await temporary(memoryStorage(), { bypass: ['lead'], breakGlass: ['lead'] })
    const scheduled = pending(await w.as('ann').submit(ref, mine, { applyAt: start + hour, revertAt }))
    await w.as('ben').requests.approve(scheduled.id, { digest: scheduled.digest })
    w.pass(hour)
    await w.approvals.tick()
    expect(await live()).toBe(50)
    w.pass(day - hour)
    await w.approvals.tick()
    expect(await live()).toBe(40)
    const next = () => w.now() + hour
    const draft = await w.as('ann').draft(ref, mine, { revertAt: next() })
    const put = (await w.as('ann').requests.submit(draft.id)).request
    const ways: readonly (() => Promise<unknown>)[] = [
      () => w.as('ben').requests.approve(put.id, { digest: put.digest }),
      () => w.as('ben').bypass(ref, rollout(60), { reason: 'now', revertAt: next() }),
      async () => {
        const { id, digest } = pending(await w.as('ann').submit(ref, rollout(70), { revertAt: next() }))
        await w.as('ben').requests.breakGlass(id, { digest, incident: 'INC-1', reason: 'now' })
      },
    ]
    for (const [index, way] of ways.entries()) {
      await way()
      expect(await live()).toBe(50 + 10 * index)
      w.pass(hour)
      await w.approvals.tick()
      expect(await live()).toBe(40)
    }
    expect((await w.as('cat').audit.verify()).problems).toEqual([])
  })

  it.each([
    ['no time', Number.NaN, 'time'],
    ['a time that has passed', start, 'future'],
    ['a time before it is applied', start + hour, 'later than the time'],
  ])('is refused where it cannot be: %s', async (_, at, says) => {
    const { w } = await temporary(memoryStorage())
    const applyAt = start + hour
    const call = w.as('ann').submit(ref, mine, { applyAt, revertAt: at })
    await expect(call).rejects.toMatchObject({ code: 'invalid_input', details: { argument: 'revertAt' } })
    await expect(call).rejects.toThrow(says)
  })

  it.each(['block', 'queue', 'ask'] as const)('is refused in a freeze that is known, and would %s', async (mode) => {
    const { w } = await temporary(memoryStorage())
    const windows = [{ from: revertAt - hour, until: revertAt + hour }]
    const asks = mode === 'ask' ? { require: { quorum: 1, from: { roles: ['lead'] } } } : {}
    const match = { resource: 'feature_flag' }
    await w.as('cat').freezes.save({ id: 'night', match, windows, mode, reason: 'quiet', ...asks } as FreezeInput)
    const ann = w.as('ann')
    const draft = await ann.draft(ref, mine, { revertAt })
    const asked = pending(await ann.submit(ref, mine, { revertAt: revertAt + 2 * hour }))
    for (const call of [
      ann.submit(ref, rollout(60), { revertAt }),
      ann.preview(ref, rollout(60), { revertAt }),
      ann.requests.submit(draft.id),
      ann.requests.schedule(asked.id, null, { revertAt }),
    ]) {
      await expect(call).rejects.toMatchObject({ code: 'invalid_input', details: { argument: 'revertAt' } })
      await expect(call).rejects.toThrow('"night"')
    }
  })
})

/** What each field of the flag is for a time, and what others make of it meanwhile; absent: nothing. */
const edits = fc.record(
  { rollout: fc.constantFrom(10, 20, 40), description: fc.constantFrom('a', 'b'), enabled: fc.boolean() },
  { requiredKeys: [] },
)

it('[TI-03] takes back exactly what is still as it was made, or nothing at all where that collides', async () => {
  await fc.assert(
    fc.asyncProperty(edits, fc.array(edits, { maxLength: 3 }), async (mineIs, others) => {
      const w = world(memoryStorage())
      const before: Flag = { enabled: true, rollout: 40, description: 'a' }
      await w.flag('checkout', before)
      const made = { ...before, ...mineIs }
      const changed = (['rollout', 'description', 'enabled'] as const).filter((name) => made[name] !== before[name])
      fc.pre(changed.length > 0)
      const outcome = await w.as('ann').submit(ref, { merge: mineIs }, { revertAt })
      const request = (outcome as { request?: ChangeRequest }).request
      let now: Flag = made
      for (const merge of others) {
        const next = { ...now, ...merge }
        if (JSON.stringify(next) !== JSON.stringify(now)) await w.as('dan').submit(ref, { merge })
        now = next
      }
      w.pass(day)
      await w.approvals.tick()
      const collides = changed.some((name) => now[name] !== made[name] && now[name] !== before[name])
      const expected = collides ? now : { ...now, ...Object.fromEntries(changed.map((name) => [name, before[name]])) }
      const revert = await w.as('ann').requests.get(request?.revertedBy ?? '')
      expect(revert.status).toBe(collides ? 'failed' : 'applied')
      expect((await w.approvals.reader('acme').resources.get(ref))?.document).toEqual(expected)
      expect((await w.as('cat').audit.verify()).problems).toEqual([])
    }),
    { numRuns: 100 },
  )
})
