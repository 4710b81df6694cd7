import {
  admit,
  applyPatch,
  type ChangedPlace,
  canonical,
  compileShape,
  diff,
  type JsonValue,
  type Merge,
  merge,
  type PatchOperation,
  patchOf,
} from 'countersign/core'
import fastJsonPatch, { type Operation } from 'fast-json-patch'
import { byHand, type Json } from './change-by-hand.ts'
import { edited, type Flag, flag, type Manner, shape, sizes } from './change-documents.ts'
import {
  automergeCopies,
  jsondiffpatch,
  mergeByAutomerge,
  mergeByLines,
  mergeByPatches,
  mergeByTrimerge,
  type Sides,
} from './change-peers.ts'
import { type Comparison, counted, timed } from './harness.ts'

const compiled = compileShape(shape)

/** How the two sides of a document differ from it. */
const edits: readonly { readonly percent: number; readonly manner: Manner }[] = [
  { percent: 0, manner: 'fields' },
  { percent: 1, manner: 'fields' },
  { percent: 10, manner: 'fields' },
  { percent: 10, manner: 'lists' },
]

interface Case extends Sides {
  readonly name: string
  readonly percent: number
  readonly manner: Manner
}

/** Compares diff, patch, merge and apply with what people use today. */
export function comparisons(): readonly Comparison[] {
  const cases = sizes.flatMap(({ name, rules }) =>
    edits.map((edit): Case => {
      const title = `${name}, ${edit.percent} % ${edit.manner === 'lists' ? 'and lists ' : ''}changed`
      return { name: title, ...edit, ...sidesOf(flag(rules), edit) }
    }),
  )
  return [
    ...cases.flatMap(diffs),
    ...patches(),
    ...cases.flatMap(merges),
    ...scaling(),
    ...cases.filter(({ percent }) => percent > 0).flatMap(applies),
  ]
}

function sidesOf(base: Flag, edit: { readonly percent: number; readonly manner: Manner }): Sides {
  return { base, live: edited(base, { ...edit, seed: 1 }), draft: edited(base, { ...edit, seed: 2 }) }
}

function diffs({ name, base, live }: Case): readonly Comparison[] {
  const subject = { name: 'diff', run: () => places(base, live) }
  return [
    timed({
      case: `diff: ${name}`,
      subject,
      peer: { name: 'fast-json-patch compare', run: () => fastJsonPatch.compare(base, live) },
      same: (ours, theirs) =>
        findsAll(ours, base, live) &&
        equal(fastJsonPatch.applyPatch(base, structuredClone(theirs), false, false).newDocument, live),
      goal: 1,
    }),
    timed({
      case: `diff: ${name}`,
      subject,
      peer: { name: 'jsondiffpatch', run: () => jsondiffpatch.diff(base, live) },
      same: (ours, theirs) =>
        findsAll(ours, base, live) && equal(jsondiffpatch.patch(structuredClone(base), structuredClone(theirs)), live),
      goal: 5,
    }),
  ]
}

function patches(): readonly Comparison[] {
  const thousand = flag(1_000)
  const inserted = { ...thousand, rules: thousand.rules.toSpliced(3, 0, { ...thousand.rules[0], id: 'new' } as Rule) }
  const large = sidesOf(flag(3_000), { percent: 10, manner: 'lists' })
  return [
    { case: 'patch: one insertion into 1,000', before: thousand, after: inserted, goal: 100 },
    { case: 'patch: 1 MB, 10 % and lists changed', before: large.base, after: large.live, goal: 10 },
  ].map(({ before, after, ...rest }) =>
    counted({
      ...rest,
      unit: 'operations',
      subject: { name: 'patchOf', count: () => patchOf(before, after, compiled).length },
      peer: { name: 'fast-json-patch compare', count: () => fastJsonPatch.compare(before, after).length },
    }),
  )
}

type Rule = Flag['rules'][number]

function merges({ name, percent, manner, ...sides }: Case): readonly Comparison[] {
  const { base, live, draft } = sides
  const subject = { name: 'merge', run: () => merged(sides) }
  const byIndexOnly = () => [
    timed({
      case: `merge: ${name}`,
      subject,
      peer: { name: 'two fast-json-patch diffs', run: () => mergeByPatches(sides) },
      same: (ours, theirs) => sameRollouts(ours, theirs.value),
      goal: 3,
    }),
    timed({
      case: `merge: ${name}`,
      subject,
      peer: { name: 'automerge', prepare: automergeCopies(sides), run: mergeByAutomerge },
      same: (ours, theirs) => sameRollouts(ours, theirs),
      goal: 20,
    }),
  ]
  return [
    timed({
      case: `merge: ${name}`,
      subject,
      peer: { name: 'by hand', run: () => byHand(base, live, draft) },
      same: (ours, theirs) => sameMerge(ours, theirs.value, theirs.conflicts.length),
      goal: 1 / 1.5,
    }),
    timed({
      case: `merge: ${name}`,
      subject,
      peer: { name: 'trimerge', run: () => mergeByTrimerge(sides) },
      same: (ours, theirs) => sameRules(ours, theirs.value),
      goal: 1.2,
    }),
    ...(manner === 'fields' && percent > 0 ? byIndexOnly() : []),
  ]
}

/** Shows that the cost is linear, and that what is shared has none. */
function scaling(): readonly Comparison[] {
  const [small, middle, large] = sizes.map(({ rules }) => sidesOf(flag(rules), { percent: 10, manner: 'lists' }))
  if (!small || !middle || !large) return []
  const times = large.base.rules.length / middle.base.rules.length
  const beside = [small, large].map(({ base }) => ({
    base,
    live: { ...base, rollout: 50 },
    draft: { ...base, owner: 'team-checkout' },
  })) as [Sides, Sides]
  return [
    timed({
      case: `merge: 1 MB, beside ${times} times 20 KB`,
      subject: { name: 'merge', run: () => [merged(large)] },
      peer: { name: `${times} merges`, run: () => Array.from({ length: times }, () => merged(middle)) },
      same: (ours, theirs) => ours.length === 1 && theirs.length === times,
      goal: 1 / 1.5,
    }),
    timed({
      case: 'merge: 3,000 rules are shared',
      subject: { name: 'merge', run: () => merged(beside[1]) },
      peer: { name: '3 rules are shared', run: () => merged(beside[0]) },
      same: (ours, theirs) => ours.conflicts.length === 0 && theirs.conflicts.length === 0,
      goal: 1 / 1.5,
    }),
    timed({
      case: 'merge: 20 KB, 10 % and lists changed',
      subject: { name: 'merge', run: () => merged(middle) },
      peer: { name: 'node-diff3, on lines', run: () => mergeByLines(middle) },
      same: (ours, theirs) => ours.value !== undefined && theirs > 0,
      goal: null,
    }),
  ]
}

/** Ours admits what the patch brings, checks every path and leaves the document alone; the peers write into a document that is theirs. */
function applies({ name, base, live }: Case): readonly Comparison[] {
  const patch = patchOf(base, live, compiled)
  const document = admitted(base)
  const peers = [
    { name: 'fast-json-patch, validating', validate: true, goal: 1 / 2 },
    { name: 'fast-json-patch, unchecked', validate: false, goal: 1 / 2 },
  ]
  return peers.map(({ validate, goal, ...peer }) =>
    timed({
      case: `apply ${patch.length} operations: ${name}`,
      subject: { name: 'applyPatch', run: () => applied(document, patch) },
      peer: {
        ...peer,
        prepare: () => structuredClone(base),
        run: (mine) => fastJsonPatch.applyPatch(mine, patch as Operation[], validate).newDocument,
      },
      same: (ours, theirs) => equal(ours, live) && equal(theirs, live),
      goal,
    }),
  )
}

function admitted(document: unknown): JsonValue {
  const result = admit(document)
  if (!result.ok) throw new Error(result.refusal.message)
  return result.value
}

function places(before: JsonValue, after: JsonValue): readonly ChangedPlace[] {
  const found = diff(before, after, compiled)
  if (!found.ok) throw new Error(found.refusal.message)
  return found.value
}

function merged(sides: Sides): Merge {
  const result = merge(sides, compiled)
  if (!result.ok) throw new Error(result.refusal.message)
  return result.value
}

function applied(document: JsonValue, patch: readonly PatchOperation[]): JsonValue {
  const result = applyPatch(document, patch)
  if (!result.ok) throw new Error(result.refusal.message)
  return result.value
}

function equal(a: unknown, b: unknown): boolean {
  return canonical(a as JsonValue) === canonical(b as JsonValue)
}

/** Tells whether places name the rules that differ, and no others. */
function findsAll(found: readonly ChangedPlace[], before: Flag, after: Flag): boolean {
  const [old, next] = [textsById(before), textsById(after)]
  const differing = [...new Set([...old.keys(), ...next.keys()])].filter((id) => old.get(id) !== next.get(id))
  const named = found.filter(({ type }) => type !== 'moved').map(({ path }) => path.split('/')[2] ?? '')
  return [...new Set(named)].sort().join() === differing.sort().join()
}

function textsById({ rules }: Flag): ReadonlyMap<string, string> {
  return new Map(rules.flatMap((rule) => (rule === undefined ? [] : [[rule.id, canonical(rule)] as const])))
}

/** Tells whether both merged to the same rules and found as many conflicts; the order is nothing that the peer cares about. */
function sameMerge(ours: Merge, theirs: Json | undefined, conflicts: number): boolean {
  const found = ours.conflicts.filter(({ type }) => type !== 'incompatible_order')
  return conflicts === found.length && sameRules(ours, theirs as unknown as Flag)
}

/** Tells whether both merged to the same rules, in whatever order, except where both sides changed one. */
function sameRules({ value, conflicts }: Merge, theirs: Flag): boolean {
  const clashing = new Set(conflicts.map(({ path }) => path.split('/')[2]))
  const [one, other] = [textsById(value as unknown as Flag), textsById(theirs)]
  return [...one.keys(), ...other.keys()].every((id) => clashing.has(id) || one.get(id) === other.get(id))
}

/** Tells whether both merged to the same rollouts, except where both sides changed one. */
function sameRollouts({ value, conflicts }: Merge, theirs: Flag): boolean {
  const clashing = new Set(conflicts.map(({ path }) => path))
  return (value as unknown as Flag).rules.every(
    ({ id, rollout }, at) => clashing.has(`/rules/${id}/rollout`) || theirs.rules[at]?.rollout === rollout,
  )
}
