import { defined } from '../../core/defined.ts'
import type { Actor } from '../../core/request/model/event.ts'
import { fail } from '../../errors/approval-error.ts'
import { checkKeys, checkProject } from '../arguments/check-arguments.ts'
import type { InProject, VerbOptions } from '../arguments/verb-options.ts'
import type { Context } from '../context/context.ts'
import type { Reader } from '../people/reading-rights.ts'
import type { WaitingMode } from '../records/workflow-records.ts'
import { returnWaiting } from '../workflow/return-to-draft.ts'
import { isEnabled, switchCommand } from '../workflow/switch-workflow.ts'
import type { ActorCommands } from './actor-commands.ts'
import { checkOptions, said } from './check-submission.ts'

/** Switches approvals on and off. {@link ActingApprovals} lists the codes that every call can throw. */
export interface ActingWorkflow {
  /**
   * Tells whether approvals are asked for in a project or, if none is named, in the whole tenant.
   *
   * @example
   * ```ts
   * const isOn = await ben.workflow.isEnabled({ project: 'shop' })
   * ```
   */
  isEnabled(where?: InProject): Promise<boolean>
  /**
   * Switches approvals on: policies ask again, and what was held goes on. A project without a switch of its own
   * follows the tenant. If it is on already, nothing happens.
   *
   * @example
   * ```ts
   * await ben.workflow.enable({ reason: 'the migration is done' })
   * ```
   *
   * @throws `not_permitted`; `policy_gated` if a policy names countersign.workflow: submit the change with
   * workflowResource.ref(project); `locked` if an open request holds the switch.
   */
  enable(options?: InProject & VerbOptions): Promise<void>
  /**
   * Switches approvals off: no policy asks for anything, except for changes of policies, and types that are `gated`
   * stay refused. Requests that wait are neither applied nor lost: they are drafts again, which nobody has approved.
   *
   * @example
   * ```ts
   * await ben.workflow.disable({ project: 'shop', waiting: 'hold', reason: 'migration of the shop' })
   * ```
   *
   * @throws `not_permitted` if the actor could not remove each policy that this silences; `policy_gated` if removing
   * one of them, or the switch itself, has to be approved: submit the change with workflowResource.ref(project);
   * `locked` if an open request holds the switch.
   */
  disable(options?: DisableOptions): Promise<void>
}

/** Options of `disable`. */
export interface DisableOptions extends VerbOptions, InProject {
  /**
   * What becomes of requests that wait: `return` makes drafts of them, on record; with `hold` they stay as they are,
   * can be cancelled, recalled and commented on, and go on with the approvals that they have when the workflow is on
   * again. Their clocks stand still meanwhile; a moment that one was scheduled for is not made up for.
   *
   * @defaultValue 'return'
   */
  readonly waiting?: WaitingMode | undefined
}

/** Binds what can be read of the switch to a reader. */
export function switchReading(context: Context, reader: Reader): Pick<ActingWorkflow, 'isEnabled'> {
  return {
    async isEnabled(where = {}) {
      checkKeys('where', where, ['project'])
      return await isEnabled(context, reader, checkProject('where.project', where.project))
    },
  }
}

/** Binds the switch to one actor. */
export function actingWorkflow(context: Context, actor: Actor, { run }: ActorCommands): ActingWorkflow {
  const { tenant } = actor
  const turn = async (on: boolean, options: DisableOptions, waiting?: WaitingMode) => {
    const project = checkProject('options.project', options.project)
    const asked = { project, on, ...defined({ waiting }), ...said(options) }
    await run(switchCommand(context, actor, asked), asked, options)
    if (waiting === 'return') await returnWaiting(context, { tenant, project }, 100)
  }
  return {
    ...switchReading(context, actor),
    async enable(options = {}) {
      checkOptions(options, 'project')
      await turn(true, options)
    },
    async disable(options = {}) {
      checkOptions(options, 'project', 'waiting')
      const { waiting = 'return' } = options
      if (waiting !== 'return' && waiting !== 'hold') {
        fail('invalid_input', { argument: 'options.waiting', problem: 'must be "return" or "hold"' })
      }
      await turn(false, options, waiting)
    },
  }
}
