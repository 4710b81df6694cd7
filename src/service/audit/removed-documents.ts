import type { Storage } from '../../ports/storage.ts'
import { retentionStream } from '../records/event-stream.ts'
import { inKeyOrder } from '../records/in-key-order.ts'
import { type OnUnreadable, walk } from '../records/typed-storage.ts'

/** Names a document in the log of what was removed: a content of a request, or a revision of a resource. */
export function removedName(stream: string, number: number): string {
  return `${stream} ${number}`
}

/** When retention removed which documents, by their names. */
export type RemovedDocuments = ReadonlyMap<string, number>

/** Reads the names of all documents of a tenant that retention removed. */
export async function readRemoved(
  storage: Storage,
  tenant: string,
  onUnreadable?: OnUnreadable,
): Promise<RemovedDocuments> {
  const removed = new Map<string, number>()
  for await (const { value } of walk(storage, inKeyOrder('events', tenant, retentionStream), onUnreadable)) {
    for (const one of (value.event['removed'] ?? []) as readonly string[]) removed.set(one, Number(value.event['at']))
  }
  return removed
}

/** Says what is wrong with a document that is not kept, or that the log says is not; `undefined` if nothing is. */
export function removalProblem(
  what: string,
  kept: { readonly at: number | undefined; readonly isEmpty: boolean } | undefined,
  removedAt: number | undefined,
): string | undefined {
  if (!kept) return `${what} is missing`
  if (removedAt === undefined) return `${what} is gone, and retention did not remove it`
  if (kept.at === undefined || !kept.isEmpty) return `${what} was removed by retention, and is there again`
  return kept.at === removedAt ? undefined : `${what} was removed at another time than it says`
}
