import type { ChangedPlace } from '../../change/changed-place.ts'
import type { CompiledCondition, FieldCondition, Predicate } from '../compile/compile-condition.ts'
import { type FieldPath, isWhole, mayTouch, pathsFor } from '../compile/field.ts'
import type { Surroundings } from '../compile/seen-places.ts'
import type { HostPredicate } from '../model/condition.ts'
import type { PolicySubject } from '../model/policy.ts'
import { judgeAmount, judgeCrossing, judgeNewValue, type Value } from './judge-value.ts'
import { judgeWindow } from './judge-window.ts'
import { type Touched, type TouchedValue, touch } from './touched-values.ts'
import { no, opposite, type Truth, unknown, yes } from './truth.ts'

/** What a policy sees of a change. */
export interface Sight extends Surroundings {
  readonly subject: PolicySubject
  /** The places that it looks at. Their paths are names all the way. */
  readonly places: readonly ChangedPlace[]
  /** Whether it is more than the policies can look through together: then all fields are unknown. */
  readonly tooLarge: boolean
  /** What was found out about fields, for the policies that name the same ones. */
  touched: Map<string, Touched> | undefined
}

/** Judges a condition on what a policy sees of a change. */
export function judgeCondition(condition: CompiledCondition, sight: Sight): Truth {
  if (sight.subject.inDoubt) return unknown
  switch (condition.type) {
    case 'field':
      return judgeField(condition, sight)
    case 'predicate':
      return judgePredicate(condition.condition, condition.predicate, sight.subject)
    case 'not':
      return opposite(judgeCondition(condition.of, sight))
    case 'all':
      return judgeAll(condition.of, sight)
    case 'any':
      return judgeAny(condition.of, sight)
    case 'unknown':
      return unknown
  }
}

/** Judges one value that a condition is about: the step that it takes and, with a window, how far it came. */
export function judgeTouchedValue(condition: FieldCondition, value: TouchedValue, sight: Sight): Truth {
  const { before, after, unnamed } = value
  const step = unnamed ? judgeUnnamed(condition, before, after) : judgeValues(condition, before, after)
  if (step === yes || condition.type !== 'change_amount' || condition.within === undefined) return step
  const course = judgeWindow(condition, value, sight)
  return course > step ? course : step
}

/**
 * An amount is compared only if there is something on both sides, which a list that comes or goes as a whole does
 * not have.
 */
function judgeUnnamed({ type }: FieldCondition, before: Value, after: Value): Truth {
  return type === 'change_amount' && !(hasMembers(before) && hasMembers(after)) ? no : unknown
}

function hasMembers(value: Value): boolean {
  return typeof value === 'object' && value !== null
}

function judgeValues(condition: FieldCondition, before: Value, after: Value): Truth {
  switch (condition.type) {
    case 'any_change':
      return before === undefined && after === undefined ? no : yes
    case 'before_after':
      return judgeNewValue(condition, after)
    case 'change_amount':
      return judgeAmount(condition, before, after)
    case 'crosses':
      return judgeCrossing(condition, before, after)
  }
}

/**
 * Asks a predicate of the host. One that is not there, throws, or answers neither true nor false leaves the answer
 * unknown.
 */
export function judgePredicate(
  { with: argument }: HostPredicate,
  predicate: Predicate | undefined,
  subject: PolicySubject,
): Truth {
  try {
    const answer: unknown = predicate?.(subject, argument)
    return answer === true ? yes : answer === false ? no : unknown
  } catch {
    return unknown
  }
}

function judgeAll(parts: readonly CompiledCondition[], sight: Sight): Truth {
  let least: Truth = parts.length === 0 ? unknown : yes
  for (const part of parts) {
    const truth = judgeCondition(part, sight)
    if (truth === no) return no
    if (truth < least) least = truth
  }
  return least
}

function judgeAny(parts: readonly CompiledCondition[], sight: Sight): Truth {
  let most: Truth = parts.length === 0 ? unknown : no
  for (const part of parts) {
    const truth = judgeCondition(part, sight)
    if (truth === yes) return yes
    if (truth > most) most = truth
  }
  return most
}

function judgeField({ condition, field }: CompiledCondition & { readonly type: 'field' }, sight: Sight): Truth {
  const paths = pathsFor(field, sight.subject.resource.type)
  if (paths === undefined) return unknown
  if (isAnyStep(condition, paths, sight)) return yes
  if (sight.tooLarge) return unknown
  let most: Truth = no
  for (const path of paths) {
    const truth = path.literal
      ? judgeLiteral(condition, path, sight)
      : judgeTouched(condition, touchedBy(path, sight), sight)
    if (truth === yes) return yes
    if (truth > most) most = truth
  }
  return most
}

/** Tells whether a condition is about any change at all, and the change takes a step in the life cycle: that is one. */
export function isAnyStep({ type }: FieldCondition, paths: readonly FieldPath[], { subject }: Sight): boolean {
  return type === 'any_change' && subject.step !== undefined && paths.some(isWhole)
}

/**
 * Judges a field that is one place. A change of exactly this place, by far the most frequent one, is judged without a
 * detour.
 */
function judgeLiteral(condition: FieldCondition, path: FieldPath, sight: Sight): Truth {
  let truth: Truth = no
  let related = false
  for (const place of sight.places) {
    if (place.type === 'changed' && place.path === path.head) {
      const value = { path: place.path, before: place.before, after: place.after, unnamed: false }
      const found = judgeTouchedValue(condition, value, sight)
      if (found > truth) truth = found
    } else if (mayTouch(path, place)) related = true
  }
  if (!related || truth === yes) return truth
  const others = judgeTouched(condition, touchedBy(path, sight), sight)
  return others > truth ? others : truth
}

function judgeTouched(condition: FieldCondition, { within, values }: Touched, sight: Sight): Truth {
  if (condition.type === 'any_change' && within) return yes
  let most: Truth = no
  for (const value of values) {
    const truth = judgeTouchedValue(condition, value, sight)
    if (truth > most) most = truth
  }
  return most
}

/** Finds out how a change touches a field, once for all policies that name it. */
export function touchedBy(path: FieldPath, sight: Sight): Touched {
  sight.touched ??= new Map()
  const known = sight.touched.get(path.text)
  if (known) return known
  const touched = touch(path, sight.places, sight)
  sight.touched.set(path.text, touched)
  return touched
}
