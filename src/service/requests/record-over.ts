import { defined } from '../../core/defined.ts'
import { decide } from '../../core/request/decide/decide.ts'
import { evolve } from '../../core/request/model/evolve.ts'
import { projectsOf } from '../../core/request/model/whereabouts.ts'
import { refuse, success } from '../../errors/result.ts'
import { ComeFirst, type Command } from '../commands/run-command.ts'
import type { Context } from '../context/context.ts'
import { switchFacts } from '../context/workflow-switch.ts'
import type { Over } from '../facts/lock-holders.ts'
import { recordCodeFirst } from '../policies/record-coded-policies.ts'
import type { PolicySetRecord } from '../records/record-types.ts'
import { read, recordKey, unchanged } from '../records/typed-storage.ts'
import { ownUser } from '../values/reserved.ts'
import { noticeMessage } from './recipients.ts'
import { requestWrites } from './request-writes.ts'

/** Has it recorded first that requests are over whose locks are in the way; goes on if none is. */
export function recordFirst(context: Context, over: readonly Over[]): void {
  if (over.length > 0) throw new ComeFirst(over.map((one) => overCommand(context, one)))
}

/** Has whatever a command that was decided comes after recorded first: what is over, and the policies in code. */
export function recordBefore(
  context: Context,
  {
    tenant,
    settings,
    over,
  }: { readonly tenant: string; readonly settings: PolicySetRecord | undefined; readonly over: readonly Over[] },
): void {
  recordFirst(context, over)
  recordCodeFirst(context, tenant, settings)
}

/**
 * Makes the command that records that a request is over, as the clock does: at its deadline, or since the workflow was
 * switched off, by whoever did that.
 */
function overCommand(context: Context, { request: { tenant, id, ...where }, verb: type }: Over): Command<undefined> {
  const clock = { tenant, user: ownUser, via: 'tick' }
  return {
    verb: type,
    actor: clock,
    about: `request/${id}`,
    async attempt(at) {
      const { before, policySet, returns } = await read(context.storage, {
        before: recordKey('requests', tenant, id),
        policySet: recordKey('policySets', tenant),
        returns: [
          ...projectsOf(where).map((project) => recordKey('returns', tenant, project)),
          recordKey('returns', tenant, ''),
        ],
      })
      if (!before) return refuse('unknown_request', { request: id })
      const [switched] = returns.flatMap((one) => one?.value ?? [])
      const {
        by: user,
        via,
        reason,
      } = type === 'return' && switched ? switched : ({ by: ownUser, via: 'tick' } as const)
      const settings = policySet?.value
      const request = before.value
      const { requirements, rules } = request
      const decision = decide({ type, by: { tenant, user, via }, at, ...defined({ reason }) }, request, {
        users: new Map(),
        requirements,
        rules,
        ...switchFacts(context, settings, request),
      })
      if (!decision.ok)
        return decision.refusal
          ? { ok: false, refusal: decision.refusal }
          : refuse('not_due', { request: id, verb: type, dueAt: 0 })
      const event = decision.value
      const next = evolve(request, event)
      const message = await noticeMessage(context, event, { before: request, next, settings })
      if (!message.ok) return message
      const writes = [
        unchanged(recordKey('policySets', tenant), policySet),
        ...requestWrites(context, before, { events: [event], next, message: message.value }),
      ]
      return success({ writes, answer: undefined })
    },
  }
}
