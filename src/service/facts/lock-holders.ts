import { defined } from '../../core/defined.ts'
import { stepFrom } from '../../core/lifecycle/transition-table.ts'
import type { ProposedChange } from '../../core/request/model/content.ts'
import type { Request } from '../../core/request/model/request.ts'
import type { Write } from '../../ports/storage.ts'
import type { Context } from '../context/context.ts'
import type { LockRecord } from '../records/record-types.ts'
import { read, recordKey, type Stored, unchanged } from '../records/typed-storage.ts'

/** A request that keeps others off a resource. */
export interface Holder {
  readonly request: string
  /** That request, as it is stored. */
  readonly stored?: Request
  /** The action of the life cycle that waits for approval, if that is why. */
  readonly waiting?: string
  /** Whether a policy keeps everybody off, whatever the life cycle lets happen meanwhile. */
  readonly whole: boolean
}

/** Who holds the locks on some resources, in their order, and the statement that they still do. */
export interface HoldersRead {
  readonly holders: readonly (Holder | undefined)[]
  readonly preconditions: readonly Write[]
}

/** Reads who holds locks. What a request itself holds keeps nobody of it off. Reads nothing if nothing is locked. */
export async function readHolders(
  { storage }: Context,
  locks: readonly (Stored<LockRecord> | undefined)[],
  request?: string,
): Promise<HoldersRead> {
  const others = locks.map((lock) => (lock?.value.request === request ? undefined : lock?.value))
  const found = others.filter((lock) => lock !== undefined)
  if (found.length === 0) return { holders: others.map(() => undefined), preconditions: [] }
  const ids = [...new Set(found.map(({ request }) => request))]
  const keys = ids.map((id) => recordKey('requests', found[0]?.tenant ?? '', id))
  const { requests } = await read(storage, { requests: keys })
  const holders = others.map((lock): Holder | undefined => {
    if (!lock) return undefined
    const holder = requests[ids.indexOf(lock.request)]?.value
    const target = holder?.resources.find(({ type, id }) => type === lock.type && id === lock.id)
    const { waiting } = target ?? {}
    const whole = holder?.status === 'applying' || holder?.rules.lock !== 'none' || waiting === undefined
    return {
      request: lock.request,
      whole,
      ...defined({ stored: holder, waiting }),
    }
  })
  return { holders, preconditions: keys.map((key, index) => unchanged(key, requests[index])) }
}

/**
 * Finds the request that keeps changes off their resources: one that holds a lock, unless the life cycle lets them
 * happen meanwhile.
 */
export function keptOffBy(
  { resources }: Context,
  changes: readonly ProposedChange[],
  holders: readonly (Holder | undefined)[],
): string | undefined {
  const index = changes.findIndex(({ resource, move }, index) => {
    const holder = holders[index]
    if (!holder) return false
    const { whole, waiting } = holder
    const table = resources.get(resource.type)?.lifecycle?.table
    if (whole || waiting === undefined || move?.from === undefined || !table) return true
    return stepFrom(table, { live: move.from, waiting }, move.action)?.move === undefined
  })
  return holders[index]?.request
}
