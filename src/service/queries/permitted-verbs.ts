import { defined } from '../../core/defined.ts'
import { type MethodPermissions, permittedMethods, verbOf } from '../../core/request/decide/permitted-methods.ts'
import type { Facts, NextContent } from '../../core/request/model/command.ts'
import { type Content, openConflicts, type ProposedChange } from '../../core/request/model/content.ts'
import type { Actor } from '../../core/request/model/event.ts'
import { isAsPlanned, isPlannedRevert } from '../../core/request/model/planned-revert.ts'
import type { PolicySetState } from '../../core/request/model/policy-set-state.ts'
import { peopleBehind, type Request } from '../../core/request/model/request.ts'
import type { Schedule } from '../../core/request/model/schedule.ts'
import {
  type PeopleVerb,
  type RequestMethod,
  requestMethods,
  rowOf,
  type VerbRow,
} from '../../core/request/model/status-table.ts'
import { type Refusal, refuse } from '../../errors/result.ts'
import { overfull } from '../arguments/check-limits.ts'
import { askingFreezes } from '../changes/asking-freezes.ts'
import { evaluateChanges } from '../changes/evaluate-changes.ts'
import { bothWays } from '../changes/taking-back.ts'
import type { Context } from '../context/context.ts'
import { isAboutSettings } from '../context/workflow-switch.ts'
import { rebasesByItself, targetOf } from '../facts/apply-target.ts'
import { outOfSight } from '../facts/may-read.ts'
import { type ContentRead, keptOf, type ResourcesRead } from '../facts/read-content.ts'
import { veiled } from '../facts/veil-refusal.ts'
import { readingRights } from '../people/reading-rights.ts'
import type { PolicySetRecord } from '../records/record-types.ts'
import { makerOf } from '../requests/decide-request.ts'
import { withEdits } from '../requests/edit-permissions.ts'
import { sift } from '../requests/left-out.ts'
import { permittedTo } from '../requests/permission-for-verb.ts'
import type { Permissions } from '../requests/request-summary.ts'

/** A request with everything that a decision about it looks at, as far as it was read. */
export interface Shown {
  readonly request: Request
  readonly facts: Omit<Facts, 'target' | 'next'>
  /** Undefined if the content is not there. */
  readonly stored: ContentRead | undefined
  readonly resources: ResourcesRead
  readonly settings: PolicySetRecord | undefined
  readonly setVersion: PolicySetState
  readonly stale: boolean
  /** Why it cannot land any more, if so. */
  readonly unlandable?: Refusal
  /** Why it cannot be rebased, if it is stale and cannot. */
  readonly unmovable?: Refusal
  /** How many conflicts a rebase has left, or would. */
  readonly collisions: number
  readonly at: number
}

/**
 * Says what somebody can do with a request now: every verb is decided on the facts of this moment, and none is done.
 * What comes first of all that refuses a verb is what the verb itself would say.
 */
export async function permitted(context: Context, actor: Actor, shown: Shown): Promise<Permissions> {
  const { request, facts, at, stored } = shown
  const early = permittedMethods(actor, request, { at, factsFor: () => facts })
  if (!stored || stored.lost) {
    const can = withEdits({ request, changes: [] }, (method) =>
      early[method] === true ? (stored?.lost ?? true) : early[method],
    )
    return await asReadable(context, actor, { can, shown })
  }
  const hidden = await outOfReach(context, actor, shown)
  const factsFor = await factsNow(context, actor, { ...shown, stored })
  const decided = permittedMethods(actor, request, { at, factsFor })
  const changes = bothWays(context, stored.proposals, stored.content)
  const [refused, limited] = [await forbidden(context, actor, { shown, changes }), beyondLimits(context, shown)]
  const pointless = pointlessNow(shown)
  const can = withEdits({ request, changes: stored.content.changes }, (method, idle = pointless[method]) => {
    if (early[method] !== true) return early[method]
    const before = hidden[method] ?? idle ?? refused[method]
    if (before) return before
    return decided[method] === true ? (limited[method] ?? true) : decided[method]
  })
  return await asReadable(context, actor, { can, shown })
}

/** Reads everything that there is to decide a verb on, and says what each verb is decided on. */
export async function factsNow(
  context: Context,
  actor: Actor,
  shown: Shown & { readonly stored: ContentRead },
): Promise<(verb: PeopleVerb) => Facts> {
  const { request, facts, at } = shown
  const { stored, resources } = putForward(context, shown)
  const rebases = rebasesByItself(context, request, facts)
  const reverts = isPlannedRevert(request)
  const landing = { ...shown, read: resources, rebases, reverts }
  const asking = askingFreezes(context, shown.settings, { now: at, schedule: request })
  const [asReviewed, byHand, weighed] = await Promise.all([
    targetOf(context, stored, landing),
    isAboutSettings(request.resources) ? targetOf(context, stored, { ...landing, maker: actor.user }) : undefined,
    evaluateChanges(context, request.tenant, {
      setVersion: shown.setVersion,
      proposals: stored.proposals,
      behind: peopleBehind(request),
      revertAt: stored.content.revertAt,
      ...{ settings: shown.settings, asking },
    }),
  ])
  const { content } = stored
  const rebasesAnew = rebasesByItself(context, request, { ...facts, next: weighed })
  const asSubmitted =
    rebasesAnew === rebases && !reverts
      ? asReviewed
      : await targetOf(context, stored, { ...landing, rebases: rebasesAnew, reverts: false })
  const brought = isAsPlanned(request) ? { changes: content.changes } : content
  const next: NextContent = { ...brought, before: content.changes, policySet: shown.setVersion, ...weighed }
  return (verb) => {
    const target = rowOf(verb).brings === 'content' ? asSubmitted : asReviewed
    const own = makerOf({ type: verb, by: actor }) === undefined ? target : (byHand ?? target)
    const left = { verb, collisions: shown.collisions, at }
    return { ...facts, target: triedWith(own, left), next: triedWith(next, left) }
  }
}

/** What would be put to reviewers, and what is live of that: of a draft, what changes nothing is left out then. */
function putForward(
  context: Context,
  { request, stored, resources }: Pick<Shown, 'request' | 'resources'> & { readonly stored: ContentRead },
): { readonly stored: ContentRead; readonly resources: ResourcesRead } {
  if (request.status !== 'draft') return { stored, resources }
  const { kept } = sift(stored.content.changes)
  const proposals = stored.proposals.filter((_, index) => kept.includes(index))
  const changes = proposals.map(({ change }) => change)
  return {
    stored: { ...stored, content: { ...stored.content, changes }, proposals },
    resources: keptOf(context, resources, { all: request.resources, changes }),
  }
}

/** The content with which a verb is tried: what moves it leaves the conflicts that it would, and an answer none. */
function triedWith<C extends Schedule & Pick<Content, 'changes'>>(
  content: C,
  { verb, collisions, at }: { readonly verb: PeopleVerb; readonly collisions: number; readonly at: number },
): Omit<C, keyof Schedule> & Schedule {
  if (verb !== 'rebase' && verb !== 'resolve') return timedFor(verb, content, at)
  const left = verb === 'rebase' ? collisions : 0
  const changes = content.changes.map((change, index): ProposedChange => {
    const open = index === 0 ? left : 0
    if (open === 0 && !change.rebase) return change
    const { from, draft, resolutions } = change.rebase ?? { from: change.base, draft: change.after, resolutions: [] }
    return { ...change, rebase: { from, draft, resolutions, open } }
  })
  return { ...content, changes }
}

/** The content with which a verb is tried: one that can say when says it if the time that was said has passed. */
function timedFor<C extends Schedule>(verb: PeopleVerb, content: C, at: number): Omit<C, keyof Schedule> & Schedule {
  const { applyAt, openTime, applyBy, revertAt, ...rest } = content
  if (verb === 'schedule') return { ...rest, applyAt: at + 1 }
  const times = [applyAt, openTime?.until, applyBy, revertAt]
  return times.some((time) => time !== undefined && time <= at) && canSayWhen.includes(verb) ? rest : content
}

const canSayWhen: readonly PeopleVerb[] = ['submit', 'resubmit', 'reopen', 'take_over']

/** The same with no request named that the actor may not read. */
async function asReadable(
  context: Context,
  actor: Actor,
  { can, shown }: { readonly can: Permissions; readonly shown: Shown },
): Promise<Permissions> {
  const rights = readingRights(context, actor, { settings: shown.settings })
  const entries = Object.entries(can).map(async ([method, answer]: readonly [string, true | Refusal]) => {
    if (answer === true) return [method, answer]
    return [method, await veiled(context, actor, { refusal: answer, rights, about: shown.request.id })]
  })
  return Object.fromEntries(await Promise.all(entries))
}

/** Why nothing can be done with a resource that is where the actor may not read: for them there is none. */
async function outOfReach(context: Context, actor: Actor, shown: Shown): Promise<Partial<MethodPermissions>> {
  const { request, settings, resources } = shown
  const gone = await outOfSight(readingRights(context, actor, { settings }), request, resources.resources)
  if (!gone) return {}
  const unknown = refuse('unknown_resource', { type: gone.type, id: gone.id }).refusal
  const reaching = requestMethods.filter((method) => method !== 'abandon' && rowFor(method, shown).takes !== undefined)
  return Object.fromEntries(reaching.map((method) => [method, unknown]))
}

/** The row of the verb that a method means for a request as it is. */
function rowFor(method: RequestMethod, { request, at, facts }: Shown): VerbRow {
  return rowOf(verbOf(method, request, { at, holds: facts.holds }))
}

/** Why the actor's roles, or the editors of a resource, forbid verbs. */
async function forbidden(
  context: Context,
  by: Actor,
  { shown, changes }: { readonly shown: Shown; readonly changes: readonly ProposedChange[] },
): Promise<Partial<MethodPermissions>> {
  const { request, settings, setVersion } = shown
  const facts = { request, settings, setVersion, changes }
  const [editing, bypassing] = await Promise.all(
    (['edit', 'bypass'] as const).map((type) => permittedTo(context, { type, by }, facts)),
  )
  const refused = requestMethods.flatMap((method) => {
    const { takes } = rowFor(method, shown)
    const answer = takes === 'bypass' ? bypassing : takes === 'edit' ? editing : undefined
    return answer && !answer.ok ? [[method, answer.refusal] as const] : []
  })
  return Object.fromEntries(refused)
}

/** Which verbs would be one too many of what there is already. */
function beyondLimits(context: Context, { request, at, facts }: Shown): Partial<MethodPermissions> {
  const refused = requestMethods.flatMap((method) => {
    const full = overfull(context, request, verbOf(method, request, { at, holds: facts.holds }))
    return full ? [[method, full.refusal] as const] : []
  })
  return Object.fromEntries(refused)
}

/** Why some verbs would change nothing. */
function pointlessNow({ request: { id }, stored, ...shown }: Shown): Partial<MethodPermissions> {
  const { stale, unmovable, collisions } = shown
  const rebase = unmovable ?? (stale ? undefined : refuse('up_to_date', { request: id }).refusal)
  const isSettled = stored && openConflicts(stored.content) === 0 && collisions === 0
  const resolve = isSettled ? refuse('no_conflicts', { request: id }).refusal : undefined
  const isMade = unmovable?.code === 'nothing_changed'
  return defined({ rebase, resolve: isMade ? resolve : (unmovable ?? resolve) })
}
