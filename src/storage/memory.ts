import type { JsonObject, JsonValue } from '../core/json/json.ts'
import type { CollectionName } from '../ports/collections.ts'
import type { IndexQuery, Storage, StoredRecord } from '../ports/storage.ts'
import { checkedKey, columnsOf, keyText, partsOf } from './toolkit/columns.ts'
import { createEffectScope } from './toolkit/effect-scope.ts'
import { countPlanOf, isKept, mostLookedAt, pageAmong, planOf, uniquePlaces } from './toolkit/index-plan.ts'
import { type KeyedWrite, orderedWrites, refuseConflict, refuseDuplicate } from './toolkit/ordered-writes.ts'
import { createRecordOrder, type RecordOrder } from './toolkit/record-order.ts'
import { createTurns } from './toolkit/serial-queue.ts'

/**
 * Keeps everything in this process, for tests and trials: it is gone when the process ends. Effects are given
 * `undefined`.
 *
 * @example
 * ```ts
 * const storage = memoryStorage()
 * ```
 */
export function memoryStorage(): Storage {
  const kept = new Map<CollectionName, Map<string, StoredRecord>>()
  const orders = new Map<CollectionName, Map<string, RecordOrder>>()
  const holders = new Map<string, string>()
  const inTurn = createTurns()
  const scope = createEffectScope()

  const recordsOf = (collection: CollectionName): Map<string, StoredRecord> => {
    const records = kept.get(collection) ?? new Map<string, StoredRecord>()
    kept.set(collection, records)
    return records
  }

  /** An index is put in order when it is asked for the first time. */
  const orderOf = ({ collection, index }: Pick<IndexQuery, 'collection' | 'index'>): RecordOrder => {
    const its = orders.get(collection) ?? new Map<string, RecordOrder>()
    orders.set(collection, its)
    const order = its.get(index) ?? createRecordOrder(collection, index, recordsOf(collection).values())
    its.set(index, order)
    return order
  }

  return {
    async get(keys) {
      scope.refuseInside('get')
      return keys.map((key) => recordsOf(key.collection).get(keyText(key.collection, checkedKey(key))))
    },

    async list(query) {
      scope.refuseInside('list')
      const plan = planOf(query)
      const most = query.only ? mostLookedAt : query.limit
      return pageAmong(plan, query, orderOf(query).part(query, most + 1))
    },

    async count(query) {
      scope.refuseInside('count')
      countPlanOf(query)
      const looked = orderOf(query).part(query, query.limit)
      return { count: looked.filter(({ value }) => isKept(query, value)).length, looked: looked.length }
    },

    async commit(writes, effect) {
      scope.refuseInside('commit')
      const staged = orderedWrites(writes).map((keyed) => ({ keyed, next: nextValue(keyed) }))
      await inTurn(async () => {
        const moved = new Map<string, string | undefined>()
        for (const { keyed, next } of staged) {
          const { collection, type } = keyed.write
          const stored = recordsOf(collection).get(keyed.id)
          refuseUnexpected(keyed, stored)
          if (type === 'check') continue
          if (stored) for (const { place } of uniquePlaces(collection, stored.value)) moved.set(place, undefined)
          if (!next) continue
          for (const { place, index } of uniquePlaces(collection, next)) {
            const holder = moved.has(place) ? moved.get(place) : holders.get(place)
            if (holder !== undefined) refuseDuplicate(keyed, index)
            moved.set(place, keyed.id)
          }
        }
        if (effect) await scope.run(async () => effect(undefined))
        for (const { keyed, next } of staged) {
          const records = recordsOf(keyed.write.collection)
          const was = records.get(keyed.id)
          const is = next && Object.freeze({ version: (was?.version ?? 0) + 1, value: next })
          if (is) records.set(keyed.id, is)
          else if (keyed.write.type === 'remove') records.delete(keyed.id)
          else continue
          for (const order of orders.get(keyed.write.collection)?.values() ?? []) order.put(was, is)
        }
        for (const [place, holder] of moved) {
          if (holder === undefined) holders.delete(place)
          else holders.set(place, holder)
        }
      })
    },

    async close() {},
  }
}

function refuseUnexpected(keyed: KeyedWrite, stored: StoredRecord | undefined): void {
  const { write } = keyed
  if (write.type === 'insert') {
    if (stored) refuseDuplicate(keyed, 'key')
  } else if ((stored?.version ?? 'absent') !== write.expected) {
    refuseConflict(keyed)
  }
}

/** The value that a write leaves: a frozen copy, which can be handed out without fear. */
function nextValue({ write }: KeyedWrite): JsonObject | undefined {
  if (!('value' in write)) return undefined
  partsOf(write.collection, columnsOf(write.collection), write.value)
  return frozen(JSON.parse(JSON.stringify(write.value)))
}

function frozen<T extends JsonValue>(value: T): T {
  if (typeof value !== 'object' || value === null) return value
  for (const part of Object.values(value)) frozen(part)
  return Object.freeze(value)
}
