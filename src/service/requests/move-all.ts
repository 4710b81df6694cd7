import type { Resolution } from '../../core/change/conflict.ts'
import type { Request } from '../../core/request/model/request.ts'
import { type Result, refuse, success } from '../../errors/result.ts'
import type { Proposal } from '../changes/propose-change.ts'
import { rebaseChange } from '../changes/rebase.ts'
import type { Context } from '../context/context.ts'
import { resourceTypeOf } from '../context/find-resource-type.ts'
import { type ContentRead, documentAt, type ResourcesRead } from '../facts/read-content.ts'

/** The changes of a request, and what is live of their resources. */
interface Moving {
  readonly request: Request
  readonly stored: ContentRead
  readonly resources: ResourcesRead
  readonly resolutions: readonly Resolution[]
}

/** Moves every change of a request onto the live revision, with answers to what collides there. */
export async function moveAll(
  context: Context,
  { request, stored, resources, resolutions }: Moving,
): Promise<Result<readonly Proposal[]>> {
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
