import { advance, type PatternPlaces, startOf } from '../../change/pattern.ts'
import { type CompiledShape, childNode, type ShapeNode } from '../../change/shape.ts'
import { isArray, isObject } from '../../json/equal.ts'
import type { JsonObject, JsonValue } from '../../json/json.ts'
import { arrayIndex, escapeSegment } from '../../json/pointer.ts'
import { alternativesOf } from './schema-alternatives.ts'
import { membersOf } from './seen-places.ts'

/**
 * Why the items of a list cannot be named: nothing tells them apart, some live document breaks the list, or all there
 * is is their place.
 */
export type Unnamed = 'no_identity' | 'broken' | 'by_place'

/** A pattern of a field, and what is looked for behind it. */
export interface Lead {
  readonly segments: readonly string[]
  /** Whether the values themselves count: then a pattern that names a whole list does not do for what is in it. */
  readonly values: boolean
}

/** What is known of one place of a document. `wanted` are the segments by which the pattern goes on. */
interface View {
  list(wanted: readonly string[]): Unnamed | undefined
  members(wanted: readonly string[]): Iterable<readonly [name: string, view: View]>
}

/** Finds the lists that are declared without an identity, and into which a pattern leads. */
export function listsInShape(lead: Lead, shape: CompiledShape): ReadonlyMap<string, Unnamed> {
  return listsIn(lead, shapeView(shape.root))
}

/** The same for the lists that a document has. */
export function listsInDocument(lead: Lead, document: JsonValue, shape: CompiledShape): ReadonlyMap<string, Unnamed> {
  return listsIn(lead, documentView(document, shape.root))
}

/** The same for the lists that a JSON Schema speaks of. */
export function listsInSchema(lead: Lead, schema: JsonObject, shape: CompiledShape): ReadonlyMap<string, Unnamed> {
  return listsIn(lead, schemaView([schema], { root: schema, node: shape.root }))
}

/** The same for what reads like a list if nothing more is known of a type: a pattern that goes on with a number. */
export function listsByNumber(lead: Lead, shape: CompiledShape): ReadonlyMap<string, Unnamed> {
  return listsIn(lead, numberView(shape.root))
}

interface Search {
  readonly lead: Lead
  readonly found: Map<string, Unnamed>
  looks: number
}

interface At {
  readonly path: string
  readonly depth: number
  readonly states: PatternPlaces
  /** Whether the pattern names this place, or one around it. */
  readonly covered: boolean
}

/** A pattern with `**` is followed so much deeper than it is long. */
const slack = 8
/** So many places are looked at, whatever refers to itself. */
const mostLooks = 10_000

function listsIn(lead: Lead, view: View): ReadonlyMap<string, Unnamed> {
  const search: Search = { lead, found: new Map(), looks: 0 }
  const states = startOf(lead.segments)
  look(view, { path: '', depth: 0, states, covered: false }, search)
  return search.found
}

function look(view: View, { path, depth, states, ...at }: At, search: Search): void {
  const { segments, values } = search.lead
  const covered = at.covered || states.has(segments.length)
  const wanted = [...states].flatMap((state) => segments[state] ?? [])
  if (wanted.length === 0 || (covered && !values) || depth > segments.length + slack) return
  if (++search.looks > mostLooks) return
  const list = view.list(wanted)
  if (list !== undefined) search.found.set(path, list)
  for (const [name, member] of view.members(wanted)) {
    const next = advance(segments, states, name)
    if (next.size > 0) {
      look(member, { path: `${path}/${escapeSegment(name)}`, depth: depth + 1, states: next, covered }, search)
    }
  }
}

function shapeView(node: ShapeNode): View {
  const list = node.declared ? unnamedKind(node) : undefined
  return {
    list: () => list,
    members: (wanted) =>
      isEnd(list) || !node.declares ? [] : names(node, wanted).map((name) => [name, shapeView(childNode(node, name))]),
  }
}

function documentView(value: JsonValue, node: ShapeNode): View {
  const members = membersOf(value, node)
  const kind = isArray(value) && value.length > 0 ? unnamedKind(node) : undefined
  return {
    list: () => (members ? kind : (kind ?? 'broken')),
    *members() {
      for (const name of members?.names() ?? []) {
        yield [name, documentView(members?.get(name) as JsonValue, childNode(node, name))]
      }
    },
  }
}

function numberView(node: ShapeNode): View {
  return {
    list: (wanted) =>
      !node.declared && wanted.some((name) => arrayIndex(name) !== undefined) ? 'no_identity' : undefined,
    members: (wanted) => names(node, wanted).map((name) => [name, numberView(childNode(node, name))]),
  }
}

interface SchemaPlace {
  readonly root: JsonObject
  readonly node: ShapeNode
}

/** A place that some schemas describe: seen once, by however many ways they lead to it. */
function schemaView(schemas: Iterable<JsonObject>, { root, node }: SchemaPlace): View {
  const all = new Set([...schemas].flatMap((schema) => alternativesOf(schema, root)))
  const list = [...all].some(({ type }) => [type].flat().includes('array')) ? unnamedKind(node) : undefined
  return {
    list: () => list,
    members(wanted) {
      const below = new Map<string, Set<JsonObject>>()
      const add = (name: string, schema: JsonValue | undefined) => {
        if (isObject(schema)) below.set(name, (below.get(name) ?? new Set()).add(schema))
      }
      const asked = names(node, wanted)
      for (const { properties, additionalProperties, items } of all) {
        if (isObject(properties)) for (const [name, schema] of Object.entries(properties)) add(name, schema)
        for (const name of asked) add(name, additionalProperties)
        if (!isEnd(list)) for (const name of asked) add(name, items)
      }
      return [...below].map(
        ([name, found]) => [name, schemaView(found, { root, node: childNode(node, name) })] as const,
      )
    },
  }
}

/** The members that a shape names, and those that a pattern asks for. */
function names({ named }: ShapeNode, wanted: readonly string[]): readonly string[] {
  return [...new Set([...named.keys(), ...wanted.map((name) => (name === '**' ? '*' : name))])]
}

function unnamedKind({ kind }: ShapeNode): Unnamed | undefined {
  if (kind.kind === 'place') return 'by_place'
  return kind.kind === 'list' || kind.kind === 'atomic' ? 'no_identity' : undefined
}

function isEnd(list: Unnamed | undefined): boolean {
  return list === 'no_identity' || list === 'broken'
}
