import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Audiences, Notice, Storage } from '../../src/index.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { day, pending, refusal, rollout, start, storages, world } from '../world.ts'

const hour = day / 24
const people = { ann: ['dev'], ben: ['lead'], cat: ['lead'], dan: ['dev'], eve: ['dev'], mia: ['admin'] }

function opened(storage: Storage, notices: Partial<Audiences> = {}) {
  const w = world(storage, people, undefined, { notices })
  const told = async () => (await w.notices()).filter(({ type }) => type === 'deadline_near')
  const sound = async () => expect((await w.as('ann').audit.verify()).problems).toEqual([])
  const brief = ({ to, at, deadline }: Notice) => ({
    to: to.toSorted(),
    at: at - start,
    deadline: (deadline ?? 0) - start,
  })
  return { w, told, sound, brief }
}

describe.each(storages)('[TI-07] people are told that a deadline is near, on $name', ({ open }) => {
  it('[TI-07] the requester, whoever edited it, and those whose approval is missing, once, by when', async () => {
    const { w, told, sound, brief } = opened(open())
    const ref = await w.flag('checkout')
    await w.policy({ require: { quorum: 2, from: { roles: ['lead'] } }, rules: { edit: 'anyone' } })
    const { id } = pending(await w.as('ann').submit(ref, rollout(80)))
    const { request } = await w.as('eve').requests.edit(id, ref, rollout(70))
    await w.as('ben').requests.approve(id, { digest: request.digest })
    w.pass(13 * day - 1)
    expect(await told()).toEqual([])
    w.pass(1)
    expect((await w.approvals.tick()).warned).toBe(1)
    const [notice, ...others] = await told()
    expect(others).toEqual([])
    expect(notice && brief(notice)).toEqual({ to: ['ann', 'cat', 'eve'], at: 13 * day, deadline: 14 * day })
    expect(notice).toMatchObject({ request: id, resources: [{ type: ref.type, id: ref.id }], by: 'countersign' })
    expect((await w.approvals.tick()).warned).toBe(0)
    w.pass(day - 1)
    await w.approvals.tick()
    expect(await told()).toHaveLength(1)
    expect((await w.as('ann').requests.get(id)).status).toBe('pending')
    const last = (await w.as('ann').requests.timeline(id)).entries.at(-1)
    expect(last).toMatchObject({ type: 'escalation', event: 'warned', deadline: start + 14 * day, status: 'pending' })
    w.pass(1)
    expect(await w.approvals.tick()).toMatchObject({ expired: 1, warned: 0 })
    await sound()
  })

  it('[TI-07] also of a schedule that would be missed, and then of what is left', async () => {
    const { w, told, sound, brief } = opened(open())
    const ref = await w.flag('checkout')
    await w.policy({ rules: { whenMissed: 'apply' } })
    const { id, digest } = pending(await w.as('ann').submit(ref, rollout(80), { applyAt: start + 2 * day }))
    w.pass(1.5 * day)
    expect((await told()).map(brief)).toEqual([{ to: ['ann', 'ben', 'cat'], at: 1.5 * day, deadline: 2 * day }])
    w.pass(11.5 * day)
    expect((await told()).map(brief).at(-1)).toEqual({ to: ['ann', 'ben', 'cat'], at: 13 * day, deadline: 14 * day })
    expect(await told()).toHaveLength(2)
    await w.as('ben').requests.approve(id, { digest })
    expect((await w.as('ann').requests.get(id)).status).toBe('applied')
    await sound()
  })

  it('[TI-07] once of the end, however often a time before it is set', async () => {
    const { w, told, sound } = opened(open())
    const ref = await w.flag('checkout')
    await w.policy({ rules: { applyTime: 'open', whenMissed: 'apply' } })
    const { id } = pending(await w.as('ann').submit(ref, rollout(80), { applyAt: 'open' }))
    for (let at = 13 * day - hour; at < 14 * day; at += 5 * hour) {
      w.pass(start + at - w.now())
      await w.approvals.tick()
      await w.as('ben').requests.setTime(id, w.now() + 2 * hour)
      await w.approvals.tick()
    }
    const deadlines = (await told()).map(({ deadline = 0 }) => (deadline - start) / hour)
    expect(deadlines).toEqual(deadlines.toSorted((a, b) => a - b))
    expect(deadlines.filter((one) => one === 14 * 24)).toHaveLength(1)
    await sound()
  })

  it('[TI-07] nobody of what is applied by itself, unless something keeps it off', async () => {
    const { w, told, sound, brief } = opened(open())
    const ref = await w.flag('checkout')
    await w.policy({ match: { resource: 'feature_flag' } })
    const timed = { applyAt: start + 2 * day, applyBy: start + 3 * day }
    const { id, digest } = pending(await w.as('ann').submit(ref, rollout(80), timed))
    await w.as('ben').requests.approve(id, { digest })
    const windows = [{ from: start + 2 * day - hour, until: start + 4 * day }]
    await w.as('mia').freezes.save({ id: 'sale', match: {}, windows, mode: 'queue', reason: 'the sale' })
    w.pass(2 * day - 1)
    expect(await told()).toEqual([])
    w.pass(1)
    await w.approvals.tick()
    w.pass(6 * hour)
    expect((await told()).map(({ to, deadline }) => ({ to, deadline }))).toEqual([
      { to: ['ann'], deadline: start + 3 * day },
    ])
    await w.approvals.tick()
    expect(await told()).toHaveLength(1)
    expect((await told()).map(brief)[0]?.at).toBeLessThan(3 * day)
    w.pass(day)
    await w.approvals.tick()
    expect((await w.as('ann').requests.get(id)).status).toBe('expired')
    await sound()
  })

  it('[TI-07] of a deadline that has moved, they are told anew', async () => {
    const { w, told, sound } = opened(open())
    const ref = await w.flag('checkout')
    await w.policy()
    const { id } = pending(await w.as('ann').submit(ref, rollout(80)))
    w.pass(13 * day)
    await w.approvals.tick()
    await w.as('ann').requests.submit(id)
    expect(await told()).toHaveLength(1)
    w.pass(12 * day)
    expect(await told()).toHaveLength(1)
    await w.as('mia').workflow.disable({ waiting: 'hold' })
    w.pass(5 * day)
    expect(await told()).toHaveLength(1)
    await w.as('mia').workflow.enable()
    await w.approvals.tick()
    expect(await told()).toHaveLength(1)
    w.pass(day)
    expect((await told()).map(({ deadline }) => deadline)).toEqual([start + 14 * day, start + (13 + 14 + 5) * day])
    await sound()
  })

  it('[TI-07] whatever two ticks do at once, once', async () => {
    const { w, told } = opened(open())
    const ref = await w.flag('checkout')
    await w.policy()
    pending(await w.as('ann').submit(ref, rollout(80)))
    w.pass(13 * day)
    const reports = await Promise.all([1, 2, 3].map(() => w.approvals.tick()))
    expect(reports.reduce((sum, { warned }) => sum + warned, 0)).toBe(1)
    expect(reports.flatMap(({ failed }) => failed)).toEqual([])
    expect(await told()).toHaveLength(1)
  })
})

describe('[TI-07] who is told that a deadline is near', () => {
  it('[TI-07] is what the application says', async () => {
    const { w, told } = opened(memoryStorage(), { deadline_near: ['approvers'] })
    const ref = await w.flag('checkout')
    await w.policy()
    pending(await w.as('ann').submit(ref, rollout(80)))
    w.pass(13 * day)
    expect((await told()).flatMap(({ to }) => to).toSorted()).toEqual(['ben', 'cat'])
    const nobody = opened(memoryStorage(), { deadline_near: [] })
    const other = await nobody.w.flag('checkout')
    await nobody.w.policy()
    pending(await nobody.w.as('ann').submit(other, rollout(80)))
    nobody.w.pass(13 * day)
    expect(await nobody.w.approvals.tick()).toMatchObject({ warned: 1, delivered: 1 })
  })

  it('[TI-07] is the requester alone if nobody could help, or nothing but somebody who applies it is missing', async () => {
    const { w, told } = opened(memoryStorage())
    const [ref, another] = [await w.flag('checkout'), await w.flag('other')]
    await w.policy({ rules: { apply: 'by_hand' } })
    const { id, digest } = pending(await w.as('ann').submit(ref, rollout(80)))
    await w.as('ben').requests.approve(id, { digest })
    const other = pending(await w.as('dan').submit(another, rollout(80)))
    w.pass(13 * day)
    w.roles('ben', [])
    w.roles('cat', [])
    const all = await told()
    expect(all.map(({ request, to }) => ({ request, to }))).toEqual([
      { request: id, to: ['ann'] },
      { request: other.id, to: ['dan'] },
    ])
    expect(await refusal(w.as('ben').requests.approve(other.id, { digest: other.digest }))).toBe('not_an_approver')
  })
})

describe('[TI-07] whatever becomes of a request', () => {
  const step = fc.oneof(
    fc.integer({ min: 1, max: 40 }).map((hours) => ({ type: 'pass' as const, hours })),
    fc
      .constantFrom('tick', 'approve', 'withdraw', 'submit', 'edit', 'request changes', 'hold', 'go on')
      .map((type) => ({
        type,
        hours: 0,
      })),
    fc.integer({ min: 1, max: 90 }).map((hours) => ({ type: 'schedule' as const, hours })),
  )
  const rules = fc.record({
    expiresAfter: fc.constantFrom('1d', '2d', '5d'),
    whenMissed: fc.constantFrom('expire', 'hold', 'apply'),
    apply: fc.constantFrom('on_approval', 'by_hand'),
  })

  it('[TI-07] a warning comes before the deadline that it names, and at most once of each', async () => {
    await fc.assert(
      fc.asyncProperty(rules, fc.array(step, { minLength: 5, maxLength: 40 }), async (conduct, steps) => {
        const { w, sound } = opened(memoryStorage())
        const ref = await w.flag('checkout')
        await w.policy({ rules: { ...conduct, cancel: 'any_time' } as never })
        const { id } = pending(await w.as('ann').submit(ref, rollout(80)))
        let to = 41
        const done = async (type: string, hours: number) => {
          const { digest } = await w.as('ann').requests.get(id)
          switch (type) {
            case 'pass':
              return w.pass(hours * hour)
            case 'tick':
              return await w.approvals.tick()
            case 'approve':
              return await w.as('ben').requests.approve(id, { digest })
            case 'withdraw':
              return await w.as('ben').requests.withdraw(id)
            case 'request changes':
              return await w.as('cat').requests.requestChanges(id, { digest, reason: 'why?' })
            case 'submit':
              return await w.as('ann').requests.submit(id)
            case 'edit':
              return await w.as('ann').requests.edit(id, ref, rollout(++to))
            case 'hold':
              return await w.as('mia').workflow.disable({ waiting: 'hold' })
            case 'go on':
              return await w.as('mia').workflow.enable()
            default:
              return await w.as('ann').requests.schedule(id, w.now() + hours * hour)
          }
        }
        for (const { type, hours } of steps) await done(type, hours).catch(() => {})
        const told = (await w.notices()).filter(({ type }) => type === 'deadline_near')
        for (const { at, deadline = 0 } of told) expect(at).toBeLessThan(deadline)
        for (const [at, { deadline }] of told.entries()) expect(deadline).toBeGreaterThan(told[at - 1]?.deadline ?? 0)
        await sound()
      }),
      { numRuns: 60 },
    )
  })
})
