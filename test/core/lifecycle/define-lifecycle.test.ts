import { describe, expect, it } from 'vitest'
import { defineLifecycle } from '../../../src/core/lifecycle/define-lifecycle.ts'
import type { Move } from '../../../src/core/lifecycle/move.ts'

const start: Move = { from: 'draft', action: 'start', pending: 'start_pending', to: 'running' }
const define = (moves: readonly object[], rest: object = {}) =>
  defineLifecycle({ name: 'thing', initial: 'draft', moves: moves as readonly Move[], ...rest })

describe('a life cycle', () => {
  it('has the states and the actions of its table', () => {
    const { name, initial, states, actions, critical } = define([
      start,
      { from: 'running', action: 'stop', by: 'clock', to: 'over' },
      { from: ['draft', 'running'], action: 'edit', edits: 'any' },
    ])
    expect({ name, initial, states, actions, critical }).toEqual({
      name: 'thing',
      initial: 'draft',
      states: ['draft', 'running', 'over'],
      actions: ['start', 'edit'],
      critical: [],
    })
  })

  it('is made without touching its table', () => {
    const row: Move = Object.freeze({ ...start, from: Object.freeze(['draft', 'paused']) })
    expect(() => define(Object.freeze([row]))).not.toThrow()
  })

  it.each<readonly [string, readonly object[], object, RegExp]>([
    ['a misspelt column', [{ ...start, penidng: 'x' }], {}, /has no "penidng"; it has from, action, pending/],
    ['a misspelt option', [start], { intial: 'x' }, /has no "intial"/],
    ['a name that is none', [{ ...start, action: 'start it' }], {}, /must be a name of letters/],
    ['a name with a dot', [{ ...start, to: 'a.b' }], {}, /not "a\.b"/],
    ['a name of prototypes', [{ ...start, to: '__proto__' }], {}, /not "__proto__"/],
    ['a name that is no text', [{ ...start, to: 3 }], {}, /not 3/],
    ['a name without end', [{ ...start, to: 'a'.repeat(65) }], {}, /must be a name/],
    ['a life cycle without a name', [start], { name: '' }, /name must be a name/],
    ['a life cycle without a beginning', [start], { initial: undefined }, /initial must be a name/],
    ['an action that is the end of waiting', [{ ...start, action: 'approved' }], {}, /none of .*approved/],
    ['a state of the machine itself', [{ ...start, to: 'settled' }], {}, /none of .*settled/],
    [
      'one action twice from one state',
      [start, { ...start, from: ['draft', 'paused'] }],
      {},
      /start leads out of draft twice/,
    ],
    ['somebody unknown', [{ from: 'draft', action: 'start', by: 'sun', to: 'over' }], {}, /by must be "clock"/],
    ['a clock that asks', [{ ...start, by: 'clock' }], {}, /the clock asks nobody/],
    [
      'a clock that says something',
      [{ from: 'draft', action: 'x', by: 'clock', to: 'over', takes: ['y'] }],
      {},
      /says nothing/,
    ],
    ['a clock that leads nowhere', [{ from: 'draft', action: 'x', by: 'clock' }], {}, /another state/],
    ['a clock that leads back', [{ from: 'draft', action: 'x', by: 'clock', to: 'draft' }], {}, /another state/],
    [
      'two clocks in one state',
      [
        { from: 'draft', action: 'x', by: 'clock', to: 'running' },
        { from: 'draft', action: 'y', by: 'clock', to: 'over' },
      ],
      {},
      /the clock leads out of draft twice/,
    ],
    [
      'a clock that would have to give a time',
      [
        { from: 'draft', action: 'x', by: 'clock', to: 'running' },
        { from: 'running', action: 'y', by: 'clock', to: 'over' },
      ],
      {},
      /the clock cannot say when it ends running/,
    ],
    ['edits of no kind', [{ ...start, edits: 'some' }], {}, /there are no some edits/],
    [
      'the same edits twice',
      [
        { from: 'draft', action: 'x', edits: 'any' },
        { from: 'draft', action: 'y', edits: 'other' },
      ],
      {},
      /in draft, two actions carry the same edits/,
    ],
    ['critical edits of no places', [{ ...start, edits: 'critical' }], {}, /need each other/],
    ['critical places that nothing edits', [start], { critical: ['/rollout'] }, /need each other/],
    [
      'a waiting state that is a live one',
      [{ ...start, pending: 'running' }],
      {},
      /running is shown while start waits/,
    ],
    ['what waits for nothing', [{ from: 'draft', action: 'x', meanwhile: ['y'] }], {}, /nothing is pending/],
    [
      'an unknown action meanwhile',
      [{ ...start, meanwhile: ['rest'] }],
      {},
      /there is no rest that could be done meanwhile/,
    ],
    [
      'two actions that wait at once',
      [
        { ...start, meanwhile: ['pause'] },
        { from: 'draft', action: 'pause', pending: 'pause_pending', to: 'paused' },
      ],
      {},
      /pause waits for approval itself/,
    ],
    [
      'a way out from under an action that waits',
      [
        { ...start, meanwhile: ['leave'] },
        { from: 'draft', action: 'leave', to: 'gone' },
      ],
      {},
      /leave leads to gone while start waits, where that is not possible/,
    ],
    [
      'a clock that takes the ground from under an action that waits',
      [start, { from: 'draft', action: 'end', by: 'clock', to: 'over' }],
      {},
      /end leads to over while start waits/,
    ],
    [
      'an action that would suddenly be shown as something else',
      [
        { ...start, meanwhile: ['test'] },
        { from: 'draft', action: 'test', to: 'testing' },
        { from: 'testing', action: 'start', pending: 'other_pending', to: 'running' },
      ],
      {},
      /not possible in the same way/,
    ],
  ])('is not made with %s', (_, moves, rest, problem) => {
    expect(() => define(moves, rest)).toThrow(TypeError)
    expect(() => define(moves, rest)).toThrow(problem)
  })
})
