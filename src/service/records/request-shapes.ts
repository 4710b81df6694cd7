import type { ChangedPlace } from '../../core/change/changed-place.ts'
import type { Resolution } from '../../core/change/conflict.ts'
import type { FreezeVersion } from '../../core/policy/model/requirement.ts'
import type { CommentAnchor, CommentResolution } from '../../core/request/model/comment.ts'
import type {
  ClockMove,
  OpenRebase,
  PathStep,
  PinnedMove,
  ProposedChange,
  Reverted,
} from '../../core/request/model/content.ts'
import type { KnownPerson, LeftOut, Pinned, Target } from '../../core/request/model/event.ts'
import type { FollowUp, GlassBroken } from '../../core/request/model/follow-up.ts'
import type { Objection, Subject } from '../../core/request/model/objection.ts'
import type { Application, AppliedRevision } from '../../core/request/model/outcome.ts'
import type { PolicySetState } from '../../core/request/model/policy-set-state.ts'
import type { Addition } from '../../core/request/model/request.ts'
import type { OpenTime, Schedule } from '../../core/request/model/schedule.ts'
import { statuses } from '../../core/request/model/status-table.ts'
import type { ApprovalLimits } from '../../core/review/approval-limits.ts'
import type { Review } from '../../core/review/under-review.ts'
import {
  either,
  json,
  listOf,
  maybe,
  named,
  object,
  onlyTrue,
  type Properties,
  type RecordShape,
  text,
  whole,
} from '../values/shape.ts'
import { pinned, rules } from './policy-shapes.ts'
import type { PutOff } from './put-off.ts'
import type { CommentRecord, ContentRecord, RequestRecord } from './record-types.ts'

const resource = object<{ type: string; id: string }>({ type: text(), id: text() })
const leftOut = object<LeftOut>({ type: text(), id: text(), project: maybe(text()) })
const digest = text()

const reviewProperties = {
  by: text(),
  person: text(),
  onBehalfOf: maybe(text()),
  ownerPerson: maybe(text()),
  verdict: text('approve', 'reject', 'request_changes'),
  digest: text(),
  round: whole,
  at: whole,
  reason: maybe(text()),
  roles: listOf(text()),
  additions: maybe(whole),
  carriedFrom: maybe(text()),
  limits: maybe(
    object<ApprovalLimits>({
      unseen: maybe(listOf(object({ type: text(), id: text(), path: text() }))),
      asked: maybe(
        listOf(
          object({
            ...{ policy: text(), version: whole, source: maybe(text()), about: maybe(text()) },
            ...{ users: maybe(listOf(text())), roles: maybe(listOf(text())) },
          }),
        ),
      ),
    }),
  ),
}
const scheduleShape = {
  applyAt: maybe(whole),
  openTime: maybe(object<OpenTime>({ from: maybe(whole), until: maybe(whole) })),
  applyBy: maybe(whole),
  revertAt: maybe(whole),
} as const satisfies Properties<Schedule>

export const review: RecordShape = object<Review>(reviewProperties)

const objection = object<Objection>({
  ...reviewProperties,
  about: listOf(object<Subject>({ effect: text(), ...scheduleShape })),
  isOver: maybe(onlyTrue),
  stood: maybe(onlyTrue),
})

/** That something due could not be done. */
export const putOff = object<PutOff>({ from: whole, failures: whole })

const target = object<Target>({
  type: text(),
  id: text(),
  base: whole,
  waiting: maybe(text()),
  lockless: maybe(onlyTrue),
})
const known = object<KnownPerson>({ user: text(), person: text() })

export const head = object<{ seq: number; hash: string }>({ seq: whole, hash: text() })

const policySetState = object<PolicySetState>({ seq: whole, hash: text(), inCode: maybe(digest) })

const pinnedProperties = {
  project: maybe(text()),
  projects: maybe(listOf(text())),
  round: whole,
  edition: whole,
  digest,
  effect: digest,
  resources: listOf(target),
  leftOut: maybe(listOf(leftOut)),
  requirements: listOf(pinned),
  rules,
  shadow: maybe(listOf(pinned)),
  policySet: policySetState,
  expiresAt: whole,
  reason: maybe(text()),
  salt: maybe(text()),
  erased: maybe(digest),
  ...scheduleShape,
  conflicts: whole,
  contributors: listOf(text()),
  persons: listOf(known),
  reviews: listOf(review),
}

/** What a content brings with it. In the log, commitments stand in the places of texts. */
export const pinnedPart: RecordShape = object<Pinned>(pinnedProperties)

const applied = object<AppliedRevision>({ type: text(), id: text(), number: whole, digest })

export const application: RecordShape = object<Application>({
  resource,
  fence: whole,
  until: whole,
  attempts: whole,
  revisions: listOf(applied),
  problem: maybe(text()),
  mayLand: maybe(onlyTrue),
  passes: maybe(onlyTrue),
  cleared: maybe(listOf(object<FreezeVersion>({ freeze: text(), version: whole }))),
  frozen: maybe(onlyTrue),
})

const glass = { by: text(), person: text(), incident: text(), policies: listOf(text()), at: whole, dueAt: whole }
export const glassBroken = object<GlassBroken>(glass)
const followUp = object<FollowUp>({ ...glass, reviews: listOf(review), remindedAt: maybe(whole), doneAt: maybe(whole) })

export const failure = object<{ code: string; message: string; details: never }>({
  code: text(),
  message: text(),
  details: json,
})

export const revisionsMade = listOf(applied)

export const request: RecordShape = object<RequestRecord>({
  ...pinnedProperties,
  tenant: text(),
  id: text(),
  status: text(...statuses),
  requester: text(),
  formerRequesters: maybe(listOf(text())),
  revertOf: maybe(text()),
  unasked: maybe(onlyTrue),
  via: text(),
  createdAt: whole,
  updatedAt: whole,
  askedAt: whole,
  remindedAt: maybe(whole),
  warnedOf: maybe(whole),
  escalated: maybe(listOf(object({ policy: text(), version: whole }))),
  lapsedAt: maybe(whole),
  scheduleDropped: maybe(onlyTrue),
  withheld: maybe(failure),
  bypassedBy: maybe(text()),
  followUp: maybe(followUp),
  application: maybe(application),
  failure: maybe(failure),
  revisions: maybe(listOf(applied)),
  dueAt: maybe(whole),
  putOff: maybe(putOff),
  recalledReviews: maybe(whole),
  additions: maybe(listOf(object<Addition>({ by: text(), at: whole, text: text() }))),
  commentCount: maybe(whole),
  openComments: maybe(whole),
  unsettled: maybe(onlyTrue),
  mayLand: maybe(onlyTrue),
  objections: maybe(listOf(objection)),
  targetVersion: whole,
  joined: maybe(named(whole)),
  awaited: maybe(listOf(text())),
  head,
})

const path = { type: text(), path: text() }
const order = listOf(text())
const places: Readonly<Record<ChangedPlace['type'], RecordShape>> = {
  added: object({ ...path, after: json }),
  removed: object({ ...path, before: json }),
  changed: object({ ...path, before: json, after: json }),
  moved: object({ ...path, before: order, after: order }),
}
const place: RecordShape = either(({ type }) => {
  switch (type) {
    case 'added':
    case 'removed':
    case 'changed':
    case 'moved':
      return places[type]
    default:
      return undefined
  }
})

export const move: RecordShape = object<PinnedMove>({
  action: text(),
  from: maybe(text()),
  to: text(),
  pending: maybe(text()),
  edits: maybe(onlyTrue),
  details: maybe(named(json)),
  path: maybe(
    listOf(object<{ action: string; from: string; to: string }>({ action: text(), from: text(), to: text() })),
  ),
  imported: maybe(onlyTrue),
  reverts: maybe(object<Reverted>({ revision: whole, state: text() })),
  dueAt: maybe(whole),
  next: maybe(object<ClockMove>({ action: text(), to: text(), places: listOf(place), after: maybe(json) })),
})

/** One of the changes of a request. */
export const proposed: RecordShape = object<ProposedChange>({
  resource,
  project: text(),
  toProject: maybe(text()),
  base: whole,
  incarnation: whole,
  actions: listOf(text()),
  places: listOf(place),
  after: json,
  move: maybe(move),
  path: maybe(listOf(object<PathStep>({ actions: listOf(text()), places: listOf(place), after: maybe(json) }))),
  given: maybe(json),
  rebase: maybe(
    object<OpenRebase>({
      from: whole,
      draft: json,
      resolutions: listOf(object<Pick<Resolution, 'conflict' | 'take'>>({ conflict: text(), take: text() })),
      open: whole,
    }),
  ),
})

/** A comment on a request. */
export const commentPart: RecordShape = object<CommentRecord>({
  tenant: text(),
  request: text(),
  number: whole,
  by: text(),
  via: text(),
  at: whole,
  text: text(),
  anchor: maybe(object<CommentAnchor>({ resource, path: text(), round: whole, digest })),
  resolved: maybe(object<CommentResolution>({ by: text(), at: whole })),
})

export const content: RecordShape = object<ContentRecord>({
  tenant: text(),
  request: text(),
  edition: whole,
  changes: listOf(proposed),
  ...scheduleShape,
  notKept: maybe(whole),
})
