import type { Vocabulary } from '../../core/policy/compile/compile-condition.ts'
import type { Clock, NewId } from '../../ports/clock.ts'
import type { Directory } from '../../ports/directory.ts'
import type { Notifier } from '../../ports/notifier.ts'
import type { RunningEffects } from '../../ports/running-effects.ts'
import type { Signer } from '../../ports/signer.ts'
import type { Storage } from '../../ports/storage.ts'
import type { PolicySetRecord } from '../records/record-types.ts'
import type { ReadyType } from '../resource-types/ready-type.ts'
import type { KeyedQueue } from '../values/keyed-queue.ts'
import type { UseLimits } from '../values/limits.ts'
import type { Retention } from '../values/retention.ts'
import type { Timeouts } from '../values/timeouts.ts'
import type { AccessControl } from './access-control.ts'
import type { AtWork } from './at-work.ts'
import type { CodedPolicies } from './coded-policies.ts'
import type { PoliciesInForce } from './compiled-policies.ts'
import type { Audiences } from './notice-audiences.ts'

/**
 * Makes the directory that reads from a storage what is kept here of people. With the settings of a tenant at hand it
 * looks for those who have left only if there are any.
 */
export type DirectoryOver = (
  storage: Storage,
  known?: { readonly settings: Pick<PolicySetRecord, 'departed'> | undefined },
) => Directory

/** What every command works with. */
export interface Context {
  readonly storage: Storage
  /** The host's transaction, if everything happens inside one. */
  readonly transaction?: object
  readonly directory: Directory
  /** Makes the same directory over another storage of what is kept here, or over known settings. */
  readonly directoryOver: DirectoryOver
  /** Who may do what. */
  readonly access: AccessControl
  readonly notifiers: readonly Notifier[]
  /** Which notice goes to whom. */
  readonly audiences: Audiences
  /** Who signs checkpoints; nobody if left out. */
  readonly signer: Signer | undefined
  readonly resources: ReadonlyMap<string, ReadyType>
  /** How long the host may take. */
  readonly timeouts: Timeouts
  /** How much may come together. */
  readonly limits: UseLimits
  /** For how long is kept what nobody decides on any more. */
  readonly retention: Retention
  readonly now: Clock
  readonly newId: NewId
  readonly queue: KeyedQueue
  /**
   * The writes of the host that commands are waiting for: none of these may begin a command, which could wait for its
   * own.
   */
  readonly effects: RunningEffects
  /** In which refusals of one actor wait for each other. */
  readonly refusals: KeyedQueue
  readonly policies: PoliciesInForce
  /** The policies that the application gives in code; `undefined` if it gives none. */
  readonly coded: CodedPolicies | undefined
  /** What `tick` does just now in this process, and who gave it trouble. */
  readonly atWork: AtWork
  /** Whether approvals are asked for in a tenant in which nobody has switched them. */
  readonly workflow: 'on' | 'off'
  /** What policies can speak of. */
  readonly vocabulary: Vocabulary
}
