import { fail } from '../../errors/approval-error.ts'
import { checkKeys } from '../arguments/check-arguments.ts'
import type { Context } from '../context/context.ts'
import { asSwitched } from '../context/workflow-switch.ts'
import type { Reader } from '../people/reading-rights.ts'
import { checkLimit } from '../records/page-cursor.ts'
import { outOfReach } from '../requests/request-comments.ts'
import { freeze } from '../values/freeze.ts'
import { answerStandings } from './answer-standings.ts'
import { contentChanges } from './content-changes.ts'
import { readStored } from './read-request.ts'
import { eventsOf } from './request-events.ts'
import { timelineEntry } from './timeline-entries.ts'
import type { TimelineEntry } from './timeline-entry.ts'

/** Which page of a timeline to read. */
export interface TimelineFilter {
  /**
   * At most so many entries, 1 to 200.
   *
   * @defaultValue 50
   */
  readonly limit?: number | undefined
  /**
   * The `next` of the page before.
   *
   * @defaultValue 0: the first page
   */
  readonly after?: number | undefined
}

/** A page of a timeline, the oldest entry first. */
export interface TimelinePage {
  readonly entries: readonly TimelineEntry[]
  /** Where the next page begins; absent on the last one. */
  readonly next?: number
}

/** Reads what happened to a request that the reader may read, the oldest first. */
export async function readTimeline(
  context: Context,
  reader: Reader,
  { id, filter }: { readonly id: string; readonly filter: TimelineFilter },
): Promise<TimelinePage> {
  checkKeys('filter', filter, ['limit', 'after'])
  const { after = 0 } = filter
  const limit = checkLimit(filter.limit)
  if (!Number.isSafeInteger(after) || after < 0) {
    fail('invalid_input', { argument: 'filter.after', problem: 'must be the next of a page, or 0 for the beginning' })
  }
  const found = await readStored(context, reader, id)
  const { request } = asSwitched(context, found.settings, { request: found.request, at: context.now() })
  const stored = { ...found, request }
  const events = await eventsOf(context, request, { after, limit })
  const named = events.flatMap(({ event }) => (event.type === 'commented' ? (event.anchor?.resource ?? []) : []))
  const [contents, standings, hidden] = await Promise.all([
    contentChanges(context, stored.rights, { request, events }),
    answerStandings(context, stored, events),
    outOfReach(context, stored.rights, { request, named }),
  ])
  const entries = events.map((numbered) => {
    const [content, standing] = [contents.get(numbered.seq), standings.get(numbered.seq)]
    return timelineEntry(numbered, { request: id, content, standing, hidden })
  })
  const last = events.at(-1)
  return freeze({ entries, ...(last && last.seq < request.head.seq ? { next: last.seq } : {}) })
}
