import type { Digest } from '../json/digest.ts'
import type { JsonValue } from '../json/json.ts'
import { formatPointer } from '../json/pointer.ts'
import { admit } from './admit.ts'
import { type Conflict, type ConflictType, makeConflict, type Resolution, type Sides } from './conflict.ts'

/** A merge that is under way. */
export interface Merging {
  readonly path: string[]
  readonly conflicts: Conflict[]
  readonly answers: ReadonlyMap<Digest, Resolution>
  readonly used: Set<Digest>
  /** What is merged, among several things. */
  readonly about: JsonValue | undefined
  problem: { readonly conflict: string; readonly problem: string } | undefined
}

/** Reports a conflict at the place that the merge has come to, or takes the answer that there is to it. */
export function collide(type: ConflictType, sides: Sides, merging: Merging, both?: JsonValue): JsonValue | undefined {
  const made = makeConflict(type, formatPointer(merging.path), sides, merging.about)
  const conflict: Conflict = both === undefined ? made : { ...made, choices: ['live', 'draft', 'both', 'value'] }
  const resolution = merging.answers.get(conflict.digest)
  if (resolution !== undefined) return answer(conflict, resolution, merging, both)
  merging.conflicts.push(conflict)
  return sides.live
}

function answer(conflict: Conflict, resolution: Resolution, merging: Merging, both?: JsonValue): JsonValue | undefined {
  merging.used.add(conflict.digest)
  if (!conflict.choices.includes(resolution.take)) {
    refuseAnswer(conflict.id, `it can take ${conflict.choices.join(', ')}, and not ${resolution.take}`, merging)
    return conflict.live
  }
  switch (resolution.take) {
    case 'live':
      return conflict.live
    case 'draft':
      return conflict.draft
    case 'both':
      return both
    case 'value': {
      const admitted = admit(resolution.value)
      if (admitted.ok) return admitted.value
      refuseAnswer(conflict.id, admitted.refusal.message, merging)
      return conflict.live
    }
  }
}

/** Refuses an answer; the first one refused is reported. */
export function refuseAnswer(id: string, problem: string, merging: Merging): void {
  merging.problem ??= { conflict: id, problem }
}

/** Takes the answer to an invalid result of exactly these sides, if there is one. */
export function answerResult(sides: Sides, value: JsonValue | undefined, merging: Merging): JsonValue | undefined {
  const conflict = makeConflict('invalid_result', '', sides, merging.about)
  const resolution = merging.answers.get(conflict.digest)
  return resolution === undefined ? value : answer(conflict, resolution, merging)
}
