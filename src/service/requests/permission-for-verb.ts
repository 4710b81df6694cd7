import { landingOn } from '../../core/request/decide/request-outcome.ts'
import type { RequestCommand, TargetFacts } from '../../core/request/model/command.ts'
import type { ProposedChange } from '../../core/request/model/content.ts'
import type { Actor, RequestEvent } from '../../core/request/model/event.ts'
import type { PolicySetState } from '../../core/request/model/policy-set-state.ts'
import type { Request } from '../../core/request/model/request.ts'
import { rowOf } from '../../core/request/model/status-table.ts'
import { projectsOf } from '../../core/request/model/whereabouts.ts'
import { type Result, success } from '../../errors/result.ts'
import type { Write } from '../../ports/storage.ts'
import { maySet, type SettingsChange } from '../access/check-permission.ts'
import { mayEditAll, newAccessWrites } from '../access/editors.ts'
import type { Context } from '../context/context.ts'
import type { PolicyState } from '../policies/policy-findings.ts'
import { mayChangePolicies, policyWrites } from '../policies/policy-writes.ts'
import { mayTurn, turnWrites } from '../policies/workflow-writes.ts'
import type { PolicySetRecord } from '../records/record-types.ts'
import type { Stored } from '../records/typed-storage.ts'
import { isPolicyChange, policiesIn } from '../resource-types/policy-resource.ts'
import { isSwitchChange } from '../resource-types/workflow-resource.ts'

/** Decides whether the actor may do this to these changes, besides what the request itself says of them. */
export async function permittedTo(
  context: Context,
  { type, by }: Pick<RequestCommand, 'type' | 'by'>,
  {
    request,
    settings,
    setVersion,
    changes,
  }: {
    readonly request: Request
    readonly settings: PolicySetRecord | undefined
    readonly setVersion: PolicySetState
    readonly changes: readonly ProposedChange[]
  },
): Promise<Result<readonly Write[]>> {
  const { takes } = rowOf(type)
  if (takes === 'edit') return await mayMakeAll(context, by, { settings, setVersion, changes })
  return takes === 'bypass' ? await mayBypass(context, by, { settings, projects: projectsOf(request) }) : success([])
}

/** Decides whether somebody holds the permission to bypass in all of these projects, if it takes one. */
export async function mayBypass(
  context: Context,
  by: Actor,
  concerned: Pick<SettingsChange, 'settings' | 'projects'>,
): Promise<Result<readonly Write[]>> {
  if (context.access.type !== 'roles') return success([])
  const allowed = await maySet(context, by, { ...concerned, permission: 'requests.bypass' })
  return allowed.ok ? success([]) : allowed
}

/**
 * Decides whether somebody may make changes: of policies and switches, as whoever changes the settings; of anything
 * else, as whoever edits it.
 */
export async function mayMakeAll(
  context: Context,
  actor: Actor,
  { settings, setVersion, changes }: Omit<PolicyState, 'tenant'> & { readonly changes: readonly ProposedChange[] },
): Promise<Result<readonly Write[]>> {
  if (changes.some(isSwitchChange)) {
    const turns = await mayTurn(context, actor, { settings, setVersion, changes })
    return turns.ok ? success([]) : turns
  }
  if (!changes.some(isPolicyChange)) {
    const imports = await mayImport(context, actor, { settings, changes })
    return imports.ok ? await mayEditAll(context, actor, { settings, changes }) : imports
  }
  const allowed = await mayChangePolicies(context, actor, { settings, setVersion, policies: policiesIn(changes) })
  return allowed.ok ? success([]) : allowed
}

/** Lets nobody import resources in a state but those who may change the settings where they are. */
async function mayImport(
  context: Context,
  actor: Actor,
  { settings, changes }: Pick<PolicyState, 'settings'> & { readonly changes: readonly ProposedChange[] },
): Promise<Result<undefined>> {
  const projects = changes.flatMap(({ move, project }) => (move?.imported ? project : []))
  if (projects.length === 0) return success(undefined)
  return await maySet(context, actor, { settings, permission: 'approval_settings.edit', projects })
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
    readonly event: RequestEvent
    readonly target?: TargetFacts
    readonly settings: PolicySetRecord | undefined
  },
): Promise<readonly Write[]> {
  if (event.outcome.status !== 'applied' || !target) return []
  return await newAccessWrites(
    context,
    { tenant, user, via },
    { settings, changes: changesLanded(target), at: event.at },
  )
}

function changesLanded(target: TargetFacts): readonly ProposedChange[] {
  return landingOn(target).map(({ change }) => change)
}

/** Writes the policies that a request puts in force, or the switch that it turns. */
export async function landedSettings(
  context: Context,
  { tenant, requester: user, via, id: request, reason }: Request,
  {
    event,
    target,
    policySet,
  }: {
    readonly event: RequestEvent
    readonly target?: TargetFacts
    readonly policySet: Stored<PolicySetRecord> | undefined
  },
): Promise<readonly Write[]> {
  if (event.outcome.status !== 'applied' || !target) return []
  const actor = { tenant, user, via }
  const landed = { policySet, actor, at: event.at, request }
  return [
    ...(await policyWrites(context, changesLanded(target), landed)),
    ...(await turnWrites(context, changesLanded(target), { ...landed, reason })),
  ]
}
