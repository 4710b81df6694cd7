import { defined } from '../../core/defined.ts'
import { asReturned } from '../../core/request/decide/as-returned.ts'
import { isUngated } from '../../core/request/decide/decide-application.ts'
import { inForce } from '../../core/request/decide/request-outcome.ts'
import type { Actor } from '../../core/request/model/event.ts'
import { isPlannedRevert } from '../../core/request/model/planned-revert.ts'
import type { PolicySetState } from '../../core/request/model/policy-set-state.ts'
import type { Request } from '../../core/request/model/request.ts'
import { earliestOf } from '../../core/request/model/schedule.ts'
import { isOpen, type RequestStatus } from '../../core/request/model/status-table.ts'
import { ownerOf } from '../../core/review/giver.ts'
import { fail } from '../../errors/approval-error.ts'
import { foretoldFreeze } from '../changes/frozen.ts'
import { openOn } from '../commands/moved-on.ts'
import { codeFacts } from '../context/coded-policies.ts'
import type { Context } from '../context/context.ts'
import { switchFacts } from '../context/workflow-switch.ts'
import { firstUnlandable } from '../facts/apply-target.ts'
import { custodianOf } from '../facts/custodian.ts'
import { readDelegations } from '../facts/delegations.ts'
import { askedNow } from '../facts/effective-requirements.ts'
import { listFollowUps } from '../facts/follow-ups.ts'
import { mayReadRequest } from '../facts/may-read.ts'
import { peopleOf, withExcepted } from '../facts/people-of-request.ts'
import { readWhole } from '../facts/read-content.ts'
import { type Reader, type ReadingRights, readingRights } from '../people/reading-rights.ts'
import type { PolicySetRecord, RequestRecord } from '../records/record-types.ts'
import { read, recordKey, settingsState } from '../records/typed-storage.ts'
import { twinObjections } from '../requests/earlier-objections.ts'
import { mostOthers, otherRequests } from '../requests/other-requests.ts'
import { readComments } from '../requests/request-comments.ts'
import {
  type ChangeRequest,
  isStaleNow,
  isUnapplied,
  type RequestView,
  withLeftOut,
} from '../requests/request-summary.ts'
import { summaryOf } from '../requests/shown-request.ts'
import { freeze } from '../values/freeze.ts'
import { approvalOf } from './approval-of.ts'
import { permitted, type Shown } from './permitted-verbs.ts'
import { remedies } from './remedies.ts'
import { requestedChanges } from './requested-changes.ts'

/** Reads a request as one reader sees it. One that they may not read is as unknown as one that never was. */
export async function readRequest(context: Context, actor: Actor, id: string): Promise<ChangeRequest> {
  const stored = await readStored(context, actor, id)
  const { shown, judged } = await showRequest(context, actor, stored)
  return freeze({ ...shown, can: await permitted(context, actor, judged) })
}

/** Reads a request for the application itself, which can do nothing with it. */
export async function readAsApplication(context: Context, tenant: string, id: string): Promise<RequestView> {
  const reader = { tenant }
  const { shown } = await showRequest(context, reader, await readStored(context, reader, id))
  return freeze(shown)
}

/** A request as it is stored, and the settings of that moment. */
export interface StoredRequest {
  readonly request: RequestRecord
  readonly settings: PolicySetRecord | undefined
  readonly setVersion: PolicySetState
  readonly rights: ReadingRights
}

/** Reads a request that the reader may read. */
export async function readStored(context: Context, reader: Reader, id: string): Promise<StoredRequest> {
  const { tenant } = reader
  const { stored, policySet } = await read(context.storage, {
    stored: recordKey('requests', tenant, id),
    policySet: recordKey('policySets', tenant),
  })
  const rights = readingRights(context, reader, { settings: policySet?.value })
  const request = stored?.value
  if (!request || !(await mayReadRequest(context, reader, { rights, request }))) {
    await rights.known()
    return fail('unknown_request', { request: id })
  }
  return { request, settings: policySet?.value, setVersion: settingsState(policySet), rights }
}

/** Completes a request with its content, and judges where it stands now. */
async function showRequest(
  context: Context,
  reader: Reader,
  { request, settings, setVersion, rights }: StoredRequest,
): Promise<{ readonly shown: RequestView; readonly judged: Shown }> {
  const { user = '' } = reader
  const at = context.now()
  const switched = { ...switchFacts(context, settings, request), ...codeFacts(context, settings) }
  const seen = asReturned(request, switched, at)
  const summary = await withLeftOut(summaryOf(seen, at, switched.holds), request, rights)
  const followUps = await listFollowUps(context, request.tenant)
  const [{ stored: content, resources }, asked, users, twins, comments] = await Promise.all([
    readWhole(context, request, settings),
    askedNow(context, request, settings),
    peopleOf(context, request, [...(user === '' ? [] : [user]), ...followUps.map(({ by }) => by)]),
    twinObjections(context, reader, { rights, request: seen }),
    readComments(context, rights, request),
  ])
  const proposals = content?.proposals ?? []
  const open = isOpen(summary.status)
  const live = resources.resources.map((resource) => resource?.value)
  const moved = request.resources.some(({ base }, index) => (live[index]?.revision ?? 0) !== base)
  const given = request.reviews.filter(({ by, onBehalfOf }) => by === user && onBehalfOf !== undefined)
  const { delegations } = await readDelegations(context, request.tenant, { from: given.map(ownerOf), to: user })
  const people = await withExcepted(context, request, { users, requirements: asked.requirements })
  const left =
    user === '' ? {} : await custodianOf(context, { ...reader, user, via: 'app' }, { request, settings, users })
  const facts = { users: people, ...asked, followUps, delegations, ...switched, ...left }
  const judges = open && !isPlannedRevert(request)
  const now = { ...request, ...inForce(request, asked) }
  const all = proposals.map(({ change }) => change)
  const unlandable = isUnapplied(summary.status) ? firstUnlandable(context, all, { read: resources }) : undefined
  const asNow = judges && !isUngated(request) ? await approvalOf(context, now, at) : undefined
  const approval = asNow && unlandable ? { ...asNow, satisfiable: false } : asNow
  const stuck = unlandable !== undefined || (approval !== undefined && !approval.met && !approval.satisfiable)
  const told = { request, status: summary.status, rights, proposals, live }
  const { changes, ...foretold } = await requestedChanges(context, told)
  const read = { request, facts, stored: content, resources, settings, setVersion, stale: moved, at, ...foretold }
  const judged = { ...read, ...defined({ unlandable }) }
  const ways = stuck || hasFailed(summary.status, request) ? await remedies(context, judged) : []
  const frozen = judges ? foretoldFreeze(context, settings, { proposals, at, applyAt: earliestOf(request) }) : undefined
  const looking = openOn(context, request.tenant, { resources: request.resources, limit: mostOthers + 1 })
  const others = await otherRequests(context, reader, { rights, settings, id: request.id, looking, changes: all })
  const shown = {
    ...summary,
    comments,
    earlierObjections: [...summary.earlierObjections, ...twins],
    changes,
    ...(content?.lost ? { notKept: content.lost } : {}),
    stale: isStaleNow(
      request,
      summary.status,
      live.map((one) => one?.revision ?? 0),
    ),
    others,
    ...defined({ approval, frozen }),
    ...(stuck || ways.length > 0 ? { remedies: ways } : {}),
  }
  return { shown, judged }
}

/** Tells whether a request has failed, or may: it has not got to where it is kept. */
function hasFailed(status: RequestStatus, { application }: Request): boolean {
  return status === 'failed' || (status === 'applying' && application?.problem !== undefined)
}
