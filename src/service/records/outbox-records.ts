import type { Notice } from '../../ports/notifier.ts'
import type { Position } from '../../ports/storage.ts'

/** A notice on its way. */
export interface OutboxRecord {
  readonly tenant: string
  readonly id: string
  readonly dueAt: number
  readonly attempts: number
  /** Names of the notifiers that have not delivered it yet. */
  readonly pending: readonly string[]
  readonly notice: Notice
  /** What has moved on, if its people are still to be found: the notice is what all of theirs have in common. */
  readonly moved?: MovedOn
}

/** Resources that got a revision while open requests were about them. */
export interface MovedOn {
  /** Each with the number of its revision. Those in front are done. */
  readonly resources: readonly { readonly type: string; readonly id: string; readonly revision: number }[]
  /** How many of them are done. Left out: none. */
  readonly done?: number
  /** Up to where the requests about the next one are done. Left out: none is. */
  readonly after?: Position
}
