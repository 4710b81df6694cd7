import { defined } from '../../core/defined.ts'
import { describeExplanation } from '../../core/policy/explain/describe-explanation.ts'
import type { Explanation } from '../../core/policy/explain/explain.ts'
import type { PinnedRequirement } from '../../core/policy/model/requirement.ts'
import type { RulesOfConduct } from '../../core/policy/model/rules-of-conduct.ts'
import { permittedMethods } from '../../core/request/decide/permitted-methods.ts'
import type { Actor, BeganEvent } from '../../core/request/model/event.ts'
import { begin } from '../../core/request/model/evolve.ts'
import { isOpen } from '../../core/request/model/status-table.ts'
import { approvalStanding } from '../../core/review/approval-standing.ts'
import { ApprovalError } from '../../errors/approval-error.ts'
import { success } from '../../errors/result.ts'
import type { Write } from '../../ports/storage.ts'
import { newAccessWrites } from '../access/editors.ts'
import type { VerbOptions } from '../arguments/verb-options.ts'
import { explainAll } from '../changes/evaluate-changes.ts'
import { claimWrites } from '../commands/external-claims.ts'
import { revisionWrites } from '../commands/revision-writes.ts'
import type { Command } from '../commands/run-command.ts'
import type { Context } from '../context/context.ts'
import { type AskedPeople, approversOf, toBeTold } from '../facts/approvers.ts'
import { policyWrites } from '../policies/policy-writes.ts'
import { turnWrites } from '../policies/workflow-writes.ts'
import { recordKey, unchanged } from '../records/typed-storage.ts'
import type { ResourceRef } from '../resource-types/resource-type.ts'
import type { WantedChange } from '../resource-types/wanted-change.ts'
import { freeze } from '../values/freeze.ts'
import { type DecidedSubmission, decideSubmission, type Intention } from './decide-submission.ts'
import { deliverToHost } from './deliver-outside.ts'
import { noticeMessage } from './recipients.ts'
import {
  type ChangeRequest,
  type RequestedChange,
  type RequestSummary,
  requestedChange,
  summaryOf,
} from './request-summary.ts'
import { requestWrites } from './request-writes.ts'

/** Options of `submit`, `preview` and `draft`. */
export interface SubmitOptions extends VerbOptions {
  /**
   * The revision that the change is based on. If another one is live by now, the submission is refused with `stale`.
   *
   * @defaultValue none: whatever revision is live
   */
  readonly base?: number | undefined
  /**
   * When it is to be applied once approved, in milliseconds since 1970. Part of what reviewers agree to.
   *
   * @defaultValue none: as soon as it is approved
   */
  readonly applyAt?: number | undefined
  /**
   * Ids of the approvers to notify. Approvers not listed can still review.
   *
   * @defaultValue none: all approvers are notified
   */
  readonly notify?: readonly string[] | undefined
}

/** One of several changes that land together. */
export interface ChangeOf<T> {
  readonly ref: ResourceRef<T>
  readonly change: WantedChange<NoInfer<T>>
  /**
   * The revision that the change is based on.
   *
   * @defaultValue none: whatever revision is live
   */
  readonly base?: number | undefined
}

/** What became of a submission. */
export type SubmitOutcome =
  | {
      readonly status: 'applied'
      /** Number of the revision that is live from then on; of several changes, that of the first. */
      readonly revision: number
      readonly changes: readonly RequestedChange[]
    }
  | { readonly status: 'pending'; readonly request: ChangeRequest }
  /**
   * Of a resource that is kept outside of the database, a change that nobody has to approve: it is still on its way,
   * and `tick` sees to it, or it could not be made, and the request says why.
   */
  | { readonly status: 'applying' | 'failed'; readonly request: ChangeRequest }

/** What would become of a submission. */
export interface Preview {
  readonly status: 'applied' | 'pending'
  readonly changes: readonly RequestedChange[]
  /** For each change, why each policy that may match asks for approval or does not, as data. */
  readonly explanations: readonly Explanation[]
  /** The same in sentences. */
  readonly reasons: readonly string[]
  /** What the matching policies ask; empty if nothing gates the change. */
  readonly requirements: readonly PinnedRequirement[]
  /** How people would deal with the request; absent if there would be none. */
  readonly rules?: RulesOfConduct
  /** Ids of those who would be asked, without the actor. */
  readonly approvers: readonly string[]
  /** False if the requirement would not be met if everybody whom it asks approved. */
  readonly satisfiable: boolean
}

/** Makes the command that makes changes, or asks for them, or drafts them. */
export function submitCommand(context: Context, actor: Actor, intention: Intention): Command<SubmitOutcome> {
  return {
    verb: intention.verb,
    actor,
    about: aboutOf(actor, intention),
    async attempt(at) {
      const considered = await decideSubmission(context, actor, { ...intention, at })
      if (!considered.ok) return considered
      const { submission, preconditions } = considered.value
      if (submission.type === 'direct') {
        const writes = await directWrites(context, actor, considered.value, { at, message: intention.reason })
        return success({ writes, answer: freeze(applied(context, considered.value)) })
      }
      const { event } = submission
      const opened = await open(context, actor, { considered: considered.value, event })
      const settings = considered.value.policySet?.value
      const next = begin(event)
      const { request, approvers } = opened
      const { notify } = intention
      const message = await noticeMessage(context, event, { before: undefined, next, settings, notify, approvers })
      if (!message.ok) return message
      const content = { changes: considered.value.proposals.map(({ change }) => change), ...scheduled(intention) }
      const writes = [
        ...preconditions,
        ...resourcesRelied(actor, considered.value, intention),
        ...requestWrites(context, undefined, { event, next, content, message: message.value }),
        ...claimWrites(undefined, next, { stored: considered.value.claim }),
      ]
      if (next.status !== 'applying') return success({ writes, answer: freeze({ status: 'pending', request }) })
      return success({
        writes,
        answer: freeze({ status: 'applying', request }),
        follow: async () => outcomeOf(request, summaryOf(await deliverToHost(context, next), context.now())),
      })
    },
  }
}

/** Drafts keep nobody off their resources. Those of one person take turns, so that they are counted one by one. */
function aboutOf({ user }: Actor, { verb, wishes }: Intention): string {
  return verb === 'draft' ? `drafts/${user}` : wishes.map(({ ref }) => `${ref.type}/${ref.id}`).join()
}

/** What a request that was made for a change that nobody has to approve has come to. */
export function outcomeOf(request: ChangeRequest, { status, ...rest }: RequestSummary): SubmitOutcome {
  const { revisions = [] } = rest
  const now = { ...request, ...rest, status }
  const [first] = revisions
  if (first) return freeze({ status: 'applied', revision: first.number, changes: request.changes })
  return freeze({ status: status === 'applying' || status === 'failed' ? status : 'pending', request: now })
}

/** Says what a submission would do. Writes nothing. */
export async function preview(context: Context, actor: Actor, intention: Intention): Promise<Preview> {
  const considered = await decideSubmission(context, actor, { ...intention, at: context.now() })
  if (!considered.ok) throw new ApprovalError(considered.refusal)
  const { submission, proposals, setVersion } = considered.value
  const explanations = await explainAll(context, actor.tenant, { proposals, setVersion })
  const explained = { explanations, reasons: explanations.flatMap(describeExplanation) }
  if (submission.type === 'direct' || submission.event.outcome.status === 'applying') {
    const { changes } = applied(context, considered.value)
    return freeze({ status: 'applied', ...explained, changes, requirements: [], approvers: [], satisfiable: true })
  }
  const { event } = submission
  const { request, approvers } = await open(context, actor, { considered: considered.value, event })
  const { notify } = intention
  if (notify) {
    const settings = considered.value.policySet?.value
    const next = begin(event)
    const message = await noticeMessage(context, event, { before: undefined, next, settings, notify, approvers })
    if (!message.ok) throw new ApprovalError(message.refusal)
  }
  const { changes, requirements, rules, approval } = request
  return freeze({
    status: 'pending',
    ...explained,
    changes,
    requirements,
    rules,
    approvers: toBeTold(approvers, actor.user),
    satisfiable: approval?.satisfiable ?? false,
  })
}

function applied(context: Context, { proposals }: DecidedSubmission): Extract<SubmitOutcome, { status: 'applied' }> {
  return {
    status: 'applied',
    revision: (proposals[0]?.change.base ?? 0) + 1,
    changes: proposals.map((proposal) => requestedChange(context, proposal)),
  }
}

/** The request as a submission opens it, and those whom it asks. */
async function open(
  context: Context,
  actor: Actor,
  { considered, event }: { readonly considered: DecidedSubmission; readonly event: BeganEvent },
): Promise<{ readonly request: ChangeRequest; readonly approvers: AskedPeople }> {
  const next = begin(event)
  const { users, proposals } = considered
  const approvers = await approversOf(context, next, event.at)
  const { requirements, rules } = next
  const request: ChangeRequest = {
    ...summaryOf(next, event.at),
    changes: proposals.map((proposal) => requestedChange(context, proposal)),
    stale: false,
    ...(isOpen(next.status) ? { approval: approvalStanding(next, users, approvers) } : {}),
    can: permittedMethods(actor, next, { at: event.at, factsFor: () => ({ users, requirements, rules }) }),
  }
  return { request, approvers }
}

/** Everything that is written when nobody has to approve. */
export async function directWrites(
  context: Context,
  actor: Actor,
  { proposals, resources, policySet, preconditions }: DecidedSubmission,
  { at, message }: { readonly at: number; readonly message?: string | undefined },
): Promise<readonly Write[]> {
  const { tenant, user, via } = actor
  const authorship = { tenant, author: user, via, at, ...defined({ message }) }
  const changes = proposals.map(({ change }) => change)
  return [
    ...preconditions,
    ...changes.flatMap((change, index) => revisionWrites(resources[index], change, authorship)),
    ...(await newAccessWrites(context, actor, { settings: policySet?.value, changes, at })),
    ...(await policyWrites(context, changes, { policySet, actor, at })),
    ...(await turnWrites(context, changes, { policySet, actor, at, reason: message })),
  ]
}

function resourcesRelied({ tenant }: Actor, { resources }: DecidedSubmission, { wishes }: Intention): readonly Write[] {
  return wishes.map(({ ref }, index) => unchanged(recordKey('resources', tenant, ref.type, ref.id), resources[index]))
}

function scheduled({ applyAt }: Intention) {
  return applyAt === undefined ? {} : { applyAt }
}
