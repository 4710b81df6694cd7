import type { RequestCommand, TargetFacts } from '../core/request/command.ts'
import type { ProposedChange } from '../core/request/content.ts'
import type { LaterEvent } from '../core/request/event.ts'
import type { Request } from '../core/request/request.ts'
import { landing } from '../core/request/settle.ts'
import { type Result, success } from '../errors.ts'
import type { Write } from '../ports/storage.ts'
import type { Context } from './context.ts'
import { mayEditAll, newAccessWrites } from './editors.ts'
import type { PolicySetRecord } from './records.ts'
import { maySet } from './settings-guard.ts'

/** Tells whether a verb writes, or makes what was written real: that takes whoever may edit. Answers need nothing but being asked. */
export function needsEditing(type: RequestCommand['type']): boolean {
  return type === 'apply' || type === 'retry' || type === 'abandon' || isContentCommand({ type })
}

/** Decides whether the actor may do this to these changes, besides what the request itself says of them. */
export async function permittedTo(
  context: Context,
  { type, by }: Pick<RequestCommand, 'type' | 'by'>,
  {
    request: { project },
    settings,
    changes,
  }: {
    readonly request: Request
    readonly settings: PolicySetRecord | undefined
    readonly changes: readonly ProposedChange[]
  },
): Promise<Result<readonly Write[]>> {
  if (needsEditing(type)) {
    return await mayEditAll(context, by, { settings, changes })
  }
  const bypasses = type === 'bypass' || type === 'break_glass'
  if (!bypasses || context.access.type !== 'roles') return success([])
  const allowed = await maySet(context, by, { settings, permission: 'requests.bypass', projects: [project] })
  return allowed.ok ? success([]) : allowed
}

/** Writes who edits the resources that a request makes, as if its requester made them now. */
export async function createdAccess(
  context: Context,
  { tenant, requester: user, via }: Request,
  {
    event,
    target,
    settings,
  }: {
    readonly event: LaterEvent
    readonly target?: TargetFacts
    readonly settings: PolicySetRecord | undefined
  },
): Promise<readonly Write[]> {
  if (event.outcome.status !== 'applied' || !target) return []
  return await newAccessWrites(context, { tenant, user, via }, { settings, changes: landing(target), at: event.at })
}

/** Tells whether a command brings content, or puts content to reviewers. */
export function isContentCommand({ type }: Pick<RequestCommand, 'type'>): boolean {
  switch (type) {
    case 'edit':
    case 'submit':
    case 'resubmit':
    case 'reopen':
    case 'rebase':
    case 'resolve':
    case 'schedule':
    case 'unschedule':
      return true
    case 'approve':
    case 'reject':
    case 'request_changes':
    case 'withdraw':
    case 'comment':
    case 'recall':
    case 'cancel':
    case 'discard':
    case 'apply':
    case 'retry':
    case 'abandon':
    case 'bypass':
    case 'break_glass':
    case 'settle_debt':
    case 'come_due':
    case 'escalate':
    case 'expire':
    case 'confirm':
    case 'reclaim':
    case 'remind':
    case 'return':
      return false
  }
}
