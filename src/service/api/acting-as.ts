import type { Actor } from '../../core/request/model/event.ts'
import { fail } from '../../errors/approval-error.ts'
import type { VerbOptions } from '../arguments/verb-options.ts'
import { readAgain } from '../commands/read-again.ts'
import type { Context } from '../context/context.ts'
import { outcomeNow } from '../queries/submission-outcome.ts'
import type { Intention } from '../requests/decide-submission.ts'
import { preview, submitCommand } from '../requests/submit-command.ts'
import { withParts } from '../values/on-demand.ts'
import { actingAccess } from './acting-access.ts'
import type { ActingApprovals } from './acting-approvals.ts'
import { actingAudit } from './acting-audit.ts'
import { actingDelegations } from './acting-delegations.ts'
import { actingFreezes } from './acting-freezes.ts'
import { actingNotices } from './acting-notices.ts'
import { actingPolicies } from './acting-policies.ts'
import { actingRequests } from './acting-requests.ts'
import { actingResources } from './acting-resources.ts'
import { actingWorkflow } from './acting-workflow.ts'
import { commandsOf } from './actor-commands.ts'
import { intentionOf, intentionOfCall, type SubmitCall, wishesOf } from './check-submission.ts'

/** Binds every verb to one actor, and checks what comes in at each of them. */
export function actingAs(context: Context, actor: Actor): ActingApprovals {
  const commands = commandsOf(context, actor)
  const submit = async (intention: Intention, asked: object, options: VerbOptions) => {
    const wanted = { ...asked, ...intention, wishes: undefined }
    const outcome = await commands.run(submitCommand(context, actor, intention), wanted, options)
    if (outcome.status === 'applied') await commands.returnAfter(intention.wishes.map(({ ref }) => ref))
    return await outcomeNow(context, actor, outcome)
  }
  const verbs = {
    async submit(ref, change, options = {}) {
      const intention = intentionOf(context, 'submit', { ref, change, options })
      return await submit(intention, { ref, change, ...options }, options)
    },
    async bypass(ref, change, options) {
      const intention = intentionOf(context, 'bypass', { ref, change, options })
      const outcome = await submit(intention, { ref, change, ...options }, options)
      return outcome.status === 'pending' ? { status: 'failed', request: outcome.request } : outcome
    },
    async submitAll(changes, options = {}) {
      if (!Array.isArray(changes)) wishesOf(context, changes as never)
      const { intention, asked } = intentionOfCall(context, 'submit', [changes, options])
      return await submit(intention, asked, options)
    },
    async preview(...call: SubmitCall) {
      const { intention } = intentionOfCall(context, 'submit', call)
      return await readAgain(() => preview(context, actor, intention))
    },
    async draft(...call: SubmitCall) {
      const { intention, asked, options } = intentionOfCall(context, 'draft', call)
      const outcome = await submit(intention, asked, options)
      if (outcome.status === 'pending') return outcome.request
      return fail('invalid_input', { argument: 'change', problem: 'was applied instead of drafted' })
    },
  } satisfies Partial<ActingApprovals>
  // An application binds an actor for every call, and uses one or two parts.
  return withParts(verbs, {
    requests: () => actingRequests(context, actor, commands),
    resources: () => actingResources(context, actor),
    policies: () => actingPolicies(context, actor, commands),
    access: () => actingAccess(context, actor, commands),
    delegations: () => actingDelegations(context, actor, commands),
    workflow: () => actingWorkflow(context, actor, commands),
    freezes: () => actingFreezes(context, actor, commands),
    notices: () => actingNotices(context, actor, commands),
    audit: () => actingAudit(context, actor),
  })
}
