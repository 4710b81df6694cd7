import { expect } from 'vitest'
import type { Storage } from '../../src/index.ts'
import { flags, pending, rollout, world } from '../world.ts'

/** Makes a request, approves and applies it, and delivers what there is to say of it. */
export async function story(storage: Storage): Promise<void> {
  const w = world(storage)
  await w.flag('checkout')
  await w.policy()
  const { id, digest } = pending(await w.as('ann').submit(flags.ref('checkout'), rollout(80)))
  await w.as('ben').requests.approve(id, { digest })
  await w.approvals.tick()
  expect((await w.as('ann').audit.verify()).problems).toEqual([])
}
