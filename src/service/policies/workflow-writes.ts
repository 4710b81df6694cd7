import { defined } from '../../core/defined.ts'
import { silencedIn } from '../../core/policy/model/policy-type.ts'
import type { ProposedChange } from '../../core/request/model/content.ts'
import type { Actor } from '../../core/request/model/event.ts'
import { type Refusal, type Result, refuse, success } from '../../errors/result.ts'
import type { Write } from '../../ports/storage.ts'
import { maySet, projectsConcerned } from '../access/check-permission.ts'
import { noticeWrites } from '../commands/outbox.ts'
import type { Context } from '../context/context.ts'
import { turned } from '../context/workflow-switch.ts'
import { concernedBy } from '../people/switch-audience.ts'
import { settingsWrites } from '../records/settings-writes.ts'
import { put, read, recordKey, settingsState } from '../records/typed-storage.ts'
import { isSwitchChange, turnsIn } from '../resource-types/workflow-resource.ts'
import type { PolicyState } from './policy-findings.ts'
import type { PolicyLanding } from './policy-writes.ts'

const permission = 'approval_settings.edit'

/**
 * Decides whether somebody may turn switches: in each project concerned they have to hold the permission and, to
 * switch off, wherever a policy gates that asks for nothing then. Whoever could not remove a policy cannot silence
 * it.
 */
export async function mayTurn(
  context: Context,
  actor: Actor,
  { settings, setVersion, changes }: Omit<PolicyState, 'tenant'> & { readonly changes: readonly ProposedChange[] },
): Promise<Result<undefined>> {
  const switches = changes.filter(isSwitchChange)
  if (switches.some(({ after }) => after === null)) {
    const problem =
      'would remove a switch, which is either on or off: give it as { value: { on: true } } or { on: false }'
    return refuse('invalid_input', { argument: 'change', problem })
  }
  for (const { project, on } of turnsIn(switches)) {
    const allowed = await maySet(context, actor, { settings, permission, projects: [project] })
    if (!allowed.ok) return allowed
    const silenced = on ? [] : await silencedBy(context, actor.tenant, { setVersion, project })
    const beyond: string[] = []
    for (const policy of silenced) {
      const removes = await maySet(context, actor, { settings, permission, projects: projectsConcerned([policy]) })
      if (!removes.ok) beyond.push(policy.id)
    }
    if (beyond.length > 0) {
      return refuse('not_permitted', { actor: actor.user, project: '', missing: [permission], policies: beyond })
    }
  }
  return success(undefined)
}

async function silencedBy(
  context: Context,
  tenant: string,
  { setVersion, project }: Pick<PolicyState, 'setVersion'> & { readonly project: string },
) {
  const { saved } = await context.policies(context.storage, tenant, setVersion)
  return silencedIn(
    [...saved.policies.values()].map(({ policy }) => policy),
    project,
  )
}

/** Why switches cannot be turned any more, if they cannot: their requester may not turn them by now. */
export async function unfitTurns(
  context: Context,
  { state, requester }: { readonly state: PolicyState; readonly requester: Actor },
  changes: readonly ProposedChange[],
): Promise<Refusal | undefined> {
  if (!changes.some(isSwitchChange)) return undefined
  const allowed = await mayTurn(context, requester, { ...state, changes })
  return allowed.ok ? undefined : allowed.refusal
}

/**
 * Writes what turning a switch does: the switch itself, the event of the settings that says so, what goes back to
 * being a draft, the notice.
 */
export async function turnWrites(
  context: Context,
  changes: readonly ProposedChange[],
  { policySet, actor, at, request, reason }: PolicyLanding & { readonly reason?: string | undefined },
): Promise<readonly Write[]> {
  const [turn] = turnsIn(changes)
  if (!turn) return []
  const { tenant, user, via } = actor
  const { project, on, waiting } = turn
  const settings = policySet?.value
  const said = reason === undefined ? {} : { reason }
  const { returns } = await read(context.storage, { returns: recordKey('returns', tenant, project) })
  // Whoever switched it off is still the one who returns what waited, when it is on again before all of that is back
  // to being drafts.
  const { by = user, via: door = via, reason: why = reason } = (on ? returns?.value : undefined) ?? {}
  const again = { tenant, project, dueAt: at, by, via: door, ...defined({ reason: why }) }
  const type = on ? 'workflow_on' : 'workflow_off'
  const to = await concernedBy(context, { tenant, type, settings, setVersion: settingsState(policySet), project })
  const seq = (settings?.head.seq ?? 0) + 1
  const event = { type: 'workflow_switched', ...turn, ...said, ...defined({ request }) }
  const next = { workflow: turned(settings?.workflow, turn, { state: seq, at }) }
  return [
    ...settingsWrites(actor, policySet, { at, event, next }),
    ...(waiting === 'hold' ? [] : [put('returns', { ...again, ...(on ? { wake: true } : {}) }, returns)]),
    ...noticeWrites(context, { id: `settings/${seq}`, tenant, type, to, resources: [], at, by: user, ...said }),
  ]
}
