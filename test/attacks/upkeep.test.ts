import { describe, expect, it } from 'vitest'
import { createApprovals, type Notice, type Storage, staticDirectory } from '../../src/index.ts'
import { day, flags, pending, rollout, start, storages, world } from '../world.ts'

describe.each(storages)('upkeep on $name', ({ open }) => {
  it('[M6] lets a hundred poisoned requests stand in nobody’s way', async () => {
    let now = start
    const directory = staticDirectory({ ann: [], ben: ['lead'] })
    const approvals = createApprovals({
      admins: 'anyone',
      storage: open(),
      resources: [flags],
      directory: {
        ...directory,
        users: async (scope, ids) => {
          if (scope.tenant === 'bad' && now > start) throw new RangeError('down')
          return await directory.users(scope, ids)
        },
      },
      now: () => now,
    })
    const applyAt = start + day
    for (const [tenant, count] of [
      ['bad', 101],
      ['good', 1],
    ] as const) {
      const as = (user: string) => approvals.as({ tenant, user })
      await as('ann').policies.save({
        id: 'p',
        match: { action: 'update' },
        require: { quorum: 1, from: { roles: ['lead'] } },
      })
      for (let index = 0; index < count; index++) {
        const ref = flags.ref(`flag-${index}`)
        await as('ann').submit(ref, { value: { enabled: true, rollout: 1 } })
        const request = pending(await as('ann').submit(ref, rollout(2), { applyAt }))
        await as('ben').requests.approve(request.id, { digest: request.digest })
      }
    }
    now = applyAt
    const { applied, failed } = await approvals.tick()
    expect(applied).toBe(1)
    expect(failed).toHaveLength(101)
    const good = approvals.as({ tenant: 'good', user: 'ann' })
    expect((await good.resources.get(flags.ref('flag-0')))?.document.rollout).toBe(2)
  })

  it('[M6, N12] parks a notice that cannot be delivered, and delivers the others', async () => {
    const delivered: Notice[] = []
    let now = start
    const approvals = createApprovals({
      admins: 'anyone',
      storage: open(),
      resources: [flags],
      directory: staticDirectory({ ann: [], ben: ['lead'] }),
      notifiers: [
        {
          name: 'picky',
          async deliver(notice) {
            if (notice.resources[0]?.id === 'bad' && now === start) throw new RangeError('no such mailbox')
            delivered.push(notice)
          },
        },
      ],
      now: () => now,
    })
    const ann = approvals.as({ tenant: 'acme', user: 'ann' })
    await ann.policies.save({ id: 'p', match: {}, require: { quorum: 1, from: { roles: ['lead'] } } })
    for (const id of ['bad', 'good']) await ann.submit(flags.ref(id), { value: { enabled: true, rollout: 1 } })
    expect(await approvals.tick()).toMatchObject({ delivered: 1, failed: [{ tenant: 'acme' }] })
    expect(delivered.map(({ resources }) => resources[0]?.id)).toEqual(['good'])
    expect((await approvals.tick()).delivered).toBe(0)
    now += 60 * 60 * 1000
    expect((await approvals.tick()).delivered).toBe(1)
    expect(delivered.map(({ resources }) => resources[0]?.id)).toEqual(['good', 'bad'])
  })

  it('[H6, H7] applies what was scheduled at its time, once, and drops the schedule where it lost its approvals', async () => {
    const storage = open()
    const people = { ann: [], ben: ['lead'], cat: ['lead'] }
    const w = world(storage, people)
    const [kept, lost] = [await w.flag('kept'), await w.flag('lost')]
    await w.policy({ rules: { whenMissed: 'hold' } })
    const applyAt = w.now() + day
    const ask = async (ref: typeof kept, approver: string) => {
      const request = pending(await w.as('ann').submit(ref, rollout(80), { applyAt }))
      const { request: approved } = await w.as(approver).requests.approve(request.id, { digest: request.digest })
      expect(approved.status).toBe('approved')
      return request
    }
    await ask(kept, 'ben')
    const doomed = await ask(lost, 'cat')
    await w.approvals.tick()
    expect((await w.as('ann').resources.get(kept))?.revision).toBe(1)

    const later = world(storage, { ...people, cat: [] })
    later.pass(day + 5)
    const [first, second] = await Promise.all([later.approvals.tick(), later.approvals.tick()])
    expect(first.failed.concat(second.failed)).toEqual([])
    expect((await later.as('ann').resources.get(kept))?.document.rollout).toBe(80)
    expect(await later.as('ann').resources.history(kept)).toHaveLength(2)
    expect(await later.as('ann').requests.get(doomed.id)).toMatchObject({ status: 'pending', scheduleDropped: true })
    expect((await later.as('ann').resources.get(lost))?.revision).toBe(1)
    expect(await later.notices()).toContainEqual(
      expect.objectContaining({ type: 'schedule_dropped', to: ['ann', 'ben'] }),
    )
  })

  it('[F3] tells everybody concerned of a bypass, as what it is', async () => {
    const w = world(open())
    const ref = await w.flag('checkout')
    await w.policy({ rules: { bypass: ['security'] } })
    const request = pending(await w.as('ann').submit(ref, rollout(80)))
    await w.as('dan').requests.bypass(request.id, { digest: request.digest, reason: 'it is on fire' })
    expect(await w.notices()).toContainEqual(
      expect.objectContaining({
        type: 'bypassed',
        to: ['ann', 'ben', 'cat', 'amy'],
        by: 'dan',
        reason: 'it is on fire',
      }),
    )
  })

  it('[A2] tells the requester and the reviewers when an edit takes answers back', async () => {
    const w = world(open())
    const ref = await w.flag('checkout')
    await w.policy({ require: { quorum: 2, from: { roles: ['lead'] } } })
    const request = pending(await w.as('ann').submit(ref, rollout(80)))
    await w.as('ben').requests.approve(request.id, { digest: request.digest })
    await w.as('eve').requests.edit(request.id, ref, rollout(70))
    expect(await w.notices()).toContainEqual(
      expect.objectContaining({ type: 'reviews_dismissed', to: ['ann', 'ben'], by: 'eve' }),
    )
  })

  it('[O3] verifies a log that others are writing to', async () => {
    const storage = open()
    const w = world(storage)
    const ref = await w.flag('checkout')
    await w.policy()
    const request = pending(await w.as('ann').submit(ref, rollout(80)))
    let written = false
    const overtaken: Storage = {
      ...storage,
      async list(query) {
        if (query.collection === 'events' && !written) {
          written = true
          await w.as('eve').requests.comment(request.id, 'in between')
        }
        return await storage.list(query)
      },
    }
    expect((await world(overtaken).as('ann').audit.verify()).problems).toEqual([])
    expect(written).toBe(true)
  })

  it('[F8, O4] finds policies that nobody saved, projects that nobody chose, and deadlines that are gone', async () => {
    const forgeries = [
      { collection: 'policies', from: '"setVersion":1', to: '"setVersion":0' },
      { collection: 'resources', from: '"project":"web"', to: '"project":"sandbox"' },
      { collection: 'resources', from: '"incarnation":1', to: '"incarnation":7' },
      { collection: 'revisions', from: '"via":"app"', to: '"via":"api"' },
      { collection: 'targets', from: '"status":"pending"', to: '"status":"applied"' },
      { collection: 'requests', from: '"dueAt"', to: '"notDueAt"' },
    ] as const
    for (const { collection, from, to } of forgeries) {
      const storage = open()
      const w = world(storage)
      const ref = await w.flag('checkout')
      await w.policy()
      await w.as('ann').submit(ref, rollout(80))
      const { records } = await storage.list({
        collection,
        index: 'key',
        where: ['acme'],
        order: 'descending',
        limit: 1,
      })
      const [record] = records
      const text = JSON.stringify(record?.value)
      expect(text, collection).toContain(from)
      const value = JSON.parse(text.replace(from, to))
      await storage.commit([{ type: 'replace', collection, value, expected: record?.version ?? 0 }])
      expect((await w.as('ann').audit.verify()).ok, `${collection}: ${from}`).toBe(false)
    }
    const storage = open()
    const w = world(storage)
    await w.policy()
    const policy = { id: 'forged', version: 1, match: {}, require: { quorum: 1, from: { users: ['eve'] } } }
    const value = { tenant: 'acme', id: 'forged', version: 1, setVersion: 1, policy }
    await storage.commit([{ type: 'insert', collection: 'policies', value }])
    expect((await w.as('ann').audit.verify()).problems).toMatchObject([{ stream: 'settings' }])
  })
})
