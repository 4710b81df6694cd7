import { compilePattern } from '../../change/pattern.ts'
import type { JsonObject } from '../../json/json.ts'
import {
  type Lead,
  listsByNumber,
  listsInDocument,
  listsInSchema,
  listsInShape,
  type Unnamed,
} from '../compile/lists-in-pattern.ts'
import { plainShape } from '../compile/seen-places.ts'
import { type Placed, testsIn } from '../model/condition-parts.ts'
import { fieldsIn } from '../model/fields-in.ts'
import type { PolicyInput } from '../model/policy.ts'
import type { Finding } from '../model/policy-finding.ts'
import { isOwnType } from '../model/policy-type.ts'
import type { PolicyFacts, ResourceWords } from './policy-facts.ts'

/**
 * Finds fields that lead into lists whose items have no identity, so that every change of such a list counts as one
 * of the field.
 */
export function checkLists({ match, ...policy }: PolicyInput, { resources = {} }: PolicyFacts): readonly Finding[] {
  const types =
    match.resource === undefined ? Object.keys(resources).filter((type) => !isOwnType(type)) : [match.resource].flat()
  const byValue = fieldsByValue(policy)
  return fieldsIn(policy).flatMap((field) =>
    types.flatMap((type) => {
      const words = resources[type]
      return words ? checkField(field, { type, words, values: byValue.has(field.path) }) : []
    }),
  )
}

/** The paths of the fields whose values are looked at, and not just whether they are touched. */
function fieldsByValue({ when, safe = [] }: Omit<PolicyInput, 'match'>): ReadonlySet<string> {
  const tests = when ? testsIn({ value: when, path: '/when' }) : []
  return new Set([
    ...tests.flatMap(({ value, path }) => (value.type === 'any_change' ? [] : `${path}/field`)),
    ...safe.flatMap((change, index) => ('to' in change || 'direction' in change ? `/safe/${index}/field` : [])),
  ])
}

interface Checked {
  readonly type: string
  readonly words: ResourceWords
  readonly values: boolean
}

/** So many lists are named. */
const mostLists = 3

function checkField({ value: field, path }: Placed<string>, { type, words, values }: Checked): readonly Finding[] {
  const pattern = compilePattern(field, words.groups)
  if (!pattern.ok) return []
  const found = new Map<string, Unnamed>()
  for (const segments of pattern.value.alternatives) {
    for (const [list, why] of unnamedLists({ segments, values }, words)) found.set(list, found.get(list) ?? why)
  }
  return (['no_identity', 'broken', 'by_place'] as const).flatMap((why) => {
    const lists = [...found].filter(([, reason]) => reason === why).map(([list]) => list || 'the document')
    if (lists.length === 0) return []
    const shown = `${lists.slice(0, mostLists).join(', ')}${lists.length > mostLists ? ', …' : ''}`
    return [{ path, severity: 'warning', ...told[why](shown, `${field} of ${type}`) }]
  })
}

function* unnamedLists(lead: Lead, { shape = plainShape, schema, documents = [] }: ResourceWords) {
  yield* listsInShape(lead, shape)
  if (schema !== undefined) yield* listsInSchema(lead, schema as JsonObject, shape)
  for (const document of documents) yield* listsInDocument(lead, document, shape)
  if (schema === undefined && documents.length === 0) yield* listsByNumber(lead, shape)
}

const told: Readonly<Record<Unnamed, (lists: string, field: string) => Pick<Finding, 'problem' | 'fix'>>> = {
  no_identity: (lists, field) => ({
    problem: `the items of ${lists} have no identity, so any change there counts as one of ${field}`,
    fix: 'declare in the shape what tells the items apart: keyedBy, set, or byPlace where they are only appended; or name the list itself',
  }),
  broken: (lists, field) => ({
    problem: `the items of ${lists} have no identity in some live documents, so any change there counts as one of ${field}`,
    fix: 'give each item of these documents a key of its own',
  }),
  by_place: (lists, field) => ({
    problem: `the items of ${lists} are told apart by their place alone: once one is inserted or removed before others, ${field} is another item`,
    fix: 'keep to appending, or declare keyedBy in the shape',
  }),
}
