import type { Actor } from '../../core/request/model/event.ts'
import { fail } from '../../errors/approval-error.ts'
import { readAccount, setAccountCommand } from '../access/accounts.ts'
import type { Account } from '../access/persons.ts'
import { checkId, checkKeys, checkUser } from '../arguments/check-arguments.ts'
import type { KeyOptions } from '../arguments/verb-options.ts'
import type { Context } from '../context/context.ts'
import { readingRights } from '../people/reading-rights.ts'
import { withStrands } from '../requests/with-strands.ts'
import type { Stranding } from '../values/strands.ts'
import type { ActorCommands } from './actor-commands.ts'
import { checkKept } from './check-access.ts'

/** Whose accounts are. */
export interface ActingAccounts {
  /**
   * Reads whose an account is.
   *
   * @example
   * ```ts
   * const { person, owner } = await ben.access.accounts.get('ann-phone')
   * ```
   */
  get(user: string): Promise<Account>
  /**
   * Says whose an account is: `{ user: 'ann-phone', person: 'ann' }`, `{ user: 'bot-7', owner: 'ann' }`, or, with
   * the user alone, that it is a person of its own. Takes `organization_roles.edit`, is on record, and says what it
   * strands.
   *
   * @example
   * ```ts
   * await ben.access.accounts.save({ user: 'ann-phone', person: 'ann' })
   * ```
   *
   * @throws `not_permitted`, `beyond_own_permissions`, `own_account`, `last_admin`; `unknown_actor` if the owner
   * holds no role.
   */
  save(account: Account, options?: KeyOptions): Promise<Account & Stranding>
}

/** Binds what is about accounts to one actor. */
export function actingAccounts(context: Context, actor: Actor, { run }: ActorCommands): ActingAccounts {
  const { tenant } = actor
  return {
    async get(user) {
      checkKept(context)
      const named = checkId('user', user)
      await readingRights(context, actor).known()
      return await readAccount(context, tenant, named)
    },
    async save(given, options = {}) {
      checkKeys('options', options, ['idempotencyKey'])
      checkKept(context)
      const account = checkAccount(given)
      return await run(withStrands(context, setAccountCommand(context, actor, account)), { account }, options)
    },
  }
}

function checkAccount(given: Account): Account {
  checkKeys('account', given, ['user', 'person', 'owner'])
  const { user, person, owner } = given
  if (person !== undefined && owner !== undefined) {
    const problem = 'names a person or an owner, not both: an agent is its owner'
    return fail('invalid_input', { argument: 'account', problem })
  }
  return {
    user: checkUser('account.user', user),
    ...(person === undefined ? {} : { person: checkUser('account.person', person) }),
    ...(owner === undefined ? {} : { owner: checkUser('account.owner', owner) }),
  }
}
