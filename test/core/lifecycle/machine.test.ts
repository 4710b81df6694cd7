import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type AnyStateMachine, createActor, createMachine, getNextTransitions, transition } from 'xstate'
import { defineLifecycle, type Lifecycle } from '../../../src/core/lifecycle/define-lifecycle.ts'
import { experimentLifecycle } from '../../../src/core/lifecycle/experiment-lifecycle.ts'
import { endings, type LifecycleState, type Move } from '../../../src/core/lifecycle/move.ts'
import { performDueMove, performMove, proposeMove, stateAfter } from '../../../src/core/lifecycle/perform-move.ts'
import { possibleActions, shownState } from '../../../src/core/lifecycle/possible-actions.ts'
import { stepFrom } from '../../../src/core/lifecycle/transition-table.ts'
import { runs } from '../../runs.ts'
import { experiment, lifecycles, statesOf } from './lifecycles.ts'

const hostile = [
  '',
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  '*',
  '.',
  'settled',
  'xstate.init',
  'nonsense',
]

/** Every event that has a meaning anywhere, and some that have none. */
const eventsOf = ({ actions }: Lifecycle<never>) => [
  ...new Set([...actions, 'approved', ...endings, 'due', ...hostile]),
]

const machineValue = ({ live, waiting }: LifecycleState, lifecycle: Lifecycle<never>) => {
  const compound = lifecycle.config.states[live]?.states !== undefined
  return compound ? { [live]: waiting ?? 'settled' } : live
}

function stateOf(value: unknown): LifecycleState {
  if (typeof value === 'string') return { live: value }
  const [[live, inner] = ['', '']] = Object.entries(value as Record<string, string>)
  return inner === 'settled' ? { live } : { live, waiting: inner }
}

/** What the machine does at an event: undefined where it does nothing. */
function byMachine(
  lifecycle: Lifecycle<never>,
  state: LifecycleState,
  { event, document, references }: { event: string; document: unknown; references: readonly string[] },
) {
  const machine = lifecycle.machine as unknown as AnyStateMachine
  const snapshot = machine.resolveState({
    value: machineValue(state, lifecycle),
    context: { document: document as never },
  })
  const sent = { type: event, references }
  if (!snapshot.can(sent)) return undefined
  const [next] = transition(machine, snapshot, sent)
  return { state: stateOf(next.value), document: next.context.document }
}

/** What the functions on the table do at an event. */
function byTable(
  lifecycle: Lifecycle<never>,
  state: LifecycleState,
  { event, document, references }: { event: string; document: unknown; references: readonly string[] },
) {
  const step = stepFrom(lifecycle.table, state, event)
  if (!step) return undefined
  if (!step.move) return { state: stateAfter(lifecycle, state, event as never), document }
  const at = step.move.timed ? { at: 2 } : {}
  const wanted = { action: step.move.action, document: document as never, references, ...at, dueAt: 1 }
  if (event === 'due') return outcome(performDueMove(lifecycle, state, wanted, 1))
  if (event === 'approved') return outcome(performMove(lifecycle, state, wanted))
  const proposed = proposeMove(lifecycle, state, wanted, 1)
  // What happens while something else waits is carried out: two things do not wait in one machine.
  if (step.move.pending === undefined || state.waiting !== undefined)
    return outcome(performMove(lifecycle, state, wanted))
  return proposed.ok ? { state: proposed.value.whileWaiting, document } : undefined
}

function outcome(performed: ReturnType<typeof performMove<never>>) {
  return performed.ok ? { state: performed.value.state, document: performed.value.document } : undefined
}

/** Documents and references with which the guards of the life cycles pass, and with which they refuse. */
const situations = [
  { document: { ...experiment, open: true, steps: 0 }, references: [] },
  { document: { ...experiment, open: false, steps: 0 }, references: [] },
  { document: { ...experiment, open: true, steps: 0 }, references: ['flag checkout'] },
]

describe.each(lifecycles)('the machine of $name', ({ lifecycle }) => {
  const states = statesOf(lifecycle)
  const events = eventsOf(lifecycle)

  it('does at every event, from every state, what the table does', () => {
    let moved = 0
    for (const state of states) {
      for (const event of events) {
        for (const situation of situations) {
          const expected = byMachine(lifecycle, state, { event, ...situation })
          expect(byTable(lifecycle, state, { event, ...situation }), `${JSON.stringify(state)} · ${event}`).toEqual(
            expected,
          )
          if (expected) moved++
        }
      }
    }
    expect(moved).toBeGreaterThan(states.length)
  })

  it('has exactly the transitions of the table', () => {
    for (const state of states) {
      const snapshot = (lifecycle.machine as unknown as AnyStateMachine).resolveState({
        value: machineValue(state, lifecycle),
        context: { document: undefined as never },
      })
      const declared = getNextTransitions(snapshot).map(({ eventType }) => eventType)
      const held = events.filter((event) => stepFrom(lifecycle.table, state, event))
      expect(held.toSorted()).toEqual(declared.toSorted())
    }
    expect([...lifecycle.table.keys()]).toHaveLength(
      states.filter(({ live }) => lifecycle.config.states[live]?.type !== 'final').length,
    )
  })

  it('shows what the machine tags', () => {
    for (const state of states) {
      const snapshot = (lifecycle.machine as unknown as AnyStateMachine).resolveState({
        value: machineValue(state, lifecycle),
        context: { document: undefined as never },
      })
      expect([...snapshot.tags]).toEqual([shownState(lifecycle, state)])
      expect(snapshot.matches(state.live as never)).toBe(true)
    }
  })

  it('is plain JSON, and the same machine again when it is read back', () => {
    const text = JSON.stringify(lifecycle.config)
    expect(JSON.parse(text)).toEqual(lifecycle.config)
    const read = createMachine(JSON.parse(text), { guards: { permitted: () => true }, actions: { carryOut: () => {} } })
    for (const state of states) {
      const snapshot = read.resolveState({ value: machineValue(state, lifecycle), context: {} })
      for (const event of events) {
        const step = stepFrom(lifecycle.table, state, event)
        expect(snapshot.can({ type: event })).toBe(step !== undefined)
        if (step) expect(stateOf(transition(read, snapshot, { type: event })[0].value)).toEqual(step.to)
      }
    }
  })

  it('leads a resource back to where it was, whichever way waiting ends, and the document stays the very same', () => {
    for (const state of states.filter(({ waiting }) => waiting !== undefined)) {
      for (const event of endings) {
        const [situation] = situations
        expect(byMachine(lifecycle, state, { event, ...situation } as never)).toEqual({
          state: { live: state.live },
          document: situation?.document,
        })
        expect(stateAfter(lifecycle, state, event)).toEqual({ live: state.live })
      }
    }
  })
})

describe('the machine of an experiment', () => {
  it('runs as an actor of the host', () => {
    const actor = createActor(experimentLifecycle<typeof experiment>().machine, {
      input: { document: experiment },
    }).start()
    const shown = () => [...actor.getSnapshot().tags]
    for (const type of ['start', 'approved', 'finish']) actor.send({ type })
    expect(actor.getSnapshot().matches('running')).toBe(true)
    expect(shown()).toEqual(['finish_pending'])
    actor.send({ type: 'approved', details: { winner: 'nobody' } })
    expect(shown()).toEqual(['finish_pending'])
    actor.send({ type: 'approved', details: { winner: 'short' } })
    expect(shown()).toEqual(['finished'])
    expect(actor.getSnapshot().context.document.variants).toEqual([
      { key: 'control', weight: 0 },
      { key: 'short', weight: 100 },
    ])
    expect(experiment.variants[0]?.weight).toBe(50)
  })
})

describe('any table', () => {
  const names = ['a', 'b', 'c', 'd']
  const name = fc.constantFrom(...names)
  const move = fc.record(
    {
      from: fc.uniqueArray(name, { minLength: 1 }),
      action: fc.constantFrom('go', 'stop', 'turn'),
      pending: fc.constantFrom('x', 'y'),
      to: name,
    },
    { requiredKeys: ['from', 'action'] },
  )
  /** Keeps the first row of each pair of state and action, as a table may have only one. */
  const table = fc.array(move, { minLength: 1, maxLength: 12 }).map((rows) => {
    const taken = new Set<string>()
    return rows.flatMap((row): Move<never>[] => {
      const from = row.from.filter((state) => !taken.has(`${state} ${row.action}`))
      for (const state of from) taken.add(`${state} ${row.action}`)
      return from.length === 0 ? [] : [{ ...(row as Move<never>), from }]
    })
  })

  it('gives a machine that does what the table says, and nothing else', () => {
    fc.assert(
      fc.property(table, (moves) => {
        const lifecycle = defineLifecycle<never>({ name: 'any', initial: 'a', moves })
        for (const live of lifecycle.states) {
          for (const action of ['go', 'stop', 'turn']) {
            const row = moves.find((candidate) => candidate.from.includes(live) && candidate.action === action)
            const asked = byMachine(lifecycle, { live }, { event: action, document: null, references: [] })
            expect(asked !== undefined).toBe(row !== undefined)
            expect(possibleActions(lifecycle, { live }).includes(action)).toBe(row !== undefined)
            if (!row) continue
            const to = { live: row.to ?? live }
            expect(asked?.state).toEqual(row.pending === undefined ? to : { live, waiting: action })
            const performed = performMove(lifecycle, { live }, { action, document: null as never })
            expect(performed).toMatchObject({ ok: true, value: { state: to } })
          }
        }
      }),
      { numRuns: runs(200) },
    )
  })
})
