import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { refuse } from '../../src/errors/result.ts'
import { ApprovalError, defineResource, type Storage } from '../../src/index.ts'
import { experimentLifecycle } from '../../src/lifecycles.ts'
import { day, flags, pending, refusal, rollout, storages, world } from '../world.ts'

const ref = flags.ref('checkout')
const tests = defineResource({
  type: 'test',
  schema: z.object({ n: z.number() }),
  lifecycle: experimentLifecycle<{ n: number }>(),
})
const trial = tests.ref('trial')
const requireLead = { quorum: 1, from: { roles: ['lead'] } } as const

/** Ann's change of a flag, and her pause of an experiment, both of which keep others off for a day. */
async function locked(storage: Storage) {
  const w = world(storage, { ann: [], dan: [], ben: ['lead'] }, [flags, tests])
  await w.flag('checkout')
  await w.as('ann').submit(trial, { value: { n: 1 } })
  await w.as('ann').submit(trial, { action: 'start' })
  await w.policy({ require: requireLead, rules: { lock: 'resource', expiresAfter: '1d' } })
  const change = pending(await w.as('ann').submit(ref, rollout(50)))
  const pause = pending(await w.as('ann').submit(trial, { action: 'pause' }))
  return { w, change, pause }
}

describe.each(storages)('[ST-08] from its deadline on, recorded or not, on $name', ({ open }) => {
  it('[ST-08] a request keeps nobody off, and is shown nowhere as one that waits', async () => {
    const { w, change } = await locked(open())
    expect(await refusal(w.as('dan').submit(ref, rollout(60)))).toBe('locked')
    w.pass(day - 1)
    expect(await refusal(w.as('dan').submit(ref, rollout(60)))).toBe('locked')
    w.pass(1)
    expect((await w.as('dan').preview(ref, rollout(60))).status).toBe('pending')
    const shown = (await w.as('dan').resources.get(trial))?.lifecycle
    expect(shown).toMatchObject({ state: 'running', shown: 'running', can: { finish: true, pause: true } })
    expect(shown).not.toHaveProperty('waiting')
    expect((await w.as('ben').requests.inbox()).requests).toEqual([])
    expect(await w.as('dan').resources.drafts(ref)).toEqual([])
    const expired = (await w.as('dan').requests.list({ status: 'expired' })).requests.map(({ id }) => id)
    expect(expired).toContain(change.id)

    const next = pending(await w.as('dan').submit(ref, rollout(60)))
    expect((await w.as('dan').requests.get(next.id)).others).toEqual([])
    expect((await w.as('dan').requests.get(change.id)).status).toBe('expired')
    const events = await w.as('ann').audit.events({ request: change.id })
    expect(events.at(-1)).toMatchObject({ event: { type: 'expired', by: 'countersign', via: 'tick' } })
    const told = (await w.notices()).filter(({ type }) => type === 'expired')
    expect(told.filter(({ request }) => request === change.id)).toHaveLength(1)
    expect((await w.as('ann').audit.verify()).problems).toEqual([])
  })

  it('[ST-08] it gives way to every verb on another request, and to an action of the life cycle', async () => {
    const { w, change, pause } = await locked(open())
    const draft = await w.as('dan').draft(ref, rollout(70))
    w.pass(day)
    expect((await w.as('dan').requests.get(draft.id)).can.submit).toBe(true)
    expect((await w.as('dan').requests.submit(draft.id)).request.status).toBe('pending')
    await w.approvals.tick()
    for (const { id } of [change, pause]) expect((await w.as('dan').requests.get(id)).status).toBe('expired')
    expect((await w.as('ann').audit.verify()).problems).toEqual([])
  })

  it('[ST-08] of two who come at once, one gets the place', async () => {
    const { w } = await locked(open())
    w.pass(day)
    const both = await Promise.all(
      [60, 70].map((to) =>
        w
          .as('dan')
          .submit(ref, rollout(to))
          .then(
            ({ status }) => status,
            ({ code }) => code,
          ),
      ),
    )
    expect(both.toSorted()).toEqual(['locked', 'pending'])
    expect((await w.as('ann').audit.verify()).problems).toEqual([])
  })

  it('[ST-08] [WO-18] what waited when the workflow was switched off keeps nobody off, whenever that is recorded', async () => {
    const inner = open()
    let left = Number.POSITIVE_INFINITY
    const w = world(
      {
        get: (keys) => inner.get(keys),
        list: (query) => inner.list(query),
        count: (query) => inner.count(query),
        close: () => inner.close(),
        async commit(writes, effect) {
          if (left-- <= 0)
            throw new ApprovalError(refuse('storage_failed', { operation: 'commit', problem: 'gone' }).refusal)
          await inner.commit(writes, effect)
        },
      },
      { ann: [], dan: [], ben: ['lead'] },
    )
    await w.flag('checkout')
    await w.policy({ match: { resource: 'feature_flag' }, require: requireLead, rules: { lock: 'resource' } })
    const { id } = pending(await w.as('ann').submit(ref, rollout(50)))
    left = 1
    await w.as('ben').workflow.disable({ reason: 'a drill' })
    left = Number.POSITIVE_INFINITY
    await w.as('ben').workflow.enable()
    pending(await w.as('dan').submit(ref, rollout(60)))
    const returned = (await w.as('ann').audit.events({ request: id })).at(-1)
    expect(returned).toMatchObject({ event: { type: 'returned', by: 'ben', reason: 'a drill' } })
    expect((await w.as('dan').requests.get(id)).status).toBe('draft')
    await w.approvals.tick()
    expect((await w.as('ann').audit.verify()).problems).toEqual([])
  })
})
