import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { operators } from '../../../src/core/policy/model/condition.ts'
import {
  type Condition,
  compilePolicies,
  equal,
  evaluate,
  type JsonValue,
  type Operator,
  type PolicySubject,
} from '../../../src/core.ts'
import { flagDocuments } from '../../../src/testing/arbitraries/changes.ts'
import { runs } from '../../runs.ts'
import { flagChange, policy, vocabulary } from './flag-change.ts'

const timeout = 60 * 60_000

function gates(when: Condition, change: PolicySubject): boolean {
  return evaluate(compilePolicies([policy({ when })], vocabulary), change).requirements.length > 0
}

/** Tells what is known of a condition: a gate that closes both for it and for its opposite is in doubt. */
function truth(when: Condition, change: PolicySubject): 'yes' | 'no' | 'in doubt' {
  const [holds, opposite] = [gates(when, change), gates({ not: when }, change)]
  return holds && opposite ? 'in doubt' : holds ? 'yes' : 'no'
}

const rollout = (before: JsonValue, after: JsonValue) => flagChange({ rollout: before }, { rollout: after })

describe('before_after', () => {
  it('does not hold for a field that is not touched, whatever its value', () => {
    const when: Condition = { type: 'before_after', field: '/rollout', operator: '>', value: 50 }
    expect(truth(when, flagChange({ rollout: 90, enabled: false }, { rollout: 90, enabled: true }))).toBe('no')
  })

  it('sees a value that is new', () => {
    const when: Condition = { type: 'before_after', field: '/rollout', operator: '>', value: 50 }
    expect(truth(when, flagChange({}, { rollout: 60 }))).toBe('yes')
    expect(truth(when, flagChange({}, { rollout: 40 }))).toBe('no')
    expect(truth(when, flagChange(undefined, { rollout: 60 }))).toBe('yes')
  })

  it('is in doubt where the new value is gone', () => {
    const when: Condition = { type: 'before_after', field: '/rollout', operator: '>', value: 50 }
    expect(truth(when, flagChange({ rollout: 60 }, {}))).toBe('in doubt')
    expect(truth(when, flagChange({ rollout: 60 }, undefined))).toBe('in doubt')
    expect(truth(when, flagChange(undefined, { enabled: true }))).toBe('in doubt')
  })

  it.each<[JsonValue, JsonValue, 'yes' | 'no' | 'in doubt']>([
    [true, true, 'yes'],
    [true, false, 'no'],
    [true, 'true', 'in doubt'],
    [true, 1, 'in doubt'],
    ['on', 'on', 'yes'],
    ['on', 'off', 'no'],
    ['on', null, 'in doubt'],
    [null, null, 'yes'],
    [null, 'on', 'no'],
    [{ a: [1] }, { a: [1] }, 'yes'],
    [{ a: [1] }, { a: [2] }, 'no'],
    [[1, 2], [1, 2], 'yes'],
    [[1, 2], { 0: 1, 1: 2 }, 'in doubt'],
  ])('compares %j with %j by type and value: %s', (value, after, expected) => {
    const change = flagChange({ mode: 'before' }, { mode: after })
    expect(truth({ type: 'before_after', field: '/mode', operator: '==', value }, change)).toBe(expected)
    const opposite = { yes: 'no', no: 'yes', 'in doubt': 'in doubt' }[expected]
    expect(truth({ type: 'before_after', field: '/mode', operator: '!=', value }, change)).toBe(opposite)
  })

  it('sees the whole new value of a field in which something changed', () => {
    const change = flagChange({ owner: { team: 'a', on: 1 } }, { owner: { team: 'b', on: 1 } })
    const when = (value: JsonValue): Condition => ({ type: 'before_after', field: '/owner', operator: '==', value })
    expect(truth(when({ on: 1, team: 'b' }), change)).toBe('yes')
    expect(truth(when({ team: 'a', on: 1 }), change)).toBe('no')
    const moved = flagChange({ rules: [{ id: 'a' }, { id: 'b' }] }, { rules: [{ id: 'b' }, { id: 'a' }] })
    const order = (value: JsonValue): Condition => ({ type: 'before_after', field: '/rules', operator: '==', value })
    expect(truth(order([{ id: 'b' }, { id: 'a' }]), moved)).toBe('yes')
  })
})

describe('change_amount', () => {
  it.each<[number, number, number, boolean]>([
    [0.1, 0.3, 0.2, false],
    [0.1, 0.30000000000000004, 0.2, true],
    [1.1, 1.4, 0.3, false],
    [0.3, 0.1, 0.2, false],
    [1e21, 1e21 + 2 ** 17, 1, true],
    [0, 5e-324, 0, true],
    [5e-324, 1e-323, 5e-324, false],
    [-1.7976931348623157e308, 1.7976931348623157e308, 1.7976931348623157e308, true],
    [9007199254740991, -9007199254740991, 1, true],
    [1e-7, 3e-7, 2e-7, false],
  ])(
    'counts in decimals as people write them: from %d to %d by more than %d is %s',
    (before, after, value, expected) => {
      const when: Condition = { type: 'change_amount', field: '/rollout', operator: '>', value }
      expect(truth(when, rollout(before, after))).toBe(expected ? 'yes' : 'no')
    },
  )

  it('says of decimals what whole numbers say of the same digits', { timeout }, () => {
    /** Fifteen digits mean one double, and one double these fifteen digits. */
    const most = 10n ** 15n - 1n
    const digits = fc.bigInt({ min: -most, max: most })
    const decimals = fc
      .record({
        from: digits,
        to: digits,
        near: fc.bigInt({ min: -2n, max: 2n }),
        scale: fc.integer({ min: 0, max: 14 }),
      })
      .map(({ from, to, near, scale }) => ({ from: from / 2n, to: to / 2n, near, scale }))
    fc.assert(
      fc.property(decimals, fc.constantFrom(...operators), ({ from, to, near, scale }, operator) => {
        fc.pre(from !== to)
        const distance = size(to - from)
        const amount = size(distance + near)
        const read = (whole: bigint) => Number(`${whole}e-${scale}`)
        const when: Condition = { type: 'change_amount', field: '/rollout', operator, value: read(amount) }
        const change = rollout(read(from), read(to))
        expect(truth(when, change)).toBe(answer(compared(distance, operator, amount)))

        const percent = { ...when, unit: 'percent' } as const
        const relative = compared(distance * 100n * 10n ** BigInt(scale), operator, amount * size(from))
        expect(truth(percent, change)).toBe(from === 0n ? 'in doubt' : answer(relative))
      }),
      { numRuns: runs(2_000) },
    )
  })

  it.each<['increase' | 'decrease' | 'either', number, boolean]>([
    ['increase', 61, true],
    ['increase', 19, false],
    ['decrease', 61, false],
    ['decrease', 19, true],
    ['either', 61, true],
    ['either', 19, true],
  ])('looks only at an %s when it is to: 40 → %d is %s', (direction, after, expected) => {
    const when: Condition = { type: 'change_amount', field: '/rollout', operator: '>', value: 20, direction }
    expect(truth(when, rollout(40, after))).toBe(expected ? 'yes' : 'no')
    const small: Condition = { type: 'change_amount', field: '/rollout', operator: '<', value: 50, direction }
    expect(truth(small, rollout(40, after))).toBe(expected ? 'yes' : 'no')
  })

  it.each<[number, number, 'yes' | 'no' | 'in doubt']>([
    [40, 60, 'no'],
    [40, 61, 'yes'],
    [40, 20, 'no'],
    [40, 19, 'yes'],
    [-40, -61, 'yes'],
    [0.3, 0.45, 'no'],
    [3, 4.6, 'yes'],
    [0, 1, 'in doubt'],
  ])('measures in percent of the value before: %d → %d by more than half of it is %s', (before, after, expected) => {
    const when: Condition = { type: 'change_amount', field: '/rollout', operator: '>', value: 50, unit: 'percent' }
    expect(truth(when, rollout(before, after))).toBe(expected)
  })

  it('compares only what is there on both sides', () => {
    const when: Condition = { type: 'change_amount', field: '/rules/*/rollout', operator: '>', value: 10 }
    const rules = [{ id: 'a', rollout: 10 }]
    expect(truth(when, flagChange({ rules }, { rules: [{ id: 'new', rollout: 100 }, ...rules] }))).toBe('no')
    expect(truth(when, flagChange({ rules }, { rules: [] }))).toBe('no')
    expect(truth(when, flagChange({ rules }, {}))).toBe('no')
    expect(truth(when, flagChange(undefined, { rules }))).toBe('no')
    expect(truth(when, flagChange({ rules: [{ id: 'a' }] }, { rules }))).toBe('no')
  })

  it('pairs items by their identity, wherever they stand', () => {
    const when: Condition = { type: 'change_amount', field: '/rules/*/rollout', operator: '>', value: 10 }
    const [a, b] = [
      { id: 'a', rollout: 10 },
      { id: 'b', rollout: 90 },
    ]
    expect(truth(when, flagChange({ rules: [a, b] }, { rules: [b, a] }))).toBe('no')
    expect(truth(when, flagChange({ rules: [a, b] }, { rules: [{ id: 'c', rollout: 50 }, a, b] }))).toBe('no')
    expect(truth(when, flagChange({ rules: [a, b] }, { rules: [b, { ...a, rollout: 30 }] }))).toBe('yes')
  })

  it('is in doubt where items have no identity', () => {
    const steps: Condition = { type: 'change_amount', field: '/steps/*/rollout', operator: '>', value: 10 }
    const weights: Condition = { type: 'change_amount', field: '/weights/*', operator: '>', value: 10 }
    expect(truth(steps, flagChange({ steps: [{ rollout: 1 }] }, { steps: [{ rollout: 2 }] }))).toBe('in doubt')
    expect(truth(weights, flagChange({ weights: [50, 50] }, { weights: [51, 49] }))).toBe('in doubt')
    const crossing: Condition = { type: 'crosses', field: '/steps/*/rollout', value: 50 }
    expect(truth(crossing, flagChange({ steps: [{ rollout: 1 }] }, { steps: [{ rollout: 2 }] }))).toBe('in doubt')
  })
})

describe('a list that becomes an object, or an object that becomes a list', () => {
  const sides = [{ rules: [{ id: 'a', rollout: 1 }] }, { rules: { a: { rollout: 2 } } }] as const

  it('[FA-02] leaves every item in doubt: the names of items and those of members have nothing to do with each other', () => {
    for (const [before, after] of [sides, sides.toReversed()]) {
      for (const field of ['/rules/a/rollout', '/rules/*/rollout', '/rules/b']) {
        expect(truth({ type: 'any_change', field }, flagChange(before, after))).toBe('in doubt')
        const amount: Condition = { type: 'change_amount', field, operator: '>', value: 10 }
        expect(truth(amount, flagChange(before, after))).toBe('in doubt')
      }
    }
  })
})

describe('change_amount in lists without identity', () => {
  const steps: Condition = { type: 'change_amount', field: '/steps/*/rollout', operator: '>', value: 10 }

  it('is in doubt about what is new or gone, which may be something else in disguise', () => {
    const [small, large] = [{ rollout: 1 }, { rollout: 90 }]
    expect(truth(steps, flagChange({ steps: [small] }, { steps: [small, large] }))).toBe('in doubt')
    expect(truth(steps, flagChange({ steps: [small, large] }, { steps: [small] }))).toBe('in doubt')
    const weights: Condition = { type: 'change_amount', field: '/weights/*', operator: '>', value: 10 }
    expect(truth(weights, flagChange({ weights: [] }, { weights: [90] }))).toBe('in doubt')
  })

  it('does not hold where the list itself is new or gone', () => {
    expect(truth(steps, flagChange({}, { steps: [{ rollout: 90 }] }))).toBe('no')
    expect(truth(steps, flagChange({ steps: [{ rollout: 90 }] }, undefined))).toBe('no')
  })

  it('is in doubt about a keyed list whose keys were broken before', () => {
    const rules: Condition = { type: 'change_amount', field: '/rules/*/rollout', operator: '>', value: 10 }
    const broken = [
      { id: 'a', rollout: 1 },
      { id: 'a', rollout: 2 },
    ]
    expect(truth(rules, flagChange({ rules: broken }, { rules: [{ id: 'a', rollout: 90 }] }))).toBe('in doubt')
  })
})

describe('a field with patterns inside each other', () => {
  it('is looked for around a place and inside it', () => {
    const when: Condition = { type: 'before_after', field: '/**/x', operator: '==', value: { on: true } }
    expect(truth(when, flagChange({ x: { y: 1 } }, { x: { y: { x: { on: true } } } }))).toBe('yes')
    expect(truth(when, flagChange({ x: { y: 1 } }, { x: { y: { x: { on: false } } } }))).toBe('no')
  })
})

describe('any_change', () => {
  const on = (field: string): Condition => ({ type: 'any_change', field })
  const rules = [
    { id: 'eu-1', rollout: 10 },
    { id: 'us', rollout: 20 },
  ]

  it.each<[string, JsonValue, boolean]>([
    ['/rollout', { rules, rollout: 2 }, true],
    ['/rollout', { rules, rollout: 1 }, false],
    ['/rules', { rules: rules.toReversed(), rollout: 1 }, true],
    ['/rules/*', { rules: rules.toReversed(), rollout: 1 }, false],
    ['/rules/*/rollout', { rules: [...rules, { id: 'new', rollout: 5 }], rollout: 1 }, true],
    ['/rules/*/rollout', { rules: [...rules, { id: 'new' }], rollout: 1 }, false],
    ['/rules/*/rollout', { rules: rules.slice(1), rollout: 1 }, true],
    ['/rules/us/rollout', { rules: rules.slice(1), rollout: 1 }, false],
    ['/rules/eu-*/**', { rules: rules.slice(1), rollout: 1 }, true],
    ['/rules/eu-*', { rules: [{ id: 'eu-1', rollout: 11 }, ...rules.slice(1)], rollout: 1 }, true],
    ['/rules/eu-*', { rules: [rules[0] ?? null, { id: 'us', rollout: 21 }], rollout: 1 }, false],
    ['/**', { rules, rollout: 2 }, true],
    ['', { rules, rollout: 2 }, true],
    ['/rules/eu-1/rollout', { rollout: 1 }, true],
    ['/rules/eu-1/rollout', null, true],
    ['/missing', null, false],
    ['/roll', { rules, rollout: 2 }, false],
    ['/rules/eu', { rules: [{ id: 'eu-1', rollout: 11 }, ...rules.slice(1)], rollout: 1 }, false],
    ['/rules/eu-1/roll', { rules: [{ id: 'eu-1', rollout: 11 }, ...rules.slice(1)], rollout: 1 }, false],
    ['@metadata', { rules, rollout: 1, description: 'x' }, true],
    ['@metadata', { rules, rollout: 2 }, false],
  ])('on %s, where the document becomes %j: %s', (field, after, expected) => {
    expect(truth(on(field), flagChange({ rules, rollout: 1 }, after))).toBe(expected ? 'yes' : 'no')
  })

  it('is in doubt about a group that the resource type does not declare', () => {
    expect(truth(on('@nonsense'), rollout(1, 2))).toBe('in doubt')
    expect(truth(on('@metadata'), { ...rollout(1, 2), resource: { type: 'other', id: 'x' } })).toBe('no')
  })
})

describe('combinations', () => {
  const yes: Condition = { type: 'any_change', field: '/rollout' }
  const no: Condition = { type: 'any_change', field: '/enabled' }
  const doubt: Condition = { type: 'before_after', field: '/rollout', operator: '>', value: 1 }
  const change = rollout(1, 'two')

  it.each<[string, Condition, 'yes' | 'no' | 'in doubt']>([
    ['all of yes and yes', { all: [yes, yes] }, 'yes'],
    ['all of yes and no', { all: [yes, no] }, 'no'],
    ['all of yes and doubt', { all: [yes, doubt] }, 'in doubt'],
    ['all of doubt and no', { all: [doubt, no] }, 'no'],
    ['any of no and no', { any: [no, no] }, 'no'],
    ['any of no and yes', { any: [no, yes] }, 'yes'],
    ['any of no and doubt', { any: [no, doubt] }, 'in doubt'],
    ['any of doubt and yes', { any: [doubt, yes] }, 'yes'],
    ['not yes', { not: yes }, 'no'],
    ['not no', { not: no }, 'yes'],
    ['not doubt', { not: doubt }, 'in doubt'],
    ['not not doubt', { not: { not: doubt } }, 'in doubt'],
    ['all of nothing', { all: [] }, 'in doubt'],
    ['any of nothing', { any: [] }, 'in doubt'],
  ])('%s', (_, when, expected) => {
    expect(truth(when, change)).toBe(expected)
  })
})

describe('what is not understood', () => {
  it.each<[string, unknown]>([
    ['an unknown operator', { type: 'before_after', field: '/enabled', operator: '=~', value: 1 }],
    ['an unknown type of condition', { type: 'weekday', value: 'friday' }],
    ['a condition that is no object', 'always'],
    ['a condition that is null', null],
    ['a field that is no path', { type: 'any_change', field: 'enabled' }],
    ['a missing field', { type: 'any_change' }],
    ['a combination that is no list', { all: 'of them' }],
    ['an unknown predicate', { type: 'predicate', name: 'nobody_home' }],
    ['a predicate that has the name of something else', { type: 'predicate', name: 'constructor' }],
  ])('[E4] closes the gate, also below a not: %s', (_, when) => {
    expect(truth(when as Condition, rollout(1, 2))).toBe('in doubt')
  })

  it.each<[string, () => unknown]>([
    ['throws', () => fail()],
    ['answers nothing', () => undefined],
    ['answers something else', () => 'no'],
    ['answers later', () => Promise.resolve(false)],
  ])('[E4] closes the gate: a predicate that %s', (_, predicate) => {
    const words = { ...vocabulary, predicates: { odd: predicate as () => boolean } }
    const when: Condition = { type: 'predicate', name: 'odd' }
    for (const condition of [when, { not: when }]) {
      const set = compilePolicies([policy({ when: condition })], words)
      expect(evaluate(set, rollout(1, 2)).requirements).toHaveLength(1)
    }
  })

  it('hands the change and its argument to a predicate of the host', () => {
    const words = {
      ...vocabulary,
      predicates: { project: ({ project }: PolicySubject, name: JsonValue | undefined) => project === name },
    }
    const asked = (name: string) =>
      evaluate(
        compilePolicies([policy({ when: { type: 'predicate', name: 'project', with: name } })], words),
        rollout(1, 2),
      )
    expect(asked('web').requirements).toHaveLength(1)
    expect(asked('app').requirements).toHaveLength(0)
  })
})

describe('[K2] values of the wrong type', () => {
  it.each<[JsonValue]>([
    ['1e3'],
    ['0x10'],
    [' 100 '],
    ['１００'],
    ['100abc'],
    [''],
    ['50'],
    [[100]],
    [[]],
    [{ valueOf: 50 }],
    [{}],
    [true],
    [false],
    [null],
  ])('close the gate whatever the threshold: %j', (after) => {
    for (const operator of operators) {
      expect(gates({ type: 'before_after', field: '/rollout', operator, value: 100 }, rollout(50, after))).toBe(true)
      for (const change of [rollout(50, after), rollout(after, 50)]) {
        expect(gates({ type: 'change_amount', field: '/rollout', operator, value: 100 }, change)).toBe(true)
      }
    }
  })
})

describe('a condition judged on changed places', () => {
  /** The rollouts of the rules by key, straight from the documents. */
  const byKey = (document: JsonValue | undefined): ReadonlyMap<string, Rule> => {
    const { rules = [] } = (document ?? {}) as { rules?: readonly Rule[] }
    return new Map(rules.map((rule) => [rule.id, rule]))
  }

  const sound = flagDocuments().filter((document) => {
    const { rules = [] } = document as { rules?: unknown }
    return Array.isArray(rules) && rules.every((rule) => typeof rule === 'object' && rule !== null && 'id' in rule)
  })

  it('says the same as one judged on the documents', { timeout }, () => {
    const tests: fc.Arbitrary<Condition> = fc.oneof(
      fc.record({ type: fc.constant('any_change' as const), field: fc.constant('/rules/*/rollout') }),
      fc.record({
        type: fc.constantFrom('before_after' as const, 'change_amount' as const),
        field: fc.constant('/rules/*/rollout'),
        operator: fc.constantFrom(...operators),
        value: fc.integer({ min: 0, max: 100 }),
      }),
    )
    fc.assert(
      fc.property(sound, sound, tests, (before, after, when) => {
        const [old, next] = [byKey(before), byKey(after)]
        const touched = [...new Set([...old.keys(), ...next.keys()])]
          .map((id) => [old.get(id), next.get(id)] as const)
          .filter(([a, b]) => a === undefined || b === undefined || !same(a.rollout, b.rollout))
        expect(truth(when, flagChange(before, after))).toBe(expectedOf(when, touched))
      }),
      { numRuns: runs(2_000) },
    )
  })
})

interface Rule {
  readonly id: string
  readonly rollout?: JsonValue
}

function same(a: JsonValue | undefined, b: JsonValue | undefined): boolean {
  return a === undefined || b === undefined ? a === b : equal(a, b)
}

/** The meaning of the conditions, written down once more and as plainly as possible. */
function expectedOf(when: Condition, touched: readonly (readonly [Rule | undefined, Rule | undefined])[]): string {
  const answers = touched.map(([old, next]) => {
    const [before, after] = [old?.rollout, next?.rollout]
    if (!('type' in when) || when.type === 'predicate' || when.type === 'crosses') return 'in doubt'
    if (when.type === 'any_change') return before === undefined && after === undefined ? 'no' : 'yes'
    if (when.type === 'before_after') {
      if (after === undefined) return before === undefined && next === undefined ? 'no' : 'in doubt'
      return typeof after === 'number' ? answer(compared(after, when.operator, Number(when.value))) : 'in doubt'
    }
    if (before === undefined || after === undefined) return 'no'
    if (typeof before !== 'number' || typeof after !== 'number') return 'in doubt'
    const tenths = BigInt(Math.round(Math.abs(after - before) * 10))
    return answer(compared(tenths, when.operator, BigInt(when.value) * 10n))
  })
  return answers.includes('yes') ? 'yes' : answers.includes('in doubt') ? 'in doubt' : 'no'
}

function size(number: bigint): bigint {
  return number < 0n ? -number : number
}

function answer(holds: boolean): string {
  return holds ? 'yes' : 'no'
}

function compared<T extends number | bigint>(a: T, operator: Operator, b: T): boolean {
  switch (operator) {
    case '>':
      return a > b
    case '<':
      return a < b
    case '>=':
      return a >= b
    case '<=':
      return a <= b
    case '==':
      return a === b
    case '!=':
      return a !== b
  }
}

function fail(): never {
  throw new RangeError('the calendar is not there')
}
