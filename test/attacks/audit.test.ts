import { describe, expect, it } from 'vitest'
import type { Storage } from '../../src/index.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { some } from '../runs.ts'
import { exported, verifier } from '../verify-export.ts'
import { pending, refusal, rollout, storages, world } from '../world.ts'

const verified = verifier()

/** A tenant with a bit of everything in its log. */
async function busy(storage: Storage) {
  const w = world(storage)
  const ref = await w.flag('checkout')
  await w.policy()
  const first = pending(await w.as('ann').submit(ref, rollout(80), { reason: 'launch' }))
  await refusal(w.as('ann').requests.approve(first.id, { digest: first.digest }))
  await w.as('ann').requests.edit(first.id, ref, rollout(70))
  await w.approvals.tick()
  const { digest } = await w.as('ben').requests.get(first.id)
  await w.as('ben').requests.approve(first.id, { digest })
  const second = pending(await w.as('ann').submit(ref, rollout(90)))
  await w.as('cat').requests.reject(second.id, { digest: second.digest, reason: 'no' })
  await w.approvals.tick()
  return { w, ref, applied: first.id, rejected: second.id }
}

describe.each(storages)('the audit log on $name', ({ open }) => {
  it('[O7] holds exactly one event for every accepted command, and one for every refusal that matters', async () => {
    const { w, ref, applied, rejected } = await busy(open())
    const types = async (filter: Parameters<ReturnType<typeof w.as>['audit']['events']>[0]) =>
      (await w.as('dan').audit.events(filter)).map(({ event }) => event['type'])
    expect(await types({ request: applied })).toEqual(['submitted', 'edited', 'approved'])
    expect(await types({ request: rejected })).toEqual(['submitted', 'rejected'])
    expect(await types({ resource: ref })).toEqual(['revised', 'revised'])
    expect(await types({ settings: true })).toEqual(['policy_saved'])
    expect(await types({ refusals: 'ann' })).toEqual(['refused'])
    expect(await types({ request: applied, after: 1, limit: 1 })).toEqual(['edited'])
    expect(await types({ request: 'unknown' })).toEqual([])
    expect(await refusal(w.as('dan').audit.events({} as never))).toBe('invalid_input')
  })

  it('[O8] accepts no command whose event cannot be written', async () => {
    const storage = open()
    const { w, ref } = await busy(storage)
    const failing: Storage = {
      ...storage,
      commit: (writes, effect) =>
        storage.commit(
          writes.map((write) =>
            write.type === 'insert' && write.collection === 'events' ? { ...write, value: {} } : write,
          ),
          effect,
        ),
    }
    await expect(world(failing).as('ann').submit(ref, rollout(91))).rejects.toThrow()
    expect((await w.as('ann').requests.list({ status: 'pending' })).requests).toEqual([])
  })

  it('[O11] exports what a program without the library verifies', async () => {
    const { w } = await busy(open())
    const lines = await exported(w.as('ann'))
    expect(verified(lines)).toMatchObject({ ok: true, output: expect.stringContaining('everything holds') })
  })

  it('[O4] locates what was changed behind its back, in the store', async () => {
    const kinds = [
      {
        collection: 'events',
        edit: (text: string) => text.replace('"at":', '"at":1'),
        problem: /not what was written/,
      },
      {
        collection: 'revisions',
        edit: (text: string) => text.replace('"rollout":70', '"rollout":71'),
        problem: /revision 2 is not what was applied/,
      },
      {
        collection: 'resources',
        edit: (text: string) => text.replace('"rollout":70', '"rollout":71'),
        problem: /live document/,
      },
      {
        collection: 'contents',
        edit: (text: string) => text.replace('"rollout":90', '"rollout":91'),
        problem: /content is not what was reviewed/,
      },
      {
        collection: 'requests',
        edit: (text: string) => text.replace('"status":"rejected"', '"status":"applied"'),
        problem: /not what its events made of it/,
      },
      {
        collection: 'policies',
        edit: (text: string) => text.replace('"quorum":1', '"quorum":2'),
        problem: /not what was saved/,
      },
    ] as const
    for (const { collection, edit, problem } of kinds) {
      const storage = open()
      const { w } = await busy(storage)
      const { records } = await storage.list({
        collection,
        index: 'key',
        where: ['acme'],
        order: 'ascending',
        limit: 100,
      })
      const forged = records.flatMap(({ version, value }) => {
        const text = JSON.stringify(value)
        return edit(text) === text
          ? []
          : [{ type: 'replace' as const, collection, value: JSON.parse(edit(text)), expected: version }]
      })
      expect(forged.length, collection).toBeGreaterThan(0)
      await storage.commit(forged.slice(0, 1))
      const { ok, problems } = await w.as('ann').audit.verify()
      expect(ok).toBe(false)
      expect(problems[0]?.problem, collection).toMatch(problem)
    }
  })

  it('[O1] finds a stream whose end was cut off, or that is gone altogether', async () => {
    for (const cut of [1, 2, 3]) {
      const storage = open()
      const { w, applied } = await busy(storage)
      const key = (seq: number) => ['acme', `request/${applied}`, seq]
      await storage.commit(
        Array.from({ length: cut }, (_, index) => ({
          type: 'remove',
          collection: 'events',
          key: key(3 - index),
          expected: 1,
        })),
      )
      const { problems } = await w.as('ann').audit.verify()
      expect(problems).toEqual([expect.objectContaining({ stream: `request/${applied}` })])
    }
  })
})

describe('an export', () => {
  it('[O4] finds every change, deletion, insertion and reordering in an export', async () => {
    const { w, applied } = await busy(memoryStorage())
    const lines = await exported(w.as('ann'))
    for (const [index, line] of some([...lines.entries()].slice(1), 12)) {
      const without = lines.toSpliced(index, 1)
      expect(verified(without).ok, `without line ${index}: ${line}`).toBe(false)
    }
    const events = lines.flatMap((line, index) => (line.includes('"kind":"event"') ? [index] : []))
    for (const index of some(events, 12)) {
      const forged = lines.with(index, lines[index]?.replace(/"at":(\d+)/, '"at":1') ?? '')
      expect(verified(forged).output, lines[index]).toContain('the event is not what was written')
    }
    const [first = 0, second = 0] = events.filter((index) => lines[index]?.includes(`"stream":"request/${applied}"`))
    const swapped = lines.with(first, lines[second] ?? '').with(second, lines[first] ?? '')
    expect(verified(swapped).ok).toBe(false)
  })
})
