import { describe, expect, it } from 'vitest'
import { experimentLifecycle } from '../../../src/core/lifecycle/experiment-lifecycle.ts'
import { performMove, proposeMove } from '../../../src/core/lifecycle/perform-move.ts'
import { winnerTakesAll } from '../../../src/core/lifecycle/winner-takes-all.ts'
import { done, refusal } from '../../result.ts'
import { experiment } from './lifecycles.ts'

const experiments = experimentLifecycle<typeof experiment>()

describe('the winner of an experiment', () => {
  const waiting = { live: 'running', waiting: 'finish' }
  const finish = (details: object) =>
    performMove(experiments, waiting, { action: 'finish', document: experiment, details: { ...details } })

  it('gets all the traffic before the experiment closes', () => {
    const { state, document } = done(finish({ winner: 'short' }))
    expect(state).toEqual({ live: 'finished' })
    expect(document).toEqual({
      name: 'checkout',
      variants: [
        { key: 'control', weight: 0 },
        { key: 'short', weight: 100 },
      ],
    })
    expect(experiment.variants.map(({ weight }) => weight)).toEqual([50, 50])
  })

  it('need not be named', () => {
    expect(done(finish({})).document).toEqual(experiment)
  })

  it('is refused where it is none of the variants', () => {
    expect(refusal(finish({ winner: 'long' }))).toMatchObject({
      code: 'transition_rejected',
      details: { action: 'finish', problem: 'there is no variant "long"; there are "control", "short"' },
    })
    for (const winner of [null, 0, '', '__proto__', 'constructor', ['short'], { key: 'short' }]) {
      expect(finish({ winner }).ok).toBe(false)
    }
  })

  it('is found where the host keeps its variants', () => {
    const elsewhere = experimentLifecycle<object>({
      finish: winnerTakesAll({ variants: 'arms', key: 'id', weight: 'share', total: 1 }),
    })
    const document = {
      arms: [
        { id: 1, share: 0.5 },
        { id: 2, share: 0.5 },
      ],
    }
    const wanted = { action: 'finish', document, details: { winner: 2 } }
    expect(done(performMove(elsewhere, { live: 'paused', waiting: 'finish' }, wanted)).document).toEqual({
      arms: [
        { id: 1, share: 0 },
        { id: 2, share: 1 },
      ],
    })
    for (const odd of [null, [], { arms: 'none' }, { arms: [null, 3] }]) {
      expect(performMove(elsewhere, { live: 'paused' }, { ...wanted, document: odd as object }).ok).toBe(false)
    }
  })

  it('is said with no other action, and nothing else is said with this one', () => {
    const pause = { action: 'pause', document: experiment, details: { winner: 'short' } }
    expect(refusal(proposeMove(experiments, { live: 'running' }, pause, 1))).toMatchObject({
      code: 'invalid_input',
      details: { argument: 'details.winner', problem: 'is not known to pause; known: none' },
    })
    const hostile: object = JSON.parse('{ "__proto__": { "winner": "short" } }')
    for (const details of [{ loser: 'short' }, hostile]) {
      const result = performMove(experiments, waiting, {
        action: 'finish',
        document: experiment,
        details: details as never,
      })
      expect(refusal(result)?.code).toBe('invalid_input')
    }
  })

  it('is not what an object inherits', () => {
    const inherited = performMove(experiments, waiting, {
      action: 'finish',
      document: experiment,
      details: Object.create({ winner: 'short' }),
    })
    expect(done(inherited).document).toEqual(experiment)
  })
})
