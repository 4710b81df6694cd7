import { defined } from '../../core/defined.ts'
import { decide } from '../../core/request/decide/decide.ts'
import type { Facts, RequestCommand, TargetFacts } from '../../core/request/model/command.ts'
import type { Content, ProposedChange } from '../../core/request/model/content.ts'
import type { Decision, FactName } from '../../core/request/model/decision.ts'
import type { LaterEvent } from '../../core/request/model/event.ts'
import type { PendingFollowUp } from '../../core/request/model/follow-up.ts'
import { isPlannedRevert } from '../../core/request/model/planned-revert.ts'
import type { PolicySetState } from '../../core/request/model/policy-set-state.ts'
import { askersAfter, type Request } from '../../core/request/model/request.ts'
import { earliestOf } from '../../core/request/model/schedule.ts'
import { rowOf } from '../../core/request/model/status-table.ts'
import { isKnown } from '../../core/review/voter.ts'
import { type Result, refuse, success } from '../../errors/result.ts'
import type { Write } from '../../ports/storage.ts'
import { bothWays } from '../changes/taking-back.ts'
import { openOn, tellsStale } from '../commands/moved-on.ts'
import { codeFacts } from '../context/coded-policies.ts'
import type { Context } from '../context/context.ts'
import { switchFacts } from '../context/workflow-switch.ts'
import { movedOnto, readBehind, rebasesByItself, targetOf } from '../facts/apply-target.ts'
import { custodianOf } from '../facts/custodian.ts'
import { delegationsFor } from '../facts/delegations.ts'
import { askedNow } from '../facts/effective-requirements.ts'
import { outOfSight } from '../facts/may-read.ts'
import { peopleOf, withExcepted } from '../facts/people-of-request.ts'
import { type ContentRead, type ResourcesRead, readWhole } from '../facts/read-content.ts'
import type { ReadingRights } from '../people/reading-rights.ts'
import type { CommentRecord, PolicySetRecord } from '../records/record-types.ts'
import { read, recordKey } from '../records/typed-storage.ts'
import { syncAll } from './decide-submission.ts'
import { mayMakeAll, permittedTo } from './permission-for-verb.ts'
import { revertProblem } from './planned-reverts.ts'
import { joiningOf, nextContent, type Rewrite } from './revised-content.ts'

/** What became of a command on a request, with the facts that it was decided on. */
export interface Decided {
  readonly event: LaterEvent
  readonly content?: Content
  readonly target?: TargetFacts
  readonly resources?: ResourcesRead
  /** The open requests about the resources that may get a revision, by their ids, if they were looked for. */
  readonly looked?: Promise<readonly string[]>
  /** States that whatever else was relied on is still as it was read. */
  readonly preconditions: readonly Write[]
}

/** What a command on a request is decided on before anything else is read. */
export interface Ground {
  readonly request: Request
  readonly settings: PolicySetRecord | undefined
  readonly setVersion: PolicySetState
  readonly rewrite: Rewrite | undefined
  /** The follow-up reviews that are still to be done, if the verb looks at them. */
  readonly followUps: readonly PendingFollowUp[] | undefined
  /** The comment that the command names, if it names one. */
  readonly comment: CommentRecord | null | undefined
  readonly rights: ReadingRights
}

/**
 * Reads the facts and decides: the people and the policies always, the content and the resources only if the decision
 * needs them.
 */
export async function decideOn(context: Context, command: RequestCommand, ground: Ground): Promise<Result<Decided>> {
  const { request, settings, followUps, comment } = ground
  const switched = { ...switchFacts(context, settings, request), ...codeFacts(context, settings) }
  if (rowOf(command.type).alone) {
    const { requirements, rules } = request
    const facts = { users: new Map(), requirements, rules, ...switched }
    return decidedBy(decide(command, request, facts), { preconditions: [] })
  }
  const [known, inForce, { delegations, preconditions }, changes] = await Promise.all([
    peopleOf(context, request, [...actingIn(command), ...(followUps ?? []).map(({ by }) => by)]),
    askedNow(context, request, settings),
    delegationsFor(context, command, request),
    'anchor' in command && command.anchor ? changesOf(context, request) : undefined,
  ])
  const users = await withExcepted(context, request, { users: known, requirements: inForce.requirements })
  const custodian = settlesEstate(command) ? await custodianOf(context, command.by, { request, settings, users }) : {}
  const said = defined({ followUps, comment, changes })
  const facts = { users, ...inForce, ...switched, delegations, ...custodian, ...said }
  const first = decide(command, request, facts)
  // Whoever gives the last approval has what is live looked at anyway.
  const behind = first.ok && command.type === 'approve' ? await readBehind(context, request) : undefined
  const early = behind?.moved ? decide(command, request, { ...facts, moved: behind.moved }) : first
  const relied = facts.rules.onStale === 'fail_when_applied' ? [] : (behind?.preconditions ?? [])
  if (early.ok || early.refusal) return decidedBy(early, { preconditions: [...preconditions, ...relied] })
  const decided = await decideOnContent(context, command, { ...ground, facts, wants: early.needs })
  if (!decided.ok) return decided
  return success({ ...decided.value, preconditions: [...preconditions, ...decided.value.preconditions] })
}

/** Reads the content and what is live besides, and decides on everything that there is. */
async function decideOnContent(
  context: Context,
  command: RequestCommand,
  { facts, wants, ...ground }: Ground & { readonly facts: Facts; readonly wants: FactName },
): Promise<Result<Decided>> {
  const { request, settings, setVersion, rewrite, rights } = ground
  const looked = rewrite ? undefined : lookedFor(context, command, request)
  const whole = await readWith(context, command, { request, settings, rewrite })
  if (!whole.ok) return whole
  const { stored, resources } = whole.value
  const { method, takes } = rowOf(command.type)
  if (method !== undefined && takes !== undefined && command.type !== 'abandon') {
    const gone = await outOfSight(rights, request, resources.resources)
    if (gone) return refuse('unknown_resource', { type: gone.type, id: gone.id })
  }
  if (!stored) return refuse('content_tampered', { request: request.id, digest: request.digest, found: 'nothing' })
  if (stored.lost) return { ok: false, refusal: stored.lost }
  const brings = rowOf(command.type).brings === 'content'
  const writes = brings || rewrite?.type === 'name'
  const brought = brings || wants === 'next' ? { ...ground, stored, resources } : undefined
  const rewritten = brought && (await broughtBy(context, command, brought))
  if (rewritten && !rewritten.ok) return rewritten
  const read = writes && rewritten ? rewritten.value.read : stored
  const making = concerned(context, { rewrite, stored, read })
  const allowed = await permittedTo(context, command, { ...ground, changes: making })
  if (!allowed.ok) return allowed
  const changes = bothWays(context, read.proposals, read.content)
  const behind = judgesRequester(command)
    ? await standsBehind(context, request, { facts, settings, setVersion, changes })
    : success([])
  const about = { resources: read.content.changes.map(({ resource }) => resource) }
  const anew = defined({ next: rewritten?.value.next })
  const rebases = rebasesByItself(context, about, { ...facts, ...anew })
  const reverts = !brings && isPlannedRevert(request)
  const kept = brings && rewritten ? rewritten.value.resources : resources
  const landing = { ...ground, read: kept, rebases, reverts, at: command.at, maker: makerOf(command) }
  const target = await targetOf(context, read, landing)
  const { invalid } = target
  const isUnfit = invalid?.code === 'invalid_policy' && (rewrite?.type === 'edit' || rewrite?.type === 'add')
  if (isUnfit && request.status !== 'draft') return { ok: false, refusal: invalid }
  const next = rewritten?.value.next
  const { requirements } = next?.evaluation ?? facts
  const users = await withExcepted(context, request, { users: facts.users, requirements })
  const withheld = behind.ok ? undefined : behind.refusal
  const decision = decide(command, request, { ...facts, users, target, ...defined({ withheld, next }) })
  return decidedBy(decision, {
    preconditions: [...allowed.value, ...(behind.ok ? behind.value : [])],
    target,
    resources: kept,
    ...defined({ looked }),
    ...(rewritten ? { content: rewritten.value.read.content } : {}),
  })
}

/** The ground of a decision, with the content and what is live. */
interface Whole extends Ground {
  readonly stored: ContentRead
  readonly resources: ResourcesRead
}

/** Works out the content that a command brings, or puts to reviewers, and whether it can be what it is to be. */
async function broughtBy(context: Context, command: RequestCommand, whole: Whole): ReturnType<typeof nextContent> {
  const { request, settings, rewrite, ...ground } = whole
  const { by, at, type } = command
  const { method, brings } = rowOf(type)
  const writes = brings === 'content' || rewrite?.type === 'name'
  const drafting = request.status === 'draft' && type !== 'submit'
  const brought = await nextContent(context, {
    ...ground,
    ...{ request: asking(command, request), settings, by, at, drafting },
    rewrite: writes ? rewrite : await anewAt(context, whole, at),
    editor: brings === 'content' && rewrite && method !== undefined ? by.user : undefined,
  })
  if (!brought.ok || drafting) return brought
  const { read, next } = brought.value
  const lasting = await revertProblem(context, { ...by, proposals: read.proposals, settings, schedule: next, at })
  return lasting ? { ok: false, refusal: lasting } : brought
}

/** Begins to look for others who are about what a command may apply, if somebody is told that theirs goes stale. */
function lookedFor(
  context: Context,
  { type }: RequestCommand,
  { tenant, resources }: Request,
): Promise<readonly string[]> | undefined {
  if (!tellsStale(context) || !rowOf(type).to.includes('applied')) return undefined
  const looked = openOn(context, tenant, { resources, limit: 2 })
  looked.catch(() => {})
  return looked
}

/** Reads the content and what is live, and what is live of a resource that joins. */
async function readWith(
  context: Context,
  { by }: RequestCommand,
  { request, settings, rewrite }: Pick<Ground, 'request' | 'settings' | 'rewrite'>,
): Promise<Result<Awaited<ReturnType<typeof readWhole>>>> {
  const joining = rewrite ? joiningOf(rewrite, request) : []
  const heard = joining.length > 0 ? await syncAll(context, by, joining) : success([])
  return heard.ok ? success(await readWhole(context, request, settings, joining)) : heard
}

/** The changes that a command makes, with those that somebody takes out of the request by it. */
function concerned(
  context: Context,
  { rewrite, stored, read }: Pick<Ground, 'rewrite'> & { readonly stored: ContentRead; readonly read: ContentRead },
): readonly ProposedChange[] {
  const changes = bothWays(context, read.proposals, read.content)
  if (rewrite?.type !== 'edit' && rewrite?.type !== 'take_out' && rewrite?.type !== 'resolve') return changes
  const stays = ({ resource: { type, id } }: ProposedChange) =>
    changes.some(({ resource }) => resource.type === type && resource.id === id)
  return [...changes, ...stored.content.changes.filter((change) => !stays(change))]
}

/** Tells whether a command is also for those who see to what somebody has left behind. */
function settlesEstate({ type }: RequestCommand): boolean {
  return type === 'take_over' || type === 'cancel' || type === 'discard' || type === 'abandon'
}

/**
 * Tells whether a command may apply what somebody else asked for: then they are judged again. Of what somebody applies
 * themselves, it is they who must be able to make it.
 */
function judgesRequester({ type }: RequestCommand): boolean {
  const { by, to } = rowOf(type)
  return !byHand.includes(type) && by !== 'requester' && by !== 'worker' && to.includes('applied')
}

const byHand: readonly RequestCommand['type'][] = ['apply', 'retry', 'take_over', 'bypass', 'break_glass', 'follow_up']

/** The request as somebody asks for it who takes it over. */
function asking({ type, by }: RequestCommand, request: Request): Request {
  return type === 'take_over' ? { ...request, ...askersAfter(request, by.user) } : request
}

/** Who has to be able to make the change, if that is not whoever asks for it: somebody who makes it themselves. */
export function makerOf({ type, by }: Pick<RequestCommand, 'type' | 'by'>): string | undefined {
  return byHand.includes(type) ? by.user : undefined
}

/** Decides whether whoever asked for a change could still make it. */
async function standsBehind(
  context: Context,
  { tenant, requester: user, via }: Request,
  { facts, ...made }: { readonly facts: Facts } & Parameters<typeof mayMakeAll>[2],
): Promise<Result<readonly Write[]>> {
  if (!isKnown(facts.users, user)) return refuse('unknown_actor', { actor: user })
  return await mayMakeAll(context, { tenant, user, via }, made)
}

/**
 * What is put to reviewers since its time has come is applied as soon as they have approved it; what takes a change
 * back, as it would land by now.
 */
async function anewAt(context: Context, { stored, resources, ...ground }: Whole, at: number) {
  const { request } = ground
  if (isPlannedRevert(request)) {
    const landing = { ...ground, read: resources, rebases: false, reverts: true, at }
    return { type: 'take_back', proposals: (await movedOnto(context, stored, landing)) ?? stored.proposals } as const
  }
  return earliestOf(request) === undefined ? undefined : ({ type: 'schedule', schedule: { applyAt: null } } as const)
}

/** The stored changes of a request; `undefined` if they are not there. */
async function changesOf({ storage }: Context, { tenant, id, edition }: Request) {
  const { content } = await read(storage, { content: recordKey('contents', tenant, id, edition) })
  return content?.value.changes
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
