/** A command, and when it was asked and answered: somewhere between the two it took effect, if at all. */
export interface Operation<O> {
  readonly asked: number
  readonly answered: number
  readonly what: O
}

/** A thing that only ever does one operation at a time, and can go back to an earlier state. */
export interface SequentialModel<O> {
  /** Does the operation; tells whether it answers what was answered. */
  accepts(what: O): boolean
  /** The state, as text. */
  save(): string
  restore(state: string): void
}

/**
 * Finds an order of operations that a sequential model accepts, and that puts none before another one which was answered before it was asked
 * (Wing and Gong's search, with the states that lead nowhere remembered). Undefined where there is none: the history is illegal.
 */
export function legalOrder<O>(
  operations: readonly Operation<O>[],
  model: SequentialModel<O>,
): readonly Operation<O>[] | undefined {
  const hopeless = new Set<string>()
  const search = (left: readonly Operation<O>[]): readonly Operation<O>[] | undefined => {
    if (left.length === 0) return []
    const state = model.save()
    const here = `${left.map((operation) => operations.indexOf(operation))} ${state}`
    if (hopeless.has(here)) return undefined
    const firstAnswer = Math.min(...left.map(({ answered }) => answered))
    for (const next of left.filter(({ asked }) => asked <= firstAnswer)) {
      const rest = model.accepts(next.what) ? search(left.filter((one) => one !== next)) : undefined
      if (rest) return [next, ...rest]
      model.restore(state)
    }
    hopeless.add(here)
    return undefined
  }
  return search(operations)
}
