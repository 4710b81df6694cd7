import { describe, expect, it } from 'vitest'
import { experimentLifecycle } from '../../../src/core/lifecycle/experiment-lifecycle.ts'
import { flagLifecycle } from '../../../src/core/lifecycle/flag-lifecycle.ts'
import { performMove, proposeMove, stateAfter } from '../../../src/core/lifecycle/perform-move.ts'
import { editAction, possibleActions, shownState } from '../../../src/core/lifecycle/possible-actions.ts'
import { remoteConfigLifecycle } from '../../../src/core/lifecycle/remote-config-lifecycle.ts'
import { savedGroupLifecycle } from '../../../src/core/lifecycle/saved-group-lifecycle.ts'
import { done, refusal } from '../../result.ts'
import { experiment, peculiar } from './lifecycles.ts'

const experiments = experimentLifecycle<typeof experiment>()
const flags = flagLifecycle<object>({ enabled: 'enabled' })

describe('an action that waits for approval', () => {
  it('leaves the live state alone, and shows that it waits', () => {
    const { whileWaiting, performed } = done(
      proposeMove(experiments, { live: 'running' }, { action: 'pause', document: experiment }, 1),
    )
    expect(whileWaiting).toEqual({ live: 'running', waiting: 'pause' })
    expect(shownState(experiments, whileWaiting)).toBe('pause_pending')
    expect(performed.state).toEqual({ live: 'paused' })
    expect(stateAfter(experiments, whileWaiting, 'rejected')).toEqual({ live: 'running' })
  })

  it('becomes what was approved, and nothing else', () => {
    const waiting = { live: 'running', waiting: 'pause' }
    expect(done(performMove(experiments, waiting, { action: 'pause', document: experiment })).state).toEqual({
      live: 'paused',
    })
    const other = performMove(experiments, waiting, { action: 'finish', document: experiment })
    expect(refusal(other)).toMatchObject({
      code: 'waiting_for_approval',
      details: { state: 'pause_pending', action: 'finish', waiting: 'pause' },
      message:
        'This experiment is in state "pause_pending": "pause" waits for approval, and until then "finish" is impossible.',
    })
  })

  it('is not asked for with the words that end waiting', () => {
    for (const action of ['approved', 'rejected', 'due', 'settled', 'switched_off', '__proto__']) {
      for (const state of [{ live: 'running' }, { live: 'running', waiting: 'pause' }, { live: 'scheduled' }]) {
        const code = state.waiting === undefined ? 'invalid_transition' : 'waiting_for_approval'
        expect(refusal(proposeMove(experiments, state, { action, document: experiment }, 1))?.code).toBe(code)
        expect(refusal(performMove(experiments, state, { action, document: experiment }))?.code).toBe(code)
      }
    }
  })

  it('is refused in a state that the life cycle does not know', () => {
    for (const state of [{ live: 'on_hold' }, { live: '__proto__' }, { live: 'running', waiting: 'constructor' }]) {
      expect(proposeMove(experiments, state, { action: 'pause', document: experiment }, 1).ok).toBe(false)
      expect(stateAfter(experiments, state, 'switched_off')).toEqual({ live: state.live })
      expect(shownState(experiments, state)).toBe(state.live)
    }
  })
})

describe('a flag', () => {
  it('is edited and tested while its activation waits, and the activation waits on', () => {
    const waiting = { live: 'inactive', waiting: 'activate' }
    expect(done(editAction(flags, waiting, 'critical'))).toBe('edit')
    const testing = done(performMove(flags, waiting, { action: 'enter_testing', document: {} })).state
    expect(testing).toEqual({ live: 'testing', waiting: 'activate' })
    expect(shownState(flags, testing)).toBe('pending_approval')
    expect(done(performMove(flags, testing, { action: 'activate', document: { enabled: false } }))).toMatchObject({
      state: { live: 'active' },
      document: { enabled: true },
    })
    expect(stateAfter(flags, testing, 'cancelled')).toEqual({ live: 'testing' })
  })

  it('asks for approval of critical changes once it is live or scheduled, and of no others', () => {
    for (const live of ['active', 'scheduled']) {
      expect(done(editAction(flags, { live }, 'critical'))).toBe('publish')
      expect(done(editAction(flags, { live }, 'other'))).toBe('edit')
    }
    for (const live of ['inactive', 'testing']) {
      expect(done(editAction(flags, { live }, 'critical'))).toBe('edit')
    }
  })

  it('is locked while a critical change waits: as a whole, or in its critical places', () => {
    const waiting = { live: 'active', waiting: 'publish' }
    expect(refusal(editAction(flags, waiting, 'other'))?.code).toBe('waiting_for_approval')
    expect(refusal(editAction(flags, waiting, 'critical'))?.code).toBe('waiting_for_approval')
    const narrow = flagLifecycle({ lock: 'critical' })
    expect(done(editAction(narrow, waiting, 'other'))).toBe('edit')
    expect(refusal(editAction(narrow, waiting, 'critical'))?.code).toBe('waiting_for_approval')
    expect(possibleActions(narrow, waiting)).toEqual(['edit', 'deactivate'])
  })

  it('says in its document whether it is live, where the host wants that', () => {
    const active = done(performMove(flags, { live: 'inactive' }, { action: 'activate', document: { enabled: false } }))
    expect(active.document).toEqual({ enabled: true })
    const off = done(performMove(flags, active.state, { action: 'deactivate', document: active.document }))
    expect(off).toMatchObject({ state: { live: 'inactive' }, document: { enabled: false } })
    const silent = performMove(flagLifecycle<object>(), { live: 'inactive' }, { action: 'activate', document: {} })
    expect(done(silent).document).toEqual({})
  })
})

describe('an experiment', () => {
  it('is edited freely as a draft, by publishing while it is live, and otherwise not at all', () => {
    expect(done(editAction(experiments, { live: 'draft' }, 'other'))).toBe('edit')
    expect(done(editAction(experiments, { live: 'running' }, 'other'))).toBe('publish')
    expect(done(editAction(experiments, { live: 'paused' }, 'critical'))).toBe('publish')
    expect(done(editAction(experiments, { live: 'scheduled' }, 'other'))).toBe('publish')
    for (const live of ['finished', 'deleted']) {
      expect(refusal(editAction(experiments, { live }, 'other'))?.code).toBe('invalid_transition')
    }
    expect(refusal(editAction(experiments, { live: 'draft', waiting: 'start' }, 'other'))?.code).toBe(
      'waiting_for_approval',
    )
  })
})

describe('what is still referred to', () => {
  it('is not archived or deleted, and the refusal names what refers to it', () => {
    const references = ['experiment checkout', 'flag new-checkout']
    const archive = { action: 'archive', document: {}, references }
    const groups = savedGroupLifecycle<object>()
    expect(refusal(proposeMove(groups, { live: 'active' }, archive, 1))).toMatchObject({
      code: 'still_referenced',
      details: { references },
      message:
        'This saved_group is still in use by experiment checkout, flag new-checkout: "archive" is impossible until that ends.',
    })
    const one = { ...archive, references: ['flag new-checkout'] }
    expect(refusal(proposeMove(groups, { live: 'active' }, one, 1))?.code).toBe('still_referenced')
    const waiting = { live: 'active', waiting: 'archive' }
    expect(refusal(performMove(groups, waiting, archive))?.code).toBe('still_referenced')
    expect(done(performMove(groups, waiting, { ...archive, references: [] })).state).toEqual({ live: 'archived' })
    const unarchive = { ...archive, action: 'unarchive' }
    expect(done(proposeMove(groups, { live: 'archived' }, unarchive, 1)).performed.state).toEqual({ live: 'active' })
    const variables = remoteConfigLifecycle<object>()
    expect(refusal(proposeMove(variables, { live: 'live' }, { ...archive, action: 'delete' }, 1))?.code).toBe(
      'still_referenced',
    )
  })
})

describe('guards and effects', () => {
  const document = { open: true, steps: 0 }

  it('are asked when the action is asked for, and again when it is carried out', () => {
    const shut = { action: 'constructor', document: { open: false, steps: 0 }, at: 5 }
    expect(refusal(proposeMove(peculiar, { live: 'constructor' }, shut, 1))).toMatchObject({
      code: 'transition_rejected',
      message: 'This peculiar is in state "constructor" and does not take "constructor": it is shut.',
    })
    const waiting = { live: 'valueOf', waiting: 'constructor' }
    expect(refusal(performMove(peculiar, waiting, shut))?.code).toBe('transition_rejected')
    expect(done(performMove(peculiar, waiting, { ...shut, document }))).toMatchObject({
      state: { live: 'hasOwnProperty' },
      document: { open: true, steps: 1 },
      dueAt: 5,
    })
  })

  it('refuse where they fail, and never throw', () => {
    const broken = performMove(peculiar, { live: 'gone' }, { action: 'break', document })
    expect(refusal(broken)).toMatchObject({
      code: 'transition_rejected',
      details: { problem: 'its effect failed: it breaks' },
    })
    const nothing = { action: 'toString', document: undefined as never }
    expect(refusal(performMove(peculiar, { live: 'constructor' }, nothing))?.code).toBe('transition_rejected')
  })

  it('cannot change the document that they are given', () => {
    const wilful = experimentLifecycle<{ weights: number[] }>({
      finish: {
        effect: ({ document: own }) => {
          own.weights.push(100)
          return own
        },
      },
    })
    const given = { weights: [50, 50] }
    const finished = done(performMove(wilful, { live: 'running' }, { action: 'finish', document: given }))
    expect(finished.document).toEqual({ weights: [50, 50, 100] })
    expect(given).toEqual({ weights: [50, 50] })
  })

  it('close the gate where a guard answers with anything but a reason or undefined', () => {
    for (const answer of [null, false, true, 0]) {
      const odd = experimentLifecycle<object>({ finish: { guard: () => answer as never } })
      expect(refusal(performMove(odd, { live: 'running' }, { action: 'finish', document: {} }))?.code).toBe(
        'transition_rejected',
      )
    }
  })
})
