import type { ChangedPlace } from '../../core/change/changed-place.ts'
import type { Conflict } from '../../core/change/conflict.ts'
import { describe } from '../../core/change/describe.ts'
import type { Labels } from '../../core/change/labels.ts'
import { defined } from '../../core/defined.ts'
import type { JsonValue } from '../../core/json/json.ts'
import type { MethodPermissions } from '../../core/request/decide/permitted-methods.ts'
import type { PinnedMove, ProposedChange } from '../../core/request/model/content.ts'
import type { LeftOut } from '../../core/request/model/event.ts'
import { isPlannedRevert } from '../../core/request/model/planned-revert.ts'
import type { Request } from '../../core/request/model/request.ts'
import { isOpen, type RequestMethod, type RequestStatus } from '../../core/request/model/status-table.ts'
import type { ApprovalStanding } from '../../core/review/approval-standing.ts'
import type { Refusal } from '../../errors/result.ts'
import type { Proposal } from '../changes/propose-change.ts'
import type { Context } from '../context/context.ts'
import type { ReadingRights } from '../people/reading-rights.ts'
import type { EarlierObjection } from './earlier-objections.ts'
import type { OtherRequest } from './other-requests.ts'
import type { RequestComment } from './request-comments.ts'

/** What a request would change on one resource. */
export interface RequestedChange {
  readonly resource: { readonly type: string; readonly id: string }
  readonly actions: readonly string[]
  /** The revision that it was made against; 0 if the resource did not exist. */
  readonly base: number
  /** The action of the life cycle that does it; absent if its type has none. */
  readonly move?: PinnedMove
  /** The project that the resource goes to, empty for none; absent if it stays where it is. */
  readonly toProject?: string
  /** Every place that it touches, with its value before and after. */
  readonly places: readonly ChangedPlace[]
  /** The same for people, one line a place, with the labels of the resource type: `rollout: 40 % → 80 %`. */
  readonly lines: readonly string[]
  /** The document before; `undefined` if there was none. */
  readonly before: JsonValue | undefined
  /** The document after; `undefined` if the change removes it. */
  readonly after: JsonValue | undefined
  /**
   * The conflicts with what is live that nobody has answered yet: those that a rebase has left and, of a request that
   * is stale, those that a rebase would leave.
   */
  readonly conflicts: readonly Conflict[]
}

/** What of a request is for the library alone. */
export type HiddenFromReaders = 'policySet' | 'edition' | 'objections' | 'unsettled'

/**
 * A request as lists show it. `expired` as soon as its deadline has come, and a draft as soon as the workflow is
 * switched off while it waits, whether or not that is recorded yet.
 */
export interface RequestSummary extends Omit<Request, HiddenFromReaders> {
  /**
   * The rejections that nobody has taken back and that do not block the request: given before it ended, or about other
   * content. If the request is read by itself, also those given to other requests that do the same.
   */
  readonly earlierObjections: readonly EarlierObjection[]
  /**
   * For how long the workflow was off since the request was submitted, in milliseconds. Its deadline is that much later
   * than `expiresAt`. Absent if the workflow was never off.
   */
  readonly heldFor?: number
  /** Of a change that is applied for a time, the request that takes it back at `revertAt`, or has. */
  readonly revertedBy?: string
}

/**
 * For each method that acts on a request, why the reader cannot use it now; true if they can, as far as that is known
 * without its arguments.
 */
export interface Permissions extends MethodPermissions {
  /** Whether they can make the request about one resource more. */
  readonly add: true | Refusal
  /** Whether they can make it about one resource less. */
  readonly takeOut: true | Refusal
}

/** A request with everything that a reviewer needs: complete enough to draw a screen from. */
export interface ChangeRequest extends RequestView {
  /** What the reader can do with it now, by the names of the methods: true, or why not. */
  readonly can: Permissions
}

/** The same, whoever reads it. */
export interface RequestView extends RequestSummary {
  /** Empty once retention has removed them: `notKept` says so. */
  readonly changes: readonly RequestedChange[]
  /**
   * Why `changes` are empty, or the document before one of them is missing: retention has removed them since the
   * request ended. Absent while everything is kept.
   */
  readonly notKept?: Refusal<'content_not_kept'> | Refusal<'revision_not_kept'>
  /** What people said about it, the oldest first. */
  readonly comments: readonly RequestComment[]
  /**
   * Whether a resource has moved on since, so that the change cannot be applied as it is: of a draft, of an open
   * request and of one that failed.
   */
  readonly stale: boolean
  /**
   * The freeze that keeps it off when it would be applied: now or, if it is scheduled, at its time. Only of an open
   * request, and absent if none does.
   */
  readonly frozen?: Refusal<'frozen'>
  /** How far it is approved, what is missing and who could supply it, while it is open. */
  readonly approval?: ApprovalStanding
  /**
   * Who can help. Only of an open request that could not be approved even if everybody asked approved it, of one that
   * cannot land any more, of one that has failed, and of one whose change has not reached its external system. Empty if
   * nobody can: then the request is over, has to expire, or waits for other people or policies.
   */
  readonly remedies?: readonly Remedy[]
  /**
   * Other open requests about the same resources that the reader may read, the newest first: at most twenty, of the
   * first twenty resources. One that does the same is a twin.
   */
  readonly others?: readonly OtherRequest[]
}

/** Shows which resources are left out; nothing if none is. */
function leftOutOf(shown: readonly LeftOut[] = []): Pick<Request, 'leftOut'> {
  return shown.length === 0 ? {} : { leftOut: shown }
}

/** Shows those besides that are left out where the request is not, to whoever may read there. */
export async function withLeftOut(
  summary: RequestSummary,
  { leftOut = [] }: Request,
  rights: ReadingRights,
): Promise<RequestSummary> {
  const readable = await Promise.all(leftOut.map(({ project }) => project === undefined || rights.in(project)))
  return { ...summary, ...leftOutOf(leftOut.filter((_, at) => readable[at])) }
}

/** Tells whether a request could still be applied one day: it is a draft, is open, or has failed. */
export function isUnapplied(status: RequestStatus): boolean {
  return isOpen(status) || status === 'draft' || status === 'failed'
}

/**
 * Tells whether a request could not be applied as it was reviewed: a resource has moved on, to these revisions. What
 * takes a change back is merged.
 */
export function isStaleNow(request: Request, status: RequestStatus, live: readonly number[]): boolean {
  return canBeStale(request, status) && request.resources.some(({ base }, index) => (live[index] ?? 0) !== base)
}

/** Tells whether it matters to a request in this state that a resource has moved on. */
export function canBeStale(request: Request, status: RequestStatus): boolean {
  return isUnapplied(status) && !isPlannedRevert(request)
}

/** Shows a change to people, in the words of its resource type. */
export function requestedChange({ resources }: Context, { change, before }: Proposal): RequestedChange {
  const { resource, actions, base, places, after, move, toProject } = change
  const labels = resources.get(resource.type)?.labels
  const lines = [...moveLines(change, labels), ...describe(places, labels)]
  const moved = defined({ move, toProject })
  return { resource, actions, base, ...moved, places, lines, before, after: after ?? undefined, conflicts: [] }
}

/** Says what a move does to the live state: nothing, if it carries an edit. */
export function moveLines(
  { project, toProject, move, path = [] }: Pick<ProposedChange, 'project' | 'toProject' | 'move' | 'path'>,
  labels: Labels | undefined,
): readonly string[] {
  if (move?.reverts) {
    const { revision, state } = move.reverts
    const was = state === move.to ? 'as it was then' : `and was ${state} then`
    return [`revert to revision ${revision}: the state stays ${move.to}, ${was}`]
  }
  const goes = toProject === undefined ? [] : [projectLine({ from: project, to: toProject })]
  if (move === undefined || move.edits) return goes
  const { action, from, to, details = {}, imported, dueAt, next } = move
  const way = (move.path ?? []).flatMap((step, index) => [
    `${step.action}: state ${step.from} → ${step.to}`,
    ...describe(path[index]?.places ?? [], labels).map((line) => `${step.action}: ${line}`),
  ])
  const begins = imported ? `${to}, imported without the actions that lead there` : (move.path?.[0]?.from ?? to)
  const said = Object.entries(details).map(([name, value]) => `${action}: ${name} ${JSON.stringify(value)}`)
  const then =
    next && dueAt !== undefined ? [`${next.action} at ${new Date(dueAt).toISOString()}: state ${to} → ${next.to}`] : []
  const does = next ? describe(next.places, labels).map((line) => `${next.action}: ${line}`) : []
  if (toProject !== undefined) return [...goes, `state: stays ${to}`, ...then, ...does]
  return [`${action}: state ${from ?? 'none'} → ${begins}`, ...way, ...said, ...then, ...does]
}

/**
 * Who can help a request that could not be approved even if everybody asked approved it, that cannot land any more,
 * that has failed, or whose change has not reached its external system.
 */
export type Remedy =
  /** Others may approve from this time on, in milliseconds since 1970. */
  | { readonly type: 'escalation'; readonly at: number }
  /**
   * These users can use this method of `requests` now, and it would help: it ends the request, has it applied, or
   * leaves it to people who can approve it. `needs` is the option with another time that it takes, since the one that
   * was said has passed. At most twenty users of a kind are tried: those who may pass by the approvals, those who may
   * change the settings, the approvers; and the requester.
   */
  | {
      readonly type: 'people'
      readonly method: RequestMethod | 'takeOut'
      readonly users: readonly string[]
      readonly needs?: 'applyAt' | 'applyBy' | 'revertAt'
    }
  /**
   * The application that keeps the resource outside of the database did not take the change, and why; it is asked
   * again at this time. Who may change the resource can give the change up meanwhile.
   */
  | { readonly type: 'host'; readonly at: number; readonly problem: string }

/** Says for people that something goes from one project to another. */
export function projectLine({ from, to }: { readonly from: string; readonly to: string }): string {
  return `project: ${from || 'none'} → ${to || 'none'}`
}
