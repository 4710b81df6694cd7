import { canonical } from '../../core/change/canonical.ts'
import type { Resolution } from '../../core/change/conflict.ts'
import { asJson } from '../../core/change/json.ts'
import { defined } from '../../core/defined.ts'
import type { StreamHead } from '../../core/log/event-chain.ts'
import type { NextContent } from '../../core/request/model/command.ts'
import type { PinnedMove, ProposedChange } from '../../core/request/model/content.ts'
import type { Request } from '../../core/request/model/request.ts'
import { type Result, refuse, success } from '../../errors/result.ts'
import { evaluateChanges } from '../changes/evaluate-changes.ts'
import { restated } from '../changes/lifecycle-action.ts'
import type { Start } from '../changes/perform-action.ts'
import { nextDocument, type Proposal, proposeValue, type ResolvedWish } from '../changes/propose-change.ts'
import { rebaseChange } from '../changes/rebase.ts'
import type { Context } from '../context/context.ts'
import { resourceTypeOf } from '../context/find-resource-type.ts'
import { type ContentRead, documentAt, type ResourcesRead, resolvedWish } from '../facts/read-content.ts'
import type { ResourceType } from '../resource-types/resource-type.ts'
import { type WantedChange, wantedParts } from '../resource-types/wanted-change.ts'

/** What shall become of the content of a request. */
export type Rewrite =
  /** Goes on from what the draft has made of a resource so far. */
  | { readonly type: 'edit'; readonly edits: readonly ResourceEdit[] }
  /** Moves every change onto the live revision. */
  | { readonly type: 'rebase' }
  /** Answers conflicts of a rebase. */
  | { readonly type: 'resolve'; readonly resolutions: readonly Resolution[] }
  /** Sets the time at which it is to be applied, or none. */
  | { readonly type: 'schedule'; readonly applyAt: number | undefined }

/** An edit of one of the resources of a request. */
export interface ResourceEdit {
  readonly resource: { readonly type: string; readonly id: string }
  readonly change: WantedChange<never>
}

interface Rewriting {
  readonly request: Request
  readonly stored: ContentRead
  readonly resources: ResourcesRead
  readonly setVersion: StreamHead
  /** Whether the workflow is off. */
  readonly off: boolean
  /** Left out: the content stays, and is only put to its reviewers again. */
  readonly rewrite: Rewrite | undefined
}

/** Works out the new content of a request, and what the policies ask of it. */
export async function nextContent(
  context: Context,
  { request, stored, resources, setVersion, off, rewrite }: Rewriting,
): Promise<Result<{ readonly next: NextContent; readonly read: ContentRead }>> {
  const rewritten = rewrite
    ? await rewriteAll(context, { request, stored, resources, rewrite })
    : success(stored.proposals)
  if (!rewritten.ok) return rewritten
  const proposals = rewritten.value
  const applyAt = rewrite?.type === 'schedule' ? rewrite.applyAt : stored.content.applyAt
  if (rewrite && applyAt === stored.content.applyAt && isEqual(proposals, stored.proposals)) {
    if (rewrite.type === 'rebase') return refuse('up_to_date', { request: request.id })
    return refuse('nothing_changed', stored.content.changes[0]?.resource ?? { type: '', id: '' })
  }
  const content = { changes: proposals.map(({ change }) => change), ...defined({ applyAt }) }
  const weighed = await evaluateChanges(context, request.tenant, { setVersion, proposals, off })
  const next = { ...content, before: stored.content.changes, policySet: setVersion, ...weighed }
  return success({ next, read: { content, proposals } })
}

type Rewritten = Result<readonly Proposal[]>

async function rewriteAll(
  context: Context,
  {
    request,
    stored,
    resources,
    rewrite,
  }: Omit<Rewriting, 'setVersion' | 'off' | 'rewrite'> & { readonly rewrite: Rewrite },
): Promise<Rewritten> {
  switch (rewrite.type) {
    case 'edit':
      return await editAll(context, { request, stored }, rewrite.edits)
    case 'rebase':
      return await moveAll(context, { request, stored, resources, resolutions: [] })
    case 'resolve':
      return await moveAll(context, { request, stored, resources, resolutions: rewrite.resolutions })
    case 'schedule':
      return success(stored.proposals)
  }
}

async function editAll(
  context: Context,
  { request, stored }: Pick<Rewriting, 'request' | 'stored'>,
  edits: readonly ResourceEdit[],
): Promise<Rewritten> {
  const next = [...stored.proposals]
  for (const { resource, change: input } of edits) {
    const index = next.findIndex(
      ({ change }) => change.resource.type === resource.type && change.resource.id === resource.id,
    )
    const proposal = next[index]
    if (!proposal) {
      const about = next.map(({ change }) => nameOf(change.resource)).join(' and ')
      const problem = `names ${nameOf(resource)}, and request ${JSON.stringify(request.id)} is about ${about}`
      return refuse('invalid_input', { argument: 'ref', problem })
    }
    const { change, before } = proposal
    if (change.rebase) return refuse('conflicts_open', { request: request.id, conflicts: change.rebase.open })
    const resolved = await resolvedWish(context, request.tenant, { resource, wanted: input })
    if (!resolved.ok) return resolved
    const proposed = { tenant: request.tenant, change, before }
    const edited = await editOne(resourceTypeOf(context, resource.type), proposed, resolved.value)
    if (!edited.ok) return edited
    next[index] = edited.value
  }
  return success(next)
}

function nameOf({ type, id }: ProposedChange['resource']): string {
  return `${type} ${JSON.stringify(id)}`
}

/** Goes on from what a change makes of its resource so far. An action that was asked for by name stays the one. */
async function editOne(
  type: ResourceType,
  { tenant, change, before }: Proposal & { readonly tenant: string },
  { change: wanted, restores }: Pick<ResolvedWish, 'change' | 'restores'>,
): Promise<Result<Proposal>> {
  const { move } = change
  const { change: edit, ...said } = wantedParts(wanted)
  const asked = restated(type, change)
  if (asked.action !== undefined && said.action !== undefined && said.action !== asked.action) {
    const problem = `the request is about "${asked.action}": cancel it to ask for "${said.action}"`
    return refuse('invalid_input', { argument: 'change.action', problem })
  }
  const sofar = asked.action === undefined ? (change.after ?? undefined) : before
  const value = edit === undefined ? success(sofar) : nextDocument(change.resource, sofar, edit)
  if (!value.ok) return value
  const { resource, project, base, incarnation } = change
  const start = { tenant, resource, project, base, incarnation, before, ...stateBefore(move) }
  return await proposeValue(type, start, { after: value.value, wanted: { ...asked, ...said }, restores })
}

/** The live state that a move starts from. A move that stays in it keeps the time at which the clock ends it. */
function stateBefore(move: PinnedMove | undefined): Pick<Start, 'state' | 'stateDueAt'> {
  if (move?.from === undefined) return {}
  const stays = move.to === move.from && move.dueAt !== undefined
  return { state: move.from, ...(stays ? { stateDueAt: move.dueAt } : {}) }
}

async function moveAll(
  context: Context,
  {
    request,
    stored,
    resources,
    resolutions,
  }: Pick<Rewriting, 'request' | 'stored' | 'resources'> & {
    readonly resolutions: readonly Resolution[]
  },
): Promise<Rewritten> {
  const moved: Proposal[] = []
  const used = new Set<Resolution>()
  for (const [index, { change, before }] of stored.proposals.entries()) {
    const { resource, rebase } = change
    const base = rebase ? await documentAt(context, request.tenant, { resource, revision: rebase.from }) : before
    const result = await rebaseChange(resourceTypeOf(context, resource.type), {
      tenant: request.tenant,
      change,
      base,
      live: resources.resources[index]?.value,
      resolutions: [...(rebase?.resolutions ?? []), ...resolutions],
    })
    if (!result.ok) return result
    const { proposal, unused } = result.value
    for (const resolution of resolutions) if (!unused.includes(resolution)) used.add(resolution)
    moved.push(proposal)
  }
  const idle = resolutions.find((resolution) => !used.has(resolution))
  if (idle && request.conflicts === 0) return refuse('no_conflicts', { request: request.id })
  if (idle)
    return refuse('invalid_resolution', {
      conflict: idle.conflict,
      problem: 'the request has no such conflict, or not any more',
    })
  return success(moved)
}

/** Tells whether a rewrite leaves everything as it is: that must not take anybody's approval back. */
function isEqual(proposals: readonly Proposal[], stored: readonly Proposal[]): boolean {
  const text = (some: readonly Proposal[]) => canonical(asJson(some.map(({ change }) => change)))
  return text(proposals) === text(stored)
}
