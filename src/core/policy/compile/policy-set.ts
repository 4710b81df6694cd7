import type { CompiledShape } from '../../change/shape.ts'
import type { Policy } from '../model/policy.ts'
import { isPolicyOn } from '../model/policy-type.ts'
import type { Vocabulary } from './compile-condition.ts'
import { type CompiledPolicy, isUnsteady, looksAround, policyCompiler } from './compile-policy.ts'
import { addTo, emptyIndex, type PolicyIndex, removeFrom } from './policy-index.ts'

/**
 * The policies of a tenant, compiled and indexed. Made by {@link compilePolicies}, used by {@link evaluate}, never
 * changed.
 */
export interface PolicySet {
  /**
   * The policies that are saved, by id: those that are off and those in shadow too.
   *
   * @internal
   */
  readonly policies: ReadonlyMap<string, CompiledPolicy>
  /**
   * Those that are on.
   *
   * @internal
   */
  readonly index: PolicyIndex
  /**
   * Those in shadow; `undefined` if there are none.
   *
   * @internal
   */
  readonly shadows: PolicyIndex | undefined
  /**
   * Those that are on or in shadow, and look at more than the change itself.
   *
   * @internal
   */
  readonly lookingAround: readonly CompiledPolicy[]
  /**
   * Those that are on or in shadow, and can ask something else of the same change by another time.
   *
   * @internal
   */
  readonly unsteady: readonly CompiledPolicy[]
  readonly shapes: ReadonlyMap<string, CompiledShape>
  readonly vocabulary: Vocabulary
}

/**
 * Compiles policies for evaluation. Of two policies with one id, the later one counts.
 *
 * `vocabulary` holds what policies can only name: the shapes and groups of resource types, and the host's predicates.
 * What it lacks is unknown, and asks for approval.
 *
 * @example
 * ```ts
 * const inForce = compilePolicies([{ ...policy, version: 1 }])
 * ```
 */
export function compilePolicies(policies: readonly Policy[], vocabulary: Vocabulary = {}): PolicySet {
  const compile = policyCompiler(vocabulary)
  const compiled = new Map(policies.map((policy) => [policy.id, compile(policy)]))
  const shapes = new Map<string, CompiledShape>()
  for (const [type, { shape }] of Object.entries(vocabulary.resources ?? {})) if (shape) shapes.set(type, shape)
  const { on, shadow } = byMode([...compiled.values()])
  const shadows = shadow.length > 0 ? addTo(emptyIndex, shadow) : undefined
  const unsteady = [...on, ...shadow].filter(isUnsteady)
  const lookingAround = unsteady.filter(looksAround)
  return { policies: compiled, index: addTo(emptyIndex, on), shadows, lookingAround, unsteady, shapes, vocabulary }
}

/**
 * Gives the set with this policy in it, in the place of the one with the same id. The given set stays as it is.
 *
 * @example
 * ```ts
 * const next = withPolicy(inForce, { ...policy, version: 2 })
 * ```
 */
export function withPolicy(set: PolicySet, policy: Policy): PolicySet {
  return withChanges(set, [{ id: policy.id, policy }])
}

/**
 * Gives the set without the policy of this id. The given set stays as it is.
 *
 * @example
 * ```ts
 * const next = withoutPolicy(inForce, 'big-rollouts')
 * ```
 */
export function withoutPolicy(set: PolicySet, id: string): PolicySet {
  return withChanges(set, [{ id, policy: null }])
}

/** A policy that was saved, or one that was removed. */
export interface PolicyChange {
  readonly id: string
  readonly policy: Policy | null
}

/**
 * Gives the set after these changes, in their order; the policies that they leave alone are not compiled again. The
 * given set stays as it is.
 */
export function withChanges(set: PolicySet, changes: readonly PolicyChange[]): PolicySet {
  const compile = policyCompiler(set.vocabulary)
  const policies = new Map(set.policies)
  for (const { id, policy } of changes) {
    if (policy) policies.set(id, compile(policy))
    else policies.delete(id)
  }
  const ids = [...new Set(changes.map(({ id }) => id))]
  const of = (from: PolicySet['policies']) => ids.flatMap((id) => from.get(id) ?? [])
  const [gone, come] = [of(set.policies), of(policies)]
  if (gone.length + come.length === 0) return set
  const [left, joined] = [byMode(gone), byMode(come)]
  const index = addTo(removeFrom(set.index, left.on), joined.on)
  const changed = left.shadow.length + joined.shadow.length > 0
  const shadows = changed ? addTo(removeFrom(set.shadows ?? emptyIndex, left.shadow), joined.shadow) : set.shadows
  const others = set.unsteady.filter((one) => !gone.includes(one))
  const unsteady = [...others, ...[...joined.on, ...joined.shadow].filter(isUnsteady)]
  return { ...set, policies, index, shadows, lookingAround: unsteady.filter(looksAround), unsteady }
}

function byMode(compiled: readonly CompiledPolicy[]) {
  return {
    on: compiled.filter(({ policy }) => isPolicyOn(policy)),
    shadow: compiled.filter(({ policy }) => policy.mode === 'shadow'),
  }
}
