import { equal } from '../../json/equal.ts'
import type { JsonValue } from '../../json/json.ts'
import { asJson } from '../../json/json.ts'
import type { BeforeAfter, ChangeAmount, Condition, Operator } from '../model/condition.ts'

/**
 * Finds out whether a condition holds for every change, or for none, whatever the change is.
 *
 * Finds the plain cases, not all of them. A condition that never holds still asks for approval if a value cannot be
 * read.
 */
export function constantOf(condition: Condition): 'always' | 'never' | undefined {
  if ('all' in condition) return constantOfAll(condition.all)
  if ('any' in condition) return turned(constantOfAll(condition.any.map((part) => ({ not: part }))))
  if ('not' in condition) return turned(constantOf(condition.not))
  switch (condition.type) {
    case 'any_change':
      return /^(?:\/\*\*)*$/.test(condition.field) ? 'always' : undefined
    case 'change_amount':
      return canAllHold([condition]) ? undefined : 'never'
    case 'before_after':
    case 'crosses':
    case 'predicate':
      return undefined
  }
}

function constantOfAll(parts: readonly Condition[]): 'always' | 'never' | undefined {
  const constants = parts.map(constantOf)
  if (constants.includes('never') || contradict(parts)) return 'never'
  return constants.every((constant) => constant === 'always') ? 'always' : undefined
}

function turned(constant: 'always' | 'never' | undefined): 'always' | 'never' | undefined {
  return constant && (constant === 'always' ? 'never' : 'always')
}

/**
 * Tells whether conditions exclude each other: one is the opposite of another, or no value of one field can meet them
 * all.
 */
function contradict(parts: readonly Condition[]): boolean {
  const flat = parts.flatMap(flattened)
  const opposites = flat.some((part) => 'not' in part && flat.some((other) => same(part.not, other)))
  return opposites || groupsOf(flat).some((group) => !canAllHold(group))
}

/** Takes `all` inside `all`, and `not` around `any` or `not`, apart. */
function flattened(condition: Condition): readonly Condition[] {
  if ('all' in condition) return condition.all.flatMap(flattened)
  if (!('not' in condition)) return [condition]
  if ('not' in condition.not) return flattened(condition.not.not)
  if ('any' in condition.not) return condition.not.any.flatMap((part) => flattened({ not: part }))
  return [condition]
}

type Comparison = BeforeAfter | ChangeAmount

/** The comparisons that are about one and the same value: patterns with a choice can be met by different ones. */
function groupsOf(conditions: readonly Condition[]): readonly (readonly Comparison[])[] {
  const groups = new Map<string, Comparison[]>()
  for (const condition of conditions) {
    if (!('type' in condition) || (condition.type !== 'before_after' && condition.type !== 'change_amount')) continue
    if (condition.field.includes('*') || condition.field.startsWith('@')) continue
    const kind = condition.type === 'change_amount' ? [condition.direction ?? 'either', condition.unit ?? 'points'] : []
    const key = JSON.stringify([condition.type, condition.field, ...kind])
    groups.set(key, [...(groups.get(key) ?? []), condition])
  }
  return [...groups.values()]
}

/**
 * Tells whether one value can meet all comparisons. Every amount is more than zero: what did not move is not looked
 * at.
 */
function canAllHold(comparisons: readonly Comparison[]): boolean {
  const numbers: { operator: Operator; value: number }[] = []
  const equals: JsonValue[] = []
  const excluded: JsonValue[] = []
  for (const { type, operator, value } of comparisons) {
    if (typeof value === 'number') numbers.push({ operator, value })
    if (operator === '==') equals.push(value)
    if (operator === '!=') excluded.push(value)
    if (type === 'change_amount') numbers.push({ operator: '>', value: 0 })
  }
  const [wanted] = equals
  if (wanted !== undefined) {
    const meetsAll = equals.every((value) => equal(value, wanted)) && !excluded.some((value) => equal(value, wanted))
    if (!meetsAll) return false
  }
  return candidatesFor(numbers).some((candidate) =>
    numbers.every(({ operator, value }) => meets(candidate, operator, value)),
  )
}

/** One number out of each stretch that the bounds cut the line into. */
function candidatesFor(numbers: readonly { readonly value: number }[]): readonly number[] {
  const bounds = [...new Set(numbers.map(({ value }) => value))].sort((a, b) => a - b)
  const between = bounds.slice(1).map((bound, index) => (bound + (bounds[index] ?? bound)) / 2)
  return [Number.NEGATIVE_INFINITY, ...bounds, ...between, Number.POSITIVE_INFINITY]
}

function meets(candidate: number, operator: Operator, value: number): boolean {
  switch (operator) {
    case '>':
      return candidate > value
    case '<':
      return candidate < value
    case '>=':
      return candidate >= value
    case '<=':
      return candidate <= value
    case '==':
      return candidate === value
    case '!=':
      return candidate !== value
  }
}

function same(a: Condition, b: Condition): boolean {
  return equal(asJson(a), asJson(b))
}
