import { writeFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { type Graph, grouped, heightsOf, nodeOf, partOf, readSource, reduced, type Source } from './source-folders.ts'

/** What each part of the source is, in a few words. */
const captions: Readonly<Record<string, string>> = {
  service: 'all orchestration: reads facts, asks people, has the core decide, commits',
  storage: 'adapters of the port',
  notifiers: 'who delivers notices',
  testing: 'kits for adapters and policies',
  ports: 'what the library needs from the world',
  core: 'every decision: pure and synchronous, no clock, no randomness, no I/O, no throw',
  errors: 'codes of refusals, and their details',
}

const box = { height: 26, gap: 14, row: 50 } as const
const pad = { side: 18, top: 62, bottom: 18 } as const
const width = 920
const margin = 24
const betweenRows = 46
const stackGap = 14

/**
 * Draws the folders of the source as SVG: what is above needs what is below. An arrow that other arrows lead along is
 * left out.
 */
export function drawArchitecture(source: Source): string {
  const drawn = new Map([...source.files].filter(([file]) => isDrawn(file, source)))
  const parts = grouped(drawn, partOf)
  const heights = heightsOf(parts)
  const top = Math.max(...heights.values())
  const rows = Array.from({ length: top + 1 }, (_, at) =>
    [...parts.keys()].filter((part) => heights.get(part) === top - at).toSorted(bySize(drawn)),
  )
  let y = margin + legendHeight
  const placed = new Map<string, Placed>()
  for (const row of rows) {
    const columns = inColumns(row.map((part) => blockOf(source, drawn, part)))
    const height = Math.max(...columns.map(heightOf))
    const free = width - 2 * margin - columns.reduce((sum, column) => sum + widthOf(column), 0)
    let x = margin
    for (const column of columns) {
      let bottom = y + height
      for (const [at, block] of [...column.entries()].toReversed()) {
        const own = columns.length === 1 ? width - 2 * margin : block.width
        const leaves = at === column.length - 1 ? own / 2 : (own + (column[at + 1]?.width ?? 0)) / 2
        placed.set(block.part, { ...block, x, y: bottom - block.height, width: own, leaves })
        bottom -= block.height + stackGap
      }
      x += widthOf(column) + free / Math.max(1, columns.length - 1)
    }
    y += height + betweenRows
  }
  const arrows = [...reduced(parts)].flatMap(([from, needed]) =>
    [...needed].map((to) => between(placed.get(from), placed.get(to))),
  )
  const height = y - betweenRows + margin
  return page(height, [...legend(), ...arrows, ...[...placed.values()].flatMap(drawnPart)])
}

/**
 * Puts blocks side by side. If there is no room for that, the narrowest stand above each other, and each is wider than
 * the one below, so that its arrow passes that.
 */
function inColumns(blocks: readonly Block[]): readonly (readonly Block[])[] {
  const columns = blocks.map((block): readonly Block[] => [block])
  const isTooWide = () => columns.reduce((sum, column) => sum + widthOf(column) + stackGap, 0) > width - 2 * margin
  while (columns.length > 2 && isTooWide()) {
    columns.sort((a, b) => widthOf(b) - widthOf(a))
    const stack = columns
      .splice(-2)
      .flat()
      .toSorted((a, b) => a.width - b.width)
    let least = 0
    const wider = stack.map((block) => {
      least = Math.max(least, block.width)
      const own = { ...block, width: least }
      least += 2 * stackGap
      return own
    })
    columns.push(wider.toReversed())
  }
  return columns
}

function widthOf(column: readonly Block[]): number {
  return Math.max(...column.map((one) => one.width))
}

function heightOf(column: readonly Block[]): number {
  return column.reduce((sum, one) => sum + one.height + stackGap, -stackGap)
}

/** An index only exports what others declare; so does the file of an entry point that lies in `src` itself. */
function isDrawn(file: string, { entries }: Source): boolean {
  return basename(file) !== 'index.ts' && (file.includes('/') || ![...entries.values()].includes(file))
}

const bySize = (files: Graph) => (a: string, b: string) => sizeOf(files, b) - sizeOf(files, a) || (a < b ? -1 : 1)

function sizeOf(files: Graph, part: string): number {
  return [...files.keys()].filter((file) => partOf(file) === part).length
}

/** A part of the source, as it is to be drawn. */
interface Block {
  readonly part: string
  readonly width: number
  readonly height: number
  readonly opened: readonly string[]
  /** Lines that name the files of a part without folders. */
  readonly lines: readonly string[]
  readonly boxes: readonly Box[]
  readonly edges: readonly (readonly Point[])[]
}

interface Placed extends Block, Point {
  /** Where on its lower side an arrow leaves. */
  readonly leaves: number
}

interface Point {
  readonly x: number
  readonly y: number
}

interface Box extends Point {
  readonly label: string
  readonly marks: readonly string[]
  readonly width: number
}

function blockOf(source: Source, drawn: Graph, part: string): Block {
  const own = new Map([...drawn].filter(([file]) => partOf(file) === part))
  const opened = [...source.entries]
    .filter(([, file]) => opensInto(source, file) === part)
    .map(([name]) => shortened(name))
  const nodes = grouped(own, (file) => (own.has(file) ? nodeOf(file) : undefined))
  const isFlat = [...nodes.keys()].every((name) => name.endsWith('.ts'))
  const heading = Math.max(
    textWidth(captions[part] ?? '', 6),
    ...openedLines(opened).map((line) => textWidth(line, 6.3)),
  )
  if (isFlat) {
    const names = [...nodes.keys()].map((name) => basename(name, '.ts'))
    const lines = names.length > 1 ? [names.join(' · ')] : []
    const longest = Math.max(heading, textWidth(lines[0] ?? '', 6.4))
    return { part, opened, lines, boxes: [], edges: [], ...sized(longest, lines.length * 20 - 10, opened) }
  }
  const {
    boxes,
    edges,
    width: inside,
    height,
  } = layered(reduced(nodes), (name) => ({
    label: name.slice(part.length + 1),
    marks: part === 'service' ? marksOf(source, name) : [],
  }))
  const outside = sized(Math.max(inside, heading), height, opened)
  const shift = (outside.width - 2 * pad.side - inside) / 2
  return {
    part,
    opened,
    lines: [],
    boxes: boxes.map((one) => ({ ...one, x: one.x + shift })),
    edges: edges.map((points) => points.map(({ x, y }) => ({ x: x + shift, y }))),
    ...outside,
  }
}

function sized(inside: number, height: number, opened: readonly string[]) {
  const head = pad.top + openedLines(opened).length * 17
  return { width: Math.ceil(inside + 2 * pad.side), height: Math.ceil(head + height + pad.bottom) }
}

/** The part that an entry point opens: where it lies, or else the highest of those that it exports from. */
function opensInto({ files }: Source, file: string): string {
  if (file.includes('/')) return partOf(file)
  const parts = grouped(files, partOf)
  const heights = heightsOf(parts)
  const needed = [...(parts.get(partOf(file)) ?? [])]
  return needed.toSorted((a, b) => (heights.get(b) ?? 0) - (heights.get(a) ?? 0))[0] ?? partOf(file)
}

/** An entry point by its path, or by the name of the package if it is the package itself. */
function shortened(name: string): string {
  return name.slice(name.indexOf('/') + 1)
}

function openedLines(opened: readonly string[]): readonly string[] {
  const lines: string[] = []
  for (const name of opened) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + name.length < 46) lines[lines.length - 1] = `${last} · ${name}`
    else lines.push(name)
  }
  return lines
}

const markNames = { reads: 'R', commits: 'W', asks: 'P' } as const

function marksOf(source: Source, folder: string): readonly string[] {
  const touches = source.touches(folder)
  return (['reads', 'commits', 'asks'] as const).filter((what) => touches[what]).map((what) => markNames[what])
}

function textWidth(text: string, perLetter: number): number {
  return text.length * perLetter
}

/** Something with a place in a row: a box, or a bend of an arrow that passes the row. */
interface Slot {
  readonly name: string
  readonly width: number
  x: number
}

/**
 * Puts what needs nobody at the bottom and everything else as low as it can be, and orders each row so that arrows
 * cross little.
 */
function layered(graph: Graph, describe: (name: string) => Pick<Box, 'label' | 'marks'>) {
  const heights = heightsOf(graph)
  const top = Math.max(...heights.values())
  const described = new Map([...graph.keys()].map((name) => [name, describe(name)]))
  const widthOf = (name: string) => {
    const { label, marks } = described.get(name) ?? { label: '', marks: [] }
    return textWidth(label, 6.8) + 20 + (marks.length === 0 ? 0 : 6 + marks.length * 20)
  }
  const rows: Slot[][] = Array.from({ length: top + 1 }, () => [])
  for (const [name, height] of heights) rows[top - height]?.push({ name, width: widthOf(name), x: 0 })
  const paths = [...graph].flatMap(([from, needed]) =>
    [...needed].map((to) => {
      const [first, last] = [top - (heights.get(from) ?? 0), top - (heights.get(to) ?? 0)]
      const bends = Array.from({ length: last - first - 1 }, (_, at) => `${from}>${to}:${first + 1 + at}`)
      for (const [at, name] of bends.entries()) rows[first + 1 + at]?.push({ name, width: 8, x: 0 })
      return [from, ...bends, to]
    }),
  )
  arrange(rows, paths)
  const slots = new Map(rows.flatMap((row, at) => row.map((slot) => [slot.name, { ...slot, at }] as const)))
  const left = Math.min(...[...slots.values()].map(({ x, width }) => x - width / 2))
  const right = Math.max(...[...slots.values()].map(({ x, width }) => x + width / 2))
  const boxes = [...described].map(([name, { label, marks }]) => {
    const { x = 0, at = 0, width = 0 } = slots.get(name) ?? {}
    return { label, marks, width, x: x - width / 2 - left, y: at * box.row }
  })
  const edges = paths.map((path) =>
    path.flatMap((name, index) => {
      const { x = 0, at = 0 } = slots.get(name) ?? {}
      const above = { x: x - left, y: at * box.row - (index === path.length - 1 ? 2 : 0) }
      const below = { x: x - left, y: at * box.row + box.height }
      return [...(index > 0 ? [above] : []), ...(index < path.length - 1 ? [below] : [])]
    }),
  )
  return { boxes, edges, width: right - left, height: top * box.row + box.height }
}

/** Moves the slots of each row towards those that they are joined to. */
function arrange(rows: Slot[][], paths: readonly (readonly string[])[]): void {
  const joined = new Map<string, Set<string>>()
  for (const path of paths) {
    for (const [at, name] of path.entries()) {
      const others = joined.get(name) ?? new Set()
      joined.set(name, others)
      for (const other of [path[at - 1], path[at + 1]]) if (other !== undefined) others.add(other)
    }
  }
  const slots = new Map(rows.flat().map((slot) => [slot.name, slot]))
  const wanted = (slot: Slot) => {
    const others = [...(joined.get(slot.name) ?? [])].flatMap((name) => slots.get(name) ?? [])
    return others.length === 0 ? slot.x : others.reduce((sum, { x }) => sum + x, 0) / others.length
  }
  for (const row of rows)
    spread(
      row,
      row.map((_, at) => (at - (row.length - 1) / 2) * 120),
    )
  for (let turn = 0; turn < 60; turn++) {
    for (const row of turn % 2 === 0 ? rows : rows.toReversed()) {
      const places = new Map(row.map((slot) => [slot.name, wanted(slot)]))
      if (turn < 30)
        row.sort((a, b) => (places.get(a.name) ?? 0) - (places.get(b.name) ?? 0) || (a.name < b.name ? -1 : 1))
      spread(
        row,
        row.map(({ name }) => places.get(name) ?? 0),
      )
    }
  }
}

/** Puts the slots of a row where they are wanted, as far as there is room. */
function spread(row: Slot[], places: readonly number[]): void {
  const room = (a: Slot, b: Slot) => (a.width + b.width) / 2 + box.gap
  const toRight: number[] = []
  for (const [at, slot] of row.entries()) {
    const before = row[at - 1]
    const least = before ? (toRight[at - 1] ?? 0) + room(before, slot) : Number.NEGATIVE_INFINITY
    toRight.push(Math.max(places[at] ?? 0, least))
  }
  const toLeft: number[] = []
  for (const [at, slot] of [...row.entries()].toReversed()) {
    const after = row[at + 1]
    const most = after ? (toLeft[at + 1] ?? 0) - room(slot, after) : Number.POSITIVE_INFINITY
    toLeft[at] = Math.min(places[at] ?? 0, most)
  }
  for (const [at, slot] of row.entries()) slot.x = ((toRight[at] ?? 0) + (toLeft[at] ?? 0)) / 2
}

const legendHeight = 92

function legend(): readonly string[] {
  const lines = [
    'Made from the imports, types counted. An arrow that other arrows lead along is left out.',
    'A folder imports what its arrows lead to, directly or by way of other folders.',
  ]
  const marks = [
    ['R', 'reads the storage'],
    ['W', 'commits to it'],
    ['P', 'asks the directory about people'],
  ] as const
  let x = margin + 6
  const drawn = marks.map(([letter, meaning]) => {
    const at = x
    x += 34 + textWidth(meaning, 6.6)
    return `${mark(letter, at, margin + 58)}<text class="small" x="${at + 24}" y="${margin + 71}">${meaning}</text>`
  })
  const said = lines.map(
    (line, at) => `<text class="small" x="${margin + 6}" y="${margin + 32 + at * 17}">${line}</text>`,
  )
  drawn.push(`<text class="entry" x="${x + 4}" y="${margin + 71}">entry point of the package</text>`)
  return [`<text class="title" x="${margin + 6}" y="${margin + 12}">The folders of src</text>`, ...said, ...drawn]
}

function mark(letter: string, x: number, y: number): string {
  const rect = `<rect class="mark ${letter}" x="${round(x)}" y="${round(y)}" width="17" height="17" rx="4"/>`
  return `${rect}<text class="letter" x="${round(x + 8.5)}" y="${round(y + 13)}">${letter}</text>`
}

function drawnPart({ part, x, y, width, height, opened, lines, boxes, edges }: Placed): readonly string[] {
  const head = openedLines(opened)
  const inside = { x: x + pad.side, y: y + pad.top + head.length * 17 }
  const free = boxes.length === 0 ? 0 : width - 2 * pad.side - Math.max(...boxes.map((one) => one.x + one.width))
  const shift = Math.max(0, (free - Math.min(...boxes.map((one) => one.x), free)) / 2)
  return [
    `<rect class="part" x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" rx="10"/>`,
    `<text class="name" x="${round(inside.x)}" y="${round(y + 24)}">${part}</text>`,
    `<text class="small" x="${round(inside.x)}" y="${round(y + 42)}">${captions[part] ?? ''}</text>`,
    ...head.map(
      (line, at) => `<text class="entry" x="${round(inside.x)}" y="${round(y + 60 + at * 17)}">${line}</text>`,
    ),
    ...lines.map(
      (line, at) => `<text class="label" x="${round(inside.x)}" y="${round(inside.y + 4 + at * 20)}">${line}</text>`,
    ),
    ...edges.map((points) =>
      arrow(
        points.map((one) => ({ x: one.x + inside.x + shift, y: one.y + inside.y })),
        'edge',
      ),
    ),
    ...boxes.flatMap((one) => drawnBox(one, { x: inside.x + shift, y: inside.y })),
  ]
}

function drawnBox({ label, marks, x, y, width }: Box, origin: Point): readonly string[] {
  const [left, top] = [origin.x + x, origin.y + y]
  return [
    `<rect class="box" x="${round(left)}" y="${round(top)}" width="${round(width)}" height="${box.height}" rx="6"/>`,
    marks.length > 0
      ? `<text class="label" x="${round(left + 10)}" y="${round(top + 17.5)}">${label}</text>`
      : `<text class="label middle" x="${round(left + width / 2)}" y="${round(top + 17.5)}">${label}</text>`,
    ...marks.map((letter, at) => mark(letter, left + width - 20 * (marks.length - at) - 2, top + 4.5)),
  ]
}

/** The arrow between two parts: from the bottom of the one to the top of the other. */
function between(from: Placed | undefined, to: Placed | undefined): string {
  if (!from || !to) return ''
  const x = from.x + from.leaves
  const end = Math.min(Math.max(x, to.x + 20), to.x + to.width - 20)
  return arrow(
    [
      { x, y: from.y + from.height },
      { x: end, y: to.y - 3 },
    ],
    'main',
  )
}

function arrow(points: readonly Point[], kind: 'edge' | 'main'): string {
  const [first, ...rest] = points
  if (!first) return ''
  let before = first
  const curves = rest.map((point) => {
    const middle = (before.y + point.y) / 2
    const curve = [before.x, middle, point.x, middle, point.x, point.y].map(round)
    before = point
    return `C${curve.join(' ')}`
  })
  const line = `M${round(first.x)} ${round(first.y)}${curves.join('')}`
  return `<path class="${kind}" d="${line}" marker-end="url(#${kind}-end)"/>`
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}

/** The picture has a ground of its own, so that it can be read on a white page and on a dark one. */
function page(height: number, parts: readonly string[]): string {
  const style = [
    'text{font-family:-apple-system,"Segoe UI",Helvetica,Arial,sans-serif;fill:#1f2328}',
    '.title{font-size:18px;font-weight:600}.name{font-size:16px;font-weight:600}',
    '.small{font-size:12px;fill:#57606a}.label{font-size:13px}',
    '.entry{font-size:11px;font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;fill:#0550ae}',
    '.middle{text-anchor:middle}.letter{font-size:11px;font-weight:700;fill:#fff;text-anchor:middle}',
    '.ground{fill:#fff;stroke:#d0d7de}.part{fill:#f6f8fa;stroke:#8c959f}.box{fill:#fff;stroke:#57606a}',
    '.R{fill:#0969da}.W{fill:#cf222e}.P{fill:#6639ba}',
    '.edge{fill:none;stroke:#6e7781;stroke-width:1.3}.main{fill:none;stroke:#1f2328;stroke-width:2.2}',
  ].join('\n')
  const heads = (['edge', 'main'] as const).map((kind) => {
    const size = kind === 'edge' ? 7 : 6
    const fill = kind === 'edge' ? '#6e7781' : '#1f2328'
    const place = `viewBox="0 0 10 10" refX="9" refY="5" markerWidth="${size}" markerHeight="${size}" orient="auto"`
    return `<marker id="${kind}-end" ${place}><path d="M0 0L10 5L0 10z" fill="${fill}"/></marker>`
  })
  const size = `viewBox="0 0 ${width} ${round(height)}" width="${width}" height="${round(height)}"`
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" ${size} role="img" aria-label="The folders of src, and which needs which">`,
    `<defs>${heads.join('')}</defs>`,
    `<style>\n${style}\n</style>`,
    `<rect class="ground" x="1" y="1" width="${width - 2}" height="${round(height) - 2}" rx="12"/>`,
    ...parts.filter((part) => part !== ''),
    '</svg>',
  ].join('\n')}\n`
}

const root = resolve(import.meta.dirname, '..')

if (process.argv[1] === import.meta.filename) {
  writeFileSync(join(root, 'docs/architecture.svg'), drawArchitecture(readSource(root)))
}
