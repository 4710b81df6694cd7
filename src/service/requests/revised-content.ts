import type { Resolution } from '../../core/change/conflict.ts'
import { defined } from '../../core/defined.ts'
import { canonical } from '../../core/json/canonical.ts'
import { asJson, type JsonObject } from '../../core/json/json.ts'
import type { NextContent } from '../../core/request/model/command.ts'
import type { ProposedChange } from '../../core/request/model/content.ts'
import type { Actor, ResourceName } from '../../core/request/model/event.ts'
import { isAsPlanned } from '../../core/request/model/planned-revert.ts'
import type { PolicySetState } from '../../core/request/model/policy-set-state.ts'
import { peopleBehind, type Request } from '../../core/request/model/request.ts'
import { agreedSchedule, isSameSchedule } from '../../core/request/model/schedule.ts'
import { type Result, refuse, success } from '../../errors/result.ts'
import { askingFreezes } from '../changes/asking-freezes.ts'
import { evaluateChanges } from '../changes/evaluate-changes.ts'
import { givenIn, restated, stateBefore } from '../changes/lifecycle-action.ts'
import { nextDocument, type Proposal, proposeValue, type ResolvedWish, type Wish } from '../changes/propose-change.ts'
import type { Context } from '../context/context.ts'
import { resourceTypeOf } from '../context/find-resource-type.ts'
import { mayReadResource } from '../facts/may-read.ts'
import { type ContentRead, keptOf, type ResourcesRead, resolvedWish } from '../facts/read-content.ts'
import type { ReadingRights } from '../people/reading-rights.ts'
import type { PolicySetRecord } from '../records/record-types.ts'
import type { ResourceType } from '../resource-types/resource-type.ts'
import { isProjectChange, type WantedChange, wantedParts } from '../resource-types/wanted-change.ts'
import { moveStays, onlyMember, uneditable } from './edit-permissions.ts'
import { sift } from './left-out.ts'
import { mixture } from './mixture.ts'
import { moveAll } from './move-all.ts'
import { nameDetails } from './named-details.ts'
import { proposeAll } from './propose-all.ts'
import { scheduleAfter, type WantedSchedule } from './wanted-schedule.ts'

/** What shall become of the content of a request. */
export type Rewrite =
  /** Goes on from what the draft has made of a resource so far. */
  | { readonly type: 'edit'; readonly edits: readonly ResourceEdit[] }
  /** Makes it about a resource more. */
  | { readonly type: 'add'; readonly wish: AddedWish }
  /** Makes it about a resource less. */
  | { readonly type: 'take_out'; readonly resource: ResourceName }
  /** Moves every change onto the live revision. */
  | { readonly type: 'rebase' }
  /** Takes a change back as far as there is something to take back by now. */
  | { readonly type: 'take_back'; readonly proposals: readonly Proposal[] }
  /** Answers conflicts of a rebase. */
  | { readonly type: 'resolve'; readonly resolutions: readonly Resolution[] }
  /** Names details that the action of a life cycle leaves to approvers. */
  | { readonly type: 'name'; readonly details: JsonObject }
  /** Sets the time at which it is to be applied, or none. */
  | {
      readonly type: 'schedule'
      readonly schedule: WantedSchedule
      /** Whether the content is put to its reviewers with it, so that it may be the time that it had. */
      readonly anew?: true
    }

/** An edit of one of the resources of a request. */
export interface ResourceEdit {
  readonly resource: { readonly type: string; readonly id: string }
  readonly change: WantedChange<never>
}

/** What somebody wants changed besides. */
export type AddedWish = Omit<Wish, 'type'>

/** The resources that a rewrite makes a request about besides. */
export function joiningOf(rewrite: Rewrite | undefined, { resources }: Request): readonly ResourceName[] {
  if (rewrite?.type !== 'add') return []
  const { type, id } = rewrite.wish.ref
  return isAmong(resources, { type, id }) ? [] : [{ type, id }]
}

interface Rewriting {
  readonly request: Request
  readonly stored: ContentRead
  /** What is live of the resources of the request and, after them, of those that it shall be about besides. */
  readonly resources: ResourcesRead
  /** Who brings it, and when. */
  readonly by: Actor
  readonly at: number
  /** Whether it stays a draft: then also those changes stay in it that change nothing. */
  readonly drafting: boolean
  readonly settings: PolicySetRecord | undefined
  readonly setVersion: PolicySetState
  /** Left out: the content stays, and is only put to its reviewers again. */
  readonly rewrite: Rewrite | undefined
  readonly rights: ReadingRights
  /** Who edits it, if somebody does. */
  readonly editor: string | undefined
}

/** Works out the new content of a request, and what the policies ask of it. */
export async function nextContent(
  context: Context,
  { settings, setVersion, rewrite, editor, drafting, ...rewriting }: Rewriting,
): Promise<Result<Revised>> {
  const { request, stored, resources } = rewriting
  const rewritten = rewrite ? await rewriteAll(context, { ...rewriting, rewrite }) : success(stored.proposals)
  if (!rewritten.ok) return rewritten
  const all = rewritten.value
  const { kept, leftOut } = drafting ? { kept: [...all.keys()] } : sift(all.map(({ change }) => change))
  const proposals = all.filter((_, index) => kept.includes(index))
  // What could not be taken back at its time is, once it is approved.
  const agreed = isAsPlanned(request) ? {} : agreedSchedule(stored.content)
  const schedule = rewrite?.type === 'schedule' ? scheduleAfter(agreed, rewrite.schedule) : agreed
  const isBack = rewrite?.type === 'take_back'
  const isPutAnew = isBack || (rewrite?.type === 'schedule' && rewrite.anew)
  const mayStay = isPutAnew || rewrite?.type === 'name'
  if (rewrite && !mayStay && isSameSchedule(schedule, agreed) && isEqual(proposals, stored.proposals)) {
    if (rewrite.type === 'rebase') return refuse('up_to_date', { request: request.id })
    const unchanged = rewrite.type === 'add' ? rewrite.wish.ref : stored.content.changes[0]?.resource
    const { type, id } = unchanged ?? { type: '', id: '' }
    return refuse('nothing_changed', { type, id })
  }
  const content = { changes: proposals.map(({ change }) => change), ...schedule }
  const asking = isBack ? [] : askingFreezes(context, settings, { now: rewriting.at, schedule })
  const weighed = await evaluateChanges(context, request.tenant, {
    ...{ setVersion, settings, proposals, asking, revertAt: schedule.revertAt },
    behind: [...peopleBehind(request), ...(editor === undefined ? [] : [editor])],
  })
  const before = stored.content.changes
  const next = { ...content, ...defined({ leftOut }), before, policySet: setVersion, ...weighed }
  const read = [...request.resources, ...joiningOf(rewrite, request)]
  const alongside = keptOf(context, resources, { all: read, changes: content.changes })
  return success({ next, read: { content, proposals }, resources: alongside })
}

/** New content, with what was read of the resources that it is about. */
interface Revised {
  readonly next: NextContent
  readonly read: ContentRead
  readonly resources: ResourcesRead
}

type Rewritten = Result<readonly Proposal[]>

type Rewritable = Omit<Rewriting, 'settings' | 'setVersion' | 'rewrite' | 'editor' | 'drafting'>

async function rewriteAll(context: Context, rewriting: Rewritable & { readonly rewrite: Rewrite }): Promise<Rewritten> {
  const { request, stored, resources, rewrite } = rewriting
  switch (rewrite.type) {
    case 'edit':
      return await editAll(context, rewriting, rewrite.edits)
    case 'add':
      return await withMember(context, rewriting, rewrite.wish)
    case 'take_out':
      return withoutMember(rewriting, rewrite.resource)
    case 'rebase':
      return await moveAll(context, { request, stored, resources, resolutions: [] })
    case 'resolve':
      return await moveAll(context, { request, stored, resources, resolutions: rewrite.resolutions })
    case 'name':
      return await nameDetails(context, { request, stored }, rewrite.details)
    case 'take_back':
      return success(rewrite.proposals)
    case 'schedule':
      return success(stored.proposals)
  }
}

/** How many resources a request is about at most. */
const mostMembers = 100

/** Works out what is wanted of a resource more, as a submission does. */
async function withMember(
  context: Context,
  { request, stored, resources, rights, by, at }: Rewritable,
  wish: AddedWish,
): Promise<Rewritten> {
  const { type, id } = wish.ref
  const here = request.resources.length
  if (isAmong(request.resources, { type, id })) {
    const problem = `names ${nameOf({ type, id })}, which request ${JSON.stringify(request.id)} is about already: edit it`
    return refuse('invalid_input', { argument: 'ref', problem })
  }
  if (here >= mostMembers) {
    const problem = `is one more than the ${mostMembers} resources that a request can be about: take another one out first`
    return refuse('invalid_input', { argument: 'ref', problem })
  }
  const members = [...request.resources, { type, id }].map((ref) => ({ ref, type: resourceTypeOf(context, ref.type) }))
  const mixed = mixture(members)
  if (mixed) return refuse('invalid_input', { argument: 'ref', problem: mixed })
  const wishes = [{ ...wish, type: resourceTypeOf(context, type) }]
  const live = { resources: [resources.resources[here]], hostSays: [resources.projects[here]] }
  const proposed = await proposeAll(context, by, { wishes, at, rights, ...live })
  return proposed.ok ? success([...stored.proposals, ...proposed.value]) : proposed
}

function withoutMember({ request, stored }: Rewritable, resource: ResourceName): Rewritten {
  const left = stored.proposals.filter(({ change }) => !isAmong([resource], change.resource))
  if (left.length === stored.proposals.length) return notAmong(request, stored.proposals, resource)
  if (left.length > 0) return success(left)
  return { ok: false, refusal: onlyMember(request, resource) }
}

function isAmong(names: readonly ResourceName[], { type, id }: ResourceName): boolean {
  return names.some((one) => one.type === type && one.id === id)
}

/** Refuses a resource that a request is not about. */
function notAmong({ id }: Request, proposals: readonly Proposal[], resource: ResourceName): Result<never> {
  const about = proposals.map(({ change }) => nameOf(change.resource)).join(' and ')
  const problem = `names ${nameOf(resource)}, and request ${JSON.stringify(id)} is about ${about}`
  return refuse('invalid_input', { argument: 'ref', problem })
}

async function editAll(
  context: Context,
  { request, stored, rights, at }: Pick<Rewriting, 'request' | 'stored' | 'rights' | 'at'>,
  edits: readonly ResourceEdit[],
): Promise<Rewritten> {
  const next = [...stored.proposals]
  for (const { resource, change: input } of edits) {
    const index = next.findIndex(
      ({ change }) => change.resource.type === resource.type && change.resource.id === resource.id,
    )
    const proposal = next[index]
    if (!proposal) return notAmong(request, next, resource)
    const { change, before } = proposal
    const fixed = uneditable(request, change)
    if (fixed) return { ok: false, refusal: fixed }
    const resolved = await resolvedWish(context, request.tenant, {
      resource,
      wanted: input,
      mayRead: (revision) => mayReadResource(rights, revision),
    })
    if (!resolved.ok) return resolved
    const proposed = { tenant: request.tenant, change, before, at }
    const edited = await editOne(resourceTypeOf(context, resource.type), proposed, resolved.value)
    if (!edited.ok) return edited
    next[index] = edited.value
  }
  return success(next)
}

function nameOf({ type, id }: ProposedChange['resource']): string {
  return `${type} ${JSON.stringify(id)}`
}

/**
 * Goes on from what a change makes of its resource so far. An action that was asked for by name stays the one; a state
 * to begin in that is said anew takes the place of the one before, with its time and its way.
 */
async function editOne(
  type: ResourceType,
  { tenant, change, before, at }: Proposal & { readonly tenant: string; readonly at: number },
  { change: wanted, restores }: Pick<ResolvedWish, 'change' | 'restores'>,
): Promise<Result<Proposal>> {
  const { move } = change
  if (isProjectChange(wanted)) return { ok: false, refusal: moveStays() }
  const { change: edit, ...said } = wantedParts(wanted)
  const asked = restated(type, change)
  if (asked.action !== undefined && said.action !== undefined && said.action !== asked.action) {
    const problem = `the request is about "${asked.action}": cancel it to ask for "${said.action}"`
    return refuse('invalid_input', { argument: 'change.action', problem })
  }
  const sofar = asked.action === undefined ? givenIn(change) : before
  const value = edit === undefined ? success(sofar) : nextDocument(change.resource, sofar, edit)
  if (!value.ok) return value
  const { resource, project, base, incarnation } = change
  const start = { tenant, resource, project, base, incarnation, before, ...stateBefore(move) }
  const now = said.at === undefined ? {} : { now: at }
  const next = { ...(said.state === undefined ? asked : {}), ...said, ...now }
  return await proposeValue(type, start, { after: value.value, wanted: next, restores })
}

/** Tells whether a rewrite leaves everything as it is: that must not take anybody's approval back. */
function isEqual(proposals: readonly Proposal[], stored: readonly Proposal[]): boolean {
  const text = (some: readonly Proposal[]) => canonical(asJson(some.map(({ change }) => change)))
  return text(proposals) === text(stored)
}
