import { parsePointer } from '../json/pointer.ts'

/** How the items of a list are told apart. */
export type ListKind =
  | { readonly kind: 'keyed'; readonly field: string }
  | { readonly kind: 'set' }
  | { readonly kind: 'list' }
  | { readonly kind: 'place' }
  | { readonly kind: 'atomic' }

/**
 * How the lists of a document are identified: pattern of a path in the keyed view → kind.
 *
 * `*` stands for one segment, `**` for any number. If several patterns meet, the one that says more wins: read
 * from the left, a name before `*` before `**`. Lists that are not declared are atomic.
 */
export type Shape = Readonly<Record<string, ListKind>>

/** Names for sets of patterns, which policies speak of as `@name`. */
export type Groups = Readonly<Record<string, readonly string[]>>

/**
 * Declares a list whose items are identified by one of their fields: a text or a number, present and different in
 * each item.
 *
 * @example
 * ```ts
 * const shape = { '/rules': keyedBy('id') } // a rule is /rules/eu-only, in whatever place
 * ```
 */
export function keyedBy(field: string): ListKind {
  return { kind: 'keyed', field }
}

/**
 * Declares a list whose items are identified by their value and have no order. No value may be in it twice.
 *
 * @example
 * ```ts
 * const shape = { '/tags': set() }
 * ```
 */
export function set(): ListKind {
  return { kind: 'set' }
}

/**
 * Declares a list whose items have no identity but their place among the others: steps, lines, conditions in order.
 *
 * @example
 * ```ts
 * const shape = { '/steps': list() }
 * ```
 */
export function list(): ListKind {
  return { kind: 'list' }
}

/**
 * Declares a list that is only appended to, such as a log or the steps of a migration: an item is its place, counted
 * from 0 in paths and from 1 in lines for people. Such lists merge as one value. An item that is inserted or removed
 * before others turns all of these into changed ones.
 *
 * @example
 * ```ts
 * const shape = { '/migration/steps': byPlace() }
 * ```
 */
export function byPlace(): ListKind {
  return { kind: 'place' }
}

/**
 * Declares a list that changes as one value. The default.
 *
 * @example
 * ```ts
 * const shape = { '/allowed': atomic() }
 * ```
 */
export function atomic(): ListKind {
  return { kind: 'atomic' }
}

/** One place in a compiled shape: what a list found there is, and where its children are. */
export interface ShapeNode {
  readonly kind: ListKind
  /** Whether the kind is declared right here, and is not just the default. */
  readonly declared: boolean
  /** Whether anything is declared here or below. */
  readonly declares: boolean
  readonly named: ReadonlyMap<string, ShapeNode>
  /** Where every child is that `named` does not name. */
  readonly other: ShapeNode
}

/** A shape made ready for use by {@link compileShape}. */
export interface CompiledShape {
  /** @internal */
  readonly root: ShapeNode
}

/** Steps into a child of a place. */
export function childNode(node: ShapeNode, segment: string): ShapeNode {
  return node.named.size === 0 ? node.other : (node.named.get(segment) ?? node.other)
}

/**
 * Prepares a shape for use.
 *
 * @example
 * ```ts
 * const shape = compileShape({ '/rules': keyedBy('id'), '/tags': set() })
 * ```
 *
 * @throws TypeError for a declaration that makes no sense: a mistake of the programmer.
 */
export function compileShape(shape: Shape): CompiledShape {
  const declarations = Object.entries(shape).map(([pattern, kind]) => ({
    pattern,
    kind: checkedKind(pattern, kind),
    segments: checkedSegments(pattern),
  }))
  const start = reach(declarations.map((declaration) => ({ declaration, at: 0 })))
  return { root: buildNodes(start) }
}

interface Declaration {
  readonly pattern: string
  readonly kind: ListKind
  readonly segments: readonly string[]
}

/** A place inside the pattern of a declaration. */
interface Position {
  readonly declaration: Declaration
  readonly at: number
}

const most = 1_000

interface OpenNode {
  kind: ListKind
  declared: boolean
  declares: boolean
  named: Map<string, ShapeNode>
  other: ShapeNode
}

/** Turns sets of positions into nodes, one node for each set that a path can lead to. */
function buildNodes(start: readonly Position[]): ShapeNode {
  const nodes = new Map<string, OpenNode>()
  const waiting: { readonly node: OpenNode; readonly positions: readonly Position[] }[] = []

  const nodeOf = (positions: readonly Position[]): OpenNode => {
    const id = JSON.stringify(positions.map(({ declaration, at }) => [declaration.pattern, at]).sort())
    const known = nodes.get(id)
    if (known !== undefined) return known
    if (nodes.size === most)
      throw new TypeError('The shape has too many patterns with ** for each other: write paths out.')
    const here = positions.filter(isEnd).map(({ declaration }) => declaration)
    const [declares, declared] = [positions.length > 0, here.length > 0]
    const node = { kind: kindOf(here), declared, declares, named: new Map() } as OpenNode
    node.other = node
    nodes.set(id, node)
    waiting.push({ node, positions })
    return node
  }

  const root = nodeOf(start)
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { node, positions } = next
    node.other = nodeOf(step(positions, undefined))
    for (const { declaration, at } of positions) {
      const name = declaration.segments[at]
      if (name !== undefined && name !== '*' && name !== '**') node.named.set(name, nodeOf(step(positions, name)))
    }
  }
  return root
}

/** Steps over one segment; undefined is a segment that no pattern names. */
function step(positions: readonly Position[], name: string | undefined): readonly Position[] {
  return reach(
    positions.flatMap(({ declaration, at }) => {
      const segment = declaration.segments[at]
      if (segment === '**') return [{ declaration, at }]
      return segment === '*' || (segment !== undefined && segment === name) ? [{ declaration, at: at + 1 }] : []
    }),
  )
}

/** Adds the positions behind `**`, which may stand for nothing. */
function reach(positions: readonly Position[]): readonly Position[] {
  const reached = new Map<string, Position>()
  for (const { declaration, at } of positions) {
    for (let i = at; ; i++) {
      reached.set(JSON.stringify([declaration.pattern, i]), { declaration, at: i })
      if (declaration.segments[i] !== '**') break
    }
  }
  return [...reached.values()]
}

function isEnd({ declaration, at }: Position): boolean {
  return at === declaration.segments.length
}

/** The kind of a list that these declarations are about: that of the one which says most. */
function kindOf(declarations: readonly Declaration[]): ListKind {
  const [first, second] = declarations.toSorted((a, b) => (rank(a) < rank(b) ? 1 : -1))
  if (first === undefined) return atomic()
  if (
    second !== undefined &&
    rank(first) === rank(second) &&
    JSON.stringify(first.kind) !== JSON.stringify(second.kind)
  ) {
    throw new TypeError(`The shape declares one list twice: ${first.pattern} and ${second.pattern} both match it.`)
  }
  return first.kind
}

function rank({ segments }: Declaration): string {
  return segments.map((segment) => (segment === '**' ? '0' : segment === '*' ? '1' : '2')).join('')
}

function checkedSegments(pattern: string): readonly string[] {
  const segments = parsePointer(pattern)
  if (segments === undefined)
    throw new TypeError(`${JSON.stringify(pattern)} is no pattern: write it like /rules/*/tags.`)
  const odd = segments.find((segment) => segment.includes('*') && segment !== '*' && segment !== '**')
  if (odd !== undefined) throw new TypeError(`${pattern}: in a shape, * stands for a whole segment, not inside ${odd}.`)
  return segments
}

function checkedKind(pattern: string, kind: ListKind): ListKind {
  const known = ['set', 'list', 'place', 'atomic'].includes(kind?.kind)
  const keyed = kind?.kind === 'keyed' && typeof kind.field === 'string'
  if (!known && !keyed)
    throw new TypeError(`The shape of ${pattern} is none of keyedBy(field), set(), list(), byPlace(), atomic().`)
  return kind
}
