import type { ChangedPlace } from '../../core/change/changed-place.ts'
import type { Conflict } from '../../core/change/conflict.ts'
import { describe } from '../../core/change/describe.ts'
import type { JsonValue } from '../../core/change/json.ts'
import type { Labels } from '../../core/change/labels.ts'
import { statusAt } from '../../core/request/decide/decide.ts'
import type { Permissions } from '../../core/request/decide/permitted-methods.ts'
import type { PinnedMove } from '../../core/request/model/content.ts'
import { type Hold, timeHeld } from '../../core/request/model/hold.ts'
import type { Request } from '../../core/request/model/request.ts'
import type { ApprovalStanding } from '../../core/review/approval-standing.ts'
import type { Proposal } from '../changes/propose-change.ts'
import type { Context } from '../context/context.ts'
import type { RequestRecord } from '../records/record-types.ts'
import { freeze } from '../values/freeze.ts'
import { type EarlierObjection, ownObjections } from './earlier-objections.ts'

/** What a request would change on one resource. */
export interface RequestedChange {
  readonly resource: { readonly type: string; readonly id: string }
  readonly actions: readonly string[]
  /** The revision that it was made against; 0 if the resource did not exist. */
  readonly base: number
  /** The action of the life cycle that does it; absent if its type has none. */
  readonly move?: PinnedMove
  /** Every place that it touches, with its value before and after. */
  readonly places: readonly ChangedPlace[]
  /** The same for people, one line a place, with the labels of the resource type: `rollout: 40 % → 80 %`. */
  readonly lines: readonly string[]
  /** The document before; `undefined` if there was none. */
  readonly before: JsonValue | undefined
  /** The document after; `undefined` if the change removes it. */
  readonly after: JsonValue | undefined
  /** The conflicts with what is live that nobody has answered yet. */
  readonly conflicts: readonly Conflict[]
}

/** A request as lists show it. `expired` as soon as its deadline has come, whether or not that is recorded yet. */
export interface RequestSummary extends Omit<Request, 'policySet' | 'edition' | 'objections' | 'unsettled'> {
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
}

/** A request with everything that a reviewer needs: complete enough to draw a screen from. */
export interface ChangeRequest extends RequestSummary {
  readonly changes: readonly RequestedChange[]
  /** Whether a resource has moved on since, so that the request cannot be applied as it was reviewed. */
  readonly stale: boolean
  /** How far it is approved, what is missing and who could supply it, while it is open. */
  readonly approval?: ApprovalStanding
  /**
   * Who can help. Only of an open request that could not be approved even if everybody asked approved it, and of one
   * whose change has not reached its external system.
   */
  readonly remedies?: readonly Remedy[]
  /** What the reader can do with it now, by the names of the methods: true, or why not. */
  readonly can: Permissions
}

/** Shows a stored request as lists do. */
export function summaryOf(request: Request, at: number, holds?: readonly Hold[]): RequestSummary {
  const { policySet, edition, head, dueAt, putOff, targetVersion, awaited, objections, unsettled, ...shown } =
    request as RequestRecord
  const held = holds ? timeHeld(holds, request.askedAt, at) : 0
  return freeze({
    ...shown,
    status: statusAt(shown, at - held),
    earlierObjections: ownObjections(request),
    ...(held > 0 ? { heldFor: held } : {}),
  })
}

/** Shows a change to people, in the words of its resource type. */
export function requestedChange({ resources }: Context, { change, before }: Proposal): RequestedChange {
  const { resource, actions, base, places, after, move } = change
  const labels = resources.get(resource.type)?.labels
  const lines = [...linesOf(move, labels), ...describe(places, labels)]
  const moved = move === undefined ? {} : { move }
  return { resource, actions, base, ...moved, places, lines, before, after: after ?? undefined, conflicts: [] }
}

/** Says what a move does to the live state: nothing, if it carries an edit. */
function linesOf(move: PinnedMove | undefined, labels: Labels | undefined): readonly string[] {
  if (move === undefined || move.edits) return []
  const { action, from, to, details = {}, dueAt, next } = move
  const said = Object.entries(details).map(([name, value]) => `${action}: ${name} ${JSON.stringify(value)}`)
  const then =
    next && dueAt !== undefined ? [`${next.action} at ${new Date(dueAt).toISOString()}: state ${to} → ${next.to}`] : []
  const does = next ? describe(next.places, labels).map((line) => `${next.action}: ${line}`) : []
  return [`${action}: state ${from ?? 'none'} → ${to}`, ...said, ...then, ...does]
}

/**
 * Who can help a request that could not be approved even if everybody asked approved it, or whose change has not
 * reached its external system.
 */
export type Remedy =
  /** Others may approve from this time on, in milliseconds since 1970. */
  | { readonly type: 'escalation'; readonly at: number }
  /** These users may apply it without approval. */
  | { readonly type: 'bypass' | 'break_glass'; readonly users: readonly string[] }
  /**
   * The application that keeps the resource outside of the database did not take the change, and why; it is asked
   * again at this time. Who may change the resource can give the change up meanwhile.
   */
  | { readonly type: 'host'; readonly at: number; readonly problem: string }
  /** The requester can take it back, or edit it: what the policies ask is asked anew then. */
  | { readonly type: 'requester'; readonly user: string }
