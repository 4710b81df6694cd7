import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { defaultRules } from '../../../src/core/policy/model/rules-of-conduct.ts'
import { type Reviewed, requestDigest } from '../../../src/core/request/model/content.ts'
import type { Request } from '../../../src/core/request/model/request.ts'
import { documents } from '../../../src/testing/arbitraries/documents.ts'
import { runs } from '../../runs.ts'
import {
  approved,
  day,
  done,
  given,
  hour,
  leads,
  type Otherwise,
  rollout,
  type Said,
  start,
  submitted,
} from './given.ts'

/** Content has a time, or leaves it open. */
const reviewed: Required<Omit<Reviewed, 'erased' | 'openTime'>> = {
  tenant: 'acme',
  request: 'r1',
  round: 1,
  requester: 'ann',
  reason: 'full launch',
  salt: 'sea',
  applyAt: start + hour,
  applyBy: start + 2 * hour,
  revertAt: start + 3 * hour,
  revertOf: 'r0',
  unasked: true,
  expiresAt: start + day,
  requirements: [{ policy: 'reviewed', version: 1, require: { quorum: 1, from: { roles: ['lead'], users: ['ben'] } } }],
  rules: { ...defaultRules, bypass: ['admin'] },
  changes: [
    rollout(80, {
      after: { enabled: true, rollout: 80, tags: ['a', ''], rules: [{ id: 'eu', rollout: null }] },
      rebase: { from: 1, draft: { rollout: 80 }, resolutions: [{ conflict: 'sha256:0', take: 'draft' }], open: 1 },
    }),
    rollout(3, { resource: { type: 'flag', id: 'search' }, places: [{ type: 'removed', path: '', before: {} }] }),
  ],
}

type Path = readonly (string | number)[]

function leavesOf(value: unknown, path: Path = []): readonly Path[] {
  if (typeof value !== 'object' || value === null) return [path]
  const entries = Array.isArray(value) ? [...value.entries()] : Object.entries(value)
  return entries.length === 0 ? [path] : entries.flatMap(([key, inner]) => leavesOf(inner, [...path, key]))
}

/** The same value with something else at one place. */
function altered<T>(value: T, path: Path): T {
  const [key, ...rest] = path
  if (key === undefined) return other(value) as T
  const copy = (Array.isArray(value) ? [...value] : { ...value }) as Record<string | number, unknown>
  copy[key] = altered(copy[key], rest)
  return copy as T
}

function other(value: unknown): unknown {
  if (typeof value === 'string') return `${value}x`
  if (typeof value === 'number') return value === 0 ? 1 : -value
  if (typeof value === 'boolean') return !value
  if (Array.isArray(value)) return ['more']
  return value === null ? 0 : null
}

describe('the digest of a request', () => {
  it.each(leavesOf(reviewed).map((path) => [path.join('/'), path] as const))(
    '[A7] [A13] [BY-02] is another one where %s is another one',
    (_name, path) => {
      expect(requestDigest(altered(reviewed, path))).not.toBe(requestDigest(reviewed))
    },
  )

  it('[A13] tells an absent reason and schedule from every given one', () => {
    const { reason, applyAt, ...bare } = reviewed
    const digests = [bare, { ...bare, reason }, { ...bare, applyAt }, reviewed, { ...bare, reason: '' }].map(
      requestDigest,
    )
    expect(new Set(digests).size).toBe(digests.length)
  })

  it('[A7] is another one for every other leaf of a generated document', () => {
    fc.assert(
      fc.property(documents(), fc.nat(), (after, choice) => {
        const before = { ...reviewed, changes: [rollout(80, { after })] }
        const leaves = leavesOf(after)
        const path = leaves[choice % leaves.length] ?? []
        const next = { ...reviewed, changes: [rollout(80, { after: altered(after, path) })] }
        expect(requestDigest(next)).not.toBe(requestDigest(before))
      }),
      { numRuns: runs(1_000) },
    )
  })

  it('[TI-06] binds how far a time is left open, and not when it is set to', () => {
    const { applyAt: _applyAt, ...timeless } = reviewed
    const openTimes = [{}, { from: start }, { until: start + day }, { from: start, until: start + day }]
    const digests = [requestDigest(timeless), ...openTimes.map((openTime) => requestDigest({ ...timeless, openTime }))]
    expect(new Set(digests).size).toBe(openTimes.length + 1)
    for (const [index, openTime] of openTimes.entries()) {
      expect(requestDigest({ ...reviewed, openTime })).toBe(digests[index + 1])
    }
  })

  it('does not depend on the order of keys', () => {
    const reversed = Object.fromEntries(Object.entries(reviewed).toReversed()) as unknown as Reviewed
    expect(requestDigest(reversed)).toBe(requestDigest(reviewed))
  })
})

/** Every field of a request: bound to the digest, or why a reviewer need not agree to it. */
const fields: { readonly [F in keyof Required<Request>]: 'bound' | string } = {
  tenant: 'bound',
  id: 'bound',
  requester: 'bound',
  formerRequesters: 'restricts who may approve; taking over is a round with a digest of its own',
  round: 'bound',
  digest: 'bound',
  resources: 'bound',
  leftOut: 'says what is not part of it',
  requirements: 'bound',
  rules: 'bound',
  expiresAt: 'bound',
  reason: 'bound',
  salt: 'bound',
  erased: 'what is bound in the place of a reason that was erased',
  applyAt: 'bound, unless it was set within an open time',
  openTime: 'bound',
  applyBy: 'bound',
  revertAt: 'bound',
  revertOf: 'bound',
  unasked: 'bound',
  lapsedAt: 'history',
  conflicts: 'bound',
  project: 'follows from the changes, which are bound',
  projects: 'follows from the changes, which are bound',
  edition: 'names the place where the content is kept, which is bound itself',
  shadow: 'decides nothing',
  policySet: 'says from which state of the policies the requirements were pinned, which are bound themselves',
  contributors: 'restricts who may approve; an edit that adds one has another digest anyway',
  persons: 'as the contributors',
  reviews: 'the answers themselves',
  status: 'what became of it',
  withheld: 'what became of it',
  via: 'the door that the requester came through',
  createdAt: 'history',
  updatedAt: 'history',
  askedAt: 'history',
  remindedAt: 'history',
  warnedOf: 'history',
  recalledReviews: 'history: says how many answers there were when it was recalled',
  additions: 'said after the reason that is bound: each approval says how many there were',
  commentCount: 'how many people have talked about it',
  openComments: 'how many of these are not resolved: only ever hold the request back',
  escalated: 'follows from the requirements, which are bound, and from time',
  followUp: 'what became of it',
  scheduleDropped: 'only ever holds an application back',
  unsettled: 'says that it stands open what follows from the answers',
  bypassedBy: 'history',
  application: 'what becomes of it',
  failure: 'what became of it',
  mayLand: 'what became of it',
  effect: 'follows from the changes, which are bound',
  objections: 'only ever hold the request back',
  revisions: 'what became of it',
}

interface Edit {
  readonly said: Said
  readonly otherwise?: Otherwise
}

const two = { require: leads(2) }
const editing = (next: Exclude<Otherwise['next'], 'unread'>): Edit => ({
  said: { type: 'edit' },
  otherwise: { next: { ...next } },
})

/** One edit for every part of what a reviewer agrees to, that changes nothing else. */
const edits: Readonly<Record<string, Edit>> = {
  'the value of a place': editing({ changes: [rollout(81)] }),
  'a place that nobody sees': editing({ changes: [rollout(80, { after: { rollout: 80, hidden: 1 } })] }),
  'a place more': editing({
    changes: [rollout(80, { places: [...rollout(80).places, { type: 'added', path: '/owner', after: 'eve' }] })],
  }),
  'the value before': editing({
    changes: [rollout(80, { places: [{ type: 'changed', path: '/rollout', before: 41, after: 80 }] })],
  }),
  'the actions': editing({ changes: [rollout(80, { actions: ['enable'] })] }),
  'a removal in the place of a change': editing({ changes: [rollout(80, { after: null })] }),
  'the resource': editing({ changes: [rollout(80, { resource: { type: 'flag', id: 'search' } })] }),
  'the type of the resource': editing({ changes: [rollout(80, { resource: { type: 'group', id: 'checkout' } })] }),
  'the project': editing({ changes: [rollout(80, { project: 'mobile' })] }),
  'the base': editing({ changes: [rollout(80, { base: 2 })] }),
  'the incarnation': editing({ changes: [rollout(80, { incarnation: 2 })] }),
  'a change more': editing({ changes: [rollout(80), rollout(5, { resource: { type: 'flag', id: 'search' } })] }),
  'what the policies ask of an equal effect': editing({
    asks: { require: { quorum: 2, from: { roles: ['legal', 'lead'] } } },
  }),
  'the rules of conduct of an equal effect': editing({ asks: { require: leads(2), rules: { lock: 'resource' } } }),
  'the base, by a rebase': { said: { type: 'rebase' }, otherwise: { next: { changes: [rollout(80, { base: 2 })] } } },
  'a schedule': { said: { type: 'schedule' }, otherwise: { next: { applyAt: start + day } } },
  'nothing at all, by an unschedule': { said: { type: 'unschedule' } },
  'nothing at all, by an edit': editing({ changes: [rollout(80)] }),
  'nothing at all, by a rebase': { said: { type: 'rebase' }, otherwise: { next: { changes: [rollout(80)] } } },
  'nothing at all, by answers to conflicts': {
    said: { type: 'resolve' },
    otherwise: { next: { changes: [rollout(80)] } },
  },
}

describe('an edit of something that was approved', () => {
  it('[A2] has said of every field of a request whether it is bound', () => {
    const { request } = given(submitted({ ...two, reason: 'why', applyAt: start + day }), approved('cat'))
    for (const field of Object.keys(request)) expect(fields).toHaveProperty(field)
  })

  it.each(Object.keys(edits))('[A2] [A7] takes the approval back: %s', (name) => {
    const { said, otherwise } = edits[name] as Edit
    const before = given(submitted(two), approved('cat'))
    expect(before.request.reviews).toHaveLength(1)
    const after = before.when(said, otherwise).request
    expect(after.digest).not.toBe(before.request.digest)
    expect(after).toMatchObject({ status: 'pending', round: 2, reviews: [] })
    const again = given(submitted(two), approved('cat'), done(said, otherwise))
    again.when({ type: 'approve', by: 'ben' }).yields('approved', 'pending')
    again
      .when({ type: 'approve', by: 'ben', seen: before.request.digest })
      .refuses('digest_mismatch', { seen: before.request.digest })
  })

  it('[A2] takes approvals back when the schedule that they agreed to moves, or goes', () => {
    const asked = submitted({ ...two, applyAt: start + day })
    for (const [type, next] of [
      ['schedule', { applyAt: start + 2 * day }],
      ['unschedule', {}],
    ] as const) {
      const after = given(asked, approved('cat')).when({ type }, { next }).yields(`${type}d`, 'pending')
      expect(after.reviews).toEqual([])
    }
  })

  it('[A12] leaves the approvals where nothing is edited: a comment is no vote and takes none back', () => {
    const line = given(submitted(two), approved('cat'))
    for (const by of ['ann', 'ben', 'eve']) {
      const after = line.when({ type: 'comment', by, reason: 'approve' }).yields('commented', 'pending')
      expect(after.reviews).toEqual(line.request.reviews)
      expect(after.digest).toBe(line.request.digest)
    }
  })

  it('[B10] asks everybody anew in the next round, also with equal content', () => {
    const closed = given(submitted(two), approved('cat'), done({ type: 'reject', by: 'ben', reason: 'no' }))
    const reopened = closed.when({ type: 'reopen' }).yields('reopened', 'pending')
    expect(reopened).toMatchObject({ round: 2, reviews: [] })
    expect(reopened.digest).not.toBe(closed.request.digest)
  })
})
