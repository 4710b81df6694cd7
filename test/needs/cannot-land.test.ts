import { describe, expect, it } from 'vitest'
import { type ChangeRequest, createApprovals, type PolicyInput, type Remedy, type Storage } from '../../src/index.ts'
import { type Roster, rosterDirectory } from '../roster.ts'
import { day, flags, pending, refusal, rollout, start, storages } from '../world.ts'

const roster: Roster = {
  root: { '': ['admin', 'staff'] },
  ann: { '': ['staff'] },
  ben: { '': ['staff', 'lead'] },
  amy: { web: ['staff', 'lead'] },
}

/** A tenant with the projects web and shop, of which Amy knows the first. Root may pass by the policies. */
async function town(storage: Storage, rules: PolicyInput['rules'] = {}) {
  let [ids, time] = [0, start]
  const left = new Set<string>()
  const directory = rosterDirectory(roster)
  const approvals = createApprovals({
    ...{ storage, resources: [flags], now: () => time, newId: () => `request-${++ids}` },
    directory: {
      ...directory,
      users: async (scope, ids) =>
        (await directory.users(scope, ids)).map((one, at) => (left.has(ids[at] ?? '') ? undefined : one)),
    },
    ...{ admins: { roles: ['admin'] }, readers: { roles: ['staff'] }, logReaders: { roles: ['admin'] } },
  })
  const as = (user: string) => approvals.as({ tenant: 'acme', user })
  for (const id of ['checkout', 'cart']) {
    await as('root').submit(flags.ref(id, { project: 'web' }), { value: { enabled: true, rollout: 10 } })
  }
  const policy = { id: 'reviewed', match: {}, require: { quorum: 1, from: { roles: ['lead'] } } }
  await as('root').policies.save({ ...policy, rules: { bypass: ['admin'], ...rules } })
  const passing = (change: object) => as('root').bypass(checkout, change as never, { reason: 'it burns' })
  const pass = (more: number) => {
    time += more
  }
  return { approvals, as, passing, pass, leave: (user: string) => left.add(user), now: () => time }
}

const checkout = flags.ref('checkout')
const cart = flags.ref('cart')
type Town = Awaited<ReturnType<typeof town>>

/** What can become of the flag that a request is about, so that the request can never be applied. */
const fates: Readonly<Record<string, { readonly problem: string; readonly happens: (w: Town) => Promise<unknown> }>> = {
  'went to another project': { problem: 'gone', happens: (w) => w.passing({ toProject: 'shop' }) },
  'was removed': { problem: 'gone', happens: (w) => w.passing({ remove: true }) },
  'was removed and made anew': {
    problem: 'replaced',
    happens: async (w) => {
      await w.passing({ remove: true })
      await w.passing({ value: { enabled: true, rollout: 10 } })
    },
  },
}

/** Every method that would bring a request nearer to being applied. */
const onward = ['edit', 'add', 'submit', 'rebase', 'resolve', 'schedule', 'approve', 'bypass'] as const

function named(remedies: readonly Remedy[] | undefined) {
  return remedies?.map((one) => (one.type === 'people' ? [one.method, ...one.users] : one.type))
}

function codesOf({ can }: ChangeRequest, methods: readonly (keyof ChangeRequest['can'])[]) {
  return methods.map((method) => [method, can[method] === true ? true : can[method].code])
}

describe.each(storages)('a request whose resource is not the same any more, on $name', ({ open }) => {
  it.each(Object.keys(fates))('[WO-01] says so in every way, and who can end it: it %s', async (fate) => {
    const w = await town(open())
    const { problem, happens } = fates[fate] as (typeof fates)[string]
    const { id, digest } = pending(await w.as('ann').submit(checkout, rollout(50)))
    await happens(w)
    const lost = { code: 'cannot_land', details: { type: 'feature_flag', id: 'checkout', project: 'web', problem } }
    for (const user of ['ann', 'root', 'ben']) {
      const seen = await w.as(user).requests.get(id)
      expect(seen).toMatchObject({ stale: true, approval: { satisfiable: false } })
      expect(named(seen.remedies)).toEqual([
        ['cancel', 'ann'],
        ['reject', 'ben', 'amy'],
      ])
    }
    const { can } = await w.as('ann').requests.get(id)
    const said = ['edit', 'add', 'submit', 'rebase', 'schedule'].map((method) => can[method as 'edit'])
    expect(said).toMatchObject(Array(5).fill(lost))
    const { requests } = w.as('ann')
    for (const call of [
      () => requests.edit(id, checkout, rollout(51)),
      () => requests.submit(id),
      () => requests.rebase(id),
      () => requests.schedule(id, w.now() + day),
      () => w.as('ben').requests.approve(id, { digest }),
      () => w.as('root').requests.bypass(id, { digest, reason: 'it burns' }),
    ]) {
      await expect(call()).rejects.toMatchObject(lost)
      await expect(call()).rejects.toThrow('cancel it, or take this resource out of it')
    }
    expect((await requests.cancel(id)).request.status).toBe('cancelled')
  })

  it('[WO-01] is not put forward as a draft, is ended by its requester, and goes on without what is gone', async () => {
    const w = await town(open())
    const both = [
      { ref: checkout, change: rollout(50) },
      { ref: cart, change: rollout(60) },
    ]
    const alone = await w.as('ann').draft(checkout, rollout(50))
    const draft = await w.as('ann').draft(both)
    const waiting = pending(await w.as('ann').submitAll(both))
    await w.passing({ toProject: 'shop' })

    const told = await w.as('ann').requests.get(alone.id)
    expect(codesOf(told, onward.slice(0, 4))).toEqual(onward.slice(0, 4).map((method) => [method, 'cannot_land']))
    expect(told.can.takeOut).toMatchObject({ code: 'invalid_input' })
    expect(named(told.remedies)).toEqual([['cancel', 'ann']])
    await w.as('ann').requests.cancel(alone.id)

    for (const { id } of [draft, waiting]) {
      const seen = await w.as('ann').requests.get(id)
      expect(codesOf(seen, ['edit', 'takeOut'])).toEqual([
        ['edit', 'cannot_land'],
        ['takeOut', true],
      ])
      expect(named(seen.remedies)?.slice(0, 2)).toEqual([
        ['takeOut', 'ann', 'root'],
        ['cancel', 'ann'],
      ])
      expect(await refusal(w.as('ann').requests.edit(id, cart, rollout(61)))).toBe('cannot_land')
      await w.as('ann').requests.takeOut(id, checkout)
      expect((await w.as('ann').requests.get(id)).can.edit).toBe(true)
    }
    const { request } = await w.as('ann').requests.submit(draft.id)
    await w.as('ben').requests.approve(draft.id, { digest: request.digest })
    expect((await w.as('ann').resources.get(cart))?.document.rollout).toBe(60)
    expect(
      (
        await w
          .as('ann')
          .audit.verify()
          .catch(() => ({ problems: [] }))
      ).problems,
    ).toEqual([])
  })

  it('[WO-01] that waits for its time fails at it, says why, and names nothing that does not help', async () => {
    const w = await town(open())
    const { id, digest } = pending(await w.as('ann').submit(checkout, rollout(50), { applyAt: w.now() + day }))
    await w.as('ben').requests.approve(id, { digest })
    await w.passing({ remove: true })
    const waiting = await w.as('ann').requests.get(id)
    expect(waiting.can.cancel).toMatchObject({ code: 'already_reviewed_by_others' })
    expect(named(waiting.remedies)).toEqual([['reject', 'ben', 'amy']])
    w.pass(day)
    await w.approvals.tick()
    const failed = await w.as('ann').requests.get(id)
    expect(failed).toMatchObject({ status: 'failed', failure: { code: 'cannot_land' }, remedies: [] })
    expect(codesOf(failed, ['apply', 'submit', 'rebase', 'resolve'])).toEqual(
      ['apply', 'submit', 'rebase', 'resolve'].map((method) => [method, 'cannot_land']),
    )
    await expect(w.as('ann').requests.submit(id, { applyAt: w.now() + day })).rejects.toMatchObject({
      code: 'cannot_land',
    })
  })

  it('[WO-01, ST-07] of somebody who has left is ended by those who see to that', async () => {
    const w = await town(open())
    const { id } = pending(await w.as('ann').submit(checkout, rollout(50)))
    await w.passing({ remove: true })
    w.leave('ann')
    const { remedies } = await w.as('root').requests.get(id)
    expect(named(remedies)?.[0]).toEqual(['cancel', 'root'])
    expect((await w.as('root').requests.cancel(id)).request.status).toBe('cancelled')
  })

  it('[WO-01] to make what somebody else has made by now says that too', async () => {
    const w = await town(open())
    const search = flags.ref('search', { project: 'web' })
    const value = { enabled: true, rollout: 1 }
    const { id } = pending(await w.as('ann').submit(search, { value }))
    await w.as('root').bypass(search, { value }, { reason: 'it burns' })
    const lost = { code: 'cannot_land', details: { problem: 'created' } }
    expect((await w.as('ann').requests.get(id)).can).toMatchObject({ edit: lost, rebase: lost, submit: lost })
    await expect(w.as('ann').requests.rebase(id)).rejects.toThrow('is there by now')
  })

  it('[WO-01] [PE-02] says nothing of where it went to whom may not read there', async () => {
    const w = await town(open())
    const gone = pending(await w.as('ann').submit(checkout, rollout(50)))
    await w.passing({ toProject: 'shop' })
    const seen = JSON.stringify(await w.as('amy').requests.get(gone.id))
    const answer = await w
      .as('amy')
      .requests.approve(gone.id, { digest: gone.digest })
      .catch((error) => error)
    expect(answer.code).toBe('cannot_land')
    for (const text of [seen, answer.message, JSON.stringify(answer.details)]) expect(text).not.toContain('shop')
  })
})
