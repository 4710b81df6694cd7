import type { Actor } from '../../core/request/model/event.ts'
import { fail, hasCode } from '../../errors/approval-error.ts'
import type { ErrorCode } from '../../errors/error-details.ts'
import type { Refusal } from '../../errors/result.ts'
import type { Write } from '../../ports/storage.ts'
import type { Chore } from '../context/chore.ts'
import type { Context } from '../context/context.ts'
import { settingsAdmins } from '../people/settings-admins.ts'
import { append, refusalStream } from '../records/event-stream.ts'
import type { RefusalWindow, StreamRecord } from '../records/record-types.ts'
import { put, read, recordKey, type Stored } from '../records/typed-storage.ts'
import { pause } from '../values/pause.ts'
import { noticeWrites } from './outbox.ts'
import { putOffWrite } from './put-off.ts'

/**
 * How many refusals of one actor get an event of their own within how many milliseconds. The rest is counted, and
 * stated in one event.
 */
export const mostRecorded = 100
export const windowLength = 60 * 60 * 1000

/** Refusals that tell an auditor of somebody who tried what they may not. */
const telling: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'self_approval',
  'not_an_approver',
  'not_the_requester',
  'digest_mismatch',
  'content_tampered',
  'approval_missing',
  'bypass_forbidden',
  'break_glass_forbidden',
  'follow_up_pending',
  'own_follow_up',
  'contributor',
  'not_delegated',
  'unknown_actor',
  'policy_gated',
  'unknown_request',
  'not_permitted',
  'not_an_editor',
  'beyond_own_permissions',
  'own_account',
  'last_admin',
])

/** What was refused, to whom, and when. */
export interface Refused {
  readonly actor: Actor
  readonly at: number
  readonly verb: string
  readonly refusal: Refusal
}

const attempts = 12

/**
 * Records a refusal that matters to an auditor in the actor's own stream, so that nobody's failed attempts stand in
 * the way of other people's commands. Somebody who is refused again and again fills no log: their refusals are
 * counted from some number on.
 */
export async function recordRefusal(context: Context, refused: Refused): Promise<void> {
  if (!telling.has(refused.refusal.code)) return
  const { tenant, user } = refused.actor
  const stream = refusalStream(user)
  await context.refusals(`${tenant}\n${stream}`, async () => {
    for (let attempt = 1; attempt <= attempts; attempt++) {
      const { before } = await read(context.storage, { before: recordKey('streams', tenant, stream) })
      try {
        return await context.storage.commit(await refusalWrites(context, before, refused))
      } catch (error) {
        if (!hasCode(error, 'version_conflict') && !hasCode(error, 'duplicate_key')) throw error
      }
      await pause(attempt)
    }
    return fail('contention', { verb: 'record a refusal', attempts })
  })
}

/** Makes the chore that states in the log what was only counted, once the time to count it is over. */
export function countsChore({ storage, now }: Context, record: Stored<StreamRecord>): Chore {
  const { tenant, stream } = record.value
  return {
    name: `streams\n${tenant}\n${stream}`,
    tenant,
    id: stream,
    lane: `streams\n${tenant}`,
    abreast: 1,
    needs: [],
    run: async () => {
      const { head, writes } = stated(record, now())
      try {
        await storage.commit([put('streams', { tenant, stream, head }, record), ...writes])
      } catch (error) {
        if (!hasCode(error, 'version_conflict')) throw error
      }
      return {}
    },
    later: (why) => [putOffWrite('streams', record, { why, at: now() })],
  }
}

async function refusalWrites(
  context: Context,
  before: Stored<StreamRecord> | undefined,
  { actor: { tenant, user, via }, at, verb, refusal }: Refused,
): Promise<readonly Write[]> {
  const stream = refusalStream(user)
  const window = before?.value.window
  const goesOn = before && window && at < window.from + windowLength
  if (goesOn && window.recorded >= mostRecorded) {
    const { code } = refusal
    const counted = { ...window.counted, [code]: (window.counted[code] ?? 0) + 1 }
    const next = { tenant, stream, head: before.value.head, window: { ...window, counted } }
    const first = Object.keys(window.counted).length === 0
    return [
      put('streams', { ...next, dueAt: window.from + windowLength }, before),
      ...(first ? await warning(context, { tenant, user, at }, before.value.head.seq) : []),
    ]
  }
  const earlier = before && !goesOn ? stated(before, at) : { head: before?.value.head, writes: [] }
  const event = { type: 'refused', by: user, via, at, verb, ...refusal }
  const { head, writes } = append({ tenant, stream }, earlier.head, event)
  const next: RefusalWindow = goesOn
    ? { ...window, recorded: window.recorded + 1 }
    : { from: at, recorded: 1, counted: {} }
  return [put('streams', { tenant, stream, head, window: next }, before), ...earlier.writes, ...writes]
}

/** The event that states what was counted in a window that is over; nothing if nothing was. */
function stated({ value: { tenant, stream, head, window } }: Stored<StreamRecord>, at: number) {
  if (!window || Object.keys(window.counted).length === 0) return { head, writes: [] }
  const by = stream.slice(refusalStream('').length)
  const { from, counted } = window
  const event = { type: 'refusals_counted', by, at, from, until: from + windowLength, counted }
  return append({ tenant, stream }, head, event)
}

/** Tells those who may change the settings that somebody is refused again and again. */
async function warning(
  context: Context,
  { tenant, user: by, at }: { readonly tenant: string; readonly user: string; readonly at: number },
  seq: number,
): Promise<readonly Write[]> {
  // A directory that fails is no reason to answer otherwise, or to forget the refusal.
  const to = await settingsAdmins(context, tenant).catch(() => [])
  const id = `${refusalStream(by)}/${seq}`
  return noticeWrites(context, { id, tenant, type: 'refusals_counted', to, resources: [], at, by })
}
