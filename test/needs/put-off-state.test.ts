import { describe, expect, it } from 'vitest'
import { aSwitch, hour, lifecycleWorld, switches } from '../lifecycle-world.ts'
import { storages } from '../world.ts'

describe.each(storages)('a state that the clock cannot end in time, on $name', ({ open }) => {
  it('[ST-01] ends at the time that was agreed to, for all who read of it, and as soon as nobody is in the way', async () => {
    const w = lifecycleWorld(open())
    const ref = switches.ref('checkout')
    await w.as('ann').submit(ref, { value: aSwitch })
    const at = w.now() + hour
    await w.as('ann').submit(ref, { action: 'schedule', at })
    await w.gate(['unschedule'], { lock: 'resource' })
    const inTheWay = await w.ask(ref, { action: 'unschedule' })
    w.pass(hour)
    for (let call = 0; call < 4; call++) {
      expect(await w.approvals.tick()).toMatchObject({ moved: 0, waiting: 1, failed: [] })
      expect(await w.standing(ref)).toMatchObject({ state: 'scheduled', dueAt: at })
      expect((await w.as('ann').audit.verify()).problems).toEqual([])
      w.pass(10 * 60_000)
    }
    await w.as('ann').requests.cancel(inTheWay.id)
    w.pass(5 * 60_000)
    expect(await w.approvals.tick()).toMatchObject({ moved: 1, waiting: 0, failed: [] })
    const [last] = await w.as('ann').resources.history(ref)
    expect(last).toMatchObject({ move: { action: 'activate', from: 'scheduled', to: 'active' }, author: 'countersign' })
    expect(await w.standing(ref)).toMatchObject({ state: 'active' })
    expect((await w.as('ann').audit.verify()).problems).toEqual([])
  })
})
