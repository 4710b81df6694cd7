import { namedApprovers } from '../core/policy/named-approvers.ts'
import type { StreamHead } from '../core/request/audit-chain.ts'
import type { Actor } from '../core/request/event.ts'
import { success } from '../errors.ts'
import type { Context } from './context.ts'
import type { Command } from './execute.ts'
import { noticeWrites } from './notices.ts'
import { scopeOf } from './people.ts'
import { keyOf, type PolicySetRecord, put, read, stateOf } from './records.ts'
import { aboutSettings, settingsWrites } from './settings.ts'
import { adminsOf, peopleNamed } from './settings-admins.ts'
import { maySet } from './settings-guard.ts'
import { type Turn, turned } from './workflow.ts'

/** Makes the command that switches the workflow. What is to be returned is as good as returned with its commit. */
export function switchCommand(
  context: Context,
  actor: Actor,
  turn: Turn & { readonly reason?: string },
): Command<void> {
  const { tenant, user, via } = actor
  const { project, on, waiting, reason } = turn
  return {
    verb: on ? 'switch the workflow on' : 'switch the workflow off',
    actor,
    about: aboutSettings,
    async attempt(at) {
      const { set, returns } = await read(context.storage, {
        set: keyOf('policySets', tenant),
        returns: keyOf('returns', tenant, project),
      })
      const settings = set?.value
      const allowed = await maySet(context, actor, {
        settings,
        permission: 'approval_settings.edit',
        projects: [project],
      })
      if (!allowed.ok) return allowed
      const said = reason === undefined ? {} : { reason }
      const type = on ? 'workflow_on' : 'workflow_off'
      const to = await concerned(context, { tenant, type, settings, setVersion: stateOf(set), project })
      const id = `settings/${(settings?.head.seq ?? 0) + 1}`
      const workflow = turned(settings?.workflow, turn, { state: (set?.version ?? 0) + 1, at })
      return success({
        writes: [
          ...settingsWrites(actor, set, {
            at,
            event: { type: 'workflow_switched', project, on, ...(waiting ? { waiting } : {}), ...said },
            next: { workflow },
          }),
          ...(waiting === 'return'
            ? [put('returns', { tenant, project, dueAt: at, by: user, via, ...said }, returns)]
            : []),
          ...noticeWrites(context, { id, tenant, type, to, resources: [], at, by: user, ...said }),
        ],
        answer: undefined,
      })
    },
  }
}

/** Finds whoever the policies of a project ask, and whoever may change its settings, as far as they are to be told. */
async function concerned(
  context: Context,
  {
    tenant,
    type,
    settings,
    setVersion,
    project,
  }: {
    readonly tenant: string
    readonly type: 'workflow_on' | 'workflow_off'
    readonly settings: PolicySetRecord | undefined
    readonly setVersion: StreamHead
    readonly project: string
  },
): Promise<readonly string[]> {
  const { storage, directory, policies, audiences } = context
  const inForce = [...(await policies(storage, tenant, setVersion)).policies.values()].map(({ policy }) => policy)
  const here = inForce.filter(({ match }) => {
    return project === '' || match.project === undefined || [match.project].flat().includes(project)
  })
  const people = { approvers: here.map(namedApprovers), admins: [adminsOf(context, settings)] }
  const named = audiences[type].flatMap((party) => people[party])
  return await peopleNamed(directory, scopeOf(tenant, project), named)
}
