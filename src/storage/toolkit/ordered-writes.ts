import { fail } from '../../errors/approval-error.ts'
import { compareKeys, compareParts } from '../../ports/compare.ts'
import type { KeyPart, Write } from '../../ports/storage.ts'
import { checkedKey, keyOf, keyText } from './columns.ts'

/** A write and the record that it is about. */
export interface KeyedWrite {
  readonly write: Write
  readonly key: readonly KeyPart[]
  /** The key as text, unique over all collections. */
  readonly id: string
}

/** How many writes a commit makes at most. */
export const maxWrites = 20_000

/**
 * Puts the writes of a commit in the order of collection and key, so that two commits that meet cannot deadlock.
 *
 * @example
 * ```ts
 * for (const { write, key } of orderedWrites(writes)) console.log(write.type, key)
 * ```
 *
 * @throws ApprovalError `invalid_input` if a key is malformed, two writes are about the same record, or there are
 * more than 20,000.
 */
export function orderedWrites(writes: readonly Write[]): readonly KeyedWrite[] {
  if (writes.length > maxWrites) {
    fail('invalid_input', { argument: 'writes', problem: `a commit makes at most ${maxWrites} writes` })
  }
  const keyed = writes.map((write): KeyedWrite => {
    const { collection } = write
    if ('expected' in write && write.expected !== 'absent' && !Number.isSafeInteger(write.expected)) {
      fail('invalid_input', { argument: 'expected', problem: 'must be a version' })
    }
    const key = 'value' in write ? keyOf(collection, write.value) : checkedKey(write)
    return { write, key, id: keyText(collection, key) }
  })
  if (new Set(keyed.map(({ id }) => id)).size !== keyed.length) {
    fail('invalid_input', { argument: 'writes', problem: 'a commit names each record at most once' })
  }
  return keyed.sort((a, b) => compareParts(a.write.collection, b.write.collection) || compareKeys(a.key, b.key))
}

/**
 * Refuses a commit because the record of this write is not as expected.
 *
 * @example
 * ```ts
 * const [first] = orderedWrites(writes)
 * if (first) refuseConflict(first)
 * ```
 *
 * @throws ApprovalError `version_conflict`, always.
 */
export function refuseConflict({ write, key }: KeyedWrite, cause?: unknown): never {
  return fail('version_conflict', { collection: write.collection, key: JSON.stringify(key) }, { cause })
}

/**
 * Refuses a commit because the key, or a unique index, of this write is taken.
 *
 * @example
 * ```ts
 * const [first] = orderedWrites(writes)
 * if (first) refuseDuplicate(first, 'key')
 * ```
 *
 * @throws ApprovalError `duplicate_key`, always.
 */
export function refuseDuplicate({ write }: KeyedWrite, index: string, cause?: unknown): never {
  return fail('duplicate_key', { collection: write.collection, index }, { cause })
}
