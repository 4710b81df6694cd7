import { defined } from '../../core/defined.ts'
import { landingOn } from '../../core/request/decide/request-outcome.ts'
import type { TargetFacts } from '../../core/request/model/command.ts'
import type { RequestEvent } from '../../core/request/model/event.ts'
import type { Request } from '../../core/request/model/request.ts'
import type { Write } from '../../ports/storage.ts'
import { revisionWrites } from '../commands/revision-writes.ts'
import type { Accepted } from '../commands/run-command.ts'
import type { Context } from '../context/context.ts'
import type { ResourcesRead } from '../facts/read-content.ts'
import { revertWrites, waysBack } from './planned-reverts.ts'

/** What was read of the resources of a request, if it was. */
export interface AppliedChange {
  readonly event: RequestEvent
  readonly target?: TargetFacts
  readonly resources?: Pick<ResourcesRead, 'resources' | 'preconditions'>
  /** Whether it was sent to an external system before, which may have it. */
  readonly sent?: boolean
}

/** The statement that the resources and their locks still are as they were seen, and what applying makes of them. */
export async function landingWrites(
  context: Context,
  request: Request,
  { event, target, resources, sent = false }: AppliedChange,
): Promise<readonly Write[]> {
  const { outcome, at } = event
  if (!resources || !target) return []
  const isToBeSent = outcome.status === 'applying' && !sent && request.revertAt !== undefined
  if (outcome.status !== 'applied' && !isToBeSent) return resources.preconditions
  const { tenant, id, requester: author, via, reason: message } = request
  const authorship = { tenant, author, via, at, request: id, ...defined({ message }) }
  const landed = landingOn(target).map(({ change, index }) => ({ change, live: resources.resources[index] }))
  const made = { landed, authorship, sent }
  if (isToBeSent) {
    // What could not be taken back is not sent.
    await waysBack(context, made)
    return resources.preconditions
  }
  return [
    ...resources.preconditions,
    ...landed.flatMap(({ change, live }) => revisionWrites(live, change, authorship)),
    ...(await revertWrites(context, request, made)),
  ]
}

/** What lands is committed before the next freeze begins, unless it passes them. */
export function inTimeFor(event: RequestEvent, target: TargetFacts | undefined): Pick<Accepted<unknown>, 'before'> {
  const lands = event.outcome.status === 'applied' || event.outcome.status === 'applying'
  const passes = event.type === 'bypassed' || event.type === 'glass_broken'
  return lands && !passes ? defined({ before: target?.frozenFrom }) : {}
}
