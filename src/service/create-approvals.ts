import { fail } from '../errors/approval-error.ts'
import { inTimeAside } from '../ports/in-time.ts'
import { runningEffects } from '../ports/running-effects.ts'
import { appointFirstAdminCommand } from './access/first-admin.ts'
import type { ActingApprovals } from './api/acting-approvals.ts'
import { actingAs } from './api/acting-as.ts'
import { type ApplicationReader, applicationReader } from './api/application-reader.ts'
import type { ApprovalsOptions } from './approvals-options.ts'
import { type ActorInput, checkActor, checkKeys, checkTenant, checkUser } from './arguments/check-arguments.ts'
import { byName, checkHandedIn, checkNeeds, hostsOwn, optionNames } from './check-approvals-options.ts'
import { checkedCode } from './check-coded-policies.ts'
import { runCommand } from './commands/run-command.ts'
import { isTransactional, timelyStorage } from './commands/storage-timeout.ts'
import { accessControlOf } from './context/access-control.ts'
import { createAtWork } from './context/at-work.ts'
import { checkedNotifiers, checkedPredicates, checkedSigner } from './context/checked-hosts.ts'
import { checkedClock, checkedIds } from './context/checked-sources.ts'
import { compiledPolicies } from './context/compiled-policies.ts'
import type { Context } from './context/context.ts'
import { idByTime } from './context/id-by-time.ts'
import { audiencesOf } from './context/notice-audiences.ts'
import { directoryOver } from './people/departures.ts'
import { type Departure, departCommand, returnCommand } from './requests/departure-commands.ts'
import { checkOptionNames } from './resource-types/handed-in.ts'
import { policyResource } from './resource-types/policy-resource.ts'
import { readyType } from './resource-types/ready-type.ts'
import { workflowResource } from './resource-types/workflow-resource.ts'
import { type TickOptions, type TickReport, tick } from './tick/tick.ts'
import { keyedQueue } from './values/keyed-queue.ts'
import { limitsOf } from './values/limits.ts'
import { retentionOf } from './values/retention.ts'
import { timeoutsOf } from './values/timeouts.ts'

/** Approvals over the resources of an application. */
export interface Approvals {
  /**
   * Gives everything that one actor can do. The host has authenticated them.
   *
   * @example
   * ```ts
   * const ann = approvals.as({ tenant: 'acme', user: 'ann' })
   * ```
   *
   * @throws ApprovalError `invalid_input` if the tenant, the user or the door is no id, or is one that is reserved.
   */
  as(actor: ActorInput): ActingApprovals
  /**
   * Gives what the application itself reads of a tenant, without being a person: to evaluate a flag, say. It reads
   * everything, so hand nobody what it gives without asking whether they may read it.
   *
   * @example
   * ```ts
   * const live = await approvals.reader('acme').resources.get(flags.ref('checkout'))
   * ```
   *
   * @throws ApprovalError `invalid_input` if the tenant is no id.
   */
  reader(tenant: string): ApplicationReader
  /**
   * Gives a tenant whose roles are kept here its first admin, on record as such. Does nothing in a tenant that ever
   * had one, and answers false: from then on its admins give roles.
   *
   * @example
   * ```ts
   * const isFirst = await approvals.appointFirstAdmin({ tenant: 'acme', user: 'ben' })
   * ```
   *
   * @throws ApprovalError `invalid_input` if the directory of the host says who holds which role, or no role lets its
   * holder give roles; `contention`, `storage_failed`.
   */
  appointFirstAdmin(admin: { readonly tenant: string; readonly user: string }): Promise<boolean>
  /**
   * Says that somebody has left: from then on they count as gone in that tenant, whatever a directory that lags behind
   * says of them, and their approvals stop counting. It is in the log, and those who may change the settings are told
   * of what it strands. Somebody whom the directory does not know counts as gone without it.
   *
   * If roles are kept here, it takes all of theirs. Each account of a person is named for itself. Said again, it
   * changes nothing.
   *
   * @example
   * ```ts
   * const { strands } = await approvals.departed({ tenant: 'acme', user: 'carl' })
   * for (const { request, missing } of strands.requests) console.log(request, missing)
   * ```
   *
   * @returns what nobody can satisfy from now on, though somebody could before. If the directory had forgotten the user
   * already, it cannot be told apart from what was so before: everything that nobody can satisfy.
   * @throws ApprovalError `last_admin` if roles are kept here and nobody would be left who can give some;
   * `directory_failed`, `contention`, `storage_failed`.
   */
  departed(leaver: { readonly tenant: string; readonly user: string }): Promise<Departure>
  /**
   * Says that somebody is back of whom it was said that they had left: the directory says again who they are. It is in
   * the log. Answers false if nothing of the kind was said.
   *
   * @example
   * ```ts
   * const isBack = await approvals.returned({ tenant: 'acme', user: 'carl' })
   * ```
   *
   * @throws ApprovalError `invalid_input` if roles are kept here: give them again with `access.grant`; `contention`,
   * `storage_failed`.
   */
  returned(leaver: { readonly tenant: string; readonly user: string }): Promise<boolean>
  /**
   * Gives the same inside a transaction that the host has opened in the same database. What is done, and its notices,
   * become real when the host commits, and vanish when the host rolls back. No statement leaves the connection of the
   * transaction.
   *
   * Takes a transaction of Kysely, Drizzle, Prisma, TypeORM, MikroORM, Knex, Sequelize, postgres.js or PGlite, or the
   * connection on which a transaction is open (pg, mysql2, better-sqlite3, node:sqlite, libsql). The guide to storage
   * has a table of what each of them hands you.
   *
   * @example
   * ```ts
   * const client = await pool.connect()
   * await client.query('begin')
   * const ann = approvals.within(client).as({ tenant: 'acme', user: 'ann' })
   * await ann.submit(flags.ref('checkout'), { merge: { rollout: 50 } })
   * await client.query('commit')
   * ```
   *
   * @throws ApprovalError `invalid_input` if the storage has no transactions, or if this is none that is open; it
   * says what to write instead.
   */
  within(transaction: object): Pick<Approvals, 'as' | 'reader'>
  /**
   * Does what is due, in all tenants: records expiries, applies what was scheduled, delivers notices. It may run
   * anywhere, several times at once.
   *
   * Tenants take turns, so that none delays another. What cannot be done is put off, longer each time.
   *
   * @example
   * ```ts
   * const { failed, next } = await approvals.tick()
   * for (const { tenant, id, error } of failed) console.error(tenant, id, error)
   * ```
   *
   * @throws ApprovalError `invalid_input` if an option is not known; `storage_failed`, `host_function_failed`.
   * @throws TypeError if the limit or the budget is no number that it can be.
   */
  tick(options?: TickOptions): Promise<TickReport>
  /**
   * Closes the storage.
   *
   * @example
   * ```ts
   * await approvals.close()
   * ```
   */
  close(): Promise<void>
}

/**
 * Puts approvals in front of the writes of an application.
 *
 * @example
 * ```ts
 * const twoEyes = { id: 'two-eyes', match: {}, require: { quorum: 1, from: { roles: ['lead'] } } }
 * const people = { directory: staticDirectory({ ann: ['developer'], ben: ['lead'] }) }
 * const policies = { policies: [twoEyes], policiesVersion: 1 }
 * const approvals = createApprovals({ storage: memoryStorage(), resources: [flags], ...people, ...policies })
 * ```
 *
 * @throws TypeError if two resource types or two notifiers share a name, if a policy could not be saved either, or if
 * there are neither policies nor anybody who may save some.
 */
export function createApprovals(options: ApprovalsOptions): Approvals {
  checkOptionNames('createApprovals', options, optionNames)
  checkHandedIn(options)
  const context = contextOf(options)
  const aside = asideOf(context, options)
  if (!['on', 'off'].includes(context.workflow)) throw new TypeError('createApprovals: workflow must be "on" or "off"')
  byName('notifiers', context.notifiers, ({ name }) => name)
  checkNeeds(context.access, options.resources)

  return {
    ...handlesOf(context),
    async appointFirstAdmin(admin) {
      checkKeys('admin', admin, ['tenant', 'user'])
      const { tenant, user } = checkActor({ tenant: admin.tenant, user: admin.user })
      return await runCommand(context, appointFirstAdminCommand(context, tenant, user))
    },
    async departed(leaver) {
      const { tenant, user } = checkLeaver(leaver)
      return await runCommand(context, departCommand(context, tenant, user))
    },
    async returned(leaver) {
      const { tenant, user } = checkLeaver(leaver)
      return await runCommand(context, returnCommand(context, tenant, user))
    },
    within: (transaction) => handlesOf(joinedTo(context, transaction)),
    tick: (options) => tick(aside, options),
    close: () => context.storage.close(),
  }
}

function checkLeaver(leaver: { readonly tenant: string; readonly user: string }) {
  checkKeys('leaver', leaver, ['tenant', 'user'])
  const { tenant, user } = leaver
  return { tenant: checkTenant('leaver.tenant', tenant), user: checkUser('leaver.user', user) }
}

/** Reads the options: what every command works with. */
function contextOf(options: ApprovalsOptions): Context {
  const { now = Date.now, newId = idByTime } = options
  const notifiers = checkedNotifiers(options.notifiers)
  const timeouts = timeoutsOf(options.timeouts)
  const storage = timelyStorage(options.storage, timeouts.storage)
  const types = [...hostsOwn(options.resources), policyResource, workflowResource].map((type) =>
    readyType(type, timeouts),
  )
  const resources = byName('resource types', types, ({ type }) => type)
  const vocabulary = { resources: Object.fromEntries(resources), predicates: checkedPredicates(options.predicates) }
  const stored = options.directory === undefined
  const { admins, readers, logReaders } = options
  const coded = checkedCode(options, { resources, vocabulary })
  const access = accessControlOf({
    ...{ admins, readers, logReaders, access: options.access, stored },
    hasPolicies: coded !== undefined,
  })
  const over = directoryOver({ directory: options.directory, access, milliseconds: timeouts.directory })
  return {
    storage,
    directory: over(storage),
    directoryOver: over,
    access,
    notifiers,
    audiences: audiencesOf(options.notices),
    signer: checkedSigner(options.signer, timeouts.signer),
    timeouts,
    limits: limitsOf(options.limits),
    retention: retentionOf(options.retention),
    now: checkedClock(now),
    newId: checkedIds(newId),
    resources,
    queue: keyedQueue(),
    effects: runningEffects(),
    refusals: keyedQueue(),
    policies: compiledPolicies(vocabulary, coded),
    coded,
    atWork: createAtWork(),
    vocabulary,
    workflow: options.workflow ?? 'on',
  }
}

function handlesOf(context: Context): Pick<Approvals, 'as' | 'reader'> {
  return {
    as: (actor) => actingAs(context, checkActor(actor)),
    reader: (tenant) => applicationReader(context, checkTenant('tenant', tenant)),
  }
}

/**
 * The context of `tick`, which may come back before all that it has begun: what it waits for keeps no process alive.
 */
function asideOf(context: Context, options: ApprovalsOptions): Context {
  const { timeouts, access } = context
  const storage = timelyStorage(options.storage, timeouts.storage, inTimeAside)
  const types = [...options.resources, policyResource, workflowResource].map((type) =>
    readyType(type, timeouts, inTimeAside),
  )
  const { directory } = options
  const over = directoryOver({ directory, access, milliseconds: timeouts.directory, wait: inTimeAside })
  return {
    ...context,
    storage,
    directory: over(storage),
    directoryOver: over,
    signer: checkedSigner(options.signer, timeouts.signer, inTimeAside),
    resources: new Map(types.map((type) => [type.type, type])),
  }
}

/**
 * The context of a transaction of the host. Its commands take turns among themselves and wait for nobody else, who
 * could be waiting for the transaction; and policies that it has saved are known to nobody else until it is
 * committed.
 */
function joinedTo(context: Context, transaction: object): Context {
  const storage = isTransactional(context.storage)
    ? context.storage.within(transaction)
    : fail('invalid_input', {
        argument: 'transaction',
        problem: 'this storage has no transactions that could be joined',
      })
  const queue = keyedQueue()
  return {
    ...context,
    storage,
    transaction,
    directory: context.directoryOver(storage),
    queue: (_key, task) => queue('transaction', task),
    effects: runningEffects(),
    refusals: keyedQueue(),
    policies: compiledPolicies(context.vocabulary, context.coded),
  }
}
