import { describe, expect, it } from 'vitest'
import { type ChangeRequest, createApprovals, type PolicyInput, type Storage } from '../../src/index.ts'
import { levelAccess } from '../../src/presets/levels.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { accessWorld } from '../access-world.ts'
import { flags, pending, refusal, rollout, start, storages, type World, world } from '../world.ts'

const value = { enabled: true, rollout: 40 }
const checkout = flags.ref('checkout', { project: 'web' })
const byAdmins: PolicyInput = { id: 'admins', match: {}, require: { quorum: 1, from: { roles: ['admin'] } } }

describe.each(storages)('facts that move between a decision and its commit, on $name', ({ open }) => {
  /** A tenant with two admins, in which something can be made to happen right before the next commit. */
  async function interrupted() {
    const inner = open()
    let interruption: (() => Promise<unknown>) | undefined
    const storage: Storage = {
      get: (keys) => inner.get(keys),
      list: (query) => inner.list(query),
      count: (query) => inner.count(query),
      async commit(writes, effect) {
        const happens = interruption
        interruption = undefined
        await happens?.()
        return await inner.commit(writes, effect)
      },
      close: () => inner.close(),
    }
    const w = await accessWorld(storage)
    await w.as('zoe').access.grant({ user: 'zac', role: 'admin' })
    await w.as('ann').submit(checkout, { value })
    const meanwhile = async (happens: () => Promise<unknown>, attempt: () => Promise<unknown>) => {
      interruption = happens
      const code = await refusal(attempt())
      expect(interruption).toBeUndefined()
      return code
    }
    return { w, inner, meanwhile }
  }

  it('[D1] counts no vote whose role was taken in between', async () => {
    const { w, meanwhile } = await interrupted()
    await w.as('zoe').policies.save(byAdmins)
    const { id, digest } = pending(await w.as('ann').submit(checkout, rollout(80)))
    const code = await meanwhile(
      () => w.as('zoe').access.revoke({ user: 'zac', role: 'admin' }),
      () => w.as('zac').requests.approve(id, { digest }),
    )
    expect(code).toBe('unknown_actor')
    expect((await w.as('ann').requests.get(id)).status).toBe('pending')
  })

  it('[D1] applies nothing by an answer for somebody who took the delegation back in between', async () => {
    const { w, meanwhile } = await interrupted()
    await w.as('zoe').policies.save(byAdmins)
    await w.as('zac').delegations.save({ to: 'amy', ends: w.now() + 60_000 })
    const { id, digest } = pending(await w.as('ann').submit(checkout, rollout(80)))
    const code = await meanwhile(
      () => w.as('zac').delegations.remove('amy'),
      () => w.as('amy').requests.approve(id, { digest, onBehalfOf: 'zac' }),
    )
    expect(code).toBe('not_delegated')
    expect(await w.as('ann').requests.get(id)).toMatchObject({ status: 'pending', reviews: [] })
  })

  it('saves nothing of somebody who is no editor, or holds no role, any more', async () => {
    const { w, meanwhile } = await interrupted()
    const restrict = () => w.as('ann').access.editors.save(checkout, { type: 'restrict', editors: ['ann'] })
    expect(await meanwhile(restrict, () => w.as('amy').submit(checkout, rollout(41)))).toBe('not_an_editor')
    const demote = () => w.as('zoe').access.revoke({ user: 'ann', role: 'member', project: 'web' })
    expect(await meanwhile(demote, () => w.as('ann').submit(checkout, rollout(41)))).toBe('unknown_actor')
    expect((await w.as('zoe').resources.get(checkout))?.document.rollout).toBe(40)
  })

  it('[E10] applies nothing that is approved while the workflow is switched off', async () => {
    const { w, meanwhile } = await interrupted()
    await w.as('zoe').policies.save(byAdmins)
    const { id, digest } = pending(await w.as('ann').submit(checkout, rollout(80)))
    const code = await meanwhile(
      () => w.as('zoe').workflow.disable({ project: 'web', waiting: 'hold' }),
      () => w.as('zac').requests.approve(id, { digest }),
    )
    expect(code).toBe('workflow_off')
    expect((await w.as('zoe').resources.get(checkout))?.document.rollout).toBe(40)
  })

  it('[E10] [CT-12] applies nothing that is approved while another process makes a draft of it', async () => {
    const { w, inner, meanwhile } = await interrupted()
    await w.as('zoe').policies.save(byAdmins)
    const { id, digest } = pending(await w.as('ann').submit(checkout, rollout(80)))
    const other = createApprovals({ storage: inner, resources: [flags], access: levelAccess, now: () => start })
    const code = await meanwhile(
      () => other.as({ tenant: 'acme', user: 'zoe' }).workflow.disable({ project: 'web' }),
      () => w.as('zac').requests.approve(id, { digest }),
    )
    expect(code).toBe('not_open')
    expect(await w.as('zoe').requests.get(id)).toMatchObject({ status: 'draft', reviews: [] })
    expect((await w.as('zoe').resources.get(checkout))?.document.rollout).toBe(40)
  })

  it('[E10] gates what is submitted while the workflow is switched on', async () => {
    const { w, meanwhile } = await interrupted()
    await w.as('zoe').policies.save(byAdmins)
    await w.as('zoe').workflow.disable({ project: 'web' })
    await meanwhile(
      () => w.as('zoe').workflow.enable({ project: 'web' }),
      async () => {
        expect(await w.as('ann').submit(checkout, rollout(80))).toMatchObject({ status: 'pending' })
        return await w.as('ann').submit(checkout, { value })
      },
    )
    expect((await w.as('zoe').resources.get(checkout))?.document.rollout).toBe(40)
  })
})

describe('a request that moves while a command on it is decided', () => {
  /** A request that is applied by hand, and a process after whose every look at it something happens. */
  async function restless(happens: (w: World, request: ChangeRequest) => Promise<unknown>) {
    const storage = memoryStorage()
    const w = world(storage)
    const ref = await w.flag('checkout')
    await w.policy({ rules: { apply: 'by_hand' } })
    const request = pending(await w.as('ann').submit(ref, rollout(80)))
    let looks = 0
    const looking: Storage = {
      ...storage,
      async get(keys) {
        const found = await storage.get(keys)
        if (keys.some(({ collection }) => collection === 'requests')) {
          looks++
          await happens(w, request)
        }
        return found
      },
    }
    return { w, request, apply: () => world(looking).as('eve').requests.apply(request.id), looks: () => looks }
  }

  it('[G9] is decided about anew, and nobody is told what was true before', async () => {
    let approved = false
    const { apply, looks } = await restless(async (w, { id, digest }) => {
      if (approved) return
      approved = true
      await w.as('ben').requests.approve(id, { digest })
    })
    expect((await apply()).request.status).toBe('applied')
    expect(looks()).toBeGreaterThan(2)
  })

  it('[G9] again and again is decided about a bounded number of times', async () => {
    const { w, request, apply, looks } = await restless((w, { id }) =>
      w.as('ann').requests.comment(id, 'and another thing'),
    )
    expect(await refusal(apply())).toBe('contention')
    expect(looks()).toBe(2 * 12)
    expect((await w.as('ann').requests.get(request.id)).status).toBe('pending')
  })
})
