import type { Grant } from '../../core/access/grant.ts'
import type { Context } from '../context/context.ts'
import { type Reader, readingRights } from '../people/reading-rights.ts'
import { freeze } from '../values/freeze.ts'

/** Those among grants that somebody may read: their own, in the whole tenant, and in projects where they read. */
export async function readableGrants(
  context: Context,
  reader: Reader,
  grants: readonly Grant[],
): Promise<readonly Grant[]> {
  const rights = readingRights(context, reader)
  await rights.known()
  const readable = await Promise.all(
    grants.map(async ({ user, project }) => user === reader.user || project === '' || (await rights.in(project))),
  )
  return freeze(grants.filter((_, index) => readable[index]))
}
