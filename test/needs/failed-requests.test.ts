import { describe, expect, it } from 'vitest'
import type { ChangeRequest, PolicyInput, Storage } from '../../src/index.ts'
import { day, flags, refusal, rollout, storages, world } from '../world.ts'

const ref = flags.ref('checkout')
const people = { ann: [], ben: ['lead'], eve: [], root: ['root'] }

/** Ann's change, for a day from now if it is scheduled, which has failed since the rollout is another one by then. */
async function failed(storage: Storage, rules: PolicyInput['rules'] | 'ungated', { scheduled = true } = {}) {
  const w = world(storage, people)
  await w.flag('checkout')
  if (rules !== 'ungated') await w.policy({ rules: { bypass: ['root'], onStale: 'fail_when_applied', ...rules } })
  const applyAt = w.now() + day
  const outcome = await w.as('ann').submit(ref, rollout(50), scheduled ? { applyAt } : {})
  if (outcome.status === 'applied') throw new TypeError('The change was applied at once.')
  const { id, digest } = outcome.request
  if (rules === 'ungated') await w.as('eve').submit(ref, rollout(60))
  else await w.as('root').bypass(ref, { merge: { rollout: 60 } }, { reason: 'it burns' })
  if (rules !== 'ungated') await w.as('ben').requests.approve(id, { digest })
  w.pass(day)
  const report = await w.approvals.tick()
  expect(report).toMatchObject({ applied: 0, unapplied: scheduled ? 1 : 0, failed: [] })
  const get = () => w.as('ann').requests.get(id)
  expect(await get()).toMatchObject({ status: 'failed', stale: true })
  const live = async () => (await w.approvals.reader('acme').resources.get(ref))?.document?.rollout
  const answers = async () =>
    conflictsOf(await get()).map(({ digest: conflict }) => ({ conflict, take: 'draft' }) as const)
  return { w, id, get, live, answers }
}

function conflictsOf({ changes }: ChangeRequest) {
  return changes.flatMap(({ conflicts }) => conflicts)
}

describe.each(storages)('a request that failed since it was stale, on $name', ({ open }) => {
  it('[WO-01] takes answers to its conflicts, and waits for approval of what comes of them', async () => {
    const { w, id, get, live, answers } = await failed(open(), { onStale: 'fail_when_applied' }, { scheduled: false })
    expect(await get()).toMatchObject({
      can: { rebase: true, resolve: true },
      remedies: [
        { type: 'people', method: 'rebase', users: ['ann'] },
        { type: 'people', method: 'resolve', users: ['ann'] },
      ],
    })
    const { request } = await w.as('ann').requests.resolve(id, await answers())
    expect(request).toMatchObject({ status: 'pending', conflicts: 0, reviews: [] })
    await w.as('ben').requests.approve(id, { digest: request.digest })
    expect(await live()).toBe(50)
    expect((await w.as('ann').audit.verify()).problems).toEqual([])
  })

  it('[WO-01] takes them from nobody whom its policies keep from editing it', async () => {
    const { w, id, answers } = await failed(open(), { edit: 'requester' }, { scheduled: false })
    expect((await w.as('eve').requests.get(id)).can.resolve).toMatchObject({ code: 'edit_restricted' })
    expect(await refusal(w.as('eve').requests.resolve(id, await answers()))).toBe('edit_restricted')
    expect((await w.as('ann').requests.resolve(id, await answers())).request.status).toBe('pending')
  })

  it('[WO-01, TI-05] is counted as not applied, and says which verb goes on if nothing may be applied late: submit, with another time', async () => {
    for (const rules of [{ whenMissed: 'expire' }, 'ungated'] as const) {
      const { w, id, get, live, answers } = await failed(open(), rules)
      const late = { code: 'invalid_input', details: { argument: 'applyAt' } }
      expect(await get()).toMatchObject({
        can: { rebase: late, resolve: late, submit: true },
        remedies: [{ type: 'people', method: 'submit', users: ['ann'], needs: 'applyAt' }],
      })
      const { requests } = w.as('ann')
      await expect(requests.rebase(id)).rejects.toMatchObject(late)
      await expect(requests.rebase(id)).rejects.toThrow('submit it with one if it has failed')
      await expect(requests.resolve(id, await answers())).rejects.toMatchObject(late)
      const submitted = await requests.submit(id, { applyAt: w.now() + day })
      expect(submitted.request).toMatchObject({ status: rules === 'ungated' ? 'approved' : 'pending' })
      const { request } = await requests.resolve(id, await answers())
      if (rules !== 'ungated') await w.as('ben').requests.approve(id, { digest: request.digest })
      w.pass(day)
      await w.approvals.tick()
      expect([(await get()).status, await live()]).toEqual(['applied', 50])
    }
  })

  it('[WO-01, TI-05] that nobody has to approve is applied with the answers, and not rebased without them', async () => {
    const { w, id, get, live, answers } = await held(open())
    const collided = { code: 'conflicts_open', details: { conflicts: 1 } }
    expect(await get()).toMatchObject({
      status: 'failed',
      can: { rebase: collided, resolve: true },
      remedies: [{ type: 'people', method: 'resolve', users: ['ann'] }],
    })
    await expect(w.as('ann').requests.rebase(id)).rejects.toMatchObject(collided)
    expect((await w.as('ann').requests.resolve(id, await answers())).request.status).toBe('applied')
    expect(await live()).toBe(50)
  })
})

/** A change that nobody has to approve, kept off by a freeze until it was stale. */
async function held(storage: Storage) {
  const w = world(storage, people)
  await w.flag('checkout')
  await w.as('ann').freezes.save({
    id: 'night',
    match: { action: 'update' },
    windows: [{ from: w.now(), until: w.now() + day }],
    mode: 'queue',
    reason: 'night',
  })
  const outcome = await w.as('ann').submit(ref, rollout(50))
  if (outcome.status !== 'approved') throw new TypeError(`The change is ${outcome.status}.`)
  const { id } = outcome.request
  await w.as('ann').freezes.remove('night')
  await w.as('eve').submit(ref, rollout(60))
  w.pass(day)
  await w.approvals.tick()
  const get = () => w.as('ann').requests.get(id)
  const live = async () => (await w.approvals.reader('acme').resources.get(ref))?.document?.rollout
  const answers = async () =>
    conflictsOf(await get()).map(({ digest: conflict }) => ({ conflict, take: 'draft' }) as const)
  return { w, id, get, live, answers }
}
