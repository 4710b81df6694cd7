import { defined } from '../../core/defined.ts'
import { projectAction } from '../../core/policy/model/built-in-actions.ts'
import { isOwnType } from '../../core/policy/model/policy-type.ts'
import type { PinnedMove } from '../../core/request/model/content.ts'
import { type Result, refuse, success } from '../../errors/result.ts'
import type { ResourceRecord } from '../records/record-types.ts'
import { isKeptByHost } from '../resource-types/host-project.ts'
import type { ResourceType } from '../resource-types/resource-type.ts'
import { isProjectChange } from '../resource-types/wanted-change.ts'
import { clockMove, type Start } from './perform-action.ts'
import { type Proposal, propose, type ResolvedWish, startOfWish, type WishFacts } from './propose-change.ts'

/** Works out what a wish would make of a resource: of its document, of its state, or of where it is. */
export async function proposeWish(
  wish: ResolvedWish,
  live: ResourceRecord | undefined,
  facts: WishFacts,
): Promise<Result<Proposal>> {
  const start = startOfWish(wish, live, facts)
  if (!start.ok) return start
  const { type, change } = wish
  if (isProjectChange(change)) return await proposeProject(type, start.value, change.toProject)
  return await propose({ ...wish, change }, start.value, facts)
}

/** Works out how a resource goes to another project: its document stays, and so does its state, with its clock. */
export async function proposeProject(type: ResourceType, start: Start, toProject: string): Promise<Result<Proposal>> {
  const { resource, project, base, incarnation, before, state, stateDueAt } = start
  if (isOwnType(type.type)) return wrongProject('is for your own resources: this one belongs to no project')
  if (isKeptByHost(type)) {
    return wrongProject(
      `is not for ${type.type}: the application keeps it, and its projectOf says where. Move it there`,
    )
  }
  if (before === undefined) return refuse('unknown_resource', resource)
  const live = state ?? type.lifecycle?.initial
  if (live !== undefined && !type.lifecycle) {
    return refuse('invalid_transition', { lifecycle: type.type, state: live, action: projectAction, possible: [] })
  }
  const stays = { resource, project, base, incarnation, actions: [projectAction], places: [], after: before }
  if (toProject === project) return success({ before, change: stays })
  if (live === undefined) return success({ before, change: { ...stays, toProject } })
  const isTimed = stateDueAt !== undefined
  const next = isTimed ? await clockMove(type, start, { to: live, document: before }) : success(undefined)
  if (!next.ok) return next
  const clock = defined({ dueAt: stateDueAt, next: next.value })
  const move: PinnedMove = { action: projectAction, from: live, to: live, ...clock }
  return success({ before, change: { ...stays, toProject, move } })
}

function wrongProject(problem: string) {
  return refuse('invalid_input', { argument: 'change.toProject', problem })
}
