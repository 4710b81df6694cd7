import type { Facts } from '../../core/request/model/command.ts'
import type { Actor } from '../../core/request/model/event.ts'
import { isPlannedRevert } from '../../core/request/model/planned-revert.ts'
import type { Request } from '../../core/request/model/request.ts'
import { projectsOf } from '../../core/request/model/whereabouts.ts'
import type { KnownUsers } from '../../core/review/under-review.ts'
import { isKnown } from '../../core/review/voter.ts'
import { maySet } from '../access/check-permission.ts'
import type { Context } from '../context/context.ts'
import type { PolicySetRecord } from '../records/record-types.ts'

/** A request, and those whom the directory knows of all that had to do with it. */
export interface LeftBehind {
  readonly request: Request
  readonly settings: PolicySetRecord | undefined
  readonly users: KnownUsers
}

/**
 * Says whether somebody may see to what another has left behind: as whoever changes the approval settings there.
 * Nothing is asked while the requester is still there, but of what takes a change back, which is nobody's.
 */
export async function custodianOf(
  context: Context,
  actor: Actor,
  { request, settings, users }: LeftBehind,
): Promise<Pick<Facts, 'custodian'>> {
  if (isKnown(users, request.requester) && !isPlannedRevert(request)) return {}
  const allowed = await maySet(context, actor, {
    settings,
    permission: 'approval_settings.edit',
    projects: projectsOf(request),
  })
  return { custodian: allowed.ok ? true : allowed.refusal }
}
