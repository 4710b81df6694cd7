import { defined } from '../../core/defined.ts'
import { hasCode } from '../../errors/approval-error.ts'
import { putOffWrite } from '../commands/put-off.ts'
import type { Chore, ChoreOutcome } from '../context/chore.ts'
import type { Context } from '../context/context.ts'
import { append, retentionStream } from '../records/event-stream.ts'
import type { StreamRecord } from '../records/record-types.ts'
import { put, read, recordKey, type Stored } from '../records/typed-storage.ts'
import { ownUser } from '../values/reserved.ts'
import { retentionSet } from './start-sweeps.ts'
import { endedContents } from './sweep-requests.ts'
import { removals, replacedRevisions } from './sweep-revisions.ts'

/** How long it is until a tenant in which everything is done is looked at again, in milliseconds. */
const pause = 24 * 60 * 60 * 1000
/** How many steps of one tenant one call of `tick` takes. */
const mostSteps = 20

/**
 * Makes the chore that removes documents of a tenant which were kept long enough, step by step.
 *
 * Seals and revisions are looked at once each, in the order in which they were made: what a step costs does not grow
 * with what there is, nor with what was removed.
 */
export function sweepChore(context: Context, record: Stored<StreamRecord>, step = 1): Chore {
  const { tenant } = record.value
  return {
    name: `streams\n${tenant}\n${retentionStream}`,
    tenant,
    id: retentionStream,
    lane: `retention\n${tenant}`,
    abreast: 1,
    needs: [],
    run: async (): Promise<ChoreOutcome> => {
      try {
        const { removed, more } = await sweepOnce(context, tenant)
        const rest = more && step < mostSteps ? { rest: sweepChore(context, record, step + 1) } : {}
        return { done: { removed }, ...rest }
      } catch (error) {
        if (hasCode(error, 'version_conflict') || hasCode(error, 'duplicate_key')) return { why: 'waiting' }
        return { failed: [{ error }], why: 'failed' }
      }
    },
    later: (why) => [putOffWrite('streams', record, { why, at: context.now() })],
  }
}

/** Takes one step, in one commit: what is removed, on record, and how far it has come. */
async function sweepOnce(
  context: Context,
  tenant: string,
): Promise<{ readonly removed: number; readonly more: boolean }> {
  const { storage, now, retention } = context
  const { found } = await read(storage, { found: recordKey('streams', tenant, retentionStream) })
  if (!found?.value.swept) return { removed: 0, more: false }
  const stream = { tenant, stream: retentionStream }
  const at = now()
  const { documents } = retention
  const { head: before, swept } = found.value
  if (documents === undefined) {
    const { head, writes } = append(stream, before, retentionSet(at, null))
    await storage.commit([put('streams', { ...stream, head, swept }, found), ...writes])
    return { removed: 0, more: false }
  }
  const sweep = { tenant, until: at - documents, at }
  const set = swept.documents === documents ? undefined : append(stream, before, retentionSet(at, documents))
  const contents = await endedContents(context, sweep, swept.seals)
  const revisions = await replacedRevisions(context, sweep, swept.revisions)
  const gone = await removals(context, sweep, {
    candidates: [...revisions.candidates, ...contents.bases],
    ended: contents.ended,
  })
  const removed = [...contents.removed, ...gone.removed]
  const told = { type: 'documents_removed', by: ownUser, via: 'tick', at, removed }
  const said = removed.length === 0 ? undefined : append(stream, set?.head ?? before, told)
  const more = contents.more || revisions.more
  const next = { documents, seals: contents.next, ...defined({ revisions: revisions.last }) }
  const head = said?.head ?? set?.head ?? before
  await storage.commit([
    put('streams', { ...stream, head, dueAt: more ? at : at + pause, swept: next }, found),
    ...(set?.writes ?? []),
    ...(said?.writes ?? []),
    ...contents.writes,
    ...gone.writes,
  ])
  return { removed: removed.length, more }
}
