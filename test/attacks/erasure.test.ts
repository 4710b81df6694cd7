import { describe, expect, it } from 'vitest'
import type { JsonObject, Storage } from '../../src/index.ts'
import type { CollectionName } from '../../src/ports/collections.ts'
import { collections } from '../../src/ports/collections.ts'
import type { Write } from '../../src/ports/storage.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { exported, verifier } from '../verify-export.ts'
import { pending, refusal, rollout, storages, world } from '../world.ts'

const verified = verifier()

/** Texts that name somebody, in every place that takes one. */
async function talkative(storage: Storage) {
  const w = world(storage)
  const ref = await w.flag('checkout')
  await w.policy({ rules: { onEdit: 'keep' }, require: { quorum: 2, from: { roles: ['lead'] } } })
  const first = pending(await w.as('ann').submit(ref, rollout(80), { reason: 'Carla Secret asked for it' }))
  await w.as('eve').requests.comment(first.id, 'Carla Secret is in hospital')
  await w.as('ben').requests.approve(first.id, { digest: first.digest, reason: 'Carla Secret is right' })
  const { digest } = await w.as('cat').requests.get(first.id)
  await w.as('cat').requests.approve(first.id, { digest, reason: 'fine' })
  const open = pending(await w.as('ann').submit(ref, rollout(90), { reason: 'Carla Secret again' }))
  await w.as('ann').delegations.save({ to: 'dan', ends: w.now() + 1_000_000, reason: 'Carla Secret is ill' })
  await w.approvals.tick()
  return { w, ref, first: first.id, open: open.id }
}

async function everything(storage: Storage, names = Object.keys(collections) as CollectionName[]): Promise<string> {
  const pages = names.map(async (collection) => {
    const query = { collection, index: 'key', where: ['acme'], order: 'ascending', limit: 1_000 } as const
    return (await storage.list(query)).records.map(({ value }) => JSON.stringify(value))
  })
  return (await Promise.all(pages)).flat().join('\n')
}

async function rewriteTexts(storage: Storage, stream: string, to: (texts: JsonObject) => JsonObject): Promise<void> {
  const query = { collection: 'events', index: 'key', where: ['acme', stream], order: 'ascending', limit: 10 } as const
  const [record] = (await storage.list(query)).records.filter(({ value }) => value['texts'] !== undefined)
  if (!record) throw new TypeError(`${stream} has no texts.`)
  const value = { ...record.value, texts: to(record.value['texts'] as JsonObject) }
  const write: Write = { type: 'replace', collection: 'events', value, expected: record.version }
  await storage.commit([write])
}

describe.each(storages)('erasing on $name', ({ open }) => {
  it('[O10] leaves nothing of what was written in a request, and a log that can be verified as before', async () => {
    const storage = open()
    const { w, ref, first } = await talkative(storage)
    const kept = await w.as('ann').audit.checkpoint()
    const hashes = (await w.as('ann').audit.events({ request: first })).map(({ hash }) => hash)
    expect(await w.as('dan').audit.erase({ request: first }, { reason: 'asked for under article 17' })).toEqual({
      texts: 6,
    })

    const request = await w.as('ann').requests.get(first)
    expect(request).toMatchObject({ status: 'applied', reason: '[erased]' })
    expect(request.reviews.map(({ reason }) => reason)).toEqual(['[erased]', '[erased]'])
    expect((await w.as('ann').resources.history(ref))[0]).toMatchObject({ message: '[erased]', author: 'ann' })
    const events = await w.as('ann').audit.events({ request: first })
    expect(events.map(({ event }) => event['reason']).filter(Boolean)).toEqual([
      '[erased]',
      '[erased]',
      '[erased]',
      '[erased]',
    ])
    expect(events.map(({ hash }) => hash)).toEqual(hashes)
    expect((await everything(storage)).match(/Carla Secret (asked|is in|is right)/g)).toBeNull()

    const report = await w.as('ann').audit.verify(kept ? { checkpoint: kept } : {})
    expect(report).toMatchObject({ ok: true, problems: [] })
    expect(verified(await exported(w.as('ann')))).toMatchObject({ ok: true })
    expect((await w.as('ann').audit.events({ erasures: true })).map(({ event }) => event)).toEqual([
      expect.objectContaining({
        type: 'texts_erased',
        by: 'dan',
        stream: `request/${first}`,
        reason: 'asked for under article 17',
      }),
      expect.objectContaining({ type: 'texts_erased', by: 'dan', stream: 'resource/feature_flag/checkout' }),
    ])
    expect(await w.as('dan').audit.erase({ request: first })).toEqual({ texts: 0 })
  })

  it('[O10] takes out what one user wrote, wherever that is, and an open request goes on as it was', async () => {
    const storage = open()
    const { w, ref, first, open: waiting } = await talkative(storage)
    const before = await w.as('ben').requests.get(waiting)
    await w.as('dan').audit.erase({ user: 'ann' })
    expect((await everything(storage)).match(/Carla Secret (asked|again|is ill)/g)).toBeNull()
    expect((await w.as('ann').requests.get(first)).reviews.map(({ reason }) => reason)).toContain(
      'Carla Secret is right',
    )
    const after = await w.as('ben').requests.get(waiting)
    expect(after).toMatchObject({ status: 'pending', reason: '[erased]', digest: before.digest })
    await w.as('ann').requests.edit(waiting, ref, rollout(91))
    const { digest } = await w.as('ben').requests.get(waiting)
    await w.as('ben').requests.approve(waiting, { digest })
    expect((await w.as('cat').requests.approve(waiting, { digest })).request.status).toBe('applied')
    expect(await w.as('ann').audit.verify()).toMatchObject({ ok: true, problems: [] })
    expect(verified(await exported(w.as('ann')))).toMatchObject({ ok: true })
  })

  it('[O10] is not what somebody does who changes a text, takes it away, or brings an erased one back', async () => {
    const forgeries: readonly (readonly [string, (texts: JsonObject) => JsonObject])[] = [
      [
        'the text at /reason is not what was written',
        (texts) => JSON.parse(JSON.stringify(texts).replace('Carla', 'Karla')),
      ],
      ['the text at /reason is missing, and nobody erased it', () => ({})],
      ['a text is kept for /other, where there was none', (texts) => ({ ...texts, '/other': { salt: '', text: '' } })],
    ]
    for (const [problem, forge] of forgeries) {
      const storage = open()
      const { w } = await talkative(storage)
      await rewriteTexts(storage, 'delegations/ann', forge)
      expect((await w.as('ann').audit.verify()).problems).toEqual([{ stream: 'delegations/ann', seq: 1, problem }])
      if (!problem.includes('/other')) expect(verified(await exported(w.as('ann')))).toMatchObject({ ok: false })
    }
    const storage = open()
    const { w } = await talkative(storage)
    let old: JsonObject = {}
    await rewriteTexts(storage, 'delegations/ann', (texts) => {
      old = texts
      return texts
    })
    await w.as('dan').audit.erase({ delegations: 'ann' })
    await rewriteTexts(storage, 'delegations/ann', () => old)
    expect((await w.as('ann').audit.verify()).problems).toEqual([
      { stream: 'delegations/ann', seq: 1, problem: 'the text at /reason was erased, and is there again' },
    ])
    expect(verified(await exported(w.as('ann'))).output).toContain('is there twice')
  })
})

describe('erasing', () => {
  it('[O10] leaves nothing to guess the text by: no two commitments to one text are the same', async () => {
    const storage = memoryStorage()
    const w = world(storage)
    const ref = await w.flag('checkout')
    await w.policy()
    const { id } = pending(await w.as('ann').submit(ref, rollout(80)))
    for (const _ of [1, 2]) await w.as('eve').requests.comment(id, 'yes')
    const query = {
      collection: 'events',
      index: 'key',
      where: ['acme', `request/${id}`],
      order: 'ascending',
      limit: 9,
    } as const
    const said = (await storage.list(query)).records
      .slice(1)
      .map(({ value }) => (value['event'] as JsonObject)['reason'])
    expect(new Set(said).size).toBe(2)
    expect(said.every((one) => /^sha256:[0-9a-f]{64}$/.test(String(one)))).toBe(true)
  })

  it('is for those who may, of what there is', async () => {
    const { w } = await talkative(memoryStorage())
    expect(await refusal(w.as('nobody').audit.erase({ user: 'ann' }))).toBe('unknown_actor')
    expect(await refusal(w.as('ann').audit.erase({ usr: 'ann' } as never))).toBe('invalid_input')
    expect(await refusal(w.as('ann').audit.erase({ user: 'ann' }, { why: '' } as never))).toBe('invalid_input')
    expect(await refusal(w.as('ann').audit.erase({ erasures: true } as never))).toBe('invalid_input')
  })
})
