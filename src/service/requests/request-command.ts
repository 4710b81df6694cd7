import { defined } from '../../core/defined.ts'
import type { StreamHead } from '../../core/log/event-chain.ts'
import { decide } from '../../core/request/decide/decide.ts'
import { meantBy } from '../../core/request/decide/permitted-methods.ts'
import type {
  ConfirmCommand,
  Facts,
  ReclaimCommand,
  RequestCommand,
  TargetFacts,
} from '../../core/request/model/command.ts'
import type { Content } from '../../core/request/model/content.ts'
import type { Decision } from '../../core/request/model/decision.ts'
import type { Actor, LaterEvent } from '../../core/request/model/event.ts'
import { evolve } from '../../core/request/model/evolve.ts'
import type { PendingFollowUp } from '../../core/request/model/follow-up.ts'
import type { Request } from '../../core/request/model/request.ts'
import { rowOf } from '../../core/request/model/status-table.ts'
import { type Result, refuse, success } from '../../errors/result.ts'
import type { Write } from '../../ports/storage.ts'
import { overfull } from '../arguments/check-limits.ts'
import { claimWrites, hasClaimed } from '../commands/external-claims.ts'
import type { Command } from '../commands/run-command.ts'
import type { Context } from '../context/context.ts'
import { isOnFor, switchFacts } from '../context/workflow-switch.ts'
import { targetOf } from '../facts/apply-target.ts'
import { delegationsFor } from '../facts/delegations.ts'
import { askedNow } from '../facts/effective-requirements.ts'
import { followUpWrites } from '../facts/follow-ups.ts'
import { peopleOf } from '../facts/people-of-request.ts'
import { type ResourcesRead, readWhole } from '../facts/read-content.ts'
import type { PolicySetRecord, RequestRecord } from '../records/record-types.ts'
import { read, recordKey, type Stored, settingsState, unchanged } from '../records/typed-storage.ts'
import { newSalt } from '../values/salt.ts'
import { landingWrites } from './applied-writes.ts'
import { deliverToHost } from './deliver-outside.ts'
import { createdAccess, landedSettings, permittedTo } from './permission-for-verb.ts'
import { noticeMessage } from './recipients.ts'
import { requestWrites } from './request-writes.ts'
import { nextContent, type Rewrite } from './revised-content.ts'

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
export function requestCommand(context: Context, by: Actor, id: string, ask: Ask): Command<Answered> {
  const { tenant } = by
  const { rewrite, notify, ...wanted } = ask
  const attempt: Command<Answered>['attempt'] = async (at) => {
    const { before, policySet, owed } = await read(context.storage, {
      before: recordKey('requests', tenant, id),
      policySet: recordKey('policySets', tenant),
      owed: rowOf(ask.type).readsFollowUps ? [recordKey('followUps', tenant)] : [],
    })
    if (!before) return refuse('unknown_request', { request: id })
    const request = before.value
    const settings = policySet?.value
    const salt = wanted.reason === undefined ? {} : { salt: newSalt() }
    const { holds: held } = switchFacts(context, settings, request)
    const type = meantBy(ask.type, request, { at, holds: held })
    const command = { ...wanted, type, ...salt, by, at } as RequestCommand
    const setVersion = settingsState(policySet)
    const followUps = rowOf(ask.type).readsFollowUps ? (owed[0]?.value.open ?? []) : undefined
    const decided = await decideOn(context, command, { request, settings, setVersion, rewrite, followUps })
    if (!decided.ok) {
      // Of a request that has moved, this statement cannot be committed: the door runs the whole command again.
      const moved = success({ writes: [unchanged(recordKey('requests', tenant, id), before)], answer: request })
      return (await hasMoved(context, before)) ? moved : decided
    }

    const full = overfull(context, request, ask.type)
    if (full) return full
    const { event, content } = decided.value
    const next = evolve(request, event)
    const { holds } = switchFacts(context, settings, next)
    const message = await noticeMessage(context, event, { before: request, next, settings, notify })
    if (!message.ok) return message
    return success({
      writes: [
        unchanged(recordKey('policySets', tenant), policySet),
        ...requestWrites(context, before, { event, next, message: message.value, ...defined({ content }) }),
        ...landingWrites(next, decided.value),
        ...claimWrites(request, next, claimRead(decided.value)),
        ...decided.value.preconditions,
        ...(followUps ? [followUpWrites(owed[0], next)] : []),
        ...(await createdAccess(context, next, { ...decided.value, settings })),
        ...(await landedSettings(context, next, { ...decided.value, policySet })),
      ],
      answer: holds ? { ...next, holds } : next,
      ...(hasClaimed(request, next) ? { follow: () => deliverToHost(context, next) } : {}),
    })
  }
  return { verb: ask.type, actor: by, about: `request/${id}`, attempt }
}

/** Tells whether somebody else was quicker: a refusal that mixes before and after must not be told. */
async function hasMoved({ storage }: Context, { version, value: { tenant, id } }: Stored<RequestRecord>) {
  const { now } = await read(storage, { now: recordKey('requests', tenant, id) })
  return now?.version !== version
}

interface Decided {
  readonly event: LaterEvent
  readonly content?: Content
  readonly target?: TargetFacts
  readonly resources?: ResourcesRead
  /** States that whatever else was relied on is still as it was read. */
  readonly preconditions: readonly Write[]
}

/** What a command on a request is decided on before anything else is read. */
interface Ground {
  readonly request: Request
  readonly settings: PolicySetRecord | undefined
  readonly setVersion: StreamHead
  readonly rewrite: Rewrite | undefined
  /** The follow-up reviews that are still to be done, if the verb looks at them. */
  readonly followUps: readonly PendingFollowUp[] | undefined
}

/**
 * Reads the facts and decides: the people and the policies always, the content and the resources only if the decision
 * needs them.
 */
async function decideOn(context: Context, command: RequestCommand, ground: Ground): Promise<Result<Decided>> {
  const { request, settings, setVersion, followUps } = ground
  const switched = switchFacts(context, settings, request)
  if (rowOf(command.type).alone) {
    const { requirements, rules } = request
    const facts = { users: new Map(), requirements, rules, ...switched }
    return decidedBy(decide(command, request, facts), { preconditions: [] })
  }
  const [users, inForce, { delegations, preconditions }] = await Promise.all([
    peopleOf(context, request, [...actingIn(command), ...(followUps ?? []).map(({ by }) => by)]),
    askedNow(context, request, setVersion),
    delegationsFor(context, command, request),
  ])
  const facts = { users, ...inForce, ...switched, delegations, ...defined({ followUps }) }
  const early = decide(command, request, facts)
  if (early.ok || early.refusal) return decidedBy(early, { preconditions })
  const decided = await decideOnContent(context, command, { ...ground, facts })
  if (!decided.ok) return decided
  return success({ ...decided.value, preconditions: [...preconditions, ...decided.value.preconditions] })
}

/** Reads the content and what is live besides, and decides on everything that there is. */
async function decideOnContent(
  context: Context,
  command: RequestCommand,
  { facts, ...ground }: Ground & { readonly facts: Facts },
): Promise<Result<Decided>> {
  const { request, settings, setVersion, rewrite } = ground
  const { stored, resources } = await readWhole(context, request)
  if (!stored) return refuse('content_tampered', { request: request.id, digest: request.digest, found: 'nothing' })
  const off = !isOnFor(context, settings, request)
  const rewritten =
    rowOf(command.type).brings === 'content'
      ? await nextContent(context, { request, stored, resources, setVersion, off, rewrite })
      : undefined
  if (rewritten && !rewritten.ok) return rewritten
  const read = rewritten ? rewritten.value.read : stored
  const allowed = await permittedTo(context, command, { request, settings, setVersion, changes: read.content.changes })
  if (!allowed.ok) return allowed
  const rebases = facts.rules.onStale === 'rebase'
  const target = await targetOf(context, read, { request, read: resources, rebases, settings, setVersion })
  const { invalid } = target
  if (rewrite?.type === 'edit' && request.status !== 'draft' && invalid?.code === 'invalid_policy')
    return { ok: false, refusal: invalid }
  const decision = decide(command, request, { ...facts, target, ...(rewritten ? { next: rewritten.value.next } : {}) })
  return decidedBy(decision, {
    preconditions: allowed.value,
    target,
    resources,
    ...(rewritten ? { content: read.content } : {}),
  })
}

/** Everybody whom a command is by, or for. */
function actingIn(command: RequestCommand): readonly string[] {
  if (rowOf(command.type).method === undefined) return []
  return 'onBehalfOf' in command && command.onBehalfOf ? [command.by.user, command.onBehalfOf] : [command.by.user]
}

function decidedBy(decision: Decision<LaterEvent>, facts: Omit<Decided, 'event'>): Result<Decided> {
  if (decision.ok) return success({ event: decision.value, ...facts })
  if (decision.refusal) return decision
  throw new TypeError(`A decision needs ${decision.needs}, which its verb does not say in the table of verbs.`)
}

/** The claim as it was read, and what it is a claim for. */
function claimRead({ target, resources }: Decided) {
  return { stored: resources?.claim?.stored, ...defined({ target }) }
}
