import { hasCode } from '../../errors/approval-error.ts'
import { recordHostChanges } from '../commands/sync-host-documents.ts'
import type { Context } from '../context/context.ts'
import type { Reader, ReadingRights } from '../people/reading-rights.ts'
import { read, recordKey } from '../records/typed-storage.ts'
import { mayReadResource } from './may-read.ts'

interface Named {
  readonly type: string
  readonly id: string
}

/**
 * Records what the host has by now of a resource that somebody wants to read. What the host fails at is told to those
 * who may read there: for others there is nothing. Tells whether they may go on.
 */
export async function syncForReader(
  context: Context,
  reader: Reader,
  { rights, resource }: { readonly rights: ReadingRights; readonly resource: Named },
): Promise<boolean> {
  try {
    await recordHostChanges(context, reader.tenant, [resource])
    return true
  } catch (error) {
    if (!hasCode(error, 'host_failed') || (await mayHear(context, reader, { rights, resource }))) throw error
    await rights.known()
    return false
  }
}

/** The same for what is read of the past: if the host fails, it is read as it was recorded. */
export async function syncIfPossible(context: Context, { tenant }: Reader, resource: Named): Promise<void> {
  try {
    await recordHostChanges(context, tenant, [resource])
  } catch (error) {
    if (!hasCode(error, 'host_failed')) throw error
  }
}

/** Tells whether somebody may hear of what the host fails at: whoever may read what is stored, or everything. */
export async function mayHear(
  { storage }: Context,
  { tenant }: Reader,
  { rights, resource: { type, id } }: { readonly rights: ReadingRights; readonly resource: Named },
): Promise<boolean> {
  const { stored } = await read(storage, { stored: recordKey('resources', tenant, type, id) })
  return stored ? await mayReadResource(rights, stored.value) : await rights.everywhere()
}
