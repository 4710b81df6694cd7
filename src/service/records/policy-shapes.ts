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

/** A text, or a list of them. */
export const names: RecordShape = (value, at) => (typeof value === 'string' ? undefined : listOf(text())(value, at))

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

export const requirement: RecordShape = either((value) => {
  if ('quorum' in value) return need
  if ('all' in value) return object({ all: parts })
  if ('any' in value) return object({ any: parts })
  if ('stages' in value) return object({ stages: parts })
  return 'of' in value ? object({ atLeast: whole, of: parts }) : undefined
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
  return (value, at) =>
    rulesOfConduct[name].accepts(value) ? undefined : `${at} is not ${rulesOfConduct[name].expects}`
}

/** All rules of conduct. One that a record was written without is not asked of it: its value is the default. */
export const rules: RecordShape = object(Object.fromEntries(ruleNames.map((name) => [name, maybe(anyRule(name))])))

const conditions = later(() => listOf(condition))
const field = { type: text(), field: text() }
const condition: RecordShape = either((value) => {
  if ('all' in value) return object({ all: conditions })
  if ('any' in value) return object({ any: conditions })
  if ('not' in value) return object({ not: later(() => condition) })
  switch (value['type']) {
    case 'before_after':
      return object({ ...field, operator: text(), value: json })
    case 'change_amount':
      return object({ ...field, operator: text(), value: number, within: maybe(text()) })
    case 'crosses':
      return object({ ...field, value: number })
    case 'predicate':
      return object({ type: text(), name: text() })
    default:
      return typeof value['type'] === 'string' ? object({ type: text(), field: maybe(text()) }) : undefined
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
  return (value, at) => {
    const problem = whole(value, at)
    const { type, document } = value as { readonly type?: unknown; readonly document?: unknown }
    return problem === undefined && type === policyType ? about(document, `${at}/document`) : problem
  }
}
