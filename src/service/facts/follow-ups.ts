import type { PendingFollowUp } from '../../core/request/model/follow-up.ts'
import type { Request } from '../../core/request/model/request.ts'
import { pendingFollowUp } from '../../core/request/model/request.ts'
import type { Write } from '../../ports/storage.ts'
import type { Context } from '../context/context.ts'
import type { FollowUpsRecord } from '../records/record-types.ts'
import { put, read, recordKey, type Stored, unchanged } from '../records/typed-storage.ts'
import { freeze } from '../values/freeze.ts'

/**
 * Reads the reviews that a tenant owes. One record, so that of two who break the glass at once, one is told of the
 * other.
 */
export async function readFollowUps(
  { storage }: Context,
  tenant: string,
): Promise<Stored<FollowUpsRecord> | undefined> {
  return (await read(storage, { followUps: recordKey('followUps', tenant) })).followUps
}

/** Lists the reviews that a tenant owes, the oldest first. */
export async function listFollowUps(context: Context, tenant: string): Promise<readonly PendingFollowUp[]> {
  return freeze((await readFollowUps(context, tenant))?.value.open ?? [])
}

/** Writes what a command made of the reviews that are owed, or states that they are as they were read. */
export function followUpWrites(stored: Stored<FollowUpsRecord> | undefined, next: Request): Write {
  const { tenant } = next
  const before = stored?.value.open ?? []
  const owed = pendingFollowUp(next)
  const others = before.filter(({ request }) => request !== next.id)
  if (before.length === others.length + (owed ? 1 : 0)) return unchanged(recordKey('followUps', tenant), stored)
  return put('followUps', { tenant, open: owed ? [...others, owed] : others }, stored)
}
