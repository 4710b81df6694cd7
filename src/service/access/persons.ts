import type { Context } from '../context/context.ts'
import type { GrantRecord } from '../records/access-records.ts'
import { inKeyOrder } from '../records/in-key-order.ts'
import { walk } from '../records/typed-storage.ts'

/** Who is behind the accounts of a tenant, by what is kept. */
export interface Persons {
  /** The person at the end of the owners of an account. */
  behind(account: Account): string
  /** Lists the accounts, agents among them, that have one of these persons behind them. */
  accountsOf(persons: readonly string[]): readonly string[]
  /** What is kept of an account. */
  find(user: string): Account | undefined
  /** Lists the other accounts that name this one as their person. */
  naming(user: string): readonly string[]
}

/** Reads all accounts of a tenant: whose they are is kept with each of them alone. */
export async function readPersons({ storage }: Pick<Context, 'storage'>, tenant: string): Promise<Persons> {
  const accounts = new Map<string, Pick<GrantRecord, 'user' | 'person' | 'owner'>>()
  const query = inKeyOrder('grants', tenant)
  for await (const { value } of walk(storage, query)) {
    accounts.set(value.user, value)
  }
  const behind = (account: Account) => {
    let { user, person, owner } = account
    const seen = new Set<string>()
    while (owner !== undefined && !seen.has(owner)) {
      seen.add(owner)
      const found = accounts.get(owner)
      user = owner
      person = found?.person
      owner = found?.owner
    }
    return person ?? user
  }
  return {
    behind,
    accountsOf: (persons) =>
      [...accounts.values()].filter((account) => persons.includes(behind(account))).map(({ user }) => user),
    find: (user) => accounts.get(user),
    naming: (user) =>
      [...accounts.values()].filter((one) => one.person === user && one.user !== user).map((one) => one.user),
  }
}

/** Whose an account is: a person's, or, if it is an agent, its owner's. With neither, it is a person of its own. */
export interface Account {
  readonly user: string
  /**
   * The person behind it, equal for two accounts of one person: they count once, and neither approves what the other
   * asked for.
   *
   * @defaultValue none: the user is a person of its own
   */
  readonly person?: string | undefined
  /**
   * The user who owns it, if it is a service account or an agent: it acts for its owner, and approves only if a
   * policy names it.
   *
   * @defaultValue none: nobody owns it
   */
  readonly owner?: string | undefined
}
