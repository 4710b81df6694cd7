import { describe, expect, it } from 'vitest'
import { experimentLifecycle } from '../../../src/core/lifecycle/experiment-lifecycle.ts'
import { flagLifecycle } from '../../../src/core/lifecycle/flag-lifecycle.ts'
import { performDueMove, performMove, proposeMove, stateAfter } from '../../../src/core/lifecycle/perform-move.ts'
import { done, refusal } from '../../result.ts'
import { experiment } from './lifecycles.ts'

const experiments = experimentLifecycle<typeof experiment>()
const flags = flagLifecycle<object>({ enabled: 'enabled' })

describe('a state that the clock ends', () => {
  const schedule = (at?: number) => ({ action: 'schedule', document: experiment, ...(at === undefined ? {} : { at }) })

  it('is entered with a time, which has to be in the future when it is asked for', () => {
    const { whileWaiting, performed } = done(proposeMove(experiments, { live: 'draft' }, schedule(100), 99))
    expect(whileWaiting).toEqual({ live: 'draft', waiting: 'schedule' })
    expect(performed).toMatchObject({ state: { live: 'scheduled' }, dueAt: 100 })
    for (const at of [undefined, 100, 99, Number.NaN, 100.5, Number.POSITIVE_INFINITY]) {
      expect(refusal(proposeMove(experiments, { live: 'draft' }, schedule(at), 100))?.code).toBe('invalid_input')
    }
  })

  it('is entered late where the approval comes late', () => {
    const late = performMove(experiments, { live: 'draft', waiting: 'schedule' }, schedule(100))
    expect(done(late)).toMatchObject({ state: { live: 'scheduled' }, dueAt: 100 })
  })

  it('ends when its time comes, not before, and once', () => {
    const scheduled = { live: 'scheduled' }
    const due = (state: { live: string }, now: number, dueAt?: number) =>
      performDueMove(experiments, state, { document: experiment, ...(dueAt === undefined ? {} : { dueAt }) }, now)
    expect(refusal(due(scheduled, 99, 100))?.code).toBe('invalid_input')
    expect(refusal(due(scheduled, 99))?.code).toBe('invalid_input')
    const started = done(due(scheduled, 100, 100))
    expect(started).toMatchObject({ state: { live: 'running' }, move: { action: 'start', by: 'clock' } })
    expect(started).not.toHaveProperty('dueAt')
    expect(refusal(due(started.state, 101, 100))?.code).toBe('invalid_transition')
    expect(refusal(due({ live: 'draft' }, 101, 100))?.code).toBe('invalid_transition')
  })

  it('is not what people ask for, and takes no time where there is nothing to end', () => {
    expect(
      refusal(proposeMove(experiments, { live: 'scheduled' }, { action: 'start', document: experiment }, 1))?.code,
    ).toBe('invalid_transition')
    const start = { action: 'start', document: experiment, at: 100 }
    expect(refusal(proposeMove(experiments, { live: 'draft' }, start, 1))).toMatchObject({
      code: 'invalid_input',
      details: { argument: 'at', problem: 'start takes none' },
    })
  })

  it('keeps its time while the flag is edited in it, and loses it on the way out', () => {
    const scheduled = { live: 'scheduled' }
    const edited = performMove(flags, scheduled, { action: 'edit', document: {}, dueAt: 100 })
    expect(done(edited)).toMatchObject({ state: scheduled, dueAt: 100 })
    expect(done(performMove(flags, scheduled, { action: 'unschedule', document: {}, dueAt: 100 }))).not.toHaveProperty(
      'dueAt',
    )
  })

  it('ends also while a change waits, and the change waits on', () => {
    const waiting = { live: 'scheduled', waiting: 'publish' }
    const due = done(performDueMove(flags, waiting, { document: { enabled: false }, dueAt: 100 }, 100))
    expect(due).toMatchObject({ state: { live: 'active', waiting: 'publish' }, document: { enabled: true } })
    expect(done(performMove(flags, due.state, { action: 'publish', document: {} })).state).toEqual({ live: 'active' })
    expect(stateAfter(flags, due.state, 'rejected')).toEqual({ live: 'active' })
  })
})
