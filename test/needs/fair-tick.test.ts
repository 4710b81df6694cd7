import { describe, expect, it } from 'vitest'
import { createApprovals, type JsonObject, type Notice, type Storage, staticDirectory, type TickReport } from '../../src/index.ts'
import { flags, pending, rollout, start, storages } from '../world.ts'

const hour = 60 * 60 * 1000
const hangs = () => new Promise<never>(() => {})
const people = { ann: ['dev'], ben: ['lead'], cat: ['lead'] }

/** A host with many tenants, some of which misbehave, a clock, and two ways to reach people: mail, and a pager that never answers. */
function host(storage: Storage, { bad = 'bad', pager = true }: { readonly bad?: string; readonly pager?: boolean } = {}) {
  const mails: Notice[] = []
  const state = { time: start, asked: 0, paged: 0, isBad: true }
  const directory = staticDirectory(people)
  const misbehaves = (tenant: string) => state.isBad && tenant.startsWith(bad) && state.time > start
  const approvals = createApprovals({
    storage,
    resources: [flags],
    admins: 'anyone',
    directory: {
      ...directory,
      users: (scope, ids) => {
        if (!misbehaves(scope.tenant)) return directory.users(scope, ids)
        state.asked++
        return hangs()
      },
      holders: (scope, role) => (misbehaves(scope.tenant) ? hangs() : directory.holders(scope, role)),
    },
    notifiers: [
      {
        name: 'mail',
        deliver: async (notice) => {
          mails.push(notice)
        },
      },
      ...(pager
        ? [
            {
              name: 'pager',
              deliver: () => {
                state.paged++
                return hangs()
              },
            },
          ]
        : []),
    ],
    timeouts: { directory: 30, notifier: 30 },
    now: () => state.time,
  })
  return { approvals, mails, state, as: (tenant: string, user: string) => approvals.as({ tenant, user }) }
}

/** A request that waits, whose approvers are reminded after an hour. */
async function ask({ as }: ReturnType<typeof host>, tenant: string, id = 'flag') {
  const ref = flags.ref(id)
  await as(tenant, 'ann').submit(ref, { value: { enabled: true, rollout: 1 } })
  await as(tenant, 'ann').policies.save({
    id: 'p',
    match: { action: 'update' },
    require: { quorum: 1, from: { roles: ['lead'] } },
    rules: { remindEvery: '1h' },
  })
  return pending(await as(tenant, 'ann').submit(ref, rollout(2)))
}

/** Copies a request, with what it is listed under, to another tenant, many times. */
async function copies(storage: Storage, tenant: string, id: string) {
  const rows = async (collection: 'requests' | 'targets' | 'waiting') => {
    const query = { collection, index: 'key', where: [tenant], order: 'ascending', limit: 1000 } as const
    const { records } = await storage.list(query)
    return records.map(({ value }) => ({ collection, value }))
  }
  const template = [...(await rows('requests')), ...(await rows('targets')), ...(await rows('waiting'))]
  return async (other: string, count: number, late = 0) => {
    const writes = Array.from({ length: count }, (_, at) =>
      template.map(({ collection, value }) => {
        const name = `${id}-${at}`
        const named: JsonObject = collection === 'requests' ? { id: name } : { request: name }
        const due = collection === 'requests' ? { dueAt: Number(value['dueAt']) + late } : {}
        return { type: 'insert', collection, value: { ...value, ...named, ...due, tenant: other } } as const
      }),
    ).flat()
    for (let from = 0; from < writes.length; from += 600) await storage.commit(writes.slice(from, from + 600))
  }
}

const isDeep = process.env['COUNTERSIGN_DEEP'] === '1'
const quick = storages.filter(({ name }) => isDeep || name === 'memory' || name === 'SQLite')

describe.each(quick)('tick over many tenants, on $name', ({ open }) => {
  it('[ST-01, ST-02] does everything of 199 tenants in ten calls, while one has 5,000 requests that cannot be done in front, and a notifier hangs', {
    timeout: 120_000,
  }, async () => {
    const storage = open()
    const h = host(storage)
    const { id } = await ask(h, 'template')
    await h.approvals.tick()
    const copy = await copies(storage, 'template', id)
    await copy('bad', 5_000)
    const good = Array.from({ length: 199 }, (_, at) => `good-${at}`)
    for (const tenant of good) await copy(tenant, 10, 1)
    h.mails.length = 0
    h.state.time += hour + 1
    const reports: TickReport[] = []
    for (let call = 0; call < 10; call++) {
      reports.push(await h.approvals.tick({ limit: 500 }))
      h.state.time += 1_000
    }
    const told = new Map(good.map((tenant) => [tenant, 0]))
    for (const { tenant, type } of h.mails) {
      expect(type).toBe('reminded')
      if (told.has(tenant)) told.set(tenant, (told.get(tenant) ?? 0) + 1)
    }
    expect(new Set(told.values())).toEqual(new Set([10]))
    for (const report of reports) expect(report.reminded + report.delivered).toBeLessThanOrEqual(500)
    expect(h.state.paged).toBeLessThanOrEqual(20)
    expect(h.state.asked).toBeLessThanOrEqual(20)
    expect(reports.some(({ failed }) => failed.some(({ tenant }) => tenant === 'bad'))).toBe(true)
  })
})
