import { widened } from '../../core/policy/model/escalation.ts'
import { isUngated } from '../../core/request/decide/decide-application.ts'
import type { Request } from '../../core/request/model/request.ts'
import type { RequestStatus } from '../../core/request/model/status-table.ts'
import { projectsOf } from '../../core/request/model/whereabouts.ts'
import { approvalStanding } from '../../core/review/approval-standing.ts'
import { missingInWords } from '../../core/review/missing-words.ts'
import { hasCode } from '../../errors/approval-error.ts'
import { scopesOf } from '../people/ask-directory.ts'
import { candidates } from '../people/ask-holders.ts'
import type { RequestRecord } from '../records/record-types.ts'
import { page } from '../records/typed-storage.ts'
import { mostLookedThrough } from '../values/strands.ts'
import { type Asked, askedNow, askedOfAll } from './effective-requirements.ts'
import { overBy } from './lock-holders.ts'
import { peopleOf } from './people-of-request.ts'
import type { World } from './worlds.ts'

/** A request that nobody could satisfy, and what is missing, in words. */
export interface Stuck {
  readonly request: RequestRecord
  readonly missing: readonly string[]
}

/** The requests that nobody could satisfy, and whether some were not looked at. */
export interface StuckRequests {
  readonly stuck: readonly Stuck[]
  readonly more: boolean
}

/** The states in which approvals are waited for, or can stop counting. */
const judged: readonly RequestStatus[] = ['pending', 'changes_requested', 'approved']

/** How many requests are judged in one go. */
const batch = 50

/** Finds open requests that nobody could satisfy in one world. Those that nobody could in `unless` are left out. */
export async function stuckRequests(world: World, tenant: string, unless: World | undefined): Promise<StuckRequests> {
  const { requests, ...rest } = await openRequests(world, tenant)
  const stuck: Stuck[] = []
  let { more } = rest
  for (let from = 0; from < requests.length; from += batch) {
    const some = await stuckAmong(world, requests.slice(from, from + batch))
    const old = unless ? await stuckAmong(unless, [...some.stuck.keys()]) : undefined
    for (const [request, missing] of some.stuck) if (!old?.stuck.has(request)) stuck.push({ request, missing })
    more ||= some.more || old?.more === true
  }
  return { stuck, more }
}

/** Reads the open requests that somebody has to approve, the oldest of each state first, as many as are looked at. */
async function openRequests({ context, settings }: World, tenant: string) {
  const requests: RequestRecord[] = []
  let [left, more] = [mostLookedThrough, false]
  for (const status of judged) {
    const query = { collection: 'requests', index: 'byStatus', where: [tenant, status], order: 'ascending' } as const
    const found = await page(context.storage, { ...query, limit: Math.max(left, 1) }, () => {
      more = true
    })
    requests.push(...found.records.slice(0, left).map(({ value }) => value))
    more ||= found.next !== undefined || found.records.length > left
    left = mostLookedThrough - requests.length
  }
  const open = requests.filter((one) => !isUngated(one) && overBy(context, one, settings) === undefined)
  return { requests: open, more }
}

async function stuckAmong(world: World, requests: readonly RequestRecord[]) {
  const asked = await askedOfThese(world, requests)
  const words = await Promise.all(
    requests.map(async (request, at) => {
      const its = asked[at]
      return its ? await missingOf(world, request, its) : []
    }),
  )
  const stuck = new Map(requests.flatMap((request, at) => (words[at]?.length ? [[request, words[at]] as const] : [])))
  return { stuck, more: asked.includes(undefined) }
}

/** Gives what is asked of requests; `undefined` for one whose content cannot be read: the others are judged. */
async function askedOfThese(
  { context, settings }: World,
  requests: readonly RequestRecord[],
): Promise<readonly (Asked | undefined)[]> {
  const unreadable = (error: unknown) => {
    if (!hasCode(error, 'unreadable_record')) throw error
    return undefined
  }
  const all = await askedOfAll(context, requests, settings).catch(unreadable)
  return all ?? (await Promise.all(requests.map((one) => askedNow(context, one, settings).catch(unreadable))))
}

/** Says what is missing of a request that nobody could satisfy, whoever it may yet escalate to; nothing of another. */
async function missingOf({ context }: World, pinned: Request, { requirements, rules }: Asked) {
  const request = { ...pinned, requirements: widened(requirements, requirements), rules }
  const { tenant } = request
  const asked = await candidates(context.directory, scopesOf(tenant, request), request.requirements)
  const users = await peopleOf(context, request, [])
  const standing = approvalStanding({ ...request, at: context.now() }, users, { asked, standIns: [] })
  if (standing.met || standing.satisfiable) return []
  return missingInWords(standing, { asked, projects: projectsOf(request) })
}
