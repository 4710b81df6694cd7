import { type Moment, statusAt } from '../../core/request/model/deadline.ts'
import { type Hold, timeHeld } from '../../core/request/model/hold.ts'
import { revertIdOf } from '../../core/request/model/planned-revert.ts'
import type { Request } from '../../core/request/model/request.ts'
import { freeze } from '../values/freeze.ts'
import { ownObjections } from './earlier-objections.ts'
import type { HiddenFromReaders, RequestSummary } from './request-summary.ts'

/** A summary that is being made: nobody has seen it yet. */
export type SummaryInMaking = { -readonly [K in keyof RequestSummary]: RequestSummary[K] }

type Shown = Omit<Request, HiddenFromReaders | 'leftOut'>

/** What only some requests have, and readers are shown as it is stored. */
const oftenAbsent: { readonly [K in keyof Shown as undefined extends Shown[K] ? K : never]-?: true } = {
  project: true,
  projects: true,
  shadow: true,
  reason: true,
  salt: true,
  erased: true,
  applyAt: true,
  openTime: true,
  applyBy: true,
  revertAt: true,
  formerRequesters: true,
  revertOf: true,
  unasked: true,
  recalledReviews: true,
  additions: true,
  commentCount: true,
  openComments: true,
  remindedAt: true,
  warnedOf: true,
  escalated: true,
  lapsedAt: true,
  scheduleDropped: true,
  withheld: true,
  bypassedBy: true,
  followUp: true,
  application: true,
  failure: true,
  mayLand: true,
  revisions: true,
}
const namesOftenAbsent = Object.keys(oftenAbsent) as readonly (keyof typeof oftenAbsent)[]

/** Shows a stored request as lists do. */
export function summaryOf(request: Request, at: number, holds?: readonly Hold[]): RequestSummary {
  return freeze(shownRequest(request, { at, holds }))
}

/**
 * Shows a stored request as lists do, at a moment. Lists show thousands: each property is copied by its name, which
 * takes a tenth of the time in which the others can be left out.
 */
export function shownRequest(request: Request, moment: Moment): SummaryInMaking {
  const shown: SummaryInMaking = {
    tenant: request.tenant,
    id: request.id,
    status: statusAt(request, moment),
    requester: request.requester,
    via: request.via,
    createdAt: request.createdAt,
    updatedAt: request.updatedAt,
    askedAt: request.askedAt,
    round: request.round,
    digest: request.digest,
    effect: request.effect,
    resources: request.resources,
    requirements: request.requirements,
    rules: request.rules,
    expiresAt: request.expiresAt,
    conflicts: request.conflicts,
    contributors: request.contributors,
    persons: request.persons,
    reviews: request.reviews,
    earlierObjections: ownObjections(request),
  }
  const more = shown as Record<string, unknown>
  for (const name of namesOftenAbsent) if (request[name] !== undefined) more[name] = request[name]
  const leftOut = request.leftOut?.filter(({ project }) => project === undefined) ?? []
  if (leftOut.length > 0) shown.leftOut = leftOut
  const revertedBy = revertedByOf(request)
  if (revertedBy !== undefined) shown.revertedBy = revertedBy
  const heldFor = moment.holds ? timeHeld(moment.holds, request.askedAt, moment.at) : 0
  if (heldFor > 0) shown.heldFor = heldFor
  return shown
}

/** The request that takes back what is applied for a time. */
function revertedByOf({ id, status, revertAt }: Request): string | undefined {
  return status === 'applied' && revertAt !== undefined ? revertIdOf(id) : undefined
}
