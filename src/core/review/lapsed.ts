import { milliseconds } from '../policy/model/duration.ts'
import type { RulesOfConduct } from '../policy/model/rules-of-conduct.ts'
import type { Review } from './under-review.ts'

/** A moment, and the rules that say for how long an approval counts. */
interface Judging {
  readonly at: number
  readonly rules: Pick<RulesOfConduct, 'approvalsExpireAfter'>
}

/** When an approval stops counting, in milliseconds since 1970; `undefined` if it never does, or is none. */
export function lapseOf({ verdict, at }: Review, { approvalsExpireAfter }: Judging['rules']): number | undefined {
  if (verdict !== 'approve' || approvalsExpireAfter === 'never') return undefined
  return at + milliseconds(approvalsExpireAfter)
}

/** Tells whether an approval was given too long ago to count. */
export function isLapsed(review: Review, { at, rules }: Judging): boolean {
  const ends = lapseOf(review, rules)
  return ends !== undefined && ends <= at
}
