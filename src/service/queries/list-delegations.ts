import type { Delegation } from '../../core/review/delegation.ts'
import type { Context } from '../context/context.ts'
import { delegationsByEnd, shownDelegation } from '../facts/delegations.ts'
import { mayReadMatch } from '../facts/may-read.ts'
import { type Reader, readingRights } from '../people/reading-rights.ts'
import { walk } from '../records/typed-storage.ts'
import { freeze } from '../values/freeze.ts'

/**
 * Lists the delegations that are not over, the one that ends first at the front: those that name a project in which
 * the reader may read, or none, and whatever is from or to the reader.
 */
export async function listDelegations(context: Context, reader: Reader): Promise<readonly Delegation[]> {
  const { tenant, user } = reader
  const rights = readingRights(context, reader)
  await rights.known()
  const delegations: Delegation[] = []
  for await (const { value } of walk(context.storage, delegationsByEnd(tenant, context.now()))) {
    const own = value.from === user || value.to === user
    if (own || (await mayReadMatch(rights, value.match))) delegations.push(shownDelegation(value))
  }
  return freeze(delegations)
}
