import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { ApprovalError } from '../../src/errors/approval-error.ts'
import { refuse } from '../../src/errors/result.ts'
import { defineResource, type External, type Storage } from '../../src/index.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { accessWorld } from '../access-world.ts'
import { watchedStorage } from '../chaos/failing-storage.ts'
import { day, type Flag, flags, pending, refusal, world } from '../world.ts'

const minute = 60_000
/** How long a worker has before somebody else may claim its change. */
const lease = minute

interface Limit {
  readonly max: number
  readonly note?: string | undefined
}

type Write = Parameters<External<Limit>['write']>
type Named = Write[0]

/** Another system, which files documents by project. `meets` is what happens before a write arrives there. */
function elsewhere() {
  const documents = new Map<string, Limit>()
  const projects = new Map([['api', 'web']])
  const place = ({ project = 'none', id }: Pick<Named, 'project' | 'id'>) => `${project}/${id}`
  const asked: { resource: Named; document: Limit | undefined; expected: Limit | undefined; fence: number }[] = []
  const host = { meets: async () => {}, reads: 0 }
  const type = defineResource({
    type: 'limit',
    schema: z.strictObject({ max: z.number(), note: z.string().optional() }),
    permissions: { create: 'flags.create', update: 'flags.edit', delete: 'flags.delete' },
    projectOf: ({ id }) => projects.get(id),
    external: {
      read: async (resource) => {
        host.reads++
        return documents.get(place(resource))
      },
      write: async (resource, document, { expected, fence }) => {
        await host.meets()
        asked.push({ resource, document, expected, fence })
        if (document === undefined) documents.delete(place(resource))
        else documents.set(place(resource), document)
      },
    },
  })
  return { type, documents, projects, asked, host }
}

const users = { ann: [], ben: ['lead'], cat: ['lead'] }
const refuses = async () => {
  throw new RangeError('closed')
}

/** An office with a limit of project `web` that is live elsewhere, and a policy that asks a lead. */
async function office(storage: Storage = memoryStorage()) {
  const there = elsewhere()
  const w = world(storage, users, [there.type, flags])
  const ref = there.type.ref('api', { project: 'web' })
  there.documents.set('web/api', { max: 1 })
  await w.policy({ rules: { onStale: 'rebase' } })
  const ask = async (change: Limit) => pending(await w.as('ann').submit(ref, { value: change }))
  const approve = async ({ id, digest }: { id: string; digest: string }, by = w, user = 'ben') =>
    (await by.as(user).requests.approve(id, { digest })).request
  return {
    ...w,
    ...there,
    ref,
    ask,
    approve,
    status: async ({ id }: { id: string }) => (await w.as('ann').requests.get(id)).status,
    revisions: async () => (await w.as('ann').resources.history(ref)).map(({ document }) => document),
    problems: async () => (await w.as('ann').audit.verify()).problems,
    /** The office as another process has it, whose storage tells when the change was claimed. */
    worker: (claimed: () => Promise<void>) => {
      let told = false
      const watched = watchedStorage(storage, async () => {
        const [claim] = await storage.get([{ collection: 'claims', key: ['acme', 'limit', 'api'] }])
        if (told || claim === undefined) return
        told = true
        await claimed()
      })
      return world(watched, users, [there.type, flags])
    },
  }
}

describe('what the host is told of a change outside of the database', () => {
  it('is where the resource is: its project, and none where it has none', async () => {
    const o = await office()
    await o.approve(await o.ask({ max: 2 }))
    const free = pending(await o.as('ann').submit(o.type.ref('free'), { value: { max: 3 } }))
    await o.approve(free)
    expect(o.asked.map(({ resource }) => resource)).toEqual([
      { tenant: 'acme', type: 'limit', id: 'api', project: 'web' },
      { tenant: 'acme', type: 'limit', id: 'free' },
    ])
    expect([...o.documents]).toEqual([
      ['web/api', { max: 2 }],
      ['none/free', { max: 3 }],
    ])
    expect(await o.problems()).toEqual([])
  })

  it('is what it should have, which is nothing for a new one, and what to make of it, which is nothing for one that goes', async () => {
    const o = await office()
    const made = pending(await o.as('ann').submit(o.type.ref('new'), { value: { max: 3 } }))
    await o.approve(made)
    await o.approve(pending(await o.as('ann').submit(o.type.ref('new'), { remove: true })))
    expect(o.asked).toMatchObject([
      { document: { max: 3 }, expected: undefined },
      { document: undefined, expected: { max: 3 } },
    ])
    expect(o.asked.map(({ expected }) => expected)).toEqual([undefined, { max: 3 }])
  })

  it('is the change as it was moved onto what somebody else has written', async () => {
    const o = await office()
    const change = pending(await o.as('ann').submit(o.ref, { merge: { max: 2 } }))
    o.documents.set('web/api', { max: 1, note: 'theirs' })
    expect((await o.approve(change)).status).toBe('applied')
    expect(o.asked).toMatchObject([{ document: { max: 2, note: 'theirs' }, expected: { max: 1, note: 'theirs' } }])
    expect(await o.problems()).toEqual([])
  })

  it('is what is said of that resource, and not of a managed one with the same id', async () => {
    const o = await office()
    await o.as('ann').policies.remove('reviewed')
    const value: Flag = { enabled: true, rollout: 1 }
    const flag = flags.ref('api', { project: 'web' })
    await o.as('ann').submitAll([
      { ref: flag, change: { value } },
      { ref: o.ref, change: { value: { max: 9 } } },
    ] as never)
    expect(o.asked.map(({ document }) => document)).toEqual([{ max: 9 }])
    expect((await o.as('ann').resources.get(flag))?.document).toEqual(value)
  })

  it('is told once its time has come, where the change is scheduled', async () => {
    const o = await office()
    const applyAt = o.now() + day
    const request = pending(await o.as('ann').submit(o.ref, { value: { max: 2 } }, { applyAt }))
    await o.approve(request)
    await o.approvals.tick()
    expect(o.asked).toEqual([])
    o.pass(day)
    expect(await o.approvals.tick()).toMatchObject({ applied: 1, failed: [] })
    expect([await o.status(request), o.documents.get('web/api')]).toEqual(['applied', { max: 2 }])
  })

  it('makes those editors who are to be, once it is there', async () => {
    const { type, host, projects } = elsewhere()
    projects.set('new', 'web')
    const w = await accessWorld(memoryStorage(), undefined, [type])
    await w.as('zoe').access.setDefaultAccess('editors')
    const made = type.ref('new', { project: 'web' })
    host.meets = refuses
    expect((await w.as('ann').submit(made, { value: { max: 3 } })).status).toBe('applying')
    host.meets = async () => {}
    w.pass(minute)
    await w.approvals.tick()
    expect(await w.as('ann').access.editors.get(made)).toEqual({ type: 'editors', editors: ['ann'] })
  })

  it('is on record where somebody else has written there meanwhile, also when that is gone again', async () => {
    const o = await office()
    const request = await o.ask({ max: 2 })
    o.host.meets = refuses
    await o.approve(request)
    o.documents.set('web/api', { max: 60 })
    o.pass(minute)
    await o.approvals.tick()
    o.documents.set('web/api', { max: 1 })
    expect(await o.status(request)).toBe('failed')
    expect(await o.revisions()).toEqual([{ max: 1 }, { max: 60 }, { max: 1 }])
    expect(await o.problems()).toEqual([])
  })

  it('[F5] [F8] is nothing where the stored content is not what was claimed', async () => {
    const o = await office()
    const request = await o.ask({ max: 2 })
    const key = ['acme', request.id, 1]
    const worker = o.worker(async () => {
      const [stored] = await o.storage.get([{ collection: 'contents', key }])
      if (!stored) throw new TypeError('There is no content.')
      const value = JSON.parse(JSON.stringify(stored.value).replaceAll('"max":2', '"max":99'))
      await o.storage.commit([{ type: 'replace', collection: 'contents', value, expected: stored.version }])
    })
    const after = await o.approve(request, worker)
    expect([after.status, after.application?.problem]).toEqual([
      'applying',
      'the stored content is not what was claimed',
    ])
    expect([o.asked, o.documents.get('web/api')]).toEqual([[], { max: 1 }])
  })
})

describe('a worker that comes to its work late', () => {
  it('[G12] writes nothing from the moment on at which somebody else may claim it', async () => {
    for (const [late, written] of [
      [lease - 1, 1],
      [lease, 0],
    ] as const) {
      const o = await office()
      const request = await o.ask({ max: 2 })
      const worker = o.worker(async () => worker.pass(late))
      const { status } = await o.approve(request, worker)
      expect([status, o.asked.length]).toEqual(written ? ['applied', 1] : ['applying', 0])
    }
  })

  it('[G12] writes nothing while somebody else is at it', async () => {
    const o = await office()
    const request = await o.ask({ max: 2 })
    o.host.meets = refuses
    const worker = o.worker(async () => {
      o.pass(lease)
      await o.approvals.tick()
      o.host.meets = async () => {}
    })
    expect((await o.approve(request, worker)).application?.fence).toBe(2)
    expect([o.asked, o.documents.get('web/api')]).toEqual([[], { max: 1 }])
  })

  it('[G12] writes nothing once the change was given up', async () => {
    const o = await office()
    const request = await o.ask({ max: 2 })
    const worker = o.worker(async () => {
      o.pass(lease)
      await o.as('ann').requests.abandon(request.id, { reason: 'it does not answer' })
    })
    expect((await o.approve(request, worker)).status).toBe('failed')
    expect([o.asked, o.documents.get('web/api')]).toEqual([[], { max: 1 }])
  })
})

describe('a storage that is gone once a change was claimed', () => {
  /** The answer to an approval after which the storage throws. */
  async function left(thrown: () => Promise<never>) {
    const storage = memoryStorage()
    const o = await office(storage)
    const request = await o.ask({ max: 2 })
    let gone = false
    const failing: Storage = {
      ...storage,
      get: (keys) => (gone ? thrown() : storage.get(keys)),
      commit: async (writes, effect) => {
        await storage.commit(writes, effect)
        gone = writes.some(({ collection }) => collection === 'claims')
      },
    }
    const answer = o.approve(request, world(failing, users, [o.type, flags]))
    return { ...o, answer, request }
  }

  it('[P1] leaves the change on its way, and says so: tick goes on with it', async () => {
    const o = await left(async () => {
      throw new ApprovalError(refuse('storage_failed', { operation: 'get', problem: 'no connection' }).refusal)
    })
    expect((await o.answer).status).toBe('applying')
    expect(o.asked).toEqual([])
    o.pass(lease)
    expect((await o.approvals.tick()).reclaimed).toBe(1)
    expect(await o.status(o.request)).toBe('applied')
  })

  it('hides no mistake of an adapter', async () => {
    const o = await left(async () => {
      throw new TypeError('rows is not iterable')
    })
    await expect(o.answer).rejects.toThrow(new TypeError('rows is not iterable'))
  })
})

it('keeps what the host has in its project on record, and takes nothing for removed that is only named without it', async () => {
  const o = await office()
  const request = await o.ask({ max: 2 })
  expect((await o.as('ann').resources.get(o.type.ref('api')))?.document).toEqual({ max: 1 })
  await o.approve(request)
  expect(await o.revisions()).toEqual([{ max: 2 }, { max: 1 }])
  expect(await refusal(o.as('ann').submit(o.type.ref('api', { project: 'other' }), { value: { max: 3 } }))).toBe(
    'wrong_project',
  )
  expect(await o.revisions()).toHaveLength(2)
})
