import type { Delegation } from '../../core/review/delegation.ts'
import type { Context } from '../context/context.ts'
import { delegationsByEnd, shownDelegation } from '../facts/delegations.ts'
import { mayReadMatch } from '../facts/may-read.ts'
import { knownUsers } from '../people/ask-directory.ts'
import { type Reader, readingRights } from '../people/reading-rights.ts'
import { walk } from '../records/typed-storage.ts'
import { freeze } from '../values/freeze.ts'

/**
 * Lists the delegations that are not over, the one that ends first at the front: those that name a project in which
 * the reader may read, or none, and whatever is from or to the reader. Of somebody whom the directory does not know,
 * none is listed, since none counts; whoever gave one to them still sees it.
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
  const people = [...new Set(delegations.flatMap(({ from, to }) => [from, to]))]
  const known = await knownUsers(context.directory, { tenant }, people)
  return freeze(delegations.filter(({ from, to }) => known.has(from) && (known.has(to) || from === user)))
}
