import type { RequestCommand } from '../../core/request/model/command.ts'
import type { Actor } from '../../core/request/model/event.ts'
import type { Request } from '../../core/request/model/request.ts'
import { covers, type DelegatedMatter, type Delegation } from '../../core/review/delegation.ts'
import { type Giver, ownerOf } from '../../core/review/giver.ts'
import type { KnownUser } from '../../core/review/voter.ts'
import type { Write } from '../../ports/storage.ts'
import type { Context } from '../context/context.ts'
import { knownUsers, type Scopes } from '../people/ask-directory.ts'
import type { DelegationRecord } from '../records/access-records.ts'
import { read, recordKey, unchanged, walk } from '../records/typed-storage.ts'

/**
 * Finds who may answer for one of those who are asked in a matter, as the directory knows them.
 *
 * It reads all delegations of the tenant that are not over: at most `delegationsPerPerson` for each person.
 */
export async function standInsFor(
  { storage, directory }: Context,
  {
    tenant,
    scopes,
    asked,
    ...matter
  }: DelegatedMatter & { readonly tenant: string; readonly scopes: Scopes; readonly asked: readonly KnownUser[] },
): Promise<readonly Giver[]> {
  const principals = new Map(asked.flatMap((one) => (one.agent ? [] : [[one.id, one]])))
  if (principals.size === 0) return []
  const live: DelegationRecord[] = []
  for await (const { value } of walk(storage, delegationsByEnd(tenant, matter.at))) {
    if (principals.has(value.from) && covers(value, matter)) live.push(value)
  }
  const delegates = live.map(({ to }) => to)
  const users = await knownUsers(directory, scopes, delegates)
  return live.flatMap(({ from, to }) => {
    const [user, principal] = [users.get(to), principals.get(from)]
    return user && principal && !user.agent ? { user, principal } : []
  })
}

/** Lists the delegations to a user that are not over, the one that ends first at the front. */
export async function delegationsTo(
  { storage }: Context,
  { tenant, user }: Pick<Actor, 'tenant' | 'user'>,
  now: number,
): Promise<readonly Delegation[]> {
  const live = { index: 'byDelegate', where: [tenant, user], range: { from: now + 1 }, order: 'ascending' } as const
  const delegations: Delegation[] = []
  for await (const { value } of walk(storage, { collection: 'delegations', ...live }))
    delegations.push(shownDelegation(value))
  return delegations
}

/** Reads the delegations that a command leans on: from whomever the actor answers for, or has answered for before. */
export async function delegationsFor(context: Context, command: RequestCommand, { reviews }: Pick<Request, 'reviews'>) {
  const { by } = command
  if (!isAnswer(command.type)) return { delegations: [], preconditions: [] }
  const { onBehalfOf = by.user } = 'onBehalfOf' in command ? command : {}
  const given = reviews.filter((review) => review.by === by.user).map(ownerOf)
  const from = [...new Set([onBehalfOf, ...given])].filter((user) => user !== by.user)
  return await readDelegations(context, by.tenant, { from, to: by.user })
}

function isAnswer(type: RequestCommand['type']): boolean {
  return type === 'approve' || type === 'reject' || type === 'request_changes' || type === 'withdraw'
}

/** Reads the delegations from some users to one, with the statement that they are still as they were read. */
export async function readDelegations(
  { storage }: Context,
  tenant: string,
  { from, to }: { readonly from: readonly string[]; readonly to: string },
): Promise<{ readonly delegations: readonly Delegation[]; readonly preconditions: readonly Write[] }> {
  if (from.length === 0) return { delegations: [], preconditions: [] }
  const keys = from.map((one) => recordKey('delegations', tenant, one, to))
  const { stored } = await read(storage, { stored: keys })
  return {
    delegations: stored.flatMap((one) => (one ? shownDelegation(one.value) : [])),
    preconditions: keys.map((key, index) => unchanged(key, stored[index])),
  }
}

/** Asks for the delegations of a tenant that are not over, the one that ends first at the front. */
export function delegationsByEnd(tenant: string, now: number) {
  return {
    collection: 'delegations',
    index: 'byEnd',
    where: [tenant],
    range: { from: now + 1 },
    order: 'ascending',
  } as const
}

/** A delegation as it is shown. */
export function shownDelegation({ from, to, begins, ends, match }: DelegationRecord): Delegation {
  return { from, to, begins, ends, match }
}
