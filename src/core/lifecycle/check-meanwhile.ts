import type { ResolvedMove } from './move.ts'

/**
 * Checks that whatever can happen while an action waits leaves it possible: the action has to exist, and be shown in
 * the same way, in the state that is live by then.
 */
export function checkMeanwhile<T>(moves: readonly ResolvedMove<T>[], wrong: (problem: string) => never): void {
  const actions = new Set(moves.map(({ action }) => action))
  for (const waiting of moves.filter(({ pending }) => pending !== undefined)) {
    const unknown = waiting.meanwhile.find((action) => !actions.has(action))
    if (unknown !== undefined) wrong(`${waiting.action}: there is no ${unknown} that could be done meanwhile`)

    for (const move of movesMeanwhile(moves, waiting)) {
      if (move.pending !== undefined) {
        wrong(`${move.action} waits for approval itself, and cannot be done while ${waiting.action} waits`)
      }
      const still = moves.find(({ from, action }) => from === move.to && action === waiting.action)
      if (still?.pending !== waiting.pending) {
        wrong(
          `${move.action} leads to ${move.to} while ${waiting.action} waits, where that is not possible in the same way`,
        )
      }
    }
  }
}

/** Lists what can happen while a move waits: what its row says, and whatever the clock does. */
export function movesMeanwhile<T>(
  moves: readonly ResolvedMove<T>[],
  { from, meanwhile }: ResolvedMove<T>,
): readonly ResolvedMove<T>[] {
  return moves.filter((move) => move.from === from && (move.by === 'clock' || meanwhile.includes(move.action)))
}
