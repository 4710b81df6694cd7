import type { PolicySet } from '../compile/policy-set.ts'
import type { PolicySubject } from '../model/policy.ts'
import { isPolicyOn } from '../model/policy-type.ts'
import { sightOf } from './evaluate.ts'
import { isOnlySafe, withoutSafe } from './judge-policy.ts'

/** Which policies have to call a change safe, by id, and how many changes are looked at with it. */
export interface SafeBy {
  readonly ids: readonly string[]
  readonly among: number
}

/**
 * Tells whether each of these policies is on and calls everything that a change does safe. What nobody can look at, and
 * what a policy does not call safe that is off or gone, is not safe; nor is anything if there is no policy.
 */
export function isDeclaredSafe(set: PolicySet, subject: PolicySubject, { ids, among }: SafeBy): boolean {
  const by = ids.flatMap((id) => set.policies.get(id) ?? [])
  if (by.length === 0 || by.length < ids.length) return false
  const sight = sightOf(set, subject, { by, among })
  return by.every(
    (compiled) => isPolicyOn(compiled.policy) && isOnlySafe(withoutSafe(compiled, sight), sight) && !sight.tooLarge,
  )
}
