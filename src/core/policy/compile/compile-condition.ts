import type { JsonValue } from '../../json/json.ts'
import {
  type AnyChange,
  type BeforeAfter,
  type ChangeAmount,
  type Condition,
  type Crosses,
  type HostPredicate,
  operators,
} from '../model/condition.ts'
import { durationPattern, milliseconds } from '../model/duration.ts'
import type { PolicySubject } from '../model/policy.ts'
import { type Declarations, type Field, isSame } from './field.ts'

/** A test of the host, by name. If it throws, or answers neither `true` nor `false`, approval is required. */
export type Predicate = (subject: PolicySubject, argument: JsonValue | undefined) => boolean

/** The words of the host that policies use. */
export interface Vocabulary {
  /**
   * The shape and the groups of each resource type.
   *
   * @defaultValue none: lists have no identity, and no group is known
   */
  readonly resources?: Declarations
  /**
   * The host's own tests. Pure: they are asked while deciding, and again when the decision is checked.
   *
   * @defaultValue none: no predicate is known, and a condition that names one asks for approval
   */
  readonly predicates?: Readonly<Record<string, Predicate>>
}

/** A condition on a field. */
export type FieldCondition = AnyChange | BeforeAfter | ChangeAmount | Crosses

/** A condition whose patterns are read and whose predicates are found. */
export type CompiledCondition =
  | { readonly type: 'field'; readonly condition: FieldCondition; readonly field: Field }
  | { readonly type: 'predicate'; readonly condition: HostPredicate; readonly predicate: Predicate | undefined }
  | { readonly type: 'all' | 'any'; readonly of: readonly CompiledCondition[] }
  | { readonly type: 'not'; readonly of: CompiledCondition }
  /** What this version does not understand. */
  | { readonly type: 'unknown'; readonly condition: unknown }

/** What conditions are compiled with. */
export interface ConditionWords {
  /** Reads a pattern or the name of a group; `undefined` for a malformed pattern. */
  readonly fieldOf: (text: string) => Field | undefined
  readonly predicates: NonNullable<Vocabulary['predicates']>
}

/**
 * Reads the patterns of a condition and finds its predicates. Conditions fail closed: what is not understood is
 * unknown, and asks for approval.
 */
export function compileCondition(condition: Condition, words: ConditionWords): CompiledCondition {
  if (typeof condition !== 'object' || condition === null) return { type: 'unknown', condition }
  if ('all' in condition && Array.isArray(condition.all)) return { type: 'all', of: compileEach(condition.all, words) }
  if ('any' in condition && Array.isArray(condition.any)) return { type: 'any', of: compileEach(condition.any, words) }
  if ('not' in condition) return { type: 'not', of: compileCondition(condition.not, words) }
  if (!('type' in condition)) return { type: 'unknown', condition }
  if (condition.type === 'predicate') {
    const { predicates } = words
    const known = Object.hasOwn(predicates, condition.name)
    return { type: 'predicate', condition, predicate: known ? predicates[condition.name] : undefined }
  }
  const field = isUnderstood(condition) ? words.fieldOf(condition.field) : undefined
  return field ? { type: 'field', condition, field } : { type: 'unknown', condition }
}

/**
 * Lists heads of fields of which a change has to touch one for the condition to be anything but false: what a policy
 * can be found by. Undefined: no such list can be given.
 */
export function headsOf(condition: CompiledCondition): readonly string[] | undefined {
  switch (condition.type) {
    case 'field':
      return isSame(condition.field) ? condition.field.map(({ head }) => head) : undefined
    case 'all':
      return condition.of
        .flatMap((part) => [headsOf(part) ?? []])
        .filter((heads) => heads.length > 0)
        .sort((a, b) => a.length - b.length)[0]
    case 'any': {
      const heads = condition.of.map(headsOf)
      return heads.length > 0 && heads.every((list) => list !== undefined) ? heads.flat() : undefined
    }
    case 'predicate':
    case 'not':
    case 'unknown':
      return undefined
  }
}

/** A field that is looked at, and how many looks one of its values takes. */
export interface WeighedField {
  readonly field: Field | undefined
  readonly weight: number
}

/** Amounts are compared exactly, in decimal: that takes longer than any other look. */
const weightOfAmount = 8

/** How many revisions of a resource are looked at in a window, at most. */
export const mostRevisions = 100

function weightOf(condition: FieldCondition): number {
  if (condition.type !== 'change_amount') return 1
  return condition.within === undefined ? weightOfAmount : weightOfAmount * (mostRevisions + 1)
}

/** The longest window in a condition, in milliseconds; 0 if it has none. */
export function windowOf(condition: CompiledCondition): number {
  switch (condition.type) {
    case 'field': {
      const { condition: test } = condition
      return test.type === 'change_amount' && test.within ? milliseconds(test.within) : 0
    }
    case 'all':
    case 'any':
      return Math.max(0, ...condition.of.map(windowOf))
    case 'not':
      return windowOf(condition.of)
    case 'predicate':
    case 'unknown':
      return 0
  }
}

/** Tells whether a condition asks the host: its answer about the same change can be another one by another time. */
export function asksHost(condition: CompiledCondition): boolean {
  switch (condition.type) {
    case 'all':
    case 'any':
      return condition.of.some(asksHost)
    case 'not':
      return asksHost(condition.of)
    case 'predicate':
      return true
    case 'field':
    case 'unknown':
      return false
  }
}

/** Lists the fields of a condition, as often as it looks at them. */
export function fieldsOf(condition: CompiledCondition): readonly WeighedField[] {
  switch (condition.type) {
    case 'field':
      return [{ field: condition.field, weight: weightOf(condition.condition) }]
    case 'all':
    case 'any':
      return condition.of.flatMap(fieldsOf)
    case 'not':
      return fieldsOf(condition.of)
    case 'predicate':
    case 'unknown':
      return []
  }
}

function compileEach(conditions: readonly Condition[], words: ConditionWords): readonly CompiledCondition[] {
  return conditions.map((condition) => compileCondition(condition, words))
}

function isUnderstood(condition: FieldCondition): boolean {
  if (typeof condition.field !== 'string') return false
  switch (condition.type) {
    case 'any_change':
    case 'crosses':
      return true
    case 'before_after':
      return operators.includes(condition.operator)
    case 'change_amount':
      return operators.includes(condition.operator) && isWindow(condition)
    default:
      return false
  }
}

/** Tells whether a test has no window, or one that makes sense: small steps add up to more, never to less. */
function isWindow({ within, operator }: ChangeAmount): boolean {
  if (within === undefined) return true
  return typeof within === 'string' && durationPattern.test(within) && (operator === '>' || operator === '>=')
}
