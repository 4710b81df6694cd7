import { type Lifecycle, type LifecycleState, stepFrom } from 'countersign/core'
import { experimentLifecycle, flagLifecycle } from 'countersign/lifecycles'
import { type AnyStateMachine, transition } from 'xstate'
import { type Comparison, timed } from './harness.ts'

/** Compares the table of a life cycle with the machine that it is computed from, over all states and events. */
export function comparisons(): readonly Comparison[] {
  return [experimentLifecycle(), flagLifecycle()].map((lifecycle) => {
    const asked = questions(lifecycle)
    return timed({
      case: `${lifecycle.name}: ${asked.length} pairs of state and event`,
      subject: {
        name: 'table',
        run: () => asked.map(({ state, event }) => stepFrom(lifecycle.table, state, event)?.to ?? state),
      },
      peer: {
        name: 'xstate transition',
        run: () =>
          asked.map(
            ({ snapshot, event }) =>
              transition(lifecycle.machine as unknown as AnyStateMachine, snapshot, { type: event })[0].value,
          ),
      },
      same: (ours, theirs) =>
        JSON.stringify(ours.map((state) => machineValue(lifecycle, state))) === JSON.stringify(theirs),
      goal: 50,
    })
  })
}

function questions(lifecycle: Lifecycle) {
  const events = [...lifecycle.actions, 'approved', 'rejected', 'cancelled', 'expired', 'failed', 'switched_off', 'due']
  const states = Object.entries(lifecycle.config.states).flatMap(([live, { states: inner = {} }]): LifecycleState[] =>
    ['settled', ...Object.keys(inner)].map((waiting) => (waiting === 'settled' ? { live } : { live, waiting })),
  )
  return states.flatMap((state) => {
    const snapshot = (lifecycle.machine as unknown as AnyStateMachine).resolveState({
      value: machineValue(lifecycle, state),
      context: { document: {} },
    })
    return events.map((event) => ({ state, snapshot, event }))
  })
}

function machineValue({ config }: Lifecycle, { live, waiting = 'settled' }: LifecycleState) {
  return config.states[live]?.states === undefined ? live : { [live]: waiting }
}
