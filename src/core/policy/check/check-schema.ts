import { compilePattern } from '../../change/pattern.ts'
import { isArray, isObject } from '../../json/equal.ts'
import type { JsonObject, JsonValue } from '../../json/json.ts'
import { formatPointer } from '../../json/pointer.ts'
import { nearestName } from '../../nearest.ts'
import { alternativesOf } from '../compile/schema-alternatives.ts'
import type { Placed } from '../model/condition-parts.ts'
import { fieldsIn } from '../model/fields-in.ts'
import type { PolicyInput } from '../model/policy.ts'
import type { Finding } from '../model/policy-finding.ts'
import { isOwnType } from '../model/policy-type.ts'
import type { PolicyFacts } from './policy-facts.ts'

/**
 * Finds fields that no document of the matched types can have, by their schemas: a policy on one would gate nothing.
 * Where a schema leaves room for more than it names, nothing can be said, and nothing is.
 */
export function checkSchemas({ match, ...policy }: PolicyInput, { resources = {} }: PolicyFacts): readonly Finding[] {
  const types =
    match.resource === undefined ? Object.keys(resources).filter((type) => !isOwnType(type)) : [match.resource].flat()
  const schemas = types.flatMap((type) => {
    const schema = resources[type]?.schema
    return isObject(schema) ? [{ type, schema }] : []
  })
  if (schemas.length === 0 || schemas.length < types.length) return []
  return fieldsIn(policy).flatMap((field) => checkField(field, schemas))
}

interface Described {
  readonly type: string
  readonly schema: JsonObject
}

function checkField({ value: field, path }: Placed<string>, schemas: readonly Described[]): readonly Finding[] {
  const pattern = field.startsWith('@') ? undefined : compilePattern(field)
  if (!pattern?.ok) return []
  const ways = schemas.map(({ schema }) => follow(schema, pattern.value.alternatives))
  const [first] = ways
  if (first === undefined || ways.some((way) => way === 'possible')) return []
  const ends = ways.filter((way) => way !== 'possible').toSorted((a, b) => b.depth - a.depth)
  const [furthest = first] = ends
  if (furthest === 'possible') return []
  const names = [...new Set(ends.filter(({ depth }) => depth === furthest.depth).flatMap((end) => end.names))]
  const types = schemas.map(({ type }) => type).join(', ')
  const problem = `no document of ${types} can have anything at ${field}, so that it would gate nothing`
  return [{ path, severity: 'error', problem, fix: fixOf(furthest, names) }]
}

/** Where a field leads out of a schema. */
interface DeadEnd {
  readonly segments: readonly string[]
  /** How many of the segments the schema has. */
  readonly depth: number
  /** What it has in the place of the next one. */
  readonly names: readonly string[]
}

/** Follows the alternatives of a pattern into a schema, as far as one of them leads. */
function follow(schema: JsonObject, alternatives: readonly (readonly string[])[]): 'possible' | DeadEnd {
  let furthest: DeadEnd = { segments: [], depth: -1, names: [] }
  for (const segments of alternatives) {
    let here: readonly JsonObject[] = [schema]
    for (const [depth, segment] of segments.entries()) {
      const next = segment === '**' ? 'unknown' : stepInto(here, { segment, root: schema })
      if (next === 'unknown') return 'possible'
      if (next.into.length === 0) {
        if (depth > furthest.depth) furthest = { segments, depth, names: next.names }
        here = []
        break
      }
      here = next.into
    }
    if (here.length > 0) return 'possible'
  }
  return furthest
}

interface Step {
  readonly segment: string
  readonly root: JsonObject
}

/** The schemas of a member, or that nobody can say whether there is such a member. */
function stepInto(
  here: readonly JsonObject[],
  { segment, root }: Step,
): 'unknown' | { readonly into: readonly JsonObject[]; readonly names: readonly string[] } {
  const into = new Set<JsonObject>()
  const names: string[] = []
  for (const schema of here) {
    for (const one of alternativesOf(schema, root)) {
      const found = membersNamed(one, segment)
      if (found === 'unknown') return 'unknown'
      for (const below of found) {
        if (!isObject(below)) return 'unknown'
        into.add(below)
      }
      if (isObject(one['properties'])) names.push(...Object.keys(one['properties']))
    }
  }
  return { into: [...into], names }
}

/** Words that say more of members than is followed here. */
const others = [
  'patternProperties',
  'unevaluatedProperties',
  'dependentSchemas',
  'if',
  'then',
  'else',
  'prefixItems',
  'not',
]

/** What one schema by itself says of members of a name; `*` stands for all of them. */
function membersNamed(schema: JsonObject, segment: string): 'unknown' | readonly JsonValue[] {
  if (others.some((word) => Object.hasOwn(schema, word))) return 'unknown'
  const { $ref, $dynamicRef, anyOf, oneOf, allOf, properties, additionalProperties, items, enum: values } = schema
  if ($dynamicRef !== undefined || allOf !== undefined) return 'unknown'
  if (typeof $ref === 'string' && !$ref.startsWith('#')) return 'unknown'
  const stands = [$ref, anyOf, oneOf].some((word) => word !== undefined)
  const types = [schema['type'] ?? []].flat()
  if (types.length === 0 && properties === undefined && items === undefined) {
    const listed = isArray(values) ? values : Object.hasOwn(schema, 'const') ? [schema['const'] ?? null] : undefined
    if (listed?.some((value) => typeof value === 'object' && value !== null)) return 'unknown'
    return stands || listed ? [] : 'unknown'
  }
  const found: JsonValue[] = []
  if (types.includes('object') || properties !== undefined) {
    const named = isObject(properties) ? properties : {}
    if (additionalProperties !== false) {
      if (!isObject(additionalProperties)) return Object.hasOwn(named, segment) ? [named[segment] ?? true] : 'unknown'
      found.push(additionalProperties)
    }
    if (segment === '*') found.push(...Object.values(named))
    else if (Object.hasOwn(named, segment)) found.push(named[segment] ?? true)
  }
  if (types.includes('array') || items !== undefined) {
    if (!isArray(items) && !isObject(items)) return 'unknown'
    found.push(...[items].flat())
  }
  return found
}

/** So many names are given. */
const mostNames = 8

function fixOf({ segments, depth }: DeadEnd, names: readonly string[]): string {
  const around = segments.slice(0, depth)
  const misspelt = segments[depth] ?? ''
  const nearest = nearestName(misspelt, names)
  const place = (name: string) => formatPointer([...around, name, ...segments.slice(depth + 1)])
  if (nearest !== undefined) return `did you mean ${place(nearest)}?`
  if (names.length === 0) return `end it at ${formatPointer(around) || 'the root'}: there is nothing below`
  const listed = names.slice(0, mostNames).join(', ')
  const rest = names.length > mostNames ? ', …' : ''
  return `correct it: ${depth === 0 ? 'there are' : `under ${formatPointer(around)} there are`} ${listed}${rest}`
}
