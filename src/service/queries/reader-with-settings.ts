import type { Context } from '../context/context.ts'
import { knowingSettings } from '../people/departures.ts'
import { type Reader, type ReadingRights, readingRights } from '../people/reading-rights.ts'
import { read, recordKey } from '../records/typed-storage.ts'
import type { Settings } from './listed-requests.ts'

/** A reader, as the settings of a moment say. */
export interface ReaderWithSettings {
  /** What goes on from these settings, and reads them no more. */
  readonly context: Context
  readonly rights: ReadingRights
  readonly set: Settings
}

/** Reads the settings first: they say whether it has to be looked up who has left, and what roles permit. */
export async function readerWithSettings(given: Context, reader: Reader): Promise<ReaderWithSettings> {
  const { set } = await read(given.storage, { set: recordKey('policySets', reader.tenant) })
  const context = knowingSettings(given, set?.value)
  return { context, rights: readingRights(context, reader, { settings: set?.value }), set }
}
