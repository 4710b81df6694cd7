import { digest } from '../../core/json/digest.ts'
import type { ResourceName } from '../../core/request/model/event.ts'
import type { Revision } from '../../core/request/model/revision.ts'
import type { Write } from '../../ports/storage.ts'
import type { Context } from '../context/context.ts'
import { page, put } from '../records/typed-storage.ts'

/** Of how many resources open requests are looked for before something is written. */
const mostResources = 20

/**
 * Finds the newest open requests about some resources, by their ids: one page of an index for each of the first
 * twenty.
 */
export async function openOn(
  { storage }: Pick<Context, 'storage'>,
  tenant: string,
  { resources, limit }: { readonly resources: readonly ResourceName[]; readonly limit: number },
): Promise<readonly string[]> {
  const pages = await Promise.all(
    resources.slice(0, mostResources).map(({ type, id }) =>
      page(storage, {
        collection: 'targets',
        index: 'byOpen',
        where: [tenant, type, id],
        order: 'descending',
        limit,
      }),
    ),
  )
  return [...new Set(pages.flatMap(({ records }) => records.map(({ value }) => value.request)))]
}

/** Tells whether anybody is told that a request went stale. */
export function tellsStale({ notifiers, audiences }: Pick<Context, 'notifiers' | 'audiences'>): boolean {
  return notifiers.length > 0 && audiences.stale.length > 0
}

/**
 * Notes which resources get a revision, if other open requests are about them: these may be stale from then on, and
 * `tick` tells their people. `looked` are the open requests about them, if they were looked for already.
 */
export async function movedOnWrites(
  context: Context,
  tenant: string,
  { writes, looked }: { readonly writes: readonly Write[]; readonly looked?: Promise<readonly string[]> | undefined },
): Promise<readonly Write[]> {
  const moved = made(writes)
  const [first] = moved
  if (!first || !tellsStale(context)) return []
  const own = writtenRequests(writes)
  const limit = own.size + 1
  const known = async () => await (looked ?? openOn(context, tenant, { resources: moved, limit }))
  if (moved.length <= mostResources && (await known()).every((id) => own.has(id))) return []
  const { at, author: by } = first
  const resources = moved.map(({ type, id, number }) => ({ type, id, revision: number }))
  const id = `moved/${digest('moved', resources)}`
  const notice = { id, tenant, type: 'stale', to: [], resources: [], at, by } as const
  return [put('outbox', { tenant, id, dueAt: at, attempts: 0, pending: [], notice, moved: { resources } }, undefined)]
}

type Made = Pick<Revision, 'type' | 'id' | 'number' | 'author' | 'at'>

function made(writes: readonly Write[]): readonly Made[] {
  return writes.flatMap((write) => {
    return write.type === 'insert' && write.collection === 'revisions' ? [write.value as unknown as Made] : []
  })
}

function writtenRequests(writes: readonly Write[]): ReadonlySet<string> {
  const ids = writes.flatMap((write) => {
    const isRequest = write.collection === 'requests' && (write.type === 'insert' || write.type === 'replace')
    return isRequest ? [String(write.value['id'])] : []
  })
  return new Set(ids)
}
