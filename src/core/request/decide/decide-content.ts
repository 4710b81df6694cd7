import { type Refusal, type Result, refuse, success } from '../../../errors/result.ts'
import { defined } from '../../defined.ts'
import type { StatedReason } from '../../log/erasable-texts.ts'
import { milliseconds } from '../../policy/model/duration.ts'
import type { Evaluation } from '../../policy/model/policy.ts'
import { askedByPolicies, requirementsJoin } from '../../policy/model/requirement.ts'
import type { KnownUsers } from '../../review/under-review.ts'
import type {
  ComeDueCommand,
  ContentCommand,
  DraftCommand,
  Facts,
  NextContent,
  ReviewCommand,
} from '../model/command.ts'
import { isEmpty, openConflicts, type ProposedChange, requestDigest } from '../model/content.ts'
import { type Decision, needs } from '../model/decision.ts'
import { effectDigest } from '../model/effect.ts'
import { type ContentEvent, happened, locksOf, type Pinned, type Target } from '../model/event.ts'
import { evolve } from '../model/evolve.ts'
import { timeHeld } from '../model/hold.ts'
import type { Outcome } from '../model/outcome.ts'
import { mostObjections, rememberedObjections } from '../model/remembered.ts'
import { pendingFollowUp, type Request } from '../model/request.ts'
import { scheduleOf } from '../model/schedule.ts'
import { isSamePlace, whereaboutsOf } from '../model/whereabouts.ts'
import { isBlank } from './check-reason.ts'
import { scheduleProblem } from './check-schedule.ts'
import { answersFor, hasJoined, takesOut } from './kept-reviews.ts'
import {
  applicationOf,
  isTooLate,
  refuseStale,
  reviewOutcome,
  staleness,
  waits,
  waitsForFreeze,
} from './request-outcome.ts'

/** An approval that names details. */
type NamingCommand = ReviewCommand & { readonly type: 'approve' }

/** A command that brings content. */
type Writing = ContentCommand | DraftCommand | ComeDueCommand | NamingCommand

const eventTypes = {
  draft: 'drafted',
  edit: 'edited',
  submit: 'submitted',
  resubmit: 'resubmitted',
  reopen: 'reopened',
  rebase: 'rebased',
  resolve: 'resolved',
  schedule: 'scheduled',
  unschedule: 'unscheduled',
  take_over: 'taken_over',
  come_due: 'asked_anew',
  approve: 'edited',
} as const satisfies Record<Writing['type'], ContentEvent['type']>

/**
 * Decides that a request gets new content, or puts its content to the reviewers again. Either way its digest is
 * another one.
 */
export function decideContent(command: Writing, request: Request, facts: Facts): Decision<ContentEvent> {
  const { next } = facts
  const restricted = editRestriction(command, request, facts)
  if (restricted) return restricted
  if ('seen' in command && command.seen !== undefined && command.seen !== request.digest) {
    return refuse('digest_mismatch', { request: request.id, seen: command.seen })
  }
  if (!next) return needs('next')
  const written = writeContent(command, request, { ...facts, next })
  if (!written.ok || written.value.outcome.status !== 'pending') return written
  const event = written.value
  const outcome = settleContent(evolve(request, event), facts, command.at)
  return outcome.ok ? success({ ...event, outcome: outcome.value }) : outcome
}

/** Why somebody may not edit a request that waits, or that waits again by it, by the rules of its policies. */
function editRestriction(
  command: Writing,
  { id, status, requester, contributors }: Request,
  { rules: { edit } }: Facts,
): { readonly ok: false; readonly refusal: Refusal } | undefined {
  if (edit === 'anyone' || !writes(command) || status === 'draft') return undefined
  const { user } = command.by
  const editors: readonly string[] =
    edit === 'nobody' ? [] : edit === 'requester' ? [requester] : [requester, ...contributors]
  return editors.includes(user) ? undefined : refuse('edit_restricted', { request: id, actor: user, editors: edit })
}

/** Decides that a request gets new content, before anybody's answers to it are counted. */
export function writeContent(
  command: Writing,
  request: Request,
  facts: Facts & { readonly next: NextContent },
): Result<ContentEvent> {
  const { next } = facts
  const owed = pendingFollowUp(request)
  if (owed) return refuse('follow_up_pending', { request: request.id, by: owed.by, policies: owed.policies })
  const lost = takesOut(next) ? undefined : facts.target?.unlandable
  if (lost) return { ok: false, refusal: lost }
  const lands = landingStatus(command, request)
  const checked = checkContent(command, request, { next, lands })
  if (!checked.ok) return checked

  const pinned = pinnedBy(command, request, { facts, next, lands })
  if (!pinned.ok) return pinned
  const [first] = next.changes
  const { lockedBy, lockedOn, heldBy, heldOn } = facts.target ?? {}
  const wantsLock = locksOf(pinned.value).length > 0
  const asksAnew = asksReviewers(command, request)
  const meetsLocks = asksAnew || wantsLock || hasJoined(request, next.changes)
  const met = meetsLocks ? lockedBy : undefined
  const other = met ?? (wantsLock ? heldBy : undefined)
  if (lands !== 'draft' && first && other !== undefined) {
    const { type, id } = (met === undefined ? heldOn : lockedOn) ?? first.resource
    return refuse('locked', { type, id, request: other })
  }
  const { rules } = pinned.value
  const unfit = asksAnew && command.type !== 'come_due' ? unfitness(command, { ...facts, rules }) : undefined
  if (unfit) return { ok: false, refusal: unfit }
  const event: ContentEvent = {
    type: eventTypes[command.type],
    ...happened(command),
    pinned: pinned.value,
    outcome: { status: lands },
  }
  if (rememberedObjections(request, event).length > mostObjections) {
    return refuse('limit_reached', { what: 'objections', limit: mostObjections })
  }
  return success(event)
}

type Landing = 'draft' | 'changes_requested' | 'pending'

/** Where new content leads before answers are counted: what is not before its reviewers stays where it is. */
function landingStatus(command: Writing, request: Request): Landing {
  if (asksReviewers(command, request)) return 'pending'
  const { status } = request
  return status === 'draft' || status === 'changes_requested' ? status : 'pending'
}

interface Considered {
  readonly next: NextContent
  readonly lands: Landing
}

function checkContent(command: Writing, request: Request, { next, lands }: Considered): Result<true> {
  const { changes, evaluation, gated } = next
  const [first] = changes
  if (!first) return refuse('invalid_input', { argument: 'changes', problem: 'must hold at least one change' })
  if (lands === 'draft') return success(true)
  for (const change of changes) {
    if (isEmpty(change) && !change.rebase) return refuse('nothing_changed', change.resource)
  }
  if (gated) return refuse('no_policy', { ...first.resource, actions: first.actions })
  const reason = restatesReason(command, request) ? (command.reason ?? request.reason) : request.reason
  if (command.type !== 'come_due' && evaluation.rules.reasonRequired && (reason === undefined || isBlank(reason))) {
    return refuse('reason_required', { verb: command.type })
  }
  const conflicts = openConflicts(next)
  if (asksReviewers(command, request) && conflicts > 0)
    return refuse('conflicts_open', { request: request.id, conflicts })
  return success(true)
}

/** Tells whether a command puts a request to its reviewers that was not before them. */
function asksReviewers({ type }: Writing, { status }: Pick<Request, 'status'>): boolean {
  if (type === 'take_over') return status !== 'draft'
  return type === 'submit' || type === 'resubmit' || type === 'reopen' || type === 'come_due'
}

/**
 * Tells whether the reason of a command says what the change is for. Whoever takes over says why they do that; what it
 * is for was said before.
 */
function restatesReason(command: Writing, request: Request): boolean {
  return command.type === 'draft' || (asksReviewers(command, request) && command.type !== 'take_over')
}

function pinnedBy(
  command: Writing,
  request: Request,
  { facts, next, lands }: Considered & { readonly facts: Facts },
): Result<Pinned> {
  const { id, tenant, contributors } = request
  const requester = command.type === 'take_over' ? command.by.user : request.requester
  const asksAnew = asksReviewers(command, request)
  const { changes, evaluation, policySet } = next
  const schedule = scheduleOf(next)
  const drafting = lands === 'draft'
  const asked = facts.held ? evaluation : askedBy(evaluation, request)
  const { rules } = drafting ? request : asked
  const requirements = drafting ? [] : asked.requirements
  const round = drafting ? request.round : request.round + 1
  const latest = command.at + milliseconds(rules.expiresAfter)
  const held = timeHeld(facts.holds ?? [], request.askedAt, command.at)
  const waits = Math.min(request.expiresAt + held, latest)
  const expiresAt = asksAnew ? latest : drafting ? request.expiresAt : waits
  const { reason, salt, erased } =
    restatesReason(command, request) && command.reason !== undefined ? { ...command, erased: undefined } : request
  const stated: StatedReason = {
    ...defined({ reason, salt, erased }),
  }
  const problem = scheduleProblem(command, { ...schedule, expiresAt, drafting, rules })
  if (problem) return refuse('invalid_input', problem)

  const what = { changes, ...schedule, ...stated, ...defined({ revertOf: request.revertOf, unasked: request.unasked }) }
  const digest = requestDigest({ ...what, tenant, request: id, requester, round, expiresAt, requirements, rules })
  const where = whereaboutsOf(changes)
  const pinned: Pinned = {
    round,
    edition: request.edition + 1,
    digest,
    effect: effectDigest({ changes }),
    ...(isSamePlace(request, where) ? {} : where),
    resources: changes.map((change) => targetOf(change, facts.target)),
    ...defined({ leftOut: next.leftOut }),
    requirements,
    rules,
    ...(drafting ? {} : defined({ shadow: evaluation.shadow })),
    policySet,
    expiresAt,
    ...schedule,
    ...stated,
    conflicts: openConflicts(next),
    persons: personsIn(command, request, facts.users),
    contributors: writes(command)
      ? [...contributors.filter((one) => one !== command.by.user), command.by.user]
      : contributors,
    reviews: [],
  }
  const leaves = lands === 'pending' && rewrites(command)
  const names = command.type === 'approve'
  const bringing = { by: command.by.user, type: eventTypes[command.type], leaves, names }
  return success({ ...pinned, reviews: drafting ? [] : answersFor(bringing, request, { next, pinned, facts }) })
}

/**
 * What is asked of new content while the workflow is on: what policies ask now or, if they ask nothing any more, what
 * they asked before; and what freezes ask now. While it is off, only what asks then counts.
 */
function askedBy(evaluation: Evaluation, request: Request): Pick<Evaluation, 'requirements' | 'rules'> {
  const before = askedByPolicies(request.requirements)
  if (evaluation.requirements.length === 0) return { requirements: before, rules: request.rules }
  if (before.length === 0 || askedByPolicies(evaluation.requirements).length > 0) return evaluation
  return { requirements: requirementsJoin(before, evaluation.requirements), rules: request.rules }
}

/**
 * Why nobody needs to look at content that could not be applied. What is stale is rebased before it is put to
 * reviewers. What had ended, or is taken over, is rebased afterwards: before, nobody could.
 */
function unfitness({ type }: Writing, facts: Facts): Refusal | undefined {
  const { target } = facts
  const current = target && (type === 'submit' || type === 'resubmit') ? refuseStale(facts) : undefined
  if (current && !current.ok) return current.refusal
  return target && staleness(target) ? undefined : target?.invalid
}

function targetOf({ resource, base, move }: ProposedChange, facts: Facts['target']): Target {
  if (facts?.passes) return { ...resource, base, lockless: true }
  return { ...resource, base, ...(move?.pending === undefined ? {} : { waiting: move.action }) }
}

/** The people behind the content: those known before, and whoever acts now. */
function personsIn({ by, type }: Writing, { persons }: Request, users: KnownUsers): Pinned['persons'] {
  if (type === 'approve') return persons
  const person = users.get(by.user)?.person
  if (person === undefined || persons.some((known) => known.user === by.user && known.person === person)) return persons
  return [...persons, { user: by.user, person }]
}

/** Tells whether a command makes its actor an author of the content. */
function writes({ type }: Writing): boolean {
  return type === 'edit' || type === 'resolve'
}

/**
 * Tells whether a command leaves the request before the reviewers whom it was put to. What is put to them anew is
 * approved anew.
 */
function rewrites(command: Writing): boolean {
  return writes(command) || command.type === 'rebase'
}

/** What nothing gates is applied at once, or at its time; everything else waits for its answers. */
function settleContent(request: Request, facts: Facts, at: number): Decision<Outcome> {
  const { requirements, rules } = request
  if (requirements.length > 0) return reviewOutcome(request, { ...facts, requirements, rules }, { at })
  if (isTooLate(request, { rules }, at)) return success({ status: 'approved', byHand: true })
  if (waits(request, facts, at)) return success({ status: 'approved' })
  if (!facts.target) return needs('target')
  return waitsForFreeze(request, facts.target)
    ? success({ status: 'approved' })
    : applicationOf(request, facts.target, at)
}
