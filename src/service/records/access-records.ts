import type { Grant } from '../../core/access/grant.ts'
import type { ResourceAccess } from '../../core/access/resource-access.ts'
import type { StreamHead } from '../../core/log/event-chain.ts'
import type { Delegation } from '../../core/review/delegation.ts'

/** Everything that was given to one user. */
export interface GrantRecord {
  readonly tenant: string
  readonly user: string
  /** The person behind the user, if that was said. */
  readonly person?: string
  /** The user who owns it, if it is an agent. */
  readonly owner?: string
  readonly grants: readonly Pick<Grant, 'role' | 'project'>[]
}

/** That the host has said of somebody that they have left. */
export interface DepartureRecord {
  readonly tenant: string
  readonly user: string
  /** When it was said, in milliseconds since 1970. */
  readonly at: number
}

/** What a user wants for themselves alone. */
export interface PreferencesRecord {
  readonly tenant: string
  readonly user: string
  /** Types of notices that the user has switched off. */
  readonly unwanted: readonly string[]
}

/** Who edits a resource, with the end of the stream that says how it came to be so. */
export interface AccessRecord {
  readonly tenant: string
  readonly type: string
  readonly id: string
  readonly access: ResourceAccess
  readonly head: StreamHead
}

/** That somebody was given a role. */
export interface HolderRecord extends Grant {
  readonly tenant: string
}

/** That somebody may answer for somebody else, or might once. */
export interface DelegationRecord extends Delegation {
  readonly tenant: string
}
