import { describe, expect, it } from 'vitest'
import { type ApprovalError, createApprovals, type Directory, type DirectoryUser } from '../../src/index.ts'
import { type Attempt, attempts } from '../attempts.ts'
import { failingStorage } from '../chaos/failing-storage.ts'
import { flags, pending, refusal, rollout, start, storages, world } from '../world.ts'

const people: Record<string, DirectoryUser> = {
  ann: { roles: ['lead'] },
  'ann-laptop': { roles: ['lead'], person: 'ann' },
  bot: { roles: ['lead'], owner: 'ann-laptop' },
  orphan: { roles: ['lead'], owner: 'nobody' },
  ben: { roles: ['lead'] },
  dan: { roles: [] },
}

describe.each(storages)('who somebody is, on $name', ({ open }) => {
  const answers = (users: Directory['users']): Directory => ({
    users,
    holders: async (_scope, role) => Object.keys(people).filter((id) => people[id]?.roles.includes(role)),
    roles: async (_scope, names) => names.map((name) => name === 'lead'),
  })
  const setUp = async (directory = answers(async (_scope, ids) => ids.map((id) => people[id]))) => {
    const approvals = createApprovals({
      admins: 'anyone',
      storage: open(),
      resources: [flags],
      directory,
      now: () => start,
    })
    const as = (user: string) => approvals.as({ tenant: 'acme', user })
    await as('dan').submit(flags.ref('checkout'), { value: { enabled: true, rollout: 1 } })
    await as('dan').policies.save({ id: 'two', match: {}, require: { quorum: 2, from: { roles: ['lead'] } } })
    return { approvals, as }
  }

  it('[C9] lets an agent propose, and counts neither it nor its owner as an approver of that', async () => {
    const { as } = await setUp()
    const request = pending(await as('bot').submit(flags.ref('checkout'), rollout(2)))
    const seen = request.digest
    for (const owner of ['ann', 'ann-laptop', 'bot']) {
      expect(await refusal(as(owner).requests.approve(request.id, { digest: seen })), owner).toBe('self_approval')
    }
    expect(request.approval?.satisfiable).toBe(false)
  })

  it('[C9] counts an agent only where a policy names it, and then as its owner', async () => {
    const { as } = await setUp()
    const request = pending(await as('dan').submit(flags.ref('checkout'), rollout(2)))
    expect(await refusal(as('bot').requests.approve(request.id, { digest: request.digest }))).toBe('not_an_approver')
    expect(await refusal(as('orphan').requests.approve(request.id, { digest: request.digest }))).toBe('unknown_actor')

    await as('dan').policies.save({
      id: 'two',
      match: {},
      require: { quorum: 2, from: { users: ['bot'], roles: ['lead'] } },
    })
    const named = pending(await as('dan').submit(flags.ref('checkout'), rollout(3)))
    await as('bot').requests.approve(named.id, { digest: named.digest })
    expect(await refusal(as('ann').requests.approve(named.id, { digest: named.digest }))).toBe('already_reviewed')
    expect((await as('ben').requests.approve(named.id, { digest: named.digest })).request.status).toBe('applied')
  })

  it('[D6] counts nothing when the directory throws, or answers with what is no answer', async () => {
    let broken: Directory['users'] | undefined
    const { as } = await setUp(
      answers((scope, ids) => (broken ?? (async () => ids.map((id) => people[id])))(scope, ids)),
    )
    const request = pending(await as('dan').submit(flags.ref('checkout'), rollout(2)))
    const failures: readonly unknown[] = [
      async () => Promise.reject(new RangeError('down')),
      () => {
        throw new RangeError('down')
      },
      async () => undefined,
      async () => [],
      async () => [null, null],
      async () => [{}, {}],
      async () => [{ roles: 'lead' }, { roles: 'lead' }],
      async () => [
        { roles: [], person: 7 },
        { roles: [], person: 7 },
      ],
    ]
    for (const failure of failures) {
      broken = failure as Directory['users']
      expect(await refusal(as('ben').requests.approve(request.id, { digest: request.digest }))).toBe('directory_failed')
    }
    broken = undefined
    expect(await as('ben').requests.get(request.id)).toMatchObject({ status: 'pending', reviews: [] })
  })

  it('[C1] takes the author from the actor alone', async () => {
    const w = world(open())
    for (const name of ['author', 'createdBy', 'requestedBy', 'actor', 'voter']) {
      const options = { [name]: 'ben' }
      expect(await refusal(w.as('ann').submit(flags.ref('x'), { value: { enabled: true, rollout: 1 } }, options))).toBe(
        'invalid_input',
      )
    }
    expect(() => w.approvals.as({ tenant: 'acme', user: 'ann', role: 'admin' } as never)).toThrow(
      'has no property "role"',
    )
  })

  it('[C5, I3, L6] refuses ids that could pass for another one, or for none', async () => {
    const w = world(open())
    for (const id of [
      '',
      ' ',
      'bob ',
      ' bob',
      'bob\u200b',
      'bob\n',
      '\u0000',
      'e\u0301',
      '\ud800',
      'x'.repeat(256),
      7,
      null,
      undefined,
      {},
      [],
    ]) {
      expect(() => w.approvals.as({ tenant: 'acme', user: id as string }), JSON.stringify(id)).toThrow()
      expect(() => w.approvals.as({ tenant: id as string, user: 'ann' }), JSON.stringify(id)).toThrow()
      expect(await refusal(w.as('ann').resources.get(flags.ref(id as string)))).toBe('invalid_input')
      expect(await refusal(w.as('ann').requests.get(id as string))).toBe('invalid_input')
    }
    expect(w.approvals.as({ tenant: 'acme', user: 'BOB' })).toBeDefined()
  })

  it('[I1, I2, L8] answers for a foreign id as for an unknown one, also for tenants with treacherous names', async () => {
    const storage = failingStorage(open(), 'refuses the call', Number.POSITIVE_INFINITY)
    let strangers = 0
    const others = Array.from({ length: 300 }, (_, index) => [`stranger-${index + 1}`, []] as const)
    for (const tenant of ['acme', '__proto__', 'constructor']) {
      const w = world(storage, { ann: ['developer'], ben: ['lead'], ...Object.fromEntries(others) })
      const as = (user: string) => w.as(user, { tenant })
      await as('ann').submit(flags.ref('checkout'), { value: { enabled: true, rollout: 1 } })
      await as('ann').policies.save({ id: 'p', match: {}, require: { quorum: 1, from: { roles: ['lead'] } } })
      const request = pending(await as('ann').submit(flags.ref('checkout'), rollout(2)))
      const stranger = w.as('ben', { tenant: 'other' })
      // Each is somebody else, so that nobody is answered otherwise because of what was refused before.
      const told = async (attempt: Attempt, id: string) => {
        const somebody = w.as(`stranger-${++strangers}`, { tenant: 'other' })
        const before = storage.calls
        const error = await attempt(somebody, { ...request, id }, w.now()).then(
          () => undefined,
          (thrown) => thrown as ApprovalError,
        )
        return { code: error?.code, message: error?.message.replace(id, '…'), calls: storage.calls - before }
      }
      const get: Attempt = (as, { id }) => as.requests.get(id)
      for (const attempt of [get, ...Object.values(attempts)]) {
        const unknown = await told(attempt, 'no-such-request')
        expect(unknown).toMatchObject({ code: 'unknown_request' })
        expect(await told(attempt, request.id)).toEqual(unknown)
      }
      expect(await stranger.resources.get(flags.ref('checkout'))).toBeUndefined()
      expect((await stranger.requests.list()).requests).toEqual([])
      expect((await as('ben').requests.approve(request.id, { digest: request.digest })).request.status).toBe('applied')
      expect((await as('ann').audit.verify()).problems).toEqual([])
    }
  })

  it('[G7, I7] gives the same answer to the same key, refuses another command under it, and knows no key of others', async () => {
    const w = world(open())
    const ref = await w.flag('checkout')
    await w.policy()
    const change = { merge: { rollout: 80 } }
    const once = { idempotencyKey: 'key-1', reason: 'launch' }
    const [first, second] = await Promise.all([
      w.as('ann').submit(ref, change, once),
      w.as('ann').submit(ref, change, once),
    ])
    expect(pending(second).id).toBe(pending(first).id)
    expect((await w.as('ann').requests.list()).requests).toHaveLength(1)
    expect(await refusal(w.as('ann').submit(ref, { merge: { rollout: 81 } }, once))).toBe('idempotency_mismatch')
    expect(await refusal(w.as('ann').requests.cancel(pending(first).id, { idempotencyKey: 'key-1' }))).toBe(
      'idempotency_mismatch',
    )
    expect(await refusal(w.as('ann').submit(ref, rollout(80), { idempotencyKey: 'key-2' }))).toBe('invalid_input')
    expect(pending(await w.as('dan').submit(ref, change, once)).id).not.toBe(pending(first).id)

    const { id, digest: seen } = pending(first)
    expect(await refusal(w.as('dan').requests.approve(id, { digest: seen, idempotencyKey: 'key-3' }))).toBe(
      'not_an_approver',
    )
    const approval = { digest: seen, idempotencyKey: 'key-4' }
    expect(await w.as('ben').requests.approve(id, approval)).toEqual(await w.as('ben').requests.approve(id, approval))
    expect((await w.as('ann').resources.get(ref))?.revision).toBe(2)
  })
})
