import { type Surroundings, valueAt } from '../compile/seen-places.ts'
import type { ChangeAmount } from '../model/condition.ts'
import { milliseconds } from '../model/duration.ts'
import type { PolicySubject } from '../model/policy.ts'
import { judgeAmount } from './judge-value.ts'
import type { TouchedValue } from './touched-values.ts'
import { no, type Truth, unknown, yes } from './truth.ts'

/**
 * Judges how far a new value is from those that were live within the window of a test. Of what stood at the same place
 * then, the farthest counts. Unknown if nobody could read all that was live.
 */
export function judgeWindow(
  condition: ChangeAmount,
  { path, after, unnamed }: TouchedValue,
  { subject: { around }, shape, lists }: Surroundings & { readonly subject: PolicySubject },
): Truth {
  if (condition.within === undefined || after === undefined) return no
  if (around?.earlier === undefined) return unknown
  const since = around.at - milliseconds(condition.within)
  let most: Truth = no
  for (const { document, until } of around.earlier) {
    if (until <= since) continue
    const found = document === undefined ? { value: undefined } : valueAt(document, path, { shape, lists })
    const isUnnamed = unnamed && document !== undefined
    const truth = found === 'unnamed' || isUnnamed ? unknown : judgeAmount(condition, found.value, after)
    if (truth === yes) return yes
    if (truth > most) most = truth
  }
  return most
}
