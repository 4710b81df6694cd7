import { describe, expect, it } from 'vitest'
import { createApprovals, type Notice, type Storage, staticDirectory } from '../../src/index.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { accessWorld } from '../access-world.ts'
import { day, flags, pending, refusal, rollout, start, storages, world } from '../world.ts'

const ref = flags.ref('checkout')
const people = { ann: ['dev'], ben: ['lead'], cat: ['lead'], kim: ['admin'] }

/** A tenant whose directory does something before it answers about users. */
function office(storage: Storage) {
  const directory = staticDirectory(people)
  const delivered: Notice[] = []
  let before: (() => Promise<unknown>) | undefined
  const approvals = createApprovals({
    storage,
    resources: [flags],
    admins: { roles: ['admin'] },
    directory: {
      ...directory,
      async users(scope, ids) {
        const found = await directory.users(scope, ids)
        const now = before
        before = undefined
        await now?.()
        return found
      },
    },
    notifiers: [{ name: 'kept', deliver: async (notice) => void delivered.push(notice) }],
    now: () => start,
  })
  const as = (user: string) => approvals.as({ tenant: 'acme', user })
  const depart = (user: string) => approvals.departed({ tenant: 'acme', user })
  /** Has something happen between the next answer about users and what follows from it. */
  const meanwhile = (happens: () => Promise<unknown>) => {
    before = happens
  }
  return { approvals, as, depart, meanwhile, delivered }
}

describe.each(storages)('[ST-07] somebody who leaves, on $name', ({ open }) => {
  it('[ST-07] at the very moment of a delegation neither gives nor gets one', async () => {
    for (const leaver of ['ben', 'cat']) {
      const { as, depart, meanwhile, approvals } = office(open())
      meanwhile(() => depart(leaver))
      const given = as('ben').delegations.save({ to: 'cat', begins: start, ends: start + day })
      await expect(given).rejects.toMatchObject({ code: 'unknown_actor', details: { actor: leaver } })
      await approvals.returned({ tenant: 'acme', user: leaver })
      expect(await as('ben').delegations.list()).toEqual([])
      expect((await as('kim').audit.verify()).problems).toEqual([])
    }
  })

  it('[ST-07] has nobody answer for them any more, who hear of it, and no delegation of theirs is listed', async () => {
    const { as, depart, approvals, delivered } = office(open())
    await as('kim').policies.save({ id: 'p', match: {}, require: { quorum: 1, from: { roles: ['lead'] } } })
    await as('ben').delegations.save({ to: 'ann', begins: start, ends: start + day })
    await as('cat').delegations.save({ to: 'kim', begins: start, ends: start + day })
    const { id, digest } = pending(await as('kim').submit(ref, { value: { enabled: true, rollout: 1 } }))
    await depart('ben')
    await approvals.tick()
    const ended = delivered.filter(({ type }) => type === 'delegation_ended')
    expect(ended).toMatchObject([{ to: ['ann'], by: 'ben' }])
    for (const user of ['ann', 'kim', 'cat']) {
      expect((await as(user).delegations.list()).map(({ from, to }) => [from, to])).toEqual([['cat', 'kim']])
    }
    const answer = as('ann').requests.approve(id, { digest, onBehalfOf: 'ben' })
    await expect(answer).rejects.toMatchObject({ code: 'not_delegated', details: { onBehalfOf: 'ben', left: true } })
    await expect(answer).rejects.toThrow('it is on record that they have left: nobody can answer')
    await depart('kim')
    expect((await as('cat').delegations.list()).map(({ to }) => to)).toEqual(['kim'])
    expect(await as('ann').delegations.list()).toEqual([])
    await approvals.returned({ tenant: 'acme', user: 'ben' })
    expect((await as('ann').delegations.list()).map(({ from }) => from)).toEqual(['ben'])
  })

  it('[ST-07] at that moment neither does so where roles are kept here', async () => {
    const w = await accessWorld(open())
    const { delegations } = w.as('mia')
    const wanted = { to: 'ann', begins: start, ends: start + day }
    const [given, gone] = await Promise.allSettled([
      delegations.save(wanted),
      w.approvals.departed({ tenant: 'acme', user: 'ann' }),
    ])
    expect(gone.status).toBe('fulfilled')
    // Either it was there before, or it was refused: nothing is given to somebody who has left.
    if (given.status === 'rejected') expect(given.reason).toMatchObject({ code: 'unknown_actor' })
    expect(await refusal(delegations.save(wanted))).toBe('unknown_actor')
  })

  it('[ST-07] hears of nothing any more, also of what was said before', async () => {
    const { as, depart, approvals, delivered } = office(open())
    await as('ann').submit(flags.ref('checkout', { project: 'web' }), { value: { enabled: true, rollout: 40 } })
    await as('kim').policies.save({ id: 'p', match: {}, require: { quorum: 1, from: { roles: ['lead'] } } })
    const first = pending(await as('ann').submit(ref, rollout(50)))
    await depart('cat')
    await approvals.tick()
    expect(delivered.map(({ type, to }) => [type, to])).toEqual([['submitted', ['ben']]])
    await depart('ann')
    await as('ben').requests.reject(first.id, { digest: first.digest, reason: 'no' })
    const report = await approvals.tick()
    expect(report).toMatchObject({ delivered: 0, failed: [] })
    expect(delivered.flatMap(({ to }) => to)).not.toContain('ann')
    // It is gone from the outbox, and not kept for somebody who comes back.
    await approvals.returned({ tenant: 'acme', user: 'ann' })
    expect(await approvals.tick()).toMatchObject({ delivered: 0 })
    await as('ann').requests.submit(first.id)
    await approvals.tick()
    expect(delivered.at(-1)).toMatchObject({ type: 'submitted', to: ['ben'] })
  })
})

describe('what somebody is told who cannot answer', () => {
  it('[ST-07] says that a departure may be why, and whether the directory knew somebody who has left', async () => {
    const { as, depart } = office(memoryStorage())
    expect(await depart('ann')).toMatchObject({ recorded: true, known: true })
    expect(await depart('amn')).toMatchObject({ recorded: true, known: false })
    await expect(as('ann').requests.list()).rejects.toThrow('"ann", or it is on record that they have left')
  })

  it('[WO-06] says which roles somebody holds in which project of a request', async () => {
    const w = await accessWorld(memoryStorage())
    await w.as('zoe').access.grant({ user: 'sam', role: 'manager', project: 'shop' })
    await w.as('zoe').access.grant({ user: 'mia', role: 'viewer', project: 'shop' })
    for (const project of ['web', 'shop'])
      await w.as('zoe').submit(flags.ref(project, { project }), { value: { enabled: true, rollout: 1 } })
    await w.as('zoe').policies.save({ id: 'p', match: {}, require: { quorum: 1, from: { roles: ['manager'] } } })
    const changes = ['web', 'shop'].map((id) => ({ ref: flags.ref(id), change: rollout(5) }))
    const { id, digest } = pending(await w.as('zoe').submitAll(changes))
    const approval = w.as('mia').requests.approve(id, { digest })
    const projects = [
      { project: 'shop', roles: ['viewer'] },
      { project: 'web', roles: ['manager'] },
    ]
    await expect(approval).rejects.toMatchObject({ code: 'not_an_approver', details: { roles: [] } })
    const { details } = await approval.catch((error) => error)
    expect(
      details.projects.toSorted((a: { project: string }, b: { project: string }) => (a.project < b.project ? -1 : 1)),
    ).toEqual(projects)
  })

  it('[TI-02] names the freeze that asks, if no policy lets anybody pass it by', async () => {
    const w = world(memoryStorage())
    await w.flag('checkout')
    const windows = [{ from: w.now(), until: w.now() + day }]
    const require = { quorum: 1, from: { roles: ['lead'] } }
    await w.as('ann').freezes.save({ id: 'sale', match: {}, windows, mode: 'ask', reason: 'sale', require })
    const forbidden = { code: 'bypass_forbidden', details: { actor: 'dan', roles: [], freezes: ['sale'] } }
    await expect(w.as('dan').bypass(ref, rollout(50), { reason: 'now' })).rejects.toMatchObject(forbidden)
    await expect(w.as('dan').bypass(ref, rollout(50), { reason: 'now' })).rejects.toThrow('the freeze "sale"')
    const { id, digest } = pending(await w.as('ann').submit(ref, rollout(50)))
    await expect(w.as('dan').requests.bypass(id, { digest, reason: 'now' })).rejects.toMatchObject(forbidden)
  })
})
