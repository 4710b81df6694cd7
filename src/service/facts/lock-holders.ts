import { defined } from '../../core/defined.ts'
import { stepFrom } from '../../core/lifecycle/transition-table.ts'
import { askedByPolicies } from '../../core/policy/model/requirement.ts'
import { isReturned } from '../../core/request/decide/decide.ts'
import type { ProposedChange } from '../../core/request/model/content.ts'
import { statusAt } from '../../core/request/model/deadline.ts'
import type { ResourceName } from '../../core/request/model/event.ts'
import type { PolicySetState } from '../../core/request/model/policy-set-state.ts'
import type { Request } from '../../core/request/model/request.ts'
import { isOpen } from '../../core/request/model/status-table.ts'
import type { Write } from '../../ports/storage.ts'
import type { Proposal } from '../changes/propose-change.ts'
import { isSafe } from '../changes/safe-direction.ts'
import { policiesOf, type TenantPolicies } from '../context/compiled-policies.ts'
import type { Context } from '../context/context.ts'
import { switchFacts } from '../context/workflow-switch.ts'
import type { LockRecord, PolicySetRecord, RequestRecord } from '../records/record-types.ts'
import { read, recordKey, type Stored, unchanged, walk } from '../records/typed-storage.ts'

/** A request that keeps others off a resource. */
export interface Holder {
  readonly request: string
  /** The resource that it holds. */
  readonly resource: ResourceName
  /** That request, as it is stored. */
  readonly stored?: Request
  readonly record?: Stored<RequestRecord>
  /** The action of the life cycle that waits for approval, if that is why. */
  readonly waiting?: string
  /** Whether a policy keeps everybody off, whatever the life cycle lets happen meanwhile. */
  readonly whole: boolean
}

/**
 * A request that is over, which is not recorded yet: its deadline has come, or the workflow was switched off under it.
 */
export interface Over {
  readonly request: Pick<Request, 'tenant' | 'id' | 'project' | 'projects'>
  /** The verb that records it. */
  readonly verb: 'expire' | 'return'
}

/** Who holds the locks on some resources, in their order, and the statement that they still do. */
export interface HoldersRead {
  readonly holders: readonly (Holder | undefined)[]
  /** Those whose locks are still there, and hold nothing any more. To be recorded before others can have them. */
  readonly over: readonly Over[]
  readonly preconditions: readonly Write[]
}

/**
 * Reads who holds locks. What a request itself holds keeps nobody of it off, nor does what is over. Reads nothing if
 * nothing is locked.
 */
export async function readHolders(
  context: Context,
  locks: readonly (Stored<LockRecord> | undefined)[],
  { settings, request }: { readonly settings: PolicySetRecord | undefined; readonly request?: string },
): Promise<HoldersRead> {
  const { storage } = context
  const others = locks.map((lock) => (lock?.value.request === request ? undefined : lock?.value))
  const found = others.filter((lock) => lock !== undefined)
  if (found.length === 0) return { holders: others.map(() => undefined), over: [], preconditions: [] }
  const ids = [...new Set(found.map(({ request }) => request))]
  const keys = ids.map((id) => recordKey('requests', found[0]?.tenant ?? '', id))
  const { requests } = await read(storage, { requests: keys })
  const over = requests.flatMap((stored) => (stored && overBy(context, stored.value, settings)) ?? [])
  const holders = others.map((lock): Holder | undefined => {
    if (!lock || over.some((one) => one.request.id === lock.request)) return undefined
    const record = requests[ids.indexOf(lock.request)]
    const holder = record?.value
    const target = holder?.resources.find(({ type, id }) => type === lock.type && id === lock.id)
    const { waiting } = target ?? {}
    const whole = holder?.status === 'applying' || holder?.rules.lock !== 'none' || waiting === undefined
    return {
      request: lock.request,
      resource: { type: lock.type, id: lock.id },
      whole,
      ...defined({ stored: holder, record, waiting }),
    }
  })
  return { holders, over, preconditions: keys.map((key, index) => unchanged(key, requests[index])) }
}

/** Says that a request is over by now; `undefined` if it is not, or that is recorded. */
export function overBy(context: Context, request: Request, settings: PolicySetRecord | undefined): Over | undefined {
  const facts = switchFacts(context, settings, request)
  if (!isOpen(request.status)) return undefined
  if (statusAt(request, { at: context.now(), holds: facts.holds }) === 'expired') return { request, verb: 'expire' }
  return isReturned(request, facts) ? { request, verb: 'return' } : undefined
}

/** Changes that meet the requests that hold locks on their resources. */
export interface Meeting {
  readonly tenant: string
  readonly proposals: readonly Proposal[]
  /** In the order of the changes. */
  readonly holders: readonly (Holder | undefined)[]
  /** The state of the policies in force. */
  readonly setVersion: PolicySetState
}

/** How changes meet those locks. */
export interface Met {
  /** The request that keeps them off, and which resource it keeps them off. */
  readonly lockedBy?: string
  readonly lockedOn?: ResourceName
  /** Whether they pass, since what meets a lock is declared safe. */
  readonly passes?: true
}

/**
 * Finds the request that keeps changes off their resources: one that holds a lock, unless the life cycle lets them
 * happen meanwhile, or they are declared safe.
 */
export async function meetLocks(context: Context, { tenant, proposals, holders, setVersion }: Meeting): Promise<Met> {
  const planned = await plannedRevert(context, tenant, proposals)
  if (planned) return planned
  if (holders.every((holder) => holder === undefined)) return {}
  const policies = await context.policies(context.storage, tenant, setVersion)
  const among = proposals.length
  let passes = true
  for (const [index, proposal] of proposals.entries()) {
    const holder = holders[index]
    if (!holder) continue
    const declared = { policies, ids: lockingPolicies(holder, policies), among }
    const safe = !isOnItsWay(holder) && isSafe(context, proposal, declared)
    if (!safe && !isMeanwhile(context, holder, proposal.change))
      return { lockedBy: holder.request, lockedOn: holder.resource }
    // The same action, asked for twice, waits once.
    passes &&= safe && proposal.change.move?.action !== (holder.waiting ?? '')
  }
  return passes ? { passes } : {}
}

/**
 * Finds the revert that is planned for a resource which is to go to another project: what is there for a time is taken
 * back where it was approved, so that it stays until then.
 */
async function plannedRevert(
  { storage }: Context,
  tenant: string,
  proposals: readonly Proposal[],
): Promise<Met | undefined> {
  for (const { change } of proposals) {
    if (change.toProject === undefined) continue
    const { type, id } = change.resource
    const open = { collection: 'targets', index: 'byOpen', where: [tenant, type, id], order: 'ascending' } as const
    const ids: string[] = []
    for await (const { value } of walk(storage, open)) ids.push(value.request)
    const { found } = await read(storage, { found: ids.map((one) => recordKey('requests', tenant, one)) })
    // Also one that has to be approved anew is to take back what is there.
    const revert = found.find((one) => one?.value.revertOf !== undefined && isOpen(one.value.status))
    if (revert) return { lockedBy: revert.value.id, lockedOn: { type, id } }
  }
  return undefined
}

/** How changes meet those locks that pass all of them but that of a change on its way. */
export function passedLocks(holders: HoldersRead['holders']): Met {
  const onItsWay = holders.find((holder) => holder && isOnItsWay(holder))
  if (onItsWay) return { lockedBy: onItsWay.request, lockedOn: onItsWay.resource }
  return holders.some((holder) => holder !== undefined) ? { passes: true } : {}
}

/** Tells whether the life cycle lets a move happen while the one of the holder waits. */
export function isMeanwhile(
  { resources }: Pick<Context, 'resources'>,
  { whole, waiting }: Holder,
  { resource, move }: Pick<ProposedChange, 'resource' | 'move'>,
): boolean {
  const table = resources.get(resource.type)?.lifecycle?.table
  if (whole || waiting === undefined || move?.from === undefined || !table) return false
  return stepFrom(table, { live: move.from, waiting }, move.action)?.move !== undefined
}

/** Tells whether the change of a holder is on its way already: nothing passes that. */
export function isOnItsWay({ stored }: Holder): boolean {
  return stored?.status === 'applying'
}

/**
 * The policies that a change has to be safe for to pass a lock: those that ask for the lock, or all that the holder
 * waits for if its life cycle keeps others off. One that is gone counts as one that asks for it.
 */
export function lockingPolicies({ stored, waiting }: Holder, policies: TenantPolicies): readonly string[] {
  const ids = [...new Set(askedByPolicies(stored?.requirements ?? []).map(({ policy }) => policy))]
  const asksForNone = (id: string) => {
    const found = policiesOf(policies, id)
    return found.length > 0 && found.every(({ rules }) => rules.lock === 'none')
  }
  return waiting === undefined ? ids.filter((id) => !asksForNone(id)) : ids
}
