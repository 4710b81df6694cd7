import type { JsonObject } from '../core/json/json.ts'
import type { CollectionName } from './collections.ts'

/** One part of a key or of a position in an index. */
export type KeyPart = string | number

/**
 * Where a record is: its collection, and the values of that collection's key columns in their order. The first is the
 * tenant.
 */
export interface RecordKey {
  readonly collection: CollectionName
  readonly key: readonly KeyPart[]
}

/** A record as it is stored. The columns of its collection's key and indexes are properties of `value`. */
export interface StoredRecord {
  /** 1 when inserted, one more with each replacement. A record inserted again after a removal starts at 1 again. */
  readonly version: number
  readonly value: JsonObject
}

/** A page of a declared index. */
export interface IndexQuery {
  readonly collection: CollectionName
  /** Name of one of the collection's indexes, or `key` for the order of its key. */
  readonly index: string
  /** Values that the leading columns of the index must equal. May be empty. */
  readonly where: readonly KeyPart[]
  /**
   * Bounds, both inclusive, on the first column after those of `where`.
   *
   * @defaultValue none: no bounds
   */
  readonly range?: { readonly from?: KeyPart; readonly to?: KeyPart }
  /**
   * Tenants whose records the page leaves out, at most 100. `tick` reads past a tenant that has much to do.
   *
   * @defaultValue none: of all tenants
   */
  readonly except?: readonly string[] | undefined
  /**
   * Keeps only the records whose columns hold these values: property → value. The database looks at 5,000 records of
   * the index for a page at most; if there are more, the page has a `next`, however few records are on it.
   *
   * @defaultValue none: all records
   */
  readonly only?: Readonly<Record<string, KeyPart>> | undefined
  /** Order by the remaining columns of the index, then by the key. */
  readonly order: 'ascending' | 'descending'
  /** At most so many records, 1 to 1,000. */
  readonly limit: number
  /**
   * The `next` of the page before.
   *
   * @defaultValue none: the first page
   */
  readonly after?: Position
}

/** A part of a declared index that is counted: as that of a page. */
export interface CountQuery extends Pick<IndexQuery, 'collection' | 'index' | 'where' | 'range' | 'only'> {
  /** How many records of the index are looked at at most, 1 to 100,000. */
  readonly limit: number
}

/** How many records there are. */
export interface Count {
  /** Those that the query asks for, among those that were looked at. */
  readonly count: number
  /** How many were looked at: as many as the limit if there may be more. */
  readonly looked: number
}

/**
 * Where a page ended: of its last record, the index columns that `where` leaves open, then, unless the index is
 * unique, those columns of the key that are not in the index.
 */
export type Position = readonly KeyPart[]

/**
 * A record that a storage has and cannot read: somebody has changed it past the storage, or the database has lost a
 * part of it.
 */
export interface UnreadableRecord {
  readonly collection: CollectionName
  readonly key: readonly KeyPart[]
  /** What is wrong with it, as the end of "it cannot be read: …". */
  readonly problem: string
}

/** Some records of an index, in its order. */
export interface Page {
  readonly records: readonly StoredRecord[]
  /**
   * Those of the same part of the index that cannot be read. They keep nobody from the others, nor from the pages
   * that follow.
   */
  readonly unreadable?: readonly UnreadableRecord[] | undefined
  /** Present when there are more. */
  readonly next?: Position
}

/** One write of a commit. */
export type Write =
  /** Adds a record. Refused with `duplicate_key` if its key or one of its unique indexes is taken. */
  | { readonly type: 'insert'; readonly collection: CollectionName; readonly value: JsonObject }
  /**
   * Puts a value in the place of the one at `expected`. Refused with `version_conflict` if that is not its
   * version, or it is absent, and with `duplicate_key` if another record has its place in a unique index.
   */
  | {
      readonly type: 'replace'
      readonly collection: CollectionName
      readonly value: JsonObject
      readonly expected: number
    }
  /** Deletes a record. Refused with `version_conflict` if it is not at `expected`. */
  | {
      readonly type: 'remove'
      readonly collection: CollectionName
      readonly key: readonly KeyPart[]
      readonly expected: number
    }
  /**
   * Writes nothing. Refused with `version_conflict` if the record is not as expected, and keeps it so until the
   * commit is done.
   */
  | {
      readonly type: 'check'
      readonly collection: CollectionName
      readonly key: readonly KeyPart[]
      readonly expected: number | 'absent'
    }

/**
 * Keeps records in named collections. Implement it for a database; check it with `storageConformance`.
 *
 * What is read equals what was written, byte by byte in every string. Whatever is handed in or out is plain data: no
 * change of it changes what is kept. All failures are `ApprovalError`: `storage_failed` when the database itself
 * fails, `invalid_input`, before the database is asked, for a key or column that is not what its collection declares,
 * for an index that is not declared, and for a commit that names a record twice.
 */
export interface Storage {
  /**
   * Reads records by key, any number of them: in the order asked, `undefined` if there is none. One round trip,
   * unless the database takes no more than so many at once.
   *
   * What one call returns was true at one moment. A record that is there and cannot be read is refused with
   * `unreadable_record`, never passed over.
   */
  get(keys: readonly RecordKey[]): Promise<readonly (StoredRecord | undefined)[]>

  /**
   * Reads a page of a declared index, in its order.
   *
   * A record in which one of the index's columns is missing or null is not in that index.
   */
  list(query: IndexQuery): Promise<Page>

  /** Counts the records of a part of a declared index, whether or not they can be read. */
  count(query: CountQuery): Promise<Count>

  /**
   * Makes all writes, or none. Of two commits that expect the same version of a record, at most one succeeds.
   *
   * The writes of a commit concern different records, and there are at most 20,000 of them: more are refused with
   * `invalid_input` before anything is sent. What a commit costs grows with the number of its writes, and no faster.
   * Once it has returned, every `get` and `list` sees them; before, none does. They are made in the order of collection
   * and key: a place of a unique index that one of them leaves is free for those after it. If several cannot be made,
   * the first in that order is the one reported.
   *
   * `effect` runs inside the same transaction, after the writes and before its end, with the adapter's native
   * connection; if it throws, nothing is written and what it threw is thrown on. It does not run when a write cannot
   * be made. It must not call this storage, which would wait for itself: that is refused with `storage_failed`.
   *
   * A commit that came to nothing because of another transaction (deadlock, serialization failure, busy) is a
   * `version_conflict`: the caller decides anew on fresh facts.
   */
  commit(writes: readonly Write[], effect?: (native: unknown) => Promise<void>): Promise<void>

  /** Releases what the adapter itself opened. A connection that was handed in stays open. */
  close(): Promise<void>
}

/** A storage that can work inside a transaction that the host has opened in the same database. */
export interface TransactionalStorage extends Storage {
  /**
   * Makes the tables if they are missing, as the first use of the storage does. Safe to call again, and from
   * several processes at once.
   */
  migrate(): Promise<void>
  /**
   * Gives a storage whose every statement runs inside the host's transaction: what it commits is there when the host
   * commits, and never was when the host rolls back. A commit that is refused leaves the transaction as it was
   * before.
   *
   * It makes no tables: call `migrate` first. Calls take turns, as the transaction has one connection.
   *
   * @throws ApprovalError `invalid_input` if it is not a transaction that the storage knows.
   */
  within(transaction: object): Storage
}
