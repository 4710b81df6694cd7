import type { ChangeInput } from '../../core/change/change-input.ts'
import type { Actor } from '../../core/request/model/event.ts'
import { fail } from '../../errors.ts'
import {
  checkId,
  checkKeys,
  checkRef,
  checkRevision,
  checkText,
  checkTime,
  checkUser,
} from '../arguments/check-arguments.ts'
import { checkDigest, checkResolutions, checkWanted } from '../arguments/check-change.ts'
import type { VerbOptions } from '../arguments/verb-options.ts'
import { eraseTexts } from '../audit/erase-texts.ts'
import { readCheckpoint } from '../audit/read-checkpoints.ts'
import { exportLog, readLog } from '../audit/read-log.ts'
import { verifyAudit } from '../audit/verify-log.ts'
import { idempotencyOf } from '../commands/idempotency.ts'
import { readAgain } from '../commands/read-again.ts'
import { type Command, execute } from '../commands/run-command.ts'
import type { Context } from '../context/context.ts'
import { signatureChecks } from '../context/signature-checks.ts'
import { isOn } from '../context/workflow-switch.ts'
import { checkDelegation, delegateCommand, endDelegationCommand, listDelegations } from '../facts/delegations.ts'
import { listDebts } from '../facts/owed-reviews.ts'
import { documentAt } from '../facts/read-content.ts'
import { listWaiting } from '../queries/inbox.ts'
import { listRequests } from '../queries/list-requests.ts'
import { readRequest } from '../queries/read-request.ts'
import { compareRevisions, readHistory, readResource } from '../queries/resource-history.ts'
import { simulatePolicies } from '../queries/simulate-policies.ts'
import { outcomeNow } from '../queries/submission-outcome.ts'
import type { Waiting } from '../records/record-types.ts'
import { keyOf, read } from '../records/typed-storage.ts'
import type { Intention } from '../requests/decide-submission.ts'
import { current } from '../requests/deliver-outside.ts'
import { checkedPolicy, listPolicies, removePolicyCommand, savePolicyCommand } from '../requests/policy-commands.ts'
import { type Ask, requestCommand } from '../requests/request-command.ts'
import { summaryOf } from '../requests/request-summary.ts'
import { type ChangeOf, preview, submitCommand } from '../requests/submit-command.ts'
import type { ResourceRef } from '../resource-types/resource-type.ts'
import { isSwitchChange, projectOfSwitch } from '../resource-types/workflow-resource.ts'
import { returnWaiting } from '../workflow/return-to-draft.ts'
import { switchCommand } from '../workflow/switch-workflow.ts'
import { actingAccess, checkProject } from './acting-access.ts'
import type {
  ActingApprovals,
  ApproveOptions,
  AskOptions,
  Done,
  RejectOptions,
  RevertOptions,
  TurnOffOptions,
} from './acting-approvals.ts'
import { checkOptions, intentionOf, said, timed, told, wishesOf } from './check-submission.ts'

/** Binds every verb to one actor, and checks what comes in at each of them. */
export function actingAs(context: Context, actor: Actor): ActingApprovals {
  const { tenant } = actor
  const run = <T>(command: Command<T>, asked: object, { idempotencyKey }: VerbOptions) =>
    execute(context, { ...command, idempotency: idempotencyOf(command.verb, idempotencyKey, asked) })
  const submit = async (intention: Intention, asked: object, options: VerbOptions) => {
    const wanted = { ...asked, ...intention, wishes: undefined }
    const outcome = await run(submitCommand(context, actor, intention), wanted, options)
    if (outcome.status === 'applied') await returnAfter(intention.wishes.map(({ ref }) => ref))
    return await outcomeNow(context, actor, outcome)
  }
  const turn = async (on: boolean, options: TurnOffOptions, waiting?: Waiting) => {
    const project = checkProject('options.project', options.project)
    const asked = { project, on, ...(waiting ? { waiting } : {}), ...said(options) }
    await run(switchCommand(context, actor, asked), asked, options)
    if (waiting === 'return') await returnWaiting(context, { tenant, project }, 100)
  }
  /** Makes drafts of what waited, where a change of a switch was applied that says so. */
  const returnAfter = async (resources: readonly { readonly type: string; readonly id: string }[]) => {
    for (const resource of resources.filter((one) => isSwitchChange({ resource: one }))) {
      await returnWaiting(context, { tenant, project: projectOfSwitch(resource.id) }, 100)
    }
  }
  const ask = async (id: string, wanted: Ask, options: VerbOptions): Promise<Done> => {
    const command = requestCommand(context, actor, checkId('request', id), { ...wanted, ...said(options) })
    const { holds, ...told } = await run(command, { id, ...wanted, ...said(options) }, options)
    const request = told.status === 'applying' ? await current(context, told) : told
    if (request.status === 'applied') await returnAfter(request.resources)
    return { request: summaryOf(request, context.now(), holds) }
  }
  /** A verb that puts a request to its reviewers. */
  const asking =
    (type: 'submit' | 'resubmit' | 'reopen') =>
    async (id: string, options: AskOptions = {}) => {
      checkOptions(options, 'notify')
      return await ask(id, { type, ...told(options) }, options)
    }
  /** A verb that takes nothing but what every verb takes. */
  const plain =
    (type: PlainVerb) =>
    async (id: string, options: VerbOptions = {}) => {
      checkOptions(options)
      return await ask(id, { type }, options)
    }
  const rewrite = async (id: string, wanted: Ask, options: VerbOptions = {}) => {
    checkOptions(options)
    return await ask(id, wanted, options)
  }
  const review =
    (type: 'approve' | 'reject' | 'request_changes') => async (id: string, options: ApproveOptions | RejectOptions) => {
      checkOptions(options, 'seen', 'onBehalfOf')
      return await ask(id, { type, seen: checkDigest(options.seen), ...behalfOf(options) }, options)
    }

  const reverting = async <T>(given: ResourceRef<T>, revision: number, options: RevertOptions): Promise<Intention> => {
    const { ref, type } = checkRef(context, given)
    const resource = { type: ref.type, id: ref.id }
    const value = await documentAt(context, tenant, { resource, revision: checkRevision('revision', revision) })
    if (value === undefined) fail('unknown_revision', { ...resource, revision })
    const change: ChangeInput<never> = { value: value as never }
    const verb = options.draft === true ? 'draft' : 'submit'
    return { verb, wishes: [{ type, ref, change, restores: true }], ...said(options), ...timed(options) }
  }

  return {
    async submit(ref, change, options = {}) {
      return await submit(
        intentionOf(context, 'submit', { ref, change, options }),
        { ref, change, ...options },
        options,
      )
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
    async revert(ref, revision, options = {}) {
      checkOptions(options, 'applyAt', 'draft')
      return await submit(await reverting(ref, revision, options), { ref, revision }, options)
    },
    async previewRevert(ref, revision, options = {}) {
      checkOptions(options, 'applyAt')
      const intention = await reverting(ref, revision, options)
      return await readAgain(() => preview(context, actor, intention))
    },

    async edit(id, given, change, options) {
      const { ref } = checkRef(context, given)
      const edits = [{ resource: { type: ref.type, id: ref.id }, change: checkWanted(change, ref) }]
      return await rewrite(id, { type: 'edit', rewrite: { type: 'edit', edits } }, options)
    },
    submitDraft: asking('submit'),
    resubmit: asking('resubmit'),
    reopen: asking('reopen'),
    rebase: (id, options) => rewrite(id, { type: 'rebase', rewrite: { type: 'rebase' } }, options),
    async resolve(id, resolutions, options) {
      const checked = checkResolutions(resolutions)
      return await rewrite(id, { type: 'resolve', rewrite: { type: 'resolve', resolutions: checked } }, options)
    },
    async schedule(id, time, options) {
      const applyAt = checkTime('applyAt', time)
      return await rewrite(id, { type: 'schedule', rewrite: { type: 'schedule', applyAt } }, options)
    },
    unschedule(id, options) {
      return rewrite(id, { type: 'unschedule', rewrite: { type: 'schedule', applyAt: undefined } }, options)
    },
    recall: plain('recall'),
    cancel: plain('cancel'),
    discard: plain('discard'),

    approve: review('approve'),
    reject: review('reject'),
    requestChanges: review('request_changes'),
    async withdraw(id, options = {}) {
      checkOptions(options, 'onBehalfOf')
      return await ask(id, { type: 'withdraw', ...behalfOf(options) }, options)
    },
    comment: async (id, text, options = {}) => {
      checkKeys('options', options, ['idempotencyKey'])
      return await ask(id, { type: 'comment' }, { ...options, reason: text })
    },
    apply: plain('apply'),
    retry: plain('retry'),
    abandon: plain('abandon'),
    async bypass(id, options) {
      checkOptions(options, 'seen')
      return await ask(id, { type: 'bypass', seen: checkDigest(options.seen) }, options)
    },
    async breakGlass(id, options) {
      checkOptions(options, 'seen', 'incident')
      const incident = checkId('options.incident', options.incident)
      return await ask(id, { type: 'break_glass', seen: checkDigest(options.seen), incident }, options)
    },
    async settleDebt(id, options) {
      checkOptions(options, 'seen')
      return await ask(id, { type: 'settle_debt', seen: checkDigest(options.seen) }, options)
    },

    requests: {
      async get(id) {
        const request = checkId('request', id)
        return await readAgain(() => readRequest(context, actor, request))
      },
      list: (filter = {}) => listRequests(context, tenant, filter),
      waiting: (filter = {}) => readAgain(() => listWaiting(context, actor, filter)),
      debts: () => listDebts(context, tenant),
    },
    resources: {
      async get(ref) {
        return await readResource(context, tenant, checkRef(context, ref).ref)
      },
      async history(given, options = {}) {
        const { ref } = checkRef(context, given)
        checkKeys('options', options, ['limit', 'before'])
        const before = options.before === undefined ? undefined : checkRevision('options.before', options.before)
        return await readHistory(context, tenant, { ref, limit: options.limit ?? 50, before })
      },
      async compare(given, from, to) {
        const { ref } = checkRef(context, given)
        return await compareRevisions(context, tenant, {
          ref,
          from: checkRevision('from', from),
          to: checkRevision('to', to),
        })
      },
    },
    policies: {
      async save(policy, options = {}) {
        checkKeys('options', options, ['idempotencyKey'])
        return await run(savePolicyCommand(context, actor, policy), { policy }, options)
      },
      check: (policy) => readAgain(() => checkedPolicy(context, tenant, policy)),
      async simulate(policies, options = {}) {
        checkKeys('options', options, ['last'])
        return await readAgain(() => simulatePolicies(context, tenant, { policies, last: options.last ?? 100 }))
      },
      list: () => listPolicies(context, tenant),
      async remove(id, options = {}) {
        checkKeys('options', options, ['idempotencyKey'])
        await run(removePolicyCommand(context, actor, checkId('policy', id)), { id }, options)
      },
    },
    access: actingAccess(context, actor, run),
    workflow: {
      async isOn(where = {}) {
        checkKeys('where', where, ['project'])
        const { settings } = await read(context.storage, { settings: keyOf('policySets', tenant) })
        return isOn(context, settings?.value, checkProject('where.project', where.project))
      },
      async turnOn(options = {}) {
        checkOptions(options, 'project')
        await turn(true, options)
      },
      async turnOff(options = {}) {
        checkOptions(options, 'project', 'waiting')
        const { waiting = 'return' } = options
        if (waiting !== 'return' && waiting !== 'hold') {
          fail('invalid_input', { argument: 'options.waiting', problem: 'must be "return" or "hold"' })
        }
        await turn(false, options, waiting)
      },
    },
    delegations: {
      async give(delegation, options = {}) {
        checkKeys('options', options, ['idempotencyKey'])
        const checked = checkDelegation(delegation, context.now())
        return await run(delegateCommand(context, actor, checked), { delegation }, options)
      },
      async end(to, options = {}) {
        checkKeys('options', options, ['idempotencyKey'])
        await run(endDelegationCommand(context, actor, checkId('to', to)), { to }, options)
      },
      list: () => listDelegations(context, tenant),
    },
    audit: {
      verify: async (options = {}) => {
        checkKeys('options', options, ['checkpoint', 'keys'])
        const { checkpoint, keys } = options
        return await verifyAudit(context, tenant, {
          ...(checkpoint === undefined ? {} : { checkpoint }),
          ...(keys === undefined ? {} : { keys: signatureChecks(keys, context.timeouts.signer) }),
        })
      },
      checkpoint: () => readCheckpoint(context.storage, tenant),
      events: async (filter) => await readLog(context.storage, tenant, filter),
      async erase(what, options = {}) {
        checkKeys('options', options, ['reason'])
        const reason = checkText('reason', options.reason)
        return await eraseTexts(context, actor, { what, reason })
      },
      export: () => exportLog(context.storage, tenant, context.now()),
    },
  }
}

type PlainVerb = 'recall' | 'cancel' | 'discard' | 'apply' | 'retry' | 'abandon'

function behalfOf({ onBehalfOf }: { readonly onBehalfOf?: string | undefined }): { readonly onBehalfOf?: string } {
  return onBehalfOf === undefined ? {} : { onBehalfOf: checkUser('options.onBehalfOf', onBehalfOf) }
}
