import { type Result, refuse, success } from '../../../errors/result.ts'
import { defined } from '../../defined.ts'
import { emptyStream } from '../../log/event-chain.ts'
import { defaultRules } from '../../policy/model/rules-of-conduct.ts'
import type { KnownUsers } from '../../review/under-review.ts'
import type { NextContent, OutsideFacts, TargetFacts } from '../model/command.ts'
import { isEmpty } from '../model/content.ts'
import { type Actor, type BeganEvent, type LaterEvent, locksOf, type ResourceName } from '../model/event.ts'
import { evolve } from '../model/evolve.ts'
import type { Frozen } from '../model/frozen.ts'
import type { Outcome } from '../model/outcome.ts'
import type { Request } from '../model/request.ts'
import { earliestOf, scheduleOf } from '../model/schedule.ts'
import { whereaboutsOf } from '../model/whereabouts.ts'
import { feedbackProblem } from './check-reason.ts'
import { writeContent } from './decide-content.ts'
import { applicationOf, stillPending, waits, waitsForFreeze } from './request-outcome.ts'

/** A change that somebody wants to make, or to draft. */
export interface SubmitCommand {
  /** The id that the request would get. */
  readonly id: string
  readonly by: Actor
  /** In milliseconds since 1970. */
  readonly at: number
  readonly reason?: string
}

/** What was true when a submission was decided. */
export interface SubmitFacts {
  readonly users: KnownUsers
  readonly next: NextContent
  /** The request that keeps everybody off one of the resources, if there is one. */
  readonly lockedBy?: string
  /** Which resource that is. Left out: the first one. */
  readonly lockedOn?: ResourceName
  /** The request that holds a lock on one of the resources, whether or not that keeps this one off. */
  readonly heldBy?: string
  /** Which resource that is. Left out: the first one. */
  readonly heldOn?: ResourceName
  /** Whether it passes the locks that others hold, since it is declared safe. */
  readonly passes?: true
  /** The resource that is kept outside of the database, if one is: nothing happens at once there. */
  readonly outside?: OutsideFacts
  /** The freeze that covers one of the resources now, if one does. */
  readonly frozen?: Frozen
}

/** What becomes of a submission: it happens at once, or it becomes a request. */
export type Submission =
  | { readonly type: 'direct' }
  | {
      readonly type: 'request'
      readonly event: BeganEvent
      /** What happens to the request in the same commit: it is bypassed. */
      readonly bypassed?: LaterEvent
    }

/**
 * Decides whether changes happen at once, wait for approval, or are refused. Pure, as `decide` is.
 *
 * @example
 * ```ts
 * const submission = submit({ id: 'r1', by: actor, at: 1_767_603_600_000 }, submitFacts)
 * if (submission.ok && submission.value.type === 'request') console.log(begin(submission.value.event).status)
 * ```
 *
 * @returns That the changes happen at once, or the event that makes the request, or a refusal: `unknown_actor`,
 * `invalid_input`, `locked`, `frozen`, `nothing_changed`, `no_policy`, `reason_required`, `conflicts_open`,
 * `content_tampered`.
 */
export function submit(command: SubmitCommand, facts: SubmitFacts): Result<Submission> {
  const { changes, evaluation, gated } = facts.next
  const { openTime, revertAt } = facts.next
  const isTimed = earliestOf(facts.next) !== undefined || openTime !== undefined || revertAt !== undefined
  const [first] = changes
  if (!facts.users.has(command.by.user)) return refuse('unknown_actor', { actor: command.by.user })
  if (!first) return refuse('invalid_input', { argument: 'changes', problem: 'must hold at least one change' })
  if (facts.lockedBy !== undefined) {
    return refuse('locked', { ...nameOf(facts.lockedOn ?? first.resource), request: facts.lockedBy })
  }
  const unchanged = changes.find(isEmpty)
  if (unchanged) return refuse('nothing_changed', unchanged.resource)
  const { applyBy = Number.POSITIVE_INFINITY } = facts.next
  const isDirect = evaluation.requirements.length === 0 && !isTimed && !gated && !facts.outside && !facts.frozen
  // What comes too late is no plain write: it is refused as a request would be.
  return isDirect && command.at < applyBy ? success({ type: 'direct' }) : began(command, facts, 'submit')
}

/**
 * Decides whether somebody may begin a draft.
 *
 * @example
 * ```ts
 * const submission = draft({ id: 'r1', by: actor, at: 1_767_603_600_000 }, submitFacts)
 * ```
 *
 * @returns The event that makes the draft, or a refusal: `unknown_actor`, `invalid_input`.
 */
export function draft(command: SubmitCommand, facts: SubmitFacts): Result<Submission> {
  if (!facts.users.has(command.by.user)) return refuse('unknown_actor', { actor: command.by.user })
  return began(command, facts, 'draft')
}

/** A new request is a draft without content that gets its first one. */
function began(
  command: SubmitCommand,
  { users, ...submitted }: SubmitFacts,
  type: 'submit' | 'draft',
): Result<Submission> {
  const { id, by, at } = command
  const { heldBy, heldOn, next } = submitted
  const where = whereaboutsOf(next.changes)
  const blank: Request = {
    tenant: by.tenant,
    id,
    ...where,
    status: 'draft',
    requester: by.user,
    via: by.via,
    createdAt: at,
    updatedAt: at,
    askedAt: at,
    round: 0,
    edition: 0,
    digest: 'sha256:',
    effect: 'sha256:',
    resources: [],
    requirements: [],
    rules: defaultRules,
    policySet: emptyStream,
    expiresAt: 0,
    conflicts: 0,
    contributors: [],
    persons: [],
    reviews: [],
  }
  const { rules } = next.evaluation
  const problem = feedbackProblem(command.reason, rules.feedbackLimit)
  if (problem) return refuse('invalid_input', { argument: 'reason', problem })
  const target = targetOfSubmission(submitted)
  const facts = { users, next, requirements: [], rules, target }
  const written = writeContent({ ...command, type }, blank, facts)
  if (!written.ok) return written
  const [first] = locksOf(written.value.pinned)
  if (type === 'submit' && first && heldBy !== undefined) {
    return refuse('locked', { ...nameOf(heldOn ?? first), request: heldBy })
  }
  const outcome = startOf(evolve(blank, written.value), { target, users, at })
  if (!outcome.ok) return outcome
  const event = { ...written.value, type: type === 'submit' ? 'submitted' : 'drafted', outcome: outcome.value } as const
  return success({ type: 'request', event: { ...event, id, tenant: by.tenant, ...where } })
}

function nameOf({ type, id }: ResourceName): ResourceName {
  return { type, id }
}

/** What applying needs to know of changes that are worked out on what is live now. */
export function targetOfSubmission({
  next,
  lockedBy,
  lockedOn,
  heldBy,
  heldOn,
  passes,
  outside,
  frozen,
}: Omit<SubmitFacts, 'users'>): TargetFacts {
  const { changes } = next
  const live = changes.map(({ base }) => base)
  return {
    changes,
    live,
    ...scheduleOf(next),
    ...defined({ lockedBy, lockedOn, heldBy, heldOn, passes, outside, frozen }),
  }
}

/** What nobody is asked about is on its way at once, or waits for its time; everything else waits for its answers. */
function startOf(
  request: Request,
  { target, users, at }: { readonly target: TargetFacts; readonly users: KnownUsers; readonly at: number },
): Result<Outcome> {
  const { status, requirements, rules } = request
  if (status === 'pending' && requirements.length === 0) {
    const later = waits(request, {}, at) || waitsForFreeze(request, target)
    return later ? success({ status: 'approved' }) : applicationOf(request, target, at)
  }
  return success(status === 'pending' ? stillPending(request, { users, requirements, rules }, at) : { status: 'draft' })
}
