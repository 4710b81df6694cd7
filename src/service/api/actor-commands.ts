import type { Actor } from '../../core/request/model/event.ts'
import { checkId } from '../arguments/check-arguments.ts'
import type { KeyOptions, VerbOptions } from '../arguments/verb-options.ts'
import { idempotencyOf } from '../commands/idempotency.ts'
import { type Command, runCommand } from '../commands/run-command.ts'
import type { Context } from '../context/context.ts'
import { readingRights } from '../people/reading-rights.ts'
import { current } from '../requests/deliver-outside.ts'
import { type Ask, requestCommand } from '../requests/request-command.ts'
import { type RequestSummary, withLeftOut } from '../requests/request-summary.ts'
import { summaryOf } from '../requests/shown-request.ts'
import { isSwitchChange, projectOfSwitch } from '../resource-types/workflow-resource.ts'
import { returnWaiting } from '../workflow/return-to-draft.ts'
import { said } from './check-submission.ts'

/** The request after a verb. */
export interface RequestOutcome {
  readonly request: RequestSummary
}

/** Runs the commands of one actor. */
export interface ActorCommands {
  /** Runs a command, at most once for a key. `asked` is what a repeated call must ask for again. */
  run<T>(command: Command<T>, asked: object, options: KeyOptions): Promise<T>
  /** Runs a verb on a request. */
  ask(id: string, wanted: Ask, options: VerbOptions): Promise<RequestOutcome>
  /** Makes drafts of what waited, if a switch among these resources was changed so. */
  returnAfter(resources: readonly { readonly type: string; readonly id: string }[]): Promise<void>
}

/** Binds commands to an actor. */
export function commandsOf(context: Context, actor: Actor): ActorCommands {
  const { tenant } = actor
  const run: ActorCommands['run'] = (command, asked, { idempotencyKey }) =>
    runCommand(context, { ...command, idempotency: idempotencyOf(command.verb, idempotencyKey, asked) })
  const returnAfter: ActorCommands['returnAfter'] = async (resources) => {
    for (const resource of resources.filter((one) => isSwitchChange({ resource: one }))) {
      await returnWaiting(context, { tenant, project: projectOfSwitch(resource.id) }, 100)
    }
  }
  const ask: ActorCommands['ask'] = async (id, wanted, options) => {
    const command = requestCommand(context, actor, checkId('request', id), { ...wanted, ...said(options) })
    const { holds, ...told } = await run(command, { id, ...wanted, ...said(options) }, options)
    const request = told.status === 'applying' ? await current(context, told) : told
    if (request.status === 'applied') await returnAfter(request.resources)
    const summary = summaryOf(request, context.now(), holds)
    return { request: await withLeftOut(summary, request, readingRights(context, actor)) }
  }
  return { run, ask, returnAfter }
}
