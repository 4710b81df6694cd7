import { isOwnType } from '../../core/policy/model/policy-type.ts'
import type { ProposedChange } from '../../core/request/model/content.ts'
import { begin } from '../../core/request/model/evolve.ts'
import { planRevert } from '../../core/request/model/planned-revert.ts'
import type { Request } from '../../core/request/model/request.ts'
import { type Authorship, revise } from '../../core/request/model/revision.ts'
import type { Schedule } from '../../core/request/model/schedule.ts'
import { ApprovalError } from '../../errors/approval-error.ts'
import { type Refusal, type Result, refuse, success } from '../../errors/result.ts'
import type { Write } from '../../ports/storage.ts'
import { closed, freezeFacts } from '../changes/frozen.ts'
import { liveState } from '../changes/lifecycle-action.ts'
import { type Proposal, proposeValid } from '../changes/propose-change.ts'
import { reversed } from '../changes/taking-back.ts'
import type { Context } from '../context/context.ts'
import { resourceTypeOf } from '../context/find-resource-type.ts'
import type { PolicySetRecord, ResourceRecord } from '../records/record-types.ts'
import type { Stored } from '../records/typed-storage.ts'
import { validated } from '../resource-types/validate-document.ts'
import { requestWrites } from './request-writes.ts'

/** A change that lands, and what is live before. */
interface Landed {
  readonly change: ProposedChange
  readonly live: Stored<ResourceRecord> | undefined
}

/** What lands, by whom, and whether an external system may have it already. */
interface Landing {
  readonly landed: readonly Landed[]
  readonly authorship: Authorship
  readonly sent: boolean
}

/**
 * Writes the request that takes back what is applied for a time, in the commit that applies it; nothing if it stays.
 *
 * @throws `ApprovalError` if it cannot be taken back any more: what was approved for a time is not applied then.
 */
export async function revertWrites(context: Context, request: Request, made: Landing): Promise<readonly Write[]> {
  const { revertAt } = request
  if (revertAt === undefined) return []
  const changes = await waysBack(context, made)
  const { authorship } = made
  const event = planRevert({ ...request, revertAt }, { changes, at: authorship.at })
  const content = { changes, applyAt: revertAt }
  const message = { type: 'submitted', to: [] } as const
  return requestWrites(context, undefined, { events: [event], next: begin(event), content, message })
}

/**
 * Works out the changes that take back what lands.
 *
 * @throws `ApprovalError` if one cannot be. What an external system has is on record in any case: what takes it back is
 * judged at its time then.
 */
export async function waysBack(
  context: Context,
  { landed, authorship, sent }: Landing,
): Promise<readonly ProposedChange[]> {
  const changes: ProposedChange[] = []
  for (const { change, live } of landed) {
    const proposal = { change, before: live?.value.document ?? undefined }
    const back = await wayBack(context, proposal, authorship)
    if (!back.ok && !sent) throw new ApprovalError(back.refusal)
    const type = context.resources.get(change.resource.type)
    const base = change.base + 1
    const incarnation = change.after === null ? 0 : change.incarnation || base
    const plain = { ...reversed(type, proposal).change, base, incarnation }
    changes.push(back.ok ? back.value.change : plain)
  }
  return changes
}

/** Works out the change that takes another one back, as soon as that is live. */
async function wayBack(
  context: Context,
  { change, before }: Proposal,
  authorship: Pick<Authorship, 'tenant' | 'author' | 'via' | 'at'>,
): Promise<Result<Proposal>> {
  const type = resourceTypeOf(context, change.resource.type)
  const { resource } = revise(change, authorship)
  const start = {
    tenant: authorship.tenant,
    resource: change.resource,
    project: change.project,
    base: resource.revision,
    incarnation: resource.document === null ? 0 : resource.incarnation,
    before: resource.document ?? undefined,
    ...liveState(type, resource),
  }
  return await proposeValid(type, start, { after: before, wanted: {} })
}

/** Asks the schema of today about the document that comes back. */
async function fitsAgain(context: Context, { change: { resource, after } }: Proposal): Promise<Result<unknown>> {
  return after === null ? success(after) : await validated(resourceTypeOf(context, resource.type), resource.id, after)
}

/** What is to be applied for a time, and what that is judged by. */
interface Temporary {
  readonly tenant: string
  readonly user: string
  readonly via: string
  readonly proposals: readonly Proposal[]
  readonly settings: PolicySetRecord | undefined
  readonly schedule: Schedule
  readonly at: number
}

/**
 * Says why changes cannot be applied for a time: they cannot be taken back by themselves, or a freeze that is known
 * covers that time. `undefined` if they can, or stay.
 */
export async function revertProblem(context: Context, temporary: Temporary): Promise<Refusal | undefined> {
  const { proposals, settings, schedule, ...authorship } = temporary
  const { revertAt } = schedule
  if (revertAt === undefined) return undefined
  const wrong = (problem: string) => refuse('invalid_input', { argument: 'revertAt', problem }).refusal
  const reverts: Proposal[] = []
  for (const proposal of proposals) {
    const { resource, move, rebase } = proposal.change
    const named = `${resource.type} ${JSON.stringify(resource.id)}`
    if (rebase) return undefined
    if (isOwnType(resource.type)) return wrong(`is for changes of your own resources: ${named} is changed for good`)
    if (proposal.change.toProject !== undefined) {
      return wrong(`is for changes of documents: ${named} goes to another project for good`)
    }
    if (move && !move.edits) {
      return wrong(
        `is for changes of documents: ${JSON.stringify(move.action)} of ${named} is taken back by another action`,
      )
    }
    const back = await wayBack(context, proposal, { ...authorship, author: authorship.user })
    const fits = back.ok ? await fitsAgain(context, back.value) : back
    if (!fits.ok) return wrong(`cannot be: ${named} could not be taken back. ${fits.refusal.message}`)
    if (back.ok) reverts.push(back.value)
  }
  const { frozen } = freezeFacts(context, { freezes: closed(settings?.freezes) }, { proposals: reverts, at: revertAt })
  if (!frozen) return undefined
  const until = frozen.until === undefined ? '' : `, which is over at ${new Date(frozen.until).toISOString()}`
  return wrong(`lies in the freeze ${JSON.stringify(frozen.freeze)}${until}: name a time outside of it`)
}
