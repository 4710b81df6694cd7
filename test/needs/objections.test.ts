import { describe, expect, it } from 'vitest'
import type { ChangeRequest, PolicyInput } from '../../src/index.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { editNow } from '../edit-now.ts'
import { day, flags, pending, rollout, storages, type World, world } from '../world.ts'

const hour = day / 24
const blocks: PolicyInput['rules'] = { onReject: 'block', cancel: 'any_time', expiresAfter: '30d' }

/** One lead is asked; Cat has rejected what Ann asks for, and Ben never stands in the way. */
async function objected(w: World, rules: PolicyInput['rules'] = {}) {
  const ref = await w.flag('checkout')
  await w.policy({ rules: { ...blocks, ...rules } })
  const { id, digest } = pending(await w.as('ann').submit(ref, rollout(80)))
  await w.as('cat').requests.reject(id, { digest, reason: 'never' })
  const get = () => w.as('ben').requests.get(id)
  return {
    ref,
    id,
    get,
    ann: w.as('ann'),
    standing: async () => (await get()).reviews.map(({ by, verdict }) => `${by} ${verdict}`),
    earlier: async () => shown(await get()),
    /** What becomes of the request once Ben approves it as it is. */
    approved: async () => (await w.as('ben').requests.approve(id, { digest: (await get()).digest })).request.status,
  }
}

const shown = ({ earlierObjections }: Pick<ChangeRequest, 'earlierObjections'>) =>
  earlierObjections.map(({ request, by, reason, round, content }) => ({ request, by, reason, round, content }))

type Objected = Awaited<ReturnType<typeof objected>>

/** The ways on which whoever asks for the same again could get rid of an objection. */
const ways: Readonly<Record<string, (o: Objected, w: World) => Promise<unknown>>> = {
  'a schedule that is taken back': async ({ ann, id }, w) => {
    await ann.requests.schedule(id, w.now() + hour)
    await ann.requests.schedule(id, null)
  },
  'a recall': async ({ ann, id }) => {
    await ann.requests.recall(id)
    await ann.requests.submit(id, { reason: 'please' })
  },
  'a recall and edits there and back': async ({ ann, id, ref }) => {
    await ann.requests.recall(id)
    await ann.requests.edit(id, ref, rollout(70))
    await ann.requests.edit(id, ref, rollout(80))
    await ann.requests.submit(id)
  },
  'edits there and back': async ({ ann, id, ref }) => {
    await ann.requests.edit(id, ref, rollout(70))
    await editNow(ann, id, ref, { value: { enabled: true, rollout: 80 } })
  },
  'a rebase of the same effect': async ({ ann, id }, w) => {
    const other = pending(await w.as('dan').submit(flags.ref('checkout'), { merge: { description: 'else' } }))
    await w.as('amy').requests.approve(other.id, { digest: other.digest })
    await ann.requests.rebase(id)
  },
  'a request for changes that is answered with the same': async ({ ann, id, get }, w) => {
    await w.as('amy').requests.requestChanges(id, { digest: (await get()).digest, reason: 'smaller' })
    await ann.requests.submit(id)
  },
  'a request for changes, and edits there and back': async ({ ann, id, ref, get }, w) => {
    await w.as('amy').requests.requestChanges(id, { digest: (await get()).digest, reason: 'smaller' })
    await ann.requests.edit(id, ref, rollout(70))
    await ann.requests.edit(id, ref, rollout(80))
  },
  'another policy': async ({ ann, id }, w) => {
    await w.policy({ rules: { ...blocks, onReject: 'close', onEdit: 'keep' } })
    await ann.requests.recall(id)
    await ann.requests.submit(id)
  },
  'the workflow, off and on again': async ({ ann, id }, w) => {
    await w.as('zoe').workflow.disable()
    await w.as('zoe').workflow.enable()
    await ann.requests.submit(id)
  },
  'one thing after the other': async ({ ann, id, ref }, w) => {
    await ann.requests.schedule(id, w.now() + hour)
    await ann.requests.recall(id)
    await ann.requests.schedule(id, null)
    await ann.requests.edit(id, ref, rollout(70))
    await ann.requests.submit(id)
    await ann.requests.edit(id, ref, rollout(80))
  },
}

const people = { ann: ['developer'], amy: ['lead'], ben: ['lead'], cat: ['lead'], dan: ['developer'], zoe: ['lead'] }

describe.each(storages)('[FA-10] an objection, on $name', ({ open }) => {
  it('[FA-10] stands through a recall and a schedule there and back, until it is taken back', async () => {
    const w = world(open(), people)
    const o = await objected(w)
    await o.ann.requests.recall(o.id)
    expect(await o.standing()).toEqual([])
    expect(await o.earlier()).toEqual([{ request: o.id, by: 'cat', reason: 'never', round: 1, content: 'same' }])
    await o.ann.requests.submit(o.id)
    await o.ann.requests.schedule(o.id, w.now() + hour)
    expect(await o.earlier()).toMatchObject([{ by: 'cat', content: 'same_at_another_time' }])
    await o.ann.requests.schedule(o.id, null)
    expect([await o.standing(), await o.earlier()]).toEqual([['cat reject'], []])
    expect(await o.approved()).toBe('pending')
    expect((await w.as('cat').requests.withdraw(o.id)).request.status).toBe('applied')
    expect(await o.earlier()).toEqual([])
    expect((await w.as('zoe').audit.verify()).problems).toEqual([])
  })

  it('[FA-10] is shown to those who read a twin, whoever asks for it, as long as nobody takes it back', async () => {
    const w = world(open(), people)
    const o = await objected(w)
    const change = { value: { enabled: true, rollout: 80 } }
    const twin = pending(await w.as('dan').submit(o.ref, change, { reason: 'another try', applyAt: w.now() + hour }))
    const other = pending(await w.as('dan').submit(o.ref, rollout(81)))
    const read = async (id: string) => shown(await w.as('ben').requests.get(id))
    const said = { request: o.id, by: 'cat', reason: 'never', round: 1 }
    expect(await read(twin.id)).toEqual([{ ...said, content: 'same_at_another_time' }])
    expect(await read(other.id)).toEqual([])
    await o.ann.requests.edit(o.id, o.ref, rollout(70))
    await o.ann.requests.cancel(o.id)
    expect(await read(twin.id)).toEqual([{ ...said, content: 'same_at_another_time' }])
    await w.as('cat').requests.reject(twin.id, { digest: twin.digest, reason: 'no' })
    expect((await w.as('ann').requests.get(twin.id)).reviews).toHaveLength(1)
    const third = pending(await w.as('ann').submit(o.ref, rollout(80)))
    expect((await read(third.id)).map(({ request }) => request)).toEqual([o.id, twin.id])
    await w.as('cat').requests.withdraw(twin.id)
    expect((await read(third.id)).map(({ request }) => request)).toEqual([o.id])
    expect((await w.as('zoe').audit.verify()).problems).toEqual([])
  })
})

describe('[FA-10] what stands in the way', () => {
  it.each(Object.entries(ways))('[FA-10] is not passed by %s', async (_way, go) => {
    for (const onEdit of ['reset', 'keep'] as const) {
      const w = world(memoryStorage(), people)
      const o = await objected(w, { onEdit })
      await go(o, w)
      expect(await o.standing()).toEqual(['cat reject'])
      const status = await o.approved()
      expect(status).toBe('pending')
      expect((await w.as('cat').requests.withdraw(o.id)).request.status).toBe('applied')
    }
  })

  it('[FA-10] falls with the content that it was about, and lets no approval ride along when that comes back', async () => {
    const w = world(memoryStorage(), { ...people, eve: ['lead'] })
    const ref = await w.flag('checkout')
    await w.policy({ require: { quorum: 2, from: { roles: ['lead'] } }, rules: blocks })
    const { id, digest } = pending(await w.as('ann').submit(ref, rollout(80)))
    await w.as('cat').requests.reject(id, { digest, reason: 'never' })
    await w.as('ben').requests.approve(id, { digest })
    const { request: other } = await w.as('ann').requests.edit(id, ref, rollout(70))
    expect(other.reviews).toEqual([])
    expect(shown(other)).toEqual([{ request: id, by: 'cat', reason: 'never', round: 1, content: 'other' }])
    await w.as('cat').requests.approve(id, { digest: other.digest })
    const { request: back } = await w.as('ann').requests.edit(id, ref, rollout(80))
    expect(back.reviews.map(({ by, verdict }) => [by, verdict])).toEqual([['cat', 'reject']])
    const { request: changed } = await w.as('cat').requests.approve(id, { digest: back.digest })
    expect([changed.reviews.length, changed.earlierObjections]).toEqual([1, []])
    await w.as('ann').requests.edit(id, ref, rollout(70))
    expect((await w.as('ann').requests.edit(id, ref, rollout(80))).request.reviews).toEqual([])
  })

  it('[FA-10] stands also where its content was not the first, and where answers are kept over edits and then not', async () => {
    const w = world(memoryStorage(), people)
    const o = await objected(w, { onEdit: 'keep' })
    await o.ann.requests.edit(o.id, o.ref, rollout(70))
    expect(await o.standing()).toEqual(['cat reject'])
    await o.ann.requests.recall(o.id)
    await o.ann.requests.edit(o.id, o.ref, rollout(60))
    await o.ann.requests.submit(o.id)
    expect(await o.standing()).toEqual(['cat reject'])
    await w.policy({ rules: blocks })
    await o.ann.requests.edit(o.id, o.ref, rollout(50))
    expect(await o.standing()).toEqual([])
    for (const [to, stands] of [
      [60, 1],
      [55, 0],
      [80, 1],
    ] as const) {
      await o.ann.requests.edit(o.id, o.ref, rollout(to))
      expect(await o.standing()).toHaveLength(stands)
    }
  })

  it('[FA-10] is about all that lands together', async () => {
    const w = world(memoryStorage(), people)
    const [a, b] = [await w.flag('a'), await w.flag('b')]
    await w.policy({ rules: blocks })
    const both = (to: number, refs = [a, b]) => refs.map((ref) => ({ ref, change: rollout(to) }))
    const first = pending(await w.as('ann').submitAll(both(80)))
    await w.as('cat').requests.reject(first.id, { digest: first.digest, reason: 'never' })
    await w.as('ann').requests.edit(first.id, a, rollout(70))
    expect((await w.as('ann').requests.get(first.id)).reviews).toEqual([])
    await w.as('ann').requests.edit(first.id, a, rollout(80))
    expect((await w.as('ann').requests.get(first.id)).reviews).toHaveLength(1)
    const twin = pending(await w.as('dan').submitAll(both(80, [b, a])))
    expect(shown(await w.as('ben').requests.get(twin.id))).toMatchObject([{ request: first.id, content: 'same' }])
    const half = pending(await w.as('dan').submit(a, rollout(80)))
    expect(shown(await w.as('ben').requests.get(half.id))).toEqual([])
  })
})

describe('[FA-10] a request that had ended', () => {
  const ends: Readonly<Record<string, (o: Objected, w: World) => Promise<unknown>>> = {
    cancelled: ({ ann, id }) => ann.requests.cancel(id),
    expired: async (_, w) => w.pass(30 * day),
    'recorded as expired': async (_, w) => {
      w.pass(30 * day)
      await w.approvals.tick()
    },
  }

  it.each(Object.entries(ends))('[FA-10] starts clean where it was %s, and shows what was objected', async (_, end) => {
    const w = world(memoryStorage(), people)
    const o = await objected(w, { onEdit: 'keep' })
    await end(o, w)
    await o.ann.requests.submit(o.id)
    expect(await o.standing()).toEqual([])
    expect(await o.earlier()).toEqual([{ request: o.id, by: 'cat', reason: 'never', round: 1, content: 'same' }])
    const [row] = (await w.as('ben').requests.list({ resource: o.ref })).requests
    expect(row && shown(row)).toHaveLength(1)
    await o.ann.requests.edit(o.id, o.ref, rollout(70))
    await o.ann.requests.edit(o.id, o.ref, rollout(80))
    expect(await o.standing()).toEqual([])
    expect(await o.approved()).toBe('applied')
    expect(await o.earlier()).toHaveLength(1)
    expect((await w.as('zoe').audit.verify()).problems).toEqual([])
  })

  it('[FA-10] shows a rejection, and a veto, that ended it, also to the reviewers of a twin', async () => {
    const w = world(memoryStorage(), { ...people, sam: ['security'] })
    const ref = await w.flag('checkout')
    await w.policy({ veto: { roles: ['security'] } })
    const first = pending(await w.as('ann').submit(ref, rollout(80)))
    await w.as('sam').requests.reject(first.id, { digest: first.digest, reason: 'unsafe' })
    const twin = pending(await w.as('dan').submit(ref, rollout(80)))
    const said = { request: first.id, by: 'sam', reason: 'unsafe', round: 1, content: 'same' }
    expect(shown(await w.as('ben').requests.get(twin.id))).toEqual([said])
    await w.as('ann').requests.submit(first.id)
    const again = await w.as('ben').requests.get(first.id)
    expect([again.reviews, shown(again)]).toEqual([[], [said]])
    await w.as('ben').requests.approve(first.id, { digest: again.digest })
    expect((await w.as('ann').requests.get(first.id)).status).toBe('applied')
  })

  it('[FA-10] tells nobody what was erased', async () => {
    const w = world(memoryStorage(), people)
    const o = await objected(w)
    await o.ann.requests.recall(o.id)
    const twin = pending(await w.as('dan').submit(o.ref, rollout(80)))
    await w.as('zoe').audit.erase({ user: 'cat' })
    expect(await o.earlier()).toMatchObject([{ reason: '[erased]' }])
    expect(shown(await w.as('ben').requests.get(twin.id))).toMatchObject([{ reason: '[erased]' }])
    await o.ann.requests.submit(o.id)
    expect((await o.get()).reviews).toMatchObject([{ by: 'cat', reason: '[erased]' }])
    expect((await w.as('zoe').audit.verify()).problems).toEqual([])
  })
})

describe('the objections of a request', () => {
  it('[FA-10] are all remembered: whatever would bring one too many is refused, and no other content makes one forgotten', async () => {
    const w = world(memoryStorage())
    const o = await objected(w)
    const edit = async (to: number) =>
      await editNow(o.ann, o.id, o.ref, { merge: { description: `text ${to}`, rollout: 80 } })
    let others = 0
    for (let code: string | undefined; code === undefined; ) {
      code = await edit(others).then(
        () => undefined,
        (error) => error.code,
      )
      if (code !== undefined) expect(code).toBe('limit_reached')
      else await w.as('cat').requests.reject(o.id, { digest: (await o.get()).digest, reason: `not ${others++} either` })
    }
    expect(others).toBe(200)
    expect(await o.standing()).toEqual(['cat reject'])
    expect((await o.ann.requests.cancel(o.id)).request.status).toBe('cancelled')
    expect((await o.ann.audit.verify()).problems).toEqual([])
  })

  it('[FA-10] stand again where their content does, after however many others', async () => {
    const w = world(memoryStorage())
    const o = await objected(w)
    for (let other = 0; other < 60; other++) {
      await editNow(o.ann, o.id, o.ref, { merge: { description: `text ${other}` } })
      await w.as('cat').requests.reject(o.id, { digest: (await o.get()).digest, reason: 'no' })
    }
    await editNow(o.ann, o.id, o.ref, { value: { enabled: true, rollout: 80 } })
    expect(await o.standing()).toEqual(['cat reject'])
    expect(await o.approved()).toBe('pending')
  })
})
