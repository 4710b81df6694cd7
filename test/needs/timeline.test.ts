import { describe, expect, it } from 'vitest'
import type { Storage } from '../../src/index.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { day, flags, pending, refusal, rollout, storages, world } from '../world.ts'

const ref = flags.ref('checkout')
const lead = { quorum: 2, from: { roles: ['lead'] } } as const
const people = { ann: [], ben: ['lead'], cat: ['lead'], dora: [], eve: ['lead'], root: ['admin'] }

async function waiting(open: () => Storage = memoryStorage) {
  const w = world(open(), people)
  await w.flag('checkout')
  await w.policy({ require: lead, rules: { cancel: 'any_time', onReject: 'block' } })
  const { id, digest } = pending(await w.as('ann').submit(ref, rollout(50), { reason: 'more users' }))
  const all = async (user = 'ann') => (await w.as(user).requests.timeline(id, { limit: 200 })).entries
  const reviews = async () =>
    (await all()).flatMap((entry) => (entry.type === 'review' && 'standing' in entry ? [entry.standing] : []))
  return { w, id, digest, all, reviews }
}

describe.each(storages)('[WO-03] the timeline of a request, on $name', ({ open }) => {
  it('[WO-03] tells a whole life: submission, comment, edit with what it changed, reviews, schedule, application', async () => {
    const { w, id, digest, all } = await waiting(open)
    const [ann, ben, cat, dora] = ['ann', 'ben', 'cat', 'dora'].map((user) => w.as(user).requests)
    if (!ann || !ben || !cat || !dora) return
    await ben.approve(id, { digest, reason: 'fine' })
    await dora.comment(id, 'Why 50?', { anchor: { path: '/rollout' } })
    await ann.describe(id, 'For the fair.')
    await ann.edit(id, ref, rollout(60))
    await dora.resolveComment(id, `${id}/1`)
    await ann.schedule(id, w.now() + day)
    const { digest: edited } = await ann.get(id)
    await ben.approve(id, { digest: edited })
    await cat.approve(id, { digest: edited })
    w.pass(day)
    await w.approvals.tick()
    const entries = await all()
    const resource = { type: 'feature_flag', id: 'checkout' }
    expect(entries.map(({ type, event }) => `${type} ${event}`)).toEqual([
      'submission submitted',
      'review approved',
      'comment commented',
      'description described',
      'edit edited',
      'comment comment_resolved',
      'schedule scheduled',
      'review approved',
      'review approved',
      'application applied',
    ])
    expect(entries[0]).toMatchObject({ seq: 1, by: 'ann', status: 'pending', round: 1, digest, reason: 'more users' })
    expect(entries[0]).toMatchObject({ changed: [{ resource, lines: ['rollout: 40 → 50'] }] })
    expect(entries[1]).toMatchObject({
      ...{ by: 'ben', verdict: 'approve', text: 'fine', digest },
      standing: { counts: false, because: 'edited', since: 5 },
    })
    expect(entries[2]).toMatchObject({ comment: `${id}/1`, text: 'Why 50?', anchor: { path: '/rollout' } })
    expect(entries[3]).toMatchObject({ text: 'For the fair.' })
    expect(entries[4]).toMatchObject({
      changed: [{ resource, lines: ['rollout: 50 → 60'], places: [{ path: '/rollout', before: 50, after: 60 }] }],
    })
    expect(entries[6]).toMatchObject({ applyAt: w.now(), changed: [] })
    expect(entries[9]).toMatchObject({ status: 'applied', revisions: [{ ...resource, number: 2 }] })
    expect('standing' in (entries[8] ?? {})).toBe(false)
    const told = await w.approvals.reader('acme').requests.timeline(id, { limit: 200 })
    expect(told.entries).toEqual(entries)
  })

  it('[WO-03] is read in pages, which say the same of each entry as the whole does', async () => {
    const { w, id, digest, all } = await waiting(open)
    const ben = w.as('ben').requests
    for (let at = 0; at < 3; at++) {
      await ben.approve(id, { digest })
      w.pass(1)
      await ben.withdraw(id)
    }
    await ben.reject(id, { digest, reason: 'no' })
    await w.as('ann').requests.edit(id, ref, rollout(60))
    await w.as('ann').requests.edit(id, ref, rollout(50))
    const whole = await all()
    const paged: unknown[] = []
    for (let after: number | undefined = 0; after !== undefined; ) {
      const { entries, next }: Awaited<ReturnType<typeof ben.timeline>> = await ben.timeline(id, { limit: 1, after })
      paged.push(...entries)
      after = next
    }
    expect(paged).toEqual(whole)
    expect(whole).toHaveLength(10)
  })
})

describe('[WO-03] why an answer does not count', () => {
  it('[WO-03] its owner took it back, or answered anew; the request was taken back', async () => {
    const { w, id, digest, reviews } = await waiting()
    const ben = w.as('ben').requests
    await ben.approve(id, { digest })
    await ben.reject(id, { digest, reason: 'no' })
    await ben.withdraw(id)
    await ben.approve(id, { digest })
    expect(await reviews()).toEqual([
      { counts: false, because: 'answered_again', since: 3 },
      { counts: false, because: 'withdrawn', since: 4 },
      { counts: true },
    ])
    await w.as('ann').requests.recall(id)
    await w.as('ann').requests.submit(id)
    expect((await reviews()).at(-1)).toEqual({ counts: false, because: 'taken_back', since: 6 })
  })

  it('[WO-03] its giver left, lost the role, is the person behind the requester, or counts already', async () => {
    const { w, id, digest, reviews } = await waiting()
    await w.as('ben').requests.approve(id, { digest })
    expect(await reviews()).toEqual([{ counts: true }])
    w.roles('ben', [])
    expect(await reviews()).toEqual([{ counts: false, because: 'not_an_approver' }])
    w.roles('ben', ['lead'])
    w.person('ben', 'ann')
    expect(await reviews()).toEqual([{ counts: false, because: 'requester' }])
    w.person('ben', 'ben')
    w.leave('ben')
    expect(await reviews()).toEqual([{ counts: false, because: 'unknown_user' }])
  })

  it('[WO-03] two accounts of one person are one approval: the second says so', async () => {
    const { w, id, digest, reviews } = await waiting()
    await w.as('ben').requests.approve(id, { digest })
    await w.policy({ require: { quorum: 3, from: { roles: ['lead'] } }, rules: { onReject: 'block' } })
    await w.as('cat').requests.approve(id, { digest })
    expect(await reviews()).toEqual([{ counts: true }, { counts: true }])
    w.person('cat', 'ben')
    expect(await reviews()).toEqual([{ counts: true }, { counts: false, because: 'same_person' }])
  })

  it('[WO-03] an approval came before its stage was open, or beside others that had filled its place', async () => {
    const w = world(memoryStorage(), { ...people, dora: ['security'] })
    await w.flag('checkout')
    const stage = (role: string) => ({ quorum: 1, from: { roles: [role] } })
    await w.policy({ require: { stages: [stage('security'), stage('lead')] } })
    const { id, digest } = pending(await w.as('ann').submit(ref, rollout(50)))
    await w.as('ben').requests.approve(id, { digest })
    const { entries } = await w.as('ann').requests.timeline(id)
    expect(entries[1]).toMatchObject({ standing: { counts: false, because: 'no_open_place' } })
  })

  it('[WO-03] an answer that an edit keeps still counts, and one that comes back with its content does again', async () => {
    const { w, id, digest, reviews } = await waiting()
    await w.as('ben').requests.reject(id, { digest, reason: 'no' })
    await w.as('ann').requests.edit(id, ref, rollout(60))
    const edited = await reviews()
    await w.as('ann').requests.edit(id, ref, rollout(50))
    expect([edited, await reviews()]).toEqual([[{ counts: false, because: 'edited', since: 3 }], [{ counts: true }]])
  })
})

describe('[WO-03] who reads a timeline', () => {
  it('[WO-03] whoever may read the request, and nobody else; nonsense is refused', async () => {
    const { w, id } = await waiting()
    const ann = w.as('ann').requests
    expect(await refusal(ann.timeline('request-99'))).toBe('unknown_request')
    expect(await refusal(w.as('nobody').requests.timeline(id))).toBe('unknown_actor')
    expect(await refusal(ann.timeline(id, { after: -1 }))).toBe('invalid_input')
    expect(await refusal(ann.timeline(id, { limit: 201 }))).toBe('invalid_input')
    expect(await refusal(ann.timeline(id, { from: 1 } as never))).toBe('invalid_input')
    expect(await ann.timeline(id, { after: 99 })).toEqual({ entries: [] })
  })

  it('[WO-03] a text that was erased reads so', async () => {
    const { w, id, digest, all } = await waiting()
    await w.as('ben').requests.approve(id, { digest, reason: 'call me at home' })
    await w.as('root').audit.erase({ request: id })
    expect((await all())[1]).toMatchObject({ type: 'review', text: '[erased]', standing: { counts: true } })
    expect((await all())[0]).toMatchObject({ type: 'submission', reason: '[erased]' })
  })
})
