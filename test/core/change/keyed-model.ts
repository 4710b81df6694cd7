import type { ChangedPlace, JsonArray, JsonObject, JsonValue, Shape } from '../../../src/core.ts'

/**
 * A second, slow and plain, implementation of the keyed view, to judge the real one by. Members of a keyed list stand in their order.
 */
export type Model =
  | { readonly type: 'leaf'; text: string }
  | { readonly type: 'object' | 'keyed' | 'set' | 'place'; readonly members: Map<string, Model> }
  | { readonly type: 'list'; items: string[] }

export function modelOf(value: JsonValue, shape: Shape, path: readonly string[] = []): Model {
  if (Array.isArray(value)) return listModel(value as JsonArray, shape, path)
  if (typeof value !== 'object' || value === null) return { type: 'leaf', text: textOf(value) }
  const members = Object.entries(value as JsonObject).map(
    ([key, child]) => [key, modelOf(child, shape, [...path, key])] as const,
  )
  return { type: 'object', members: new Map(members) }
}

function listModel(items: JsonArray, shape: Shape, path: readonly string[]): Model {
  const declared = Object.entries(shape).find(([pattern]) => fits(segmentsOf(pattern), path))?.[1] ?? { kind: 'atomic' }
  if (declared.kind === 'atomic') return { type: 'leaf', text: textOf(items) }
  if (declared.kind === 'list') return { type: 'list', items: items.map(textOf) }
  const nameOf = (item: JsonValue, place: number) => {
    if (declared.kind === 'place') return String(place)
    if (declared.kind === 'keyed') return String((item as JsonObject)[declared.field])
    return typeof item === 'string' ? item : textOf(item)
  }
  const members = items.map((item, place) => {
    const name = nameOf(item, place)
    return [name, modelOf(item, shape, [...path, name])] as const
  })
  return { type: declared.kind, members: new Map(members) }
}

/** Canonical JSON, the way a page of a textbook would write it. */
export function textOf(value: JsonValue): string {
  if (Array.isArray(value)) return `[${value.map(textOf).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const object = value as JsonObject
  const keys = Object.keys(object).sort((a, b) => (a < b ? -1 : 1))
  return `{${keys.map((key) => `${JSON.stringify(key)}:${textOf(object[key] as JsonValue)}`).join(',')}}`
}

export function segmentsOf(pointer: string): readonly string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'))
}

function fits(pattern: readonly string[], path: readonly string[]): boolean {
  return pattern.length === path.length && pattern.every((segment, i) => segment === '*' || segment === path[i])
}

/** Finds what stands at a path; `undefined` where nothing does. In a `list()` that is the text of the item. */
export function findModel(model: Model | undefined, path: readonly string[]): Model | undefined {
  const [segment, ...rest] = path
  if (model === undefined || segment === undefined) return model
  if (model.type === 'leaf') return undefined
  if (model.type !== 'list') return findModel(model.members.get(segment), rest)
  const text = model.items[Number(segment)]
  return text === undefined ? undefined : { type: 'leaf', text }
}

/** The paths at which one of these documents has a `list()` or a `byPlace()` list: the position of an item means little to a merge. */
export function listPaths(documents: readonly JsonValue[], shape: Shape): ReadonlySet<string> {
  const found = new Set<string>()
  const collect = (model: Model, path: string): void => {
    if (model.type === 'list' || model.type === 'place') found.add(path)
    if (!('members' in model)) return
    for (const [name, member] of model.members)
      collect(member, `${path}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`)
  }
  for (const document of documents) collect(modelOf(document, shape), '')
  return found
}

/** Writes a model as a text: two are equal when their texts are. Order of objects and sets never counts, that of keyed lists on demand. */
export function show(model: Model | undefined, { ordered }: { readonly ordered: boolean }): string {
  if (model === undefined) return 'nothing'
  if (model.type === 'leaf') return model.text
  if (model.type === 'list') return `list ${JSON.stringify(model.items)}`
  const shown = [...model.members].map(([name, member]) => `${JSON.stringify(name)}: ${show(member, { ordered })}`)
  return `${model.type} {${(model.type === 'keyed' && ordered ? shown : shown.sort()).join(', ')}}`
}

/** Does what a list of changed places says, and nothing else. */
export function applyPlaces(before: JsonValue, places: readonly ChangedPlace[], shape: Shape): Model {
  const root: { model: Model } = { model: modelOf(before, shape) }
  const inLists = new Map<string, ChangedPlace[]>()
  const rank = { removed: 0, changed: 1, moved: 2, added: 3 }
  const position = (place: ChangedPlace) => (place.type === 'added' ? (place.position ?? 0) : 0)
  const ordered = [...places].sort((a, b) => rank[a.type] - rank[b.type] || position(a) - position(b))
  for (const place of ordered) {
    const path = segmentsOf(place.path)
    const last = path.at(-1)
    const parent = findModel(root.model, path.slice(0, -1))
    if (place.type === 'moved') reorder(findModel(root.model, path), place.after)
    else if (last === undefined) root.model = place.type === 'removed' ? missing() : modelOf(place.after, shape)
    else if (parent?.type === 'list') {
      const key = JSON.stringify(path.slice(0, -1))
      inLists.set(key, [...(inLists.get(key) ?? []), place])
    } else if (parent === undefined || parent.type === 'leaf') throw new TypeError(`${place.path} leads nowhere`)
    else if (place.type === 'removed') expect(parent.members.delete(last), place)
    else {
      expect(parent.members.has(last) === (place.type === 'changed'), place)
      const entry = [last, modelOf(place.after, shape, path)] as const
      if (place.type === 'changed' || place.position === undefined) parent.members.set(...entry)
      else insert(parent.members, entry, place.position)
    }
  }
  for (const [key, changes] of inLists) {
    const list = findModel(root.model, JSON.parse(key))
    if (list?.type === 'list') list.items = editList(list.items, changes)
  }
  return root.model
}

function expect(holds: boolean, place: ChangedPlace): void {
  if (!holds) throw new TypeError(`${JSON.stringify(place)} does not fit the document`)
}

function missing(): never {
  throw new TypeError('the document is gone')
}

function insert(members: Map<string, Model>, entry: readonly [string, Model], position: number): void {
  const all = [...members]
  all.splice(position, 0, [...entry])
  members.clear()
  for (const [name, member] of all) members.set(name, member)
}

/** Puts the members that are there in the order of these names, some of which may not be there yet. */
function reorder(model: Model | undefined, names: readonly string[]): void {
  if (model?.type !== 'keyed') throw new TypeError('only keyed lists are reordered')
  const members = new Map(model.members)
  model.members.clear()
  for (const name of names) {
    const member = members.get(name)
    if (member !== undefined) model.members.set(name, member)
  }
}

function editList(before: readonly string[], changes: readonly ChangedPlace[]): string[] {
  const at = (type: ChangedPlace['type']) =>
    new Map(
      changes.filter((place) => place.type === type).map((place) => [Number(segmentsOf(place.path).at(-1)), place]),
    )
  const [removed, changed, added] = [at('removed'), at('changed'), at('added')]
  const left = before.filter((_, i) => !removed.has(i))
  const after: string[] = []
  while (left.length > 0 || added.has(after.length)) {
    const place = added.get(after.length) ?? changed.get(after.length)
    const old = place?.type === 'added' ? undefined : left.shift()
    if (place?.type === 'changed') expect(textOf(place.before) === old, place)
    after.push(place === undefined || !('after' in place) ? (old ?? '') : textOf(place.after as JsonValue))
  }
  return after
}
