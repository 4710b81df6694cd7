import { canonical } from '../../core/change/canonical.ts'
import { asJson } from '../../core/change/json.ts'
import { defined } from '../../core/defined.ts'
import type { Facts, NextContent, TargetFacts } from '../../core/request/model/command.ts'
import type { ProposedChange } from '../../core/request/model/content.ts'
import type { PolicySetState } from '../../core/request/model/policy-set-state.ts'
import { peopleBehind, type Request } from '../../core/request/model/request.ts'
import { whereaboutsOf } from '../../core/request/model/whereabouts.ts'
import { type Refusal, refuse } from '../../errors/result.ts'
import { askingFreezes } from '../changes/asking-freezes.ts'
import { type EvaluatedChanges, evaluateChanges } from '../changes/evaluate-changes.ts'
import { freezeFacts } from '../changes/frozen.ts'
import { judgedAgain } from '../changes/lifecycle-action.ts'
import type { Proposal } from '../changes/propose-change.ts'
import { rebaseChange } from '../changes/rebase.ts'
import { outsideFacts } from '../commands/external-claims.ts'
import type { Context } from '../context/context.ts'
import { resourceTypeOf } from '../context/find-resource-type.ts'
import { isOnFor } from '../context/workflow-switch.ts'
import { unfitPolicies } from '../policies/policy-writes.ts'
import { unfitTurns } from '../policies/workflow-writes.ts'
import type { PolicySetRecord } from '../records/record-types.ts'
import { read, recordKey } from '../records/typed-storage.ts'
import { validated } from '../resource-types/validate-document.ts'
import { meetLocks } from './lock-holders.ts'
import type { ContentRead, ResourcesRead } from './read-content.ts'

/** Where content is to land, and by which rules. */
export interface ApplyTarget {
  readonly request: Pick<Request, 'tenant' | 'requester' | 'formerRequesters' | 'contributors' | 'via' | 'applyAt'>
  readonly read: ResourcesRead
  /** Whether what is stale may be moved onto the live revisions. */
  readonly rebases: boolean
  readonly settings: PolicySetRecord | undefined
  readonly setVersion: PolicySetState
  /** Who has to be able to make it: whoever applies it by hand. Left out: whoever asks for it. */
  readonly maker?: string | undefined
  /** When it is to land, in milliseconds since 1970. */
  readonly at: number
}

/** Works out what applying has to know: the content as it would land, and the resources as they are. */
export async function targetOf(
  context: Context,
  { content, proposals }: ContentRead,
  landing: ApplyTarget,
): Promise<TargetFacts> {
  const { resources, holders, claim } = landing.read
  const live = resources.map((resource) => resource?.value.revision ?? 0)
  const stale = content.changes.some(({ base }, index) => base !== live[index])
  const moved = stale && landing.rebases ? await rebasedChanges(context, proposals, landing) : undefined
  const rebased = moved?.map(({ change }) => change)
  const invalid = await firstInvalid(context, rebased ?? content.changes, landing)
  const { tenant } = landing.request
  const met = await meetLocks(context, { tenant, proposals, holders, setVersion: landing.setVersion })
  const heldBy = holders.find((holder) => holder !== undefined)?.request
  const landed = [...proposals, ...(moved ?? [])]
  return {
    ...content,
    live,
    ...met,
    ...defined({ heldBy }),
    ...(claim ? { outside: outsideFacts(context, claim) } : {}),
    ...freezeFacts(context, landing.settings, { proposals: landed, at: landing.at }),
    ...blockedThen(context, landing, landed),
    ...defined({ invalid, rebased }),
  }
}

/**
 * Tells whether a change that is stale is moved onto the live revisions by itself: by the rules of the policies that
 * ask somebody to approve it, or, if none does, by what all of its resource types say.
 */
export function rebasesByItself(
  { resources: types }: Context,
  { resources }: { readonly resources: readonly { readonly type: string }[] },
  { next, ...inForce }: Pick<Facts, 'requirements' | 'rules'> & { readonly next?: Pick<NextContent, 'evaluation'> },
): boolean {
  const { requirements, rules } = next && next.evaluation.requirements.length > 0 ? next.evaluation : inForce
  if (requirements.length > 0) return rules.onStale === 'rebase'
  return resources.every(({ type }) => types.get(type)?.onStale === 'rebase')
}

/** Tells whether a request is behind: a resource of it has moved on, as far as that is recorded. It asks no host. */
export async function isBehind({ storage }: Context, { tenant, resources }: Request): Promise<boolean> {
  const { live } = await read(storage, {
    live: resources.map(({ type, id }) => recordKey('resources', tenant, type, id)),
  })
  return resources.some(({ base }, index) => (live[index]?.value.revision ?? 0) !== base)
}

/** Says that a freeze blocked the change at the time that it was scheduled for, whether or not anybody came by then. */
function blockedThen(
  context: Context,
  { request: { applyAt }, settings, at }: ApplyTarget,
  proposals: readonly Proposal[],
): Pick<TargetFacts, 'blockedThen'> {
  if (applyAt === undefined || applyAt >= at) return {}
  const { frozen } = freezeFacts(context, settings, { proposals, at: applyAt })
  return frozen?.mode === 'block' ? { blockedThen: true } : {}
}

/**
 * Moves changes onto the live revisions, if nothing collides and the policies ask the same of them there: those that
 * ask now, with the workflow on or off.
 */
async function rebasedChanges(
  context: Context,
  proposals: readonly Proposal[],
  { request, settings, setVersion, at, read: { resources } }: ApplyTarget,
): Promise<readonly Proposal[] | undefined> {
  const { tenant } = request
  const behind = peopleBehind(request)
  const moved: Proposal[] = []
  for (const [index, { change, before }] of proposals.entries()) {
    const result = await rebaseChange(resourceTypeOf(context, change.resource.type), {
      tenant,
      change,
      base: before,
      live: resources[index]?.value,
      resolutions: [],
    })
    if (!result.ok || result.value.conflicts.length > 0) return undefined
    moved.push(result.value.proposal)
  }
  const changes = proposals.map(({ change }) => change)
  const off = !isOnFor(context, settings, {
    ...whereaboutsOf(changes),
    resources: changes.map(({ resource }) => resource),
  })
  const asking = askingFreezes(context, settings, { now: at, schedule: defined({ applyAt: request.applyAt }) })
  const [here, there] = await Promise.all([
    evaluateChanges(context, tenant, { setVersion, proposals, behind, off, asking }),
    evaluateChanges(context, tenant, { setVersion, proposals: moved, behind, off, asking }),
  ])
  if (canonical(asJson(decidingPart(here))) !== canonical(asJson(decidingPart(there)))) return undefined
  return moved
}

/** What is asked, without what policies in shadow would ask. */
function decidingPart({ evaluation, gated }: EvaluatedChanges) {
  const { shadow: _, ...asked } = evaluation
  return { asked, gated }
}

async function firstInvalid(
  context: Context,
  changes: readonly ProposedChange[],
  { request, settings, setVersion, read: { resources, projects }, maker = request.requester }: ApplyTarget,
): Promise<Refusal | undefined> {
  const { tenant, via } = request
  for (const [index, change] of changes.entries()) {
    const { resource, project, after } = change
    const actual = projects[index] ?? project
    if (actual !== project) return refuse('wrong_project', { ...resource, project, actual }).refusal
    const type = resourceTypeOf(context, resource.type)
    const valid = after === null ? undefined : await validated(type, resource.id, after)
    if (valid && !valid.ok) return valid.refusal
    const refusal = await judgedAgain(type, change, { tenant, live: resources[index]?.value })
    if (refusal) return refusal
  }
  const state = { tenant, settings, setVersion }
  const asked = { state, requester: { tenant, user: maker, via } }
  return (await unfitPolicies(context, asked, changes)) ?? (await unfitTurns(context, asked, changes))
}
