import type { Predicate } from '../core/policy/compile/compile-condition.ts'
import type { Clock, NewId } from '../ports/clock.ts'
import type { Directory } from '../ports/directory.ts'
import type { Notifier } from '../ports/notifier.ts'
import type { Signer } from '../ports/signer.ts'
import type { Storage } from '../ports/storage.ts'
import type { AccessOptions, Admins } from './context/access-control.ts'
import type { Audiences } from './context/notice-audiences.ts'
import type { ResourceType } from './resource-types/resource-type.ts'
import type { LimitOptions } from './values/limits.ts'
import type { TimeoutOptions } from './values/timeouts.ts'

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
