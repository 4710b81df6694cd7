import type { Write } from '../../ports/storage.ts'
import type { Context } from '../context/context.ts'
import { type Reader, readingRights } from '../people/reading-rights.ts'
import { freeze } from '../values/freeze.ts'
import { mostNamed, type StrandedPolicy, type StrandedRequest, type Strands } from '../values/strands.ts'
import { mayReadMatch, mayReadRequest } from './may-read.ts'
import { stuckPolicies } from './stranded-policies.ts'
import { stuckRequests } from './stranded-requests.ts'
import { worldsAround } from './worlds.ts'

/** What is asked about a change. */
interface Question {
  /** What the change would write. */
  readonly writes: readonly Write[]
  /**
   * Whether what nobody could satisfy before is told as well.
   *
   * @defaultValue false: only what the change strands
   */
  readonly all?: boolean
}

/**
 * Says what a change strands, to somebody: the open requests and the policies that nobody could satisfy once its
 * writes are made, though somebody could before. What they may not read is counted, and not named.
 */
export async function strandedBy(context: Context, reader: Reader, { writes, all }: Question): Promise<Strands> {
  const { tenant } = reader
  const { before, after } = await worldsAround(context, tenant, writes)
  const unless = all ? undefined : before
  const open = await stuckRequests(after, tenant, unless)
  const inForce = await stuckPolicies(after, tenant, unless)
  const rights = readingRights(before.context, reader, { settings: before.settings })
  const requests: StrandedRequest[] = []
  for (const { request, missing } of open.stuck) {
    if (!(await mayReadRequest(before.context, reader, { rights, request }))) continue
    requests.push({ request: request.id, status: request.status, requester: request.requester, missing })
  }
  const policies: StrandedPolicy[] = []
  for (const { policy, missing } of inForce.stuck) {
    if (await mayReadMatch(rights, policy.match)) policies.push({ policy: policy.id, missing })
  }
  const isCut = requests.length > mostNamed || policies.length > mostNamed
  return freeze({
    requests: requests.slice(0, mostNamed),
    policies: policies.slice(0, mostNamed),
    hidden: {
      requests: open.stuck.length - requests.length,
      policies: inForce.stuck.length - policies.length,
    },
    more: open.more || inForce.more || isCut,
  })
}
