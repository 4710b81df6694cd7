import { describe, expect, it } from 'vitest'
import { type ApprovalError, createApprovals, defineResource, type Storage, staticDirectory } from '../../src/index.ts'
import type { FreezeInput } from '../../src/service/records/freeze-records.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { accessWorld } from '../access-world.ts'
import { aSwitch, lifecycleWorld, switches } from '../lifecycle-world.ts'
import { day, flagSchema, flags, pending, refusal, rollout, start, storages, world } from '../world.ts'

const ref = flags.ref('checkout')
const hour = day / 24
const ends = start + hour + day

const security = { quorum: 1, from: { roles: ['security'] } } as const

/** A freeze of a day that begins in an hour, and in which security approves besides. */
function asking(more: Partial<FreezeInput> = {}): FreezeInput {
  const windows = [{ from: start + hour, until: ends }]
  return { id: 'release', match: {}, windows, mode: 'ask', require: security, reason: 'the release', ...more }
}

async function askingWorld(storage: Storage, more: Partial<FreezeInput> = {}) {
  const w = world(storage)
  await w.flag('checkout')
  await w.flag('other')
  const saved = await w.as('ann').freezes.save(asking(more))
  const live = async (which = ref) => (await w.approvals.reader('acme').resources.get(which))?.document?.rollout
  const sound = async () => expect((await w.as('ann').audit.verify()).problems).toEqual([])
  const approve = async (user: string, { id }: { readonly id: string }) => {
    const { digest } = await w.as(user).requests.get(id)
    return (await w.as(user).requests.approve(id, { digest })).request
  }
  return { w, saved, live, sound, approve }
}

const byRelease = { policy: 'release', version: 1, source: 'freeze', require: security }

describe.each(storages)('[TI-02] a freeze that asks, on $name', ({ open }) => {
  it('[TI-02] has wait what nobody has to approve otherwise, and applies it once it is approved', async () => {
    const { w, live, sound, approve } = await askingWorld(open())
    const ann = w.as('ann')
    await ann.submit(ref, rollout(41))
    w.pass(hour)
    const foretold = await ann.preview(ref, rollout(50))
    expect(foretold).toMatchObject({ status: 'pending', requirements: [byRelease], approvers: ['dan'] })
    expect(foretold).not.toHaveProperty('frozen')
    expect(foretold.reasons.at(-1)).toMatch(/^Freeze "release" asks for /)
    const one = pending(await ann.submit(ref, rollout(50)))
    const seen = await ann.requests.get(one.id)
    expect(seen.approval?.policies).toMatchObject([{ policy: 'release', met: false }])
    expect(seen).not.toHaveProperty('frozen')
    const { entries } = await ann.requests.timeline(one.id)
    expect(entries).toMatchObject([{ type: 'submission', freezes: ['release'] }])
    expect((await w.as('dan').requests.inbox()).requests).toMatchObject([{ id: one.id }])
    expect(await refusal(approve('ben', one))).toBe('not_an_approver')
    expect(await live()).toBe(41)
    expect(await approve('dan', one)).toMatchObject({ status: 'applied' })
    expect(await live()).toBe(50)
    await sound()
  })

  it('[TI-02] asks besides what policies ask, of what was submitted before as well', async () => {
    const { w, live, sound, approve } = await askingWorld(open())
    await w.policy()
    const [one, two] = [
      pending(await w.as('ann').submit(ref, rollout(50))),
      pending(await w.as('ann').submit(flags.ref('other'), rollout(60))),
    ]
    w.pass(hour)
    expect(await approve('ben', one)).toMatchObject({ status: 'pending', reviews: [{ by: 'ben' }] })
    expect(await refusal(w.as('ann').requests.apply(one.id))).toBe('not_open')
    expect(await live()).toBe(40)
    expect(await approve('dan', one)).toMatchObject({ status: 'applied' })
    expect(await approve('dan', two)).toMatchObject({ status: 'pending' })
    expect(await approve('ben', two)).toMatchObject({ status: 'applied' })
    await sound()
  })

  it('[TI-02] has what was approved before it wait for its approval when it is to be applied', async () => {
    const { w, live, sound, approve } = await askingWorld(open())
    await w.policy({ rules: { apply: 'by_hand' } })
    const one = pending(await w.as('ann').submit(ref, rollout(50)))
    const later = pending(await w.as('ann').submit(flags.ref('other'), rollout(60), { applyAt: start + 2 * hour }))
    await approve('ben', one)
    expect(await approve('ben', later)).toMatchObject({ status: 'pending' })
    w.pass(hour)
    const missing = await w
      .as('ann')
      .requests.apply(one.id)
      .catch((error: ApprovalError) => ({ code: error.code, ...error.details }))
    expect(missing).toMatchObject({ code: 'approval_missing', policies: ['release'] })
    expect((await w.as('ann').requests.get(one.id)).can).toMatchObject({ apply: { code: 'approval_missing' } })
    await approve('dan', one)
    await w.as('ann').requests.apply(one.id)
    expect(await live()).toBe(50)
    await sound()
  })

  it('[TI-02] ends what was scheduled before it was saved as a policy does, if its time comes without the approval', async () => {
    const { w, live, sound, approve } = await askingWorld(open(), {
      windows: [{ from: start + 5 * day, until: start + 6 * day }],
    })
    await w.policy()
    const one = pending(await w.as('ann').submit(ref, rollout(50), { applyAt: start + 2 * hour }))
    expect(await approve('ben', one)).toMatchObject({ status: 'approved' })
    await w.as('ann').freezes.save(asking())
    w.pass(2 * hour)
    await w.approvals.tick()
    expect(await live()).toBe(40)
    expect(await w.as('ann').requests.get(one.id)).toMatchObject({ status: 'expired' })
    await sound()
  })

  it('[TI-02] asks no longer once it is over: what waited for it alone is applied by tick', async () => {
    const { w, live, sound, approve } = await askingWorld(open())
    const ann = w.as('ann')
    w.pass(hour)
    const free = pending(await ann.submit(ref, rollout(50)))
    await w.policy({ match: { resource: 'feature_flag', action: 'disable' } })
    const off = { patch: [{ op: 'replace', path: '/enabled', value: false }] } as const
    const gated = pending(await ann.submit(flags.ref('other'), off))
    await approve('ben', gated)
    for (let call = 0; call < 3; call++) {
      await w.approvals.tick()
      w.pass(hour)
    }
    expect(await ann.requests.get(free.id)).toMatchObject({ status: 'pending' })
    expect((await ann.requests.timeline(free.id)).entries).toHaveLength(1)
    w.pass(day - 3 * hour)
    expect((await ann.requests.get(free.id)).approval).toMatchObject({ met: true })
    expect(await w.approvals.tick()).toMatchObject({ applied: 2, failed: [] })
    expect(await live()).toBe(50)
    expect(await ann.requests.get(gated.id)).toMatchObject({ status: 'applied' })
    await sound()
  })

  it('[TI-02] asks no longer once it is removed, and never less than the policies of that time', async () => {
    const { w, live, sound, approve } = await askingWorld(open())
    w.pass(hour)
    const one = pending(await w.as('ann').submit(ref, rollout(50)))
    await w.policy()
    await w.as('ann').freezes.remove('release')
    w.pass(5 * 60_000)
    await w.approvals.tick()
    expect(await live()).toBe(40)
    expect((await w.as('ann').requests.get(one.id)).approval?.policies).toMatchObject([{ policy: 'reviewed' }])
    expect(await approve('ben', one)).toMatchObject({ status: 'applied' })
    await sound()
  })
})

describe('[TI-02] content in a freeze that asks', () => {
  it('[TI-02] keeps what a policy asked that is gone, whoever edits it', async () => {
    const { w, approve } = await askingWorld(memoryStorage())
    await w.policy()
    const one = pending(await w.as('ann').submit(ref, rollout(50)))
    await w.as('ann').policies.remove('reviewed')
    w.pass(hour)
    await w.as('ann').requests.edit(one.id, ref, rollout(55))
    const { requirements } = await w.as('ann').requests.get(one.id)
    expect(requirements).toMatchObject([{ policy: 'release' }, { policy: 'reviewed' }])
    expect(await approve('dan', one)).toMatchObject({ status: 'pending' })
    expect(await approve('ben', one)).toMatchObject({ status: 'applied' })
  })

  it('[TI-02] is asked about no longer if it is put to its reviewers when the freeze is over', async () => {
    const { w, live } = await askingWorld(memoryStorage())
    w.pass(hour)
    const one = pending(await w.as('ann').submit(ref, rollout(50)))
    w.pass(day)
    expect(await w.as('ann').requests.submit(one.id)).toMatchObject({ request: { status: 'applied' } })
    expect(await live()).toBe(50)
  })

  it('[TI-02] is not approved by the end of the freeze: what policies ask is asked on', async () => {
    const { w, live, sound, approve } = await askingWorld(memoryStorage())
    await w.policy()
    w.pass(hour)
    const [one, two] = [
      pending(await w.as('ann').submit(ref, rollout(50))),
      pending(await w.as('ann').submit(flags.ref('other'), rollout(60))),
    ]
    expect(one.requirements).toMatchObject([{ policy: 'release' }, { policy: 'reviewed' }])
    await approve('dan', two)
    w.pass(2 * day)
    await w.approvals.tick()
    for (const { id } of [one, two]) {
      const { status, approval } = await w.as('ann').requests.get(id)
      expect({ status, policies: approval?.policies }).toMatchObject({
        status: 'pending',
        policies: [{ policy: 'reviewed', met: false }],
      })
    }
    expect(await live()).toBe(40)
    expect(await approve('ben', one)).toMatchObject({ status: 'applied' })
    await sound()
  })

  it('[TI-02] that waited in a queue is asked about when that is over, and no longer when this is', async () => {
    const { w, live, approve } = await askingWorld(memoryStorage())
    const ann = w.as('ann')
    const windows = [{ from: start, until: start + 2 * hour }]
    await ann.freezes.save(asking({ id: 'queued', mode: 'queue', require: undefined, windows }))
    await w.policy()
    const [one, two] = [
      pending(await ann.submit(ref, rollout(50))),
      pending(await ann.submit(flags.ref('other'), rollout(60))),
    ]
    for (const request of [one, two]) expect(await approve('ben', request)).toMatchObject({ status: 'approved' })
    w.pass(2 * hour)
    await w.approvals.tick()
    for (const { id } of [one, two]) expect(await ann.requests.get(id)).toMatchObject({ status: 'pending' })
    expect(await approve('dan', one)).toMatchObject({ status: 'applied' })
    w.pass(day)
    await w.approvals.tick()
    expect([await live(), await live(flags.ref('other'))]).toEqual([50, 60])
  })
})

describe.each(storages)('[TI-02] [BY-13] the three modes together, on $name', ({ open }) => {
  it('[TI-02] [BY-13] each does its own: what one blocks is blocked, what one queues waits, what one asks for is asked', async () => {
    const { w, live, sound, approve } = await askingWorld(open())
    const ann = w.as('ann')
    const windows = (from: number, until: number) => [{ from: start + from * hour, until: start + until * hour }]
    await ann.freezes.save(asking({ id: 'queued', mode: 'queue', require: undefined, windows: windows(2, 4) }))
    await ann.freezes.save(asking({ id: 'blocked', mode: 'block', require: undefined, windows: windows(6, 8) }))
    // Asks: from 1 until 25. Queues: from 2 until 4. Blocks: from 6 until 8.
    w.pass(2 * hour)
    const one = pending(await ann.submit(ref, rollout(50)))
    expect((await ann.requests.get(one.id)).frozen).toMatchObject({
      details: { freeze: 'queued', mode: 'queue', until: start + 4 * hour },
    })
    expect(await approve('dan', one)).toMatchObject({ status: 'approved' })
    await w.approvals.tick()
    expect(await live()).toBe(40)
    w.pass(2 * hour)
    await w.approvals.tick()
    expect(await live()).toBe(50)
    w.pass(2 * hour)
    const two = pending(await ann.submit(ref, rollout(60)))
    expect((await ann.requests.get(two.id)).frozen).toMatchObject({ details: { freeze: 'blocked', mode: 'block' } })
    expect(await approve('dan', two)).toMatchObject({ status: 'approved' })
    w.pass(2 * hour)
    await w.approvals.tick()
    expect(await live()).toBe(50)
    await ann.requests.apply(two.id)
    expect(await live()).toBe(60)
    await sound()
  })

  it('[TI-02] [BY-13] a bypass passes what asks as well, and safe changes do, on record', async () => {
    const { w, live, sound } = await askingWorld(open())
    await w.policy({ rules: { bypass: ['security'], breakGlass: ['security'] } })
    w.pass(hour)
    const one = pending(await w.as('ann').submit(ref, rollout(50)))
    await w.as('dan').requests.bypass(one.id, { digest: one.digest, reason: 'it burns' })
    expect(await live()).toBe(50)
    const events = await w.as('ann').audit.events({ request: one.id })
    expect(events.map(({ event }) => event).at(-1)).toMatchObject({ type: 'bypassed', freezes: ['release'] })
    const { entries } = await w.as('ann').requests.timeline(one.id)
    expect(entries.at(-1)).toMatchObject({ event: 'bypassed', freezes: ['release'] })
    await sound()
  })
})

describe('[TI-02] what a freeze asks of', () => {
  it('[TI-02] of what it matches, and of nothing else', async () => {
    const { w } = await askingWorld(memoryStorage(), { match: { resource: 'feature_flag', id: 'other' } })
    w.pass(hour)
    expect(await w.as('ann').submit(ref, rollout(50))).toMatchObject({ status: 'applied' })
    expect(await w.as('ann').submit(flags.ref('other'), rollout(50))).toMatchObject({ status: 'pending' })
    const both = [
      { ref, change: rollout(51) },
      { ref: flags.ref('other'), change: rollout(52) },
    ]
    expect(await w.as('ann').preview(both)).toMatchObject({ status: 'pending', requirements: [byRelease] })
    expect((await w.as('ann').preview(ref, rollout(53))).reasons.join()).not.toContain('release')
  })

  it('[TI-02] again and again, at the hours of its zone', async () => {
    const windows = [{ rule: '0 18 * * *', duration: '12h', zone: 'Europe/Berlin' }] as const
    const { w } = await askingWorld(memoryStorage(), { windows })
    const ann = w.as('ann')
    // It is ten in the morning in Berlin.
    expect(await ann.submit(ref, rollout(50))).toMatchObject({ status: 'applied' })
    w.pass(8 * hour)
    const first = pending(await ann.submit(ref, rollout(51)))
    w.pass(12 * hour)
    expect(await w.approvals.tick()).toMatchObject({ applied: 1 })
    expect(await ann.requests.get(first.id)).toMatchObject({ status: 'applied' })
    expect(await ann.submit(ref, rollout(52))).toMatchObject({ status: 'applied' })
    w.pass(12 * hour)
    expect(await ann.submit(ref, rollout(53))).toMatchObject({ status: 'pending' })
  })

  it('[TI-02] what is scheduled for its time, and not what is scheduled for after it', async () => {
    const { w, live } = await askingWorld(memoryStorage())
    const ann = w.as('ann')
    const inside = pending(await ann.submit(ref, rollout(50), { applyAt: start + 2 * hour }))
    expect(inside.requirements).toMatchObject([byRelease])
    w.pass(hour)
    const after = await ann.submit(flags.ref('other'), rollout(60), { applyAt: ends })
    expect(after).toMatchObject({ status: 'approved' })
    w.pass(day)
    await w.approvals.tick()
    expect(await live(flags.ref('other'))).toBe(60)
  })

  it('[TI-02] what nobody had to approve when it was scheduled, and has to by now', async () => {
    const { w, live, approve } = await askingWorld(memoryStorage(), {
      windows: [{ from: start + 5 * day, until: start + 6 * day }],
    })
    const ann = w.as('ann')
    const one = await ann.submit(ref, rollout(50), { applyAt: start + 2 * hour })
    if (one.status !== 'approved') throw new TypeError('Nobody has to approve.')
    const { version } = await ann.freezes.save(asking())
    w.pass(2 * hour)
    await w.approvals.tick()
    expect(await ann.requests.get(one.request.id)).toMatchObject({ status: 'pending', requirements: [{ version }] })
    expect(await live()).toBe(40)
    expect(await approve('dan', one.request)).toMatchObject({ status: 'applied' })
  })

  it('[TI-02] while the workflow is off, too', async () => {
    const { w, live, approve } = await askingWorld(memoryStorage())
    await w.policy()
    w.pass(hour)
    const gated = pending(await w.as('ann').submit(ref, rollout(45)))
    await w.as('ann').workflow.disable()
    expect(await w.as('ann').requests.get(gated.id)).toMatchObject({ status: 'draft' })
    const one = pending(await w.as('ann').submit(ref, rollout(50)))
    expect(one.requirements).toMatchObject([byRelease])
    expect(await live()).toBe(40)
    expect(await approve('dan', one)).toMatchObject({ status: 'applied' })
    expect(await live()).toBe(50)
  })

  it('[TI-02] no move that is marked safe, and of the clock it waits until it is over', async () => {
    const w = lifecycleWorld(memoryStorage())
    const its = switches.ref('checkout')
    await w.as('ann').submit(its, { value: aSwitch })
    await w.as('ann').submit(its, { action: 'schedule', at: w.now() + hour })
    const windows = [{ from: w.now() + hour, until: w.now() + day }]
    await w.as('ann').freezes.save(asking({ windows, require: { quorum: 1, from: { roles: ['lead'] } } }))
    w.pass(hour)
    for (let call = 0; call < 3; call++) expect(await w.approvals.tick()).toMatchObject({ moved: 0, failed: [] })
    w.pass(day - hour)
    expect(await w.approvals.tick()).toMatchObject({ moved: 1, waiting: 0, failed: [] })
  })

  it('[TI-02] policies, where it names them', async () => {
    const { w } = await askingWorld(memoryStorage(), { match: { resource: 'countersign.policy' } })
    w.pass(hour)
    expect(await refusal(w.policy())).toBe('policy_gated')
    expect(await w.as('ann').submit(ref, rollout(50))).toMatchObject({ status: 'applied' })
  })
})

describe('[TI-02] the power that a freeze gives', () => {
  it('[TI-02] is given by who has it or may change the settings, as with policies', async () => {
    const { as } = await accessWorld(memoryStorage())
    const [zoe, mia] = [as('zoe'), as('mia')]
    await zoe.access.roles.save({ id: 'security', permissions: ['flags.read'], held: 'both' })
    await zoe.access.grant({ user: 'sue', role: 'security' })
    const give = { user: 'sock', role: 'security', project: 'web' }
    await zoe.freezes.save(asking())
    await expect(mia.access.grant(give)).rejects.toMatchObject({
      code: 'beyond_own_permissions',
      details: { policies: ['release'] },
    })
    await zoe.access.grant({ user: 'mia', role: 'security', project: 'web' })
    await mia.access.grant(give)
    await mia.access.revoke(give)
    await zoe.access.revoke({ user: 'mia', role: 'security', project: 'web' })
    await zoe.freezes.save(asking({ mode: 'queue', require: undefined }))
    await mia.access.grant(give)
  })
})

describe('[TI-02] a lock that is held in a freeze that asks', () => {
  it('[TI-02] is passed by what the policies declare as safe, as without one', async () => {
    const { w } = await askingWorld(memoryStorage(), { match: { resource: 'feature_flag', action: 'disable' } })
    await w.policy({ rules: { lock: 'resource' }, safe: [{ field: '/description' }] })
    w.pass(hour)
    const off = { patch: [{ op: 'replace', path: '/enabled', value: false }] } as const
    expect(pending(await w.as('ann').submit(ref, off)).requirements).toHaveLength(2)
    expect(await refusal(w.as('amy').submit(ref, rollout(50)))).toBe('locked')
    expect(await w.as('amy').submit(ref, { merge: { description: 'words' } })).toMatchObject({ status: 'applied' })
  })
})

describe('[TI-02] [H10] a freeze that asks and begins late', () => {
  it('[TI-02] [H10] while the command was decided: nothing lands that nobody was asked about', async () => {
    const { w, live } = await askingWorld(memoryStorage())
    w.pass(hour - 1)
    const slow = w.slowly(() => w.pass(1))
    const outcome = await w.as('ann').submit(ref, rollout(50))
    slow()
    expect(outcome).toMatchObject({ status: 'pending' })
    expect(await live()).toBe(40)
  })

  it('[TI-02] [H10] while a change is on its way: it is sent when the freeze is over', async () => {
    const host = new Map<string, unknown>([['checkout', { enabled: true, rollout: 40 }]])
    let time = start
    let claimed = () => {}
    const remote = defineResource({
      type: 'remote',
      schema: flagSchema,
      external: {
        async read({ id }) {
          claimed()
          return host.get(id) as never
        },
        async write({ id }, next) {
          host.set(id, next)
        },
      },
    })
    const approvals = createApprovals({
      admins: 'anyone',
      storage: memoryStorage(),
      resources: [remote],
      directory: staticDirectory({ ann: ['developer'], dan: ['security'] }),
      now: () => time,
    })
    const [ann, dan] = [approvals.as({ tenant: 'acme', user: 'ann' }), approvals.as({ tenant: 'acme', user: 'dan' })]
    await ann.freezes.save(asking({ match: { resource: 'remote' } }))
    const its = remote.ref('checkout')
    await ann.resources.get(its)
    time = start + hour
    const one = pending(await ann.submit(its, rollout(50)))
    await dan.requests.approve(one.id, { digest: one.digest })
    expect(host.get('checkout')).toMatchObject({ rollout: 50 })
    time = ends
    const second = [{ from: ends + hour, until: ends + day }]
    await ann.freezes.save(asking({ match: { resource: 'remote' }, windows: second }))
    let reads = 0
    claimed = () => {
      reads++
      if (reads > 1) time = ends + hour
    }
    await ann.submit(its, rollout(60)).catch(() => {})
    expect(host.get('checkout')).toMatchObject({ rollout: 50 })
    claimed = () => {}
    time = ends + day
    await approvals.tick()
    expect(host.get('checkout')).toMatchObject({ rollout: 60 })
  })
})

describe('[TI-02] whom a freeze asks', () => {
  const save = async (more: Partial<FreezeInput>) => await world(memoryStorage()).as('ann').freezes.save(asking(more))
  const problem = async (more: object) =>
    await save(more as Partial<FreezeInput>).then(
      () => 'saved',
      (error: ApprovalError<'invalid_input'>) => `${error.details.argument} ${error.details.problem}`,
    )

  it('[TI-02] is said in the words of policies, if it asks, and only then', async () => {
    expect(await problem({ require: undefined })).toMatch(/^freeze\.require must say who approves/)
    expect(await problem({ mode: 'queue' })).toMatch(/^freeze\.require must be left out/)
    expect(await problem({ mode: 'plead' })).toMatch(/^freeze\.mode must be "block", "queue" or "ask"/)
    expect(await problem({ require: { quorum: 0, from: { roles: ['lead'] } } })).toMatch(/^freeze\.require\.quorum /)
    expect(await problem({ require: { count: 1 } })).toMatch(/^freeze\.require/)
    const owners = [{ field: '/rollout', ...security }]
    expect(await problem({ require: { owners } })).toMatch(/^freeze\.require must ask for every change/)
    expect(await problem({ require: { all: [security, { quorum: 2, from: { roles: ['lead'] } }] } })).toBe('saved')
  })

  it('[TI-02] is looked up: nobody who is unknown, not more than there are, and a warning of what is odd', async () => {
    expect(await problem({ require: { quorum: 1, from: { roles: ['pilot'] } } })).toContain('knows no role "pilot"')
    expect(await problem({ require: { quorum: 3, from: { roles: ['lead'] } } })).toBe('saved')
    expect(await problem({ require: { quorum: 4, from: { roles: ['lead'] } } })).toContain('too few')
    const { findings, ...saved } = await save({})
    expect(findings).toMatchObject([{ policy: 'release', path: '/require', severity: 'warning' }])
    expect(saved).toMatchObject({ mode: 'ask', require: security, version: 1 })
    expect((await save({ mode: 'block', require: undefined })).findings).toEqual([])
  })

  it('[TI-02] can be saved anew as it was answered, which changes nothing', async () => {
    const ann = world(memoryStorage()).as('ann')
    const saved = await ann.freezes.save(asking())
    expect(await ann.freezes.save(saved)).toEqual(saved)
    expect(await ann.freezes.list()).toMatchObject([{ id: 'release', version: 1, require: security }])
  })
})

describe('[TI-02] what a freeze that asks has asked of a change', () => {
  it('is no approval of the policies: a change for a time is taken back as they say then', async () => {
    const { w, live, approve } = await askingWorld(memoryStorage())
    w.pass(hour)
    const revertAt = ends + day
    const one = pending(await w.as('ann').submit(ref, rollout(50), { revertAt }))
    await approve('dan', one)
    expect(await live()).toBe(50)
    await w.policy()
    w.pass(3 * day)
    await w.approvals.tick()
    expect(await live()).toBe(50)
    const revert = await w.as('ann').requests.get(`${one.id}-revert`)
    expect(revert).toMatchObject({ status: 'pending', requirements: [{ policy: 'reviewed' }] })
  })

  it('is not asked of what takes a change back that nobody had to approve', async () => {
    const w = world(memoryStorage())
    await w.flag('checkout')
    const outcome = await w.as('ann').submit(ref, rollout(50), { revertAt: start + 2 * hour })
    expect(outcome.status).toBe('applied')
    const { reverts } = await w.as('ann').freezes.save(asking())
    expect(reverts).toHaveLength(1)
    w.pass(2 * hour)
    await w.approvals.tick()
    expect((await w.approvals.reader('acme').resources.get(ref))?.document?.rollout).toBe(40)
  })

  it('is not all that is asked once the application switches the workflow on', async () => {
    const storage = memoryStorage()
    let time = start
    let ids = 0
    const opened = (workflow: 'on' | 'off') =>
      createApprovals({
        ...{ storage, workflow, resources: [flags], admins: 'anyone', now: () => time, newId: () => `r${++ids}` },
        directory: staticDirectory({ ann: ['developer'], cat: ['lead'], dan: ['security'] }),
      })
    const before = opened('off')
    const ann = before.as({ tenant: 'acme', user: 'ann' })
    await ann.submit(ref, { value: { enabled: true, rollout: 40 } })
    await ann.policies.save({ id: 'reviewed', match: {}, require: { quorum: 1, from: { roles: ['lead'] } } })
    await ann.freezes.save(asking())
    time += hour
    const { id, digest } = pending(await ann.submit(ref, rollout(50)))
    const after = opened('on')
    const answer = await after.as({ tenant: 'acme', user: 'dan' }).requests.approve(id, { digest })
    expect(answer.request.status).toBe('pending')
    time += 2 * day
    await after.tick()
    await after.tick()
    expect((await after.reader('acme').resources.get(ref))?.document?.rollout).toBe(40)
  })

  it.each([
    ['holds for every attempt to write to an external system', false],
    ['holds for no attempt once the freeze was removed, and another one has its id', true],
  ])('%s', async (_, isAnother) => {
    const host = { cents: 1, out: true }
    const prices = defineResource({
      type: 'price',
      schema: flagSchema.pick({ rollout: true }),
      external: {
        read: () => ({ rollout: host.cents }),
        write(_, next) {
          if (host.out) throw new RangeError('503')
          host.cents = next?.rollout ?? 0
        },
      },
    })
    const w = world(memoryStorage(), undefined, [flags, prices])
    await w.as('ann').freezes.save(asking())
    w.pass(hour)
    const { id, digest } = pending(await w.as('ann').submit(prices.ref('pro'), { merge: { rollout: 9 } }))
    expect((await w.as('dan').requests.approve(id, { digest })).request.status).toBe('applying')
    if (isAnother) {
      await w.as('ann').freezes.remove('release')
      await w.as('ann').freezes.save(asking({ require: { quorum: 1, from: { users: ['ben'] } } }))
    }
    host.out = false
    w.pass(hour)
    await w.approvals.tick()
    const became = isAnother ? [1, 'applying'] : [9, 'applied']
    expect([host.cents, (await w.as('ann').requests.get(id)).status]).toEqual(became)
  })
})
