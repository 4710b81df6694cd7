import { describe, expect, it } from 'vitest'
import type { Lifecycle } from '../../../src/core/lifecycle/define-lifecycle.ts'
import { experimentLifecycle } from '../../../src/core/lifecycle/experiment-lifecycle.ts'
import { flagLifecycle } from '../../../src/core/lifecycle/flag-lifecycle.ts'
import { performMove, proposeMove } from '../../../src/core/lifecycle/perform-move.ts'
import { possibleActions, shownState } from '../../../src/core/lifecycle/possible-actions.ts'
import { remoteConfigLifecycle } from '../../../src/core/lifecycle/remote-config-lifecycle.ts'
import { savedGroupLifecycle } from '../../../src/core/lifecycle/saved-group-lifecycle.ts'
import { statesOf } from './lifecycles.ts'

/** state · action: shown while it waits (`-` where nobody is asked) → state once it is approved, and timed states with `@`. */
const tables: Readonly<Record<string, { readonly lifecycle: Lifecycle; readonly rows: string }>> = {
  experiment: {
    lifecycle: experimentLifecycle(),
    rows: `
      draft · edit: - → draft
      draft · start: approval_pending → running
      draft · schedule: scheduling_pending → @scheduled
      draft · delete: - → deleted
      scheduled · schedule: scheduling_pending → @scheduled
      scheduled · unschedule: - → draft
      scheduled · publish: approval_pending → scheduled
      running · pause: pause_pending → paused
      running · publish: approval_pending → running
      running · finish: finish_pending → finished
      paused · resume: resume_pending → running
      paused · publish: approval_pending → paused
      paused · finish: finish_pending → finished
      finished · delete: delete_pending → deleted
    `,
  },
  'strict experiment': {
    lifecycle: experimentLifecycle({ strict: true }),
    rows: `
      draft · edit: - → draft
      draft · start: approval_pending → running
      draft · schedule: scheduling_pending → @scheduled
      running · pause: pause_pending → paused
      running · publish: approval_pending → running
      running · finish: finish_pending → finished
      paused · resume: resume_pending → running
      paused · publish: approval_pending → paused
      paused · finish: finish_pending → finished
      finished · delete: delete_pending → deleted
    `,
  },
  flag: {
    lifecycle: flagLifecycle(),
    rows: `
      inactive · edit: - → inactive
      inactive · enter_testing: - → testing
      inactive · activate: pending_approval → active
      inactive · schedule: pending_approval → @scheduled
      testing · edit: - → testing
      testing · leave_testing: - → inactive
      testing · activate: pending_approval → active
      testing · schedule: pending_approval → @scheduled
      inactive · archive: archive_pending → archived
      inactive · delete: delete_pending → deleted
      testing · archive: archive_pending → archived
      testing · delete: delete_pending → deleted
      archived · unarchive: unarchive_pending → inactive
      archived · delete: delete_pending → deleted
      scheduled · schedule: pending_approval → @scheduled
      scheduled · unschedule: - → inactive
      scheduled · publish: pending_approval → scheduled
      scheduled · edit: - → scheduled
      active · deactivate: - → inactive
      active · publish: pending_approval → active
      active · edit: - → active
    `,
  },
  'remote-config variable': {
    lifecycle: remoteConfigLifecycle(),
    rows: `
      draft · edit: - → draft
      draft · delete: - → deleted
      draft · publish: approval_pending → live
      live · publish: approval_pending → live
      live · delete: delete_pending → deleted
    `,
  },
  'saved group': {
    lifecycle: savedGroupLifecycle(),
    rows: `
      active · edit: - → active
      active · archive: archive_pending → archived
      archived · unarchive: unarchive_pending → active
    `,
  },
}

describe.each(Object.entries(tables))('the life cycle of every %s', (_, { lifecycle, rows }) => {
  const expected = new Map(
    rows
      .trim()
      .split('\n')
      .map((line): [string, { pending: string; to: string; timed: boolean }] => {
        const [, pair = '', pending = '', to = ''] = /^\s*(.+): (\S+) → (\S+)$/.exec(line) ?? []
        return [pair, { pending, to: to.replace('@', ''), timed: to.startsWith('@') }]
      }),
  )
  const pairs = lifecycle.states.flatMap((live) => lifecycle.actions.map((action) => ({ live, action })))

  it.each(pairs)('answers to $action in state $live as its table says', ({ live, action }) => {
    const row = expected.get(`${live} · ${action}`)
    const wanted = { action, document: { name: 'x' }, ...(row?.timed ? { at: 2 } : {}) }
    const proposed = proposeMove(lifecycle, { live }, wanted, 1)
    if (!row) {
      expect(proposed).toMatchObject({
        ok: false,
        refusal: {
          code: 'invalid_transition',
          details: { lifecycle: lifecycle.name, state: live, action, possible: possibleActions(lifecycle, { live }) },
        },
      })
      return
    }
    if (!proposed.ok) throw new TypeError(proposed.refusal.message)
    const { whileWaiting, performed } = proposed.value
    expect(shownState(lifecycle, whileWaiting)).toBe(row.pending === '-' ? live : row.pending)
    expect(whileWaiting.live).toBe(live)
    expect(performed.state).toEqual({ live: row.to })
  })

  it('knows no other pair', () => {
    const possible = pairs.filter(({ live, action }) => possibleActions(lifecycle, { live }).includes(action))
    expect(possible.map(({ live, action }) => `${live} · ${action}`).toSorted()).toEqual(
      [...expected.keys()].toSorted(),
    )
  })

  it('refuses whatever is asked while something waits, but for what its row leaves open', () => {
    for (const state of statesOf(lifecycle).filter(({ waiting }) => waiting !== undefined)) {
      const open = lifecycle.moves.find(
        ({ from, action }) => from === state.live && action === state.waiting,
      )?.meanwhile
      for (const action of lifecycle.actions) {
        const proposed = proposeMove(lifecycle, state, { action, document: {} }, 1)
        const row = lifecycle.moves.find((move) => move.from === state.live && move.action === action)
        const allowed = row && action !== state.waiting && (row.safe || open?.includes(action))
        if (allowed) expect(proposed).toMatchObject({ ok: true, value: { whileWaiting: state } })
        else expect(proposed).toMatchObject({ ok: false, refusal: { code: 'waiting_for_approval' } })
        if (!allowed && action !== state.waiting) {
          expect(performMove(lifecycle, state, { action, document: {} }).ok).toBe(false)
        }
      }
    }
  })
})

describe('the end of waiting', () => {
  it('differs by life cycle: what stays possible meanwhile is exactly this', () => {
    const open = Object.entries(tables).flatMap(([name, { lifecycle }]) =>
      statesOf(lifecycle)
        .filter(({ waiting }) => waiting !== undefined)
        .map(
          (state) => [`${name} ${state.live}.${state.waiting}`, possibleActions(lifecycle, state).join(' ')] as const,
        )
        .filter(([, actions]) => actions !== ''),
    )
    expect(Object.fromEntries(open)).toEqual({
      'experiment running.finish': 'pause',
      'experiment running.publish': 'pause',
      'experiment scheduled.publish': 'unschedule',
      'experiment scheduled.schedule': 'unschedule',
      'flag active.publish': 'deactivate',
      'flag inactive.activate': 'edit enter_testing',
      'flag inactive.schedule': 'edit enter_testing',
      'flag scheduled.publish': 'unschedule',
      'flag scheduled.schedule': 'unschedule',
      'flag testing.activate': 'edit leave_testing',
      'flag testing.schedule': 'edit leave_testing',
      'saved group active.archive': 'edit',
    })
  })
})
