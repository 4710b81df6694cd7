import { type CollectionName, collections } from '../../ports/collections.ts'
import { compareKeys, compareParts } from '../../ports/compare.ts'
import type { CountQuery, IndexQuery, KeyPart, StoredRecord } from '../../ports/storage.ts'
import { declarationOf, partsOf } from './columns.ts'

/** The records of an index in its order, kept so as they change: what a query costs does not grow with their number. */
export interface RecordOrder {
  /** Takes out what a record was, and puts in what it is. */
  put(was: StoredRecord | undefined, is: StoredRecord | undefined): void
  /** Gives the records of a part of the index, from the position of the query on; at most so many. */
  part(query: CountQuery & Partial<IndexQuery>, most: number): readonly StoredRecord[]
}

interface Entry {
  /** The columns of the index, then what of the key tells its records apart. */
  readonly parts: readonly KeyPart[]
  readonly record: StoredRecord
}

/** Puts records in the order of an index that is declared, or of the key. */
export function createRecordOrder(
  collection: CollectionName,
  index: string,
  records: Iterable<StoredRecord>,
): RecordOrder {
  const { key, indexes } = declarationOf(collection)
  const columns = indexes[index]?.columns ?? key
  const all = [...columns, ...key.filter(({ name }) => !columns.some((column) => column.name === name))]
  const [{ name: tenant }] = collections[collection].key

  const entryOf = (record: StoredRecord): Entry | undefined => {
    const parts = partsOf(collection, all, record.value)
    return isWhole(parts) ? { parts, record } : undefined
  }
  const entries = [...records].flatMap((record) => entryOf(record) ?? [])
  entries.sort((a, b) => compareKeys(a.parts, b.parts))

  /** How many entries come before a bound, or also those that begin with it. */
  const countTo = (bound: readonly KeyPart[], isWith: boolean): number => {
    let [from, to] = [0, entries.length]
    while (from < to) {
      const middle = (from + to) >> 1
      const beside = compareBeginning((entries[middle] as Entry).parts, bound)
      if (beside < 0 || (isWith && beside === 0)) from = middle + 1
      else to = middle
    }
    return from
  }

  return {
    put(was, is) {
      const [gone, come] = [was && entryOf(was), is && entryOf(is)]
      if (gone) {
        // Two records can be in one place of a unique index for as long as a commit is being made.
        let at = countTo(gone.parts, false)
        while (entries[at] && entries[at]?.record !== was) at++
        entries.splice(at, 1)
      }
      if (come) entries.splice(countTo(come.parts, false), 0, come)
    },
    part({ where, range = {}, order = 'ascending', after, except = [] }, most) {
      const position = after && [...where, ...after]
      let from = countTo(range.from === undefined ? where : [...where, range.from], false)
      let to = countTo(range.to === undefined ? where : [...where, range.to], true)
      if (position && order === 'ascending') from = Math.max(from, countTo(position, true))
      if (position && order === 'descending') to = Math.min(to, countTo(position, false))
      const found: StoredRecord[] = []
      for (let step = 0; step < to - from && found.length < most; step++) {
        const { record } = entries[order === 'ascending' ? from + step : to - 1 - step] as Entry
        if (!except.includes(record.value[tenant] as string)) found.push(record)
      }
      return found
    },
  }
}

/** Compares as many parts as a bound has. */
function compareBeginning(parts: readonly KeyPart[], bound: readonly KeyPart[]): number {
  for (const [at, part] of bound.entries()) {
    const difference = compareParts(parts[at] as KeyPart, part)
    if (difference !== 0) return difference
  }
  return 0
}

function isWhole(parts: readonly (KeyPart | null)[]): parts is readonly KeyPart[] {
  return !parts.includes(null)
}
