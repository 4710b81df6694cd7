import { canonical } from '../../core/change/canonical.ts'
import { asJson } from '../../core/change/json.ts'
import { defined } from '../../core/defined.ts'
import type { StreamHead } from '../../core/log/event-chain.ts'
import type { TargetFacts } from '../../core/request/model/command.ts'
import type { ProposedChange } from '../../core/request/model/content.ts'
import type { Request } from '../../core/request/model/request.ts'
import { type Refusal, refuse } from '../../errors/result.ts'
import { evaluateChanges } from '../changes/evaluate-changes.ts'
import { judgedAgain } from '../changes/lifecycle-action.ts'
import type { Proposal } from '../changes/propose-change.ts'
import { rebaseChange } from '../changes/rebase.ts'
import { outsideFacts } from '../commands/external-claims.ts'
import type { Context } from '../context/context.ts'
import { resourceTypeOf } from '../context/find-resource-type.ts'
import { unfitPolicies } from '../policies/policy-writes.ts'
import { unfitTurns } from '../policies/workflow-writes.ts'
import type { PolicySetRecord } from '../records/record-types.ts'
import { validated } from '../resource-types/validate-document.ts'
import { keptOffBy } from './lock-holders.ts'
import type { ContentRead, ResourcesRead } from './read-content.ts'

/** Where content is to land, and by which rules. */
export interface ApplyTarget {
  readonly request: Pick<Request, 'tenant' | 'requester' | 'via'>
  readonly read: ResourcesRead
  /** Whether what is stale may be moved onto the live revisions. */
  readonly rebases: boolean
  readonly settings: PolicySetRecord | undefined
  readonly setVersion: StreamHead
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
  const invalid = await firstInvalid(context, moved ?? content.changes, landing)
  const lockedBy = keptOffBy(context, content.changes, holders)
  const heldBy = holders.find((holder) => holder !== undefined)?.request
  return {
    ...content,
    live,
    ...defined({ lockedBy, heldBy }),
    ...(claim ? { outside: outsideFacts(context, claim) } : {}),
    ...defined({ invalid, rebased: moved }),
  }
}

/** Moves changes onto the live revisions, if nothing collides and the policies ask the same of them there. */
async function rebasedChanges(
  context: Context,
  proposals: readonly Proposal[],
  { request: { tenant }, setVersion, read: { resources } }: ApplyTarget,
): Promise<readonly ProposedChange[] | undefined> {
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
  const [here, there] = await Promise.all([
    evaluateChanges(context, tenant, { setVersion, proposals }),
    evaluateChanges(context, tenant, { setVersion, proposals: moved }),
  ])
  if (canonical(asJson(here)) !== canonical(asJson(there))) return undefined
  return moved.map(({ change }) => change)
}

async function firstInvalid(
  context: Context,
  changes: readonly ProposedChange[],
  { request: { tenant, requester: user, via }, settings, setVersion, read: { resources, projects } }: ApplyTarget,
): Promise<Refusal | undefined> {
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
  const asked = { state, requester: { tenant, user, via } }
  return (await unfitPolicies(context, asked, changes)) ?? (await unfitTurns(context, asked, changes))
}
