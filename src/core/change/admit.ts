import { messageOf } from '../../errors/message-of.ts'
import { type Result, refuse, success } from '../../errors/result.ts'
import type { JsonValue } from '../json/json.ts'
import { type Admission, defaultLimits } from '../json/limits.ts'
import { type Handling, takeIn } from './take-in.ts'
import { type SizeTally, startTally } from './tally.ts'

/**
 * Takes in a value from outside: copies it once, strictly, into plain frozen JSON, or says where it is not plain
 * JSON.
 *
 * The copy is all that is looked at afterwards, so that what is checked, stored, hashed and applied is the same. `-0`
 * becomes `0`. Refused are: undefined, functions, symbols, bigints, non-finite numbers, integers that a double cannot
 * hold exactly, halves of surrogate pairs, holes, getters, hidden and symbol keys, instances of classes (dates, maps,
 * …), the key `__proto__`, cycles, and whatever is over the limits. No getter and no `toJSON` is ever called.
 *
 * @example
 * ```ts
 * const admitted = admit(JSON.parse('{"rollout":80}'))
 * if (admitted.ok) console.log(admitted.value)
 * ```
 *
 * @returns The copy, or a refusal: `invalid_document`.
 */
export function admit(value: unknown, limits: Admission = defaultLimits): Result<JsonValue, 'invalid_document'> {
  return admitAs(value, startTally(limits), copies)
}

/** Copies every container: nothing is trusted. */
export const copies = (): Handling => 'copy'

/** Does what {@link admit} does, with a say in what becomes of each container, and a tally that goes on. */
export function admitAs(
  value: unknown,
  tally: SizeTally,
  handling: (source: object) => Handling,
): Result<JsonValue, 'invalid_document'> {
  try {
    const taken = takeIn(value, tally, handling)
    return taken.ok ? success(taken.value) : refuse('invalid_document', { path: taken.path, problem: taken.problem })
  } catch (thrown) {
    return refuse('invalid_document', { path: '', problem: `it cannot be read (${messageOf(thrown)})` })
  }
}
