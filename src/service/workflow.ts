import { policyType } from '../core/policy/own-type.ts'
import { isReturned } from '../core/request/decide.ts'
import type { Request } from '../core/request/request.ts'
import { isOpen, type RequestVerb } from '../core/request/status.ts'
import { type Refusal, refuse } from '../errors.ts'
import type { Context } from './context.ts'
import type { PolicySetRecord } from './records.ts'

/** How the approval workflow was switched last, in a project or, where that is empty, in the whole tenant. */
export interface WorkflowSwitch {
  readonly project: string
  readonly on: boolean
  /** The state of the settings in which it was last switched off so that what waited goes back to being a draft; absent where it never was. */
  readonly switchedOff?: number
}

/** What becomes of requests that wait when the workflow is switched off: they are drafts again, or held until it is on again. */
export type Waiting = 'return' | 'hold'

/** A turn of the switch. */
export interface Turn {
  readonly project: string
  readonly on: boolean
  /** Absent where the workflow is switched on. */
  readonly waiting?: Waiting
}

type Settings = Pick<PolicySetRecord, 'workflow'>

/** Tells whether approvals are asked for in a project: as its own switch says, then that of the tenant, then the application. */
export function isOn(
  { workflow }: Pick<Context, 'workflow'>,
  settings: Settings | undefined,
  project: string,
): boolean {
  return switchOf(settings?.workflow, project)?.on ?? workflow === 'on'
}

/** What is asked for, as far as the switch is concerned. */
type Switched = Pick<Request, 'project'> & { readonly resources: readonly { readonly type: string }[] }

/** The same for what is asked for. What policies ask of a change of a policy, the switch never frees anybody of. */
export function isOnFor(
  context: Pick<Context, 'workflow'>,
  settings: Settings | undefined,
  { project, resources }: Switched,
): boolean {
  return isAboutPolicies(resources) || isOn(context, settings, project)
}

/** The switches after a turn, which makes this state of the settings. What was returned before stays returned, whatever is switched later. */
export function turned(
  switches: readonly WorkflowSwitch[] | undefined,
  { project, on, waiting }: Turn,
  state: number,
): readonly WorkflowSwitch[] {
  const switchedOff = waiting === 'return' ? state : switchOf(switches, project)?.switchedOff
  const others = (switches ?? []).filter((one) => one.project !== project)
  return [...others, { project, on, ...(switchedOff === undefined ? {} : { switchedOff }) }]
}

/** Since which state of the settings what waited there goes back to being a draft. */
export function switchedOffFor(
  settings: Settings | undefined,
  { project, resources }: Switched,
): { readonly switchedOff?: number } {
  if (isAboutPolicies(resources)) return {}
  const { switchedOff } = switchOf(settings?.workflow, project) ?? {}
  return switchedOff === undefined ? {} : { switchedOff }
}

/** Tells whether a request waits for people just now: it is open, and the workflow was not switched off under it. */
export function isWaiting(context: Context, settings: Settings | undefined, request: Request): boolean {
  const on = isOpen(request.status) && isOnFor(context, settings, request)
  return on && !isReturned(request, switchedOffFor(settings, request))
}

/** What can still be done with a request whose project has the workflow off. */
const possible: ReadonlySet<RequestVerb> = new Set(['cancel', 'recall', 'withdraw', 'comment', 'expire', 'return'])

/** Why a verb is impossible while the workflow is off: what is held neither moves nor vanishes. */
export function heldBack(
  context: Context,
  request: Request,
  { verb, settings }: { readonly verb: RequestVerb; readonly settings: Settings | undefined },
): { readonly ok: false; readonly refusal: Refusal } | undefined {
  const { id, project, status } = request
  if (!isOpen(status) || possible.has(verb) || isOnFor(context, settings, request)) return undefined
  if (isReturned(request, switchedOffFor(settings, request))) return undefined
  return refuse('workflow_off', { request: id, project, verb })
}

/** The switch that counts in a project: its own, or that of the tenant. */
function switchOf(switches: readonly WorkflowSwitch[] | undefined, project: string): WorkflowSwitch | undefined {
  const own = switches?.find((one) => one.project === project)
  return own ?? switches?.find((one) => one.project === '')
}

function isAboutPolicies(resources: Switched['resources']): boolean {
  return resources.some(({ type }) => type === policyType)
}
