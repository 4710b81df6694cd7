import { describe, expect, it } from 'vitest'
import {
  createApprovals,
  type Directory,
  type DirectoryUser,
  type PolicyInput,
  policyResource,
  type Storage,
} from '../../src/index.ts'
import type { Scope } from '../../src/ports/directory.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { accessWorld } from '../access-world.ts'
import { deep } from '../runs.ts'
import { day, flags, pending, refusal, rollout, start, storages, type World, world } from '../world.ts'

const users = { ann: ['developer'], ben: ['lead'], cat: ['lead'], dan: ['security'], eve: [], fay: ['lead'] }

/** The ids of what waits for somebody, all pages of it, with whose answer it is where that is not their own. */
async function waiting(w: Pick<World, 'as'>, user: string, limit = 50): Promise<readonly string[]> {
  const ids: string[] = []
  let after: string | undefined
  do {
    const page = await w.as(user).requests.inbox({ limit, ...(after === undefined ? {} : { after }) })
    ids.push(...page.requests.map(({ id, onBehalfOf }) => (onBehalfOf === undefined ? id : `${id} for ${onBehalfOf}`)))
    after = page.next
  } while (after !== undefined)
  return ids
}

/** What waits for each of several people. */
async function waitingFor(w: World, ...people: readonly string[]) {
  return Object.fromEntries(await Promise.all(people.map(async (user) => [user, await waiting(w, user)] as const)))
}

/** What is stored of all that waits. */
async function stored(storage: Storage): Promise<readonly string[]> {
  const all = { collection: 'inbox', index: 'key', where: ['acme'], order: 'ascending', limit: 1_000 } as const
  const names = (await storage.list(all)).records.map(({ value }) => `${value['approver']} ${value['request']}`)
  return names.filter((name) => !name.startsWith('draft:'))
}

/** A change of a flag that somebody asks for, and that a policy gates. */
async function asked(w: World, policy: Partial<PolicyInput> = {}, by = 'ann') {
  const ref = await w.flag('checkout')
  await w.policy(policy)
  const request = pending(await w.as(by).submit(ref, rollout(80)))
  return { ...request, ref, seen: { digest: request.digest } }
}

describe.each(storages)('what waits for somebody, on $name', ({ open }) => {
  it('is found by those whom the policies ask by name or by role, and by nobody else', async () => {
    const w = world(open(), users)
    const { id } = await asked(w, { require: { quorum: 1, from: { roles: ['lead'], users: ['eve'] } } })
    expect(await waitingFor(w, 'ann', 'ben', 'cat', 'dan', 'eve')).toEqual({
      ann: [],
      ben: [id],
      cat: [id],
      dan: [],
      eve: [id],
    })
    const [request] = (await w.as('ben').requests.inbox()).requests
    expect(request).toEqual((await w.as('ben').requests.list()).requests[0])
    expect(request).toMatchObject({ id, status: 'pending', requester: 'ann' })
  })

  it('leaves out what one asked for or had a hand in oneself, unless a policy lets one approve that', async () => {
    const w = world(open(), users)
    const search = await w.flag('search')
    const { id, ref } = await asked(w, {}, 'ben')
    expect(await waitingFor(w, 'ben', 'cat')).toEqual({ ben: [], cat: [id] })
    await w.as('cat').requests.edit(id, ref, rollout(70))
    expect(await waitingFor(w, 'ben', 'cat', 'fay')).toEqual({ ben: [], cat: [], fay: [id] })
    await w.policy({ id: 'own', rules: { selfApproval: true, excludeContributors: 'none' } })
    await w.as('ben').policies.remove('reviewed')
    const other = pending(await w.as('ben').submit(search, rollout(80)))
    expect(await waiting(w, 'ben')).toContain(other.id)
  })

  it('leaves out what one has answered, whichever way, until there is something new to answer', async () => {
    const w = world(open(), users)
    const both = { require: { quorum: 2, from: { roles: ['lead'] } }, rules: { onReject: 'block' } } as const
    const { id, ref, seen } = await asked(w, both)
    await w.as('ben').requests.approve(id, seen)
    await w.as('cat').requests.reject(id, { ...seen, reason: 'too much' })
    expect(await waitingFor(w, 'ben', 'cat', 'fay')).toEqual({ ben: [], cat: [], fay: [id] })
    expect((await w.as('cat').requests.get(id)).can.approve).toBe(true)
    await w.as('ben').requests.withdraw(id)
    expect(await waiting(w, 'ben')).toEqual([id])
    await w.as('ann').requests.edit(id, ref, rollout(60))
    expect(await waitingFor(w, 'ben', 'cat', 'fay')).toEqual({ ben: [id], cat: [id], fay: [id] })
  })

  it('is gone when enough have answered, when the request ends, and when its deadline has come', async () => {
    const storage = open()
    const w = world(storage, users)
    const { id, ref, seen } = await asked(w, { require: { quorum: 1, from: { roles: ['lead'] } } })
    const [second, third] = [
      pending(await w.as('ann').submit(ref, rollout(70))),
      pending(await w.as('ann').submit(ref, { merge: { description: 'x' } })),
    ]
    expect(await waiting(w, 'cat')).toEqual([id, second.id, third.id])
    await w.as('ben').requests.approve(id, seen)
    await w.as('ann').requests.cancel(second.id)
    expect(await waiting(w, 'cat')).toEqual([third.id])
    w.pass(14 * day)
    expect(await waiting(w, 'cat')).toEqual([])
    await w.as('ann').requests.submit(third.id)
    expect(await waiting(w, 'cat')).toEqual([third.id])
    await w.as('ann').requests.recall(third.id)
    expect(await waiting(w, 'cat')).toEqual([])
    await w.as('ann').requests.rebase(third.id)
    await w.as('ann').requests.submit(third.id)
    expect(await waiting(w, 'cat')).toEqual([third.id])
    expect(await stored(storage)).toEqual([`role:lead ${third.id}`])
    const { digest } = await w.as('ben').requests.get(third.id)
    await w.as('ben').requests.reject(third.id, { digest, reason: 'no' })
    expect(await stored(storage)).toEqual([])
    expect((await w.as('ann').audit.verify()).problems).toEqual([])
  })

  it('stays while one reviewer has asked for changes, for the others, who can approve all the same', async () => {
    const w = world(open(), users)
    const { id, seen } = await asked(w)
    await w.as('ben').requests.requestChanges(id, { ...seen, reason: 'smaller' })
    expect(await waitingFor(w, 'ben', 'cat')).toEqual({ ben: [], cat: [id] })
  })

  it('follows what the content asks for: those who are asked after an edit, and no longer those before', async () => {
    const w = world(open(), users)
    const { id, ref } = await asked(w)
    await w.policy({
      id: 'secure',
      when: { type: 'change_amount', field: '/rollout', operator: '>', value: 45 },
      require: { quorum: 1, from: { roles: ['security'] } },
    })
    expect(await waitingFor(w, 'ben', 'dan')).toEqual({ ben: [id], dan: [] })
    await w.as('ann').requests.edit(id, ref, rollout(90))
    expect(await waitingFor(w, 'ben', 'dan')).toEqual({ ben: [id], dan: [id] })
    await w.as('ann').requests.edit(id, ref, rollout(60))
    expect(await waitingFor(w, 'ben', 'dan')).toEqual({ ben: [id], dan: [] })
    expect((await w.as('ann').audit.verify()).problems).toEqual([])
  })

  it('reaches those whom it is escalated to, and not before', async () => {
    const w = world(open(), users)
    const { id, ref } = await asked(w, { escalate: { after: '2d', to: { roles: ['security'], users: ['eve'] } } })
    expect(await waitingFor(w, 'ben', 'dan', 'eve')).toEqual({ ben: [id], dan: [], eve: [] })
    w.pass(2 * day)
    await w.approvals.tick()
    expect(await waitingFor(w, 'ben', 'dan', 'eve')).toEqual({ ben: [id], dan: [id], eve: [id] })
    await w.as('ann').requests.edit(id, ref, rollout(70))
    expect(await waitingFor(w, 'ben', 'dan', 'eve')).toEqual({ ben: [id], dan: [], eve: [] })
    expect((await w.as('ann').audit.verify()).problems).toEqual([])
  })

  it('is never what one could not approve by the policies of today, and is found by those whom they ask once the request is written again', async () => {
    const w = world(open(), users)
    const { id, ref } = await asked(w, { rules: { selfApproval: true } }, 'ben')
    expect(await waiting(w, 'ben')).toEqual([id])
    await w.policy({ id: 'stricter', require: { quorum: 1, from: { roles: ['security'] } } })
    expect((await w.as('dan').requests.get(id)).can.approve).toBe(true)
    expect(await waitingFor(w, 'ben', 'cat', 'dan')).toEqual({ ben: [], cat: [id], dan: [] })
    await w.as('ben').requests.edit(id, ref, rollout(70))
    expect(await waiting(w, 'dan')).toEqual([id])
  })

  it('is judged by what the policies of today ask of each request by itself', async () => {
    const w = world(open(), users)
    const { id, ref } = await asked(w, { rules: { selfApproval: true } }, 'ben')
    w.pass(1)
    await w.as('ben').submit(ref, rollout(95))
    expect(await waiting(w, 'ben')).toHaveLength(2)
    const when = { type: 'before_after', field: '/rollout', operator: '>', value: 90 } as const
    await w.policy({ id: 'stricter', when })
    expect(await waiting(w, 'ben')).toEqual([id])
  })

  it('may be a change of a policy, also while the workflow is off', async () => {
    const w = world(open(), users)
    await w.flag('checkout')
    await w.as('ann').policies.save({
      id: 'rules',
      match: { resource: 'countersign.policy' },
      require: { quorum: 1, from: { roles: ['lead'] } },
    })
    await w.as('ann').workflow.disable()
    const { id } = pending(await w.as('ann').submit(policyResource.ref('rules'), { remove: true }))
    expect(await waitingFor(w, 'ann', 'ben')).toEqual({ ann: [], ben: [id] })
  })

  it('is left to those who must approve: whoever holds a veto alone is not waited for', async () => {
    const w = world(open(), users)
    const { id, seen } = await asked(w, { veto: { roles: ['security'] } })
    expect(await waitingFor(w, 'ben', 'dan')).toEqual({ ben: [id], dan: [] })
    expect((await w.as('dan').requests.get(id)).can).toMatchObject({ reject: true })
    expect((await w.as('dan').requests.reject(id, { ...seen, reason: 'no' })).request.status).toBe('rejected')
    expect(await waiting(w, 'ben')).toEqual([])
  })

  it('is found by those whose turn it is: at the stage that is open, and until a place is taken', async () => {
    const w = world(open(), users)
    const stages = [
      { quorum: 1, from: { roles: ['lead'] } },
      { quorum: 1, from: { roles: ['security'] } },
    ]
    const staged = await asked(w, { require: { stages } })
    const { id } = staged
    expect(await waitingFor(w, 'ben', 'cat', 'dan')).toEqual({ ben: [id], cat: [id], dan: [] })
    expect((await w.as('dan').requests.get(id)).can.approve).toBe(true)
    await w.as('ben').requests.approve(id, staged.seen)
    expect(await waitingFor(w, 'ben', 'cat', 'dan')).toEqual({ ben: [], cat: [], dan: [id] })
    await w.as('dan').requests.reject(id, { ...staged.seen, reason: 'no' })
    await w.policy({ require: { any: [{ all: stages }, { quorum: 2, from: { roles: ['security'] } }] } })
    const either = pending(await w.as('ann').submit(staged.ref, rollout(70)))
    expect(await waitingFor(w, 'ben', 'dan')).toEqual({ ben: [either.id], dan: [either.id] })
    await w.as('ben').requests.approve(either.id, { digest: either.digest })
    expect(await waitingFor(w, 'cat', 'dan')).toEqual({ cat: [], dan: [either.id] })
    w.roles('ben', [])
    expect(await waitingFor(w, 'cat', 'dan')).toEqual({ cat: [either.id], dan: [either.id] })
  })

  it('is found by everybody who can settle what is met already, because somebody has got a role back', async () => {
    const w = world(open(), users)
    const { id, seen } = await asked(w, { require: { quorum: 2, from: { roles: ['lead'] } } })
    await w.as('ben').requests.approve(id, seen)
    w.roles('ben', [])
    await w.as('cat').requests.approve(id, seen)
    w.roles('ben', ['lead'])
    expect((await w.as('fay').requests.get(id)).approval?.met).toBe(true)
    expect(await waitingFor(w, 'ben', 'cat', 'fay')).toEqual({ ben: [], cat: [], fay: [id] })
    expect((await w.as('fay').requests.approve(id, seen)).request.status).toBe('applied')
  })

  it('is found by the owners of what is touched alone', async () => {
    const w = world(open(), users)
    const ref = await w.flag('checkout')
    const owners = [
      { field: '/rollout', quorum: 1, from: { users: ['eve'] } },
      { field: '/enabled', quorum: 1, from: { users: ['dan'] } },
    ]
    await w.policy({ require: { owners } })
    const owned = pending(await w.as('ann').submit(ref, rollout(20)))
    expect(await waitingFor(w, 'ben', 'dan', 'eve')).toEqual({ ben: [], dan: [], eve: [owned.id] })
  })

  it('is found for whoever delegated it, and says for whom it is to be answered', async () => {
    const w = world(open(), users)
    const { id, seen } = await asked(w, { require: { quorum: 2, from: { roles: ['lead'] } } })
    await w.as('ben').delegations.save({ to: 'eve', begins: w.now() + day, ends: w.now() + 3 * day })
    expect(await waiting(w, 'eve')).toEqual([])
    w.pass(day)
    expect(await waitingFor(w, 'ben', 'eve')).toEqual({ ben: [id], eve: [`${id} for ben`] })
    const [request] = (await w.as('eve').requests.inbox()).requests
    expect(request).toMatchObject({ id, onBehalfOf: 'ben' })
    await w.as('eve').requests.approve(id, { ...seen, onBehalfOf: 'ben' })
    expect(await waitingFor(w, 'ben', 'cat', 'eve')).toEqual({ ben: [], cat: [id], eve: [] })
    await w.as('ben').requests.withdraw(id)
    expect(await waitingFor(w, 'ben', 'eve')).toEqual({ ben: [id], eve: [`${id} for ben`] })
    w.pass(2 * day)
    expect(await waitingFor(w, 'ben', 'eve')).toEqual({ ben: [id], eve: [] })
  })

  it('is found for nobody by a delegation that is about something else, or that the delegate could not use', async () => {
    const w = world(open(), users)
    const { id } = await asked(w)
    const ends = w.now() + day
    await w.as('ben').delegations.save({ to: 'eve', ends, match: { resource: 'experiment' } })
    await w.as('cat').delegations.save({ to: 'ann', ends })
    expect(await waitingFor(w, 'ann', 'eve')).toEqual({ ann: [], eve: [] })
    await w.as('fay').delegations.save({ to: 'eve', ends, match: { project: 'web' } })
    expect(await waiting(w, 'eve')).toEqual([`${id} for fay`])
  })

  it('is found for nobody who has answered it already, be it for themselves or for another', async () => {
    const w = world(open(), users)
    const { id, seen } = await asked(w, {
      require: { quorum: 3, from: { roles: ['lead'], users: ['eve'] } },
      rules: { onReject: 'block' },
    })
    for (const lead of ['ben', 'cat']) await w.as(lead).delegations.save({ to: 'eve', ends: w.now() + day })
    await w.as('ben').delegations.save({ to: 'dan', ends: w.now() + day })
    expect(await waiting(w, 'dan')).toEqual([`${id} for ben`])
    await w.as('eve').requests.reject(id, { ...seen, reason: 'no' })
    expect(await waitingFor(w, 'ben', 'eve')).toEqual({ ben: [id], eve: [] })
    await w.as('eve').requests.withdraw(id)
    expect(await waiting(w, 'eve')).toEqual([id])
    await w.as('eve').requests.reject(id, { ...seen, onBehalfOf: 'ben', reason: 'no' })
    expect(await waitingFor(w, 'ben', 'cat', 'dan', 'eve')).toEqual({ ben: [], cat: [id], dan: [], eve: [] })
  })

  it('is left out for the other accounts of whoever asked for it or answered it', async () => {
    const w = world(open(), users)
    w.person('cat', 'ann')
    const { id, seen } = await asked(w, {
      require: { quorum: 2, from: { roles: ['lead'], users: ['eve'] } },
      rules: { onReject: 'block' },
    })
    expect(await waitingFor(w, 'ben', 'cat', 'eve')).toEqual({ ben: [id], cat: [], eve: [id] })
    w.person('eve', 'ben')
    await w.as('ben').requests.reject(id, { ...seen, reason: 'no' })
    expect(await waitingFor(w, 'ben', 'eve', 'fay')).toEqual({ ben: [], eve: [], fay: [id] })
  })

  it('is nothing in another tenant, and nothing for whom the directory does not know', async () => {
    const w = world(open(), users)
    await asked(w)
    const rival = await w.as('ben', { tenant: 'rival' }).requests.inbox()
    expect(rival).toEqual({ requests: [] })
    expect(await refusal(waiting(w, 'nobody'))).toBe('unknown_actor')
    w.leave('ben')
    expect(await refusal(waiting(w, 'ben'))).toBe('unknown_actor')
  })

  it('is nothing while the workflow is off, and there again when it is on', async () => {
    const w = world(open(), users)
    const { id } = await asked(w)
    await w.as('ann').workflow.disable({ waiting: 'hold' })
    expect(await waiting(w, 'ben')).toEqual([])
    await w.as('ann').workflow.enable()
    expect(await waiting(w, 'ben')).toEqual([id])
    await w.as('ann').workflow.disable()
    await w.as('ann').workflow.enable()
    expect(await waiting(w, 'ben')).toEqual([])
  })

  it('comes the oldest first, page by page, each once, also where requests are of the same moment or ask by name and by role', async () => {
    const w = world(open(), users)
    const ref = await w.flag('checkout')
    const field = '/rollout'
    await w.policy({
      when: { type: 'before_after', field, operator: '<', value: 12 },
      require: { quorum: 1, from: { roles: ['lead'], users: ['ben'] } },
    })
    await w.policy({
      id: 'named',
      when: { type: 'before_after', field, operator: '>=', value: 8 },
      require: { quorum: 1, from: { users: ['ben', 'cat'] } },
    })
    const made: string[] = []
    for (let index = 0; index < 23; index++) {
      made.push(pending(await w.as(index % 4 === 3 ? 'cat' : 'ann').submit(ref, rollout(index))).id)
      if (index % 5 === 0) w.pass(1)
    }
    const byAge = (await w.as('ann').requests.list({ limit: 50 })).requests.toReversed().map(({ id }) => id)
    expect(byAge.toSorted()).toEqual(made.toSorted())
    for (const limit of [1, 2, 7, 23, 24]) expect(await waiting(w, 'ben', limit)).toEqual(byAge)
    const catsOwn = made.filter((_, index) => index % 4 === 3)
    expect(await waiting(w, 'cat', 3)).toEqual(byAge.filter((id) => !catsOwn.includes(id)))
    const page = await w.as('ben').requests.inbox({ limit: 23 })
    expect([page.requests.length, page.next]).toEqual([23, undefined])
  })

  it('goes on after the page before, whatever was answered or came in between', async () => {
    const w = world(open(), users)
    const ref = await w.flag('checkout')
    await w.policy()
    const submit = async (to: number) => {
      w.pass(1)
      return pending(await w.as('ann').submit(ref, rollout(to)))
    }
    const [a, b, c, d] = [await submit(1), await submit(2), await submit(3), await submit(4)]
    const { requests, next } = await w.as('ben').requests.inbox({ limit: 2 })
    expect(requests.map(({ id }) => id)).toEqual([a.id, b.id])
    await w.as('ann').requests.cancel(b.id)
    await w.as('ann').requests.cancel(c.id)
    const e = await submit(5)
    expect((await w.as('ben').requests.inbox({ limit: 2, after: next ?? '' })).requests.map(({ id }) => id)).toEqual([
      d.id,
      e.id,
    ])
  })

  it('keeps the request and those whom it asks in step, and the log proves it', async () => {
    const storage = open()
    const w = world(storage, users)
    const { id, ref } = await asked(w, { require: { quorum: 1, from: { roles: ['lead'], users: ['eve'] } } })
    const stream = `request/${id}`
    const verify = async () => (await w.as('ann').audit.verify()).problems
    expect(await verify()).toEqual([])
    const key = ['acme', 'user:eve', id] as const
    const [row] = await storage.get([{ collection: 'inbox', key }])
    await storage.commit([{ type: 'remove', collection: 'inbox', key, expected: 1 }])
    const missing = 'the request is not listed with those for whose approval it waits'
    expect(await verify()).toEqual([{ stream, problem: missing }])
    for (const change of [{ createdAt: 5 }, { project: 'elsewhere' }]) {
      await storage.commit([{ type: 'insert', collection: 'inbox', value: { ...row?.value, ...change } }])
      expect(await verify()).toEqual([{ stream, problem: missing }])
      await storage.commit([{ type: 'remove', collection: 'inbox', key, expected: 1 }])
    }
    await storage.commit([
      { type: 'insert', collection: 'inbox', value: { ...row?.value } },
      { type: 'insert', collection: 'inbox', value: { ...row?.value, approver: 'user:dan' } },
      { type: 'insert', collection: 'inbox', value: { ...row?.value, request: 'none' } },
    ])
    const stray = (user: string) =>
      `the request is listed as one that waits for the approval of "user:${user}", and does not wait for it`
    expect(await verify()).toEqual([
      { stream, problem: stray('dan') },
      { stream: 'request/none', problem: stray('eve') },
    ])
    expect(await waitingFor(w, 'dan', 'eve')).toEqual({ dan: [], eve: [id] })
    await w.as('ann').requests.edit(id, ref, rollout(70))
    expect(await verify()).toHaveLength(2)
  })

  it('takes in a request that was stored before anybody was listed, when it is written next', async () => {
    const storage = open()
    const w = world(storage, users)
    const { id, seen } = await asked(w, { require: { quorum: 2, from: { roles: ['lead'] } } })
    const [stored] = await storage.get([{ collection: 'requests', key: ['acme', id] }])
    const { awaited, ...value } = stored?.value ?? {}
    expect(awaited).toEqual(['role:lead'])
    await storage.commit([
      { type: 'replace', collection: 'requests', value, expected: stored?.version ?? 0 },
      { type: 'remove', collection: 'inbox', key: ['acme', 'role:lead', id], expected: 1 },
    ])
    expect(await waiting(w, 'ben')).toEqual([])
    await w.as('cat').requests.approve(id, seen)
    expect(await waiting(w, 'ben')).toEqual([id])
    expect((await w.as('ann').audit.verify()).problems).toEqual([])
    expect((await w.as('ben').requests.approve(id, seen)).request.status).toBe('applied')
    expect((await w.as('ann').audit.verify()).problems).toEqual([])
  })
})

describe('the list of what waits', () => {
  it('writes nothing for an answer that does not end the wait, and stays in step with the log when texts are erased', async () => {
    const storage = memoryStorage()
    const written: string[] = []
    const w = world(
      {
        ...storage,
        commit(writes, effect) {
          written.push(...writes.map(({ type, collection }) => `${type} ${collection}`))
          return storage.commit(writes, effect)
        },
      },
      users,
    )
    const { id, seen } = await asked(w, { require: { quorum: 2, from: { roles: ['lead'] } } })
    expect(written).toContain('insert inbox')
    written.length = 0
    await w.as('ben').requests.approve(id, { ...seen, reason: 'fine' })
    await w.as('ben').requests.withdraw(id)
    await w.as('cat').requests.requestChanges(id, { ...seen, reason: 'smaller' })
    await w.as('ann').requests.comment(id, 'why?')
    expect(written.filter((write) => write.endsWith(' waiting'))).toEqual([])
    await w.as('ann').audit.erase({ request: id })
    expect(await waiting(w, 'ben')).toEqual([id])
    expect((await w.as('ann').audit.verify()).problems).toEqual([])
    await w.as('ann').requests.edit(id, flags.ref('checkout'), rollout(60))
    expect(await waiting(w, 'cat')).toEqual([id])
    await w.as('ben').requests.reject(id, { digest: (await w.as('ben').requests.get(id)).digest, reason: 'no' })
    expect(await stored(storage)).toEqual([])
  })

  it('refuses what is no filter, and the cursor of another list', async () => {
    const w = world(memoryStorage(), users)
    const ref = await w.flag('checkout')
    await w.policy()
    for (const to of [1, 2]) await w.as('ann').submit(ref, rollout(to))
    const { next = '' } = await w.as('ben').requests.inbox({ limit: 1 })
    expect((await w.as('ben').requests.inbox({ limit: 1, after: next })).requests).toHaveLength(1)
    expect(await refusal(w.as('cat').requests.inbox({ limit: 1, after: next }))).toBe('invalid_input')
    expect(await refusal(w.as('ben', { tenant: 'rival' }).requests.inbox({ after: next }))).toBe('invalid_input')
    expect(await refusal(w.as('ben').requests.list({ after: next }))).toBe('invalid_input')
    for (const filter of [{ limit: 0 }, { limit: 201 }, { limit: 1.5 }, { after: 'x' }, { status: 'pending' }]) {
      expect(await refusal(w.as('ben').requests.inbox(filter))).toBe('invalid_input')
    }
  })

  it('leaves nothing out among many requests, of which few are for somebody', async () => {
    const w = world(memoryStorage(), users)
    const ref = await w.flag('checkout')
    await w.policy({ require: { quorum: 1, from: { roles: ['lead'] } } })
    const mine: string[] = []
    const many = deep ? 1_000 : 400
    for (let index = 0; index < many; index++) {
      const by = index % 100 === 99 ? 'cat' : 'ben'
      const { id } = pending(await w.as(by).submit(ref, rollout(index % 40)))
      if (by === 'cat') mine.push(id)
      w.pass(1)
    }
    expect(await waiting(w, 'ben', 3)).toEqual(mine)
    const { requests, next } = await w.as('ben').requests.inbox({ limit: 10 })
    expect([requests.length, next]).toEqual([many / 100, undefined])
    expect(await waiting(w, 'fay', 200)).toHaveLength(many)
  }, 300_000)

  it('leaves out what the workflow was switched off under, also before that is recorded', async () => {
    const storage = memoryStorage()
    const w = world(storage, users)
    const ref = await w.flag('checkout')
    await w.policy()
    for (let index = 0; index < 130; index++) await w.as('ann').submit(ref, rollout(index % 40))
    await w.as('ann').workflow.disable()
    await w.as('ann').workflow.enable()
    expect(await stored(storage)).toHaveLength(30)
    expect(await waiting(w, 'ben')).toEqual([])
    const { id } = pending(await w.as('ann').submit(ref, rollout(60)))
    expect(await waiting(w, 'ben')).toEqual([id])
    await w.approvals.tick()
    expect(await stored(storage)).toEqual([`role:lead ${id}`])
  })

  it('ends a page early where nothing was found among a thousand, and says where to go on', async () => {
    const w = world(memoryStorage(), users)
    const ref = await w.flag('checkout')
    await w.policy()
    for (let index = 0; index < 1_050; index++) await w.as('ben').submit(ref, rollout(index % 40))
    w.pass(1)
    const { id } = pending(await w.as('cat').submit(ref, rollout(3)))
    const first = await w.as('ben').requests.inbox({ limit: 99 })
    expect(first.requests).toEqual([])
    const second = await w.as('ben').requests.inbox({ limit: 99, after: first.next ?? '' })
    expect([second.requests.map((request) => request.id), second.next]).toEqual([[id], undefined])
  }, 300_000)

  it('asks the directory and the storage as often for fifty requests as for one, also after a policy was saved', async () => {
    const storage = memoryStorage()
    const calls: string[] = []
    const counted = {
      ...storage,
      get: (keys: Parameters<typeof storage.get>[0]) => {
        calls.push('get')
        return storage.get(keys)
      },
      list: (query: Parameters<typeof storage.list>[0]) => {
        calls.push(`list ${query.collection}`)
        return storage.list(query)
      },
    }
    const w = world(counted, users)
    const ref = await w.flag('checkout')
    await w.policy()
    const look = async () => {
      calls.length = 0
      const { requests } = await w.as('ben').requests.inbox()
      return { found: requests.length, calls: [...calls] }
    }
    await w.as('ann').submit(ref, rollout(1))
    const one = await look()
    expect(one.calls).toEqual(['get', 'list delegations', ...Array(4).fill('list inbox'), 'get', 'get'])
    for (let to = 41; to < 90; to++) await w.as('ann').submit(ref, rollout(to))
    expect(await look()).toEqual({ found: 50, calls: one.calls })
    await w.policy({ id: 'other', match: { resource: 'experiment' } })
    await look()
    // Once the policies have moved on, what they ask is worked out from the contents, once for the whole page.
    expect(await look()).toEqual({ found: 50, calls: [...one.calls, 'get'] })
  })
})

describe('what waits for somebody who holds a role in projects', () => {
  it('is found in those projects, and in no other, with the roles that are kept here', async () => {
    for (const { open } of storages) {
      const w = await accessWorld(open())
      const approver = { id: 'approver', permissions: ['requests.approve'], held: 'both' } as const
      await w.as('zoe').access.roles.save(approver)
      for (const project of ['web', 'app']) {
        await w.as('zoe').access.grant({ user: 'ned', role: 'member', project })
        await w.as('zoe').submit(flags.ref(project, { project }), { value: { enabled: true, rollout: 1 } })
      }
      await w
        .as('zoe')
        .policies.save({ id: 'p', match: {}, require: { quorum: 1, from: { roles: ['requests.approve'] } } })
      await w.as('zoe').access.grant({ user: 'ann', role: 'approver', project: 'web' })
      await w.as('zoe').access.grant({ user: 'bob', role: 'approver' })
      const web = pending(await w.as('ned').submit(flags.ref('web', { project: 'web' }), rollout(2)))
      w.pass(1)
      const app = pending(await w.as('ned').submit(flags.ref('app', { project: 'app' }), rollout(2)))
      expect(await waiting(w, 'ann')).toEqual([web.id])
      expect(await waiting(w, 'bob')).toEqual([web.id, app.id])
      expect(await waiting(w, 'zoe')).toEqual([web.id, app.id])
      expect(await waiting(w, 'vic')).toEqual([])
      await w.as('zoe').access.grant({ user: 'ann', role: 'approver', project: 'app' })
      expect(await waiting(w, 'ann', 1)).toEqual([web.id, app.id])
      await w.as('zoe').access.revoke({ user: 'ann', role: 'approver', project: 'web' })
      expect(await waiting(w, 'ann')).toEqual([app.id])
    }
  })

  it('is found in however many projects, as the directory of the host says', async () => {
    const projects = Array.from({ length: 40 }, (_, index) => `project-${index}`)
    const own = projects.filter((_, index) => index % 2 === 0)
    const { as } = inProjects({ ben: own })
    await as('ann').policies.save({ id: 'p', match: {}, require: { quorum: 1, from: { roles: ['lead'] } } })
    const made = new Map<string, string>()
    for (const project of projects) {
      const ref = flags.ref(project, { project })
      made.set(project, pending(await as('ann').submit(ref, { value: { enabled: true, rollout: 1 } })).id)
    }
    expect((await waiting({ as }, 'ben', 7)).toSorted()).toEqual(own.map((one) => made.get(one)).toSorted())
    expect(await waiting({ as }, 'cat')).toEqual([])
  })

  it('is refused where the directory answers with what is no list of roles in projects', async () => {
    for (const inProjects of [
      {},
      [{ project: 'web' }],
      [{ project: 1, roles: [] }],
      [{ project: 'web', roles: [1] }],
    ]) {
      const { as } = hosted(() => ({ roles: [], inProjects }) as never)
      expect(await refusal(as('ben').requests.inbox())).toBe('directory_failed')
    }
  })

  /** Leads of projects, by user. */
  function inProjects(leads: Readonly<Record<string, readonly string[]>>) {
    return hosted((user, { project }) => {
      const own = leads[user] ?? []
      if (project !== undefined) return { roles: own.includes(project) ? ['lead'] : [] }
      return { roles: [], inProjects: own.map((one) => ({ project: one, roles: ['lead', 'x'.repeat(600)] })) }
    })
  }

  function hosted(userIn: (user: string, scope: Scope) => DirectoryUser) {
    const directory: Directory = {
      users: async (scope, ids) => ids.map((id) => userIn(id, scope)),
      holders: async () => ['ben'],
      roles: async (_, names) => names.map(() => true),
    }
    const options = { storage: memoryStorage(), resources: [flags], now: () => start }
    const approvals = createApprovals({ ...options, admins: 'anyone', directory })
    return { as: (user: string) => approvals.as({ tenant: 'acme', user }) }
  }
})

describe('what waits for an agent', () => {
  it('is what a policy asks it for by name, and not what its owner is asked for', async () => {
    const directory: Directory = {
      users: async (_, ids) =>
        ids.map((id) => (id === 'bot' ? { roles: ['lead'], owner: 'cat' } : { roles: id === 'ann' ? [] : ['lead'] })),
      holders: async () => ['ben', 'cat', 'bot'],
      roles: async (_, names) => names.map(() => true),
    }
    const approvals = createApprovals({
      storage: memoryStorage(),
      resources: [flags],
      directory,
      admins: 'anyone',
      now: () => start,
    })
    const as = (user: string) => approvals.as({ tenant: 'acme', user })
    const value = { enabled: true, rollout: 1 }
    await as('ann').policies.save({ id: 'p', match: {}, require: { quorum: 1, from: { roles: ['lead'] } } })
    const { id } = pending(await as('ann').submit(flags.ref('a'), { value }))
    expect(await waiting({ as }, 'bot')).toEqual([])
    expect(await waiting({ as }, 'cat')).toEqual([id])
    await as('ann').policies.save({ id: 'p', match: {}, require: { quorum: 1, from: { users: ['bot'] } } })
    const named = pending(await as('ann').submit(flags.ref('b'), { value }))
    expect(await waiting({ as }, 'bot')).toEqual([named.id])
    expect(await waiting({ as }, 'cat')).toEqual([id])
  })
})
