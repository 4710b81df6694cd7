import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, it } from 'vitest'
import {
  applyPatch,
  type ChangedPlace,
  type CompiledShape,
  type Conflict,
  canonical,
  compileShape,
  diff,
  digest,
  type JsonValue,
  merge,
  patchOf,
  type Resolution,
} from '../../../src/core.ts'
import {
  documents,
  reorderedDocuments,
  type ShapedDocuments,
  shapedDocuments,
} from '../../../src/testing/arbitraries/documents.ts'
import { runs } from '../../runs.ts'
import { done } from './done.ts'
import { applyPlaces, findModel, listPaths, type Model, modelOf, segmentsOf, show, textOf } from './keyed-model.ts'

const options = { numRuns: runs(2_000) }
const timeout = 60 * 60_000

interface Given extends ShapedDocuments {
  readonly compiled: CompiledShape
}

/** Checks a law for generated shapes and documents. */
function law(title: string, holds: (given: Given) => void): void {
  it(title, { timeout }, () => {
    fc.assert(
      fc.property(shapedDocuments(), (documents) => holds({ ...documents, compiled: compileShape(documents.shape) })),
      options,
    )
  })
}

const placesOf = (before: JsonValue, after: JsonValue, shape: CompiledShape) => done(diff(before, after, shape))
const mergeOf = (given: Given, resolutions: readonly Resolution[] = []) =>
  done(merge(given, given.compiled, resolutions))
const copyOf = (value: JsonValue): JsonValue => JSON.parse(JSON.stringify(value))
const inOrder = { ordered: true }
const inAnyOrder = { ordered: false }

describe('a diff', () => {
  law(
    'makes the next document out of the one before, with nothing else to go by',
    ({ shape, compiled, base, draft }) => {
      const made = applyPlaces(base, placesOf(base, draft, compiled), shape)
      assert.equal(show(made, inOrder), show(modelOf(draft, shape), inOrder))
    },
  )

  law('is empty exactly where both documents are the same', ({ shape, compiled, base, draft }) => {
    const same = show(modelOf(base, shape), inOrder) === show(modelOf(draft, shape), inOrder)
    assert.equal(placesOf(base, draft, compiled).length === 0, same)
  })

  law('is the same whether or not the documents share subtrees', ({ compiled, base, draft }) => {
    const copied = placesOf(copyOf(base), copyOf(draft), compiled)
    assert.equal(JSON.stringify(copied), JSON.stringify(placesOf(base, draft, compiled)))
  })
})

describe('a patch', () => {
  law('applied to the document before, makes exactly the next one', ({ compiled, base, draft }) => {
    assert.equal(textOf(done(applyPatch(base, patchOf(base, draft, compiled)))), textOf(draft))
  })
})

describe('a merge', () => {
  const trivial: Readonly<Record<string, (given: Given) => readonly [Given, JsonValue]>> = {
    '[J6, B9] takes the draft where live is the base': (given) => [{ ...given, live: given.base }, given.draft],
    '[J6, B9] takes live where the draft is the base': (given) => [{ ...given, draft: given.base }, given.live],
    '[J6, B9] takes what both sides made alike': (given) => [{ ...given, draft: given.live }, given.live],
  }
  for (const [title, arrange] of Object.entries(trivial)) {
    law(title, (given) => {
      const [shared, expected] = arrange(given)
      const unshared = { ...shared, live: copyOf(shared.live), draft: copyOf(shared.draft) }
      for (const sides of [shared, unshared]) {
        const { value, conflicts } = mergeOf(sides)
        assert.equal(conflicts.length, 0)
        assert.equal(textOf(value as JsonValue), textOf(expected))
      }
    })
  }

  law('[J6] keeps every change of one side that the other side did not touch', (given) => {
    const { shape, compiled, base, live, draft } = given
    const lists = listPaths([base, live, draft], shape)
    const merged = modelOf(mergeOf(given).value as JsonValue, shape)
    const [ours, theirs] = [placesOf(base, live, compiled), placesOf(base, draft, compiled)]
    for (const [mine, others] of [
      [ours, theirs],
      [theirs, ours],
    ] as const) {
      for (const place of mine) {
        if (wholeOf(place, lists) !== place.path || others.some((other) => meet(place, other, lists))) continue
        if (place.type === 'moved') continue
        const expected = place.type === 'removed' ? undefined : modelOf(place.after, shape, segmentsOf(place.path))
        assert.equal(show(findModel(merged, segmentsOf(place.path)), inAnyOrder), show(expected, inAnyOrder))
      }
    }
  })

  law('changes nothing that neither side changed', (given) => {
    const { shape, compiled, base, live, draft } = given
    const lists = listPaths([base, live, draft], shape)
    const changed = [...placesOf(base, live, compiled), ...placesOf(base, draft, compiled)]
    for (const place of placesOf(base, mergeOf(given).value as JsonValue, compiled)) {
      assert.ok(
        changed.some((other) => isAround(wholeOf(other, lists), place.path) || isAround(place.path, other.path)),
      )
    }
  })

  law('orders two items as the side that reordered them', (given) => {
    const { shape, base, live, draft } = given
    const { value, conflicts } = mergeOf(given)
    const models = [base, live, draft, value as JsonValue].map((document) => modelOf(document, shape))
    forEachKeyedList(models, [], ([was, ours, theirs, result], path) => {
      if (conflicts.some((conflict) => isAround(conflict.path, path))) return
      const common = result.filter((name) => was.includes(name) && ours.includes(name) && theirs.includes(name))
      for (const [i, x] of common.entries()) {
        for (const y of common.slice(i + 1)) {
          const [before, here, there] = [was, ours, theirs].map((names) => names.indexOf(x) < names.indexOf(y))
          assert.ok(here === there ? here : !before)
        }
      }
    })
  })

  law('puts what one side inserted behind the item that it follows there', (given) => {
    const { shape, base, live, draft } = given
    const { value, conflicts } = mergeOf(given)
    const models = [base, live, draft, value as JsonValue].map((document) => modelOf(document, shape))
    forEachKeyedList(models, [], ([, ours, theirs, result], path) => {
      if (conflicts.some((conflict) => isAround(conflict.path, path))) return
      for (const [side, other] of [
        [ours, theirs],
        [theirs, ours],
      ] as const) {
        const kept = side.filter((name) => result.includes(name))
        for (const [i, name] of kept.entries()) {
          if (other.includes(name)) continue
          const between = result.slice(result.indexOf(kept[i - 1] ?? '') + 1, result.indexOf(name))
          assert.ok(i === 0 || result.includes(kept[i - 1] as string))
          assert.ok(between.every((neighbour) => !side.includes(neighbour)))
        }
      }
    })
  })

  law('[J6] has the same conflicts with the sides exchanged', (given) => {
    const facts = ({ id, type, path, base }: Conflict, one?: JsonValue, other?: JsonValue) =>
      JSON.stringify([id, type, path, base, one, other])
    const here = mergeOf(given).conflicts.map((conflict) => facts(conflict, conflict.live, conflict.draft))
    const there = mergeOf({ ...given, live: given.draft, draft: given.live }).conflicts
    assert.deepEqual(there.map((conflict) => facts(conflict, conflict.draft, conflict.live)).sort(), here.sort())
  })

  for (const take of ['live', 'draft'] as const) {
    law(`has at every conflict the value of the side that is taken: ${take}`, (given) => {
      const { conflicts } = mergeOf(given)
      const resolved = mergeOf(
        given,
        conflicts.map(({ digest: conflict }) => ({ conflict, take })),
      )
      assert.deepEqual([resolved.conflicts, resolved.unused], [[], []])
      const model = modelOf(resolved.value as JsonValue, given.shape)
      for (const conflict of conflicts) assertTaken(conflict, take, model, given)
    })
  }

  law('is the same whether or not the documents share subtrees', (given) => {
    const copied = mergeOf({ ...given, base: copyOf(given.base), live: copyOf(given.live), draft: copyOf(given.draft) })
    assert.equal(JSON.stringify(copied), JSON.stringify(mergeOf(given)))
  })

  law('changes nothing that it was given, and nothing that it gave can be changed', (given) => {
    const thawed = { ...given, base: copyOf(given.base), live: copyOf(given.live), draft: copyOf(given.draft) }
    mergeOf(thawed)
    for (const side of ['base', 'live', 'draft'] as const) assert.equal(textOf(thawed[side]), textOf(given[side]))
    assertFrozen(mergeOf(given).value)
  })
})

describe('a digest', () => {
  it('[K4] does not depend on the order of keys', { timeout }, () => {
    const holds = ([one, other]: readonly [JsonValue, JsonValue]) =>
      assert.equal(digest('test', other), digest('test', one))
    fc.assert(fc.property(reorderedDocuments(), holds), options)
  })

  it('[A7] differs for two documents that differ', { timeout }, () => {
    const holds = (one: JsonValue, other: JsonValue) =>
      assert.equal(digest('test', one) === digest('test', other), textOf(one) === textOf(other))
    fc.assert(fc.property(documents(), documents(), holds), options)
  })

  it('[K4] is over a text that reads back as the same document', { timeout }, () => {
    const holds = (document: JsonValue) => {
      assert.equal(canonical(document), textOf(document))
      assert.equal(textOf(JSON.parse(canonical(document))), textOf(document))
    }
    fc.assert(fc.property(documents(), holds), options)
  })
})

/** Whether one path is the other one or leads to it. */
function isAround(outer: string, inner: string): boolean {
  return inner === outer || inner.startsWith(`${outer}/`)
}

function parentOf(path: string): string {
  return path === '' ? 'nothing' : path.slice(0, path.lastIndexOf('/'))
}

/** The path of a place; of the whole list for what lies in an item whose position means little. */
function wholeOf({ path }: ChangedPlace, lists: ReadonlySet<string>): string {
  const around = [...lists].filter((list) => path.startsWith(`${list}/`))
  return around.toSorted((a, b) => a.length - b.length)[0] ?? path
}

/** Whether two places have to do with each other. The order of a list is another matter than its items. */
function meet(a: ChangedPlace, b: ChangedPlace, lists: ReadonlySet<string>): boolean {
  if (a.type === 'moved' && b.type === 'moved') return a.path === b.path
  if (a.type === 'moved') return isAround(b.path, a.path)
  if (b.type === 'moved') return isAround(a.path, b.path)
  return isAround(a.path, wholeOf(b, lists)) || isAround(wholeOf(b, lists), a.path)
}

type Names = readonly [readonly string[], readonly string[], readonly string[], readonly string[]]

function forEachKeyedList(
  models: readonly (Model | undefined)[],
  path: readonly string[],
  visit: (names: Names, path: string) => void,
): void {
  const members = models.map((model) => (model !== undefined && 'members' in model ? model.members : undefined))
  if (models.every((model) => model?.type === 'keyed')) {
    visit(
      members.map((member) => [...(member?.keys() ?? [])]) as unknown as Names,
      path.map((name) => `/${name}`).join(''),
    )
  }
  for (const name of members.at(-1)?.keys() ?? []) {
    const below = members.map((member) => member?.get(name))
    forEachKeyedList(below, [...path, name.replaceAll('~', '~0').replaceAll('/', '~1')], visit)
  }
}

function assertTaken(
  conflict: Conflict,
  take: 'live' | 'draft',
  model: Model,
  { shape, base, live, draft }: Given,
): void {
  const path = segmentsOf(conflict.path)
  const found = findModel(model, path)
  const value = conflict[take]
  if (conflict.type === 'incompatible_order') {
    const names = found?.type === 'keyed' ? [...found.members.keys()] : []
    const other = conflict[take === 'live' ? 'draft' : 'live'] as readonly string[]
    const wanted = (value as readonly string[]).filter((name) => names.includes(name) && other.includes(name))
    assert.deepEqual(
      names.filter((name) => wanted.includes(name)),
      wanted,
    )
  } else if (conflict.choices.includes('both') && listPaths([base, live, draft], shape).has(parentOf(conflict.path))) {
    const list = findModel(model, path.slice(0, -1))
    assert.ok(list?.type === 'list' && list.items.join().includes((value as readonly JsonValue[]).map(textOf).join()))
  } else {
    assert.equal(show(found, inOrder), show(value === undefined ? undefined : modelOf(value, shape, path), inOrder))
  }
}

function assertFrozen(value: unknown): void {
  if (typeof value !== 'object' || value === null) return
  assert.ok(Object.isFrozen(value))
  for (const child of Object.values(value)) assertFrozen(child)
}
