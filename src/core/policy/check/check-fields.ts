import { compilePattern, type Pattern } from '../../change/pattern.ts'
import { valuesAt } from '../../change/values-at.ts'
import type { JsonValue } from '../../json/json.ts'
import { formatPointer, parsePointer } from '../../json/pointer.ts'
import { plainShape } from '../compile/seen-places.ts'
import type { Placed } from '../model/condition-parts.ts'
import { fieldsIn } from '../model/fields-in.ts'
import type { PolicyInput } from '../model/policy.ts'
import type { Finding } from '../model/policy-finding.ts'
import { isOwnType } from '../model/policy-type.ts'
import type { PolicyFacts, ResourceWords } from './policy-facts.ts'

/** Finds fields at which no live document has anything: one that is misspelt gates nothing, and nobody would notice. */
export function checkPlaces({ match, ...policy }: PolicyInput, { resources = {} }: PolicyFacts): readonly Finding[] {
  const types =
    match.resource === undefined ? Object.keys(resources).filter((type) => !isOwnType(type)) : [match.resource].flat()
  const seen = types.flatMap((type) => {
    const { documents = [], ...words } = resources[type] ?? {}
    return documents.length > 0 ? [{ ...words, type, documents }] : []
  })
  return seen.length === 0 ? [] : fieldsIn(policy).flatMap((field) => checkPlace(field, seen))
}

type Seen = ResourceWords & { readonly type: string; readonly documents: readonly JsonValue[] }

/** So many names are given when a field leads astray. */
const mostNames = 8

function checkPlace({ value: field, path }: Placed<string>, seen: readonly Seen[]): readonly Finding[] {
  const somewhere = seen.some((one) => {
    const pattern = compilePattern(field, one.groups)
    return !pattern.ok || placesOf(one, pattern.value).length > 0
  })
  if (somewhere) return []
  const count = seen.reduce((sum, { documents }) => sum + documents.length, 0)
  const problem = `none of the ${count} live documents that were looked at (${seen.map(({ type }) => type).join(', ')}) has anything at ${field}`
  return [{ path, severity: 'hint', problem, fix: fixOf(field, seen) }]
}

function fixOf(field: string, seen: readonly Seen[]): string {
  const keep = 'keep it where such documents are still to come'
  if (field.startsWith('@')) return `correct what the group names; ${keep}`
  const segments = parsePointer(field) ?? []
  for (let depth = segments.length - 1; depth >= 0; depth--) {
    const around = segments.slice(0, depth)
    const pattern = { text: field, alternatives: [[...around, '*']] }
    const names = new Set(
      seen.flatMap((one) => placesOf(one, pattern)).map((place) => parsePointer(place)?.at(-1) ?? ''),
    )
    if (names.size === 0) continue
    const listed = [...names].slice(0, mostNames).join(', ')
    const rest = names.size > mostNames ? ', …' : ''
    return `correct it: ${depth === 0 ? 'there are' : `under ${formatPointer(around)} there are`} ${listed}${rest}; ${keep}`
  }
  return `correct it; ${keep}`
}

/** Where in its documents a resource type has what a pattern names. */
function placesOf({ documents, shape = plainShape }: Seen, pattern: Pattern): readonly string[] {
  return documents.flatMap((document) => {
    const found = valuesAt(document, pattern, shape)
    return found.ok ? found.value.map(({ path }) => path) : []
  })
}
