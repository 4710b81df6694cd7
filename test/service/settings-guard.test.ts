import { describe, expect, it } from 'vitest'
import {
  type ApprovalsOptions,
  createApprovals,
  type Directory,
  type PolicyInput,
  staticDirectory,
} from '../../src/index.ts'
import { levelAccess } from '../../src/presets/levels.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { flags, pending, refusal, rollout, start, storages } from '../world.ts'

const reviewed: PolicyInput = { id: 'reviewed', match: {}, require: { quorum: 1, from: { roles: ['lead'] } } }
const people = { ann: ['developer'], ben: ['lead'], zoe: ['admin'], mia: ['manager'] }

/** A host whose `manager` holds the role in project `web` alone, and everybody else everywhere. */
const perProject: Directory = {
  ...staticDirectory(people),
  async users({ project }, ids) {
    const known = await staticDirectory(people).users({ tenant: 'acme' }, ids)
    return known.map((user, index) => (ids[index] === 'mia' && project !== 'web' ? { roles: [] } : user))
  },
}

describe('the guard of the settings', () => {
  it.each([
    {},
    { admins: 'nobody' },
    { admins: {} },
    { admins: { roles: [] } },
    { admins: { role: ['lead'] } },
    { admins: { roles: 'lead' } },
    { admins: { roles: ['lead'] }, access: levelAccess },
    { access: { roles: [{ id: 'lead', permissions: ['everything'], held: 'both' }] } },
  ])('has to be chosen by a host that says who people are: %o', (said) => {
    const options = { storage: memoryStorage(), resources: [flags], directory: staticDirectory(people), ...said }
    expect(() => createApprovals(options as ApprovalsOptions)).toThrow(TypeError)
  })

  describe.each(storages)('on $name', ({ open }) => {
    it('[E9] lets those change policies whom the host names, and records who else tried', async () => {
      const approvals = createApprovals({
        storage: open(),
        resources: [flags],
        directory: staticDirectory(people),
        admins: { roles: ['lead'], users: ['zoe'] },
        now: () => start,
      })
      const as = (user: string) => approvals.as({ tenant: 'acme', user })
      expect(await refusal(as('ann').policies.save(reviewed))).toBe('not_permitted')
      expect(await refusal(as('eve').policies.save(reviewed))).toBe('unknown_actor')
      await as('ben').policies.save(reviewed)
      expect(await refusal(as('ann').policies.remove('reviewed'))).toBe('not_permitted')
      expect(await refusal(as('ann').policies.remove('unheard-of'))).toBe('not_permitted')
      expect(await as('ann').policies.list()).toHaveLength(1)

      const tried = await as('zoe').audit.events({ refusals: 'ann' })
      expect(tried.map(({ event }) => [event['verb'], event['code']])).toEqual([
        ['save a policy', 'not_permitted'],
        ['remove a policy', 'not_permitted'],
        ['remove a policy', 'not_permitted'],
      ])
      await as('zoe').policies.remove('reviewed')
      expect((await as('zoe').audit.events({ settings: true })).map(({ event }) => event['by'])).toEqual(['ben', 'zoe'])
    })

    it('[C7] changes nothing about who may approve: an admin asks somebody else, too', async () => {
      const approvals = createApprovals({
        storage: open(),
        resources: [flags],
        directory: staticDirectory({ ben: ['lead'], zoe: ['admin', 'lead'] }),
        admins: { roles: ['admin'] },
        now: () => start,
      })
      const as = (user: string) => approvals.as({ tenant: 'acme', user })
      await as('zoe').submit(flags.ref('checkout'), { value: { enabled: true, rollout: 40 } })
      await as('zoe').policies.save(reviewed)
      const { id, digest } = pending(await as('zoe').submit(flags.ref('checkout'), rollout(80)))
      expect(await refusal(as('zoe').requests.approve(id, { digest }))).toBe('self_approval')
      await as('zoe').policies.save({ ...reviewed, rules: { selfApproval: true } })
      expect(await refusal(as('zoe').requests.approve(id, { digest }))).toBe('self_approval')
      await as('zoe').policies.remove('reviewed')
      expect(await refusal(as('zoe').requests.apply(id))).toBe('not_open')
      expect(await refusal(as('zoe').requests.approve(id, { digest }))).toBe('self_approval')
      const { request } = await as('ben').requests.approve(id, { digest })
      expect(request.status).toBe('applied')
    })

    it('lets whoever may change the policies of a project change those, and none that reach further', async () => {
      const approvals = createApprovals({
        storage: open(),
        resources: [flags],
        directory: perProject,
        access: levelAccess,
        now: () => start,
      })
      const as = (user: string) => approvals.as({ tenant: 'acme', user })
      const from = { quorum: 1, from: { roles: ['manager'] } }
      const inWeb: PolicyInput = { id: 'web', match: { project: 'web' }, require: from }
      await as('zoe').policies.save({ id: 'everywhere', match: {}, require: from })
      await as('mia').policies.save(inWeb)

      expect(await refusal(as('mia').policies.save({ ...inWeb, match: {} }))).toBe('not_permitted')
      expect(await refusal(as('mia').policies.save({ ...inWeb, match: { project: ['web', 'shop'] } }))).toBe(
        'not_permitted',
      )
      expect(await refusal(as('mia').policies.save({ ...inWeb, id: 'everywhere' }))).toBe('not_permitted')
      expect(await refusal(as('mia').policies.save({ ...inWeb, overrides: ['everywhere'] }))).toBe('not_permitted')
      expect(await refusal(as('mia').policies.remove('everywhere'))).toBe('not_permitted')
      await as('mia').policies.remove('web')
    })
  })
})
