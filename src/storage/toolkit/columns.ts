import type { JsonObject, JsonValue } from '../../core/json/json.ts'
import { fail } from '../../errors/approval-error.ts'
import {
  type Collection,
  type CollectionName,
  type Column,
  collections,
  maxColumnBytes,
} from '../../ports/collections.ts'
import type { KeyPart, RecordKey } from '../../ports/storage.ts'

const declared: Readonly<Record<string, Collection>> = collections

/**
 * Finds the declaration of a collection.
 *
 * @example
 * ```ts
 * const { key, indexes } = declarationOf('requests')
 * ```
 *
 * @throws ApprovalError `invalid_input` if the collection is not declared.
 */
export function declarationOf(collection: CollectionName): Collection {
  const declaration = Object.hasOwn(declared, collection) ? declared[collection] : undefined
  return declaration ?? fail('invalid_input', { argument: 'collection', problem: `${collection} is not declared` })
}

/**
 * Every column of a collection, once: its key, then what its indexes need besides.
 *
 * @example
 * ```ts
 * const names = columnsOf('requests').map(({ name }) => name)
 * ```
 */
export function columnsOf(collection: CollectionName): readonly Column[] {
  return columns.get(collection) ?? []
}

const columns = new Map(
  Object.entries(declared).map(([collection, { key, indexes, columns: more = [] }]) => {
    const all = [...key, ...Object.values(indexes).flatMap((index) => index.columns), ...more]
    return [collection, all.filter(({ name }, at) => all.findIndex((column) => column.name === name) === at)]
  }),
)

/**
 * Checks that a key has the parts that its collection declares, and nothing that a driver could take for something
 * else.
 *
 * @example
 * ```ts
 * const parts = checkedKey({ collection: 'requests', key: ['acme', 'r-1'] })
 * ```
 *
 * @throws ApprovalError `invalid_input` if the collection is not declared, or the key has other parts than it declares.
 */
export function checkedKey({ collection, key }: RecordKey): readonly KeyPart[] {
  return checkedParts(collection, declarationOf(collection).key, key)
}

/** Checks values against the columns that they are for, one for one. */
export function checkedParts(
  collection: CollectionName,
  columns: readonly Column[],
  parts: readonly KeyPart[],
): readonly KeyPart[] {
  if (!Array.isArray(parts) || parts.length !== columns.length) {
    fail('invalid_input', {
      argument: collection,
      problem: `needs ${columns.map(({ name }) => name).join(', ') || 'nothing'}`,
    })
  }
  return columns.map((column, at) => checkedPart(collection, column, parts[at]))
}

/**
 * Reads the key out of a record's value.
 *
 * @example
 * ```ts
 * const key = keyOf('requests', record)
 * ```
 *
 * @throws ApprovalError `invalid_input` if the value lacks a part of the key, or the part is of another type.
 */
export function keyOf(collection: CollectionName, value: JsonObject): readonly KeyPart[] {
  return declarationOf(collection).key.map((column) => checkedPart(collection, column, own(value, column.name)))
}

/**
 * Reads some columns out of a record's value; null for one that it lacks.
 *
 * @example
 * ```ts
 * const parts = partsOf('requests', columnsOf('requests'), record)
 * ```
 *
 * @throws ApprovalError `invalid_input` if a part is of another type than its column.
 */
export function partsOf(
  collection: CollectionName,
  columns: readonly Column[],
  value: JsonObject,
): readonly (KeyPart | null)[] {
  return columns.map((column) => {
    const part = own(value, column.name)
    return part === undefined || part === null ? null : checkedPart(collection, column, part)
  })
}

/**
 * Writes a key so that no other key of any collection is written the same.
 *
 * @example
 * ```ts
 * const records = new Map([[keyText('requests', ['acme', 'r-1']), record]])
 * ```
 */
export function keyText(collection: CollectionName, key: readonly KeyPart[]): string {
  return JSON.stringify([collection, ...key])
}

function own(value: JsonObject, name: string): JsonValue | undefined {
  return Object.hasOwn(value, name) ? value[name] : undefined
}

function checkedPart(collection: CollectionName, { name, type }: Column, part: unknown): KeyPart {
  if (type === 'integer' && typeof part === 'number' && Number.isSafeInteger(part)) return part
  if (type === 'text' && typeof part === 'string' && isStorable(part)) return part
  const needed =
    type === 'integer' ? 'a safe integer' : `well-formed text of at most ${maxColumnBytes} bytes, without U+0000`
  return fail('invalid_input', { argument: `${collection}.${name}`, problem: `must be ${needed}` })
}

function isStorable(text: string): boolean {
  if (text.length > maxColumnBytes || text.includes('\0') || !text.isWellFormed()) return false
  return text.length * 3 <= maxColumnBytes || new TextEncoder().encode(text).length <= maxColumnBytes
}
