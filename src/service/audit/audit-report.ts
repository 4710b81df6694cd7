/** What the verification of a tenant's log found. */
export interface AuditReport {
  readonly ok: boolean
  /** How many streams and events were read. */
  readonly streams: number
  readonly events: number
  /** How many checkpoints there are. */
  readonly checkpoints: number
  readonly problems: readonly AuditProblem[]
}

/** A place where the log, or what it speaks of, is not as it was written. */
export interface AuditProblem {
  readonly stream: string
  /** The event; absent if the problem is with the record that the stream belongs to. */
  readonly seq?: number
  readonly problem: string
}
