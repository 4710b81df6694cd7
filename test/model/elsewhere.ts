import type { Flag } from './vocabulary.ts'

/** What a system does with the next write, where that is not simply what it was asked for. */
export const moods = [
  /** It refuses, and has done nothing. */
  'refuses',
  /** It refuses, has done nothing and never will, and says so. */
  'declines',
  /** It lands, and says that it failed. */
  'forgets',
  /** It lands, and never answers. */
  'hangs',
  /** It never answers, and has done nothing. */
  'sleeps',
  /** It says that it failed, and lands when nobody waits for it any more. */
  'delays',
  /** It lands and answers, but so late that somebody else may be at it. */
  'stalls',
  /** It lands, says that it failed, and cannot be read any more. */
  'blinds',
  /** Somebody else writes there right before. */
  'overtaken',
] as const

export type Mood = (typeof moods)[number]

/** A write that a system was asked for. */
export interface Asked {
  readonly key: string
  readonly fence: number
  readonly expected: Flag
  readonly document: Flag
}

/**
 * A system that keeps one flag. It lands a write once under its key, refuses a fence lower than one it has seen, and compares what it has. The library
 * is given one, and the model has one of its own, so that what they asked for can be compared.
 */
export function elsewhere(first: Flag, stall: () => void) {
  const state = { document: first, isBlind: false, moods: [] as Mood[] }
  const log = { asked: [] as Asked[], landed: [] as Asked[], met: new Set<Mood>() }
  const done = new Set<string>()
  let late: Asked[] = []
  let fence = 0

  function land(asked: Asked): 'done' | 'refused' {
    if (asked.fence < fence) return 'refused'
    fence = asked.fence
    if (done.has(asked.key)) return 'done'
    if (!isSame(asked.expected, state.document)) return 'refused'
    done.add(asked.key)
    log.landed.push(asked)
    state.document = asked.document
    return 'done'
  }

  function move(rollout: number): void {
    state.document = { ...state.document, rollout }
  }

  return {
    state,
    log,
    move,
    /** Takes a write, and says how it answers: `silent` is not at all. */
    write(asked: Asked): 'done' | 'refused' | 'declined' | 'silent' {
      log.asked.push(asked)
      const mood = state.moods.shift()
      if (mood === undefined) return land(asked)
      log.met.add(mood)
      switch (mood) {
        case 'refuses':
          return 'refused'
        case 'declines':
          return 'declined'
        case 'sleeps':
          return 'silent'
        case 'delays':
          late.push(asked)
          return 'refused'
        case 'forgets':
          land(asked)
          return 'refused'
        case 'hangs':
          land(asked)
          return 'silent'
        case 'stalls':
          stall()
          return land(asked)
        case 'blinds':
          land(asked)
          state.isBlind = true
          return 'refused'
        case 'overtaken':
          move(state.document.rollout + 1)
          return land(asked)
      }
    },
    /** Lands what was delayed, where that is still wanted. */
    arrive(): void {
      for (const asked of late) land(asked)
      late = []
    },
  }
}

export type Elsewhere = ReturnType<typeof elsewhere>

/** Tells whether two flags are the same, as far as the model looks at them. */
export function isSame(one: Flag, other: Flag): boolean {
  return one.rollout === other.rollout && one.description === other.description
}
