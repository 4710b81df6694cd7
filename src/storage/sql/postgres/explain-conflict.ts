import type { RecordKey } from '../../../ports/storage.ts'
import { uniquePlaces } from '../../toolkit/index-plan.ts'
import { type KeyedWrite, refuseConflict, refuseDuplicate } from '../../toolkit/ordered-writes.ts'

/** What is stored where a write wants to go. */
export interface ConflictFinding {
  /** The version under its key: 0 for a mark that there is no record, `undefined` if there is not even that. */
  readonly version: number | undefined
  /** Unique indexes in which another record has its place. */
  readonly taken: readonly string[]
}

/**
 * Refuses a commit for the first of its writes that cannot be made.
 *
 * If all of them could be made by now, it gives the keys whose absence a check relies on and that nothing marks as
 * absent yet.
 */
export function refuseImpossible(
  ordered: readonly KeyedWrite[],
  findings: readonly ConflictFinding[],
): readonly RecordKey[] {
  const places = new Set<string>()
  const unmarked: RecordKey[] = []
  for (const [at, keyed] of ordered.entries()) {
    const { write, key } = keyed
    const { version, taken } = findings[at] ?? { version: undefined, taken: [] }
    if (write.type === 'insert') {
      if (version) refuseDuplicate(keyed, 'key')
    } else if ((version || 'absent') !== write.expected) {
      refuseConflict(keyed)
    }
    if (write.type === 'check' && version === undefined) unmarked.push({ collection: write.collection, key })
    if (!('value' in write)) continue
    const [index] = taken
    if (index) refuseDuplicate(keyed, index)
    for (const { place, index } of uniquePlaces(write.collection, write.value)) {
      if (places.has(place)) refuseDuplicate(keyed, index)
      places.add(place)
    }
  }
  return unmarked
}
