import { defined } from '../../defined.ts'
import type { Policy, PolicyMatch, SafeChange } from '../model/policy.ts'
import type { PinnedRequirement, Requirement } from '../model/requirement.ts'
import { completeRules, type RulesOfConduct } from '../model/rules-of-conduct.ts'
import {
  type CompiledCondition,
  type ConditionWords,
  compileCondition,
  fieldsOf,
  headsOf,
  type Vocabulary,
  type WeighedField,
} from './compile-condition.ts'
import { compileField, type Field, type FieldPath, longestOf } from './field.ts'

/** A policy, ready to be judged. */
export interface CompiledPolicy {
  readonly policy: Policy
  /** What it names; undefined matches everything. */
  readonly resources: readonly string[] | undefined
  readonly actions: readonly string[] | undefined
  readonly projects: readonly string[] | undefined
  readonly facets: readonly { readonly name: string; readonly values: readonly string[] | undefined }[]
  readonly when: CompiledCondition | undefined
  /** Heads of fields of which a change touches one wherever the policy matches; `undefined` if that cannot be said. */
  readonly heads: readonly string[] | undefined
  readonly safe: readonly CompiledSafeChange[]
  /** Undefined if it depends on who owns the touched fields. */
  readonly pinned: readonly PinnedRequirement[] | undefined
  /** The fields of its owners, in their order; `undefined` for one with a malformed pattern. */
  readonly owned: readonly (Field | undefined)[]
  readonly rules: RulesOfConduct
  /** What it takes to judge it. */
  readonly looks: Looks
}

/** What it takes to look at a change. */
export interface Looks {
  /** How many times all values of the change are searched. */
  readonly searches: number
  /** How many times each changed place is checked. */
  readonly checks: number
  /** How many times more all values are searched to explain it. */
  readonly explained: number
}

/** A safe change, its pattern read; one with a malformed pattern excuses nothing. */
export interface CompiledSafeChange {
  readonly change: SafeChange
  readonly field: Field | undefined
}

/**
 * Compiles policies that use these words; the patterns that they have in common are read once.
 *
 * Never fails: what is not understood is kept as unknown, and asks for approval when it is judged.
 */
export function policyCompiler({ resources = {}, predicates = {} }: Vocabulary): (policy: Policy) => CompiledPolicy {
  const fields = new Map<string, Field | undefined>()
  const fieldOf = (text: string) => {
    if (!fields.has(text)) fields.set(text, compileField(text, resources))
    return fields.get(text)
  }
  return (policy) => compilePolicy(policy, { fieldOf, predicates })
}

function compilePolicy(policy: Policy, words: ConditionWords): CompiledPolicy {
  const { match, safe = [], require } = policy
  const { resource, action, project, facets = {} }: PolicyMatch = match ?? {}
  const when = policy.when === undefined ? undefined : compileCondition(policy.when, words)
  const excused = safe.map((change) => ({ change, field: words.fieldOf(change.field) }))
  const owned = 'owners' in require ? require.owners.map(({ field }) => words.fieldOf(field)) : []
  return {
    policy,
    resources: listed(resource),
    actions: listed(action),
    projects: listed(project),
    facets: Object.entries(facets).map(([name, values]) => ({ name, values: listed(values) })),
    when,
    heads: when && telling(headsOf(when)),
    safe: excused,
    pinned: 'owners' in require ? undefined : [pinnedOf(policy, require)],
    owned,
    rules: completeRules(policy.rules),
    looks: looksOf([...(when ? fieldsOf(when) : []), ...owned.map((field) => ({ field, weight: 1 }))], excused),
  }
}

/**
 * Counts what it takes to look for fields, and to find out what is safe. The type is not known here: it is the one
 * that takes most.
 */
function looksOf(fields: readonly WeighedField[], safe: readonly CompiledSafeChange[]): Looks {
  let [searches, checks, explained] = [0, 0, 0]
  for (const { field, weight } of fields) {
    for (const path of longestOf(field)) {
      checks++
      searches += searchesFor(path) * weight
    }
  }
  for (const { field } of safe) {
    const paths = longestOf(field)
    checks += paths.length
    explained += paths.reduce((sum, path) => sum + searchesFor(path), 0)
  }
  return { searches, checks, explained }
}

function searchesFor({ literal, segments }: FieldPath): number {
  return literal ? 0 : 1 + segments.filter((segment) => segment === '**').length
}

/** Heads that leave something out: every change touches the root. */
function telling(heads: readonly string[] | undefined): readonly string[] | undefined {
  return heads?.includes('') ? undefined : heads
}

/** What a policy asks, as requests keep it. */
export function pinnedOf({ id, version, veto, escalate }: Policy, require: Requirement): PinnedRequirement {
  return { policy: id, version, require, ...defined({ veto, escalate }) }
}

function listed(names: string | readonly string[] | undefined): readonly string[] | undefined {
  return typeof names === 'string' ? [names] : Array.isArray(names) ? names : undefined
}
