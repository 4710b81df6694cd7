import type { JsonObject, JsonValue } from '../core/json/json.ts'
import type { CollectionName } from '../ports/collections.ts'
import { compareKeys } from '../ports/compare.ts'
import type { Storage, StoredRecord } from '../ports/storage.ts'
import { checkedKey, columnsOf, keyText, partsOf } from './toolkit/columns.ts'
import { createEffectScope } from './toolkit/effect-scope.ts'
import { countPlanOf, isKept, pageAmong, planOf, positionIn, uniquePlaces } from './toolkit/index-plan.ts'
import { type KeyedWrite, orderedWrites, refuseConflict, refuseDuplicate } from './toolkit/ordered-writes.ts'
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
  const holders = new Map<string, string>()
  const inTurn = createTurns()
  const scope = createEffectScope()

  const recordsOf = (collection: CollectionName): Map<string, StoredRecord> => {
    const records = kept.get(collection) ?? new Map<string, StoredRecord>()
    kept.set(collection, records)
    return records
  }

  return {
    async get(keys) {
      scope.refuseInside('get')
      return keys.map((key) => recordsOf(key.collection).get(keyText(key.collection, checkedKey(key))))
    },

    async list(query) {
      scope.refuseInside('list')
      const plan = planOf(query)
      const found = [...recordsOf(query.collection).values()].flatMap((record) => {
        const position = positionIn(plan, query, record.value)
        return position ? [{ record, position }] : []
      })
      const direction = query.order === 'ascending' ? 1 : -1
      found.sort((a, b) => compareKeys(a.position, b.position) * direction)
      const records = found.map(({ record }) => record)
      return pageAmong(plan, query, records)
    },

    async count(query) {
      scope.refuseInside('count')
      const plan = countPlanOf(query)
      const part = { ...query, order: 'ascending' } as const
      const records = [...recordsOf(query.collection).values()].map(({ value }) => value)
      const looked = records.filter((value) => positionIn(plan, part, value)).slice(0, query.limit)
      return { count: looked.filter((value) => isKept(query, value)).length, looked: looked.length }
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
          const version = (records.get(keyed.id)?.version ?? 0) + 1
          if (next) records.set(keyed.id, Object.freeze({ version, value: next }))
          else if (keyed.write.type === 'remove') records.delete(keyed.id)
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
