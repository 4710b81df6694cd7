import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  type ApprovalsOptions,
  createApprovals,
  isApprovalError,
  type Storage,
  staticDirectory,
} from '../../src/index.ts'
import { collections } from '../../src/ports/collections.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { exported, verifier } from '../verify-export.ts'
import { day, flags, pending, refusal, rollout, storages, type World, world } from '../world.ts'

const ref = flags.ref('checkout')
const hour = day / 24
const month = { documents: '30d' } as const
const long = { expiresAfter: '520w' } as const

function kept(storage: Storage, retention: ApprovalsOptions['retention'] = month): World {
  return world(storage, undefined, undefined, { retention })
}

/** Lets time pass, and lets `tick` do all that is due. Gives how many documents it removed. */
async function later(w: World, time: number): Promise<number> {
  w.pass(time)
  let removed = 0
  for (let calls = 0; calls < 5; calls++) {
    const report = await w.approvals.tick()
    expect(report.failed).toEqual([])
    removed += report.removed
  }
  return removed
}

/** Seals what happened, and finds the tenant. */
async function settled(w: World): Promise<void> {
  await later(w, 0)
  await later(w, hour)
}

const rollouts = async (w: World) =>
  (await w.as('ann').resources.history(ref)).map(({ number, document, notKept }) => [
    number,
    notKept === undefined ? document?.rollout : 'removed',
  ])
const log = (w: World) => w.as('ann').audit.events({ retention: true })
const verified = async (w: World) => expect((await w.as('ann').audit.verify()).problems).toEqual([])

/** A flag whose roll-out was moved on once a day, without anybody being asked. */
async function edited(w: World, times: number): Promise<void> {
  await w.flag('checkout', { enabled: true, rollout: 1 })
  for (let to = 2; to <= times; to++) {
    w.pass(day)
    await w.as('ann').submit(ref, rollout(to))
  }
}

describe.each(storages)('[ST-05] what is kept, on $name', ({ open }) => {
  it('[ST-05] of requests that ended is everything but their documents, which nobody goes on with', async () => {
    const w = kept(open())
    await w.flag('checkout')
    await w.policy({ rules: long })
    const applied = pending(await w.as('ann').submit(ref, rollout(50), { reason: 'half' }))
    await w.as('ben').requests.approve(applied.id, { digest: applied.digest })
    const rejected = pending(await w.as('ann').submit(ref, rollout(60)))
    await w.as('ben').requests.reject(rejected.id, { digest: rejected.digest, reason: 'no' })
    const waiting = pending(await w.as('ann').submit(ref, rollout(70)))
    await settled(w)
    const before = await w.as('ann').requests.get(applied.id)
    const events = await w.as('ann').audit.events({ request: applied.id })
    expect(await later(w, 28 * day)).toBe(0)
    expect(await later(w, 3 * day)).toBe(2)
    await verified(w)

    const after = await w.as('ann').requests.get(applied.id)
    expect(after).toMatchObject({
      changes: [],
      status: 'applied',
      digest: before.digest,
      reviews: before.reviews,
      reason: 'half',
      notKept: { code: 'content_not_kept', details: { request: applied.id } },
    })
    expect(before.notKept).toBeUndefined()
    expect(await w.as('ann').audit.events({ request: applied.id })).toEqual(events)
    expect(await refusal(w.as('ann').requests.submit(rejected.id))).toBe('content_not_kept')
    const { can } = await w.as('ann').requests.get(rejected.id)
    expect(can.submit).toMatchObject({ code: 'content_not_kept' })
    expect(Object.values(can)).not.toContain(true)
    expect((await w.as('ann').requests.list({})).requests).toHaveLength(3)

    const still = await w.as('ben').requests.get(waiting.id)
    expect(still.changes[0]).toMatchObject({ before: { rollout: 50 }, after: { rollout: 70 } })
    await w.as('ben').requests.approve(waiting.id, { digest: waiting.digest })
    expect((await w.as('ann').resources.get(ref))?.document.rollout).toBe(70)
    await verified(w)
  })

  it('[ST-05] of a resource is what is live and what was before, and the digest of the rest', async () => {
    const w = kept(open())
    await edited(w, 5)
    await settled(w)
    const before = await w.as('ann').resources.history(ref)
    expect(await later(w, 32 * day)).toBe(3)
    expect(await rollouts(w)).toEqual([
      [5, 5],
      [4, 4],
      [3, 'removed'],
      [2, 'removed'],
      [1, 'removed'],
    ])
    expect((await w.as('ann').resources.history(ref)).map(({ digest }) => digest)).toEqual(
      before.map(({ digest }) => digest),
    )
    await verified(w)
    const ann = w.as('ann')
    expect(await refusal(ann.resources.compare(ref, 3, 5))).toBe('revision_not_kept')
    expect((await ann.resources.compare(ref, 4, 5)).places).toHaveLength(1)
    expect(await refusal(ann.preview(ref, { revertTo: 3 }))).toBe('revision_not_kept')
    expect(await refusal(ann.submit(ref, { revertTo: 1 }))).toBe('revision_not_kept')
    expect((await ann.policies.simulate([], { last: 50 })).after.changes).toHaveLength(1)
    await ann.submit(ref, { revertTo: 4 })
    expect(await rollouts(w)).toMatchObject([[6, 4], [5, 5], [4, 4], ...Array(3).fill([expect.any(Number), 'removed'])])
    expect(await later(w, 20 * day)).toBe(0)
    expect(await later(w, 12 * day)).toBe(1)
    expect((await rollouts(w)).slice(0, 3)).toEqual([
      [6, 4],
      [5, 5],
      [4, 'removed'],
    ])
    await verified(w)
  })

  it('[ST-05] for an open request is what it was made against, until the request has ended for long enough', async () => {
    const w = kept(open())
    await w.flag('checkout', { enabled: true, rollout: 1 })
    const draft = await w.as('dan').draft(ref, { merge: { description: 'mine' } })
    for (const to of [2, 3, 4, 5]) await w.as('ann').submit(ref, rollout(to))
    await settled(w)
    expect(await later(w, 32 * day)).toBe(2)
    expect((await rollouts(w)).slice(2)).toEqual([
      [3, 'removed'],
      [2, 'removed'],
      [1, 1],
    ])
    await w.as('dan').requests.rebase(draft.id)
    expect((await w.as('dan').requests.get(draft.id)).changes[0]?.after).toEqual({
      enabled: true,
      rollout: 5,
      description: 'mine',
    })
    await w.as('dan').requests.cancel(draft.id)
    expect(await later(w, 20 * day)).toBe(0)
    expect(await later(w, 12 * day)).toBe(3)
    expect((await rollouts(w)).at(-1)).toEqual([1, 'removed'])
    await verified(w)
  })

  it('[ST-05] says in the log what was removed, and for how long documents are kept', async () => {
    const storage = open()
    const w = kept(storage)
    await edited(w, 3)
    await settled(w)
    await later(w, 32 * day)
    expect((await log(w)).map(({ event }) => event)).toMatchObject([
      { type: 'retention_set', documents: 30 * day, by: 'countersign', via: 'tick' },
      { type: 'documents_removed', removed: ['resource/feature_flag/checkout 1'] },
    ])
    const off = createApprovals({
      storage,
      resources: [flags],
      directory: staticDirectory({}),
      admins: 'anyone',
      now: w.now,
    })
    await off.tick()
    w.pass(2 * day)
    expect(await off.tick()).toMatchObject({ removed: 0, failed: [] })
    expect((await log(w)).at(-1)?.event).toMatchObject({ type: 'retention_set', documents: null })
    expect((await off.tick()).next).toBeUndefined()
    await verified(w)
    await later(w, 2 * hour)
    expect((await log(w)).at(-1)?.event).toMatchObject({ type: 'retention_set', documents: 30 * day })
  })

  it('[ST-05] is not said to be gone by retention if somebody else took it, or put it back', async () => {
    const storage = open()
    const w = kept(storage)
    await w.policy({ match: { resource: 'feature_flag', action: 'update' }, rules: long })
    await edited(w, 1)
    const { id, digest } = pending(await w.as('ann').submit(ref, rollout(50)))
    await w.as('ben').requests.approve(id, { digest })
    const [content, revision] = await storage.get([
      { collection: 'contents', key: ['acme', id, 1] },
      { collection: 'revisions', key: ['acme', 'feature_flag', 'checkout', 1] },
    ])
    if (!content || !revision) throw new TypeError('There is nothing to tamper with.')
    const put = async (collection: 'contents' | 'revisions', value: typeof content.value) => {
      const key = collection === 'contents' ? ['acme', id, 1] : ['acme', 'feature_flag', 'checkout', 1]
      const [now] = await storage.get([{ collection, key }])
      await storage.commit([{ type: 'replace', collection, value, expected: now?.version ?? 0 }])
    }
    const problems = async () => (await w.as('ann').audit.verify()).problems.map(({ problem }) => problem)
    await put('contents', { ...content.value, changes: [], notKept: w.now() })
    expect(await problems()).toEqual(['the content is gone, and retention did not remove it'])
    await put('contents', content.value)
    await put('revisions', { ...revision.value, document: null, notKept: w.now() })
    expect(await problems()).toEqual(['the document of revision 1 is gone, and retention did not remove it'])
    await put('revisions', revision.value)
    expect(await problems()).toEqual([])

    await w.as('ann').policies.remove('reviewed')
    await w.as('ann').submit(ref, rollout(51))
    await settled(w)
    expect(await later(w, 32 * day)).toBe(2)
    await put('contents', content.value)
    await put('revisions', revision.value)
    expect((await problems()).toSorted()).toEqual([
      'the content was removed by retention, and is there again',
      'the document of revision 1 was removed by retention, and is there again',
    ])
  })

  it('[ST-05] is everything, if the host says nothing', async () => {
    const w = world(open())
    await edited(w, 4)
    await settled(w)
    expect(await later(w, 5000 * day)).toBe(0)
    expect((await rollouts(w)).map(([, to]) => to)).toEqual([4, 3, 2, 1])
    expect(await log(w)).toEqual([])
  })

  it('[ST-05] of answers to repeated commands is as long as the host says, and counted when it is forgotten', async () => {
    const w = kept(open(), { answers: '2d' })
    await w.flag('checkout')
    const again = () => w.as('ann').submit(ref, { merge: { rollout: 7 } }, { idempotencyKey: 'k' })
    const first = await again()
    w.pass(day)
    expect(await w.approvals.tick()).toMatchObject({ forgotten: 0 })
    expect(await again()).toEqual(first)
    w.pass(day)
    expect(await w.approvals.tick()).toMatchObject({ forgotten: 1, failed: [] })
    expect(await refusal(again())).toBe('nothing_changed')
  })
})

const guide = readFileSync(join(import.meta.dirname, '../../docs/guides/storage.md'), 'utf8')

describe('[ST-05] retention', () => {
  it('[ST-05] every collection that is declared has a row that says what bounds it', () => {
    const section = guide.slice(guide.indexOf('### What bounds each collection'))
    const rows = [...section.slice(0, section.search(/\n## /)).matchAll(/^\| `(\w+)` \| (.{10,}) \|$/gm)]
    expect(rows.map(([, name]) => name)).toEqual(Object.keys(collections))
  })

  it('[ST-05] keeps what a review afterwards is about, until that is done for long enough', async () => {
    const w = world(memoryStorage(), undefined, undefined, { retention: month })
    await w.flag('checkout')
    await w.policy({ rules: { breakGlass: ['lead'], settleWithin: '5w', ...long } })
    const { id, digest } = pending(await w.as('ann').submit(ref, rollout(90)))
    await w.as('ben').requests.breakGlass(id, { digest, incident: 'INC-1', reason: 'down' })
    await settled(w)
    expect(await later(w, 300 * day)).toBe(0)
    await w.as('cat').requests.followUp(id, { digest, reason: 'needed' })
    expect(await later(w, 20 * day)).toBe(0)
    expect(await later(w, 12 * day)).toBe(1)
    await verified(w)
  })

  it('[ST-05] never removes what was decided on policies', async () => {
    const w = kept(memoryStorage())
    for (const quorum of [1, 2, 3, 2, 1]) await w.policy({ require: { quorum, from: { roles: ['lead'] } } })
    await settled(w)
    expect(await later(w, 300 * day)).toBe(0)
  })

  it('[ST-05] takes steps whose size does not depend on how much there is, and no tenant waits for another', async () => {
    const inner = memoryStorage()
    let largest = 0
    const storage: Storage = {
      ...inner,
      commit: (writes, effect) => {
        largest = Math.max(largest, writes.length)
        return inner.commit(writes, effect)
      },
    }
    const w = kept(storage)
    await w.flag('checkout', { enabled: true, rollout: 1 })
    for (let at = 0; at < 300; at++) await w.as('ann').submit(ref, rollout(at % 2 === 0 ? 7 : 8))
    const made = w.as('ann', { tenant: 'small' })
    await made.submit(ref, { value: { enabled: true, rollout: 1 } })
    for (const to of [2, 3]) await made.submit(ref, rollout(to))
    await settled(w)
    largest = 0
    w.pass(32 * day)
    await w.approvals.tick({ limit: 1 })
    expect((await made.resources.history(ref)).at(-1)).toMatchObject({ number: 1, document: null })
    expect(largest).toBeLessThanOrEqual(250)
    expect(await later(w, hour)).toBeLessThan(299)
    expect((await w.as('ann').resources.history(ref, { limit: 200 })).filter(({ notKept }) => !notKept)).toHaveLength(2)
    await verified(w)
  })

  it('[ST-05] goes on behind what cannot be read, and keeps what something that cannot be read may need', async () => {
    const w = kept(memoryStorage())
    await w.flag('checkout', { enabled: true, rollout: 1 })
    const draft = await w.as('dan').draft(ref, { merge: { description: 'mine' } })
    for (const to of [2, 3, 4]) await w.as('ann').submit(ref, rollout(to))
    const other = flags.ref('other')
    await w.flag('other', { enabled: true, rollout: 1 })
    for (const to of [2, 3, 4]) await w.as('ann').submit(other, rollout(to))
    await settled(w)
    const key = { collection: 'contents', key: ['acme', draft.id, 1] } as const
    const [content] = await w.storage.get([key])
    const broken = { ...content?.value, changes: 'none' }
    await w.storage.commit([
      { type: 'replace', collection: 'contents', value: broken, expected: content?.version ?? 0 },
    ])
    expect(await later(w, 32 * day)).toBe(2)
    expect((await rollouts(w)).map(([, to]) => to)).toEqual([4, 3, 2, 1])
    expect((await w.as('ann').resources.history(other)).map(({ notKept }) => notKept !== undefined)).toEqual([
      false,
      false,
      true,
      true,
    ])
  })

  it('[ST-05] removes every edition of a request, however many there are', async () => {
    const w = kept(memoryStorage())
    await w.flag('checkout')
    const { id } = await w.as('ann').draft(ref, rollout(1))
    for (let to = 2; to <= 120; to++) await w.as('ann').requests.edit(id, ref, rollout(to % 100))
    await w.as('ann').requests.cancel(id)
    await settled(w)
    expect(await later(w, 32 * day)).toBe(120)
    await verified(w)
  })

  it('[ST-05] is seen in an export, which verifies with no more than Node, and not if more is missing', async () => {
    const w = kept(memoryStorage())
    await edited(w, 3)
    await w.policy({ rules: long })
    const { id, digest } = pending(await w.as('ann').submit(ref, rollout(50)))
    await w.as('ben').requests.reject(id, { digest, reason: 'no' })
    await settled(w)
    await later(w, 32 * day)
    const lines = await exported(w.as('ann'))
    const gone = { type: 'feature_flag', id: 'checkout', number: 1, document: null, notKept: expect.any(Number) }
    const parsed = lines.map((line) => JSON.parse(line))
    expect(parsed).toContainEqual({ kind: 'revision', value: gone })
    const content = { request: id, edition: 1, changes: [], notKept: expect.any(Number) }
    expect(parsed).toContainEqual({ kind: 'content', value: content })
    const verify = verifier()
    expect(verify(lines)).toMatchObject({ ok: true })
    const without = (number: number) =>
      lines.map((line) => {
        const { kind, value } = JSON.parse(line)
        if (kind !== 'revision' || value.number !== number) return line
        return JSON.stringify({ kind, value: { ...value, document: null, notKept: w.now() } })
      })
    expect(verify(without(2))).toMatchObject({ ok: false, output: expect.stringContaining('checkout #2') })
    const back = lines.map((line) => line.replace('"document":null,', '"document":{"enabled":true,"rollout":1},'))
    expect(verify(back)).toMatchObject({ ok: false, output: expect.stringContaining('checkout #1') })
  })

  it.each([
    [{ documents: '12h' }, 'retention.documents must be a day at least'],
    [{ documents: '2y' }, 'retention.documents must be a whole number and a unit'],
    [{ answers: 7 }, 'retention.answers must be a whole number and a unit'],
    [{ notices: '7d' }, 'retention has no notices; known are answers, documents'],
    [[], 'retention must be an object'],
    [null, 'retention must be an object'],
  ])('[ST-05] is refused as %j', (retention, problem) => {
    expect(() => kept(memoryStorage(), retention as never)).toThrow(TypeError)
    expect(() => kept(memoryStorage(), retention as never)).toThrow(`createApprovals: ${problem}`)
  })

  it('[ST-05] gives refusals that say when the document was removed', async () => {
    const w = kept(memoryStorage())
    await edited(w, 3)
    await settled(w)
    await later(w, 32 * day)
    const error = await w
      .as('ann')
      .preview(ref, { revertTo: 1 })
      .catch((thrown) => thrown)
    expect(isApprovalError(error) && error.message).toMatch(
      /^The document of revision 1 of feature_flag "checkout" is not kept any more: retention removed it at 2026-/,
    )
  })
})
