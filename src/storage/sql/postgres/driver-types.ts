import type { SqlValues } from '../shared/session.ts'

/** A statement as `pg` takes it: with a name, it is parsed once a connection. */
export interface PostgresQuery {
  readonly name?: string
  readonly text: string
  readonly values: SqlValues
  /** How its columns are read, whatever parsers the host has given to the driver. */
  readonly types?: PostgresTypes
}

/** What says how columns of a type are read, as `pg` takes it. */
export interface PostgresTypes {
  /** Gives what reads a column. */
  getTypeParser(type: number, format?: string): (text: string) => unknown
}

/** What a statement gives back. */
export interface PostgresResult {
  readonly rows: unknown[]
  readonly rowCount?: number | null
}

/** A connected client of `pg`. */
export interface PostgresClient {
  /** Runs a statement. */
  query(query: PostgresQuery | string): Promise<PostgresResult & { readonly command?: string }>
  /** Quotes a name. */
  escapeIdentifier(name: string): string
  /** Tells whether a transaction is open: `I` if none is. Clients of `pg` before 8.17 do not tell. */
  getTransactionStatus?(): string | null
}

/** A client of `pg`, checked out of its pool. */
export interface PostgresPoolClient {
  /** Runs a statement. */
  query(query: PostgresQuery | string): Promise<PostgresResult & { readonly command?: string }>
  /** Tells whether a transaction is open: `I` if none is. Clients of `pg` before 8.17 do not tell. */
  getTransactionStatus?(): string | null
  /** Gives the connection back to its pool. */
  release(broken?: boolean): void
  /** Listens to an event. */
  on(event: 'error', listener: () => void): unknown
  /** Stops listening. */
  off(event: 'error', listener: () => void): unknown
}

/** A `Pool` of `pg`. */
export interface PostgresPool {
  /** Runs a statement. */
  query(query: PostgresQuery): Promise<PostgresResult>
  /** Takes a connection, and calls back with it. One that is wrapped may answer with a promise instead. */
  connect(taken: (error: Error | undefined, client: PostgresPoolClient | undefined) => void): unknown
  /** Closes all connections. */
  end(): Promise<void>
}

/** PGlite: PostgreSQL inside this process. */
export interface PostgresLite {
  /** Runs a statement. */
  query(text: string, values?: SqlValues, options?: PostgresLiteOptions): Promise<PostgresResult>
  /** Runs in a transaction. */
  transaction<T>(work: (transaction: PostgresLiteTransaction) => Promise<T>): Promise<T>
}

/** How PGlite reads the columns of a statement, by the numbers of their types. */
export interface PostgresLiteOptions {
  /** What reads the columns of a type, by its number. */
  readonly parsers: Record<number, (text: string) => unknown>
}

/** A transaction of PGlite. */
export interface PostgresLiteTransaction {
  /** Runs a statement. */
  query(text: string, values?: SqlValues, options?: PostgresLiteOptions): Promise<PostgresResult>
  /** Rolls the transaction back. */
  rollback(): Promise<void>
}
