import { defined } from '../../core/defined.ts'
import type { LifecycleState } from '../../core/lifecycle/move.ts'
import { proposeMove } from '../../core/lifecycle/perform-move.ts'
import { impossible, shownState } from '../../core/lifecycle/possible-actions.ts'
import { stepFrom } from '../../core/lifecycle/transition-table.ts'
import { type Refusal, type Result, refuse } from '../../errors/result.ts'
import { liveState } from '../changes/lifecycle-action.ts'
import type { Context } from '../context/context.ts'
import { resourceTypeOf } from '../context/find-resource-type.ts'
import { isWaiting } from '../context/workflow-switch.ts'
import { type Holder, readHolders } from '../facts/lock-holders.ts'
import type { LockRecord, PolicySetRecord, ResourceRecord } from '../records/record-types.ts'
import { type Stored, stateEndOf } from '../records/typed-storage.ts'
import { referencesOf } from '../resource-types/ask-references.ts'
import type { ResourceLifecycle, ResourceType } from '../resource-types/resource-type.ts'

/** Where a resource is in its life cycle. */
export interface ResourceStanding {
  /** The live state: what the resource does follows this alone. */
  readonly state: string
  /**
   * The state to show: the live one, or what the action shows that waits for approval; not while that is held,
   * because the workflow is off.
   */
  readonly shown: string
  /** The action that waits for approval, and the request that asks for it. */
  readonly waiting?: { readonly action: string; readonly request: string }
  /** When the clock ends the live state, in milliseconds since 1970, if it does. */
  readonly dueAt?: number
  /**
   * For each action of the life cycle, why nobody can ask for it now; true if somebody can, as far as that is known
   * without who asks, and with which details or changes.
   */
  readonly can: Readonly<Record<string, true | Refusal>>
}

/** Says where a resource is in its life cycle; `undefined` if its type has none. */
export async function standingOf(
  context: Context,
  {
    resource,
    lock,
    settings,
  }: {
    readonly resource: ResourceRecord
    readonly lock: Stored<LockRecord> | undefined
    readonly settings: PolicySetRecord | undefined
  },
): Promise<ResourceStanding | undefined> {
  const type = resourceTypeOf(context, resource.type)
  const { lifecycle } = type
  if (!lifecycle) return undefined
  const { state: live = lifecycle.initial, stateDueAt } = liveState(type, resource)
  const [holder] = (await readHolders(context, [lock])).holders
  const state = { live, ...defined({ waiting: holder?.waiting }) }
  const asking = { type: { ...type, lifecycle }, resource, holder, state, now: context.now() }
  const can = await Promise.all(
    lifecycle.actions.map(async (action) => [action, (await refusalOf(asking, action)) ?? true] as const),
  )
  const asks = holder?.stored !== undefined && isWaiting(context, settings, holder.stored)
  return {
    state: live,
    shown: shownState(lifecycle, asks ? state : { live }),
    ...(holder?.waiting === undefined ? {} : { waiting: { action: holder.waiting, request: holder.request } }),
    ...defined({ dueAt: stateDueAt }),
    can: Object.fromEntries(can),
  }
}

interface Asking {
  readonly type: ResourceType & { readonly lifecycle: ResourceLifecycle }
  readonly resource: ResourceRecord
  readonly holder: Holder | undefined
  readonly state: LifecycleState
  readonly now: number
}

async function refusalOf({ type, resource, holder, state, now }: Asking, action: string): Promise<Refusal | undefined> {
  const { lifecycle } = type
  const { tenant, id, project, document } = resource
  const stateDueAt = stateEndOf(resource)
  const row = stepFrom(lifecycle.table, state, action)?.move
  if (!row) return refusalIn(impossible(lifecycle, state, action))
  if (holder?.whole) return refuse('locked', { type: type.type, id, request: holder.request }).refusal
  const place = { lifecycle: lifecycle.name, state: state.live, action }
  const references = await referencesOf(type, row, { tenant, resource: { type: type.type, id }, project, place })
  if (!references.ok) return references.refusal
  const wanted = {
    action,
    document,
    references: references.value,
    ...(row.timed ? { at: now + 1 } : {}),
    ...defined({ dueAt: stateDueAt }),
  }
  return refusalIn(proposeMove(lifecycle, state, wanted, now))
}

function refusalIn(result: Result<unknown>): Refusal | undefined {
  return result.ok ? undefined : result.refusal
}
