import type { Predicate } from '../core/policy/compile/compile-condition.ts'
import { isOwnType } from '../core/policy/model/policy-type.ts'
import { fail } from '../errors/approval-error.ts'
import type { Clock, NewId } from '../ports/clock.ts'
import type { Directory } from '../ports/directory.ts'
import { inTimeAside } from '../ports/in-time.ts'
import type { Notifier } from '../ports/notifier.ts'
import { runningEffects } from '../ports/running-effects.ts'
import type { Signer } from '../ports/signer.ts'
import type { Storage } from '../ports/storage.ts'
import { appointFirstAdminCommand } from './access/first-admin.ts'
import type { ActingApprovals } from './api/acting-approvals.ts'
import { actingAs } from './api/acting-as.ts'
import { type ActorInput, checkActor, checkKeys } from './arguments/check-arguments.ts'
import { runCommand } from './commands/run-command.ts'
import { isTransactional, timelyStorage } from './commands/storage-timeout.ts'
import { type AccessControl, type AccessOptions, type Admins, accessControlOf } from './context/access-control.ts'
import { createAtWork } from './context/at-work.ts'
import { checkedNotifiers, checkedPredicates, checkedSigner } from './context/checked-hosts.ts'
import { checkedClock, checkedIds } from './context/checked-sources.ts'
import { policiesInForce } from './context/compiled-policies.ts'
import type { Context } from './context/context.ts'
import { type Audiences, audiencesOf } from './context/notice-audiences.ts'
import { checkedDirectory } from './people/checked-directory.ts'
import { storedDirectory } from './people/stored-directory.ts'
import { checkFunction, checkMethods, checkOptionNames } from './resource-types/handed-in.ts'
import { policyResource } from './resource-types/policy-resource.ts'
import { readyType } from './resource-types/ready-type.ts'
import type { ResourceType } from './resource-types/resource-type.ts'
import { workflowResource } from './resource-types/workflow-resource.ts'
import { type TickOptions, type TickReport, tick } from './tick/tick.ts'
import { keyedQueue } from './values/keyed-queue.ts'
import { type LimitOptions, limitsOf } from './values/limits.ts'
import { shown } from './values/shown.ts'
import { type TimeoutOptions, timeoutsOf } from './values/timeouts.ts'

/** What `createApprovals` needs of the host: where data is stored, what is under approval, and who people are. */
export type ApprovalsOptions = HostOptions & PeopleOptions

/** Who people are, and who of them may change the settings. */
export type PeopleOptions =
  | {
      /** The host's users and roles. */
      readonly directory: Directory
      /** Who may change policies and switches: `{ roles: ['admin'] }`. */
      readonly admins: Admins
      readonly access?: never
    }
  | {
      /** What roles permit: your own, or `levelAccess` of `countersign/presets`. */
      readonly access: AccessOptions
      /**
       * The host's users and roles.
       *
       * @defaultValue none: who holds which role is kept here, and given with `access.grant`
       */
      readonly directory?: Directory | undefined
      readonly admins?: never
    }

/** Where data is stored, and what is under approval. */
export interface HostOptions {
  /** Where Countersign stores everything. */
  readonly storage: Storage
  /** The types of resources under approval. */
  readonly resources: readonly ResourceType[]
  /**
   * Whether approvals are asked for in a tenant in which nobody has switched them. With `off`, no policy asks for
   * anything until somebody switches the workflow on. Requests that wait are held as by
   * `workflow.disable({ waiting: 'hold' })`, but for their deadlines: nobody knows since when.
   *
   * @defaultValue 'on'
   */
  readonly workflow?: 'on' | 'off' | undefined
  /**
   * The host's own tests, which policies can name: `{ type: 'predicate', name: 'during-release' }`. A test that throws
   * fails closed: approval is required.
   *
   * @defaultValue none: no policy can name one
   */
  readonly predicates?: Readonly<Record<string, Predicate>> | undefined
  /**
   * Who delivers notices. `tick` hands them over.
   *
   * @defaultValue none: no notices are made
   */
  readonly notifiers?: readonly Notifier[] | undefined
  /**
   * Which notice goes to whom: `{ applied: ['requester', 'admins'], returned: ['requester'] }`. A notice that is not
   * named goes to whom it goes by default.
   *
   * @defaultValue none: every notice goes to whom it goes by default
   */
  readonly notices?: Partial<Audiences> | undefined
  /**
   * Who signs the checkpoints of the log.
   *
   * @defaultValue none: checkpoints are chained, and not signed
   */
  readonly signer?: Signer | undefined
  /**
   * How long functions and systems of the host may take for one answer.
   *
   * @defaultValue none: each timeout has its own default
   */
  readonly timeouts?: TimeoutOptions | undefined
  /**
   * How much one person, or one request, may add up to.
   *
   * @defaultValue none: each limit has its own default
   */
  readonly limits?: LimitOptions | undefined
  /**
   * The time, in milliseconds since 1970.
   *
   * @defaultValue Date.now
   */
  readonly now?: Clock | undefined
  /**
   * Makes ids of requests.
   *
   * @defaultValue () => crypto.randomUUID()
   */
  readonly newId?: NewId | undefined
}

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
  within(transaction: object): Pick<Approvals, 'as'>
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

const optionNames = [
  'storage',
  'resources',
  'directory',
  'admins',
  'access',
  'workflow',
  'predicates',
  'notifiers',
  'notices',
  'signer',
  'timeouts',
  'limits',
  'now',
  'newId',
]

/**
 * Puts approvals in front of the writes of an application.
 *
 * @example
 * ```ts
 * const approvals = createApprovals({
 *   storage: memoryStorage(),
 *   resources: [flags],
 *   directory: staticDirectory({ ann: ['developer'], ben: ['lead'] }),
 *   admins: { roles: ['lead'] },
 * })
 * ```
 *
 * @throws TypeError if two resource types or two notifiers share a name, or if nobody said who may change the
 * settings.
 */
export function createApprovals(options: ApprovalsOptions): Approvals {
  checkOptionNames('createApprovals', options, optionNames)
  checkHandedIn(options)
  const { now = Date.now, newId = () => crypto.randomUUID() } = options
  const notifiers = checkedNotifiers(options.notifiers)
  const timeouts = timeoutsOf(options.timeouts)
  const storage = timelyStorage(options.storage, timeouts.storage)
  const types = [...hostsOwn(options.resources), policyResource, workflowResource].map((type) =>
    readyType(type, timeouts),
  )
  const resources = byName('resource types', types, ({ type }) => type)
  const vocabulary = { resources: Object.fromEntries(resources), predicates: checkedPredicates(options.predicates) }
  const stored = options.directory === undefined
  const access = accessControlOf({ admins: options.admins, access: options.access, stored })
  const context: Context = {
    storage,
    directory: checkedDirectory(
      options.directory ?? storedDirectory(storage, access.type === 'roles' ? access.roles : new Map()),
      timeouts.directory,
    ),
    access,
    notifiers,
    audiences: audiencesOf(options.notices),
    signer: checkedSigner(options.signer, timeouts.signer),
    timeouts,
    limits: limitsOf(options.limits),
    now: checkedClock(now),
    newId: checkedIds(newId),
    resources,
    queue: keyedQueue(),
    effects: runningEffects(),
    refusals: keyedQueue(),
    policies: policiesInForce(vocabulary),
    atWork: createAtWork(),
    vocabulary,
    workflow: options.workflow ?? 'on',
  }
  const aside = asideOf(context, options)
  if (!['on', 'off'].includes(context.workflow)) throw new TypeError('createApprovals: workflow must be "on" or "off"')
  byName('notifiers', notifiers, ({ name }) => name)
  checkNeeds(access, options.resources)

  return {
    as: (actor) => actingAs(context, checkActor(actor)),
    async appointFirstAdmin(admin) {
      checkKeys('admin', admin, ['tenant', 'user'])
      const { tenant, user } = checkActor({ tenant: admin.tenant, user: admin.user })
      return await runCommand(context, appointFirstAdminCommand(context, tenant, user))
    },
    within: (transaction) => {
      const joined = joinedTo(context, transaction)
      return { as: (actor) => actingAs(joined, checkActor(actor)) }
    },
    tick: (options) => tick(aside, options),
    close: () => storage.close(),
  }
}

/**
 * The context of `tick`, which may come back before all that it has begun: what it waits for keeps no process alive.
 */
function asideOf(context: Context, options: ApprovalsOptions): Context {
  const { timeouts, access } = context
  const storage = timelyStorage(options.storage, timeouts.storage, inTimeAside)
  const roles = access.type === 'roles' ? access.roles : new Map()
  const types = [...options.resources, policyResource, workflowResource].map((type) =>
    readyType(type, timeouts, inTimeAside),
  )
  return {
    ...context,
    storage,
    directory: checkedDirectory(options.directory ?? storedDirectory(storage, roles), timeouts.directory, inTimeAside),
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
  const { access } = context
  const queue = keyedQueue()
  return {
    ...context,
    storage,
    transaction,
    directory:
      access.type === 'roles' && access.stored
        ? checkedDirectory(storedDirectory(storage, access.roles), context.timeouts.directory)
        : context.directory,
    queue: (_key, task) => queue('transaction', task),
    effects: runningEffects(),
    refusals: keyedQueue(),
    policies: policiesInForce(context.vocabulary),
  }
}

/** Refuses what cannot be worked with, before anything is: each with what was expected and how to write it. */
function checkHandedIn({ storage, directory, resources, now, newId }: ApprovalsOptions): void {
  checkMethods('createApprovals: storage', storage, {
    methods: { get: 'keys', list: 'query', commit: 'writes, effect', close: '' },
    example: "memoryStorage() or sqliteStorage('approvals.db')",
  })
  if (directory !== undefined) {
    checkMethods('createApprovals: directory', directory, {
      methods: { users: 'scope, ids', holders: 'scope, role', roles: 'scope, names' },
      example: "staticDirectory({ ann: ['lead'] })",
    })
  }
  if (!Array.isArray(resources)) {
    throw new TypeError(
      `createApprovals: resources must be a list of what defineResource gives, as in [flags], not ${shown(resources)}`,
    )
  }
  for (const [index, resource] of resources.entries()) {
    if (isResourceType(resource)) continue
    throw new TypeError(
      `createApprovals: resources[${index}] must be what defineResource({ type, schema }) gives, not ${shown(resource)}`,
    )
  }
  checkFunction('createApprovals: now', now, '() => Date.now()')
  checkFunction('createApprovals: newId', newId, '() => crypto.randomUUID()')
}

function isResourceType(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const { type, schema, actionsOf, facetsOf } = value as Readonly<Record<string, unknown>>
  const functions = typeof actionsOf === 'function' && typeof facetsOf === 'function'
  return typeof type === 'string' && schema !== undefined && functions
}

function hostsOwn(resources: readonly ResourceType[]): readonly ResourceType[] {
  const own = resources.find(({ type }) => isOwnType(type))
  if (own) throw new TypeError(`createApprovals: "${own.type}" is there by itself: take it out of resources`)
  return resources
}

/** With access, a change whose permissions nobody named could be made by nobody, or by everybody. */
function checkNeeds(access: AccessControl, resources: readonly ResourceType[]): void {
  if (access.type !== 'roles') return
  for (const { type, actions, needs } of resources) {
    if (!needs) {
      throw new TypeError(
        `createApprovals: with access, defineResource of "${type}" has to say which permissions a change needs`,
      )
    }
    const unknown = needs(['create', 'update', 'delete', ...actions]).find((one) => !access.known.includes(one))
    if (unknown !== undefined) {
      throw new TypeError(
        `createApprovals: "${type}" needs ${JSON.stringify(unknown)}, which is no permission: add it to access.permissions`,
      )
    }
  }
}

function byName<T>(what: string, items: readonly T[], nameOf: (item: T) => string): ReadonlyMap<string, T> {
  const named = new Map<string, T>()
  for (const item of items) {
    const name = nameOf(item)
    if (named.has(name)) {
      throw new TypeError(
        `createApprovals: two of the ${what} are called ${JSON.stringify(name)}: give one another name`,
      )
    }
    named.set(name, item)
  }
  return named
}
