import { defined } from '../../core/defined.ts'
import type { PolicySubject } from '../../core/policy/model/policy.ts'
import { messageOf } from '../../errors/message-of.ts'
import { isAbout, windowsOf } from '../changes/frozen.ts'
import type { Context } from '../context/context.ts'
import { mayReadMatch, mayReadResource } from '../facts/may-read.ts'
import { type Reader, readingRights } from '../people/reading-rights.ts'
import type { Freeze } from '../records/freeze-records.ts'
import { read, recordKey } from '../records/typed-storage.ts'
import type { ResourceRef } from '../resource-types/resource-type.ts'
import { freeze as frozenCopy } from '../values/freeze.ts'
import { endOf, type Span, spansBetween } from '../values/time-windows.ts'

/** A time at which a freeze is in force. */
export interface FreezeTime {
  readonly freeze: Freeze
  /**
   * When it begins and when it is over, in milliseconds since 1970. Both are left out if its windows cannot be read:
   * it freezes all the time then, and `problem` says why.
   */
  readonly from?: number
  readonly until?: number
  readonly problem?: string
}

/** How many times are listed at most. */
const mostTimes = 1_000

/** Lists the freezes that somebody may read, by id. */
export async function listFreezes(context: Context, reader: Reader): Promise<readonly Freeze[]> {
  const { set } = await read(context.storage, { set: recordKey('policySets', reader.tenant) })
  const rights = readingRights(context, reader, { settings: set?.value })
  await rights.known()
  const found: Freeze[] = []
  for (const freeze of set?.value.freezes ?? []) if (await mayReadMatch(rights, freeze.match)) found.push(freeze)
  return frozenCopy(found)
}

/** Lists when freezes are in force between two moments: the first thousand times, in their order. */
export async function freezesBetween(context: Context, reader: Reader, span: Span): Promise<readonly FreezeTime[]> {
  const freezes = await listFreezes(context, reader)
  const times = freezes.flatMap((freeze) =>
    timesOf(freeze, (windows) => spansBetween(windows, span, mostTimes)).map((time) => ({ freeze, ...time })),
  )
  const begin = ({ from = span.from }: FreezeTime) => from
  return frozenCopy(times.toSorted((a, b) => begin(a) - begin(b)).slice(0, mostTimes))
}

/**
 * Lists the freezes that cover a resource at a moment. One that names actions or facets is among them: there can be a
 * change that it covers.
 */
export async function freezesAt(
  context: Context,
  reader: Reader,
  { ref: { type, id, project }, at }: { readonly ref: ResourceRef; readonly at: number },
): Promise<readonly FreezeTime[]> {
  const { stored } = await read(context.storage, { stored: recordKey('resources', reader.tenant, type, id) })
  const freezes = await listFreezes(context, reader)
  const seen =
    stored && (await mayReadResource(readingRights(context, reader), stored.value)) ? stored.value : undefined
  const its = (seen?.project ?? project) || undefined
  const subject: PolicySubject = {
    ...{ resource: { type, id }, project: its, actions: [], places: [], before: undefined, after: undefined },
  }
  const about = freezes.filter((freeze) => isAbout(freeze, subject))
  const times = about.flatMap((freeze) =>
    timesOf(freeze, (windows) => {
      const covering = windows.flatMap((window) => window.covering(at) ?? [])
      if (covering.length === 0) return []
      const from = Math.min(...covering.map((span) => span.from))
      return [{ from, ...defined({ until: endOf(windows, at) }) }]
    }).map((time) => ({ freeze, ...time })),
  )
  return frozenCopy(times)
}

type Time = Omit<FreezeTime, 'freeze'>

/** Finds times of a freeze. What cannot be read freezes all the time. */
function timesOf(freeze: Freeze, find: (windows: ReturnType<typeof windowsOf>) => readonly Time[]): readonly Time[] {
  try {
    return find(windowsOf(freeze))
  } catch (cause) {
    return [{ problem: messageOf(cause) }]
  }
}
