import { array, custom, literal, number, record, strictObject, unknown, type ZodError, type ZodType } from 'zod'
import { compilePattern } from '../../change/pattern.ts'
import { identifierProblem } from '../../identifier.ts'
import type { JsonValue } from '../../json/json.ts'
import { formatPointer } from '../../json/pointer.ts'
import { type Condition, type Direction, type Operator, operators } from '../model/condition.ts'
import { type Duration, durationInWords, durationPattern } from '../model/duration.ts'
import type { PathOwnership, PolicyInput, PolicyMatch, SafeChange } from '../model/policy.ts'
import type { PolicyProblem } from '../model/policy-finding.ts'
import type { Approvers, NamedPeople, Requirement } from '../model/requirement.ts'
import { type RulesOfConduct, ruleNames, rulesOfConduct } from '../model/rules-of-conduct.ts'
import { alternatives, maxAlternatives } from '../requirements/alternatives.ts'
import {
  inWords,
  type Mistake,
  namesSomebody,
  standsAlone,
  standsInForSomebody,
  tooFew,
  unreachable,
} from './schema-checks.ts'

/** The largest quorum that a policy may ask for. */
export const maxQuorum = 100

const identifier = checked<string>((value) => {
  const problem = identifierProblem(value)
  return problem === undefined ? undefined : { problem, fix: 'write a name such as "big-rollouts"' }
})

const identifiers = nonEmpty(array(identifier)).check(({ value, issues }) => {
  const twice = value.find((name, index) => value.indexOf(name) < index)
  if (twice === undefined) return
  const mistake = { problem: `${JSON.stringify(twice)} is listed twice`, fix: 'list it once' }
  issues.push({ code: 'custom', input: value, params: mistake })
})

const names: ZodType<string | readonly string[]> = choice((value) => (Array.isArray(value) ? identifiers : identifier))

const field = checked<string>((value) => {
  const fix = 'write a path such as "/rules/*/rollout", or "@" and the name of a group'
  if (typeof value !== 'string') return { problem: `is ${inWords(value)}, not a path`, fix }
  if (value.startsWith('@')) return value.length > 1 ? undefined : { problem: 'names no group', fix }
  return compilePattern(value).ok ? undefined : { problem: `${JSON.stringify(value)} is no path`, fix }
})

const json = checked<JsonValue>((value) => (value === undefined ? { problem: 'is missing', fix: 'add it' } : undefined))
const direction: ZodType<Direction> = literal(['increase', 'decrease', 'either'])
const operator: ZodType<Operator> = literal([...operators])

const duration = checked<Duration>((value) =>
  typeof value === 'string' && durationPattern.test(value)
    ? undefined
    : { problem: `is ${inWords(value)}`, fix: `write ${durationInWords}` },
)

const condition: ZodType<Condition> = choice((value) => {
  if (has(value, 'all')) return combinations.all
  if (has(value, 'any')) return combinations.any
  if (has(value, 'not')) return combinations.not
  const type = has(value, 'type') ? value['type'] : undefined
  const known = typeof type === 'string' && Object.hasOwn(tests, type)
  return known ? tests[type as keyof typeof tests] : notACondition
})

const combinations = {
  all: object({ all: nonEmpty(array(condition)) }),
  any: object({ any: nonEmpty(array(condition)) }),
  not: object({ not: condition }),
}

const tests = {
  any_change: object({ type: literal('any_change'), field }),
  before_after: object({ type: literal('before_after'), field, operator, value: json }).check(({ value, issues }) => {
    if (value.operator === '==' || value.operator === '!=' || typeof value.value === 'number') return
    const problem = `${value.operator} compares numbers, and this is ${inWords(value.value)}`
    issues.push({
      code: 'custom',
      input: value,
      path: ['value'],
      params: { problem, fix: 'write a number, or compare with == or !=' },
    })
  }),
  change_amount: object({
    type: literal('change_amount'),
    field,
    operator,
    value: number().min(0),
    direction: direction.exactOptional(),
    unit: literal(['points', 'percent']).exactOptional(),
    within: duration.exactOptional(),
  }).check(({ value, issues }) => {
    if (value.within === undefined || value.operator === '>' || value.operator === '>=') return
    const mistake = { problem: `small steps add up to more, and this asks for ${value.operator}`, fix: 'write > or >=' }
    issues.push({ code: 'custom', input: value, path: ['operator'], params: mistake })
  }),
  crosses: object({ type: literal('crosses'), field, value: number(), direction: direction.exactOptional() }),
  predicate: object({ type: literal('predicate'), name: identifier, with: json.exactOptional() }),
}

const notACondition = checked<Condition>((value) => ({
  problem: `${inWords(value)} is no condition`,
  fix: `write an object with "all", "any" or "not", or with a "type" out of ${Object.keys(tests).join(', ')}`,
}))

const people = { users: identifiers.exactOptional(), roles: identifiers.exactOptional() }
const namedPeople: ZodType<NamedPeople> = object(people).check(namesSomebody)
const namingField = checked<string>((value) => {
  const fix = 'write the path of a field that names users, such as "/owner" or "/owners/*"'
  if (typeof value !== 'string') return { problem: `is ${inWords(value)}, not a path`, fix }
  const pattern = compilePattern(value)
  const isOne = pattern.ok && value.startsWith('/') && !pattern.value.alternatives.flat().includes('**')
  return isOne ? undefined : { problem: `${JSON.stringify(value)} is no field that can name users`, fix }
})

const approvers: ZodType<Approvers> = object({
  ...people,
  field: namingField.exactOptional(),
  owner: literal(true).exactOptional(),
  otherwise: namedPeople.exactOptional(),
  except: namedPeople.exactOptional(),
}).check(namesSomebody, standsInForSomebody, standsAlone)

const need = { quorum: number().int().min(1).max(maxQuorum), from: approvers }

const requirement: ZodType<Requirement> = choice((value) => {
  if (has(value, 'all')) return trees.all
  if (has(value, 'any')) return trees.any
  if (has(value, 'stages')) return trees.stages
  return has(value, 'atLeast') || has(value, 'of') ? trees.atLeast : trees.need
})

const parts = nonEmpty(array(requirement))
const trees = {
  need: object(need).check(unreachable),
  all: object({ all: parts }),
  any: object({ any: parts }),
  stages: object({ stages: parts }),
  atLeast: object({ atLeast: need.quorum, of: parts }).check(tooFew),
}

const boundedRequirement = requirement.check(({ value, issues }) => {
  if (alternatives(value).length > 0) return
  const problem = `can be met in no way, or in more than ${maxAlternatives}`
  issues.push({ code: 'custom', input: value, params: { problem, fix: 'ask for fewer things, or fewer choices' } })
})

const ownership: ZodType<PathOwnership> = object({
  owners: nonEmpty(array(object({ field, ...need }).check(unreachable))),
  otherwise: boundedRequirement.exactOptional(),
})

const safe: ZodType<SafeChange> = choice((value) =>
  has(value, 'to') ? safeChanges.to : has(value, 'direction') ? safeChanges.direction : safeChanges.any,
)

const safeChanges = {
  to: object({ field, to: json }),
  direction: object({ field, direction: literal(['increase', 'decrease']) }),
  any: object({ field }),
}

const match: ZodType<PolicyMatch> = object({
  resource: names.exactOptional(),
  action: names.exactOptional(),
  project: names.exactOptional(),
  facets: record(identifier, names).exactOptional(),
  requester: namedPeople.exactOptional(),
})

const rules = object(
  Object.fromEntries(
    ruleNames.map((name) => {
      const { accepts, expects } = rulesOfConduct[name]
      const value = checked((found) =>
        accepts(found) ? undefined : { problem: `is ${inWords(found)}`, fix: `write ${expects}` },
      )
      return [name, value.exactOptional()]
    }),
  ),
) as unknown as ZodType<Partial<RulesOfConduct>>

/** The schema of a policy. Reads what was admitted as JSON before. */
export const policySchema: ZodType<PolicyInput> = object({
  id: identifier,
  match,
  when: condition.exactOptional(),
  safe: nonEmpty(array(safe)).exactOptional(),
  require: choice<Requirement | PathOwnership>((value) => (has(value, 'owners') ? ownership : boundedRequirement)),
  veto: approvers.exactOptional(),
  escalate: object({ after: duration, to: namedPeople }).exactOptional(),
  rules: rules.exactOptional(),
  overrides: identifiers.exactOptional(),
  fallback: literal(true).exactOptional(),
  mode: literal(['on', 'shadow', 'off']).exactOptional(),
})

/** Lists what a schema found, each with the way to mend it. */
export function problemsOf({ issues }: ZodError): readonly PolicyProblem[] {
  return issues.flatMap((issue) => {
    const path = formatPointer(issue.path.map(String))
    switch (issue.code) {
      case 'custom':
        return { path, ...(issue.params as Mistake) }
      case 'unrecognized_keys':
        return issue.keys.map((key) => ({
          path: path + formatPointer([key]),
          problem: `there is no ${JSON.stringify(key)} here`,
          fix: issue.message,
        }))
      case 'invalid_type':
        return { path, problem: `is ${inWords(issue.input)}`, fix: `write ${expected(issue.expected)}` }
      case 'invalid_value':
        return {
          path,
          problem: `is ${inWords(issue.input)}`,
          fix: `write ${issue.values.map((value) => JSON.stringify(value)).join(' or ')}`,
        }
      case 'too_small':
        return issue.origin === 'array'
          ? { path, problem: 'is empty', fix: 'list at least one, or leave it out' }
          : { path, problem: `is ${inWords(issue.input)}`, fix: `write at least ${issue.minimum}` }
      case 'too_big':
        return { path, problem: `is ${inWords(issue.input)}`, fix: `write at most ${issue.maximum}` }
      default:
        return { path, problem: issue.message, fix: 'correct it' }
    }
  })
}

function object<T extends Record<string, ZodType>>(shape: T) {
  const known = Object.keys(shape).join(', ')
  return strictObject(shape, {
    error: ({ code }) => (code === 'unrecognized_keys' ? `remove it; known are ${known}` : undefined),
  })
}

function nonEmpty<T>(schema: ZodType<T[]>): ZodType<T[]> {
  return (schema as ReturnType<typeof array<ZodType<T>>>).min(1) as unknown as ZodType<T[]>
}

function checked<T>(mistakeIn: (value: unknown) => Mistake | undefined): ZodType<T> {
  return custom<T>().check(({ value, issues }) => {
    const params = mistakeIn(value)
    if (params) issues.push({ code: 'custom', input: value, params })
  })
}

/** A schema that is chosen by looking at the value, so that only the problems of the right one are told. */
function choice<T>(schemaOf: (value: unknown) => ZodType): ZodType<T> {
  return unknown().transform((value, context) => {
    const parsed = schemaOf(value).safeParse(value, { reportInput: true })
    if (parsed.success) return parsed.data as T
    for (const issue of parsed.error.issues) context.issues.push({ ...issue, input: issue.input } as never)
    return value as T
  }) as unknown as ZodType<T>
}

function has(value: unknown, key: string): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key)
}

function expected(type: string): string {
  return type === 'int' ? 'a whole number' : type === 'array' || type === 'object' ? `an ${type}` : `a ${type}`
}
