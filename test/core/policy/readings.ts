import type { JsonObject, JsonValue, Shape } from '../../../src/core.ts'

/**
 * How somebody may read the names in a field: what tells the items of a list apart that no shape names. A second, slow and plain, view of documents
 * to judge policies by: it knows neither the diff nor the keyed view.
 */
export const readings = ['place', 'id', 'name', 'value'] as const
export type Reading = (typeof readings)[number]

/** The values of a document by their paths, containers included. A path may have several. */
export type Read = ReadonlyMap<string, readonly string[]>

const slash = '\u0000'

/** Reads a document: every value under the path that somebody would call it by. */
export function read(document: JsonValue | undefined, shape: Shape, reading: Reading): Read {
  const found = new Map<string, string[]>()
  const visit = (given: JsonValue, path: readonly string[]): void => {
    const value = kindAt(path, shape) === 'set' ? inOneOrder(given) : given
    const key = path.map((segment) => slash + segment).join('')
    found.set(key, [...(found.get(key) ?? []), textOf(value)])
    if (Array.isArray(value)) {
      const items = value as readonly JsonValue[]
      for (const [place, item] of items.entries())
        visit(item, [...path, nameOf(item, place, kindAt(path, shape), reading)])
    } else if (isObject(value)) for (const [name, child] of Object.entries(value)) visit(child, [...path, name])
  }
  if (document !== undefined) visit(document, [])
  return found
}

/** The values that a field names on one side, by path. */
export function valuesOf(document: Read, field: string): Read {
  return new Map([...document].filter(([path]) => testOf(field).test(path)))
}

/** Whether a path is, or lies in, what a field names. */
export function isIn(field: string, path: string): boolean {
  const segments = path.split(slash)
  return segments.some((_, depth) => testOf(field).test(segments.slice(0, depth + 1).join(slash)))
}

export function same(a: Read, b: Read): boolean {
  const paths = [...new Set([...a.keys(), ...b.keys()])]
  return paths.every((path) => sameAt(path, a, b))
}

/** Whether two documents have the same values at a path. */
export function sameAt(path: string, a: Read, b: Read): boolean {
  const [one, other] = [a, b].map((side) => JSON.stringify([...(side.get(path) ?? [])].sort()))
  return one === other
}

/** The paths at which two documents differ, but for containers that differ because something in them does. */
export function differences(a: Read, b: Read): readonly string[] {
  const paths = [...new Set([...a.keys(), ...b.keys()])]
  const differ = paths.filter((path) => !sameAt(path, a, b))
  return differ.filter(
    (path) => !differ.some((other) => other !== path && (path === '' || other.startsWith(`${path}${slash}`))),
  )
}

/** A set has no order. */
function inOneOrder(value: JsonValue): JsonValue {
  return Array.isArray(value) ? (value as JsonValue[]).toSorted((a, b) => (textOf(a) < textOf(b) ? -1 : 1)) : value
}

function nameOf(item: JsonValue, place: number, kind: string | undefined, reading: Reading): string {
  if (kind === 'keyed') return isObject(item) && 'id' in item ? String(item['id']) : String(place)
  if (kind === 'set') return textOf(item)
  if (kind === 'place' || reading === 'place') return String(place)
  const named = reading === 'value' ? undefined : isObject(item) ? item[reading] : undefined
  return named === undefined ? textOf(item) : String(named)
}

function kindAt(path: readonly string[], shape: Shape): string | undefined {
  const key = path.map((segment) => slash + segment).join('')
  return Object.entries(shape).find(([pattern]) => testOf(pattern).test(key))?.[1].kind
}

/** A field as a test on paths that are written with a slash before each segment. */
function testOf(field: string): RegExp {
  const known = tests.get(field)
  if (known) return known
  const segments = field === '' ? [] : field.slice(1).split('/')
  const parts = segments.map((segment) =>
    segment === '**' ? `(?:${slash}[^${slash}]*)*` : `${slash}${segment.replaceAll('*', `[^${slash}]*`)}`,
  )
  const test = new RegExp(`^${parts.join('')}$`)
  tests.set(field, test)
  return test
}

const tests = new Map<string, RegExp>()

function textOf(value: JsonValue): string {
  if (Array.isArray(value)) return `[${(value as readonly JsonValue[]).map(textOf).join()}]`
  if (!isObject(value)) return typeof value === 'string' ? value : JSON.stringify(value)
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${members.map(([name, child]) => `${name}:${textOf(child)}`).join()}}`
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
