import type { PathOwnership, Policy, PolicyMatch } from '../../core/policy/model/policy.ts'
import { policyType } from '../../core/policy/model/policy-type.ts'
import type {
  Approvers,
  Escalation,
  NamedPeople,
  Need,
  PinnedRequirement,
} from '../../core/policy/model/requirement.ts'
import { type RulesOfConduct, ruleNames, rulesOfConduct } from '../../core/policy/model/rules-of-conduct.ts'
import {
  either,
  json,
  kind,
  later,
  listOf,
  maybe,
  named,
  number,
  object,
  orNull,
  type Properties,
  type RecordShape,
  text,
  whole,
} from '../values/shape.ts'

const texts = listOf(text())
/** A text, or a list of them. */
export const names: RecordShape = (value) => (typeof value === 'string' ? undefined : texts(value))

const people = { users: maybe(listOf(text())), roles: maybe(listOf(text())) }
const namedPeople: RecordShape = object<NamedPeople>(people)

/** The parts of what a policy matches. */
export const matchParts = {
  resource: maybe(names),
  action: maybe(names),
  project: maybe(names),
  facets: maybe(named(names)),
  requester: maybe(namedPeople),
}

export const match: RecordShape = object<PolicyMatch>(matchParts)

const approvers: RecordShape = object<Approvers>({
  ...people,
  field: maybe(text()),
  owner: maybe(json),
  otherwise: maybe(namedPeople),
  except: maybe(namedPeople),
})
const need: RecordShape = object<Need>({ quorum: whole, from: approvers, about: maybe(text()) })
const parts = later(() => listOf(requirement))

const [allOf, anyOf, stagesOf] = [object({ all: parts }), object({ any: parts }), object({ stages: parts })]
const atLeast = object({ atLeast: whole, of: parts })

export const requirement: RecordShape = either((value) => {
  if ('quorum' in value) return need
  if ('all' in value) return allOf
  if ('any' in value) return anyOf
  if ('stages' in value) return stagesOf
  return 'of' in value ? atLeast : undefined
})

const escalation: RecordShape = object<Escalation>({ after: text() as RecordShape, to: namedPeople })

/** What one policy asked of a change. */
export const pinned: RecordShape = object<Omit<PinnedRequirement, 'over'>>({
  policy: text(),
  version: whole,
  require: requirement,
  veto: maybe(approvers),
  escalate: maybe(escalation),
  source: maybe(text('code', 'freeze')),
  whileOff: maybe(text('asks')),
})

const anyRule = (name: keyof RulesOfConduct): RecordShape => {
  const { expects, accepts } = rulesOfConduct[name]
  return kind(expects, accepts)
}

/** All rules of conduct. One that a record was written without is not asked of it: its value is the default. */
export const rules: RecordShape = object(Object.fromEntries(ruleNames.map((name) => [name, maybe(anyRule(name))])))

const conditions = later(() => listOf(condition))
const field = { type: text(), field: text() }
const combinations = {
  all: object({ all: conditions }),
  any: object({ any: conditions }),
  not: object({ not: later(() => condition) }),
}
const tests = {
  before_after: object({ ...field, operator: text(), value: json }),
  change_amount: object({ ...field, operator: text(), value: number, within: maybe(text()) }),
  crosses: object({ ...field, value: number }),
  predicate: object({ type: text(), name: text() }),
}
const anyTest = object({ type: text(), field: maybe(text()) })
const condition: RecordShape = either((value) => {
  if ('all' in value) return combinations.all
  if ('any' in value) return combinations.any
  if ('not' in value) return combinations.not
  switch (value['type']) {
    case 'before_after':
    case 'change_amount':
    case 'crosses':
    case 'predicate':
      return tests[value['type']]
    default:
      return typeof value['type'] === 'string' ? anyTest : undefined
  }
})

const ownership = object<PathOwnership>({
  owners: listOf(
    object<PathOwnership['owners'][number]>({ quorum: whole, from: approvers, field: text(), about: maybe(text()) }),
  ),
  otherwise: maybe(requirement),
})

/** A policy, as far as it can be compiled. */
export const policy: RecordShape = object<Omit<Policy, 'source' | 'whileOff'>>({
  id: text(),
  version: whole,
  match,
  when: maybe(condition),
  safe: maybe(listOf(object({ field: text() }))),
  require: either((value) => ('owners' in value ? ownership : requirement)),
  veto: maybe(approvers),
  escalate: maybe(escalation),
  rules: maybe(rules),
  overrides: maybe(listOf(text())),
  fallback: maybe(json),
  mode: maybe(json),
})

/** A record with a document: that of a policy says at least what it is about, on which depends who may read it. */
export function withDocument<T>(properties: Properties<T>): RecordShape {
  const [whole, about] = [object<T>(properties), orNull(object<Pick<Policy, 'match'>>({ match }))]
  const aboutPolicy = object<{ document: never }>({ document: about })
  return (value) => {
    const problem = whole(value)
    const { type } = value as { readonly type?: unknown }
    return problem === undefined && type === policyType ? aboutPolicy(value) : problem
  }
}
