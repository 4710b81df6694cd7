import type { Lifecycle } from './define-lifecycle.ts'
import type { ResolvedMove } from './move.ts'

/**
 * Draws a life cycle in Mermaid's language.
 *
 * A box is a live state; in it are the actions that it knows. A dashed one waits for approval, and says what is shown
 * meanwhile. An arrow is what happens once the action is approved, or at once if nobody is asked; without one, the
 * state stays. What is not approved has no arrow, because it leaves the resource in its box.
 *
 * @example
 * ```ts
 * console.log(mermaid(flagLifecycle()))
 * ```
 */
export function mermaid<T>({ initial, states, moves }: Lifecycle<T>): string {
  const boxes = states.flatMap((state) =>
    box(
      state,
      moves.filter(({ from }) => from === state),
    ),
  )
  const arrows = moves.filter(({ from, to }) => from !== to).map((move) => `${idOf(move)} --> state_${move.to}`)
  const classes = [
    ['live', states.map((state) => `state_${state}`)],
    ['action', moves.filter(({ pending }) => pending === undefined).map(idOf)],
    ['waiting', moves.filter(({ pending }) => pending !== undefined).map(idOf)],
  ] as const
  const lines = [
    `begin((" ")) --> state_${initial}`,
    ...boxes,
    ...arrows,
    'classDef live fill:#eef2f7,stroke:#64748b,color:#0f172a',
    'classDef action fill:#ffffff,stroke:#64748b,color:#0f172a',
    'classDef waiting fill:#fff7e0,stroke:#b7791f,stroke-dasharray:4 3,color:#0f172a',
    ...classes.flatMap(([name, ids]) => (ids.length === 0 ? [] : [`class ${ids.join(',')} ${name}`])),
  ]
  return `flowchart TB\n${lines.map((line) => `  ${line}\n`).join('')}`
}

function box<T>(state: string, moves: readonly ResolvedMove<T>[]): readonly string[] {
  if (moves.length === 0) return [`state_${state}["${titleOf(state)}"]`]
  const actions = moves.map((move) => `  ${idOf(move)}(["${labelOf(move)}"])`)
  return [`subgraph state_${state} ["${titleOf(state)}"]`, ...actions, 'end']
}

function titleOf(state: string): string {
  return `<b>${words(state)}</b>`
}

function labelOf<T>({ action, by, pending }: ResolvedMove<T>): string {
  if (by === 'clock') return `${words(action)}<br/>at its time`
  return pending === undefined ? words(action) : `${words(action)}<br/><i>${words(pending)}</i>`
}

function idOf<T>({ from, action, by }: ResolvedMove<T>): string {
  return `state_${from}__${action}${by === 'clock' ? '__due' : ''}`
}

function words(name: string): string {
  return name.replaceAll('_', ' ')
}
