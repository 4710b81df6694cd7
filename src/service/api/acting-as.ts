import type { Actor } from '../../core/request/model/event.ts'
import { fail } from '../../errors/approval-error.ts'
import type { VerbOptions } from '../arguments/verb-options.ts'
import { readAgain } from '../commands/read-again.ts'
import type { Context } from '../context/context.ts'
import { outcomeNow } from '../queries/submission-outcome.ts'
import type { Intention } from '../requests/decide-submission.ts'
import { type ChangeOf, preview, submitCommand } from '../requests/submit-command.ts'
import { actingAccess } from './acting-access.ts'
import type { ActingApprovals } from './acting-approvals.ts'
import { actingAudit } from './acting-audit.ts'
import { actingDelegations } from './acting-delegations.ts'
import { actingNotices } from './acting-notices.ts'
import { actingPolicies } from './acting-policies.ts'
import { actingRequests } from './acting-requests.ts'
import { actingResources } from './acting-resources.ts'
import { actingWorkflow } from './acting-workflow.ts'
import { commandsOf } from './actor-commands.ts'
import { checkOptions, intentionOf, said, timed, told, wishesOf } from './check-submission.ts'

/** Binds every verb to one actor, and checks what comes in at each of them. */
export function actingAs(context: Context, actor: Actor): ActingApprovals {
  const commands = commandsOf(context, actor)
  const submit = async (intention: Intention, asked: object, options: VerbOptions) => {
    const wanted = { ...asked, ...intention, wishes: undefined }
    const outcome = await commands.run(submitCommand(context, actor, intention), wanted, options)
    if (outcome.status === 'applied') await commands.returnAfter(intention.wishes.map(({ ref }) => ref))
    return await outcomeNow(context, actor, outcome)
  }
  return {
    async submit(ref, change, options = {}) {
      const intention = intentionOf(context, 'submit', { ref, change, options })
      return await submit(intention, { ref, change, ...options }, options)
    },
    async submitAll(changes, options = {}) {
      checkOptions(options, 'applyAt', 'notify')
      const wishes = wishesOf(context, changes as readonly ChangeOf<never>[])
      const intention = { verb: 'submit', wishes, ...said(options), ...timed(options), ...told(options) } as const
      return await submit(intention, { changes }, options)
    },
    async preview(ref, change, options = {}) {
      const intention = intentionOf(context, 'submit', { ref, change, options })
      return await readAgain(() => preview(context, actor, intention))
    },
    async draft(ref, change, options = {}) {
      const intention = intentionOf(context, 'draft', { ref, change, options })
      const outcome = await submit(intention, { ref, change, ...options }, options)
      if (outcome.status === 'pending') return outcome.request
      return fail('invalid_input', { argument: 'change', problem: 'was applied instead of drafted' })
    },
    requests: actingRequests(context, actor, commands),
    resources: actingResources(context, actor),
    policies: actingPolicies(context, actor, commands),
    access: actingAccess(context, actor, commands),
    delegations: actingDelegations(context, actor, commands),
    workflow: actingWorkflow(context, actor, commands),
    notices: actingNotices(context, actor, commands),
    audit: actingAudit(context, actor),
  }
}
