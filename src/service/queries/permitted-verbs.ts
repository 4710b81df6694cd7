import { type Permissions, permittedMethods, verbOf } from '../../core/request/decide/permitted-methods.ts'
import type { Facts, NextContent } from '../../core/request/model/command.ts'
import { type Content, openConflicts, type ProposedChange } from '../../core/request/model/content.ts'
import type { Actor } from '../../core/request/model/event.ts'
import { isAsPlanned, isPlannedRevert } from '../../core/request/model/planned-revert.ts'
import type { PolicySetState } from '../../core/request/model/policy-set-state.ts'
import { peopleBehind, type Request } from '../../core/request/model/request.ts'
import type { Schedule } from '../../core/request/model/schedule.ts'
import { type PeopleVerb, requestMethods, rowOf } from '../../core/request/model/status-table.ts'
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
import { sift } from '../requests/left-out.ts'
import { permittedTo } from '../requests/permission-for-verb.ts'

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
  /** Why it cannot be rebased, if it is stale and cannot. */
  readonly unmovable?: Refusal
  /** How many conflicts a rebase has left, or would. */
  readonly collisions: number
  readonly at: number
}

/**
 * Says what somebody can do with a request now: every verb is decided on the facts of this moment, and none is done.
 */
export async function permitted(context: Context, actor: Actor, shown: Shown): Promise<Permissions> {
  const { request, facts, at } = shown
  if (!shown.stored) return permittedMethods(actor, request, { at, factsFor: () => facts })
  const { lost } = shown.stored
  if (lost) return withoutContent(permittedMethods(actor, request, { at, factsFor: () => facts }), lost)
  const { stored, resources } = putForward(context, { ...shown, stored: shown.stored })
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
  const factsFor = (verb: PeopleVerb): Facts => {
    const target = rowOf(verb).brings === 'content' ? asSubmitted : asReviewed
    const own = makerOf({ type: verb, by: actor }) === undefined ? target : (byHand ?? target)
    const left = { verb, collisions: shown.collisions, at }
    return { ...facts, target: triedWith(own, left), next: triedWith(next, left) }
  }
  const can = permittedMethods(actor, request, { at, factsFor })
  const may = { can, shown, changes: bothWays(context, shown.stored.proposals, content) }
  const said = { ...can, ...pointless(can, shown), ...(await forbidden(context, actor, may)) }
  return await asReadable(context, actor, { can: said, shown })
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
  const { request, settings, facts, at, resources } = shown
  const rights = readingRights(context, actor, { settings })
  const gone = await outOfSight(rights, request, resources.resources)
  const entries = requestMethods.map(async (method) => {
    const answer = can[method]
    const { takes } = rowOf(verbOf(method, request, { at, holds: facts.holds }))
    const tells = answer === true || answer.code === 'stale' || answer.code === 'wrong_project'
    if (gone && takes !== undefined && method !== 'abandon' && tells) {
      return [method, refuse('unknown_resource', { type: gone.type, id: gone.id }).refusal]
    }
    if (answer === true) return [method, answer]
    return [method, await veiled(context, actor, { refusal: answer, rights, about: request.id })]
  })
  return Object.fromEntries(await Promise.all(entries))
}

/** What is possible of a request whose content retention has removed: nothing that would go on with it. */
function withoutContent(can: Permissions, lost: NonNullable<ContentRead['lost']>): Permissions {
  const refused = requestMethods.flatMap((method) => (can[method] === true ? [[method, lost] as const] : []))
  return { ...can, ...Object.fromEntries(refused) }
}

/** Why the actor's roles, or the editors of a resource, forbid verbs that are possible otherwise. */
async function forbidden(
  context: Context,
  by: Actor,
  {
    can,
    shown,
    changes,
  }: { readonly can: Permissions; readonly shown: Shown; readonly changes: readonly ProposedChange[] },
): Promise<Partial<Permissions>> {
  const { request, settings, setVersion } = shown
  const facts = { request, settings, setVersion, changes }
  const [editing, bypassing] = await Promise.all(
    (['edit', 'bypass'] as const).map((type) => permittedTo(context, { type, by }, facts)),
  )
  const clock = { at: shown.at, holds: shown.facts.holds }
  const refused = requestMethods.flatMap((method) => {
    const type = verbOf(method, request, clock)
    const full = overfull(context, request, type)
    if (can[method] === true && full) return [[method, full.refusal]]
    const { takes } = rowOf(type)
    const answer = takes === 'bypass' ? bypassing : takes === 'edit' ? editing : undefined
    return can[method] === true && answer && !answer.ok ? [[method, answer.refusal]] : []
  })
  return Object.fromEntries(refused)
}

/** Why some verbs would change nothing, if they are possible. */
function pointless(can: Permissions, shown: Shown): Partial<Permissions> {
  const {
    request: { id: request },
    stored,
    stale,
    unmovable,
    collisions,
  } = shown
  const unchanged = refuse('up_to_date', { request }).refusal
  const settled = refuse('no_conflicts', { request }).refusal
  return {
    ...(can.rebase === true && !stale ? { rebase: unchanged } : {}),
    ...(can.rebase === true && unmovable ? { rebase: unmovable } : {}),
    ...(can.resolve === true && stored && openConflicts(stored.content) === 0 && collisions === 0
      ? { resolve: settled }
      : {}),
  }
}
