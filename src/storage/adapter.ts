export type { JsonArray, JsonObject, JsonValue } from '../core/json/json.ts'
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
  Count,
  CountQuery,
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
export { checkedKey, columnsOf, declarationOf, keyOf, keyText, partsOf } from './toolkit/columns.ts'
export { createEffectScope, type EffectScope } from './toolkit/effect-scope.ts'
export {
  countPlanOf,
  type IndexPlan,
  isKept,
  pageAmong,
  pageOf,
  planOf,
  positionIn,
  type UniquePlace,
  uniquePlaces,
} from './toolkit/index-plan.ts'
export { type KeyedWrite, orderedWrites, refuseConflict, refuseDuplicate } from './toolkit/ordered-writes.ts'
export { createTurns } from './toolkit/serial-queue.ts'
export { refuseFailed } from './toolkit/stored-row.ts'
