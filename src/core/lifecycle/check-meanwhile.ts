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
      if (move.safe || (move.by === 'clock' && waiting.timed && waiting.to === waiting.from)) continue
      if (move.pending !== undefined) {
        wrong(`${move.action} waits for approval itself, and cannot be done while ${waiting.action} waits`)
      }
      if (!isStillPossible(moves, waiting, move.to)) {
        wrong(
          `${move.action} leads to ${move.to} while ${waiting.action} waits, where that is not possible in the same way`,
        )
      }
    }
  }
}

/** Tells whether an action that waits waits on, and is shown in the same way, once this state is live. */
export function isStillPossible<T>(
  moves: readonly ResolvedMove<T>[],
  { action, pending }: ResolvedMove<T>,
  live: string,
): boolean {
  return moves.some((move) => move.from === live && move.action === action && move.pending === pending)
}

/** Lists what can happen while a move waits: what its row says, what is safe, and whatever the clock does. */
export function movesMeanwhile<T>(
  moves: readonly ResolvedMove<T>[],
  { from, action, meanwhile }: ResolvedMove<T>,
): readonly ResolvedMove<T>[] {
  const others = moves.filter((move) => move.from === from && (move.by === 'clock' || move.action !== action))
  return others.filter((move) => move.by === 'clock' || move.safe || meanwhile.includes(move.action))
}
