import { describe, expect, it } from 'vitest'
import type { Storage } from '../../src/index.ts'
import { pending, rollout, storages, world } from '../world.ts'

const people = { ann: ['dev'], ben: ['lead'], cat: ['lead'], dan: ['security'], mia: ['lead', 'admin'] }

/** A request of Ann's that two leads are asked about, and what is told of it from then on. */
async function asked(storage: Storage) {
  const w = world(storage, people, undefined, { admins: { roles: ['admin'] } })
  const ref = await w.flag('checkout')
  const policy = (roles: readonly string[]) =>
    w.as('mia').policies.save({ id: 'reviewed', match: {}, require: { quorum: 2, from: { roles } } })
  await policy(['lead'])
  const { id, digest } = pending(await w.as('ann').submit(ref, rollout(80)))
  const heard = (await w.notices()).length
  const told = async () => (await w.notices()).slice(heard).map(({ type, to }) => [type, ...to.toSorted()])
  return { w, ref, id, digest, policy, told }
}

describe.each(storages)('whoever is asked about what waits, on $name', ({ open }) => {
  it('[NO-01] hears of it once if it is put to them anew before anybody has answered', async () => {
    const { w, id, told } = await asked(open())
    await w.as('ann').requests.submit(id)
    expect(await told()).toEqual([['submitted', 'ben', 'cat', 'mia']])
  })

  it('[NO-01] hears of it once if somebody takes it over', async () => {
    const { w, id, told } = await asked(open())
    w.leave('ann')
    await w.as('mia').requests.takeOver(id)
    expect(await told()).toEqual([['submitted', 'ben', 'cat']])
  })

  it('[NO-01] hears that their answer is dismissed if they have given one', async () => {
    const { w, id, digest, told } = await asked(open())
    await w.as('ben').requests.approve(id, { digest })
    await w.as('ann').requests.submit(id)
    expect(await told()).toEqual([['reviews_dismissed', 'ben']])
  })

  it('[NO-01] hears of it if an edit or asking anew puts it to them, who were not asked before', async () => {
    for (const verb of ['edit', 'submit'] as const) {
      const { w, id, ref, digest, policy, told } = await asked(open())
      await w.as('ben').requests.approve(id, { digest })
      await policy(['lead', 'security'])
      if (verb === 'edit') await w.as('ann').requests.edit(id, ref, rollout(70))
      else await w.as('ann').requests.submit(id)
      expect(await told()).toEqual([['reviews_dismissed', 'ben', 'dan']])
      await w.as('ann').requests.edit(id, ref, rollout(60))
      expect(await told()).toHaveLength(1)
    }
  })
})
