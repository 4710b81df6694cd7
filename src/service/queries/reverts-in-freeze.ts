import { isPlannedRevert } from '../../core/request/model/planned-revert.ts'
import { closed, freezeFacts } from '../changes/frozen.ts'
import type { Context } from '../context/context.ts'
import { readContents } from '../facts/read-content.ts'
import type { Reader } from '../people/reading-rights.ts'
import type { Freeze } from '../records/freeze-records.ts'
import { batches } from './list-requests.ts'
import { readerWithSettings } from './reader-with-settings.ts'
import { checkCriteria } from './request-filter.ts'
import { readableScopes } from './request-scopes.ts'

/** A revert that happens while something is frozen. */
export interface RevertInFreeze {
  /** The request that takes the change back. */
  readonly request: string
  /** When, in milliseconds since 1970. */
  readonly at: number
}

/** How many reverts are named at most, and among how many requests. */
const mostNamed = 100
const mostLooked = 1_000

/**
 * Names the planned reverts that a freeze covers and lets through, as far as somebody may read them: the first hundred,
 * by their time, among the thousand newest requests that are approved.
 */
export async function revertsInFreeze(
  given: Context,
  reader: Reader,
  freeze: Freeze,
): Promise<readonly RevertInFreeze[]> {
  const { context, rights, set } = await readerWithSettings(given, reader)
  const criteria = checkCriteria(context, { status: 'approved' })
  const scopes = await readableScopes(rights, reader.tenant, criteria)
  const found: RevertInFreeze[] = []
  let looked = 0
  const look = { reader, criteria, scopes, set, limit: 200, start: undefined }
  for await (const { shown } of batches(context, rights, look)) {
    looked += shown.length
    const planned = shown.map(({ request }) => request).filter(isPlannedRevert)
    const contents = await readContents(context, planned)
    for (const [index, { id, applyAt: at = 0 }] of planned.entries()) {
      const proposals = contents[index]?.proposals ?? []
      if (freezeFacts(context, { freezes: closed([freeze]) }, { proposals, at }).frozen) found.push({ request: id, at })
    }
    if (looked >= mostLooked) break
  }
  return found.toSorted((a, b) => a.at - b.at).slice(0, mostNamed)
}
