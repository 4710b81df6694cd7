import type { StreamHead } from '../../core/log/event-chain.ts'
import { type Permissions, permittedMethods, verbOf } from '../../core/request/decide/permitted-methods.ts'
import type { Facts, NextContent } from '../../core/request/model/command.ts'
import { type Content, openConflicts } from '../../core/request/model/content.ts'
import type { Actor } from '../../core/request/model/event.ts'
import type { Request } from '../../core/request/model/request.ts'
import { type PeopleVerb, requestMethods, rowOf } from '../../core/request/model/status-table.ts'
import { refuse } from '../../errors/result.ts'
import { overfull } from '../arguments/check-limits.ts'
import { evaluateChanges } from '../changes/evaluate-changes.ts'
import type { Context } from '../context/context.ts'
import { isOnFor } from '../context/workflow-switch.ts'
import { targetOf } from '../facts/apply-target.ts'
import type { ContentRead, ResourcesRead } from '../facts/read-content.ts'
import type { PolicySetRecord } from '../records/record-types.ts'
import { permittedTo } from '../requests/permission-for-verb.ts'

/** A request with everything that a decision about it looks at, as far as it was read. */
export interface Shown {
  readonly request: Request
  readonly facts: Omit<Facts, 'target' | 'next'>
  /** Undefined if the content is not there. */
  readonly stored: ContentRead | undefined
  readonly resources: ResourcesRead
  readonly settings: PolicySetRecord | undefined
  readonly setVersion: StreamHead
  readonly stale: boolean
  readonly at: number
}

/**
 * Says what somebody can do with a request now: every verb is decided on the facts of this moment, and none is done.
 */
export async function permitted(context: Context, actor: Actor, shown: Shown): Promise<Permissions> {
  const { request, facts, stored, at } = shown
  if (!stored) return permittedMethods(actor, request, { at, factsFor: () => facts })
  const [target, weighed] = await Promise.all([
    targetOf(context, stored, {
      request,
      read: shown.resources,
      rebases: facts.rules.onStale === 'rebase',
      settings: shown.settings,
      setVersion: shown.setVersion,
    }),
    evaluateChanges(context, request.tenant, {
      setVersion: shown.setVersion,
      proposals: stored.proposals,
      off: !isOnFor(context, shown.settings, request),
    }),
  ])
  const { content } = stored
  const next: NextContent = { ...content, before: content.changes, policySet: shown.setVersion, ...weighed }
  const factsFor = (verb: PeopleVerb): Facts => {
    return { ...facts, target, next: verb === 'schedule' ? { ...next, applyAt: at + 1 } : next }
  }
  const can = permittedMethods(actor, request, { at, factsFor })
  return { ...can, ...pointless(can, shown), ...(await forbidden(context, actor, { can, shown, content })) }
}

/** Why the actor's roles, or the editors of a resource, forbid verbs that are possible otherwise. */
async function forbidden(
  context: Context,
  by: Actor,
  { can, shown, content }: { readonly can: Permissions; readonly shown: Shown; readonly content: Content },
): Promise<Partial<Permissions>> {
  const { request, settings, setVersion } = shown
  const facts = { request, settings, setVersion, changes: content.changes }
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
function pointless(can: Permissions, { request: { id: request }, stored, stale }: Shown): Partial<Permissions> {
  const unchanged = refuse('up_to_date', { request }).refusal
  const settled = refuse('no_conflicts', { request }).refusal
  return {
    ...(can.rebase === true && !stale ? { rebase: unchanged } : {}),
    ...(can.resolve === true && stored && openConflicts(stored.content) === 0 ? { resolve: settled } : {}),
  }
}
