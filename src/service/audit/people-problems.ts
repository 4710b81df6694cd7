import type { Grant } from '../../core/access/grant.ts'
import { canonical } from '../../core/json/canonical.ts'
import type { Storage } from '../../ports/storage.ts'
import { belongsTo } from '../access/accounts.ts'
import { inKeyOrder } from '../records/in-key-order.ts'
import { read, recordKey, walk } from '../records/typed-storage.ts'

/** Says that who holds which role is not what was told, if so. */
export async function grantProblem(
  storage: Storage,
  tenant: string,
  told: ReadonlyMap<string, Grant>,
): Promise<string | undefined> {
  const byUser: string[] = []
  for await (const { value } of walk(storage, inKeyOrder('grants', tenant))) {
    byUser.push(...value.grants.map((grant) => nameOf({ user: value.user, ...grant })))
  }
  const byRole: string[] = []
  for await (const { value } of walk(storage, inKeyOrder('holders', tenant))) byRole.push(nameOf(value))
  const wrong = [byUser, byRole].some((found) => found.length !== told.size || found.some((name) => !told.has(name)))
  return wrong ? 'who holds which role is not what was given and taken' : undefined
}

/** Says that whose an account is, is not what was told, if so. */
export async function accountProblem(
  storage: Storage,
  tenant: string,
  told: ReadonlyMap<string, string>,
): Promise<string | undefined> {
  const found = new Set<string>()
  for await (const { value } of walk(storage, inKeyOrder('grants', tenant))) {
    found.add(value.user)
    if (canonical(belongsTo(value)) !== (told.get(value.user) ?? '{}'))
      return `whose account ${JSON.stringify(value.user)} is, is not what was said`
  }
  const missing = [...told.keys()].find((user) => !found.has(user))
  return missing === undefined ? undefined : `what was said of account ${JSON.stringify(missing)} is missing`
}

/** Says that who has left is not what was told, if so. */
export async function departureProblem(
  storage: Storage,
  tenant: string,
  told: ReadonlyMap<string, number>,
): Promise<string | undefined> {
  const { set } = await read(storage, { set: recordKey('policySets', tenant) })
  const found = new Map<string, number>()
  for await (const { value } of walk(storage, inKeyOrder('departures', tenant))) found.set(value.user, value.at)
  const isSo = (set?.value.departed ?? 0) === told.size && found.size === told.size
  const isEach = [...told].every(([user, at]) => found.get(user) === at)
  return isSo && isEach ? undefined : 'who has left is not what was said'
}

/** Names a grant among all of a tenant. */
export function nameOf({ user, role, project }: Grant): string {
  return JSON.stringify([user, role, project])
}
