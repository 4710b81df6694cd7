import type { Predicate } from '../core/policy/compile/compile-condition.ts'
import type { CodedPolicyInput } from '../core/policy/model/policy.ts'
import type { Clock, NewId } from '../ports/clock.ts'
import type { Directory } from '../ports/directory.ts'
import type { Notifier } from '../ports/notifier.ts'
import type { Signer } from '../ports/signer.ts'
import type { Storage } from '../ports/storage.ts'
import type { AccessOptions, Admins, Readers } from './context/access-control.ts'
import type { Audiences } from './context/notice-audiences.ts'
import type { ResourceType } from './resource-types/resource-type.ts'
import type { LimitOptions } from './values/limits.ts'
import type { RetentionOptions } from './values/retention.ts'
import type { TimeoutOptions } from './values/timeouts.ts'

/** What `createApprovals` needs of the host: where data is stored, what is under approval, and who people are. */
export type ApprovalsOptions = HostOptions & PeopleOptions

/** Who people are, and who of them may change the settings. */
export type PeopleOptions =
  | {
      /** The host's users and roles. */
      readonly directory: Directory
      /**
       * Who may change policies and switches in a tenant: `{ roles: ['admin'] }`. Left out, nobody may, and `policies`
       * have to be given in code.
       *
       * @defaultValue none: nobody
       */
      readonly admins?: Admins | undefined
      /**
       * Who may read resources, requests about them, and what was said there: `{ roles: ['staff'] }`. A role that the
       * directory gives in a project reads there. Whoever is asked to approve a request can read it anyway.
       *
       * @defaultValue 'anyone': everybody whom the directory knows, in all projects
       */
      readonly readers?: Readers | undefined
      /**
       * Who may read the log, and export and verify it.
       *
       * @defaultValue the admins alone if `readers` is given, and otherwise 'anyone'
       */
      readonly logReaders?: Readers | undefined
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
      readonly readers?: never
      readonly logReaders?: never
    }

/** Where data is stored, and what is under approval. */
export interface HostOptions {
  /** Where Countersign stores everything. */
  readonly storage: Storage
  /** The types of resources under approval. */
  readonly resources: readonly ResourceType[]
  /**
   * Whether approvals are asked for in a tenant in which nobody has switched them. With `off`, no policy asks for
   * anything until somebody switches the workflow on, but for those in code with `whileOff: 'asks'`. Requests that wait
   * are held as by `workflow.disable({ waiting: 'hold' })`, but for their deadlines: nobody knows since when.
   *
   * @defaultValue 'on'
   */
  readonly workflow?: 'on' | 'off' | undefined
  /**
   * Policies that hold in every tenant, beside those that a tenant saves. From within a tenant nobody can change,
   * remove, switch off or override them. A set of them is put on record in the log of a tenant, with its
   * `policiesVersion`, when something is first decided by it there. Only the directory of a tenant knows its people and
   * roles: these names are not checked here.
   *
   * @defaultValue none: there are those alone that a tenant saves
   */
  readonly policies?: readonly CodedPolicyInput[] | undefined
  /**
   * The version of `policies`, a whole number from 1 on: raise it whenever they change. An instance with an older
   * version than the one on record, or with other policies of the same version, applies nothing.
   *
   * @defaultValue none: it has to be given with `policies`
   */
  readonly policiesVersion?: number | undefined
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
   * For how long is kept what nobody decides on any more: `{ answers: '30d', documents: '104w' }`. `tick` removes it.
   * Give all instances the same.
   *
   * @defaultValue none: documents are kept for ever, answers to repeated commands for a week
   */
  readonly retention?: RetentionOptions | undefined
  /**
   * The time, in milliseconds since 1970.
   *
   * @defaultValue Date.now
   */
  readonly now?: Clock | undefined
  /**
   * Makes ids of requests.
   *
   * @defaultValue UUIDs of version 7 (RFC 9562), which begin with the time: databases store them side by side
   */
  readonly newId?: NewId | undefined
}
