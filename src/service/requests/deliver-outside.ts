import { defined } from '../../core/defined.ts'
import type { JsonValue } from '../../core/json/json.ts'
import { decide } from '../../core/request/decide/decide.ts'
import { landingKey } from '../../core/request/decide/decide-delivery.ts'
import type { ConfirmCommand, ReclaimCommand } from '../../core/request/model/command.ts'
import { documentDigest } from '../../core/request/model/content.ts'
import type { Actor } from '../../core/request/model/event.ts'
import { evolve } from '../../core/request/model/evolve.ts'
import { type Frozen, refuseFrozen } from '../../core/request/model/frozen.ts'
import type { Application } from '../../core/request/model/outcome.ts'
import { isPlannedRevert } from '../../core/request/model/planned-revert.ts'
import type { Request } from '../../core/request/model/request.ts'
import { scheduleOf } from '../../core/request/model/schedule.ts'
import { ApprovalError, hasCode, isApprovalError } from '../../errors/approval-error.ts'
import { messageOf } from '../../errors/message-of.ts'
import { refuse, success } from '../../errors/result.ts'
import { freezesOver } from '../changes/frozen.ts'
import { subjectOf } from '../changes/policy-subjects.ts'
import { claimWrites, hasClaimed, outsideFacts } from '../commands/external-claims.ts'
import { longestPause } from '../commands/put-off.ts'
import { type Command, runCommand } from '../commands/run-command.ts'
import { outsideDocument, recordHostChanges } from '../commands/sync-host-documents.ts'
import type { Context } from '../context/context.ts'
import { followUpWrites } from '../facts/follow-ups.ts'
import { read, recordKey, unchanged } from '../records/typed-storage.ts'
import { isOnRecord } from '../resource-types/host-document.ts'
import { projectNow } from '../resource-types/host-project.ts'
import type { ReadyExternal, ReadyType } from '../resource-types/ready-type.ts'
import type { ReferredResource } from '../resource-types/resource-type.ts'
import { ownUser } from '../values/reserved.ts'
import { landingWrites } from './applied-writes.ts'
import { createdAccess } from './permission-for-verb.ts'
import { noticeMessage } from './recipients.ts'
import { requestWrites } from './request-writes.ts'

/** What a worker says of a change on its way, or that it is to be sent anew. */
type OnTheWay = Omit<ConfirmCommand, 'by' | 'at'> | Omit<ReclaimCommand, 'by' | 'at'>

/**
 * Makes the command that says what became of a change on its way, or sends it anew. It is decided on what was
 * claimed, and on nobody's roles.
 */
export function onTheWayCommand(context: Context, by: Actor, id: string, ask: OnTheWay): Command<Request> {
  const { tenant } = by
  return {
    verb: ask.type,
    actor: by,
    about: `request/${id}`,
    async attempt(at) {
      const { before } = await read(context.storage, { before: recordKey('requests', tenant, id) })
      if (!before) return refuse('unknown_request', { request: id })
      const request = before.value
      const { resource = { type: '', id: '' } } = request.application ?? {}
      const keys = request.resources.map((one) => recordKey('resources', tenant, one.type, one.id))
      const found = await read(context.storage, {
        policySet: recordKey('policySets', tenant),
        content: recordKey('contents', tenant, id, request.edition),
        claim: recordKey('claims', tenant, resource.type, resource.id),
        followUps: recordKey('followUps', tenant),
        resources: keys,
      })
      const { claim, content, policySet, followUps, resources } = found
      const moved = claim?.value.rebased
      const target = content && {
        changes: content.value.changes,
        ...scheduleOf(content.value),
        ...defined({ rebased: moved }),
        ...(isPlannedRevert(request) ? { reverts: true as const } : {}),
        live: resources.map((one) => one?.value.revision ?? 0),
        outside: outsideFacts(context, { resource, stored: claim }),
      }
      const { requirements, rules } = request
      const facts = { users: new Map(), requirements, rules, ...defined({ target }) }
      const decision = decide({ ...ask, by, at }, request, facts)
      if (!decision.ok && !decision.refusal)
        return refuse('content_tampered', { request: id, digest: request.digest, found: 'nothing' })
      if (!decision.ok) return decision
      const event = decision.value
      const next = evolve(request, event)
      const message = await noticeMessage(context, event, { before: request, next, settings: policySet?.value })
      if (!message.ok) return message
      const preconditions = keys.map((key, index) => unchanged(key, resources[index]))
      const live = { resources, preconditions }
      const landing = { event, ...defined({ target }), resources: live, sent: true }
      return success({
        writes: [
          ...requestWrites(context, before, { events: [event], next, message: message.value }),
          ...(await landingWrites(context, next, landing)),
          ...claimWrites(request, next, { stored: claim }),
          ...(request.followUp ? [followUpWrites(followUps, next)] : []),
          ...(await createdAccess(context, next, { ...landing, settings: policySet?.value })),
        ],
        answer: next,
        ...(hasClaimed(request, next) ? { follow: () => deliverToHost(context, next) } : {}),
      })
    },
  }
}

/**
 * Carries a change that was claimed to the resource that the host keeps outside of the database, and says what became
 * of it. Gives the request as it is then: still on its way if nobody can say, or if somebody else has taken it
 * up.
 */
export async function deliverToHost(context: Context, request: Request): Promise<Request> {
  const { tenant, id, application } = request
  if (!application || context.transaction) return request
  try {
    const arrival = await arrivalOf(context, request, application)
    if (!arrival) return await current(context, request)
    const said = { type: 'confirm', fence: application.fence, ...arrival } as const
    const confirmed = await runCommand(
      context,
      onTheWayCommand(context, { tenant, user: ownUser, via: 'worker' }, id, said),
    )
    if (arrival.found === 'other') await recordHostChanges(context, tenant, [application.resource])
    return confirmed
  } catch (error) {
    if (!isApprovalError(error)) throw error
    return await current(context, request)
  }
}

/** Reads a request again; as it is known if the storage does not answer. */
export async function current<R extends Pick<Request, 'tenant' | 'id' | 'status'>>(
  { storage }: Pick<Context, 'storage'>,
  request: R,
): Promise<R | Request> {
  const { tenant, id } = request
  try {
    const { found } = await read(storage, { found: recordKey('requests', tenant, id) })
    return found?.value ?? request
  } catch (error) {
    if (!isApprovalError(error)) throw error
    return request
  }
}

type Arrival = Pick<ConfirmCommand, 'found' | 'problem' | 'isOver' | 'frozenUntil'>

/** A change on its way, with the document that it makes and the one that it replaces. */
interface Sent {
  readonly type: ReadyType
  readonly outside: ReadyExternal
  readonly resource: ReferredResource
  readonly next: JsonValue
  readonly expected: JsonValue
  /** The freeze that has begun since it was claimed; absent if none has, or it passes every freeze. */
  readonly frozen?: Frozen
}

/**
 * Writes if that is still to be done, and finds out what the host has. Undefined if the claim is somebody
 * else's by now, or could be.
 */
async function arrivalOf(context: Context, request: Request, application: Application): Promise<Arrival | undefined> {
  const { fence, until } = application
  const sent = await sentBy(context, request, application)
  if (sent === 'lost') return undefined
  if ('problem' in sent) return { ...sent, isOver: true }
  const before = await arrived(sent)
  if (before.found !== 'before') return { ...before, isOver: true }
  const { frozen } = sent
  if (frozen) {
    const { until: end = Number.POSITIVE_INFINITY } = frozen
    const frozenUntil = Math.min(Math.max(end, context.now()), context.now() + longestPause)
    return { ...before, problem: refuseFrozen(frozen).refusal.message, isOver: true, frozenUntil }
  }
  if (context.now() >= until) return undefined

  const { outside, resource, next, expected } = sent
  const { patience, wait } = outside
  const call = {
    expected: expected ?? undefined,
    idempotencyKey: landingKey(request, application),
    fence,
    signal: AbortSignal.timeout(patience),
  }
  try {
    await wait(Promise.resolve(outside.write(resource, next ?? undefined, call)), patience)
    return { found: 'next' }
  } catch (cause) {
    return { problem: messageOf(cause), ...(await arrived(sent)), ...(isRefusal(cause) ? { isOver: true } : {}) }
  }
}

/** Tells whether the host says that it has not done what it was asked for, and never will. */
function isRefusal(thrown: unknown): boolean {
  try {
    return typeof thrown === 'object' && thrown !== null && 'refused' in thrown && thrown.refused === true
  } catch {
    return false
  }
}

/** Reads what is to be written, and believes nothing of it but what was claimed. */
async function sentBy(
  context: Context,
  request: Request,
  { resource, fence, revisions, passes, cleared = [] }: Application,
): Promise<Sent | 'lost' | (Arrival & { readonly problem: string })> {
  const { tenant, id, project, edition } = request
  const isIt = (one: { readonly type: string; readonly id: string }) =>
    one.type === resource.type && one.id === resource.id
  const { settings, content, claim, live } = await read(context.storage, {
    settings: recordKey('policySets', tenant),
    content: recordKey('contents', tenant, id, edition),
    claim: recordKey('claims', tenant, resource.type, resource.id),
    live: recordKey('resources', tenant, resource.type, resource.id),
  })
  if (claim?.value.request !== id || claim.value.fence !== fence) return 'lost'
  const changes = claim.value.rebased ?? content?.value.changes ?? []
  const after = changes.find((change) => isIt(change.resource))?.after
  const revision = revisions.find(isIt)
  if (after === undefined || documentDigest(after) !== revision?.digest) {
    return { found: 'unknown', problem: 'the stored content is not what was claimed' }
  }
  const type = context.resources.get(resource.type)
  const { external: outside } = type ?? {}
  if (!type || !outside)
    return { found: 'unknown', problem: `no resource type "${resource.type}" is kept outside any more` }
  const subjects = changes.map((change) => {
    const { facets: _facets, ...subject } = subjectOf(undefined, { change, before: undefined })
    return isIt(change.resource) ? subjectOf(type, { change, before: live?.value.document ?? undefined }) : subject
  })
  const isFree = passes || isPlannedRevert(request)
  const { frozen } = isFree ? {} : freezesOver(settings?.value, subjects, { at: context.now(), cleared })
  const named = { tenant, ...resource, ...(project === '' ? {} : { project }) }
  return { type, outside, resource: named, next: after, expected: live?.value.document ?? null, ...defined({ frozen }) }
}

/** Asks the host which document it has, and whether that is where the change is to go. */
async function arrived({ type, resource, next, expected }: Sent): Promise<Arrival> {
  try {
    const found = await outsideDocument(type, resource)
    if (await isOnRecord(type, resource.id, { found, known: next })) return { found: 'next' }
    const isThere = (await projectNow(type, resource, undefined)) === (resource.project ?? '')
    const isBefore = isThere && (await isOnRecord(type, resource.id, { found, known: expected }))
    return { found: isBefore ? 'before' : 'other' }
  } catch (cause) {
    return { found: 'unknown', problem: problemOf(cause) }
  }
}

function problemOf(cause: unknown): string {
  return hasCode(cause, 'host_failed') ? cause.details.problem : messageOf(cause)
}

/** Says that a change is still on its way, since the host did not take it; `undefined` if nothing went wrong yet. */
export function delayOf({ application }: Request): ApprovalError<'host_failed'> | undefined {
  if (application?.problem === undefined || application.frozen) return undefined
  const { resource, problem } = application
  return new ApprovalError(refuse('host_failed', { ...resource, operation: 'write', problem }).refusal)
}
