import { rolesWith } from '../core/access/role.ts'
import { namedApprovers } from '../core/policy/named-approvers.ts'
import type { Actor } from '../core/request/event.ts'
import type { Request } from '../core/request/request.ts'
import { isOpen, type RequestVerb } from '../core/request/status.ts'
import { type Refusal, refuse, success } from '../errors.ts'
import { rolesOf } from './access-control.ts'
import type { Context } from './context.ts'
import type { Command } from './execute.ts'
import { noticeWrites } from './notices.ts'
import { holdersOf, knownUsers, scopeOf } from './people.ts'
import { keyOf, type PolicySetRecord, read } from './records.ts'
import { aboutSettings, settingsWrites } from './settings.ts'
import { maySet } from './settings-guard.ts'

/** That the approval workflow was switched, in a project or, where that is empty, in the whole tenant. */
export interface WorkflowSwitch {
  readonly project: string
  readonly on: boolean
}

/** Tells whether approvals are asked for in a project: as its own switch says, then that of the tenant, then the application. */
export function isOn(
  { workflow }: Pick<Context, 'workflow'>,
  settings: Pick<PolicySetRecord, 'workflow'> | undefined,
  project: string,
): boolean {
  const switches = settings?.workflow ?? []
  const own = switches.find((one) => one.project === project) ?? switches.find((one) => one.project === '')
  return own?.on ?? workflow === 'on'
}

/** What can still be done with a request whose project has the workflow off. */
const possible: ReadonlySet<RequestVerb> = new Set(['cancel', 'recall', 'withdraw', 'comment', 'expire'])

/** Why a verb is impossible while the workflow is off: what waits neither moves nor vanishes. */
export function heldBack(
  context: Context,
  { tenant: _tenant, id, project, status }: Request,
  { verb, settings }: { readonly verb: RequestVerb; readonly settings: PolicySetRecord | undefined },
): { readonly ok: false; readonly refusal: Refusal } | undefined {
  if (!isOpen(status) || possible.has(verb) || isOn(context, settings, project)) return undefined
  return refuse('workflow_off', { request: id, project, verb })
}

/** Makes the command that switches the workflow. */
export function switchCommand(
  context: Context,
  actor: Actor,
  { project, on, reason }: WorkflowSwitch & { readonly reason: string | undefined },
): Command<void> {
  const { tenant, user } = actor
  return {
    verb: on ? 'switch the workflow on' : 'switch the workflow off',
    actor,
    about: aboutSettings,
    async attempt(at) {
      const { set } = await read(context.storage, { set: keyOf('policySets', tenant) })
      const settings = set?.value
      const allowed = await maySet(context, actor, {
        settings,
        permission: 'approval_settings.edit',
        projects: [project],
      })
      if (!allowed.ok) return allowed
      const others = (settings?.workflow ?? []).filter((one) => one.project !== project)
      const said = reason === undefined ? {} : { reason }
      const type = on ? 'workflow_on' : 'workflow_off'
      const to = await concerned(context, tenant, { settings, setVersion: set?.version ?? 0, project })
      const id = `settings/${(settings?.head.seq ?? 0) + 1}`
      return success({
        writes: [
          ...settingsWrites(actor, set, {
            at,
            event: { type: 'workflow_switched', project, on, ...said },
            next: { workflow: [...others, { project, on }] },
          }),
          ...noticeWrites(context, { id, tenant, type, to, resources: [], at, by: user, ...said }),
        ],
        answer: undefined,
      })
    },
  }
}

/** Finds whoever the policies of a project ask, and whoever may change its settings. */
async function concerned(
  { storage, directory, policies, access }: Context,
  tenant: string,
  {
    settings,
    setVersion,
    project,
  }: { readonly settings: PolicySetRecord | undefined; readonly setVersion: number; readonly project: string },
): Promise<readonly string[]> {
  const inForce = [...(await policies(storage, tenant, setVersion)).policies.values()].map(({ policy }) => policy)
  const here = inForce.filter(({ match }) => {
    return project === '' || match.project === undefined || [match.project].flat().includes(project)
  })
  const named = here.map(namedApprovers)
  const admins = access.type === 'admins' && access.admins !== 'anyone' ? access.admins : {}
  const own = access.type === 'roles' ? rolesWith(rolesOf(access.roles, settings), 'approval_settings.edit') : []
  const roles = new Set([...named.flatMap((one) => one.roles), ...(admins.roles ?? []), ...own])
  const scope = scopeOf(tenant, project)
  const holders = Object.values(await holdersOf(directory, scope, [...roles])).flat()
  const ids = [...named.flatMap((one) => one.users), ...(admins.users ?? []), ...holders]
  return [...(await knownUsers(directory, scope, [...new Set(ids)])).keys()]
}
