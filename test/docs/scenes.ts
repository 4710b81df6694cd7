import { memoryStorage } from '../../src/storage/memory.ts'
import { day, pending, rollout, world } from '../world.ts'

/** Makes all that a call needs to be there, and gives the call. */
type Scene = () => Promise<() => Promise<unknown>>

async function office() {
  const here = world(memoryStorage())
  const [ann, ben] = [here.as('ann'), here.as('ben')]
  const flag = await here.flag('checkout')
  await here.policy()
  const submitted = async (applyAt?: number) =>
    pending(await ann.submit(flag, rollout(80), { reason: 'launch', ...(applyAt === undefined ? {} : { applyAt }) }))
  return { ...here, ann, ben, flag, submitted }
}

/** What the lists of `docs/architecture.md` are about: a call each, and what it comes to. */
export const scenes: Readonly<Record<'submit' | 'approve' | 'tick', Scene>> = {
  /** A change that a policy gates becomes a request that waits for a review. */
  submit: async () => {
    const { ann, flag } = await office()
    return async () => (await ann.submit(flag, rollout(80), { reason: 'launch' })).status
  },
  /** The one approval that it waits for applies it. */
  approve: async () => {
    const { ben, submitted } = await office()
    const { id, digest } = await submitted()
    return async () => (await ben.requests.approve(id, { digest })).request.status
  },
  /** An approved request whose time has come is applied, a notice of it delivered, and the log sealed. */
  tick: async () => {
    const { ben, submitted, approvals, now, pass } = await office()
    const { id, digest } = await submitted(now() + day)
    await ben.requests.approve(id, { digest })
    await approvals.tick()
    pass(day)
    return async () => {
      const { applied, delivered, sealed, failed } = await approvals.tick()
      return { applied, delivered, sealed, failed }
    }
  },
}
