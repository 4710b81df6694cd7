import { afterAll, describe, expect, it } from 'vitest'
import { createApprovals, type Storage } from '../../src/index.ts'
import { levelAccess } from '../../src/presets/levels.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { postgresStorage } from '../../src/storage/postgres.ts'
import { sqliteStorage } from '../../src/storage/sqlite.ts'
import { leftOut, postgresDatabase } from '../storage/servers.ts'
import { day, flags, pending, refusal, rollout, start } from '../world.ts'

const postgres = await postgresDatabase()
afterAll(() => postgres?.drop())
if (!postgres) it.skip(`personal acts on PostgreSQL (${leftOut('PostgreSQL')})`)

const places: readonly (readonly [string, () => Storage])[] = [
  ['memory', memoryStorage],
  ['SQLite', () => sqliteStorage(':memory:')],
  ...(postgres ? ([['PostgreSQL', () => postgresStorage(postgres.pool)]] as const) : []),
]

/** A storage that does something right before each commit, as somebody does who is always quicker. It counts the commits. */
function overtaken(storage: Storage, quicker: () => Promise<unknown>) {
  const counted = { commits: 0, quicker }
  const slow: Storage = {
    ...storage,
    async commit(writes, effect) {
      counted.commits++
      await counted.quicker()
      await storage.commit(writes, effect)
    },
  }
  return { slow, counted }
}

describe.each(places)('what concerns one person, on %s', (_, open) => {
  it('[ST-03] costs nobody else an attempt: neither preferences, stand-ins nor refusals are written where others rely on them', async () => {
    const storage = open()
    const make = (place: Storage) =>
      createApprovals({ storage: place, resources: [flags], access: levelAccess, now: () => start })
    const [one, tenant] = [make(storage), 'acme']
    await one.appointFirstAdmin({ tenant, user: 'zoe' })
    const zoe = one.as({ tenant, user: 'zoe' })
    for (const [user, role] of [
      ['ann', 'member'],
      ['ben', 'manager'],
      ['vic', 'viewer'],
    ] as const)
      await zoe.access.grant({ user, role, project: 'web' })
    const vic = one.as({ tenant, user: 'vic' })
    const counts = { mutes: 0, refused: 0 }
    const acts = [
      () => vic.notices.preferences({ unwanted: counts.mutes++ % 2 === 0 ? ['made_editor'] : [] }),
      () => vic.delegations.save({ to: 'ann', ends: start + day }),
      async () => {
        counts.refused++
        expect(await refusal(vic.workflow.disable({}))).toBe('not_permitted')
      },
    ]
    const { slow, counted } = overtaken(storage, () => Promise.all(acts.map((act) => act())))
    const two = make(slow)
    const attempts = async (work: () => Promise<unknown>) => {
      counted.commits = 0
      await work()
      return counted.commits
    }
    const as = (user: string) => two.as({ tenant, user })
    expect(
      await attempts(() =>
        as('ann').submit(flags.ref('a', { project: 'web' }), { value: { enabled: true, rollout: 1 } }),
      ),
    ).toBe(1)
    const policy = { id: 'p', match: { action: 'update' }, require: { quorum: 1, from: { roles: ['manager'] } } }
    expect(await attempts(() => as('zoe').policies.save(policy))).toBe(1)
    const { id, digest } = pending(await as('ann').submit(flags.ref('a', { project: 'web' }), rollout(2)))
    expect(await attempts(() => as('ben').requests.approve(id, { digest }))).toBe(1)
    expect(await attempts(() => as('zoe').access.grant({ user: 'amy', role: 'viewer', project: 'web' }))).toBe(1)
    expect(await attempts(() => as('zoe').workflow.disable({ waiting: 'hold' }))).toBe(1)
    expect(counts.mutes).toBeGreaterThan(5)
    expect((await zoe.audit.events({ settings: true })).some(({ event }) => event['by'] === 'vic')).toBe(false)
    expect((await zoe.audit.verify()).problems).toEqual([])
  })
})
