import { isReturned } from '../core/request/decide.ts'
import { openStatuses } from '../core/request/status.ts'
import { hasCode } from '../errors.ts'
import type { Context } from './context.ts'
import { execute } from './execute.ts'
import {
  keyOf,
  type PolicySetRecord,
  type RequestRecord,
  type ReturnsRecord,
  read,
  type Stored,
  unchanged,
  walk,
} from './records.ts'
import { requestCommand } from './request-command.ts'
import { switchFacts } from './workflow.ts'

/** Something that could not be done this time. */
interface Failure {
  readonly tenant: string
  readonly id: string
  readonly error: unknown
}

/** Refusals that only say that the request is none of ours any more. */
const harmless = ['not_open', 'expired', 'not_switched_off'] as const

/**
 * Makes drafts of the requests that waited when the workflow was switched off, at most so many, and forgets about it once there are no more. What is
 * not done yet can be neither answered nor applied, so that it does not matter when that happens, nor how often it is tried.
 */
export async function returnWaiting(
  context: Context,
  { tenant, project }: Pick<ReturnsRecord, 'tenant' | 'project'>,
  { most, failed }: { readonly most: number; readonly failed: Failure[] },
): Promise<number> {
  const { storage } = context
  const { record, set } = await read(storage, {
    record: keyOf('returns', tenant, project),
    set: keyOf('policySets', tenant),
  })
  if (!record) return 0
  const { by: user, via, reason } = record.value
  const ask = { type: 'return', ...(reason === undefined ? {} : { reason }) } as const
  let done = 0
  let complete = true
  for await (const { value } of openRequests(context, tenant, project)) {
    if (!isReturned(value, switchFacts(context, set?.value, value))) continue
    if (done === most) return done
    try {
      await execute(context, requestCommand(context, { tenant, user, via }, value.id, ask))
      done++
    } catch (error) {
      if (harmless.some((code) => hasCode(error, code))) continue
      complete = false
      failed.push({ tenant, id: value.id, error })
    }
  }
  if (complete) await forget(context, record, set)
  return done
}

async function* openRequests(
  { storage }: Context,
  tenant: string,
  project: string,
): AsyncGenerator<Stored<RequestRecord>> {
  for (const status of openStatuses) {
    const place =
      project === ''
        ? { index: 'byStatus', where: [tenant, status] }
        : { index: 'byProject', where: [tenant, project, status] }
    yield* walk(storage, { collection: 'requests', order: 'ascending', ...place })
  }
}

/**
 * Whoever switched it off again meanwhile has written another record, which stays: also one that has the number of the first since that was
 * removed in between.
 */
async function forget(
  { storage }: Context,
  { version, value: { tenant, project } }: Stored<ReturnsRecord>,
  set: Stored<PolicySetRecord> | undefined,
): Promise<void> {
  try {
    await storage.commit([
      unchanged(keyOf('policySets', tenant), set),
      { type: 'remove', collection: 'returns', key: [tenant, project], expected: version },
    ])
  } catch (error) {
    if (!hasCode(error, 'version_conflict')) throw error
  }
}
