/** What a refusal says if something that the library relies on failed: the host, its directory, the storage. */
export interface SystemErrorDetails {
  /**
   * The host could not read or write a resource that it keeps itself, or say its project. Nothing was applied. `path`
   * is the place in what its `read` gave, if the schema of the type cannot take that.
   */
  host_failed: {
    readonly type: string
    readonly id: string
    readonly operation: 'read' | 'write' | 'projectOf'
    readonly problem: string
    /**
     * Whether what was written outside of the database may still land there: it was not there yet, and the host did
     * not refuse it.
     */
    readonly mayLand?: true | undefined
    readonly path?: string | undefined
  }
  /**
   * A function that the application gave (`now`, `newId`, a signer) threw, or answered with something that is not an
   * answer. `fix` says what it must do.
   */
  host_function_failed: { readonly function: string; readonly problem: string; readonly fix: string }
  /** The directory threw, timed out, or answered with something that is not an answer. Nothing was counted. */
  directory_failed: { readonly question: string; readonly problem: string }
  /** Other writers were faster every time. Nothing was written: try again. */
  contention: { readonly verb: string; readonly attempts: number }

  /** Storage: the key, or a unique index, is taken. */
  duplicate_key: { readonly collection: string; readonly index: string }
  /** Storage: the stored version is not the expected one. */
  version_conflict: { readonly collection: string; readonly key: string }
  /**
   * A stored record is not what was written: its text is cut off, or it lacks what a record of its kind has. Nothing
   * was taken from it.
   */
  unreadable_record: { readonly collection: string; readonly key: string; readonly problem: string }
  /** Storage: the database failed. The driver's error is the `cause`. */
  storage_failed: { readonly operation: string; readonly problem: string }
}
