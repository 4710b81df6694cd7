import { defined } from '../../defined.ts'
import { approversNamed } from '../model/fields-in.ts'
import type { Policy, PolicyMatch, SafeChange } from '../model/policy.ts'
import type { NamedPeople, PinnedRequirement, Requirement } from '../model/requirement.ts'
import { completeRules, type RulesOfConduct } from '../model/rules-of-conduct.ts'
import {
  asksHost,
  type CompiledCondition,
  type ConditionWords,
  compileCondition,
  fieldsOf,
  headsOf,
  type Vocabulary,
  type WeighedField,
  windowOf,
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
  /** Who has to ask for it to hold; undefined: anybody. */
  readonly requester: NamedPeople | undefined
  /** Whether whom it asks depends on the document, or on who asks. */
  readonly resolves: boolean
  /** The fields of the document that name approvers. */
  readonly namingFields: readonly string[]
  /** How far back in time it looks, in milliseconds; 0 if it does not. */
  readonly within: number
  /** Reads a field that it names. */
  readonly fieldOf: ConditionWords['fieldOf']
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

/** What a policy names; undefined matches everything. */
export type CompiledScope = Pick<CompiledPolicy, 'resources' | 'actions' | 'projects' | 'facets' | 'requester'>

/** Compiles what a policy, or anything else, is about. */
export function compileScope({ resource, action, project, facets = {}, requester }: PolicyMatch): CompiledScope {
  return {
    resources: listed(resource),
    actions: listed(action),
    projects: listed(project),
    facets: Object.entries(facets).map(([name, values]) => ({ name, values: listed(values) })),
    requester,
  }
}

function compilePolicy(policy: Policy, words: ConditionWords): CompiledPolicy {
  const { match, safe = [], require } = policy
  const when = policy.when === undefined ? undefined : compileCondition(policy.when, words)
  const excused = safe.map((change) => ({ change, field: words.fieldOf(change.field) }))
  const owned = 'owners' in require ? require.owners.map(({ field }) => words.fieldOf(field)) : []
  return {
    policy,
    ...compileScope(match ?? {}),
    when,
    heads: when && telling(headsOf(when)),
    safe: excused,
    pinned: 'owners' in require ? undefined : [pinnedOf(policy, require)],
    owned,
    rules: completeRules(policy.rules),
    ...namingIn(policy),
    within: when ? windowOf(when) : 0,
    fieldOf: words.fieldOf,
    looks: looksOf([...(when ? fieldsOf(when) : []), ...owned.map((field) => ({ field, weight: 1 }))], excused),
  }
}

/** Tells whether a policy needs to know more than the change itself. */
export function looksAround({ requester, resolves, within }: CompiledPolicy): boolean {
  return requester !== undefined || resolves || within > 0
}

/** Tells whether a policy can ask something else of the same change by another time, though it stays as it is. */
export function isUnsteady(policy: CompiledPolicy): boolean {
  return looksAround(policy) || (policy.when !== undefined && asksHost(policy.when))
}

function namingIn(policy: Policy): Pick<CompiledPolicy, 'resolves' | 'namingFields'> {
  const approvers = approversNamed(policy).flatMap(({ value }) => value ?? [])
  return {
    resolves: approvers.some(({ field, owner }) => field !== undefined || owner === true),
    namingFields: [...new Set(approvers.flatMap(({ field }) => field ?? []))],
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
export function pinnedOf(policy: Policy, require: Requirement): PinnedRequirement {
  const { id, version, veto, escalate, source } = policy
  const whileOff = policy.whileOff === 'asks' ? policy.whileOff : undefined
  return { policy: id, version, require, ...defined({ veto, escalate, source, whileOff }) }
}

function listed(names: string | readonly string[] | undefined): readonly string[] | undefined {
  return typeof names === 'string' ? [names] : Array.isArray(names) ? names : undefined
}
