import { defined } from '../../core/defined.ts'
import { describeExplanation } from '../../core/policy/explain/describe-explanation.ts'
import type { Explanation } from '../../core/policy/explain/explain.ts'
import type { PinnedRequirement } from '../../core/policy/model/requirement.ts'
import type { RulesOfConduct } from '../../core/policy/model/rules-of-conduct.ts'
import { isUngated } from '../../core/request/decide/decide-application.ts'
import type { Submission } from '../../core/request/decide/decide-submission.ts'
import { type MethodPermissions, permittedMethods } from '../../core/request/decide/permitted-methods.ts'
import type { Facts } from '../../core/request/model/command.ts'
import type { Actor, LeftOut } from '../../core/request/model/event.ts'
import { begin, evolve } from '../../core/request/model/evolve.ts'
import type { Request } from '../../core/request/model/request.ts'
import { earliestOf, scheduleOf } from '../../core/request/model/schedule.ts'
import { isOpen } from '../../core/request/model/status-table.ts'
import { approvalStanding } from '../../core/review/approval-standing.ts'
import { ApprovalError } from '../../errors/approval-error.ts'
import { type Refusal, type Result, refuse, success } from '../../errors/result.ts'
import type { Write } from '../../ports/storage.ts'
import { askingFreezes } from '../changes/asking-freezes.ts'
import { explainAll } from '../changes/evaluate-changes.ts'
import { foretoldFreeze } from '../changes/frozen.ts'
import { claimWrites } from '../commands/external-claims.ts'
import { openOn } from '../commands/moved-on.ts'
import type { Accepted, Command } from '../commands/run-command.ts'
import type { Context } from '../context/context.ts'
import { type AskedPeople, approversOf, toBeTold } from '../facts/approvers.ts'
import { withExcepted } from '../facts/people-of-request.ts'
import { knowingSettings } from '../people/departures.ts'
import { readingRights } from '../people/reading-rights.ts'
import { recordKey, unchanged } from '../records/typed-storage.ts'
import { freeze } from '../values/freeze.ts'
import { onDemand } from '../values/on-demand.ts'
import { landingWrites } from './applied-writes.ts'
import { considerSubmission, type DecidedSubmission, decideSubmission, type Intention } from './decide-submission.ts'
import { deliverToHost } from './deliver-outside.ts'
import { directWrites } from './direct-writes.ts'
import { withEdits } from './edit-permissions.ts'
import { movedAlong } from './moved-along.ts'
import { mostOthers, type OtherRequest, otherRequests } from './other-requests.ts'
import { createdAccess, landedSettings } from './permission-for-verb.ts'
import { noticeMessage } from './recipients.ts'
import { type ChangeRequest, type Permissions, type RequestedChange, requestedChange } from './request-summary.ts'
import { requestWrites } from './request-writes.ts'
import { summaryOf } from './shown-request.ts'
import { outcomeOf, type SubmitOutcome } from './submit-outcome.ts'

/** What would become of a submission. */
export interface Preview {
  readonly status: 'applied' | 'pending' | 'approved'
  readonly changes: readonly RequestedChange[]
  /** Of several changes, the resources of which nothing would change: they would be left out. Absent if none. */
  readonly leftOut?: readonly LeftOut[]
  /**
   * For each change, why each policy that may match asks for approval or does not, as data; for one that takes several
   * steps, the steps after it.
   */
  readonly explanations: readonly Explanation[]
  /** The same in sentences. */
  readonly reasons: readonly string[]
  /** What the matching policies ask; empty if nothing gates the change. */
  readonly requirements: readonly PinnedRequirement[]
  /** How people would deal with the request; absent if there would be none. */
  readonly rules?: RulesOfConduct
  /** Ids of those who would be asked, without the actor. */
  readonly approvers: readonly string[]
  /**
   * The freeze that would keep it off when it would be applied: now or, if it is scheduled, at its time. Absent if none
   * would.
   */
  readonly frozen?: Refusal<'frozen'>
  /** False if the requirement would not be met if everybody whom it asks approved. */
  readonly satisfiable: boolean
  /** Other open requests about the same resources, the newest first: at most twenty. */
  readonly others: readonly OtherRequest[]
}

/** Makes the command that makes changes, or asks for them, drafts them, or makes them without asking. */
export function submitCommand(context: Context, actor: Actor, intention: Intention): Command<SubmitOutcome> {
  return {
    verb: intention.verb,
    actor,
    about: aboutOf(actor, intention),
    async attempt(at) {
      const looking = lookedFor(context, actor, intention)
      const considered = await decideSubmission(context, actor, { ...intention, at })
      if (!considered.ok) return considered
      const { submission, frozenFrom, policySet } = considered.value
      const knowing = knowingSettings(context, policySet?.value)
      const naming = namedWith(knowing, actor, { considered: considered.value, looking })
      if (submission.type === 'direct') {
        const writes = await directWrites(context, actor, considered.value, { at, message: intention.reason })
        const along = await movedAlong(context, actor, { considered: considered.value, at })
        const answer = freeze({ ...applied(context, considered.value), others: await naming })
        return success({ writes: [...writes, ...along], answer, looked: looking, ...defined({ before: frozenFrom }) })
      }
      return await asRequest(context, actor, { ...submission, intention, considered: considered.value, naming })
    },
  }
}

/** A submission that becomes a request. */
interface Becoming extends Omit<Extract<Submission, { readonly type: 'request' }>, 'type'> {
  readonly intention: Intention
  readonly considered: DecidedSubmission
  /** The other open requests, which are looked for meanwhile. */
  readonly naming: Promise<readonly OtherRequest[]>
}

/** Writes the request that a submission becomes, and what it makes of its resources if it is bypassed at once. */
async function asRequest(
  given: Context,
  actor: Actor,
  { event: began, bypassed, intention, considered, naming }: Becoming,
): Promise<Result<Accepted<SubmitOutcome>>> {
  const { policySet, proposals, resources, claim } = considered
  const context = knowingSettings(given, policySet?.value)
  const event = bypassed ?? began
  const next = bypassed ? evolve(begin(began), bypassed) : begin(began)
  const { request, approvers } = await open(context, actor, { considered, next, at: event.at, naming })
  const settings = policySet?.value
  const { notify } = intention
  const message = await noticeMessage(context, event, { before: undefined, next, settings, notify, approvers })
  if (!message.ok) return message
  const content = { changes: proposals.map(({ change }) => change), ...scheduleOf(intention) }
  const preconditions = resourcesRelied(actor, considered)
  const target = { ...content, live: content.changes.map(({ base }) => base) }
  const landed = { event, target, resources: { resources, preconditions } }
  const events = bypassed ? ([began, bypassed] as const) : ([began] as const)
  const writes = [
    ...considered.preconditions,
    ...requestWrites(context, undefined, { events, next, content, message: message.value }),
    ...(await landingWrites(context, next, landed)),
    ...claimWrites(undefined, next, { stored: claim }),
    ...(await createdAccess(context, next, { ...landed, settings })),
    ...(await landedSettings(context, next, { ...landed, policySet })),
    ...(next.status === 'applied' ? await movedAlong(context, actor, { considered, at: event.at }) : []),
  ]
  const inTime = bypassed ? {} : defined({ before: considered.frozenFrom })
  if (next.status === 'applied') return success({ writes, answer: outcomeOf(request), ...inTime })
  if (next.status !== 'applying') return success({ writes, answer: outcomeOf(request) })
  return success({
    writes,
    answer: freeze({ status: 'applying', request }),
    ...inTime,
    follow: async () => outcomeOf(request, summaryOf(await deliverToHost(given, next), given.now())),
  })
}

/** Drafts keep nobody off their resources. Those of one person take turns, so that they are counted one by one. */
function aboutOf({ user }: Actor, { verb, wishes }: Intention): string {
  return verb === 'draft' ? `drafts/${user}` : wishes.map(({ ref }) => `${ref.type}/${ref.id}`).join()
}

/** Says what a submission would do. Writes nothing. */
export async function preview(context: Context, actor: Actor, intention: Intention): Promise<Preview> {
  const at = context.now()
  const looking = lookedFor(context, actor, intention)
  const considered = await considerSubmission(context, actor, { ...intention, at })
  if (!considered.ok) throw new ApprovalError(considered.refusal)
  const naming = namedWith(context, actor, { considered: considered.value, looking })
  const { submission, proposals, setVersion } = considered.value
  const settings = considered.value.policySet?.value
  const asking = askingFreezes(context, settings, { now: at, schedule: intention })
  const { revertAt } = intention
  const weighed = { proposals, setVersion, settings, asking, behind: [actor.user], revertAt }
  const explanations = await explainAll(context, actor.tenant, weighed)
  const frozen = foretoldFreeze(context, settings, { proposals, at, ...defined({ applyAt: earliestOf(intention) }) })
  const { leftOut } = considered.value
  const reasons = explanations.flatMap(describeExplanation)
  const explained = { explanations, reasons, ...defined({ frozen, leftOut }) }
  const { status } = submission.type === 'direct' ? { status: 'applied' } : submission.event.outcome
  if (submission.type === 'direct' || status === 'applied' || status === 'applying') {
    const { changes } = applied(context, considered.value)
    const others = await naming
    const nobody = { requirements: [], approvers: [], satisfiable: true }
    return freeze({ status: 'applied', ...explained, ...nobody, changes, others })
  }
  const { event } = submission
  const next = begin(event)
  const opening = { considered: considered.value, next, at: event.at, naming }
  const { request, approvers } = await open(context, actor, opening)
  const { notify } = intention
  if (notify) {
    const message = await noticeMessage(context, event, { before: undefined, next, settings, notify, approvers })
    if (!message.ok) throw new ApprovalError(message.refusal)
  }
  const { changes, requirements, rules, approval, others = [] } = request
  return freeze({
    status: event.outcome.status === 'approved' ? 'approved' : 'pending',
    ...explained,
    changes,
    requirements,
    rules,
    approvers: toBeTold(approvers, actor.user),
    satisfiable: approval?.satisfiable ?? event.outcome.status === 'approved',
    others,
  })
}

function applied(
  context: Context,
  { proposals, leftOut }: DecidedSubmission,
): Omit<Extract<SubmitOutcome, { status: 'applied' }>, 'others'> {
  return {
    status: 'applied',
    revision: (proposals[0]?.change.base ?? 0) + 1,
    changes: proposals.map((proposal) => requestedChange(context, proposal)),
    ...defined({ leftOut }),
  }
}

/** A request that a submission makes. */
interface Opening extends Pick<Becoming, 'considered' | 'naming'> {
  readonly next: Request
  readonly at: number
}

/**
 * The request as a submission makes it, and those whom it asks. Most callers want an id, and few all that they can do
 * with it.
 */
async function open(
  context: Context,
  actor: Actor,
  { considered, next, at, naming }: Opening,
): Promise<{ readonly request: ChangeRequest; readonly approvers: AskedPeople }> {
  const { proposals, leftOut } = considered
  const approvers = await approversOf(context, next, at)
  const { requirements, rules } = next
  const users = await withExcepted(context, next, { users: considered.users, requirements })
  const request = {
    ...summaryOf(next, at),
    ...defined({ leftOut }),
    changes: proposals.map((proposal) => requestedChange(context, proposal)),
    comments: [],
    stale: false,
    ...(isOpen(next.status) && !isUngated(next)
      ? { approval: approvalStanding({ ...next, at }, users, approvers) }
      : {}),
    others: await naming,
  }
  const can = () => permissionsOf(actor, next, { proposals, facts: { users, requirements, rules }, at })
  return { request: onDemand(request, 'can', can), approvers }
}

/** What somebody can do next with a request that was just made: there is nothing to rebase or to resolve yet. */
function permissionsOf(
  actor: Actor,
  request: Request,
  { proposals, facts, at }: Pick<DecidedSubmission, 'proposals'> & { readonly facts: Facts; readonly at: number },
): Permissions {
  const can = permittedMethods(actor, request, { at, factsFor: () => facts })
  const about = { request: request.id }
  const idle: Partial<MethodPermissions> = {
    rebase: refuse('up_to_date', about).refusal,
    resolve: refuse('no_conflicts', about).refusal,
  }
  const changes = proposals.map(({ change }) => change)
  return withEdits({ request, changes }, (method, why) =>
    can[method] === true ? (why ?? idle[method] ?? true) : can[method],
  )
}

/**
 * Looks for other open requests about the same resources while the facts of a submission are read. What is refused
 * needs none.
 */
function lookedFor(context: Context, { tenant }: Actor, { wishes, directly }: Intention): Promise<readonly string[]> {
  if (directly) return Promise.resolve([])
  const resources = wishes.map(({ ref }) => ref)
  const looking = openOn(context, tenant, { resources, limit: mostOthers + 1 })
  looking.catch(() => {})
  return looking
}

/** Names those that were found and that the actor may read. */
function namedWith(
  context: Context,
  actor: Actor,
  {
    considered: { proposals, policySet },
    looking,
  }: { readonly considered: DecidedSubmission; readonly looking: Promise<readonly string[]> },
): Promise<readonly OtherRequest[]> {
  const settings = policySet?.value
  const rights = readingRights(context, actor, { settings })
  const changes = proposals.map(({ change }) => change)
  const naming = otherRequests(context, actor, { rights, settings, changes, looking })
  naming.catch(() => {})
  return naming
}

function resourcesRelied({ tenant }: Actor, { proposals, resources }: DecidedSubmission): readonly Write[] {
  return proposals.map(({ change: { resource } }, index) => {
    return unchanged(recordKey('resources', tenant, resource.type, resource.id), resources[index])
  })
}
