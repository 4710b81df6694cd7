import { equal, isArray } from '../../json/equal.ts'
import type { JsonValue } from '../../json/json.ts'
import type { BeforeAfter, ChangeAmount, Crosses, Direction, Operator } from '../model/condition.ts'
import { compareDistance, comparePercentage } from './decimal.ts'
import { no, type Truth, unknown, yes } from './truth.ts'

/** A value of a document; `undefined` if there is none. */
export type Value = JsonValue | undefined

/**
 * Judges the new value of a field. Unknown if it is missing, or of another type than the one it is compared with.
 */
export function judgeNewValue({ operator, value }: BeforeAfter, after: Value): Truth {
  if (after === undefined) return unknown
  if (operator === '==' || operator === '!=') {
    if (value !== null && jsonTypeOf(value) !== jsonTypeOf(after)) return unknown
    return truth(equal(after, value) === (operator === '=='))
  }
  if (!isNumber(after) || !isNumber(value)) return unknown
  return judgeOrder(operator, after < value ? -1 : after > value ? 1 : 0)
}

/** Judges how far a number moves. Does not hold for what is only on one side; unknown if a side is no number. */
export function judgeAmount(condition: ChangeAmount, before: Value, after: Value): Truth {
  if (before === undefined || after === undefined) return no
  if (!isNumber(before) || !isNumber(after) || !isNumber(condition.value)) return unknown
  if (!moves(condition.direction, before, after)) return no
  const compare = condition.unit === 'percent' ? comparePercentage : compareDistance
  const order = compare(before, after, condition.value)
  return order === undefined ? unknown : judgeOrder(condition.operator, order)
}

/**
 * Judges whether a number passes a threshold, which itself belongs to the upper side. Unknown if a side is missing
 * or no number.
 */
export function judgeCrossing({ value, direction }: Crosses, before: Value, after: Value): Truth {
  if (!isNumber(before) || !isNumber(after) || !isNumber(value)) return unknown
  return truth(before >= value !== after >= value && moves(direction, before, after))
}

/** Tells whether a number moves that way. */
export function moves(direction: Direction | undefined, before: number, after: number): boolean {
  return direction === 'increase' ? after > before : direction === 'decrease' ? after < before : true
}

/** Names the JSON type of a value. */
export function jsonTypeOf(value: JsonValue): 'null' | 'array' | 'object' | 'string' | 'number' | 'boolean' {
  if (value === null) return 'null'
  if (isArray(value)) return 'array'
  return typeof value as 'object' | 'string' | 'number' | 'boolean'
}

/** Tells whether a value is a number that can be compared. */
export function isNumber(value: Value): value is number {
  return typeof value === 'number' && Number.isFinite(value)
}

function judgeOrder(operator: Operator, order: number): Truth {
  switch (operator) {
    case '>':
      return truth(order > 0)
    case '<':
      return truth(order < 0)
    case '>=':
      return truth(order >= 0)
    case '<=':
      return truth(order <= 0)
    case '==':
      return truth(order === 0)
    case '!=':
      return truth(order !== 0)
  }
}

function truth(holds: boolean): Truth {
  return holds ? yes : no
}
