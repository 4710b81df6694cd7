import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Need, Requirement } from '../../../src/core/policy/model/requirement.ts'
import { comesCloser, tally } from '../../../src/core/review/tally.ts'
import type { Voter } from '../../../src/core/review/voter.ts'
import { runs } from '../../runs.ts'

const voter = (person: string, roles: readonly string[], index = 0): Voter => ({
  persons: [person],
  users: [person],
  roles,
  index,
})
const met = (require: Requirement, voters: readonly Voter[]) =>
  tally([{ policy: 'p', version: 1, require }], voters).met
const one = (...roles: string[]): Need => ({ quorum: 1, from: { roles } })

describe('a tally', () => {
  it('[D5] gives one person one place, however many roles they hold', () => {
    const require = { all: [one('finance'), one('legal')] }
    expect(met(require, [voter('ann', ['finance', 'legal'])])).toBe(false)
    expect(met(require, [voter('ann', ['finance', 'legal']), voter('ben', ['finance'])])).toBe(true)
    expect(met(require, [voter('ann', ['finance', 'legal']), voter('ben', ['legal'])])).toBe(true)
  })

  it('counts a person in the requirements of two policies', () => {
    const requirements = ['a', 'b'].map((policy) => ({ policy, version: 1, require: one('lead') }))
    expect(tally(requirements, [voter('ann', ['lead'])]).met).toBe(true)
  })

  it('needs any one of several ways, or so many of them', () => {
    expect(met({ any: [one('finance'), one('legal')] }, [voter('ann', ['legal'])])).toBe(true)
    const two = { atLeast: 2, of: [one('finance'), one('legal'), one('security')] }
    expect(met(two, [voter('ann', ['legal'])])).toBe(false)
    expect(met(two, [voter('ann', ['legal']), voter('ben', ['security'])])).toBe(true)
    expect(met(two, [voter('ann', ['legal', 'security'])])).toBe(false)
  })

  it('opens a stage when the one before it is met, and counts only the approvals given from then on', () => {
    const stages = { stages: [one('legal'), one('lead')] }
    expect(met(stages, [voter('ann', ['legal'], 0), voter('ben', ['lead'], 1)])).toBe(true)
    expect(met(stages, [voter('ben', ['lead'], 0), voter('ann', ['legal'], 1)])).toBe(false)
    expect(met(stages, [voter('ben', ['lead'], 0), voter('ann', ['legal'], 1), voter('cat', ['lead'], 2)])).toBe(true)
    expect(tally([{ policy: 'p', version: 1, require: stages }], []).policies[0]?.missing).toMatchObject([
      { missing: 1, open: true },
      { missing: 1, open: false },
    ])
  })

  it('comes closer with whoever fills a place that is open now, on any way, and with nobody else', () => {
    const closer = (requires: readonly Requirement[], voters: readonly Voter[], one: Voter) =>
      comesCloser(
        requires.map((require) => ({ policy: 'p', version: 1, require })),
        voters,
        [...voters, one],
      )
    const lead = voter('ben', ['lead'], 0)
    const both = { all: [one('lead'), one('legal')] }
    expect(closer([both], [lead], voter('cat', ['lead'], 1))).toBe(false)
    expect(closer([both], [lead], voter('ann', ['legal'], 1))).toBe(true)
    expect(closer([both], [voter('ben', ['lead', 'legal'], 0)], voter('cat', ['lead'], 1))).toBe(true)
    const stages = { stages: [one('legal'), one('lead')] }
    expect(closer([stages], [], lead)).toBe(false)
    expect(closer([stages], [voter('ann', ['legal'], 0)], voter('ben', ['lead'], 1))).toBe(true)
    const either = { any: [both, one('security')] }
    expect(closer([either], [lead], voter('dan', ['security'], 1))).toBe(true)
    expect(closer([either], [lead], voter('cat', ['lead'], 1))).toBe(false)
    expect(closer([one('lead'), one('legal')], [lead], voter('cat', ['lead'], 1))).toBe(false)
    expect(closer([{ any: [one('lead'), both] }, one('security')], [lead], voter('ann', ['legal'], 1))).toBe(false)
    expect(closer([one('lead')], [lead], voter('eve', [], 1))).toBe(true)
    expect(closer([{ all: [] }], [], lead)).toBe(false)
  })

  it('[E3] is never met by default: not by an empty list, an empty tree, or a quorum that is no number of people', () => {
    const everybody = [voter('ann', ['lead']), voter('ben', ['lead'])]
    expect(tally([], everybody).met).toBe(false)
    const degenerate: unknown[] = [
      { all: [] },
      { any: [] },
      { stages: [] },
      { atLeast: 0, of: [one('lead')] },
      { atLeast: 2, of: [one('lead')] },
      { atLeast: Number.NaN, of: [one('lead')] },
      { all: [one('lead'), { all: [] }] },
      ...[0, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY].map((quorum) => ({ quorum, from: { roles: ['lead'] } })),
      { quorum: 1, from: {} },
      { quorum: 1, from: { roles: [], users: [] } },
    ]
    for (const require of degenerate)
      expect(met(require as Requirement, everybody), JSON.stringify(require)).toBe(false)
  })

  it('gives up on a requirement with more ways than it could try, instead of calling it met', () => {
    const any = { any: [one('a'), one('b'), one('c'), one('lead')] }
    expect(
      met(
        { all: [any, any, any] },
        'xyz'.split('').map((name) => voter(name, ['lead'])),
      ),
    ).toBe(true)
    expect(
      met(
        { all: [any, any, any, any, any] },
        'vwxyz'.split('').map((name) => voter(name, ['lead'])),
      ),
    ).toBe(false)
  })
})

const roles = fc.constantFrom('a', 'b', 'c')
const need = fc.record({
  quorum: fc.integer({ min: 1, max: 2 }),
  from: fc.record({ roles: fc.uniqueArray(roles, { minLength: 1, maxLength: 2 }) }),
})
const tree: fc.Arbitrary<Requirement> = fc.letrec<{ tree: Requirement; leaf: Requirement }>((tie) => ({
  leaf: need,
  tree: fc.oneof(
    { maxDepth: 2, depthSize: 'small' },
    tie('leaf'),
    fc.record({ all: fc.array(tie('tree'), { minLength: 1, maxLength: 3 }) }),
    fc.record({ any: fc.array(tie('tree'), { minLength: 1, maxLength: 3 }) }),
    fc
      .array(tie('tree'), { minLength: 1, maxLength: 3 })
      .chain((of) => fc.record({ atLeast: fc.integer({ min: 1, max: of.length }), of: fc.constant(of) })),
  ),
})).tree
const voters = fc
  .array(fc.uniqueArray(roles, { maxLength: 3 }), { maxLength: 5 })
  .map((all) => all.map((held, index) => voter(`person ${index}`, held, index)))

describe('a tally, against trying everything', () => {
  it('[D5] says what a search over all assignments of people to places says', () => {
    fc.assert(
      fc.property(tree, voters, (require, people) => {
        expect(met(require, people)).toBe(canBeFilled(require, people))
      }),
      { numRuns: runs(50_000) },
    )
  })

  it('[D5] does not depend on the order of the votes', () => {
    const shuffled = voters.chain((people) =>
      fc.tuple(fc.constant(people), fc.shuffledSubarray([...people], { minLength: people.length })),
    )
    fc.assert(
      fc.property(tree, shuffled, (require, [people, other]) => {
        expect(met(require, people)).toBe(met(require, other))
      }),
      { numRuns: runs(2_000) },
    )
  })

  it('never becomes unmet by another approval', () => {
    fc.assert(
      fc.property(tree, voters, fc.uniqueArray(roles), (require, people, held) => {
        if (met(require, people)) expect(met(require, [...people, voter('one more', held, people.length)])).toBe(true)
      }),
      { numRuns: runs(2_000) },
    )
  })
})

/** The oracle: hands every person to every place in turn. Shares no code with the tally. */
function canBeFilled(require: Requirement, people: readonly Voter[]): boolean {
  return leftOver(require, people).length > 0
}

/** All sets of people that are left when the requirement has been filled. */
function leftOver(require: Requirement, people: readonly Voter[]): readonly (readonly Voter[])[] {
  if ('quorum' in require) {
    const { quorum, from } = require
    return choices(
      people.filter(({ roles }) => from.roles?.some((role) => roles.includes(role))),
      quorum,
    ).map((chosen) => people.filter((person) => !chosen.includes(person)))
  }
  if ('any' in require) return require.any.flatMap((part) => leftOver(part, people))
  if ('all' in require) return inTurn(require.all, people)
  if ('stages' in require) throw new TypeError('the oracle knows no stages')
  return choices(require.of, require.atLeast).flatMap((parts) => inTurn(parts, people))
}

function inTurn(parts: readonly Requirement[], people: readonly Voter[]): readonly (readonly Voter[])[] {
  return parts.reduce<readonly (readonly Voter[])[]>(
    (rests, part) => rests.flatMap((rest) => leftOver(part, rest)),
    [people],
  )
}

function choices<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  if (size === 0) return [[]]
  return items.flatMap((item, index) => choices(items.slice(index + 1), size - 1).map((rest) => [item, ...rest]))
}
