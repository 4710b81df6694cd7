import { either, listOf, maybe, object, type RecordShape, text, whole } from '../values/shape.ts'
import type { RecurringWindow, SingleWindow } from '../values/time-windows.ts'
import type { Freeze, FreezeMatch } from './freeze-records.ts'
import { matchParts, names, requirement } from './policy-shapes.ts'

const recurring = object<RecurringWindow>({
  rule: text(),
  duration: text(),
  zone: text(),
  from: maybe(whole),
  until: maybe(whole),
})
const single = object<SingleWindow>({ from: whole, until: whole })
const window: RecordShape = either((value) => ('rule' in value ? recurring : single))

/** A freeze that is saved. */
export const freezeShape: RecordShape = object<Freeze>({
  id: text(),
  version: whole,
  match: object<FreezeMatch>({ ...matchParts, id: maybe(names) }),
  windows: listOf(window),
  mode: text('block', 'queue', 'ask'),
  require: maybe(requirement),
  reason: text(),
})
