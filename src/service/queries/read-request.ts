import type { Conflict } from '../../core/change/conflict.ts'
import { defined } from '../../core/defined.ts'
import type { StreamHead } from '../../core/log/event-chain.ts'
import { inForce } from '../../core/request/decide/request-outcome.ts'
import type { Actor } from '../../core/request/model/event.ts'
import type { Request } from '../../core/request/model/request.ts'
import { isOpen } from '../../core/request/model/status-table.ts'
import { type ApprovalStanding, approvalStanding } from '../../core/review/approval-standing.ts'
import { ownerOf } from '../../core/review/giver.ts'
import { fail } from '../../errors/approval-error.ts'
import type { Proposal } from '../changes/propose-change.ts'
import { rebaseChange } from '../changes/rebase.ts'
import type { Context } from '../context/context.ts'
import { resourceTypeOf } from '../context/find-resource-type.ts'
import { switchFacts } from '../context/workflow-switch.ts'
import { approversOf } from '../facts/approvers.ts'
import { readDelegations } from '../facts/delegations.ts'
import { askedNow } from '../facts/effective-requirements.ts'
import { listFollowUps } from '../facts/follow-ups.ts'
import { peopleOf } from '../facts/people-of-request.ts'
import { documentAt, readWhole } from '../facts/read-content.ts'
import { knownUsers, scopeOf } from '../people/ask-directory.ts'
import type { PolicySetRecord } from '../records/record-types.ts'
import { read, recordKey, settingsState } from '../records/typed-storage.ts'
import { twinObjections } from '../requests/earlier-objections.ts'
import { type ChangeRequest, requestedChange, summaryOf } from '../requests/request-summary.ts'
import { freeze } from '../values/freeze.ts'
import { permitted } from './permitted-verbs.ts'
import { delays, remedies } from './remedies.ts'

/** Reads a request as one reader sees it. */
export async function readRequest(context: Context, reader: Actor, id: string): Promise<ChangeRequest> {
  const { tenant } = reader
  const { stored, policySet } = await read(context.storage, {
    stored: recordKey('requests', tenant, id),
    policySet: recordKey('policySets', tenant),
  })
  if (!stored) fail('unknown_request', { request: id })
  return await showRequest(context, reader, {
    request: stored.value,
    settings: policySet?.value,
    setVersion: settingsState(policySet),
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
  const followUps = await listFollowUps(context, request.tenant)
  const [{ stored: content, resources }, asked, users, twins] = await Promise.all([
    readWhole(context, request),
    askedNow(context, request, setVersion),
    peopleOf(context, request, [reader.user, ...followUps.map(({ by }) => by)]),
    twinObjections(context, request),
  ])
  const proposals = content?.proposals ?? []
  const open = isOpen(summary.status)
  const live = resources.resources.map((resource) => resource?.value)
  const moved = request.resources.some(({ base }, index) => (live[index]?.revision ?? 0) !== base)
  const given = request.reviews.filter(({ by, onBehalfOf }) => by === reader.user && onBehalfOf !== undefined)
  const { delegations } = await readDelegations(context, request.tenant, { from: given.map(ownerOf), to: reader.user })
  const facts = { users, ...asked, followUps, delegations, ...switched }
  const approval = open ? await approvalOf(context, { ...request, ...inForce(request, asked) }, at) : undefined
  const stuck = approval !== undefined && !approval.met && !approval.satisfiable
  const ways = stuck ? await remedies(context, request, { ...asked, now: at, holds: switched.holds }) : delays(request)
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
    ...defined({ approval }),
    ...(stuck || ways.length > 0 ? { remedies: ways } : {}),
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
  { proposal, live }: { readonly proposal: Proposal; readonly live: Parameters<typeof rebaseChange>[1]['live'] },
): Promise<readonly Conflict[]> {
  const { change } = proposal
  const { resource, rebase } = change
  if (!rebase) return []
  const base = await documentAt(context, tenant, { resource, revision: rebase.from })
  const moved = await rebaseChange(resourceTypeOf(context, resource.type), {
    tenant,
    change,
    base,
    live,
    resolutions: rebase.resolutions,
  })
  return moved.ok ? moved.value.conflicts : []
}
