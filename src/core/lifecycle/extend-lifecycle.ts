import { nearestName } from '../nearest.ts'
import { defineLifecycle, type Lifecycle } from './define-lifecycle.ts'
import type { Move } from './move.ts'
import { type LifecycleOptions, moveNames } from './resolve-moves.ts'

/** What every ready life cycle can be given besides its own options. */
export interface ExtensionOptions<T> {
  /**
   * Rows that are added to the table: other actions, other states, other ways out.
   *
   * @defaultValue none: the table as it is
   */
  readonly transitions?: readonly Move<T>[] | undefined
}

/** So many rows can be added. */
const mostRows = 200

/**
 * Defines a ready life cycle with the rows that a host adds to its table. `maker` names the function that the host
 * called.
 *
 * @throws TypeError if there is no such life cycle: it names the row, and the nearest name that would do.
 */
export function extendLifecycle<T>(
  maker: string,
  ready: LifecycleOptions<T>,
  { transitions }: ExtensionOptions<T>,
): Lifecycle<T> {
  if (transitions === undefined) return defineLifecycle(ready)
  if (!Array.isArray(transitions) || transitions.length > mostRows) {
    throw new TypeError(`${maker}: transitions must be a list of at most ${mostRows} rows: { from, action, to }`)
  }
  const rows = transitions.map((row: Move<T>, index) => checkedRow(`${maker}: transitions[${index}]`, row))
  const moves = [...ready.moves, ...rows]
  const words = { states: statesOf(ready, moves), actions: moves.map(({ action }) => action) }
  for (const [index, row] of rows.entries()) {
    checkWords(`${maker}: transitions[${index}]`, row, words)
    checkNew(`${maker}: transitions[${index}]`, row, moves.slice(0, ready.moves.length + index))
  }
  try {
    return defineLifecycle({ ...ready, moves })
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    const guilty = rows.findIndex((row) => isDefined({ ...ready, moves: moves.filter((move) => move !== row) }))
    const place = guilty < 0 ? 'transitions' : `transitions[${guilty}]`
    throw new TypeError(`${maker}: ${place}: ${error.message.replace(`defineLifecycle: ${ready.name}: `, '')}`)
  }
}

/** A row as the host gave it at that moment, if it is one. */
function checkedRow<T>(place: string, row: Move<T>): Move<T> {
  if (typeof row !== 'object' || row === null || Array.isArray(row)) {
    throw new TypeError(`${place} must be a row of the table: { from, action, to }`)
  }
  const unknown = Object.keys(row).find((name) => !moveNames.includes(name))
  if (unknown !== undefined) throw unknownName(`${place} has no`, unknown, moveNames)
  const { from, meanwhile } = row
  const copy = { ...row, ...(Array.isArray(from) ? { from: [...from] } : {}) }
  return Array.isArray(meanwhile) ? { ...copy, meanwhile: [...meanwhile] } : copy
}

interface Words {
  /** The states that something leads to. */
  readonly states: readonly string[]
  readonly actions: readonly string[]
}

/** A state that nothing leads to, or an action that there is not, is misspelt. */
function checkWords<T>(place: string, { from, meanwhile = [] }: Move<T>, { states, actions }: Words): void {
  const lost = [from].flat().find((state) => typeof state === 'string' && !states.includes(state))
  if (lost !== undefined) throw unknownName(`${place}.from: nothing leads to a state`, lost, states)
  const unknown = [meanwhile].flat().find((action) => typeof action === 'string' && !actions.includes(action))
  if (unknown !== undefined) throw unknownName(`${place}.meanwhile: there is no action`, unknown, actions)
}

/** A row that the table has already is not added: it says something else of the same pair, or nothing new. */
function checkNew<T>(place: string, { from, action }: Move<T>, before: readonly Move<T>[]): void {
  for (const state of [from].flat()) {
    const row = before.find((one) => one.action === action && [one.from].flat().includes(state))
    if (!row) continue
    const told = row.to === undefined ? 'and stays there' : `and leads to ${JSON.stringify(row.to)}`
    const elsewhere = before.filter((one) => one.action === action).flatMap((one) => one.from)
    throw new TypeError(
      `${place}: the table has ${JSON.stringify(action)} in ${JSON.stringify(state)} already, ${told}; ` +
        `call yours otherwise, or add it to another state than ${[...new Set(elsewhere)].map((one) => JSON.stringify(one)).join(', ')}`,
    )
  }
}

function statesOf<T>({ initial }: LifecycleOptions<T>, moves: readonly Move<T>[]): readonly string[] {
  return [...new Set([initial, ...moves.flatMap(({ to }) => to ?? [])])]
}

function unknownName(what: string, name: string, known: readonly string[]): TypeError {
  const nearest = nearestName(name, known)
  const names = [...new Set(known)]
  const fix = nearest === undefined ? `there are ${names.join(', ')}` : `did you mean ${JSON.stringify(nearest)}?`
  return new TypeError(`${what} ${JSON.stringify(name)}; ${fix}`)
}

function isDefined<T>(options: LifecycleOptions<T>): boolean {
  try {
    defineLifecycle(options)
    return true
  } catch {
    return false
  }
}
