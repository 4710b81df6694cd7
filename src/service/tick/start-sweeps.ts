import { hasCode } from '../../errors/approval-error.ts'
import type { Context } from '../context/context.ts'
import { append, retentionStream } from '../records/event-stream.ts'
import { page, put, read, recordKey } from '../records/typed-storage.ts'
import { ownUser } from '../values/reserved.ts'

/** How many tenants one call looks at, and how long it is until all are looked at again. */
const atOnce = 100
const pause = 60 * 60 * 1000

/**
 * Sees to it that retention comes due in every tenant, if the host wants documents removed. Tenants are found in what
 * was sealed, some at a time; a round costs one look-up for each, and rests for an hour.
 */
export async function startSweeps(context: Context): Promise<void> {
  const { storage, now, retention, atWork } = context
  const at = now()
  if (retention.documents === undefined || at < atWork.round.again) return
  for (let looked = 0; looked < atOnce; looked++) {
    const { after } = atWork.round
    let tenant: string | undefined
    const { records } = await page(
      storage,
      {
        collection: 'seals',
        index: 'key',
        where: [],
        order: 'ascending',
        limit: 1,
        ...(after === undefined ? {} : { after: [after, Number.MAX_SAFE_INTEGER] }),
      },
      ({ key }) => {
        tenant = String(key[0])
      },
    )
    tenant = records[0]?.value.tenant ?? tenant
    atWork.round = tenant === undefined ? { after: undefined, again: at + pause } : { after: tenant, again: 0 }
    if (tenant === undefined) return
    await startSweep(context, { tenant, documents: retention.documents, at })
  }
}

interface Beginning {
  readonly tenant: string
  readonly documents: number
  readonly at: number
}

/** Makes retention due in a tenant in which it is not, on record. */
async function startSweep({ storage }: Context, { tenant, documents, at }: Beginning): Promise<void> {
  const [found, isUnreadable] = await read(storage, { found: recordKey('streams', tenant, retentionStream) }).then(
    (one) => [one.found, false] as const,
    asUnreadable,
  )
  if (isUnreadable || found?.value.dueAt !== undefined) return
  const stream = { tenant, stream: retentionStream }
  const { head, writes } = append(stream, found?.value.head, retentionSet(at, documents))
  const swept = { seals: 0, ...found?.value.swept, documents }
  try {
    await storage.commit([put('streams', { ...stream, head, dueAt: at, swept }, found), ...writes])
  } catch (error) {
    if (!hasCode(error, 'version_conflict') && !hasCode(error, 'duplicate_key')) throw error
  }
}

/** What cannot be read is named by a verification of the log. It keeps no other tenant waiting. */
function asUnreadable(error: unknown): readonly [undefined, true] {
  if (!hasCode(error, 'unreadable_record')) throw error
  return [undefined, true]
}

/** When tenants are looked for again; `undefined` if nothing is to be removed in them. */
export function nextRound({ retention, atWork, now }: Context): number | undefined {
  return retention.documents === undefined ? undefined : Math.max(atWork.round.again, now())
}

/** The event that says for how long documents are kept from now on; null: for ever. */
export function retentionSet(at: number, documents: number | null) {
  return { type: 'retention_set', by: ownUser, via: 'tick', at, documents }
}
