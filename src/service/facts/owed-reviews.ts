import type { PendingFollowUp } from '../../core/request/model/owed-review.ts'
import type { Request } from '../../core/request/model/request.ts'
import { openDebt } from '../../core/request/model/request.ts'
import type { Write } from '../../ports/storage.ts'
import type { Context } from '../context/context.ts'
import type { DebtsRecord } from '../records/record-types.ts'
import { keyOf, put, read, type Stored, unchanged } from '../records/typed-storage.ts'
import { freeze } from '../values/freeze.ts'

/**
 * Reads the reviews that a tenant owes. One record, so that of two who break the glass at once, one is told of the
 * other.
 */
export async function readDebts({ storage }: Context, tenant: string): Promise<Stored<DebtsRecord> | undefined> {
  return (await read(storage, { debts: keyOf('debts', tenant) })).debts
}

/** Lists the reviews that a tenant owes, the oldest first. */
export async function listFollowUps(context: Context, tenant: string): Promise<readonly PendingFollowUp[]> {
  return freeze((await readDebts(context, tenant))?.value.open ?? [])
}

/** Writes what a command made of the reviews that are owed, or states that they are as they were read. */
export function debtWrites(stored: Stored<DebtsRecord> | undefined, next: Request): Write {
  const { tenant } = next
  const before = stored?.value.open ?? []
  const owed = openDebt(next)
  const others = before.filter(({ request }) => request !== next.id)
  if (before.length === others.length + (owed ? 1 : 0)) return unchanged(keyOf('debts', tenant), stored)
  return put('debts', { tenant, open: owed ? [...others, owed] : others }, stored)
}
