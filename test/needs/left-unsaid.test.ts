import { describe, expect, it } from 'vitest'
import { fail } from '../../src/errors/approval-error.ts'
import { readAgain } from '../../src/service/commands/read-again.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { flags, rollout, storages, world } from '../world.ts'

/** What no JSON text can be made of. */
const unwritable: Readonly<Record<string, () => unknown>> = {
  'what is nested too deep': () => {
    let value: unknown = 1
    for (let level = 0; level < 50_000; level++) value = [value]
    return value
  },
  'what holds itself': () => {
    const value: Record<string, unknown> = {}
    value['self'] = value
    return value
  },
  'a bigint': () => ({ rollout: 1n }),
}

describe('what cannot be compared', () => {
  it.each(Object.entries(unwritable))('[FA-17] %s goes with no idempotency key, and is none', async (_, make) => {
    const w = world(memoryStorage())
    const save = (given: unknown, idempotencyKey: unknown) =>
      w.as('zoe').policies.save(given as never, { idempotencyKey: idempotencyKey as string })
    await expect(save(make(), 'once')).rejects.toMatchObject({ code: 'invalid_input' })
    await expect(
      w
        .as('ann')
        .submit(flags.ref('a'), { value: { enabled: true, rollout: 1 } }, { idempotencyKey: make() as string }),
    ).rejects.toMatchObject({ code: 'invalid_input' })
  })
})

describe('a read', () => {
  it('that meets other settings each time says so, with what it met', async () => {
    const moved = async () => fail('version_conflict', { collection: 'policySets', key: '["acme"]' })
    await expect(readAgain(moved)).rejects.toMatchObject({
      code: 'contention',
      details: { verb: 'read', attempts: 12 },
      cause: { code: 'version_conflict' },
    })
  })
})

describe.each(storages)('the verification of the log on $name', ({ open }) => {
  it('[HO-09] names a request whose rows are not as often written as it says', async () => {
    const storage = open()
    const w = world(storage)
    await w.flag('checkout')
    await w.policy()
    await w.as('ann').submit(flags.ref('checkout'), rollout(80))
    expect((await w.as('ann').audit.verify()).problems).toEqual([])
    const query = { collection: 'requests', index: 'key', where: ['acme'], order: 'descending', limit: 1 } as const
    const [record] = (await storage.list(query)).records
    if (!record) throw new TypeError('no request is kept')
    const value = { ...record.value, targetVersion: Number(record.value['targetVersion']) + 1 }
    await storage.commit([{ type: 'replace', collection: 'requests', value, expected: record.version }])
    const { problems } = await w.as('ann').audit.verify()
    expect(problems).toMatchObject([
      { problem: expect.stringContaining('is not listed with its resources as what it is') },
    ])
  })
})
