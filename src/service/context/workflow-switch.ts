import { defined } from '../../core/defined.ts'
import { isOwnType } from '../../core/policy/model/policy-type.ts'
import { asksWhileOff } from '../../core/policy/model/requirement.ts'
import { asReturned } from '../../core/request/decide/as-returned.ts'
import { isReturned } from '../../core/request/decide/decide.ts'
import type { Facts } from '../../core/request/model/command.ts'
import { type Hold, heldInBoth, holdsAfter } from '../../core/request/model/hold.ts'
import { isPlannedRevert } from '../../core/request/model/planned-revert.ts'
import type { Request } from '../../core/request/model/request.ts'
import { isOpen } from '../../core/request/model/status-table.ts'
import { projectsOf, type Whereabouts } from '../../core/request/model/whereabouts.ts'
import { inKeyOrder } from '../records/in-key-order.ts'
import type { PolicySetRecord } from '../records/record-types.ts'
import { page } from '../records/typed-storage.ts'
import type { WorkflowSwitch } from '../records/workflow-records.ts'
import type { Turn } from '../resource-types/workflow-resource.ts'
import type { Context } from './context.ts'

type Settings = Pick<PolicySetRecord, 'workflow'>

/**
 * Tells whether approvals are asked for in a project: as its own switch says, then that of the tenant, then the
 * application.
 */
export function isOn(
  { workflow }: Pick<Context, 'workflow'>,
  settings: Settings | undefined,
  project: string,
): boolean {
  return switchOf(settings?.workflow, project)?.on ?? workflow === 'on'
}

/** What is asked for, as far as the switch is concerned. */
type Switched = Whereabouts & { readonly resources: readonly { readonly type: string }[] }

/**
 * The same for what is asked for: what is on in one of its projects asks. The switch never frees anybody of what
 * policies ask of changes of the settings, itself included.
 */
export function isOnFor(
  context: Pick<Context, 'workflow'>,
  settings: Settings | undefined,
  { resources, ...where }: Switched,
): boolean {
  return isAboutSettings(resources) || projectsOf(where).some((project) => isOn(context, settings, project))
}

/**
 * The switches after a turn at some time, which makes this state of the settings. What was returned before stays
 * returned, and what was off before was off, whatever is switched later: a project that gets a switch of its own
 * takes both over from the tenant.
 */
export function turned(
  switches: readonly WorkflowSwitch[] | undefined,
  { project, on, waiting }: Turn,
  { state, at }: { readonly state: number; readonly at: number },
): readonly WorkflowSwitch[] {
  const before = switchOf(switches, project)
  const returned = waiting === 'return' ? state : undefined
  const switchedOff = returned ?? before?.switchedOff
  const holds = holdsAfter(before?.holds ?? [], { on, at, returned })
  const others = (switches ?? []).filter((one) => one.project !== project)
  const next = { project, on, ...defined({ waiting }), holds }
  return [...others, { ...next, ...defined({ switchedOff }) }]
}

/**
 * What the switch says of a request: since when what waited is a draft, and when it was held, or is. In several
 * projects, only what was switched off in all of them at once is off for it. It says nothing of a request that somebody
 * is asked about while the workflow is off, too; nor of a planned revert, since what was approved for a time ends.
 */
export function switchFacts(
  context: Pick<Context, 'workflow'>,
  settings: Settings | undefined,
  request: Switched & Pick<Request, 'status' | 'policySet' | 'askedAt' | 'requirements' | 'revertOf' | 'edition'>,
): Pick<Facts, 'switchedOff' | 'holds' | 'held'> {
  if (isPlannedRevert(request)) return {}
  if (isAboutSettings(request.resources) || asksWhileOff(request.requirements)) return {}
  const projects = projectsOf(request)
  const { switchedOff, holds } = joined(projects.map((project) => switchOf(settings?.workflow, project)))
  const returned = defined({ switchedOff })
  const isOffIn = (project: string) => !isOn(context, settings, project)
  const off = projects.every(isOffIn) && !isReturned(request, returned)
  return { ...returned, ...(holds.length === 0 ? {} : { holds }), ...(off ? { held: true } : {}) }
}

/** What several switches say together. */
function joined(switches: readonly (WorkflowSwitch | undefined)[]): {
  readonly switchedOff: number | undefined
  readonly holds: readonly Hold[]
} {
  const [first = [], ...others] = switches.map((one) => one?.holds ?? [])
  const holds = others.reduce(heldInBoth, first)
  if (others.length === 0) return { switchedOff: switches[0]?.switchedOff, holds }
  const states = holds.flatMap(({ returned = [] }) => returned)
  return { switchedOff: states.length === 0 ? undefined : Math.max(...states), holds }
}

/** A request as it is by now, recorded or not, and when its clock stood still until then. */
export function asSwitched<R extends Request>(
  context: Pick<Context, 'workflow'>,
  settings: Settings | undefined,
  { request, at }: { readonly request: R; readonly at: number },
): { readonly request: R; readonly holds: readonly Hold[] | undefined } {
  const facts = switchFacts(context, settings, request)
  return { request: asReturned(request, facts, at), holds: facts.holds }
}

/**
 * Tells whether there may be requests that were sent back, of which that is not recorded yet: whoever looks for them by
 * their state finds them in the one that they had.
 */
export async function isReturning(
  { storage }: Pick<Context, 'storage'>,
  tenant: string,
  settings: Settings | undefined,
): Promise<boolean> {
  if (!settings?.workflow?.some(({ switchedOff }) => switchedOff !== undefined)) return false
  const { records } = await page(storage, { ...inKeyOrder('returns', tenant), limit: 1 }, () => {})
  return records.length > 0
}

/** Tells whether a request waits for people just now: it is open, and the workflow was not switched off under it. */
export function isWaiting(context: Context, settings: Settings | undefined, request: Request): boolean {
  const facts = switchFacts(context, settings, request)
  return isOpen(request.status) && !facts.held && !isReturned(request, facts)
}

/** The switch that counts in a project: its own, or that of the tenant. */
function switchOf(switches: readonly WorkflowSwitch[] | undefined, project: string): WorkflowSwitch | undefined {
  const own = switches?.find((one) => one.project === project)
  return own ?? switches?.find((one) => one.project === '')
}

export function isAboutSettings(resources: Switched['resources']): boolean {
  return resources.some(({ type }) => isOwnType(type))
}
