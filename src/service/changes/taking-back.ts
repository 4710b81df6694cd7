import { diff } from '../../core/change/diff.ts'
import type { ProposedChange } from '../../core/request/model/content.ts'
import type { Schedule } from '../../core/request/model/schedule.ts'
import type { ResourceType } from '../resource-types/resource-type.ts'
import type { Proposal } from './propose-change.ts'

/**
 * What takes a change back, if nothing else happens to its resource: whoever agrees to a change for a time agrees to
 * both, so that both are put to the policies and to those who may say who makes them.
 */
export function reversed(type: ResourceType | undefined, { change, before }: Proposal): Proposal {
  const { path: _path, given: _given, ...rest } = change
  const after = change.after ?? undefined
  const places = type ? diff(after, before, type.shape) : undefined
  const back = places?.ok ? places.value : []
  const found = type && back.length > 0 ? type.actionsOf({ before: after, after: before }, back) : []
  const actions = [...new Set([...(change.move ? [change.move.action] : []), ...found])]
  return { change: { ...rest, places: back, actions, after: before ?? null }, before: after }
}

/** Changes and, if they are for a time, what takes them back. */
export function bothWays(
  { resources }: { readonly resources: ReadonlyMap<string, ResourceType> },
  proposals: readonly Proposal[],
  { revertAt }: Pick<Schedule, 'revertAt'>,
): readonly ProposedChange[] {
  const changes = proposals.map(({ change }) => change)
  if (revertAt === undefined) return changes
  const back = proposals.map((one) => reversed(resources.get(one.change.resource.type), one).change)
  return [...changes, ...back]
}
