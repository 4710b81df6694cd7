import { isEmpty, type ProposedChange } from '../../core/request/model/content.ts'
import type { Request } from '../../core/request/model/request.ts'
import type { RequestStatus } from '../../core/request/model/status-table.ts'
import { projectsOf } from '../../core/request/model/whereabouts.ts'
import { hasCode } from '../../errors/approval-error.ts'
import { type Refusal, type Result, refuse } from '../../errors/result.ts'
import type { Proposal } from '../changes/propose-change.ts'
import { type Moved, rebaseChange } from '../changes/rebase.ts'
import type { Context } from '../context/context.ts'
import { resourceTypeOf } from '../context/find-resource-type.ts'
import { documentAt } from '../facts/read-content.ts'
import type { ReadingRights } from '../people/reading-rights.ts'
import type { ResourceRecord } from '../records/record-types.ts'
import { isUnapplied, type RequestedChange, requestedChange } from '../requests/request-summary.ts'

/** A request whose changes are to be shown to one reader. */
export interface Told {
  readonly request: Request
  readonly status: RequestStatus
  readonly rights: ReadingRights
  readonly proposals: readonly Proposal[]
  /** What is live, in the order of the changes. */
  readonly live: readonly (ResourceRecord | undefined)[]
}

/**
 * Shows the changes of a request, each with the conflicts that a rebase has left or would leave. Says how many
 * there are, and why it cannot be rebased at all, if so.
 */
export async function requestedChanges(
  context: Context,
  { request, status, rights, proposals, live }: Told,
): Promise<{
  readonly changes: readonly RequestedChange[]
  readonly collisions: number
  readonly unmovable?: Refusal
}> {
  const told = proposals.map(async (proposal, index) => {
    const its = live[index]
    const hidden = its !== undefined && !projectsOf(request).includes(its.project) && !(await rights.in(its.project))
    const matters = !hidden && (proposal.change.rebase !== undefined || isUnapplied(status))
    const moved = matters ? await movedOnto(context, request.tenant, { proposal, live: its }) : undefined
    const { conflicts } = moved?.ok ? moved.value : { conflicts: [] }
    return { moved, change: { ...requestedChange(context, proposal), conflicts } }
  })
  const all = await Promise.all(told)
  const unmovable =
    all.flatMap(({ moved }) => (moved?.ok === false ? [moved.refusal] : []))[0] ??
    (status === 'draft'
      ? undefined
      : madeAlready(all.map(({ moved }, index) => ({ moved, change: proposals[index]?.change }))))
  const changes = all.map(({ change }) => change)
  const collisions = changes.reduce((sum, { conflicts }) => sum + conflicts.length, 0)
  return { changes, collisions, ...(unmovable ? { unmovable } : {}) }
}

/** Says that a rebase would leave nothing to change; `undefined` if it would. Only a draft can be about nothing. */
function madeAlready(
  all: readonly { readonly moved: Result<Moved> | undefined; readonly change: ProposedChange | undefined }[],
): Refusal | undefined {
  const next = all.flatMap(({ moved, change }) => (moved?.ok ? moved.value.proposal.change : (change ?? [])))
  const [first] = next
  const isIdle = next.every((change) => isEmpty(change) && !change.rebase)
  return first && isIdle ? refuse('nothing_changed', first.resource).refusal : undefined
}

/** What nobody can be told any more is left out. */
function nothingIfRemoved(error: unknown): undefined {
  if (!hasCode(error, 'revision_not_kept')) throw error
}

/**
 * Moves a change onto what is live, as a rebase would; `undefined` if there is nothing to move, or nobody can be told
 * any more.
 */
async function movedOnto(
  context: Context,
  tenant: string,
  { proposal, live }: { readonly proposal: Proposal; readonly live: ResourceRecord | undefined },
): Promise<Result<Moved> | undefined> {
  const { change, before } = proposal
  const { resource, rebase } = change
  if (!rebase && (live?.revision ?? 0) === change.base) return undefined
  const kept = rebase
    ? await documentAt(context, tenant, { resource, revision: rebase.from }).then(
        (base) => ({ base }),
        nothingIfRemoved,
      )
    : { base: before }
  if (!kept) return undefined
  return await rebaseChange(resourceTypeOf(context, resource.type), {
    tenant,
    change,
    base: kept.base,
    live,
    resolutions: rebase?.resolutions ?? [],
  })
}
