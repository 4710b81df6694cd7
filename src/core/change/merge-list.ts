import { canonical } from '../json/canonical.ts'
import { isArray } from '../json/equal.ts'
import type { JsonArray, JsonValue } from '../json/json.ts'
import { formatPointer } from '../json/pointer.ts'
import { collide, type Merging, refuseAnswer } from './collide.ts'
import { changedRuns, type Range, type Run } from './merge-runs.ts'

/** Merges lists whose items have no identity but their place among the others. */
export function mergeInOrder(base: JsonArray, live: JsonArray, draft: JsonArray, merging: Merging): JsonArray {
  const merged: JsonValue[] = []
  let at = 0
  for (const run of changedRuns(base.map(canonical), live.map(canonical), draft.map(canonical))) {
    append(merged, base, { from: at, to: run.base.from })
    const items = mergeRun(run, { base, live, draft }, merging)
    append(merged, items, { from: 0, to: items.length })
    at = run.base.to
  }
  append(merged, base, { from: at, to: base.length })
  return Object.freeze(merged)
}

function mergeRun(
  run: Run,
  sides: Readonly<Record<'base' | 'live' | 'draft', JsonArray>>,
  merging: Merging,
): JsonArray {
  const base = append([], sides.base, run.base)
  const live = append([], sides.live, run.live)
  const draft = append([], sides.draft, run.draft)
  if (run.by === 'draft') return draft
  if (run.by !== 'clash') return live
  merging.path.push(String(run.base.from))
  const items = collide('both_changed', { base, live, draft }, merging, [...live, ...draft])
  if (!isArray(items)) refuseAnswer(`value:${formatPointer(merging.path)}`, 'the items have to be an array', merging)
  merging.path.pop()
  return isArray(items) ? items : live
}

function append(list: JsonValue[], items: JsonArray, { from, to }: Range): JsonValue[] {
  for (let i = from; i < to; i++) list.push(items[i] as JsonValue)
  return list
}
