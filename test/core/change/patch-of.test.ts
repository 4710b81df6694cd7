import { describe, expect, it } from 'vitest'
import {
  admit,
  applyPatch,
  compileShape,
  defaultPatchLimits,
  type JsonValue,
  keyedBy,
  list,
  merge,
  patchOf,
  set,
} from '../../../src/core.ts'
import { done } from './done.ts'

const shape = compileShape({
  '/rules': keyedBy('id'),
  '/rules/*/variants': keyedBy('id'),
  '/tags': set(),
  '/steps': list(),
})
const rule = (i: number, more: object = {}) => ({ id: `r${i}`, n: i, target: { country: 'de' }, ...more })
const rules = (count: number) => Array.from({ length: count }, (_, i) => rule(i))
const write = (before: unknown, after: unknown) => {
  const [old, next] = [done(admit(before)), done(admit(after))]
  const patch = patchOf(old, next, shape)
  expect(done(applyPatch(old, patch))).toEqual(next)
  return patch.map(({ op, path }) => `${op} ${path}`)
}

describe('the patch of a change', () => {
  it('is one operation for one insertion into a list of 1,000, wherever it is', () => {
    for (const at of [0, 1, 500, 999, 1_000]) {
      const before = { rules: rules(1_000) }
      expect(write(before, { rules: before.rules.toSpliced(at, 0, rule(2_000)) })).toEqual([`add /rules/${at}`])
    }
  })

  it('is one operation for one removal, and two for one move', () => {
    const before = { rules: rules(1_000) }
    expect(write(before, { rules: before.rules.toSpliced(500, 1) })).toEqual(['remove /rules/500'])
    const moved = before.rules.toSpliced(10, 1).toSpliced(700, 0, rule(10))
    expect(write(before, { rules: moved })).toHaveLength(2)
  })

  it('edits items where they stand behind an insertion, in keyed lists inside keyed lists too', () => {
    const before = { rules: [rule(1, { variants: [{ id: 'a', w: 1 }] }), rule(2)] }
    const after = {
      rules: [
        rule(0),
        rule(1, {
          variants: [
            { id: 'z', w: 9 },
            { id: 'a', w: 2 },
          ],
        }),
        rule(2),
      ],
    }
    expect(write(before, after)).toEqual(['add /rules/0', 'add /rules/1/variants/0', 'replace /rules/1/variants/1/w'])
  })

  it('replaces a list, or the document, where operations would say less', () => {
    const before = { rules: rules(50) }
    expect(write(before, { rules: rules(10).map(({ n }) => rule(n + 1_000)) })).toEqual(['replace /rules'])
    const wide = (n: number) => Object.fromEntries(Array.from({ length: 10_001 }, (_, i) => [`k${i}`, n]))
    expect(write(wide(1), wide(2))).toEqual(['replace '])
  })

  it('is empty for the same document, and for sets only where the order is the same too', () => {
    expect(write({ tags: ['a', 'b'] }, { tags: ['a', 'b'] })).toEqual([])
    expect(write({ tags: ['a', 'b'] }, { tags: ['b', 'a'] })).not.toEqual([])
  })
})

describe('[M5] lists of 10,000 items', () => {
  const count = 10_000
  const before = rules(count)
  const turned = before.toReversed()
  const shuffled = before.map((_, i) => before[(i * 7_919) % count] as JsonValue)

  it.each([
    ['turned round', turned],
    ['shuffled', shuffled],
    ['moved by one', [...before.slice(1), before[0] as JsonValue]],
    ['replaced', before.map((_, i) => rule(count + i))],
    ['every second one removed', before.filter((_, i) => i % 2 === 0)],
  ])('are compared, written as a patch and merged in less than quadratic time: %s', (_, after) => {
    const kinds = ['rules', 'steps'] as const
    for (const name of kinds) {
      write({ [name]: before }, { [name]: after })
      const sides = { base: { [name]: before }, live: { [name]: after }, draft: { [name]: turned } }
      const merged = done(merge(sides, shape))
      expect(merged.value).toBeDefined()
    }
  })

  it('that both sides put in order come to a conflict where combining them would take the square of their number', () => {
    const base = before.map(({ id }) => ({ id }))
    const live = [...base.slice(5_000), ...base.slice(0, 5_000)]
    const sides = { base: { rules: base }, live: { rules: live }, draft: { rules: base.toReversed() } }
    expect(done(merge(sides, shape)).conflicts).toMatchObject([{ id: 'order:/rules' }])
  })

  it('merge where both sides moved items of their own', () => {
    const base = before.map(({ id }) => ({ id }))
    const live = [base[9_000] as JsonValue, ...base.toSpliced(9_000, 1)]
    const draft = [...base.toSpliced(8_000, 1), base[8_000] as JsonValue]
    const sides = { base: { rules: base }, live: { rules: live }, draft: { rules: draft } }
    const others = base.filter((_, i) => i !== 9_000 && i !== 8_000)
    const expected = { rules: [base[9_000], ...others, base[8_000]] }
    expect(done(merge(sides, shape))).toEqual({ value: expected, conflicts: [], unused: [] })
  })

  it('[M3] make no patch that asks for more than a patch may', () => {
    const patch = patchOf({ rules: before }, { rules: shuffled }, shape)
    expect(patch.length).toBeLessThanOrEqual(defaultPatchLimits.operations)
  })
})
