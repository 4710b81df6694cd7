import { hasAnswered } from '../../core/request/decide/awaited-approvers.ts'
import { permission } from '../../core/request/decide/permitted-methods.ts'
import { inForce } from '../../core/request/decide/request-outcome.ts'
import type { Facts } from '../../core/request/model/command.ts'
import { statusAt } from '../../core/request/model/deadline.ts'
import type { Actor } from '../../core/request/model/event.ts'
import type { Request } from '../../core/request/model/request.ts'
import type { Delegation } from '../../core/review/delegation.ts'
import { isLapsed } from '../../core/review/lapsed.ts'
import { wholeAnswers, wouldCount } from '../../core/review/standing.ts'
import type { KnownUsers } from '../../core/review/under-review.ts'
import type { Position } from '../../ports/storage.ts'
import { checkKeys } from '../arguments/check-arguments.ts'
import type { Context } from '../context/context.ts'
import { switchFacts } from '../context/workflow-switch.ts'
import { delegationsTo } from '../facts/delegations.ts'
import { askedOfAll } from '../facts/effective-requirements.ts'
import { peopleIn } from '../facts/people-of-request.ts'
import { peopleByPlace, placeName, reachOf } from '../people/ask-directory.ts'
import { knowingSettings } from '../people/departures.ts'
import { readingRights } from '../people/reading-rights.ts'
import { checkLimit, cursorAt, type Listed, positionOf } from '../records/page-cursor.ts'
import type { PolicySetRecord } from '../records/record-types.ts'
import { read, recordKey, type Stored } from '../records/typed-storage.ts'
import { freeze } from '../values/freeze.ts'
import { listsFor, oldestOf } from './inbox-lists.ts'
import { requestsOf } from './list-requests.ts'
import { type ListedRequest, listedRequests, type Showable } from './listed-requests.ts'
import type { RequestCount } from './request-filter.ts'

/** Which page of the inbox to list. */
export interface InboxFilter {
  /**
   * At most so many, 1 to 200.
   *
   * @defaultValue 50
   */
  readonly limit?: number | undefined
  /**
   * The `next` of the page before, of the same actor.
   *
   * @defaultValue none: the first page
   */
  readonly after?: string | undefined
}

/** A request that waits for an approval. */
export interface InboxRequest extends ListedRequest {
  /** Who has delegated the answer to the actor: pass it on as `onBehalfOf`. Absent if the answer is the actor's own. */
  readonly onBehalfOf?: string
}

/** A page of requests that wait for an approval, the oldest first. */
export interface InboxPage {
  readonly requests: readonly InboxRequest[]
  /** Where the next page begins; absent on the last one. */
  readonly next?: string
}

/**
 * How many requests are judged for one page: of those that ask a role, not every one waits for everybody who holds
 * it.
 */
const mostJudged = 1_000

/** Lists the requests that wait for an approval of the actor's, the oldest first. */
export async function listInbox(given: Context, actor: Actor, filter: InboxFilter): Promise<InboxPage> {
  checkKeys('filter', filter, ['limit', 'after'])
  const limit = checkLimit(filter.limit)
  const cursor = { tenant: actor.tenant, waitingFor: actor.user }
  let from = filter.after === undefined ? undefined : positionOf(filter.after, cursor)
  const { context, ...desk } = await deskOf(given, actor)
  const found: Awaited[] = []
  const shown = async (waiting: readonly Awaited[]): Promise<readonly InboxRequest[]> => {
    const listed = await listedRequests(context, waiting, desk.set)
    return listed.map((one, at) => ({ ...one, ...waiting[at]?.answer }))
  }
  for (let judged = 0; judged < mostJudged; judged += limit + 1) {
    const { requests, next } = await oldestOf(context.storage, desk.lists, { limit: limit + 1, from })
    found.push(...(await waitingAmong(context, desk, requests)))
    const last = found[limit - 1]?.request
    if (found.length > limit && last) {
      return freeze({ requests: await shown(found.slice(0, limit)), next: cursorAt(last, cursor) })
    }
    if (!next) return freeze({ requests: await shown(found) })
    from = next
  }
  const [createdAt, id] = from as readonly [number, string]
  return freeze({ requests: await shown(found), next: cursorAt({ tenant: actor.tenant, createdAt, id }, cursor) })
}

/** A request that waits for an answer of the actor's. */
interface Awaited extends Showable {
  readonly answer: Pick<InboxRequest, 'onBehalfOf'>
}

/** Counts the requests that wait for an approval of the actor's, among so many that may. */
export async function countInbox(given: Context, actor: Actor): Promise<RequestCount> {
  const { context, ...desk } = await deskOf(given, actor)
  let count = 0
  let from: Position | undefined
  for (let judged = 0; judged < mostJudged; judged += portion) {
    const { requests, next } = await oldestOf(context.storage, desk.lists, { limit: portion, from })
    count += (await waitingAmong(context, desk, requests)).length
    if (!next) return { count }
    from = next
  }
  return { count, more: true }
}

/** How many requests are judged at once when they are counted. */
const portion = 200

/** Everything by which it is judged what waits for somebody now. */
interface Desk {
  readonly actor: Actor
  readonly at: number
  readonly set: Stored<PolicySetRecord> | undefined
  /** Who lets the actor answer for them. */
  readonly delegations: readonly Delegation[]
  readonly lists: ReturnType<typeof listsFor>
}

/** The same, with what goes on from the settings that were read. */
async function deskOf(given: Context, actor: Actor): Promise<Desk & { readonly context: Context }> {
  const { tenant, user } = actor
  const at = given.now()
  const [{ set }, delegations] = await Promise.all([
    read(given.storage, { set: recordKey('policySets', tenant) }),
    delegationsTo(given, actor, at),
  ])
  const context = knowingSettings(given, set?.value)
  const [users] = await Promise.all([
    reachOf(context.directory, tenant, [user, ...delegations.map(({ from }) => from)]),
    readingRights(context, actor, { settings: set?.value }).known(),
  ])
  return { context, actor, at, set, delegations, lists: listsFor(tenant, users) }
}

/** Keeps those among some requests that the actor may approve as things stand, and whose answer is not given yet. */
async function waitingAmong(context: Context, desk: Desk, listed: readonly Listed[]): Promise<readonly Awaited[]> {
  if (listed.length === 0) return []
  const requests = await requestsOf(context, listed)
  const [asked, people] = await Promise.all([
    askedOfAll(context, requests, desk.set?.value),
    peopleAround(context, desk, requests),
  ])
  return requests.flatMap((request, index) => {
    const users: KnownUsers = people.get(placeName(request)) ?? new Map()
    const its = asked[index] ?? request
    const answer = answerTo(context, desk, { request, asked: its, users })
    if (!answer) return []
    const { holds } = switchFacts(context, desk.set?.value, request)
    const moment = { at: desk.at, holds }
    return [{ request, moment, status: statusAt(request, moment), asked: its, answer }]
  })
}

/**
 * Says whose answer a request waits for, out of those that the actor may give; `undefined` if it waits for none of
 * them.
 */
function answerTo(
  context: Context,
  { actor, at, set, delegations }: Desk,
  {
    request,
    asked: { requirements, rules },
    users,
  }: { readonly request: Request; readonly asked: Pick<Facts, 'requirements' | 'rules'>; readonly users: KnownUsers },
): Pick<InboxRequest, 'onBehalfOf'> | undefined {
  const settings = set?.value
  const facts: Facts = { requirements, rules, users, ...switchFacts(context, settings, request) }
  const given = request.reviews.filter((review) => !isLapsed(review, { at, rules }))
  const reviews = wholeAnswers({ reviews: given, ...inForce(request, facts) }, users)
  if (hasAnswered(actor.user, { reviews }, users)) return undefined
  const awaits = (delegation?: Delegation) => {
    const [user, principal] = [users.get(actor.user), users.get(delegation?.from ?? actor.user)]
    if (!user || !principal || hasAnswered(principal.id, { reviews }, users)) return false
    const use = { type: 'approve', by: actor, at, ...(delegation ? { onBehalfOf: delegation.from } : {}) } as const
    if (permission(use, request, delegation ? { ...facts, delegations: [delegation] } : facts) !== true) return false
    return wouldCount({ ...request, ...inForce(request, facts), at }, users, { user, principal })
  }
  if (awaits()) return {}
  const delegation = delegations.find(awaits)
  return delegation && { onBehalfOf: delegation.from }
}

/** Asks who everybody is that a decision about these requests looks at. */
async function peopleAround(
  { directory }: Context,
  { actor, delegations }: Desk,
  requests: readonly Request[],
): Promise<ReadonlyMap<string, KnownUsers>> {
  const own = [actor.user, ...delegations.map(({ from }) => from)]
  return await peopleByPlace(
    directory,
    requests.map((request) => ({ request, ids: [...own, ...peopleIn(request)] })),
  )
}
