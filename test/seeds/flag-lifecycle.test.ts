import { describe, expect, it } from 'vitest'
import {
  aSwitch,
  groups,
  hour,
  lifecycleWorld,
  openSwitches,
  type Switch,
  switches,
  uses,
  variables,
} from '../lifecycle-world.ts'
import { pending, refusal, storages } from '../world.ts'

type World = ReturnType<typeof lifecycleWorld>

/** A switch that is live, made before any policy is there. */
async function liveSwitch(w: World, type: typeof switches = switches) {
  const ref = type.ref('checkout')
  await w.as('ann').submit(ref, { value: aSwitch })
  await w.as('ann').submit(ref, { action: 'activate' })
  await w.gate()
  return ref
}

describe.each(storages)('the life cycle of flags on $name', ({ open }) => {
  const goingLive = ['activate', 'schedule']
  it.each(goingLive)('[AA-07] to %s a flag needs approval, and shows that it waits', async (action) => {
    const w = lifecycleWorld(open())
    const ref = switches.ref('checkout')
    await w.as('ann').submit(ref, { value: aSwitch })
    await w.gate()
    const at = w.now() + hour
    const request = await w.ask(ref, action === 'schedule' ? { action, at } : { action })
    expect(await w.standing(ref)).toMatchObject({ state: 'inactive', shown: 'pending_approval' })
    expect(await w.as('ann').resources.get(ref)).toMatchObject({ document: { live: false } })
    await w.as('ben').requests.approve(request.id, { digest: request.digest })
    if (action === 'schedule') {
      expect(await w.standing(ref)).toMatchObject({ state: 'scheduled', dueAt: at })
      w.pass(hour)
      expect(await w.approvals.tick()).toMatchObject({ moved: 1, failed: [] })
    }
    expect(await w.as('ann').resources.get(ref)).toMatchObject({
      document: { live: true },
      lifecycle: { state: 'active' },
    })
  })

  it.each(goingLive)(
    '[AA-06] [AA-08] [AA-09] to %s a flag tells the approvers whom the requester chooses, and the requester of either answer',
    async (action) => {
      const w = lifecycleWorld(open())
      const ref = switches.ref('checkout')
      await w.as('ann').submit(ref, { value: aSwitch })
      await w.gate()
      const wanted = () => (action === 'schedule' ? { action, at: w.now() + hour } : { action })
      for (const notify of [['eve'], ['ann'], ['ben', 'nobody']]) {
        expect(await refusal(w.as('ann').submit(ref, wanted(), { notify }))).toBe('invalid_input')
        expect(await refusal(w.as('ann').preview(ref, wanted(), { notify }))).toBe('invalid_input')
      }
      const first = await w.ask(ref, wanted(), { notify: ['ben'] })
      const { changes } = await w.as('ben').requests.get(first.id)
      expect(changes[0]?.lines[0]).toContain(`${action}: state inactive → `)
      await w.as('ben').requests.reject(first.id, { digest: first.digest, reason: 'too early' })
      const { request: again } = await w.as('ann').requests.submit(first.id, { notify: ['cat', 'ben'] })
      await w.as('cat').requests.approve(again.id, { digest: again.digest })
      const told = (await w.notices()).map(({ type, to }) => [type, to.toSorted()])
      expect(told.slice(0, 2)).toEqual([
        ['submitted', ['ben']],
        ['rejected', ['ann']],
      ])
      expect(told[2]).toEqual(['submitted', ['ben', 'cat']])
      expect(told[3]).toEqual(['applied', ['ann']])
    },
  )

  it('[AA-10] while an activation waits, edits and testing go on, and it can be cancelled at any time', async () => {
    const w = lifecycleWorld(open())
    const ref = switches.ref('checkout')
    await w.as('ann').submit(ref, { value: aSwitch })
    await w.gate()
    const asked = await w.ask(ref, { action: 'activate' })
    const { can } = await w.standing(ref)
    expect(can).toMatchObject({ edit: true, enter_testing: true, schedule: { code: 'locked' } })
    await w.as('cat').submit(ref, { merge: { description: 'better' } })
    for (const action of ['enter_testing', 'leave_testing']) await w.as('cat').submit(ref, { action })
    expect(await refusal(w.as('cat').submit(ref, { action: 'activate' }))).toBe('locked')

    const moved = await w.as('ben').requests.get(asked.id)
    expect(moved).toMatchObject({ stale: false, changes: [{ after: { live: true, description: 'better' } }] })
    const unseen = w.as('ben').requests.approve(asked.id, { digest: asked.digest })
    expect(await refusal(unseen)).toBe('digest_mismatch')
    expect(await w.as('ann').resources.get(ref)).toMatchObject({
      document: { live: false },
      lifecycle: { state: 'inactive' },
    })
    await w.as('cat').submit(ref, { merge: { description: 'best' } })
    const { digest } = await w.as('ben').requests.get(asked.id)
    await w.as('ben').requests.approve(asked.id, { digest })
    expect(await w.as('ann').resources.get(ref)).toMatchObject({
      document: { live: true, description: 'best' },
      lifecycle: { state: 'active', shown: 'active' },
    })

    const other = switches.ref('other')
    await w.as('ann').submit(other, { value: aSwitch })
    const { id } = await w.ask(other, { action: 'activate' })
    await w.as('ann').requests.cancel(id)
    expect(await w.standing(other)).toMatchObject({ state: 'inactive', shown: 'inactive' })
  })

  it('[AA-10] activates only the configuration that was reviewed, also where policies merge what is stale', async () => {
    const w = lifecycleWorld(open())
    const ref = switches.ref('checkout')
    await w.as('ann').submit(ref, { value: aSwitch })
    await w.gate(['activate'], { onStale: 'rebase' })
    const asked = await w.ask(ref, { action: 'activate' })
    await w.as('cat').submit(ref, { merge: { variants: [{ key: 'on', weight: 100 }] } })
    expect(await refusal(w.as('ben').requests.approve(asked.id, { digest: asked.digest }))).toBe('digest_mismatch')
    expect(await w.standing(ref)).toMatchObject({ state: 'inactive' })
    const moved = await w.as('ben').requests.get(asked.id)
    expect(moved.changes).toMatchObject([{ after: { variants: [{ key: 'on', weight: 100 }] } }])
    await w.as('ben').requests.approve(asked.id, { digest: moved.digest })
    expect(await w.standing(ref)).toMatchObject({ state: 'active' })
  })

  it('[AA-11] counts as live once its schedule is approved: critical changes need approval from then on', async () => {
    const w = lifecycleWorld(open())
    const ref = switches.ref('checkout')
    await w.as('ann').submit(ref, { value: aSwitch })
    await w.gate()
    const salt = { merge: { bucketingSalt: 'pepper' } }
    expect(await w.as('ann').submit(ref, salt)).toMatchObject({ status: 'applied' })
    const at = w.now() + hour
    const asked = await w.ask(ref, { action: 'schedule', at })
    await w.as('ben').requests.approve(asked.id, { digest: asked.digest })
    const change = pending(await w.as('ann').submit(ref, { merge: { bucketingSalt: 'salt' } }))
    expect(change.changes[0]).toMatchObject({
      actions: ['publish', 'activate', 'update'],
      move: { to: 'scheduled', dueAt: at },
    })
    w.pass(hour)
    expect(await w.approvals.tick()).toMatchObject({ moved: 1, failed: [] })
    expect(await w.standing(ref)).toMatchObject({ state: 'active', waiting: { action: 'publish', request: change.id } })
    const { stale } = await w.as('ben').requests.get(change.id)
    expect(stale).toBe(true)
    const { request } = await w.as('ann').requests.rebase(change.id)
    await w.as('ben').requests.approve(change.id, { digest: request.digest })
    expect(await w.as('ann').resources.get(ref)).toMatchObject({
      document: { live: true, bucketingSalt: 'salt' },
      lifecycle: { state: 'active' },
    })
  })

  const critical: readonly (readonly [string, Partial<Switch>])[] = [
    ['a segment is added', { segments: [...aSwitch.segments, { id: 'us', bucketing: 'user', countries: ['US'] }] }],
    ['a segment is removed', { segments: [] }],
    ['the conditions of a segment change', { segments: [{ id: 'eu', bucketing: 'user', countries: ['DE', 'FR'] }] }],
    ['the bucketing of a segment changes', { segments: [{ id: 'eu', bucketing: 'device', countries: ['DE'] }] }],
    ['a variant is added', { variants: [...aSwitch.variants, { key: 'half', weight: 0 }] }],
    ['a variant is removed', { variants: aSwitch.variants.slice(1) }],
    [
      'the distribution changes',
      {
        variants: [
          { key: 'on', weight: 90 },
          { key: 'off', weight: 10 },
        ],
      },
    ],
    ['the exposure event changes', { exposureEvent: 'clicked' }],
    ['the bucketing salt changes', { bucketingSalt: 'pepper' }],
    ['sticky bucketing is switched', { stickyBucketing: true }],
  ]
  it.each(critical)('[AA-12] [AA-13] a live flag needs approval where %s', async (_what, merge) => {
    const w = lifecycleWorld(open())
    const ref = await liveSwitch(w)
    const before = await w.as('ann').resources.get(ref)
    const request = await w.ask(ref, { merge })
    expect(await w.as('ann').resources.get(ref)).toMatchObject({
      document: before?.document,
      lifecycle: { state: 'active' },
    })
    const [change] = (await w.as('ben').requests.get(request.id)).changes
    expect(change?.lines.length).toBe(change?.places.length)
    await w.as('ben').requests.approve(request.id, { digest: request.digest })
    expect(await w.as('ann').resources.get(ref)).toMatchObject({ document: change?.after as object })
  })

  it('[AA-12] changes outside the list apply directly to a live flag, and so does switching it off', async () => {
    const w = lifecycleWorld(open())
    const ref = await liveSwitch(w)
    expect(await w.as('ann').submit(ref, { merge: { description: 'new' } })).toMatchObject({ status: 'applied' })
    const both = { merge: { description: 'newer', bucketingSalt: 'pepper' } }
    const request = await w.ask(ref, both)
    expect(request.changes[0]?.actions).toContain('publish')
    await w.as('ann').requests.cancel(request.id)
    expect(await w.as('ann').submit(ref, { action: 'deactivate' })).toMatchObject({ status: 'applied' })
    expect(await w.as('ann').resources.get(ref)).toMatchObject({
      document: { live: false },
      lifecycle: { state: 'inactive' },
    })
  })

  it('[AA-14] [ST-09] while a critical change waits, nobody else changes the flag but in the safe direction, until it completes or is cancelled', async () => {
    const w = lifecycleWorld(open())
    const ref = await liveSwitch(w)
    const request = await w.ask(ref, { merge: { bucketingSalt: 'pepper' } })
    const attempts = [{ merge: { description: 'x' } }, { merge: { exposureEvent: 'x' } }]
    for (const attempt of attempts) {
      await expect(w.as('cat').submit(ref, attempt)).rejects.toMatchObject({
        code: 'locked',
        details: { request: request.id },
      })
    }
    await w.as('ann').requests.cancel(request.id)
    const second = await w.ask(ref, { merge: { exposureEvent: 'clicked' } })
    await w.as('ben').requests.approve(second.id, { digest: second.digest })
    expect(await w.as('cat').submit(ref, { merge: { description: 'x' } })).toMatchObject({ status: 'applied' })
    await w.ask(ref, { merge: { exposureEvent: 'seen' } })
    expect(await w.as('cat').submit(ref, { action: 'deactivate' })).toMatchObject({ status: 'applied' })
  })

  it('[AA-14] locks the critical places alone where the life cycle says so', async () => {
    const w = lifecycleWorld(open())
    const ref = await liveSwitch(w, openSwitches)
    await w.gate(['publish'], { onStale: 'rebase' })
    const request = await w.ask(ref, { merge: { bucketingSalt: 'pepper' } })
    expect(await refusal(w.as('cat').submit(ref, { merge: { exposureEvent: 'x' } }))).toBe('locked')
    expect(await w.as('cat').submit(ref, { merge: { description: 'x' } })).toMatchObject({ status: 'applied' })
    const { request: done } = await w.as('ben').requests.approve(request.id, { digest: request.digest })
    expect(done.status).toBe('applied')
    expect(await w.as('ann').resources.get(ref)).toMatchObject({
      document: { bucketingSalt: 'pepper', description: 'x' },
    })
  })

  it('keeps everybody off, whatever the life cycle lets happen meanwhile, where a policy locks the resource', async () => {
    const w = lifecycleWorld(open())
    const ref = switches.ref('checkout')
    await w.as('ann').submit(ref, { value: aSwitch })
    await w.gate(['activate'], { lock: 'resource' })
    await w.ask(ref, { action: 'activate' })
    expect(await refusal(w.as('cat').submit(ref, { merge: { description: 'x' } }))).toBe('locked')
    expect(await w.standing(ref)).toMatchObject({ can: { edit: { code: 'locked' } }, shown: 'pending_approval' })
  })

  it('gives no second lock to a request that the life cycle lets happen meanwhile', async () => {
    const w = lifecycleWorld(open())
    const ref = switches.ref('checkout')
    await w.as('ann').submit(ref, { value: aSwitch })
    await w.gate()
    const activation = await w.ask(ref, { action: 'activate' })
    const description = { merge: { description: 'x' } }
    const draft = await w.as('cat').draft(ref, description)
    await w.gate(['activate', 'edit'], { lock: 'resource' })
    await expect(w.as('cat').submit(ref, description)).rejects.toMatchObject({
      code: 'locked',
      details: { request: activation.id },
    })
    expect(await refusal(w.as('cat').requests.submit(draft.id))).toBe('locked')
    await w.as('ann').requests.cancel(activation.id)
    expect((await w.as('cat').requests.submit(draft.id)).request.status).toBe('pending')
  })
})

describe.each(storages)('the life cycles of groups and variables on $name', ({ open }) => {
  const group = { values: ['a'], description: '' }

  it('[GB-30] [GB-31] archives and unarchives a group with approval, and not while something refers to it', async () => {
    const w = lifecycleWorld(open())
    const ref = groups.ref('beta')
    uses.set('beta', ['flag "checkout"', 'experiment "prices"'])
    await w.as('ann').submit(ref, { value: group })
    await w.gate(['archive', 'unarchive'])
    await expect(w.as('ann').submit(ref, { action: 'archive' })).rejects.toMatchObject({
      code: 'still_referenced',
      message: expect.stringContaining('flag "checkout", experiment "prices"'),
    })
    expect(await w.standing(ref)).toMatchObject({ can: { archive: { code: 'still_referenced' }, edit: true } })

    uses.set('beta', [])
    const archive = await w.ask(ref, { action: 'archive' })
    expect(await w.standing(ref)).toMatchObject({ state: 'active', shown: 'archive_pending' })
    uses.set('beta', ['flag "late"'])
    const { request: late } = await w.as('ben').requests.approve(archive.id, { digest: archive.digest })
    expect(late).toMatchObject({ status: 'failed', failure: { code: 'still_referenced' } })
    uses.set('beta', [])
    expect((await w.as('ben').requests.apply(archive.id)).request.status).toBe('applied')
    expect(await refusal(w.as('ann').submit(ref, { merge: { description: 'x' } }))).toBe('invalid_transition')

    const unarchive = await w.ask(ref, { action: 'unarchive' })
    await w.as('ben').requests.approve(unarchive.id, { digest: unarchive.digest })
    const history = await w.as('ann').resources.history(ref)
    expect(history.map(({ move }) => move?.to)).toEqual(['active', 'archived', 'active'])
  })

  it('does not archive a group of which nobody can say what refers to it', async () => {
    const w = lifecycleWorld(open())
    const ref = groups.ref('unknown')
    await w.as('ann').submit(ref, { value: group })
    await expect(w.as('ann').submit(ref, { action: 'archive' })).rejects.toMatchObject({
      code: 'transition_rejected',
      message: expect.stringContaining('the table of uses is away'),
    })
  })

  it('publishes a variable with approval, and its edits from then on', async () => {
    const w = lifecycleWorld(open())
    const ref = variables.ref('limit')
    await w.as('ann').submit(ref, { value: { value: '1' } })
    await w.gate()
    expect(await w.as('ann').submit(ref, { value: { value: '2' } })).toMatchObject({ status: 'applied' })
    const first = await w.ask(ref, { action: 'publish' })
    expect(await refusal(w.as('ann').submit(ref, { value: { value: '3' } }))).toBe('locked')
    await w.as('ben').requests.approve(first.id, { digest: first.digest })
    const edit = await w.ask(ref, { value: { value: '3' } })
    expect(await w.standing(ref)).toMatchObject({ state: 'live', shown: 'approval_pending' })
    await w.as('ben').requests.approve(edit.id, { digest: edit.digest })
    expect(await w.as('ann').resources.get(ref)).toMatchObject({ document: { value: '3' } })
    const gone = await w.ask(ref, { action: 'delete' })
    await w.as('ben').requests.approve(gone.id, { digest: gone.digest })
    expect(await w.standing(ref)).toMatchObject({ state: 'deleted', shown: 'deleted' })
  })
})
