import { defined } from '../../core/defined.ts'
import { meantBy } from '../../core/request/decide/permitted-methods.ts'
import type { ConfirmCommand, Facts, ReclaimCommand, RequestCommand } from '../../core/request/model/command.ts'
import { hasExpired, timeMissed } from '../../core/request/model/deadline.ts'
import type { Actor } from '../../core/request/model/event.ts'
import { evolve } from '../../core/request/model/evolve.ts'
import type { Request } from '../../core/request/model/request.ts'
import { rowOf } from '../../core/request/model/status-table.ts'
import { type Result, refuse, success } from '../../errors/result.ts'
import { overfull } from '../arguments/check-limits.ts'
import { claimWrites, hasClaimed } from '../commands/external-claims.ts'
import type { Command } from '../commands/run-command.ts'
import type { Context } from '../context/context.ts'
import { switchFacts } from '../context/workflow-switch.ts'
import { followUpWrites } from '../facts/follow-ups.ts'
import type { Over } from '../facts/lock-holders.ts'
import { mayReadRequest } from '../facts/may-read.ts'
import { veiled } from '../facts/veil-refusal.ts'
import { knowingSettings } from '../people/departures.ts'
import { type ReadingRights, readingRights } from '../people/reading-rights.ts'
import type { PolicySetRecord, RequestRecord } from '../records/record-types.ts'
import { read, recordKey, type Stored, settingsState, unchanged } from '../records/typed-storage.ts'
import { newSalt } from '../values/salt.ts'
import { inTimeFor, landingWrites } from './applied-writes.ts'
import { type Decided, decideOn } from './decide-request.ts'
import { deliverToHost } from './deliver-outside.ts'
import { createdAccess, landedSettings } from './permission-for-verb.ts'
import { noticeMessage } from './recipients.ts'
import { recordBefore } from './record-over.ts'
import { commentWrites } from './request-comments.ts'
import { requestWrites } from './request-writes.ts'
import type { Rewrite } from './revised-content.ts'

type WithoutOrigin<T> = T extends unknown ? Omit<T, 'by' | 'at'> : never

/** What a caller wants done with a request. */
export type Ask = WithoutOrigin<Exclude<RequestCommand, ConfirmCommand | ReclaimCommand>> & {
  /** The new content that some verbs bring. */
  readonly rewrite?: Rewrite
  /** Those among the approvers who are to be told; all of them if left out. */
  readonly notify?: readonly string[]
}

/** A request after a command, and when the workflow was off in its project. */
type Answered = Request & Pick<Facts, 'holds'>

/** Makes the command that does something with a request. */
export function requestCommand(given: Context, by: Actor, id: string, ask: Ask): Command<Answered> {
  const { tenant } = by
  const { rewrite, notify, ...wanted } = ask
  const attempt: Command<Answered>['attempt'] = async (at) => {
    const { before, policySet, owed, named } = await read(given.storage, keysFor(by, id, ask))
    const settings = policySet?.value
    const context = knowingSettings(given, settings)
    const rights = readingRights(context, by, { settings })
    if (!before || !(await mayAsk(context, by, { type: ask.type, request: before.value, rights }))) {
      return await unknownTo(rights, by, id)
    }
    const request = before.value
    const salt = wanted.reason === undefined ? undefined : newSalt()
    const type = meantBy(ask.type, request, { at, holds: switchFacts(context, settings, request).holds })
    const command = { ...wanted, type, ...defined({ salt }), by, at } as RequestCommand
    const setVersion = settingsState(policySet)
    const followUps = rowOf(ask.type).readsFollowUps ? (owed[0]?.value.open ?? []) : undefined
    const comment = named.length > 0 ? (named[0]?.value ?? null) : undefined
    const ground = { request, settings, setVersion, rewrite, followUps, comment, rights }
    const decided = await decideOn(context, command, ground)
    if (!decided.ok) {
      // Of a request that has moved, this statement cannot be committed: the door runs the whole command again.
      const moved = success({ writes: [unchanged(recordKey('requests', tenant, id), before)], answer: request })
      if (await hasMoved(context, before)) return moved
      return { ok: false, refusal: await veiled(context, by, { refusal: decided.refusal, rights, about: id }) }
    }

    const over = [...(decided.value.resources?.over ?? []), ...overByItself(context, command, { request, settings })]
    recordBefore(given, { tenant, settings, over })
    const full = overfull(context, request, ask.type)
    if (full) return full
    const { event } = decided.value
    const content = 'pinned' in event ? decided.value.content : undefined
    const next = evolve(request, event)
    const message = await noticeMessage(context, event, { before: request, next, settings, notify })
    if (!message.ok) return message
    return success({
      writes: [
        unchanged(recordKey('policySets', tenant), policySet),
        ...requestWrites(context, before, { events: [event], next, message: message.value, ...defined({ content }) }),
        ...commentWrites(next, event, named[0]),
        ...(await landingWrites(context, next, decided.value)),
        ...claimWrites(request, next, claimRead(decided.value)),
        ...decided.value.preconditions,
        ...(followUps ? [followUpWrites(owed[0], next)] : []),
        ...(await createdAccess(context, next, { ...decided.value, settings })),
        ...(await landedSettings(context, next, { ...decided.value, policySet })),
      ],
      answer: { ...next, ...defined({ holds: switchFacts(context, settings, next).holds }) },
      ...inTimeFor(event, decided.value.target),
      ...defined({ looked: decided.value.looked }),
      ...(hasClaimed(request, next) ? { follow: () => deliverToHost(given, next) } : {}),
    })
  }
  return { verb: ask.type, actor: by, about: `request/${id}`, attempt }
}

/** A request that missed its time while a comment was open: that is recorded before anything is said of comments. */
function overByItself(
  context: Context,
  { type, at }: RequestCommand,
  { request, settings }: { readonly request: Request; readonly settings: PolicySetRecord | undefined },
): readonly Over[] {
  if (request.status !== 'approved' || !aboutComments.includes(type) || timeMissed(request) === undefined) return []
  const { holds } = switchFacts(context, settings, request)
  return hasExpired(request, { at, holds }) ? [{ request, verb: 'expire' }] : []
}

const aboutComments: readonly RequestCommand['type'][] = ['comment', 'resolve_comment', 'reopen_comment']

/** What somebody is told of a request that is not there, or not for them. */
async function unknownTo(rights: ReadingRights, { user }: Actor, id: string): Promise<Result<never>> {
  return (await rights.isKnown())
    ? refuse('unknown_request', { request: id })
    : refuse('unknown_actor', { actor: user })
}

/** Tells whether somebody may do anything with a request: people have to be allowed to read it. */
async function mayAsk(
  context: Context,
  by: Actor,
  { type, ...what }: { readonly type: Ask['type']; readonly request: Request; readonly rights: ReadingRights },
): Promise<boolean> {
  return rowOf(type).method === undefined || (await mayReadRequest(context, by, what))
}

/** The records that a command on a request begins with. */
function keysFor({ tenant }: Actor, id: string, ask: Ask) {
  return {
    before: recordKey('requests', tenant, id),
    policySet: recordKey('policySets', tenant),
    owed: rowOf(ask.type).readsFollowUps ? [recordKey('followUps', tenant)] : [],
    named: 'comment' in ask ? [recordKey('comments', tenant, id, ask.comment)] : [],
  }
}

/** Tells whether somebody else was quicker: a refusal that mixes before and after must not be told. */
async function hasMoved({ storage }: Context, { version, value: { tenant, id } }: Stored<RequestRecord>) {
  const { now } = await read(storage, { now: recordKey('requests', tenant, id) })
  return now?.version !== version
}

/** The claim as it was read, and what it is a claim for. */
function claimRead({ target, resources }: Decided) {
  return { stored: resources?.claim?.stored, ...defined({ target }) }
}
