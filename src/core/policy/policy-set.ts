import type { CompiledShape } from '../change/shape.ts'
import type { Vocabulary } from './compile-condition.ts'
import { type CompiledPolicy, policyCompiler } from './compile-policy.ts'
import type { Policy } from './policy.ts'
import { addTo, emptyIndex, type PolicyIndex, removeFrom } from './policy-index.ts'

/** The policies of a tenant, compiled and indexed. Made by {@link compilePolicies}, used by {@link evaluate}, never changed. */
export interface PolicySet {
  /**
   * The policies in force, by id.
   *
   * @internal
   */
  readonly policies: ReadonlyMap<string, CompiledPolicy>
  /** @internal */
  readonly index: PolicyIndex
  readonly shapes: ReadonlyMap<string, CompiledShape>
  readonly vocabulary: Vocabulary
}

/**
 * Compiles policies for evaluation. Of two policies with one id, the later one counts.
 *
 * `vocabulary` holds what policies can only name: the shapes and groups of resource types, and the host's predicates. What it lacks is
 * unknown, and closes the gate.
 */
export function compilePolicies(policies: readonly Policy[], vocabulary: Vocabulary = {}): PolicySet {
  const compile = policyCompiler(vocabulary)
  const compiled = new Map(policies.map((policy) => [policy.id, compile(policy)]))
  const shapes = new Map<string, CompiledShape>()
  for (const [type, { shape }] of Object.entries(vocabulary.resources ?? {})) if (shape) shapes.set(type, shape)
  return { policies: compiled, index: addTo(emptyIndex, [...compiled.values()]), shapes, vocabulary }
}

/** Gives the set with this policy in it, in the place of the one with the same id. The given set stays as it is. */
export function withPolicy(set: PolicySet, policy: Policy): PolicySet {
  const known = set.policies.get(policy.id)
  const compiled = policyCompiler(set.vocabulary)(policy)
  const index = known ? removeFrom(set.index, known) : set.index
  return { ...set, policies: new Map(set.policies).set(policy.id, compiled), index: addTo(index, [compiled]) }
}

/** Gives the set without the policy of this id. The given set stays as it is. */
export function withoutPolicy(set: PolicySet, id: string): PolicySet {
  const known = set.policies.get(id)
  if (known === undefined) return set
  const policies = new Map(set.policies)
  policies.delete(id)
  return { ...set, policies, index: removeFrom(set.index, known) }
}
