import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createApprovals, isApprovalError, type PolicyInput } from '../../src/index.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { aSwitch, lifecycleWorld, switches } from '../lifecycle-world.ts'
import { type Roster, rosterDirectory } from '../roster.ts'
import { runs } from '../runs.ts'
import { day, type Flag, flags, pending, start, storages, world } from '../world.ts'

const fields = ['rollout', 'description', 'tags'] as const
type Field = (typeof fields)[number]
const leads = { quorum: 2, from: { roles: ['lead'] } }
const checkout = flags.ref('checkout')
const made: Flag = { enabled: true, rollout: 0, description: '0', tags: ['0'] }
const worth = (field: Field, amount: number) =>
  ({ rollout: amount, description: String(amount), tags: [String(amount)] })[field]

/** Each field belongs to a role of its name; one of them perhaps only while another one is large. */
const owned = (isAlways: boolean): readonly PolicyInput[] => {
  const asks = (names: readonly Field[]): Omit<PolicyInput, 'id'> => ({
    ...{ match: { action: 'update' }, rules: { onEdit: 'keep' } },
    require: { owners: names.map((name) => ({ field: `/${name}/**`, quorum: 1, from: { roles: [name] } })) },
  })
  const when = { type: 'before_after', field: '/rollout', operator: '>', value: 1 } as const
  const sometimes = { id: 'sometimes', ...asks(['tags']), when }
  return [{ id: 'owned', ...asks(isAlways ? fields : ['rollout', 'description']) }, ...(isAlways ? [] : [sometimes])]
}
/** What somebody may be asked about later, whatever it is about. */
const everything = (role: Field): PolicyInput => ({
  ...{ id: `all-${role}`, match: { action: 'update' }, rules: { onEdit: 'keep' } },
  require: { quorum: 1, from: { roles: [role] } },
})

const people = ['ben', 'cat', 'dan'] as const
const field = fc.constantFrom(...fields)
const by = fc.constantFrom(...people)
const approving = fc.record({ verb: fc.constant('approve' as const), by })
const editing = fc.record({ verb: fc.constant('edit' as const), field, amount: fc.integer({ min: 1, max: 2 }) })
const asking = fc.oneof(
  fc.record({ verb: fc.constant('hold' as const), by, field }),
  fc.record({ verb: fc.constant('ask' as const), field }),
  /** A policy asks no more, and what is live moves on, so that the request is put before today's policies. */
  fc.record({ verb: fc.constant('drop' as const), policy: fc.constantFrom('owned', 'sometimes') }),
)
const step = fc.oneof(approving, editing, asking)
/** Somebody approves, what they did not have to look at is edited, and then they are asked about that, too. */
const cases = fc.record({
  steps: fc
    .tuple(fc.array(approving, { minLength: 1, maxLength: 2 }), editing, asking, fc.array(step, { maxLength: 3 }))
    .map(([approvals, edit, more, others]): readonly Step[] => [...approvals, edit, more, ...others]),
  last: fc.subarray([...people], { minLength: 1 }),
  isAlways: fc.boolean(),
})
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never

type Case = typeof cases extends fc.Arbitrary<infer C> ? C : never

/** What somebody has seen when they approved. */
interface Seen {
  readonly by: string
  readonly document: Flag
}

/** Lives through steps, and then lets some approve who still can; tells what was applied, and who had seen what. */
async function lived({ steps, last, isAlways }: Case) {
  const roster: Record<string, Record<string, string[]>> = {
    ...{ ann: { '': ['dev'] }, kim: { '': ['admin'] } },
    ...{ ben: { '': ['rollout'] }, cat: { '': ['description'] }, dan: { '': ['tags'] } },
  }
  const approvals = createApprovals({
    ...{ storage: memoryStorage(), resources: [flags], now: () => start, admins: { roles: ['admin'] } },
    directory: rosterDirectory(roster as Roster),
  })
  const as = (user: string) => approvals.as({ tenant: 'acme', user })
  const seen: Seen[] = []
  const asked = new Set<Field>()
  const dropped = new Set<string>()
  await as('ann').submit(checkout, { value: made })
  for (const policy of owned(isAlways)) await as('kim').policies.save(policy)
  const first = Object.fromEntries(fields.map((name) => [name, worth(name, isAlways ? 1 : 2)]))
  const { id } = pending(await as('ann').submit(checkout, { merge: first }))
  const approve = async (by: string) => {
    const { digest, changes } = await as(by).requests.get(id)
    await as(by).requests.approve(id, { digest })
    seen.push({ by, document: changes[0]?.after as unknown as Flag })
  }
  const act = async (one: Step) => {
    const { digest, status } = await as('ann').requests.get(id)
    if (status !== 'pending') return
    if (one.verb === 'approve') return await approve(one.by)
    if (one.verb === 'edit') {
      await as('ann').requests.edit(id, checkout, { merge: { [one.field]: worth(one.field, one.amount) } }, { digest })
    } else if (one.verb === 'drop') {
      await as('kim').policies.remove(one.policy)
      dropped.add(one.policy)
      const live = await as('ann').resources.get(checkout)
      await as('ann').submit(checkout, { merge: { enabled: !live?.document?.enabled } })
      await as('ann').requests.rebase(id)
    } else if (one.verb === 'hold') {
      roster[one.by] = { '': [...new Set([...(roster[one.by]?.[''] ?? []), one.field])] }
    } else {
      await as('kim').policies.save(everything(one.field))
      asked.add(one.field)
    }
  }
  const tried = async (call: Promise<unknown>) => {
    await call.catch((error) => {
      if (!isApprovalError(error)) throw error
    })
  }
  for (const one of steps) await tried(act(one))
  for (const name of last) await tried(act({ verb: 'approve', by: name as (typeof people)[number] }))
  const { status } = await as('ann').requests.get(id)
  const live = (await as('ann').resources.get(checkout))?.document as Flag
  return {
    status,
    live,
    seen,
    asked,
    dropped,
    holds: (by: string, role: Field) => roster[by]?.['']?.includes(role) ?? false,
  }
}

describe('approvals that are kept over edits', () => {
  it('[B6] [WO-12] put nothing live that nobody has seen who was asked about it, whatever they become and is asked later', async () => {
    let applied = 0
    await fc.assert(
      fc.asyncProperty(cases, async (one) => {
        const { status, live, seen, asked, dropped, holds } = await lived(one)
        if (status !== 'applied') return
        applied += 1
        const isSeen = (role: Field, about: readonly Field[]) =>
          seen.some(({ by, document }) => {
            const isSame = about.every((name) => JSON.stringify(document[name]) === JSON.stringify(live[name]))
            return holds(by, role) && isSame
          })
        for (const name of fields) {
          const isOwned = name === 'tags' && !one.isAlways ? false : !dropped.has('owned')
          // What nobody in particular is asked about is for everybody who is asked to look at.
          const isKnown = isOwned ? isSeen(name, [name]) : fields.some((role) => isSeen(role, [name]))
          expect(isKnown, `/${name}`).toBe(true)
        }
        for (const role of asked) expect(isSeen(role, fields), `everything, by ${role}`).toBe(true)
      }),
      { numRuns: runs(500) },
    )
    expect(applied).toBeGreaterThan(0)
  })
})

const changes = (rules: PolicyInput['rules'], more: Partial<PolicyInput> = {}): PolicyInput => ({
  ...{ id: 'changes', match: { action: 'update' }, require: leads, rules: rules ?? {}, ...more },
})

describe.each(storages)('what an approval is kept for, on $name', ({ open }) => {
  it('[B6] [WO-12] shows what it counts for, and its giver can approve the whole', async () => {
    const w = world(open(), { ann: ['dev'], ben: ['ro'], cat: ['de'], kim: ['admin'] })
    const ref = await w.flag('checkout')
    const owners = [
      { field: '/rollout', quorum: 1, from: { roles: ['ro'] } },
      { field: '/description', quorum: 1, from: { roles: ['de'] } },
    ]
    await w.as('kim').policies.save(changes({ onEdit: 'keep' }, { require: { owners } }))
    const { id, digest } = pending(await w.as('ann').submit(ref, { merge: { rollout: 50, description: 'good' } }))
    await w.as('ben').requests.approve(id, { digest })
    const edited = await w.as('ann').requests.edit(id, ref, { merge: { description: 'bad' } }, { digest })
    expect(edited.request.reviews).toMatchObject([
      { by: 'ben', limits: { unseen: [{ type: 'feature_flag', id: 'checkout', path: '/description' }] } },
    ])
    w.roles('ben', ['ro', 'de'])
    const before = await w.as('ben').requests.get(id)
    const missing = before.approval?.policies.flatMap((policy) => policy.missing)
    expect(missing).toMatchObject([{ need: { about: '/description' }, candidates: ['ben', 'cat'] }])
    expect((await w.as('ben').requests.inbox()).requests.map((one) => one.id)).toEqual([id])
    expect(before.can.approve).toBe(true)
    const { request } = await w.as('ben').requests.approve(id, { digest: before.digest })
    expect(request.reviews).toHaveLength(1)
    expect(request.reviews[0]).not.toHaveProperty('limits')
    expect((await w.as('kim').audit.verify()).problems).toEqual([])
  })

  it('[B6] [WO-12] can be satisfied by whoever approved a part, where nobody else is left', async () => {
    const w = world(open(), { ann: ['dev'], ben: ['ro'], cat: ['de'], kim: ['admin'] })
    const ref = await w.flag('checkout')
    const owners = [
      { field: '/rollout', quorum: 1, from: { roles: ['ro'] } },
      { field: '/description', quorum: 1, from: { roles: ['de'] } },
    ]
    await w.as('kim').policies.save(changes({ onEdit: 'keep' }, { require: { owners } }))
    const { id, digest } = pending(await w.as('ann').submit(ref, { merge: { rollout: 50, description: 'good' } }))
    await w.as('ben').requests.approve(id, { digest })
    await w.as('ann').requests.edit(id, ref, { merge: { description: 'bad' } }, { digest })
    w.roles('ben', ['ro', 'de'])
    w.leave('cat')
    const stuck = await w.as('ben').requests.get(id)
    expect(stuck.approval).toMatchObject({ met: false, satisfiable: true })
    expect((await w.as('ben').requests.approve(id, { digest: stuck.digest })).request.status).toBe('applied')
  })

  it('[B6] [WO-12] falls once nobody else is asked about what its giver has not seen', async () => {
    const w = world(open(), { ann: ['dev'], ben: ['ro'], cat: ['de'], kim: ['admin'] })
    const ref = await w.flag('checkout')
    const when = { type: 'before_after', field: '/rollout', operator: '>', value: 50 } as const
    const owner = (name: string, role: string) => ({ owners: [{ field: name, quorum: 1, from: { roles: [role] } }] })
    await w.as('kim').policies.save(changes({ onEdit: 'keep' }, { require: owner('/enabled', 'ro') }))
    await w.as('kim').policies.save(
      changes(
        { onEdit: 'keep' },
        {
          id: 'high',
          when,
          require: { owners: [...owner('/rollout', 'de').owners, ...owner('/description', 'de').owners] },
        },
      ),
    )
    const first = { enabled: false, rollout: 60, description: 'good' }
    const { id, digest } = pending(await w.as('ann').submit(ref, { merge: first }))
    await w.as('ben').requests.approve(id, { digest })
    const edited = await w.as('ann').requests.edit(id, ref, { merge: { description: 'bad' } }, { digest })
    expect(edited.request.reviews).toHaveLength(1)
    const lower = { merge: { rollout: 50 } }
    const { request } = await w.as('ann').requests.edit(id, ref, lower, { digest: edited.request.digest })
    expect(request).toMatchObject({ status: 'pending', reviews: [] })
  })

  it('[B6] [WO-12] lends nothing of what its giver is to somebody else, who answers for themselves', async () => {
    const w = world(open(), { ann: ['dev'], pat: ['ro'], del: ['de'], kim: ['admin'] })
    const ref = await w.flag('checkout')
    const owners = [
      { field: '/rollout', quorum: 1, from: { roles: ['ro'] } },
      { field: '/description', quorum: 1, from: { roles: ['de'] } },
    ]
    await w.as('kim').policies.save(changes({ onEdit: 'keep' }, { require: { owners } }))
    await w.as('pat').delegations.save({ to: 'del', ends: w.now() + day })
    const { id, digest } = pending(await w.as('ann').submit(ref, { merge: { rollout: 50, description: 'good' } }))
    await w.as('del').requests.approve(id, { digest, onBehalfOf: 'pat' })
    const { request } = await w.as('ann').requests.edit(id, ref, { merge: { description: 'bad' } }, { digest })
    await w.as('pat').delegations.remove('del')
    const all = { id: 'all', require: { quorum: 1, from: { roles: ['ro'] } } }
    await w.as('kim').policies.save(changes({ onEdit: 'keep' }, all))
    const approved = await w.as('del').requests.approve(id, { digest: request.digest })
    expect(approved.request.status).toBe('pending')
    const { approval } = await w.as('ann').requests.get(id)
    expect(approval?.policies.filter(({ met }) => !met).map(({ policy }) => policy)).toEqual(['all'])
  })

  it('[B6] [WO-12] falls where a policy asks more of the content than of what was reviewed', async () => {
    const w = world(open(), { ann: ['dev'], ben: ['lead'], cat: ['lead'], dan: ['lead'], kim: ['admin'] })
    const ref = await w.flag('checkout')
    await w.as('kim').policies.save(changes({ onEdit: 'stand' }))
    const when = { type: 'before_after', field: '/rollout', operator: '>', value: 80 } as const
    const big = { id: 'big', when, require: { quorum: 1, from: { users: ['ben'] } } }
    await w.as('kim').policies.save(changes({ onEdit: 'stand' }, big))
    const { id, digest } = pending(await w.as('ann').submit(ref, { merge: { rollout: 50 } }))
    const { request } = await w.as('ben').requests.approve(id, { digest })
    const smaller = await w.as('ann').requests.edit(id, ref, { merge: { rollout: 60 } }, { digest: request.digest })
    expect(smaller.request.reviews.map(({ by }) => by)).toEqual(['ben'])
    const bigger = await w
      .as('ann')
      .requests.edit(id, ref, { merge: { rollout: 99 } }, { digest: smaller.request.digest })
    expect(bigger.request.reviews).toEqual([])
  })

  it('[B6] [WO-12] stands for the policies that asked about what was reviewed, and for none that asks later', async () => {
    const w = world(open(), { ann: ['dev'], ben: ['lead'], cat: ['lead'], kim: ['admin'] })
    const ref = await w.flag('checkout')
    await w.as('kim').policies.save(changes({ onEdit: 'stand' }))
    const { id, digest } = pending(await w.as('ann').submit(ref, { merge: { rollout: 50 } }))
    await w.as('ben').requests.approve(id, { digest })
    const edited = await w.as('ann').requests.edit(id, ref, { merge: { rollout: 99 } }, { digest })
    const later = { id: 'later', require: { quorum: 1, from: { users: ['ben'] } } }
    await w.as('kim').policies.save(changes({ onEdit: 'stand' }, later))
    const { request } = await w.as('cat').requests.approve(id, { digest: edited.request.digest })
    expect(request.status).toBe('pending')
    const again = await w.as('ben').requests.approve(id, { digest: request.digest })
    expect(again.request.status).toBe('applied')
  })

  it('[B6] [WO-12] stands for what asked its giver alone, whatever they become and whatever is saved or done after', async () => {
    const w = world(open(), { ann: ['dev'], ben: ['ro'], cat: ['de'], kim: ['admin'] })
    const ref = await w.flag('checkout')
    const safe = [{ field: '/tags' }, { field: '/tags/**' }]
    const asks = (id: string, from: object, more: Partial<PolicyInput> = {}): PolicyInput =>
      changes({ onEdit: 'stand' }, { id, safe, require: { quorum: 1, from }, ...more })
    const escalate = { after: '1d', to: { roles: ['ro'] } } as const
    await w.as('kim').policies.save(asks('ops', { roles: ['ro'] }))
    await w.as('kim').policies.save(asks('legal', { roles: ['de'] }, { escalate }))
    const { id, digest } = pending(await w.as('ann').submit(ref, { merge: { rollout: 41 } }))
    await w.as('ben').requests.approve(id, { digest })
    const edited = await w.as('ann').requests.edit(id, ref, { merge: { rollout: 100 } }, { digest })
    expect(edited.request.reviews).toMatchObject([{ by: 'ben', limits: { asked: [{ policy: 'ops', roles: ['ro'] }] } }])
    w.roles('ben', ['ro', 'de'])
    await w.as('kim').policies.save(asks('later', { users: ['ben'] }))
    for (const tag of ['one', 'two']) {
      expect((await w.as('ann').submit(ref, { merge: { tags: [tag] } })).status).toBe('applied')
      await w.as('ann').requests.rebase(id)
      const { approval } = await w.as('ann').requests.get(id)
      const unmet = approval?.policies.flatMap(({ policy, met }) => (met ? [] : policy))
      expect(unmet).toEqual(['later', 'legal'])
    }
    w.pass(day)
    await w.approvals.tick()
    const waiting = await w.as('ben').requests.get(id)
    expect(waiting).toMatchObject({ status: 'pending', can: { approve: true } })
    expect((await w.as('ben').requests.approve(id, { digest: waiting.digest })).request.status).toBe('applied')
  })

  it.each([[['/description', '/rollout']], [['/rollout', '/description']]])(
    '[B6] [WO-12] stands while the same is asked, in whatever order a policy lists it: %s',
    async (order) => {
      const w = world(open(), { ann: ['dev'], ben: ['ro'], cat: ['de'], kim: ['admin'] })
      const ref = await w.flag('checkout')
      const roleOf = (field: string) => (field === '/rollout' ? 'ro' : 'de')
      const owners = order.map((field) => ({ field, quorum: 1, from: { roles: [roleOf(field)] } }))
      await w.as('kim').policies.save(changes({ onEdit: 'stand' }, { require: { owners } }))
      const { id, digest } = pending(await w.as('ann').submit(ref, { merge: { rollout: 50, description: 'good' } }))
      await w.as('ben').requests.approve(id, { digest })
      const edited = await w.as('ann').requests.edit(id, ref, { merge: { rollout: 60 } }, { digest })
      expect(edited.request.reviews).toHaveLength(1)
    },
  )

  it('[B6] [WO-12] falls where those who are asked about another resource, as a whole, would vouch for its place', async () => {
    const w = world(open(), { ann: ['dev'], ben: ['de'], sam: ['sec'], kim: ['admin'] })
    const [x, y] = [await w.flag('x'), await w.flag('y')]
    const owned = (id: string, match: object, field: string, role: string): PolicyInput => ({
      ...{ id, match, rules: { onEdit: 'keep' } },
      require: { owners: [{ field, quorum: 1, from: { roles: [role] } }] },
    })
    await w.as('kim').policies.save(owned('texts', { action: 'update', project: 'web' }, '/description', 'de'))
    await w.as('kim').policies.save(owned('shop', { action: 'create', project: 'shop' }, '/rollout', 'sec'))
    const outcome = await w.as('ann').submitAll([
      { ref: x, change: { toProject: 'shop' } },
      { ref: y, change: { merge: { rollout: 41, description: 'good' } } },
    ])
    const { id, digest } = pending(outcome)
    await w.as('ben').requests.approve(id, { digest })
    const edited = await w.as('ann').requests.edit(id, y, { merge: { rollout: 100 } }, { digest })
    expect(edited.request.reviews).toEqual([])
  })

  it('[B6] [WO-12] stands as what its giver was asked, and not as what else the same policy asks', async () => {
    const w = world(open(), { ann: ['dev'], ben: ['ro'], rob: ['ro'], cat: ['de'], kim: ['admin'] })
    const ref = await w.flag('checkout')
    const require = { all: ['ro', 'de'].map((role) => ({ quorum: 1, from: { roles: [role] } })) }
    await w.as('kim').policies.save(changes({ onEdit: 'stand' }, { require }))
    const { id, digest } = pending(await w.as('ann').submit(ref, { merge: { rollout: 41 } }))
    for (const user of ['ben', 'rob']) await w.as(user).requests.approve(id, { digest })
    await w.as('ann').requests.edit(id, ref, { merge: { rollout: 100 } }, { digest })
    w.roles('ben', ['ro', 'de'])
    const { approval } = await w.as('ann').requests.get(id)
    expect(approval?.policies).toMatchObject([{ met: false, missing: [{ need: { from: { roles: ['de'] } } }] }])
  })

  it('[B6] [WO-12] stands though the policy that asked is saved anew, and asks the same', async () => {
    const w = world(open(), { ann: ['dev'], ben: ['lead'], cat: ['lead'], kim: ['admin'] })
    const ref = await w.flag('checkout')
    await w.as('kim').policies.save(changes({ onEdit: 'stand' }))
    const { id, digest } = pending(await w.as('ann').submit(ref, { merge: { rollout: 50 } }))
    await w.as('ben').requests.approve(id, { digest })
    const edited = await w.as('ann').requests.edit(id, ref, { merge: { rollout: 60 } }, { digest })
    const when = { type: 'any_change', field: '/rollout' } as const
    await w.as('kim').policies.save(changes({ onEdit: 'stand' }, { when }))
    const again = await w
      .as('ann')
      .requests.edit(id, ref, { merge: { rollout: 70 } }, { digest: edited.request.digest })
    expect(again.request.requirements).toMatchObject([{ version: 2 }])
    expect(again.request.reviews).toMatchObject([{ by: 'ben', limits: { asked: [{ version: 2 }] } }])
    const { request } = await w.as('cat').requests.approve(id, { digest: again.request.digest })
    expect(request.status).toBe('applied')
  })

  it.each(['ben', 'ben2', 'bot'])('[B6] [WO-12] falls once its giver has edited it, as %s', async (editor) => {
    const w = world(open(), { ann: ['dev'], ben: ['lead'], ben2: ['dev'], bot: ['dev'], cat: ['lead'], kim: ['admin'] })
    w.person('ben2', 'ben')
    w.owner('bot', 'ben')
    const ref = await w.flag('checkout')
    await w.as('kim').policies.save(changes({ onEdit: 'stand', excludeContributors: 'none' }))
    const { id, digest } = pending(await w.as('ann').submit(ref, { merge: { rollout: 50 } }))
    await w.as('ben').requests.approve(id, { digest })
    const edited = await w.as(editor).requests.edit(id, ref, { merge: { rollout: 99 } }, { digest })
    expect(edited.request.reviews).toEqual([])
  })

  it.each([
    ['activate', {}],
    ['schedule', { at: start + day }],
  ])(
    '[B6] [WO-12] falls where the action %s would put another document live than was reviewed',
    async (action, more) => {
      const w = lifecycleWorld(open(), { ann: ['dev'], mal: ['dev'], ben: ['lead'], cat: ['lead'], kim: ['admin'] })
      const ref = switches.ref('s')
      await w.as('ann').submit(ref, { value: aSwitch })
      await w.as('kim').policies.save({
        ...{ id: 'activation', match: { action: ['activate', 'schedule'] }, require: leads },
        rules: { onEdit: 'keep', apply: 'by_hand' },
      })
      const { id, digest } = pending(await w.as('ann').submit(ref, { action, ...more } as never))
      await w.as('ben').requests.approve(id, { digest })
      expect((await w.as('cat').requests.approve(id, { digest })).request.status).toBe('approved')
      expect((await w.as('mal').submit(ref, { merge: { description: 'another' } })).status).toBe('applied')
      const moved = await w.as('ann').requests.get(id)
      expect(moved.stale || moved.reviews.length === 0).toBe(true)
      const refused = await w
        .as('ann')
        .requests.apply(id)
        .catch((error) => error)
      expect(isApprovalError(refused)).toBe(true)
    },
  )
})

describe('what the host answers policies', () => {
  it.each(storages)('[FA-15] counts when a change lands, not when it was asked for, on $name', async ({ open }) => {
    let isRelease = false
    const approvals = createApprovals({
      ...{ storage: open(), resources: [flags], now: () => start, admins: { roles: ['admin'] } },
      directory: rosterDirectory({
        ann: { '': ['dev'] },
        ben: { '': ['lead'] },
        sam: { '': ['security'] },
        kim: { '': ['admin'] },
      }),
      predicates: { 'during-release': () => isRelease },
    })
    const as = (user: string) => approvals.as({ tenant: 'acme', user })
    await as('ann').submit(checkout, { value: made })
    await as('kim').policies.save({ ...changes({}), require: { quorum: 1, from: { roles: ['lead'] } } })
    await as('kim').policies.save({
      ...{ id: 'release', match: { action: 'update' }, when: { type: 'predicate', name: 'during-release' } },
      require: { quorum: 1, from: { roles: ['security'] } },
    })
    const { id, digest } = pending(await as('ann').submit(checkout, { merge: { rollout: 50 } }))
    isRelease = true
    expect((await as('ben').requests.approve(id, { digest })).request.status).toBe('pending')
    expect((await as('sam').requests.approve(id, { digest })).request.status).toBe('applied')
  })
})
