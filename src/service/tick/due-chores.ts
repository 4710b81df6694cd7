import { duesOf, dueVerb } from '../../core/request/decide/due-verbs.ts'
import type { TimedVerb } from '../../core/request/model/status-table.ts'
import { hasCode, isApprovalError } from '../../errors/approval-error.ts'
import { collections } from '../../ports/collections.ts'
import { sealChore } from '../audit/make-checkpoints.ts'
import { forgetKeysChore } from '../commands/idempotency.ts'
import { putOffWrite } from '../commands/put-off.ts'
import { countsChore } from '../commands/record-refusal.ts'
import { runCommand } from '../commands/run-command.ts'
import type { Chore, ChoreOutcome, Counted } from '../context/chore.ts'
import type { Context } from '../context/context.ts'
import { switchFacts } from '../context/workflow-switch.ts'
import { retentionStream } from '../records/event-stream.ts'
import type { RequestRecord, ResourceRecord } from '../records/record-types.ts'
import { type OnUnreadable, read, recordKey, type Stored, type StoredRecordOf } from '../records/typed-storage.ts'
import { delayOf, onTheWayCommand } from '../requests/deliver-outside.ts'
import { requestCommand } from '../requests/request-command.ts'
import type { HostNeed } from '../values/needs.ts'
import { ownUser } from '../values/reserved.ts'
import { returnsChore } from '../workflow/return-to-draft.ts'
import { noticeChore } from './deliver-notices.ts'
import { type DueCollection, type DueRecord, dueRecords } from './due-records.ts'
import { clockMoveCommand } from './end-timed-state.ts'
import { sweepChore } from './sweep.ts'
import { isMovedOn, staleChore } from './tell-stale.ts'

/**
 * Reads what is due in some collections, and makes chores of it, whose lanes are in the order in which they take
 * turns. If there is more than can be done, another tenant comes first each time, and those who gave trouble in
 * the last call come last.
 */
export async function choresOf(
  context: Context,
  collections: readonly DueCollection[],
  { most, onUnreadable }: { readonly most: number; readonly onUnreadable: OnUnreadable },
): Promise<readonly Chore[]> {
  const wanted = Math.max(most, fewest)
  const found = await Promise.all(
    collections.map(async (collection) => {
      const tenants = [...(await dueRecords(context, collection, { wanted, onUnreadable }))]
      const count = tenants.reduce((sum, [, records]) => sum + records.length, 0)
      const begin = count > most ? Math.floor(Math.random() * tenants.length) : 0
      const turned = [...tenants.slice(begin), ...tenants.slice(0, begin)]
      const isTroubled = ([tenant]: readonly [string, unknown]) => context.atWork.troubled.has(tenant)
      const ordered = [...turned.filter((one) => !isTroubled(one)), ...turned.filter(isTroubled)]
      return ordered.map(([, records]) => choresFor(context, collection, records))
    }),
  )
  const longest = Math.max(0, ...found.map((tenants) => tenants.length))
  return Array.from({ length: longest }, (_, at) => found.flatMap((tenants) => tenants[at] ?? [])).flat()
}

/** So many records are looked for at least, that tenants can take turns when little may be done. */
const fewest = 100

/** Names the chore of a record. Of answers and of what is to be sealed, a tenant has one chore. */
export function nameOfChore(collection: DueCollection, { value }: Stored<DueRecord>): string {
  if (collection === 'idempotencyKeys' || collection === 'unsealed') return `${collection}\n${value.tenant}`
  const key = collections[collection].key.map(({ name }) => Reflect.get(value, name))
  return [collection, ...key].join('\n')
}

function choresFor<C extends DueCollection>(
  context: Context,
  collection: C,
  records: readonly Stored<StoredRecordOf<C>>[],
): readonly Chore[] {
  const all = <D extends DueCollection>(_: D) => records as unknown as readonly Stored<StoredRecordOf<D>>[]
  switch (collection as DueCollection) {
    case 'requests':
      return all('requests').map((record) => requestChore(context, record))
    case 'resources':
      return all('resources').map((record) => clockMoveChore(context, record))
    case 'outbox':
      return all('outbox').map((record) =>
        isMovedOn(record) ? staleChore(context, record) : noticeChore(context, record),
      )
    case 'returns':
      return all('returns').map((record) => returnsChore(context, record, directoryNeed(record.value.tenant)))
    case 'streams':
      return all('streams').map((record) =>
        record.value.stream === retentionStream ? sweepChore(context, record) : countsChore(context, record),
      )
    case 'idempotencyKeys':
      return [forgetKeysChore(context, all('idempotencyKeys'))]
    case 'unsealed':
      return [sealChore(context, all('unsealed'))]
  }
}

/** Time, as somebody who acts. */
const clockOf = (tenant: string) => ({ tenant, user: ownUser, via: 'tick' })

const directoryNeed = (tenant: string): HostNeed => ({ name: `directory\n${tenant}` })
const hostNeed = (tenant: string, type: string): HostNeed => ({ name: `host\n${tenant}\n${type}` })

/** What a verb of the clock counts as in a report. */
const counts = {
  expire: 'expired',
  come_due: 'applied',
  escalate: 'escalated',
  remind: 'reminded',
  warn: 'warned',
  lapse: 'lapsed',
  reclaim: 'reclaimed',
  resume: 'applied',
} as const satisfies Readonly<Record<TimedVerb, Counted>>

/** What a request counts as that was due: what became of it, if it was to be applied. */
function countedAs(verb: TimedVerb, { status }: Pick<RequestRecord, 'status'>): Counted {
  const counted = counts[verb]
  if (counted !== 'applied' || status === 'applied' || status === 'applying') return counted
  return status === 'expired' ? 'expired' : 'unapplied'
}

/** Refusals that only say that somebody else was there first, or has to be done first. */
const harmless = [
  'not_open',
  'not_due',
  'locked',
  'frozen',
  'workflow_off',
  'switched_off',
  'unknown_resource',
] as const

function requestChore(context: Context, record: Stored<RequestRecord>): Chore {
  const { tenant, id, resources, application } = record.value
  const type = dueVerb(record.value, context.now())
  const isOutside = type === 'reclaim'
  const host = application ? [hostNeed(tenant, application.resource.type)] : []
  const hosts = resources.flatMap((one) =>
    context.resources.get(one.type)?.external ? hostNeed(tenant, one.type) : [],
  )
  const asked = type === 'come_due' ? [directoryNeed(tenant), ...hosts] : [directoryNeed(tenant)]
  let until: number | undefined
  let notAfter: number | undefined
  return {
    name: nameOfChore('requests', record),
    tenant,
    id,
    lane: `${isOutside ? 'reclaims' : 'requests'}\n${tenant}`,
    abreast: isOutside ? 4 : 1,
    needs: isOutside ? host : type === 'expire' ? [] : asked,
    run: async () => {
      return await tried(tenant, async () => {
        const { now, dues } = await ownDues(context, record.value)
        const type = dues.find(({ at }) => at <= now)?.verb
        if (!type) {
          until = dues.length === 0 ? undefined : Math.min(...dues.map(({ at }) => at))
          return { why: 'waiting' }
        }
        const command =
          type === 'reclaim'
            ? onTheWayCommand(context, clockOf(tenant), id, { type })
            : requestCommand(context, clockOf(tenant), id, { type })
        const warns = type === 'come_due' && dues.some(({ verb, at }) => verb === 'warn' && at <= now)
        const ended = await runCommand(context, command).catch(async (error: unknown) => {
          notAfter = type === 'resume' ? endOfAsking(error) : endOfFreeze(error)
          if (warns && (await isWarned(context, { tenant, id }))) return undefined
          throw error
        })
        if (!ended) return { done: { warned: 1 } }
        const delay = delayOf(ended)
        const done = { [countedAs(type, ended)]: 1 }
        if (!delay) return { done, worked: isOutside ? host : [] }
        return { done, failed: [{ error: delay }], broken: host.map((need) => ({ need, error: delay })) }
      })
    },
    later: (why) => [putOffWrite('requests', record, { why, at: context.now(), until, notAfter })],
  }
}

/**
 * Warns people that the deadline of a request is near, since something keeps it from being applied. Tells whether that
 * was done: if so, the request is due as before.
 */
async function isWarned(context: Context, { tenant, id }: Pick<RequestRecord, 'tenant' | 'id'>): Promise<boolean> {
  return await runCommand(context, requestCommand(context, clockOf(tenant), id, { type: 'warn' })).then(
    () => true,
    () => false,
  )
}

/** When the freeze is over that has kept something off; `undefined` if none has, or no end is in sight. */
function endOfFreeze(error: unknown): number | undefined {
  return hasCode(error, 'frozen') ? error.details.until : undefined
}

/** When the freeze is over that asks for approvals which are missing; `undefined` if no end is in sight. */
function endOfAsking(error: unknown): number | undefined {
  return hasCode(error, 'not_due') && error.details.dueAt > 0 ? error.details.dueAt : undefined
}

/** What time does to a request by its own clock, which stands still while the workflow is off. */
async function ownDues(context: Context, request: RequestRecord) {
  const now = context.now()
  const { settings } = await read(context.storage, { settings: recordKey('policySets', request.tenant) })
  const { holds } = switchFacts(context, settings?.value, request)
  return { now, dues: duesOf(request, { now, holds }) }
}

/** Ends a state whose time has come. One that another request keeps everybody off waits until that ends. */
function clockMoveChore(context: Context, record: Stored<ResourceRecord>): Chore {
  const { tenant, type, id } = record.value
  let notAfter: number | undefined
  return {
    name: nameOfChore('resources', record),
    tenant,
    id,
    lane: `resources\n${tenant}`,
    abreast: 1,
    needs: [],
    run: () =>
      tried(tenant, async () => {
        const command = clockMoveCommand(context, clockOf(tenant), { type, id })
        await runCommand(context, command).catch((error: unknown) => {
          notAfter = endOfFreeze(error)
          throw error
        })
        return { done: { moved: 1 } }
      }),
    later: (why) => [putOffWrite('resources', record, { why, at: context.now(), notAfter })],
  }
}

/** Does something, and says what an error means for the others of its tenant. */
async function tried(tenant: string, work: () => Promise<ChoreOutcome>): Promise<ChoreOutcome> {
  try {
    return await work()
  } catch (error) {
    if (harmless.some((code) => hasCode(error, code))) return { why: 'waiting' }
    // If the storage failed, it is no fault of what is due: that is tried again by the next call, and not put off.
    if (hasCode(error, 'storage_failed')) return { failed: [{ error }] }
    // Nor if this instance is an old one: another one does it, and finds it as due as it is.
    if (hasCode(error, 'policies_outdated')) return { failed: [{ error }] }
    // A guard that says no waits for something as well, and is named.
    if (hasCode(error, 'transition_rejected')) return { failed: [{ error }], why: 'waiting' }
    return { failed: [{ error }], why: 'failed', broken: brokenBy(tenant, error) }
  }
}

function brokenBy(tenant: string, error: unknown): NonNullable<ChoreOutcome['broken']> {
  if (!isApprovalError(error)) return []
  if (error.code === 'directory_failed') return [{ need: directoryNeed(tenant), error }]
  return error.code === 'host_failed' ? [{ need: hostNeed(tenant, error.details.type), error }] : []
}
