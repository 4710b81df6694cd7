import { type Edit, edits } from './align.ts'

/** A stretch of a list in which sides changed something, as ranges of positions on each of them. */
export interface Run {
  /** Who changed it. `same`: both, and to the same items. */
  readonly by: 'live' | 'draft' | 'same' | 'clash'
  readonly base: Range
  readonly live: Range
  readonly draft: Range
}

/** Positions from `from` up to, and without, `to`. */
export interface Range {
  readonly from: number
  readonly to: number
}

/**
 * Lists the stretches in which two sides changed a list, in order: diff3 over the texts of its items.
 *
 * Edits of the two sides clash when they share an item, or when they touch and one of them inserts.
 */
export function changedRuns(
  base: readonly string[],
  live: readonly string[],
  draft: readonly string[],
): readonly Run[] {
  const waiting = { live: edits(base, live), draft: edits(base, draft) }
  const next = { live: 0, draft: 0 }
  /** How much further an item stands on each side than in the base, behind the edits done so far. */
  const shift = { live: 0, draft: 0 }
  const runs: Run[] = []

  const take = (side: 'live' | 'draft', stretch: Stretch | undefined): Stretch | undefined => {
    const edit = waiting[side][next[side]]
    if (edit === undefined || (stretch !== undefined && !clashes(stretch, edit))) return undefined
    next[side]++
    return widen(stretch, edit, side)
  }

  while (next.live < waiting.live.length || next.draft < waiting.draft.length) {
    const first = firstSide(waiting.live[next.live], waiting.draft[next.draft])
    let stretch = take(first, undefined) as Stretch
    for (let wider: Stretch | undefined = stretch; wider !== undefined; ) {
      stretch = wider
      wider = take('live', stretch) ?? take('draft', stretch)
    }
    const { from, to } = stretch
    const ranges = { live: rangeOn('live', stretch), draft: rangeOn('draft', stretch) }
    const by =
      stretch.sides === 'both' ? (sameTexts(live, ranges.live, draft, ranges.draft) ? 'same' : 'clash') : stretch.sides
    runs.push({ by, base: { from, to }, ...ranges })
  }
  return runs

  function rangeOn(side: 'live' | 'draft', stretch: Stretch): Range {
    const from = stretch.from + shift[side]
    shift[side] += stretch.growth[side]
    return { from, to: stretch.to + shift[side] }
  }
}

/** Edits that belong together, as one range of the base. */
interface Stretch {
  readonly from: number
  readonly to: number
  readonly inserts: boolean
  readonly sides: 'live' | 'draft' | 'both'
  readonly growth: { readonly live: number; readonly draft: number }
}

function widen(stretch: Stretch | undefined, edit: Edit, side: 'live' | 'draft'): Stretch {
  const { from, to, inserts, sides, growth } = stretch ?? {
    ...edit,
    inserts: false,
    sides: side,
    growth: { live: 0, draft: 0 },
  }
  return {
    from: Math.min(from, edit.from),
    to: Math.max(to, edit.to),
    inserts: inserts || growthOf(edit) > 0,
    sides: sides === side ? side : 'both',
    growth: { ...growth, [side]: growth[side] + growthOf(edit) },
  }
}

function growthOf({ from, to, start, end }: Edit): number {
  return end - start - (to - from)
}

function clashes(stretch: Stretch, edit: Edit): boolean {
  if (edit.from < stretch.to && stretch.from < edit.to) return true
  return edit.from <= stretch.to && (stretch.inserts || growthOf(edit) > 0)
}

function firstSide(live: Edit | undefined, draft: Edit | undefined): 'live' | 'draft' {
  if (live === undefined) return 'draft'
  return draft === undefined || live.from <= draft.from ? 'live' : 'draft'
}

function sameTexts(a: readonly string[], on: Range, b: readonly string[], with_: Range): boolean {
  if (on.to - on.from !== with_.to - with_.from) return false
  for (let i = on.from; i < on.to; i++) if (a[i] !== b[with_.from + i - on.from]) return false
  return true
}
