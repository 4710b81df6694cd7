import { describe, expect, it } from 'vitest'
import type { ChangedPlace } from '../../../src/core/change/changed-place.ts'
import type { Need, Requirement } from '../../../src/core/policy/model/requirement.ts'
import type { ProposedChange } from '../../../src/core/request/model/content.ts'
import {
  type Asked,
  approved,
  changesRequested,
  day,
  done,
  given,
  leads,
  office,
  people,
  rejected,
  rollout,
  type Step,
  start,
  submitted,
} from './given.ts'

const owner = (field: string, user: string): Need => ({ quorum: 1, from: { users: [user] }, about: field })
const owned = (...needs: readonly Requirement[]): Requirement => ({ all: needs })

const at = (path: string, after: number): ChangedPlace => ({ type: 'changed', path, before: 0, after })

/** A change of these places, each from 0 to a number. */
function places(values: Readonly<Record<string, number>>, more: Partial<ProposedChange> = {}): ProposedChange {
  return rollout(0, { places: Object.entries(values).map(([path, after]) => at(path, after)), after: values, ...more })
}

const keep = { onEdit: 'keep' } as const
const before = { '/rollout': 80, '/rules/eu/rollout': 5 }
const byOwners = owned(owner('/rollout', 'ben'), owner('/rules/**', 'cat'), leads(2))

/** Ben owns the rollout, Cat the rules; two leads are asked about everything, so that nothing is applied meanwhile. */
function ownedRequest(rules: Asked['rules'] = keep) {
  const asked = { requirements: [{ policy: 'owners', version: 1, require: byOwners }], rules }
  return [submitted({ ...asked, changes: [places(before)] }), approved('ben'), approved('cat')] as const
}

/** Who still stands after an edit into these changes. */
function standingAfter(
  changes: readonly ProposedChange[],
  rules: Asked['rules'] = keep,
  verb: 'edit' | 'rebase' = 'edit',
) {
  const owners = owned(owner('/rollout', 'ben'), owner('/rules/**', 'cat'), owner('/title', 'dan'))
  const asked = { requirements: [{ policy: 'owners', version: 1, require: owners }], rules: { ...rules } }
  const line = given(submitted({ ...asked, changes: [places(before)] }), approved('ben'))
  const cat = given(submitted({ ...asked, changes: [places(before)] }), approved('cat'))
  const next = { next: { changes } }
  return [line, cat].flatMap(({ when }) =>
    when({ type: verb, by: 'eve' }, next).request.reviews.map(({ by, carriedFrom }) => {
      expect(carriedFrom).toBe(line.request.digest)
      return by
    }),
  )
}

/** Every kind of change, and whose approval stands where a policy keeps those of an equal part. */
const kinds: readonly (readonly [kind: string, after: readonly ProposedChange[], stands: readonly string[]])[] = [
  ['the same effect', [places(before, { after: 1 })], ['ben', 'cat']],
  ['the same on a newer base', [places(before, { base: 2 })], ['ben', 'cat']],
  ['another value in the part of Ben', [places({ ...before, '/rollout': 81 })], ['cat']],
  ['another value in the part of Cat', [places({ ...before, '/rules/eu/rollout': 6 })], ['ben']],
  ['a place more in the part of Cat', [places({ ...before, '/rules/us': 1 })], ['ben']],
  ['a place less in the part of Cat', [places({ '/rollout': 80 })], ['ben']],
  ['the whole part of Cat replaced', [places({ '/rollout': 80, '/rules': 1 })], ['ben']],
  ['the document replaced as a whole', [places({ '': 1 })], []],
  ['a place that nobody owns', [places({ ...before, '/owner': 1 })], []],
  [
    'another action, by the part of Cat',
    [places({ ...before, '/rules/eu/rollout': 6 }, { actions: ['enable'] })],
    ['ben'],
  ],
  ['another value before', [rollout(0, { places: [{ ...at('/rollout', 80), before: 1 } as ChangedPlace] })], []],
  ['another resource', [places(before, { resource: { type: 'flag', id: 'search' } })], []],
  ['another type', [places(before, { resource: { type: 'group', id: 'checkout' } })], []],
  ['another project', [places(before, { project: 'mobile' })], []],
  ['another incarnation', [places(before, { incarnation: 2 })], []],
  ['a resource more', [places(before), places({ '/x': 1 }, { resource: { type: 'flag', id: 'search' } })], []],
]

describe('carrying answers over', () => {
  it.each(kinds)('[BY-03] [B6] [A11] %s: keeps the approvals of equal parts alone', (_kind, after, stands) => {
    expect(standingAfter(after)).toEqual(stands)
    expect(standingAfter(after, keep, 'rebase')).toEqual(stands)
  })

  it.each(kinds)('[B6] %s: keeps nothing where no policy says so', (_kind, after) => {
    expect(standingAfter(after, {})).toEqual([])
    expect(standingAfter(after, {}, 'rebase')).toEqual([])
  })

  it('[A11] takes all back where the edit touches only what nobody owns, whoever else is asked about that', () => {
    const line = given(...ownedRequest())
    expect(line.request.reviews.map(({ by }) => by)).toEqual(['ben', 'cat'])
    const after = line.when({ type: 'edit', by: 'eve' }, { next: { changes: [places({ ...before, '/owner': 1 })] } })
    expect(after.yields('edited', 'pending').reviews).toEqual([])
  })

  it('[A11] takes back the approval of whoever is asked about everything beside a part of their own', () => {
    const line = given(...ownedRequest())
    const after = line.when(
      { type: 'edit', by: 'eve' },
      { next: { changes: [places({ ...before, '/rules/eu/rollout': 6 })] } },
    )
    expect(after.yields('edited', 'pending').reviews).toEqual([])
  })

  it('[A11] takes back the approval of whoever shares the part that is edited, or owns two', () => {
    const parts = owned(
      owner('/rollout', 'ben'),
      owner('/rollout', 'cat'),
      owner('/title', 'ben'),
      owner('/rules/**', 'cat'),
    )
    const asked = { requirements: [{ policy: 'owners', version: 1, require: parts }], rules: keep }
    const line = given(submitted({ ...asked, changes: [places(before)] }), approved('ben'))
    const edited = (values: typeof before) =>
      line.when({ type: 'edit', by: 'eve' }, { next: { changes: [places(values)] } })
    expect(edited({ ...before, '/rollout': 81 }).yields('edited', 'pending').reviews).toEqual([])
    expect(edited({ ...before, '/rules/eu/rollout': 6 }).yields('edited', 'pending').reviews).toHaveLength(1)
  })

  it('[A11] takes back the approval of whoever can veto everything, and of nobody for that', () => {
    const parts = owned(owner('/rollout', 'ben'), owner('/rules/**', 'cat'))
    const requirements = [
      { policy: 'owners', version: 1, require: parts, veto: { users: ['ben'] } },
      { policy: 'others', version: 1, require: owner('/title', 'dan') },
    ]
    const line = given(
      submitted({ requirements, rules: keep, changes: [places(before)] }),
      approved('ben'),
      approved('cat'),
    )
    const who = (values: typeof before) => {
      const after = line.when({ type: 'edit', by: 'eve' }, { next: { changes: [places(values)] } })
      return after.request.reviews.map(({ by }) => by)
    }
    expect(who({ ...before, '/rules/eu/rollout': 6 })).toEqual([])
    expect(who({ ...before, '/rollout': 81 })).toEqual(['cat'])
  })

  it.each(['what was asked before', 'what is asked now'])('[A11] looks at the parts of %s', (when) => {
    const asks = (require: Requirement) => ({ requirements: [{ policy: 'p', version: 1, require }], rules: keep })
    const [part, whole] = [asks(owned(owner('/rollout', 'ben'), owner('/rules/**', 'cat'))), asks(leads(2))]
    const [then, now] = when === 'what is asked now' ? [part, whole] : [whole, part]
    const line = given(submitted({ ...then, changes: [places(before)] }), approved('ben'))
    const changes = [places({ ...before, '/rules/eu/rollout': 6 })]
    const after = line.when({ type: 'edit', by: 'eve' }, { next: { changes, asks: now } })
    expect(after.yields('edited', 'pending').reviews).toEqual([])
  })

  it('[A3] carries nothing that was said of other content, or in another round', () => {
    const line = given(submitted({ require: leads(2), rules: keep }), approved('ben'))
    for (const stale of [{ digest: 'sha256:other' }, { round: 0 }]) {
      const outdated: Step = (held) => {
        const reviews = held.request.reviews.map((review) => ({ ...review, ...stale }))
        return { ...held, request: { ...held.request, reviews } }
      }
      const again = given(() => line, outdated)
      expect(again.when({ type: 'edit', by: 'eve' }).yields('edited', 'pending').reviews).toEqual([])
    }
  })

  it('[B6] lets a file list, an order or a title carry nothing: the effect of the change decides', () => {
    const reordered = rollout(0, { places: [...places(before).places].reverse(), after: { ...before, hidden: 1 } })
    expect(standingAfter([reordered])).toEqual(['ben', 'cat'])
    const asked = { require: leads(2), rules: keep, changes: [places(before)] }
    const whole = given(submitted(asked), approved('ben'))
    const actions = { next: { changes: [places(before, { actions: ['enable'] })] } }
    expect(whole.when({ type: 'edit', by: 'eve' }, actions).request.reviews).toEqual([])
  })

  it('[BY-03] decides when the edit is written: both the old and the new rules have to keep', () => {
    const asked = { require: leads(2), rules: keep }
    const line = given(submitted(asked), approved('ben'))
    const strictNow = { now: { require: leads(2) }, next: { asks: asked } }
    expect(line.when({ type: 'edit', by: 'eve' }, strictNow).request.reviews).toEqual([])
    const strictNext = { now: asked, next: { asks: { require: leads(2) } } }
    expect(line.when({ type: 'edit', by: 'eve' }, strictNext).request.reviews).toEqual([])
    expect(line.when({ type: 'edit', by: 'eve' }).request.reviews).toHaveLength(1)
  })

  it('[BY-03] names the digest that was seen first, however often an answer is carried', () => {
    const line = given(submitted({ require: leads(3), rules: keep }), approved('ben'))
    const twice = given(
      submitted({ require: leads(3), rules: keep }),
      approved('ben'),
      done({ type: 'rebase' }, { next: { changes: [rollout(80, { base: 2 })] } }),
      done({ type: 'rebase' }, { next: { changes: [rollout(80, { base: 3 })] } }),
    )
    const [review] = twice.request.reviews
    expect(review).toMatchObject({
      by: 'ben',
      carriedFrom: line.request.digest,
      digest: twice.request.digest,
      round: 3,
    })
  })

  it('[C8] carries no approval of whoever edits, nor of a contributor', () => {
    const asked = { require: leads(3), rules: { onEdit: 'keep' } } as const
    const line = given(submitted(asked), approved('ben'), approved('cat'))
    expect(line.when({ type: 'edit', by: 'ben' }).request.reviews.map(({ by }) => by)).toEqual(['cat'])
    const lenient = { ...asked, rules: { ...asked.rules, excludeContributors: 'none' } } as const
    const again = given(submitted(lenient), approved('ben'), approved('cat'))
    expect(again.when({ type: 'edit', by: 'ben' }).request.reviews.map(({ by }) => by)).toEqual(['cat'])
  })

  it('[D2] carries no approval of somebody who is not asked any more', () => {
    const line = given(submitted({ require: leads(2), rules: keep }), approved('ben'))
    const users = people({ ann: { roles: [] }, ben: { roles: [] } })
    expect(line.when({ type: 'edit' }, { users }).request.reviews).toEqual([])
    const gone = new Map([...office].filter(([id]) => id !== 'ben'))
    expect(line.when({ type: 'edit' }, { users: gone }).request.reviews).toEqual([])
  })

  it('[A2] carries nothing past another schedule', () => {
    const line = given(submitted({ require: leads(2), rules: keep, applyAt: start + day }), approved('ben'))
    const later = line.when({ type: 'schedule' }, { next: { applyAt: start + 2 * day } })
    expect(later.yields('scheduled', 'pending').reviews).toEqual([])
    expect(line.when({ type: 'unschedule' }).yields('unscheduled', 'pending').reviews).toEqual([])
    const moved = line.when({ type: 'edit' }, { next: { applyAt: start + 2 * day } })
    expect(moved.request.reviews).toEqual([])
  })

  it('[B4] carries nothing over a rebase that left conflicts', () => {
    const line = given(submitted({ require: leads(2), rules: keep }), approved('ben'))
    const rebase = { from: 1, draft: { rollout: 80 }, resolutions: [], open: 1 }
    const after = line.when({ type: 'rebase' }, { next: { changes: [rollout(80, { base: 2, rebase })] } })
    expect(after.yields('rebased', 'pending')).toMatchObject({ reviews: [], conflicts: 1 })
  })

  it.each(['resubmit', 'reopen'] as const)(
    '[B10] [B11] [E1] carries nothing over a %s: that is a round anew',
    (type) => {
      const asked = { require: leads(2), rules: keep }
      const ending = type === 'resubmit' ? changesRequested('cat') : rejected('cat')
      const line = given(submitted(asked), approved('ben'), ending)
      const again = line.when({ type }, { next: { asks: { require: leads(1), rules: keep } } })
      expect(again.request).toMatchObject({ status: 'pending', round: 2, reviews: [] })
    },
  )

  it.each([
    ['the same effect', undefined],
    ['another value', [rollout(81)]],
  ])('[E12] carries whatever stands in the way until its giver takes it back: %s', (_what, changes) => {
    const blocking = { require: leads(2), rules: { onEdit: 'keep', onReject: 'block' } } as const
    const line = given(submitted(blocking), approved('ben'), rejected('cat'), approved('dan'))
    expect(line.request.status).toBe('pending')
    for (const type of ['edit', 'rebase', 'resolve'] as const) {
      const after = line.when({ type, by: 'eve' }, changes ? { next: { changes } } : {}).yields(pastOf[type], 'pending')
      const rejection = after.reviews.find(({ by }) => by === 'cat')
      expect(rejection).toMatchObject({ verdict: 'reject', digest: after.digest, carriedFrom: line.request.digest })
      expect(after.reviews).toHaveLength(changes ? 1 : 3)
    }
  })

  it('carries nothing into a round that is not before its reviewers', () => {
    const line = given(submitted({ require: leads(2), rules: keep }), approved('ben'), changesRequested('cat'))
    expect(line.when({ type: 'edit' }).yields('edited', 'changes_requested').reviews).toEqual([])
  })

  it('counts what is carried over by what the new content asks, and not by what the old one asked', () => {
    const line = given(submitted({ require: leads(2), rules: keep }), approved('ben'))
    const into = (rules: Asked['rules']) => ({ next: { asks: { require: leads(1), rules: { ...keep, ...rules } } } })
    line.when({ type: 'rebase', by: 'eve' }, into({})).yields('rebased', 'applied')
    line.when({ type: 'rebase', by: 'eve' }, into({ apply: 'by_hand' })).yields('rebased', 'approved')
  })

  it('[E12] carries the veto of somebody who owns no part of the change', () => {
    const owners = { policy: 'owners', version: 1, require: owner('/rollout', 'ben'), veto: { users: ['eve'] } }
    const asked = { requirements: [owners], rules: { onEdit: 'keep', onReject: 'block' } } as const
    const line = given(submitted({ ...asked, changes: [places(before)] }), rejected('eve'), approved('ben'))
    expect(line.request.status).toBe('pending')
    expect(
      line
        .when({ type: 'rebase' })
        .yields('rebased', 'pending')
        .reviews.map(({ by }) => by),
    ).toEqual(['eve', 'ben'])
  })
})

const pastOf = { edit: 'edited', rebase: 'rebased', resolve: 'resolved' } as const
