import { describe, expect, it } from 'vitest'
import { policyResource } from '../../src/index.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { accessWorld } from '../access-world.ts'
import { flags, pending, refusal, rollout, storages, world } from '../world.ts'

const ref = flags.ref('checkout')
const ofGuests = { match: { resource: 'feature_flag', requester: { roles: ['guest'] } } }

async function guests(storage = memoryStorage(), policy = {}) {
  const people = { ann: [], gus: ['guest'], gia: ['guest'], bot: [], ben: ['lead'], bob: [] }
  const w = world(storage, people)
  w.owner('bot', 'gus')
  await w.flag('checkout')
  await w.policy({ ...ofGuests, ...policy })
  const submit = (user: string, to = 50) => w.as(user).submit(ref, rollout(to))
  return { w, submit }
}

describe.each(storages)('a policy about who asks, on $name', ({ open }) => {
  it('[WO-14] is judged again when the change is applied, by everybody who edited it', async () => {
    const { w } = await guests(open())
    await w.policy({ id: 'other', match: { resource: 'feature_flag' }, require: one, rules: { apply: 'by_hand' } })
    const own = pending(await w.as('ann').submit(ref, rollout(50)))
    expect((await w.as('bob').requests.approve(own.id, { digest: own.digest })).request.status).toBe('approved')
    w.roles('ann', ['guest'])
    await expect(w.as('ann').requests.apply(own.id)).rejects.toMatchObject({
      code: 'approval_missing',
      details: { policies: ['reviewed'] },
    })
    w.roles('ann', [])
    expect((await w.as('ann').requests.apply(own.id)).request.status).toBe('applied')

    const drafted = await w.as('ann').draft(ref, rollout(55))
    await w.as('gus').requests.edit(drafted.id, ref, rollout(56))
    expect((await w.as('ann').requests.submit(drafted.id)).request.requirements).toMatchObject([
      { policy: 'other' },
      { policy: 'reviewed' },
    ])
  })
})

const one = { quorum: 1, from: { users: ['bob'] } }

describe('a policy about who asks', () => {
  it('[WO-14] asks about the changes of those it names, of their agents, and of nobody else', async () => {
    const { w, submit } = await guests(undefined)
    expect((await submit('ann')).status).toBe('applied')
    const { id, digest } = pending(await submit('gus', 60))
    expect((await w.as('gus').preview(ref, rollout(61))).status).toBe('pending')
    expect((await w.as('ann').preview(ref, rollout(61))).reasons).toContain(
      'Policy "reviewed" does not apply: the requester is ann, not role guest.',
    )
    expect((await submit('bot', 62)).status).toBe('pending')
    expect((await w.as('ben').requests.approve(id, { digest })).request.status).toBe('applied')
  })

  it('[WO-14] is about all accounts of a person', async () => {
    const { w, submit } = await guests(undefined, { match: { requester: { users: ['gus'] } } })
    expect((await submit('ann', 51)).status).toBe('applied')
    w.person('gus', 'p-1')
    w.person('ann', 'p-1')
    expect((await submit('ann', 52)).status).toBe('pending')
  })

  it('[WO-14] asks about everybody where nobody can say: of a role that is gone', async () => {
    const { w, submit } = await guests()
    w.forget('guest')
    expect((await submit('ann', 51)).status).toBe('pending')
    const [reason] = (await w.as('ann').preview(ref, rollout(52))).reasons
    expect(reason).toContain('the requester is not known, and the policy is about role guest')
    await expect(w.policy({ ...ofGuests, id: 'next' })).rejects.toMatchObject({
      code: 'invalid_policy',
      details: { problems: [{ path: '/match/requester/roles/0' }] },
    })
  })

  it('[WO-14] an edit by one of them while it waits is asked about, and stays so when another one edits after them', async () => {
    const { w } = await guests()
    await w.policy({ id: 'other', match: { resource: 'feature_flag' }, require: one })
    const { id } = pending(await w.as('ann').submit(ref, rollout(50)))
    expect((await w.as('gia').requests.edit(id, ref, rollout(51))).request.requirements).toHaveLength(2)
    const edited = await w.as('ann').requests.edit(id, ref, rollout(52))
    expect(edited.request.requirements.map(({ policy }) => policy)).toEqual(['other', 'reviewed'])
  })

  it('[WO-14] is asked anew when the time of a change comes that nobody had to approve', async () => {
    const { w } = await guests()
    const outcome = await w.as('ann').submit(ref, rollout(50), { applyAt: w.now() + 1000 })
    expect(outcome.status).toBe('approved')
    w.roles('ann', ['guest'])
    w.pass(1000)
    await w.approvals.tick()
    const [request] = (await w.as('ben').requests.inbox()).requests
    expect(request?.status).toBe('pending')
  })

  it('[WO-14] is known of past changes, too', async () => {
    const { w, submit } = await guests()
    await submit('ann', 51)
    const simulation = await w.as('ann').policies.simulate([
      { id: 'x', match: { requester: { users: ['gus'] } }, require: one },
      { id: 'y', match: { requester: { users: ['ann'] } }, require: one },
    ])
    expect(simulation.after.byPolicy).toEqual([{ name: 'y', changes: 2 }])
  })

  it('[WO-14] stands in for another one only if everybody behind the change is among those it is about', async () => {
    const { w } = await guests(undefined, { match: { requester: { roles: ['lead'] } } })
    await w.policy({
      id: 'strict',
      match: { resource: 'feature_flag' },
      require: { quorum: 1, from: { users: ['bob'] } },
    })
    await w.policy({ match: { requester: { roles: ['lead'] } }, overrides: ['strict'] })
    const asked = ({ requirements }: { requirements: readonly { policy: string }[] }) => {
      return requirements.map(({ policy }) => policy)
    }
    expect(asked(pending(await w.as('ben').submit(ref, rollout(50))))).toEqual(['reviewed'])
    const draft = await w.as('ann').draft(ref, rollout(51))
    await w.as('ben').requests.edit(draft.id, ref, rollout(52))
    expect(asked((await w.as('ann').requests.submit(draft.id)).request)).toEqual(['reviewed', 'strict'])
  })

  it('[WO-14] warns where it is about policies, which others could change', async () => {
    const w = world(memoryStorage())
    const findings = await w.as('ann').policies.check({
      id: 'gate',
      match: { resource: policyResource.type, requester: { roles: ['lead'] } },
      require: { quorum: 1, from: { roles: ['lead'] } },
    })
    expect(findings).toMatchObject([{ path: '/match/requester', severity: 'warning' }])
  })

  it('[WO-14] is no stronger than one about everybody, and stands in no way round it', async () => {
    const { w } = await guests()
    const check = async (policy: object) => {
      const input = { id: 'z', match: { resource: 'feature_flag' }, require: { quorum: 1, from: { roles: ['lead'] } } }
      const findings = await w.as('ann').policies.check({ ...input, ...policy })
      return findings.map(({ path }) => path).filter((path) => path !== '/require')
    }
    expect(await check({})).toEqual([])
    expect(await check(ofGuests)).toEqual([''])
    expect(await check({ match: { resource: 'feature_flag', action: 'update' } })).toEqual(['/match/action'])
  })

  it('[WO-14] [FA-11] nobody lets somebody off it by taking their role, who may not change it', async () => {
    const w = await accessWorld(memoryStorage())
    const [zoe, mia] = [w.as('zoe'), w.as('mia')]
    await zoe.access.roles.save({ id: 'guest', permissions: ['flags.read'], held: 'both' })
    await zoe.access.grant({ user: 'gus', role: 'guest', project: 'web' })
    const require = { quorum: 1, from: { roles: ['requests.approve'] } }
    await zoe.policies.save({ id: 'p', ...ofGuests, require })
    const take = { user: 'gus', role: 'guest', project: 'web' }
    expect(await refusal(mia.access.revoke(take))).toBe('beyond_own_permissions')
    await zoe.policies.remove('p')
    await mia.access.revoke(take)
  })
})
