import { checkMeanwhile } from './check-meanwhile.ts'
import { type Follows, followsProblem, sayingsOf } from './follow-state.ts'
import { endings, type Move, type ResolvedMove } from './move.ts'

/** What a host declares of a life cycle. */
export interface LifecycleOptions<T = unknown> {
  /** Name of the life cycle; letters, digits and `_`, as all names in it. */
  readonly name: string
  /** The state in which a resource begins. */
  readonly initial: string
  /** The table. Every pair of state and action that is not in it is refused. */
  readonly moves: readonly Move<T>[]
  /**
   * Patterns of the critical places of the document, if some action carries only changes of those.
   *
   * @defaultValue none: no place is critical
   */
  readonly critical?: readonly string[] | undefined
  /**
   * Properties at the top of the document that say in which state it is, each with its value in every live state:
   * `{ enabled: { draft: false, live: true } }`. The library keeps them so; a change that sets one to something else is
   * refused.
   *
   * @defaultValue none: no property follows the state
   */
  readonly follows?: Follows | undefined
}

const optionNames = ['name', 'initial', 'moves', 'critical', 'follows']
/** What a row can say. */
export const moveNames: readonly string[] = [
  'from',
  'action',
  'pending',
  'to',
  'by',
  'edits',
  'meanwhile',
  'safe',
  'takes',
  'leaves',
  'unreferenced',
  'guard',
  'effect',
]

/** Words that the machine needs for itself: no state and no action has one of these names. */
const reserved: ReadonlySet<string> = new Set([...endings, 'approved', 'due', 'settled'])

/**
 * Spells out a table: one move for each state of each row.
 *
 * @throws TypeError if the table contradicts itself.
 */
export function resolveMoves<T>(options: LifecycleOptions<T>): readonly ResolvedMove<T>[] {
  const wrong = (problem: string): never => {
    throw new TypeError(`defineLifecycle: ${options.name}: ${problem}`)
  }
  checkNames('defineLifecycle', options, optionNames)
  checkName('name', options.name)
  checkName('initial', options.initial)
  for (const move of options.moves) {
    checkNames(`defineLifecycle: ${options.name}: a move`, move, moveNames)
    const states = [move.from, move.to ?? []].flat()
    for (const name of [...states, move.action, move.pending ?? []].flat()) checkName('a state or an action', name)
    checkMove(move, wrong)
  }

  const { follows = {} } = options
  const states = [...new Set([options.initial, ...options.moves.flatMap(({ from, to = from }) => [from, to].flat())])]
  const problem = followsProblem(follows, states)
  if (problem !== undefined) wrong(problem)
  const timed = new Set(options.moves.flatMap(({ from, by }) => (by === 'clock' ? from : [])))
  const moves = options.moves.flatMap((move) =>
    [move.from].flat().map((from): ResolvedMove<T> => {
      const to = move.to ?? from
      return {
        ...move,
        from,
        to,
        meanwhile: move.meanwhile ?? [],
        timed: timed.has(to) && (to !== from || (move.to !== undefined && move.edits === undefined)),
        says: sayingsOf(follows, to),
      }
    }),
  )
  checkTogether(moves, wrong)
  if (moves.some(({ edits }) => edits === 'critical') !== (options.critical ?? []).length > 0) {
    wrong('patterns of critical places and an action that carries critical edits need each other')
  }
  checkMeanwhile(moves, wrong)
  return moves
}

function checkMove<T>(
  { action, to, by, pending, edits, effect, takes, leaves, meanwhile, safe }: Move<T>,
  wrong: (problem: string) => never,
): void {
  if (by !== undefined && by !== 'clock') wrong(`${action}: by must be "clock", or left out`)
  if (by === 'clock' && (pending ?? edits ?? takes) !== undefined)
    wrong(`${action}: the clock asks nobody and says nothing`)
  const unknown = leaves?.find((name) => !takes?.includes(name))
  if (unknown !== undefined)
    wrong(`${action}: it leaves ${unknown} to approvers, and takes ${takes?.join(', ') ?? 'no details'}`)
  if (by === 'clock' && to === undefined) wrong(`${action}: the clock has to lead to another state`)
  if (edits !== undefined && !['any', 'critical', 'other'].includes(edits))
    wrong(`${action}: there are no ${edits} edits`)
  if (edits !== undefined && effect !== undefined)
    wrong(`${action}: an action that carries changes has no effect besides them`)
  if (safe !== undefined && safe !== true) wrong(`${action}: safe must be true, or left out`)
  if (safe && edits !== undefined)
    wrong(`${action}: an action that carries changes is not safe as a whole; policies say which changes are`)
  if (meanwhile !== undefined && pending === undefined)
    wrong(`${action}: meanwhile speaks of waiting, and nothing is pending`)
}

function checkTogether<T>(moves: readonly ResolvedMove<T>[], wrong: (problem: string) => never): void {
  const live = new Set(moves.flatMap(({ from, to }) => [from, to]))
  for (const move of moves) {
    const { from, action, to, by, pending, edits } = move
    const others = moves.filter((other) => other.from === from && other !== move)
    if (others.some((other) => other.action === action)) wrong(`${action} leads out of ${from} twice`)
    if (by === 'clock' && from === to) wrong(`${action}: the clock has to lead to another state`)
    if (by === 'clock' && move.timed) wrong(`${action}: the clock cannot say when it ends ${to}`)
    if (by === 'clock' && others.some((other) => other.by === 'clock')) wrong(`the clock leads out of ${from} twice`)
    if (pending !== undefined && live.has(pending))
      wrong(`${pending} is shown while ${action} waits, and is a live state`)
    if (
      edits &&
      others.some((other) => other.edits && (edits === 'any' || other.edits === 'any' || other.edits === edits))
    ) {
      wrong(`in ${from}, two actions carry the same edits`)
    }
  }
}

function checkName(what: string, name: unknown): void {
  if (typeof name === 'string' && name.length <= 64 && /^[A-Za-z](?:_?[A-Za-z0-9])*$/.test(name) && !reserved.has(name))
    return
  const words = [...reserved].join(', ')
  throw new TypeError(
    `defineLifecycle: ${what} must be a name of letters, digits and single "_", and none of ${words}; not ${JSON.stringify(name)}`,
  )
}

function checkNames(what: string, given: object, known: readonly string[]): void {
  const unknown = Object.keys(given).find((name) => !known.includes(name))
  if (unknown !== undefined)
    throw new TypeError(`${what} has no ${JSON.stringify(unknown)}; it has ${known.join(', ')}`)
}
