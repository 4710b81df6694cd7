import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import {
  createApprovals,
  databaseClock,
  defineResource,
  staticDirectory,
  type TimeoutOptions,
} from '../../src/index.ts'
import type { HostOptions } from '../../src/service/approvals-options.ts'
import { memoryStorage } from '../../src/storage/memory.ts'

const never = () => new Promise<never>(() => {})
const limits = defineResource({ type: 'limit', schema: z.number() })
const directory = staticDirectory({ ann: ['lead'] })
const storage = memoryStorage()

function approvalsWith(options: Partial<HostOptions & { readonly directory: typeof directory }>) {
  return createApprovals({ storage: memoryStorage(), resources: [limits], directory, admins: 'anyone', ...options })
}

async function writing(options: Parameters<typeof approvalsWith>[0], type = limits) {
  const ann = approvalsWith(options).as({ tenant: 'acme', user: 'ann' })
  return await ann.submit(type.ref('x'), { value: 1 })
}

describe('timeouts', () => {
  it('[FA-15] a directory that never answers refuses the command after the time it was given', async () => {
    const hanging = { ...directory, users: never }
    await expect(writing({ directory: hanging, timeouts: { directory: 5 } })).rejects.toMatchObject({
      code: 'directory_failed',
      message: expect.stringContaining('within 5 ms'),
    })
  })

  it('[FA-15] a storage that never answers refuses the command after the time it was given', async () => {
    const hanging = { ...storage, get: never }
    await expect(writing({ storage: hanging, timeouts: { storage: 5 } })).rejects.toMatchObject({
      code: 'storage_failed',
      message: expect.stringContaining('within 5 ms'),
    })
  })

  it('[FA-15] a schema that never answers refuses the document after the time it was given', async () => {
    const schema = { '~standard': { version: 1, vendor: 'ours', validate: never } } as const
    const type = defineResource({ type: 'limit', schema })
    await expect(writing({ resources: [type], timeouts: { schema: 5 } }, type as never)).rejects.toMatchObject({
      code: 'schema_failed',
      message: expect.stringContaining('within 5 ms'),
    })
  })

  it.each([
    ['of the resource type', { patience: 5 }, {}],
    ['of all host functions, where the type says nothing', {}, { host: 5 }],
    ['of the resource type, which wins', { patience: 5 }, { host: 60_000 }],
  ])('[FA-15] an external system that never answers is given up after the time %s', async (_, own, timeouts) => {
    const type = defineResource({ type: 'limit', schema: z.number(), external: { read: never, write: never, ...own } })
    await expect(writing({ resources: [type], timeouts }, type)).rejects.toMatchObject({
      code: 'host_failed',
      message: expect.stringContaining('within 5 ms'),
    })
  })

  it('[FA-15] a notifier or signer that never answers is named by tick after the time it was given', async () => {
    const approvals = approvalsWith({
      notifiers: [{ name: 'pager', deliver: never }],
      notices: { applied: ['requester'] },
      signer: { keyId: 'k', sign: never },
      timeouts: { notifier: 5, signer: 5 },
    })
    await approvals.as({ tenant: 'acme', user: 'ann' }).submit(limits.ref('x'), { value: 1 })
    const { failed } = await approvals.tick()
    expect(failed.map(({ error }) => String(error))).toEqual(failed.map(() => expect.stringContaining('within 5 ms')))
    expect(failed.map(({ id }) => id)).toContain('checkpoint')
  })

  it('[FA-15] a check of a signature that never answers has not said yes', async () => {
    const signer = { keyId: 'k', sign: () => new Uint8Array([1]) }
    const approvals = approvalsWith({ signer, timeouts: { signer: 5 } })
    const ann = approvals.as({ tenant: 'acme', user: 'ann' })
    await ann.submit(limits.ref('x'), { value: 1 })
    await approvals.tick()
    const { problems } = await ann.audit.verify({ keys: { k: never } })
    expect(problems.map(({ problem }) => problem)).toEqual([expect.stringContaining('was not made with key "k"')])
  })

  it('[FA-15] the clock of a database that never answers is given up after the time it was given', async () => {
    await expect(databaseClock(never, { timeout: 5 })).rejects.toMatchObject({ code: 'storage_failed' })
    await expect(databaseClock(never, { timeout: 0 })).rejects.toThrow(TypeError)
  })

  it.each<[unknown, string]>([
    [{ directory: 0 }, 'timeouts.directory must be a whole number of milliseconds'],
    [{ host: 1.5 }, 'timeouts.host must be'],
    [{ schema: '5' }, 'timeouts.schema must be'],
    [{ storage: Number.POSITIVE_INFINITY }, 'timeouts.storage must be'],
    [{ notifier: 2 ** 31 }, 'from 1 to 2147483647'],
    [{ signer: null }, 'timeouts.signer must be'],
    [{ network: 5 }, 'timeouts has no network; known are directory,'],
    [5, 'timeouts must be an object'],
    [null, 'timeouts must be an object'],
  ])('[HO-07] timeouts %j are refused where they are given', (timeouts, message) => {
    const making = () => approvalsWith({ timeouts: timeouts as TimeoutOptions })
    expect(making).toThrow(TypeError)
    expect(making).toThrow(message)
  })
})
