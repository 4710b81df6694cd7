export type { JsonArray, JsonObject, JsonValue } from '../core/change/json.ts'
export {
  type Collection,
  type CollectionName,
  type Column,
  collections,
  type Index,
  maxColumnBytes,
} from '../ports/collections.ts'
export { compareKeys } from '../ports/compare.ts'
export type {
  IndexQuery,
  KeyPart,
  Page,
  Position,
  RecordKey,
  Storage,
  StoredRecord,
  TransactionalStorage,
  UnreadableRecord,
  Write,
} from '../ports/storage.ts'
export { checkedKey, columnsOf, declarationOf, keyOf, keyText, partsOf } from './columns.ts'
export { createEffectScope, type EffectScope } from './effect-scope.ts'
export {
  type IndexPlan,
  pageOf,
  planOf,
  positionIn,
  type UniquePlace,
  uniquePlaces,
} from './index-plan.ts'
export { type KeyedWrite, orderedWrites, refuseConflict, refuseDuplicate } from './ordered-writes.ts'
export { refuseFailed } from './sql/stored-row.ts'
export { createTurns } from './turns.ts'
