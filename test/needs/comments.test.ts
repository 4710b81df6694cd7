import { describe, expect, it } from 'vitest'
import type { PolicyInput, Storage } from '../../src/index.ts'
import { day, flags, pending, refusal, rollout, storages, world } from '../world.ts'

const ref = flags.ref('checkout')
const lead = { quorum: 1, from: { roles: ['lead'] } } as const
const late = { onStale: 'fail_when_applied' } as const

/** A request of Ann's about a rollout and a rule, which waits for one lead. */
async function waiting(open: () => Storage, rules: PolicyInput['rules'] = {}) {
  const w = world(open(), { ann: [], ben: ['lead'], cat: ['lead'], dora: [], eve: [], root: ['admin'] })
  await w.flag('checkout', { enabled: true, rollout: 40, rules: [] })
  await w.policy({ require: lead, rules: { cancel: 'any_time', ...rules } })
  const merge = { rollout: 50, rules: [{ id: 'eu/only', rollout: 3 }] }
  const { id, digest } = pending(await w.as('ann').submit(ref, { merge }))
  const get = (user = 'ann') => w.as(user).requests.get(id)
  const say = (user: string, text: string, anchor?: { path: string }) =>
    w.as(user).requests.comment(id, text, anchor ? { anchor } : {})
  const first = `${id}/1`
  return { w, id, digest, get, say, first }
}

describe.each(storages)('[WO-04] comments on a request, on $name', ({ open }) => {
  it('[WO-04] [BY-28] are read with it: who said what, when, about which place of which content', async () => {
    const { w, id, digest, get, say } = await waiting(open)
    await say('dora', 'Why 50?', { path: '/rollout' })
    w.pass(1_000)
    await say('ben', 'Fine otherwise.')
    const began = w.now() - 1_000
    const anchor = { resource: { type: 'feature_flag', id: 'checkout' }, path: '/rollout', round: 1, digest }
    expect((await get('eve')).comments).toEqual([
      { id: `${id}/1`, by: 'dora', via: 'app', at: began, text: 'Why 50?', anchor },
      { id: `${id}/2`, by: 'ben', via: 'app', at: began + 1_000, text: 'Fine otherwise.' },
    ])
    expect(await get()).toMatchObject({ commentCount: 2, openComments: 2, digest, status: 'pending' })
    await w.as('ann').requests.edit(id, ref, (flag) => {
      flag.rollout = 60
    })
    const after = await get()
    expect(after.digest).not.toBe(digest)
    expect(after.comments[0]?.anchor).toEqual(anchor)
    expect((await w.as('ann').audit.verify()).problems).toEqual([])
  })

  it('[WO-04] can be made, resolved and taken up again in every state, and change none', async () => {
    const states: Record<string, (r: Awaited<ReturnType<typeof waiting>>) => Promise<unknown>> = {
      pending: async () => undefined,
      draft: ({ w, id }) => w.as('ann').requests.recall(id),
      changes_requested: ({ w, id, digest }) => w.as('ben').requests.requestChanges(id, { digest, reason: 'less' }),
      rejected: ({ w, id, digest }) => w.as('ben').requests.reject(id, { digest, reason: 'no' }),
      cancelled: ({ w, id }) => w.as('ann').requests.cancel(id),
      expired: async ({ w }) => w.pass(15 * day),
      'expired, and recorded': async ({ w }) => {
        w.pass(15 * day)
        await w.approvals.tick()
      },
      applied: ({ w, id, digest }) => w.as('ben').requests.approve(id, { digest }),
      failed: async ({ w, id, digest }) => {
        await w.as('ann').policies.remove('reviewed')
        await w.as('eve').submit(ref, rollout(9))
        await w.policy({ require: lead, rules: late })
        await w.as('ben').requests.approve(id, { digest })
      },
    }
    for (const [name, bring] of Object.entries(states)) {
      const r = await waiting(open, late)
      await bring(r)
      const before = await r.get()
      expect(before.status).toBe(name.split(',')[0])
      await r.say('dora', 'still here')
      await r.w.as('dora').requests.resolveComment(r.id, r.first)
      expect(await r.get()).toMatchObject({ status: before.status, digest: before.digest, reviews: before.reviews })
      await r.w.as('eve').requests.reopenComment(r.id, r.first)
      expect(await r.get()).toMatchObject({ status: before.status, openComments: 1 })
      expect((await r.get()).failure).toEqual(before.failure)
      expect((await r.w.as('ann').audit.verify()).problems).toEqual([])
    }
  })

  it('[BY-28] are about a place that the change touches, holds or brings, and about nothing else', async () => {
    const { w, id, digest, say } = await waiting(open)
    for (const path of ['', '/rules', '/rules/eu~1only', '/rules/eu~1only/rollout']) await say('dora', 'hm', { path })
    await expect(say('dora', 'hm', { path: '/rolout' })).rejects.toMatchObject({
      code: 'invalid_input',
      message: expect.stringContaining('it touches "/rollout"'),
    })
    for (const path of ['/enabled', '/rules/us', '/rules/eu~1only/owner', '/roll', 'rollout', '/a~2']) {
      expect(await refusal(say('dora', 'hm', { path }))).toBe('invalid_input')
    }
    const place = (more: object) => w.as('dora').requests.comment(id, 'hm', { anchor: { path: '/rollout', ...more } })
    expect(await refusal(place({ resource: { type: 'feature_flag', id: 'search' } }))).toBe('invalid_input')
    await w.as('ann').requests.edit(id, ref, (flag) => {
      flag.rollout = 51
    })
    expect(await refusal(place({ digest }))).toBe('digest_mismatch')
    await place({ digest: (await w.as('dora').requests.get(id)).digest, resource: ref })
  })

  it('[WO-04] are resolved by whoever has to do with them, once, and by nobody under another request', async () => {
    const { w, id, get, say, first } = await waiting(open)
    expect((await get('ann')).can).toMatchObject({ resolveComment: { code: 'comment_resolved' } })
    await say('dora', 'Why 50?')
    expect((await get('ann')).can).toMatchObject({ resolveComment: true, reopenComment: { code: 'comment_open' } })
    expect(await refusal(w.as('eve').requests.resolveComment(id, first))).toBe('not_a_participant')
    for (const user of ['dora', 'ann', 'cat']) {
      await w.as(user).requests.resolveComment(id, first, { reason: 'settled' })
      expect((await get()).comments[0]?.resolved).toEqual({ by: user, at: w.now() })
      expect(await refusal(w.as('ben').requests.resolveComment(id, first))).toBe('comment_resolved')
      await w.as('eve').requests.reopenComment(id, first)
      expect((await get()).comments[0]).not.toHaveProperty('resolved')
      expect(await refusal(w.as('eve').requests.reopenComment(id, first))).toBe('comment_open')
    }
    for (const name of [`${id}/2`, `${id}/01`, 'request-9/1', `${id}`]) {
      expect(await refusal(w.as('dora').requests.resolveComment(id, name))).toBe('unknown_comment')
    }
    const other = pending(await w.as('ann').submit(ref, rollout(70)))
    await w.as('dora').requests.comment(other.id, 'and here')
    expect(await refusal(w.as('dora').requests.resolveComment(other.id, first))).toBe('unknown_comment')
  })

  it('[WO-04] can be resolved by two at once, and are resolved by one of them', async () => {
    const { w, id, get, say, first } = await waiting(open)
    await say('dora', 'one')
    await say('dora', 'two')
    const told = await Promise.all(
      ['ann', 'ben', 'cat', 'dora'].map((user) =>
        w
          .as(user)
          .requests.resolveComment(id, first)
          .then(
            () => 'done',
            () => 'refused',
          ),
      ),
    )
    expect(told.filter((one) => one === 'done')).toHaveLength(1)
    expect((await get()).openComments).toBe(1)
  })
})

describe.each(storages)("[BY-28] comments: 'resolved', on $name", ({ open }) => {
  it('[BY-28] keeps an approved change waiting until the last comment is resolved, whoever asks', async () => {
    const { w, id, digest, get, say, first } = await waiting(open, { comments: 'resolved' })
    await say('dora', 'Why 50?')
    await say('dora', 'And why now?')
    expect((await w.as('ben').requests.approve(id, { digest })).request.status).toBe('approved')
    await w.approvals.tick()
    const read = await get()
    expect(read).toMatchObject({ status: 'approved', can: { apply: { code: 'comments_unresolved' } } })
    await expect(w.as('ann').requests.apply(id)).rejects.toMatchObject({ details: { comments: 2 } })
    await w.as('ann').requests.resolveComment(id, first)
    await w.approvals.tick()
    expect(await refusal(w.as('ann').requests.apply(id))).toBe('comments_unresolved')
    await w.as('ann').requests.resolveComment(id, `${id}/2`)
    expect((await get()).can.apply).toBe(true)
    await w.approvals.tick()
    expect((await get()).status).toBe('applied')
  })

  it('[BY-28] is asked for as soon as one policy asks for it, and by a policy that came later', async () => {
    const { w, id, digest, say, first } = await waiting(open, { apply: 'by_hand' })
    await say('dora', 'Why 50?')
    await w.as('ben').requests.approve(id, { digest })
    await w.policy({ id: 'talk', require: lead, rules: { comments: 'resolved' } })
    expect(await refusal(w.as('ann').requests.apply(id))).toBe('comments_unresolved')
    await w.as('ann').requests.resolveComment(id, first)
    expect((await w.as('ann').requests.apply(id)).request.status).toBe('applied')
  })

  it('[BY-28] is passed by a bypass and by breaking the glass, on record', async () => {
    for (const verb of ['bypass', 'breakGlass'] as const) {
      const { w, id, digest, say, get } = await waiting(open, {
        comments: 'resolved',
        bypass: ['admin'],
        breakGlass: ['admin'],
      })
      await say('dora', 'Why 50?')
      await w
        .as('root')
        .requests[verb](id, { digest, reason: 'fire', ...(verb === 'bypass' ? {} : { incident: 'I-1' }) } as never)
      expect(await get()).toMatchObject({ status: 'applied', openComments: 1 })
    }
  })

  it('[BY-28] asks nothing of a request that nobody has said anything about', async () => {
    const { w, id, digest } = await waiting(open, { comments: 'resolved' })
    expect((await w.as('ben').requests.approve(id, { digest })).request.status).toBe('applied')
  })
})

describe.each(storages)('[WO-04] comments in the log, on $name', ({ open }) => {
  it('[WO-04] are erased with their texts, and verified', async () => {
    const storage = open()
    const { w, id, get, say, first } = await waiting(() => storage)
    await say('dora', 'Carla Secret says so')
    await w.as('ann').requests.resolveComment(id, first, { reason: 'Carla Secret agrees' })
    await w.as('ann').audit.erase({ request: id }, {})
    expect((await get()).comments).toMatchObject([{ text: '[erased]', by: 'dora', resolved: { by: 'ann' } }])
    expect((await w.as('ann').audit.verify()).problems).toEqual([])
    const [record] = await storage.get([{ collection: 'comments', key: ['acme', id, 1] }])
    if (!record) throw new TypeError('The comment is stored.')
    const forged = { ...record.value, text: 'approved by Carla' }
    await storage.commit([{ type: 'replace', collection: 'comments', value: forged, expected: record.version }])
    expect((await w.as('ann').audit.verify()).problems).toMatchObject([
      { problem: 'comment 1 is not what its events say' },
    ])
  })
})
