import { defined } from '../../core/defined.ts'
import type { JsonValue } from '../../core/json/json.ts'
import type { ResolvedMove } from '../../core/lifecycle/move.ts'
import { proposeMove } from '../../core/lifecycle/perform-move.ts'
import { impossible, shownState } from '../../core/lifecycle/possible-actions.ts'
import { emptyStream } from '../../core/log/event-chain.ts'
import type { CompiledPolicy } from '../../core/policy/compile/compile-policy.ts'
import type { PolicySetState } from '../../core/request/model/policy-set-state.ts'
import { type Refusal, type Result, refuse } from '../../errors/result.ts'
import { liveState } from '../changes/lifecycle-action.ts'
import { policiesOf } from '../context/compiled-policies.ts'
import type { Context } from '../context/context.ts'
import { resourceTypeOf } from '../context/find-resource-type.ts'
import { isWaiting } from '../context/workflow-switch.ts'
import { type Holder, isMeanwhile, isOnItsWay, lockingPolicies, readHolders } from '../facts/lock-holders.ts'
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
  const [holder] = (await readHolders(context, [lock], { settings })).holders
  const state = { live, ...defined({ waiting: holder?.waiting }) }
  const setVersion = settings?.head ?? emptyStream
  const asking = { type: { ...type, lifecycle }, resource, setVersion, holder, live, now: context.now() }
  const can = await Promise.all(
    lifecycle.actions.map(async (action) => [action, (await refusalOf(context, asking, action)) ?? true] as const),
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
  readonly setVersion: PolicySetState
  readonly holder: Holder | undefined
  readonly live: string
  readonly now: number
}

/** Decides an action as submitting it would: whether its row lets it happen, and then who keeps it off. */
async function refusalOf(
  context: Context,
  { type, resource, setVersion, holder, live, now }: Asking,
  action: string,
): Promise<Refusal | undefined> {
  const { lifecycle } = type
  const { tenant, id, project, document } = resource
  const stateDueAt = stateEndOf(resource)
  const row = lifecycle.moves.find((move) => move.from === live && move.action === action && move.by === undefined)
  if (!row) return refusalIn(impossible(lifecycle, { live }, action))
  const place = { lifecycle: lifecycle.name, state: live, action }
  const references = await referencesOf(type, row, { tenant, resource: { type: type.type, id }, project, place })
  if (!references.ok) return references.refusal
  const wanted = {
    action,
    document,
    references: references.value,
    ...(row.timed ? { at: now + 1 } : {}),
    ...defined({ dueAt: stateDueAt }),
  }
  const refusal = refusalIn(proposeMove(lifecycle, { live }, wanted, now))
  if (refusal || !holder || (await mayPass(context, { type, resource, setVersion, holder, row }))) return refusal
  return refuse('locked', { type: type.type, id, request: holder.request }).refusal
}

/** Tells whether an action could pass the request that holds the lock: some changes that it carries may be safe. */
async function mayPass(
  context: Context,
  {
    type,
    resource: { tenant, id },
    setVersion,
    holder,
    row,
  }: Pick<Asking, 'type' | 'resource' | 'setVersion'> & Passing,
): Promise<boolean> {
  const { from, to, action, edits, safe } = row
  const change = { resource: { type: type.type, id }, move: { from, to, action } }
  if (isMeanwhile(context, holder, change)) return true
  if (isOnItsWay(holder)) return false
  if (safe || !edits) return safe === true && (row.pending === undefined || holder.waiting !== action)
  const policies = await context.policies(context.storage, tenant, setVersion)
  const ids = lockingPolicies(holder, policies)
  return ids.length > 0 && ids.every((id) => mayBeSafe(policiesOf(policies, id)))
}

function mayBeSafe(found: readonly CompiledPolicy[]): boolean {
  return found.length > 0 && found.every(({ safe }) => safe.length > 0)
}

interface Passing {
  readonly holder: Holder
  readonly row: ResolvedMove<JsonValue>
}

function refusalIn(result: Result<unknown>): Refusal | undefined {
  return result.ok ? undefined : result.refusal
}
