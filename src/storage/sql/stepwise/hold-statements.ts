import type { Statement } from '../shared/statements.ts'

/** How a commit takes hold of what it only checks, for one collection. */

export interface HoldStatements {
  /** Reads the version, and keeps it as it is until the transaction ends. */
  readonly hold: Statement
  /**
   * Marks that there is no record under a key: a row at version 0, which a check can hold and nobody reads. Left out
   * if one writes at a time.
   */
  readonly mark?: Statement
  /** Puts a record in the place of the mark that there is none. */
  readonly insertOverMark?: Statement
}
