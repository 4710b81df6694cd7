import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { createApprovals, defineResource, staticDirectory } from '../../src/index.ts'
import { levelAccess } from '../../src/presets/levels.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { pending } from '../world.ts'

const limits = defineResource({ type: 'limit', schema: z.number(), permissions: 'flags.edit' })
const directory = staticDirectory({ ann: ['dev'], ben: ['lead'], countersign: ['lead'] })
const own = 'countersign'

function office() {
  const approvals = createApprovals({ storage: memoryStorage(), resources: [limits], directory, admins: 'anyone' })
  return { approvals, as: (user: string) => approvals.as({ tenant: 't', user }) }
}

const reserved = (argument: string) => ({
  code: 'invalid_input',
  details: { argument, problem: expect.stringContaining('stands in the log for what nobody does') },
})

describe('names that stand in the log for what nobody does', () => {
  it.each(['tick', 'bootstrap', 'worker', 'host'])('[FA-16] nobody comes through the door %s', (via) => {
    const { approvals } = office()
    expect(() => approvals.as({ tenant: 't', user: 'ann', via })).toThrow(
      expect.objectContaining(reserved('actor.via')),
    )
  })

  it('[FA-16] a door is read once: what it is at the second look counts as little', async () => {
    const { approvals } = office()
    let looks = 0
    const sly = {
      tenant: 't',
      user: 'ann',
      get via() {
        return looks++ === 0 ? 'app' : 'tick'
      },
    }
    const ann = approvals.as(sly)
    await ann.submit(limits.ref('x'), { value: 1 })
    expect((await ann.resources.history(limits.ref('x'))).map(({ via }) => via)).toEqual(['app'])
  })

  it('[FA-16] nobody is the user countersign: not as an actor, a delegate, a reviewer, or for whom one answers', async () => {
    const { approvals, as } = office()
    expect(() => as(own)).toThrow(expect.objectContaining(reserved('actor.user')))
    expect(() => approvals.within({})).toThrow()
    await as('ben').policies.save({ id: 'p', match: {}, require: { quorum: 1, from: { roles: ['lead'] } } })
    const { id, digest: seen } = pending(await as('ann').submit(limits.ref('x'), { value: 1 }))
    const calls = [
      [as('ben').requests.approve(id, { digest: seen, onBehalfOf: own }), 'options.onBehalfOf'],
      [as('ben').delegations.save({ to: own, ends: Date.now() + 60_000 }), 'delegation.to'],
      [as('ann').submit(limits.ref('y'), { value: 1 }, { notify: [own] }), 'options.notify'],
    ] as const
    for (const [call, argument] of calls) await expect(call).rejects.toMatchObject(reserved(argument))
    const naming = { id: 'q', match: {}, require: { quorum: 1, from: { users: [own] } } }
    await expect(as('ben').policies.save(naming)).rejects.toMatchObject({
      code: 'invalid_policy',
      message: expect.stringContaining('knows no user "countersign"'),
    })
    expect((await as('ann').preview(limits.ref('y'), { value: 1 })).approvers).toEqual(['ben'])
  })

  it('[FA-16] nobody is given a role, an account or a list of editors as countersign', async () => {
    const approvals = createApprovals({ storage: memoryStorage(), resources: [limits], access: levelAccess })
    await expect(approvals.appointFirstAdmin({ tenant: 't', user: own })).rejects.toMatchObject(reserved('actor.user'))
    await approvals.appointFirstAdmin({ tenant: 't', user: 'ben' })
    const ben = approvals.as({ tenant: 't', user: 'ben' })
    await ben.submit(limits.ref('x'), { value: 1 })
    const calls = [
      [ben.access.grant({ user: own, role: 'admin' }), 'role.user'],
      [ben.access.accounts.save({ user: 'bot', owner: own }), 'account.owner'],
      [ben.access.accounts.save({ user: 'bot', person: own }), 'account.person'],
      [ben.access.accounts.save({ user: own, person: 'ben' }), 'account.user'],
      [ben.access.editors.save(limits.ref('x'), { type: 'restrict', editors: [own] }), 'change.editors'],
    ] as const
    for (const [call, argument] of calls) await expect(call).rejects.toMatchObject(reserved(argument))
  })

  it('[FA-16] no type of a host is called as if it were one of Countersign’s own', () => {
    const declare = () => defineResource({ type: 'countersign.policy', schema: z.number() })
    expect(declare).toThrow(TypeError)
    expect(declare).toThrow("Countersign's own")
    const forged = { ...limits, type: 'countersign.limit' }
    const make = () => createApprovals({ storage: memoryStorage(), resources: [forged], directory, admins: 'anyone' })
    expect(make).toThrow(TypeError)
  })
})
