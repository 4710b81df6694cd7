import { positionsIn } from '../../change/named-path.ts'
import type { CompiledShape } from '../../change/shape.ts'
import type { CompiledCondition, FieldCondition } from '../compile/compile-condition.ts'
import { type FieldPath, isWithin, pathsFor } from '../compile/field.ts'
import { isAnyStep, judgePredicate, judgeTouchedValue, type Sight, touchedBy } from '../evaluate/judge-condition.ts'
import { isNumber, type Value } from '../evaluate/judge-value.ts'
import type { TouchedValue } from '../evaluate/touched-values.ts'
import { no, opposite, type Truth, unknown, yes } from '../evaluate/truth.ts'
import type { Condition } from '../model/condition.ts'
import type { Duration } from '../model/duration.ts'
import type { LifecycleStep } from '../model/policy.ts'

/** Whether something holds. Conditions fail closed: unknown counts as yes. */
export type Answer = 'yes' | 'no' | 'unknown'

/** What became of a condition, and what decided it. */
export type ConditionExplanation =
  | { readonly type: 'all' | 'any'; readonly holds: Answer; readonly of: readonly ConditionExplanation[] }
  | { readonly type: 'not'; readonly holds: Answer; readonly of: ConditionExplanation }
  | TestExplanation

/**
 * What became of one test, and the values that decided it. Neither a value nor a step: the change does not touch the
 * field.
 */
export interface TestExplanation {
  readonly type: 'test'
  readonly holds: Answer
  readonly condition: Condition
  readonly values: readonly ValueExplanation[]
  /** The step in the life cycle that decided it, if one did. */
  readonly step?: LifecycleStep | undefined
  /** How many values it looked at besides. Left out: none. */
  readonly more?: number
  /**
   * Why nobody can say, if that does not lie in the values. `too_large`: the change has more values than all
   * policies can look through. `in_doubt`: the resource goes to another project.
   */
  readonly problem:
    | 'not_understood'
    | 'unknown_group'
    | 'unknown_predicate'
    | 'predicate_failed'
    | 'too_large'
    | 'in_doubt'
    | undefined
}

/** A value that a test looked at. */
export interface ValueExplanation {
  readonly path: string
  /** Which segments of `path`, counted from 0, are positions in a `byPlace()` list. Left out: none. */
  readonly byPlace?: readonly number[]
  /**
   * Undefined, as for `after`: there is none on this side. If the items of a list have no identity, both are the
   * list.
   */
  readonly before: Value
  readonly after: Value
  readonly holds: Answer
  /** The window, if it is not the step that decided, but how far the value came within it. */
  readonly within?: Duration | undefined
  /** Why nobody can say. */
  readonly problem: 'missing' | 'wrong_type' | 'no_identity' | 'percent_of_zero' | undefined
}

/** Judges a condition as `judge` does, and keeps what decided it. Looks at every part, also if one would do. */
export function explainCondition(compiled: CompiledCondition, sight: Sight): ConditionExplanation {
  switch (compiled.type) {
    case 'field':
      return sight.subject.inDoubt ? inDoubt(compiled.condition) : explainField(compiled, sight)
    case 'predicate': {
      if (sight.subject.inDoubt) return inDoubt(compiled.condition)
      const { condition, predicate } = compiled
      const truth = judgePredicate(condition, predicate, sight.subject)
      const problem = predicate ? 'predicate_failed' : 'unknown_predicate'
      return test(condition, truth, [], truth === unknown ? problem : undefined)
    }
    case 'not': {
      const of = explainCondition(compiled.of, sight)
      return { type: 'not', holds: answer(opposite(truthOf(of.holds))), of }
    }
    case 'all':
    case 'any': {
      const of = compiled.of.map((part) => explainCondition(part, sight))
      const truths = of.map(({ holds }) => truthOf(holds))
      const isFirst = (a: Truth, b: Truth) => (compiled.type === 'all' ? a < b : a > b)
      const truth = truths.reduce((picked, one) => (isFirst(one, picked) ? one : picked), truths[0] ?? unknown)
      return { type: compiled.type, holds: answer(truth), of }
    }
    case 'unknown':
      return test(compiled.condition as Condition, unknown, [], 'not_understood')
  }
}

function inDoubt(condition: Condition): TestExplanation {
  return test(condition, unknown, [], 'in_doubt')
}

/** Names a truth. */
export function answer(truth: Truth): Answer {
  return truth === yes ? 'yes' : truth === no ? 'no' : 'unknown'
}

/** Reads the name of a truth. */
export function truthOf(name: Answer): Truth {
  return name === 'yes' ? yes : name === 'no' ? no : unknown
}

function explainField(
  { condition, field }: CompiledCondition & { readonly type: 'field' },
  sight: Sight,
): TestExplanation {
  const paths = pathsFor(field, sight.subject.resource.type)
  if (paths === undefined) return test(condition, unknown, [], 'unknown_group')
  const anyStep = isAnyStep(condition, paths, sight)
  const inStep = anyStep ? { step: sight.subject.step } : {}
  if (sight.tooLarge) {
    return { ...test(condition, anyStep ? yes : unknown, [], anyStep ? undefined : 'too_large'), ...inStep }
  }
  let most: Truth = anyStep ? yes : no
  const values = shortList()
  for (const path of paths) {
    const truth = condition.type === 'any_change' ? listPlaces(path, sight, values) : no
    const touched = truth === yes ? yes : listValues(condition, path, sight, values)
    if (touched > most) most = touched
  }
  const more = values.leftOut()
  return { ...test(condition, most, values.listed, undefined), ...(more > 0 ? { more } : {}), ...inStep }
}

/** How many values a test lists that are judged alike. */
const mostValues = 1_000

interface ShortList {
  readonly listed: readonly ValueExplanation[]
  add(value: ValueExplanation): void
  leftOut(): number
}

/** Lists values, of each judgement the first ones. */
function shortList(): ShortList {
  const listed: ValueExplanation[] = []
  const counts = { yes: 0, no: 0, unknown: 0 }
  let more = 0
  return {
    listed,
    add(value) {
      if (counts[value.holds]++ < mostValues) listed.push(value)
      else more++
    },
    leftOut: () => more,
  }
}

/** Lists the changed places that are the field or lie inside it. */
function listPlaces(path: FieldPath, { places, shape }: Sight, into: ShortList): Truth {
  let truth: Truth = no
  for (const place of places) {
    if (!isWithin(path, place)) continue
    truth = yes
    const before = place.type === 'added' ? undefined : place.before
    const after = place.type === 'removed' ? undefined : place.after
    into.add({ ...whereIs(place.path, shape), before, after, holds: 'yes', problem: undefined })
  }
  return truth
}

function listValues(condition: FieldCondition, path: FieldPath, sight: Sight, into: ShortList): Truth {
  let most: Truth = no
  for (const value of touchedBy(path, sight).values) {
    const truth = judgeTouchedValue(condition, value, sight)
    const course = courseOf(condition, value, { truth, sight })
    const problem = truth === unknown && !course.within ? problemOf(condition, value) : undefined
    const { path: found, before, after } = value
    into.add({ ...whereIs(found, sight.shape), before, after, holds: answer(truth), problem, ...course })
    if (truth > most) most = truth
  }
  return most
}

/** Says so if it is not the step that decided, but how far the value came within the window. */
function courseOf(
  condition: FieldCondition,
  value: TouchedValue,
  { truth, sight }: { readonly truth: Truth; readonly sight: Sight },
): Pick<ValueExplanation, 'within'> {
  if (truth === no || condition.type !== 'change_amount' || condition.within === undefined) return {}
  const { within, ...step } = condition
  return judgeTouchedValue(step, value, sight) < truth ? { within } : {}
}

function whereIs(path: string, shape: CompiledShape): Pick<ValueExplanation, 'path' | 'byPlace'> {
  const byPlace = positionsIn(path, shape)
  return { path, ...(byPlace.length > 0 ? { byPlace } : {}) }
}

function problemOf(condition: FieldCondition, { before, after, unnamed }: TouchedValue): ValueExplanation['problem'] {
  if (unnamed) return 'no_identity'
  if (condition.type === 'before_after') return after === undefined ? 'missing' : 'wrong_type'
  if (before === undefined || after === undefined) return 'missing'
  return isNumber(before) && isNumber(after) ? 'percent_of_zero' : 'wrong_type'
}

function test(
  condition: Condition,
  truth: Truth,
  values: readonly ValueExplanation[],
  problem: TestExplanation['problem'],
): TestExplanation {
  return { type: 'test', holds: answer(truth), condition, values, problem }
}
