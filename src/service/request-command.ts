import type { RequestCommand, TargetFacts } from '../core/request/command.ts'
import type { Content } from '../core/request/content.ts'
import type { OpenDebt } from '../core/request/debt.ts'
import { decide } from '../core/request/decide.ts'
import type { Actor, LaterEvent } from '../core/request/event.ts'
import { evolve } from '../core/request/evolve.ts'
import type { Request } from '../core/request/request.ts'
import { landing } from '../core/request/settle.ts'
import { verbs } from '../core/request/status.ts'
import { type Result, refuse, success } from '../errors.ts'
import type { Write } from '../ports/storage.ts'
import { approversOf, toBeReminded, toBeTold } from './approvers.ts'
import type { Context } from './context.ts'
import { debtWrites } from './debts.ts'
import { readDelegation } from './delegations.ts'
import type { Command } from './execute.ts'
import { askedNow, peopleOf, type ResourcesRead, readWhole, targetOf } from './facts.ts'
import { nextContent, type Rewrite } from './next-content.ts'
import { createdAccess, isContentCommand, permittedTo } from './permission-to-act.ts'
import { keyOf, type PolicySetRecord, type RequestRecord, read, type Stored, unchanged } from './records.ts'
import { heldBack, isOn } from './workflow.ts'
import { requestWrites, revisionWrites } from './writes.ts'

type WithoutOrigin<T> = T extends unknown ? Omit<T, 'by' | 'at'> : never

/** What a caller wants done with a request; `rewrite` is the new content that some verbs bring. */
export type Ask = WithoutOrigin<RequestCommand> & { readonly rewrite?: Rewrite }

/** Makes the command that does something with a request. */
export function requestCommand(context: Context, by: Actor, id: string, ask: Ask): Command<Request> {
  const { tenant } = by
  const { rewrite, ...wanted } = ask
  const attempt: Command<Request>['attempt'] = async (at) => {
    const { before, policySet, owed } = await read(context.storage, {
      before: keyOf('requests', tenant, id),
      policySet: keyOf('policySets', tenant),
      owed: concernsDebts(ask.type) ? [keyOf('debts', tenant)] : [],
    })
    if (!before) return refuse('unknown_request', { request: id })
    const request = before.value
    const command: RequestCommand = { ...wanted, by, at }
    const setVersion = policySet?.version ?? 0
    const debts = concernsDebts(ask.type) ? (owed[0]?.value.open ?? []) : undefined
    const settings = policySet?.value
    const held = heldBack(context, request, { verb: ask.type, settings })
    if (held) return held
    const decided = await decideOn(context, command, { request, settings, setVersion, rewrite, debts })
    if (!decided.ok) return (await hasMoved(context, before)) ? await attempt(at) : decided

    const { event, content } = decided.value
    const next = evolve(request, event)
    const approvers = await concerned(context, event, { before: request, next, at })
    return success({
      writes: [
        unchanged(keyOf('policySets', tenant), policySet),
        ...requestWrites(context, before, { event, next, approvers, ...(content ? { content } : {}) }),
        ...landingWrites(next, decided.value),
        ...decided.value.relied,
        ...(debts ? [debtWrites(owed[0], next)] : []),
        ...(await createdAccess(context, next, { ...decided.value, settings })),
      ],
      answer: next,
    })
  }
  return { verb: ask.type, actor: by, about: `request/${id}`, attempt }
}

/** Tells whether somebody else was quicker: a refusal that mixes before and after must not be told. */
async function hasMoved({ storage }: Context, { version, value: { tenant, id } }: Stored<RequestRecord>) {
  const { now } = await read(storage, { now: keyOf('requests', tenant, id) })
  return now?.version !== version
}

interface Decided {
  readonly event: LaterEvent
  readonly content?: Content
  readonly target?: TargetFacts
  readonly resources?: ResourcesRead
  /** States that whatever else was relied on is still as it was read. */
  readonly relied: readonly Write[]
}

/** Reads the facts and decides: the people and the policies always, the content and the resources only where they matter. */
async function decideOn(
  context: Context,
  command: RequestCommand,
  {
    request,
    settings,
    setVersion,
    rewrite,
    debts,
  }: {
    readonly request: Request
    readonly settings: PolicySetRecord | undefined
    readonly setVersion: number
    readonly rewrite: Rewrite | undefined
    readonly debts: readonly OpenDebt[] | undefined
  },
): Promise<Result<Decided>> {
  const { requirements, rules } = request
  if (command.type === 'expire' || command.type === 'remind') {
    return decidedBy(decide(command, request, { users: new Map(), requirements, rules }), { relied: [] })
  }
  const [users, inForce, { delegation, relied }] = await Promise.all([
    peopleOf(context, request, [...actingIn(command), ...(debts ?? []).map(({ by }) => by)]),
    askedNow(context, request, setVersion),
    delegationFor(context, command),
  ])
  const facts = { users, ...inForce, ...(delegation ? { delegation } : {}), ...(debts ? { debts } : {}) }
  const early = decide(command, request, facts)
  if (!early.ok && early.refusal.code !== 'content_tampered') return early
  const concludes = early.ok && (early.value.outcome.status !== 'approved' || facts.rules.apply === 'by_hand')
  if (concludes) return decidedBy(early, { relied })

  const { stored, resources } = await readWhole(context, request)
  if (!stored) return refuse('content_tampered', { request: request.id, digest: request.digest, found: 'nothing' })
  const rewritten = isContentCommand(command)
    ? await nextContent(context, {
        request,
        stored,
        resources,
        setVersion,
        off: !isOn(context, settings, request.project),
        rewrite,
      })
    : undefined
  if (rewritten && !rewritten.ok) return rewritten
  const read = rewritten ? rewritten.value.read : stored
  const allowed = await permittedTo(context, command, { request, settings, changes: read.content.changes })
  if (!allowed.ok) return allowed
  const rebases = facts.rules.onStale === 'rebase'
  const target = await targetOf(context, read, { tenant: request.tenant, read: resources, rebases, setVersion })
  const decision = decide(command, request, { ...facts, target, ...(rewritten ? { next: rewritten.value.next } : {}) })
  return decidedBy(decision, {
    relied: [...relied, ...allowed.value],
    target,
    resources,
    ...(rewritten ? { content: read.content } : {}),
  })
}

/** Everybody whom a command is by, or for. */
function actingIn(command: RequestCommand): readonly string[] {
  if (!('method' in verbs[command.type])) return []
  return 'onBehalfOf' in command && command.onBehalfOf ? [command.by.user, command.onBehalfOf] : [command.by.user]
}

async function delegationFor(context: Context, command: RequestCommand) {
  if (!('onBehalfOf' in command) || command.onBehalfOf === undefined) return { delegation: undefined, relied: [] }
  return await readDelegation(context, command.by.tenant, command.onBehalfOf, command.by.user)
}

function decidedBy(decision: Result<LaterEvent>, facts: Omit<Decided, 'event'>): Result<Decided> {
  return decision.ok ? success({ event: decision.value, ...facts }) : decision
}

/** Tells whether a verb looks at the reviews that are owed, or changes them. */
function concernsDebts(type: RequestCommand['type']): boolean {
  return type === 'break_glass' || type === 'settle_debt'
}

const forApprovers: ReadonlySet<LaterEvent['type']> = new Set([
  'bypassed',
  'glass_broken',
  'schedule_dropped',
  'escalated',
])

/** Whom an event concerns besides the requester: those who are asked by it, or were asked. */
async function concerned(
  context: Context,
  { type }: LaterEvent,
  { before, next, at }: { readonly before: Request; readonly next: Request; readonly at: number },
): Promise<readonly string[]> {
  if (type === 'reminded') return await toBeReminded(context, next, at)
  const asks = next.status === 'pending' && before.status !== 'pending'
  return asks || forApprovers.has(type) ? toBeTold(await approversOf(context, next, at), next.requester) : []
}

/** The statement that the resources and their locks still are as they were seen, and what applying makes of them. */
function landingWrites(request: Request, { event: { outcome, at }, target, resources }: Decided): readonly Write[] {
  if (!resources || !target) return []
  if (outcome.status !== 'applied') return resources.relied
  const { tenant, id, requester: author, via, reason: message } = request
  const authorship = { tenant, author, via, at, request: id, ...(message === undefined ? {} : { message }) }
  const revisions = landing(target).flatMap((change, index) =>
    revisionWrites(resources.resources[index], change, authorship),
  )
  return [...resources.relied, ...revisions]
}
