import { from as automergeFrom, change, clone, type Doc, merge as mergeCopies } from '@automerge/automerge'
import fastJsonPatch, { type Operation } from 'fast-json-patch'
import { create } from 'jsondiffpatch'
import { diff3Merge } from 'node-diff3'
import {
  combineMergers,
  jsonEqual,
  type Path,
  trimergeArrayCreator,
  trimergeEquality,
  trimergeJsonObject,
} from 'trimerge'
import type { Flag } from './change-documents.ts'

/** What three sides of a flag are. */
export interface Sides {
  readonly base: Flag
  readonly live: Flag
  readonly draft: Flag
}

type AnyMerge = Parameters<typeof combineMergers>[number]

/** Compares by `id` where items have one. */
export const jsondiffpatch = create({ objectHash: (item) => String((item as { readonly id?: unknown }).id) })

/** Merges with trimerge: lists of rules and variants by `id`, other lists as one value; where it cannot, live counts and the path is listed. */
export function mergeByTrimerge({ base, live, draft }: Sides): {
  readonly value: Flag
  readonly conflicts: readonly string[]
} {
  const conflicts: string[] = []
  const take: AnyMerge = (_, left: unknown, __, path: Path) => {
    conflicts.push(`/${path.join('/')}`)
    return left
  }
  const merger = combineMergers(trimergeEquality, listsAsOne(take), trimergeJsonObject, listsById, take)
  return { value: merger(base, live, draft), conflicts }
}

const listsById = trimergeArrayCreator((item: { readonly id: string }) => item.id)

function listsAsOne(take: AnyMerge): AnyMerge {
  return (base, left, right, path, mergeFn) => {
    if (!Array.isArray(left) || typeof left[0] !== 'string') return trimergeEquality(base, left, right, path, mergeFn)
    if (jsonEqual(left, right) || jsonEqual(base, right)) return left
    return jsonEqual(base, left) ? right : take(base, left, right, path, mergeFn)
  }
}

/** Merges as people do with two patches: those operations of the draft that meet none of live are done on top of it. */
export function mergeByPatches({ base, live, draft }: Sides): {
  readonly value: Flag
  readonly conflicts: readonly string[]
} {
  const ours = fastJsonPatch.compare(base, live)
  const theirs = fastJsonPatch.compare(base, draft)
  const taken = new Set(ours.flatMap(({ path }) => above(path)))
  const paths = new Set(ours.map(({ path }) => path))
  const meets = ({ path }: Operation) => taken.has(path) || above(path).some((place) => paths.has(place))
  const kept = theirs.filter((operation) => !meets(operation))
  const value = fastJsonPatch.applyPatch(base, [...ours, ...kept], false, false).newDocument
  return { value, conflicts: theirs.filter(meets).map(({ path }) => path) }
}

/** Lists a path and all above it. */
function above(path: string): readonly string[] {
  const found: string[] = []
  for (let at = path; at !== ''; at = at.slice(0, at.lastIndexOf('/'))) found.push(at)
  return found
}

/** Merges the lines of the documents as version control does. */
export function mergeByLines({ base, live, draft }: Sides): number {
  const lines = (flag: Flag) => JSON.stringify(flag, null, 1).split('\n')
  return diff3Merge(lines(live), lines(base), lines(draft), { excludeFalseConflicts: true }).length
}

/** Makes two copies of an Automerge document that were edited apart; answers a function that gives fresh ones. */
export function automergeCopies({ base, live, draft }: Sides): () => readonly [Doc<Flag>, Doc<Flag>] {
  const start = automergeFrom<Flag>(base)
  const ours = change(clone(start), (flag) => editFields(flag, live))
  const theirs = change(clone(start), (flag) => editFields(flag, draft))
  return () => [clone(ours), clone(theirs)]
}

/** Merges two copies of an Automerge document. */
export function mergeByAutomerge([live, draft]: readonly [Doc<Flag>, Doc<Flag>]): Doc<Flag> {
  return mergeCopies(live, draft)
}

function editFields(flag: Flag, next: Flag): void {
  for (const [at, rule] of next.rules.entries()) {
    const edited = flag.rules[at]
    if (edited === undefined) continue
    if (edited.rollout !== rule.rollout) edited.rollout = rule.rollout
    if (edited.target.values.join() !== rule.target.values.join()) edited.target.values = [...rule.target.values]
  }
}
