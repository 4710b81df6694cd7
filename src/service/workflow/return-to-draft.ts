import { defined } from '../../core/defined.ts'
import { isReturned } from '../../core/request/decide/decide.ts'
import { openStatuses } from '../../core/request/model/status-table.ts'
import { hasCode, isApprovalError } from '../../errors/approval-error.ts'
import { compareKeys } from '../../ports/compare.ts'
import type { Position, Write } from '../../ports/storage.ts'
import { commitEach, putOffWrite } from '../commands/put-off.ts'
import { runCommand } from '../commands/run-command.ts'
import type { Chore } from '../context/chore.ts'
import type { Context } from '../context/context.ts'
import { switchFacts } from '../context/workflow-switch.ts'
import type { PolicySetRecord, RequestRecord } from '../records/record-types.ts'
import { page, put, read, recordKey, type Stored, unchanged } from '../records/typed-storage.ts'
import type { ReturnsRecord, Sweep } from '../records/workflow-records.ts'
import { requestCommand } from '../requests/request-command.ts'
import type { HostNeed } from '../values/needs.ts'

/** Refusals that only say that the request is none of ours any more. */
const harmless = ['not_open', 'expired', 'not_switched_off'] as const

/** How many requests are returned before somebody else has a turn, and how many are read at once. */
const inOneTurn = 25
const pageSize = 200

/** What one turn did, and whether that was all. */
interface Returned {
  readonly returned: number
  readonly failed: readonly { readonly id: string; readonly error: unknown }[]
  readonly isAll: boolean
}

/**
 * Makes the chore that makes drafts of the requests that waited when the workflow was switched off, some of them at
 * each turn.
 */
export function returnsChore(context: Context, record: Stored<ReturnsRecord>, directory: HostNeed): Chore {
  const { tenant, project } = record.value
  const chore: Chore = {
    name: `returns\n${tenant}\n${project}`,
    tenant,
    id: project === '' ? 'workflow' : project,
    lane: `returns\n${tenant}`,
    abreast: 1,
    needs: [directory],
    async run() {
      const { returned, failed, isAll } = await returnSome(context, { tenant, project }, inOneTurn)
      const down = failed.find(({ error }) => hasCode(error, 'directory_failed'))
      const goesOn = !isAll && failed.length === 0
      return {
        done: { returned },
        failed,
        ...(down ? { broken: [{ need: directory, error: down.error }] } : {}),
        ...(goesOn ? { rest: chore } : {}),
      }
    },
    later: (why) => [putOffWrite('returns', record, { why, at: context.now() })],
  }
  return chore
}

/** Does so at once, as far as it gets with so many; the rest is done by `tick`, also what cannot be done just now. */
export async function returnWaiting(
  context: Context,
  place: Pick<ReturnsRecord, 'tenant' | 'project'>,
  most: number,
): Promise<void> {
  try {
    for (let left = most; left > 0; ) {
      const { returned, failed, isAll } = await returnSome(context, place, Math.min(left, inOneTurn))
      if (isAll || failed.length > 0) return
      left -= Math.max(1, returned)
    }
  } catch (error) {
    if (!isApprovalError(error)) throw error
  }
}

/**
 * Goes on through the open requests: makes drafts of some that waited when the workflow was switched off, and has
 * those tried again that were put off. Forgets about it once there were none from beginning to end. What is not done
 * yet can be neither answered nor applied, so that it does not matter when that happens, nor how often it is tried.
 */
async function returnSome(
  context: Context,
  { tenant, project }: Pick<ReturnsRecord, 'tenant' | 'project'>,
  most: number,
  from?: Sweep,
): Promise<Returned> {
  const { record, set } = await read(context.storage, {
    record: recordKey('returns', tenant, project),
    set: recordKey('policySets', tenant),
  })
  if (!record) return { returned: 0, failed: [], isAll: true }
  const sweep = from ?? record.value.sweep ?? { status: first, found: false }
  const { records, next } = await openRequests(context, record.value, sweep)
  const { returned, failed, last, isCut } = await returnThese(context, records, { record: record.value, set, most })
  const found = sweep.found || returned > 0 || failed.length > 0
  const goOnAt = async (place: Sweep | undefined) => {
    await commitEach(context, [sweptWrite(record, place, failed.length > 0 ? context.now() : undefined)])
  }
  const following = openStatuses[openStatuses.indexOf(sweep.status) + 1]
  if (isCut || next) {
    const after = last ?? sweep.after
    await goOnAt({ ...sweep, found, ...defined({ after }) })
    return { returned, failed, isAll: false }
  }
  if (following && returned + failed.length === 0)
    return await returnSome(context, { tenant, project }, most, { status: following, found })
  if (following) {
    await goOnAt({ status: following, found })
    return { returned, failed, isAll: false }
  }
  if (found) await goOnAt(undefined)
  else await forget(context, record, set)
  return { returned, failed, isAll: !found }
}

/** What became of some requests: `last` is the last one that was gone through, `isCut` tells that some are left. */
interface ReturnedPage extends Pick<Returned, 'returned' | 'failed'> {
  readonly last: Sweep['after']
  readonly isCut: boolean
}

/** Makes drafts of those among some requests that waited, at most so many, and wakes those that were put off. */
async function returnThese(
  context: Context,
  requests: readonly Stored<RequestRecord>[],
  {
    record: { tenant, by: user, via, reason, wake },
    set,
    most,
  }: {
    readonly record: ReturnsRecord
    readonly set: Stored<PolicySetRecord> | undefined
    readonly most: number
  },
): Promise<ReturnedPage> {
  const ask = { type: 'return', ...defined({ reason }) } as const
  const failed: { readonly id: string; readonly error: unknown }[] = []
  const woken: Write[] = []
  let last: Sweep['after']
  let returned = 0
  let isCut = false
  for (const request of requests) {
    const { id, createdAt } = request.value
    if (isReturned(request.value, switchFacts(context, set?.value, request.value))) {
      isCut = returned === most
      if (isCut) break
      try {
        await runCommand(context, requestCommand(context, { tenant, user, via }, id, ask))
        returned++
      } catch (error) {
        if (!harmless.some((code) => hasCode(error, code))) failed.push({ id, error })
        isCut = hasCode(error, 'directory_failed')
        if (isCut) break
      }
    } else if (wake && request.value.putOff) woken.push(awake(request))
    last = [createdAt, id]
  }
  await commitEach(context, woken)
  return { returned, failed, last, isCut }
}

/** Writes how far it has come. If something failed by a time, all of it is put off from then. */
function sweptWrite(before: Stored<ReturnsRecord>, place: Sweep | undefined, failedAt: number | undefined): Write {
  const { sweep: _sweep, putOff: had, ...value } = before.value
  const swept = { ...value, ...defined({ sweep: place }) }
  if (failedAt === undefined) return put('returns', swept, before)
  const again = { version: before.version, value: { ...swept, ...defined({ putOff: had }) } }
  return putOffWrite('returns', again, { why: 'failed', at: failedAt })
}

const [first = 'pending'] = openStatuses

/** The request as one that is tried again at once. */
function awake({ version, value: { putOff, ...request } }: Stored<RequestRecord>): Write {
  return put('requests', putOff ? { ...request, dueAt: putOff.from } : request, { version })
}

/** Reads open requests of one state: all, or those of a project, also those that are in others too. */
async function openRequests({ storage }: Context, { tenant, project }: ReturnsRecord, { status, after }: Sweep) {
  const order = { order: 'ascending', limit: pageSize, ...defined({ after }) } as const
  if (project === '') {
    return await page(storage, { collection: 'requests', index: 'byStatus', where: [tenant, status], ...order })
  }
  const where = [tenant, project, status]
  const [own, across] = await Promise.all([
    page(storage, { collection: 'requests', index: 'byProject', where, ...order }),
    page(storage, { collection: 'acrossProjects', index: 'byStatus', where, ...order }),
  ])
  const { shared } = await read(storage, {
    shared: across.records.map(({ value }) => recordKey('requests', tenant, value.request)),
  })
  const [next] = [own.next, across.next].filter((one) => one !== undefined).toSorted(compareKeys)
  const records = [...own.records, ...shared.flatMap((one) => (one ? [one] : []))]
    .toSorted((a, b) => compareKeys(placeIn(a.value), placeIn(b.value)))
    .filter(({ value }) => next === undefined || compareKeys(placeIn(value), next) <= 0)
  return { records, next }
}

function placeIn({ createdAt, id }: RequestRecord): Position {
  return [createdAt, id]
}

/**
 * Whoever switched it off again meanwhile has written another record, which stays: also one that has the number of
 * the first since that was removed in between.
 */
async function forget(
  { storage }: Context,
  { version, value: { tenant, project } }: Stored<ReturnsRecord>,
  set: Stored<PolicySetRecord> | undefined,
): Promise<void> {
  try {
    await storage.commit([
      unchanged(recordKey('policySets', tenant), set),
      { type: 'remove', collection: 'returns', key: [tenant, project], expected: version },
    ])
  } catch (error) {
    if (!hasCode(error, 'version_conflict')) throw error
  }
}
