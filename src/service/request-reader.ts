import type { ChangedPlace } from '../core/change/changed-place.ts'
import type { Conflict } from '../core/change/conflict.ts'
import { describe } from '../core/change/describe.ts'
import type { JsonValue } from '../core/change/json.ts'
import type { Labels } from '../core/change/labels.ts'
import type { StreamHead } from '../core/request/audit-chain.ts'
import type { PinnedMove } from '../core/request/content.ts'
import { statusAt } from '../core/request/decide.ts'
import type { Actor } from '../core/request/event.ts'
import { type Hold, timeHeld } from '../core/request/hold.ts'
import type { Permissions } from '../core/request/probe.ts'
import type { Request } from '../core/request/request.ts'
import { inForce } from '../core/request/settle.ts'
import { isOpen } from '../core/request/status.ts'
import { type ApprovalStanding, approvalStanding } from '../core/review/approval-standing.ts'
import { ownerOf } from '../core/review/giver.ts'
import { fail } from '../errors.ts'
import { approversOf } from './approvers.ts'
import type { Context } from './context.ts'
import { listDebts } from './debts.ts'
import { readDelegations } from './delegations.ts'
import { type EarlierObjection, ownObjections, twinObjections } from './earlier-objections.ts'
import { askedNow, documentAt, peopleOf, readWhole } from './facts.ts'
import { typeOf } from './find-resource-type.ts'
import { freeze } from './freeze.ts'
import { knownUsers, scopeOf } from './people.ts'
import { permitted } from './permitted.ts'
import type { Proposal } from './propose.ts'
import { rebased } from './rebase.ts'
import type { PolicySetRecord, RequestRecord } from './record-types.ts'
import { keyOf, read, stateOf } from './records.ts'
import { delays, type WayOut, waysOut } from './ways-out.ts'
import { switchFacts } from './workflow.ts'

/** What a request would change on one resource. */
export interface RequestedChange {
  readonly resource: { readonly type: string; readonly id: string }
  readonly actions: readonly string[]
  /** The revision that it was made against; 0 where the resource did not exist. */
  readonly base: number
  /** The action of the life cycle that does it; absent where its type has none. */
  readonly move?: PinnedMove
  /** Every place that it touches, with its value before and after. */
  readonly places: readonly ChangedPlace[]
  /** The same for people, one line a place, with the labels of the resource type: `rollout: 40 % → 80 %`. */
  readonly lines: readonly string[]
  /** The document before; undefined where there was none. */
  readonly before: JsonValue | undefined
  /** The document after; undefined where the change removes it. */
  readonly after: JsonValue | undefined
  /** The conflicts with what is live that nobody has answered yet. */
  readonly conflicts: readonly Conflict[]
}

/** A request as lists show it. `expired` as soon as its deadline has come, whether or not that is recorded yet. */
export interface RequestSummary extends Omit<Request, 'policySet' | 'edition' | 'objections' | 'unsettled'> {
  /**
   * The rejections that nobody has taken back and that do not stand in its way: given before it ended or of other content, and, where the request is read by itself,
   * to other requests that do the same.
   */
  readonly earlierObjections: readonly EarlierObjection[]
  /**
   * For how long the workflow was off since it was put to its reviewers, in milliseconds. Its deadline is that much later than `expiresAt`.
   * Absent if it never was.
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
  /** Who can help, while it is open and could not be approved even if everybody whom it asks did so, or while its change does not get to where it is kept. */
  readonly waysOut?: readonly WayOut[]
  /** What the reader can do with it now, by the names of the methods: true, or why not. */
  readonly can: Permissions
}

/** Reads a request as one reader sees it. */
export async function readRequest(context: Context, reader: Actor, id: string): Promise<ChangeRequest> {
  const { tenant } = reader
  const { stored, policySet } = await read(context.storage, {
    stored: keyOf('requests', tenant, id),
    policySet: keyOf('policySets', tenant),
  })
  if (!stored) fail('unknown_request', { request: id })
  return await showRequest(context, reader, {
    request: stored.value,
    settings: policySet?.value,
    setVersion: stateOf(policySet),
  })
}

/** Completes a request with its content, and judges where it stands now. */
export async function showRequest(
  context: Context,
  reader: Actor,
  {
    request,
    settings,
    setVersion,
  }: {
    readonly request: Request
    readonly settings: PolicySetRecord | undefined
    readonly setVersion: StreamHead
  },
): Promise<ChangeRequest> {
  const at = context.now()
  const switched = switchFacts(context, settings, request)
  const summary = summaryOf(request, at, switched.holds)
  const debts = await listDebts(context, request.tenant)
  const [{ stored: content, resources }, asked, users, twins] = await Promise.all([
    readWhole(context, request),
    askedNow(context, request, setVersion),
    peopleOf(context, request, [reader.user, ...debts.map(({ by }) => by)]),
    twinObjections(context, request),
  ])
  const proposals = content?.proposals ?? []
  const open = isOpen(summary.status)
  const live = resources.resources.map((resource) => resource?.value)
  const moved = request.resources.some(({ base }, index) => (live[index]?.revision ?? 0) !== base)
  const given = request.reviews.filter(({ by, onBehalfOf }) => by === reader.user && onBehalfOf !== undefined)
  const { delegations } = await readDelegations(context, request.tenant, { from: given.map(ownerOf), to: reader.user })
  const facts = { users, ...asked, debts, delegations, ...switched }
  const approval = open ? await approvalOf(context, { ...request, ...inForce(request, asked) }, at) : undefined
  const stuck = approval !== undefined && !approval.met && !approval.satisfiable
  const ways = stuck ? await waysOut(context, request, { ...asked, now: at, holds: switched.holds }) : delays(request)
  return freeze({
    ...summary,
    earlierObjections: [...summary.earlierObjections, ...twins],
    changes: await Promise.all(
      proposals.map(async (proposal, index) => ({
        ...requestedChange(context, proposal),
        conflicts: await conflictsOf(context, request.tenant, { proposal, live: live[index] }),
      })),
    ),
    stale: open && moved,
    ...(approval ? { approval } : {}),
    ...(stuck || ways.length > 0 ? { waysOut: ways } : {}),
    can: await permitted(context, reader, {
      request,
      facts,
      stored: content,
      resources,
      settings,
      setVersion,
      stale: moved,
      at,
    }),
  })
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

/** Says what a move does to the live state: nothing, where it carries an edit. */
function linesOf(move: PinnedMove | undefined, labels: Labels | undefined): readonly string[] {
  if (move === undefined || move.edits) return []
  const { action, from, to, details = {}, dueAt, next } = move
  const said = Object.entries(details).map(([name, value]) => `${action}: ${name} ${JSON.stringify(value)}`)
  const then =
    next && dueAt !== undefined ? [`${next.action} at ${new Date(dueAt).toISOString()}: state ${to} → ${next.to}`] : []
  const does = next ? describe(next.places, labels).map((line) => `${next.action}: ${line}`) : []
  return [`${action}: state ${from ?? 'none'} → ${to}`, ...said, ...then, ...does]
}

/** Judges how far a request is approved, and who could supply what is missing. */
export async function approvalOf(context: Context, request: Request, at: number): Promise<ApprovalStanding> {
  const scope = scopeOf(request.tenant, request.project)
  const approvers = await approversOf(context, request, at)
  const others = [
    request.requester,
    ...request.contributors,
    ...request.reviews.flatMap(({ by, onBehalfOf = by }) => [by, onBehalfOf]),
  ]
  const users = await knownUsers(context.directory, scope, others)
  return approvalStanding(request, users, approvers)
}

async function conflictsOf(
  context: Context,
  tenant: string,
  { proposal, live }: { readonly proposal: Proposal; readonly live: Parameters<typeof rebased>[1]['live'] },
): Promise<readonly Conflict[]> {
  const { change } = proposal
  const { resource, rebase } = change
  if (!rebase) return []
  const base = await documentAt(context, tenant, { resource, revision: rebase.from })
  const moved = await rebased(typeOf(context, resource.type), {
    tenant,
    change,
    base,
    live,
    resolutions: rebase.resolutions,
  })
  return moved.ok ? moved.value.conflicts : []
}
