import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { defineResource, keyedBy, type PolicyInput, type Storage } from '../../src/index.ts'
import { defineLifecycle, experimentLifecycle, winnerTakesAll } from '../../src/lifecycles.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { runs } from '../runs.ts'
import { pending, refusal, storages, world } from '../world.ts'

const arms = z.array(z.object({ id: z.string(), share: z.number() }))
const tests = defineResource({
  type: 'test',
  schema: z.object({ arms, note: z.string() }),
  shape: { '/arms': keyedBy('id') },
  lifecycle: experimentLifecycle({ finish: winnerTakesAll({ variants: 'arms', key: 'id', weight: 'share' }) }),
  permissions: { create: 'flags.create', update: 'flags.edit' },
})
const value = { arms: ['a', 'b', 'c'].map((id) => ({ id, share: 33 })), note: '' }
const people = { ann: [], eve: [], ben: ['lead'], cat: ['lead'], dan: ['lead'], zoe: ['owner'] }
const ref = tests.ref('x')

/** A running experiment whose end waits for two leads. */
async function ending(storage: Storage, policy: Partial<PolicyInput> = {}, details?: object) {
  const w = world(storage, people, [tests])
  await w.as('ann').submit(ref, { value, state: 'running' })
  const two = { quorum: 2, from: { roles: ['lead'] } }
  await w.policy({ match: { resource: 'test', action: 'finish' }, require: two, ...policy })
  const finish = { action: 'finish', ...(details ? { details } : {}) } as never
  const request = pending(await w.as('ann').submit(ref, finish))
  const approve = async (user: string, digest: string, named?: Record<string, unknown>) =>
    (await w.as(user).requests.approve(request.id, { digest, ...(named ? { details: named } : {}) })).request
  return { w, request, approve }
}

const b = { winner: 'b' }

describe('a detail that an action leaves to approvers', () => {
  for (const { name, open } of storages) {
    it(`[WO-11] is named in an approval, and is content of its own from then on (${name})`, async () => {
      const { w, request, approve } = await ending(open())
      const first = await approve('ben', request.digest)
      expect(first.reviews.map(({ by }) => by)).toEqual(['ben'])
      const named = await approve('cat', request.digest, b)
      expect(named).toMatchObject({ status: 'pending', contributors: [], requester: 'ann' })
      expect(named.digest).not.toBe(request.digest)
      expect(named.reviews).toMatchObject([{ by: 'cat', verdict: 'approve', digest: named.digest }])
      expect((await w.as('dan').requests.get(request.id)).changes[0]?.lines).toEqual([
        'finish: state running → finished',
        'finish: winner "b"',
        'arms › a › share: 33 → 0',
        'arms › b › share: 33 → 100',
        'arms › c › share: 33 → 0',
      ])
      expect(await refusal(approve('dan', request.digest))).toBe('digest_mismatch')
      expect(await refusal(approve('dan', named.digest, { winner: 'a' }))).toBe('invalid_input')
      const told = (await w.notices()).filter(({ type }) => type === 'reviews_dismissed')
      expect(told.map(({ to }) => to)).toEqual([['ann', 'ben']])
      const done = await approve('ben', named.digest)
      expect(done.status).toBe('applied')
      expect((await w.as('ann').resources.get(ref))?.document.arms.map(({ share }) => share)).toEqual([0, 100, 0])
      const [revision] = await w.as('ann').resources.history(ref)
      expect(revision).toMatchObject({ author: 'ann', move: { action: 'finish', details: b } })
      const { entries } = await w.as('ann').requests.timeline(request.id)
      expect(entries.map((entry) => [entry.type, entry.by, 'details' in entry ? entry.details : undefined])).toEqual([
        ['submission', 'ann', undefined],
        ['review', 'ben', undefined],
        ['review', 'cat', b],
        ['review', 'ben', undefined],
      ])
      expect(entries[1]).toMatchObject({ standing: { counts: false, because: 'edited' } })
      expect((await w.as('ann').audit.verify()).problems).toEqual([])
    })
  }

  it('[WO-11] is applied at once by the approval that names it, if nobody else has to approve', async () => {
    const { w, request, approve } = await ending(memoryStorage(), { require: { quorum: 1, from: { roles: ['lead'] } } })
    expect(await approve('ben', request.digest, b)).toMatchObject({ status: 'applied', contributors: [] })
    expect((await w.as('ann').resources.get(ref))?.document.arms[1]?.share).toBe(100)
    expect((await w.as('ann').audit.verify()).problems).toEqual([])
  })

  it('[WO-11] takes back the approval of whoever names it too, and is approved by naming it again alike', async () => {
    const { request, approve } = await ending(memoryStorage())
    await approve('ben', request.digest)
    const named = await approve('ben', request.digest, b)
    expect(named.reviews).toHaveLength(1)
    expect(await refusal(approve('ben', named.digest, b))).toBe('already_reviewed')
    expect((await approve('cat', named.digest, b)).status).toBe('applied')
  })

  it('[WO-11] is named by nobody but an approver: not by the requester, nor by whoever is not asked', async () => {
    const { w, request, approve } = await ending(memoryStorage())
    expect(await refusal(approve('ann', request.digest, b))).toBe('self_approval')
    expect(await refusal(approve('eve', request.digest, b))).toBe('not_an_approver')
    for (const verb of ['reject', 'requestChanges'] as const) {
      const call = w.as('ben').requests[verb](request.id, { digest: request.digest, reason: 'x', details: b } as never)
      expect(await refusal(call)).toBe('invalid_input')
    }
    expect((await w.as('ann').requests.get(request.id)).digest).toBe(request.digest)
  })

  it('[WO-11] is asked about as content is: whoever the policies ask about it has to approve it, and no other', async () => {
    const { w, request, approve } = await ending(memoryStorage(), { require: { quorum: 1, from: { roles: ['lead'] } } })
    await w.policy({
      id: 'weights',
      match: { resource: 'test' },
      when: { type: 'any_change', field: '/arms/*/share' },
      require: { quorum: 1, from: { roles: ['owner'] } },
    })
    const named = await approve('ben', request.digest, b)
    expect(named.status).toBe('pending')
    expect(named.requirements.map(({ policy }) => policy).toSorted()).toEqual(['reviewed', 'weights'])
    expect((await approve('zoe', named.digest)).status).toBe('applied')
  })

  it('[WO-11] stays open for those who object: naming it takes nobody’s objection away', async () => {
    const { w, request, approve } = await ending(memoryStorage(), {
      rules: { onReject: 'block' },
      require: { quorum: 1, from: { roles: ['lead'] } },
    })
    await w.as('dan').requests.reject(request.id, { digest: request.digest, reason: 'too early' })
    const named = await approve('ben', request.digest, b)
    expect(named).toMatchObject({ status: 'pending' })
    expect(named.reviews.map(({ by, verdict }) => `${by} ${verdict}`)).toEqual(['dan reject', 'ben approve'])
    await w.as('dan').requests.withdraw(request.id)
    expect((await w.as('ann').requests.get(request.id)).status).toBe('applied')
  })

  it('[WO-11] keeps no approval over, whatever policies say of edits', async () => {
    for (const onEdit of ['keep', 'stand'] as const) {
      const { request, approve } = await ending(memoryStorage(), { rules: { onEdit } })
      await approve('ben', request.digest)
      expect(await approve('cat', request.digest, b)).toMatchObject({ status: 'pending', reviews: [{ by: 'cat' }] })
    }
  })

  it('[WO-11] is refused by name where the action leaves none, it is given already, or its guard refuses it', async () => {
    const { request, approve } = await ending(memoryStorage())
    const given = await ending(memoryStorage(), {}, { winner: 'a' })
    const refused: readonly (readonly [() => Promise<unknown>, string, string])[] = [
      [
        () => approve('ben', request.digest, { winer: 'b' }),
        'invalid_input',
        'options.details.winer.*it leaves winner',
      ],
      [() => approve('ben', request.digest, { winner: 'z' }), 'transition_rejected', 'there is no variant "z"'],
      [() => given.approve('ben', given.request.digest, b), 'invalid_input', 'options.details.winner.*"a" already'],
      [() => approve('ben', request.digest, 'b' as never), 'invalid_input', 'options.details.*must be an object'],
    ]
    for (const [call, code, message] of refused) {
      await expect(call()).rejects.toMatchObject({ code, message: expect.stringMatching(new RegExp(message, 's')) })
    }
    expect((await given.approve('ben', given.request.digest, { winner: 'a' })).digest).toBe(given.request.digest)
    const w = world(memoryStorage(), people, [tests])
    await w.as('ann').submit(ref, { value })
    await w.policy({ match: { resource: 'test' } })
    const edit = pending(await w.as('ann').submit(ref, { merge: { note: 'x' } }))
    expect(await refusal(w.as('ben').requests.approve(edit.id, { digest: edit.digest, details: b }))).toBe(
      'invalid_input',
    )
  })

  it('[WO-11] is named for the one change of several that leaves it open', async () => {
    const w = world(memoryStorage(), people, [tests])
    const [one, two] = [tests.ref('one'), tests.ref('two')]
    for (const its of [one, two]) await w.as('ann').submit(its, { value, state: 'running' })
    await w.policy({ match: { resource: 'test', action: 'finish' } })
    const finish = [one, two].map((its) => ({ ref: its, change: { action: 'finish' } as const }))
    const request = pending(await w.as('ann').submitAll(finish))
    const name = (digest: string, winner: string) =>
      w.as('ben').requests.approve(request.id, { digest, details: { winner } })
    await expect(name(request.digest, 'b')).rejects.toThrow(/is left to approvers by several changes/)
    const given = { action: 'finish', details: { winner: 'a' } } as const
    const { digest } = (await w.as('ann').requests.edit(request.id, one, given, { digest: request.digest })).request
    expect((await name(digest, 'b')).request.status).toBe('applied')
    const shares = async (its: typeof one) =>
      (await w.as('ann').resources.get(its))?.document.arms.map((arm) => arm.share)
    expect([await shares(one), await shares(two)]).toEqual([
      [100, 0, 0],
      [0, 100, 0],
    ])
    expect((await w.as('ann').audit.verify()).problems).toEqual([])
  })

  it('[WO-11] is a detail that the action takes: a table that says otherwise is refused', () => {
    const table = (leaves: string[]) => () =>
      defineLifecycle({
        name: 'n',
        initial: 'a',
        moves: [{ from: 'a', action: 'go', to: 'z', takes: ['why'], leaves }],
      })
    expect(table(['why'])).not.toThrow()
    expect(table(['who'])).toThrow(/go: it leaves who to approvers, and takes why/)
  })

  it('[WO-11] copies what it is given before it waits for anything', async () => {
    const { w, request, approve } = await ending(memoryStorage(), { require: { quorum: 1, from: { roles: ['lead'] } } })
    const details = { winner: 'b' }
    const call = approve('ben', request.digest, details)
    details.winner = 'a'
    await call
    expect((await w.as('ann').resources.get(ref))?.document.arms[1]?.share).toBe(100)
  })

  it('[WO-11] is never applied otherwise than every counted approval saw it, whatever people do', async () => {
    const step = fc.record({
      user: fc.constantFrom('ann', 'ben', 'cat', 'dan'),
      what: fc.constantFrom('approve', 'name', 'name', 'withdraw', 'edit', 'resubmit', 'approve what was first'),
      winner: fc.constantFrom('a', 'b', 'c'),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const { w, request } = await ending(memoryStorage())
        /** What each digest was read as, by whoever saw it. */
        const seen = new Map<string, unknown>()
        const look = async () => {
          const now = await w.as('ann').requests.get(request.id)
          seen.set(now.digest, now.changes[0]?.move?.details ?? {})
          return now
        }
        for (const { user, what, winner } of steps) {
          const { digest } = await look()
          const { approve, withdraw, edit, submit } = w.as(user).requests
          const { id } = request
          const call = {
            approve: () => approve(id, { digest }),
            'approve what was first': () => approve(id, { digest: request.digest }),
            name: () => approve(id, { digest, details: { winner } }),
            withdraw: () => withdraw(id),
            edit: () => edit(id, ref, { action: 'finish', details: { winner } }, { digest }),
            resubmit: () => submit(id),
          }[what]
          await (call as () => Promise<unknown>)().catch((error) => {
            if (typeof error.code !== 'string') throw error
          })
        }
        const end = await look()
        const live = await w.as('ann').resources.get(ref)
        const shares = live?.document.arms.map(({ share }) => share)
        if (end.status !== 'applied') {
          expect(shares).toEqual([33, 33, 33])
          return
        }
        const named = (end.changes[0]?.move?.details ?? {}) as { readonly winner?: string }
        const expected = ['a', 'b', 'c'].map((id) => (id === named.winner ? 100 : 0))
        expect(shares).toEqual(named.winner === undefined ? [33, 33, 33] : expected)
        const counted = end.reviews.filter((one) => one.verdict === 'approve' && one.digest === end.digest)
        expect(new Set(counted.map(({ by }) => by)).size).toBeGreaterThanOrEqual(2)
        for (const { carriedFrom, digest } of counted) expect(seen.get(carriedFrom ?? digest)).toEqual(named)
        expect((await w.as('ann').audit.verify()).problems).toEqual([])
      }),
      { numRuns: runs(60) },
    )
  })
})
