import { describe } from '../../core/change/describe.ts'
import { isUngated } from '../../core/request/decide/decide-application.ts'
import { inForce } from '../../core/request/decide/request-outcome.ts'
import type { Moment } from '../../core/request/model/deadline.ts'
import { isPlannedRevert } from '../../core/request/model/planned-revert.ts'
import { isOpen, type RequestStatus } from '../../core/request/model/status-table.ts'
import { type Standing, standing } from '../../core/review/standing.ts'
import type { KnownUsers } from '../../core/review/under-review.ts'
import type { Context } from '../context/context.ts'
import { type Asked, askedOfAll } from '../facts/effective-requirements.ts'
import { peopleIn } from '../facts/people-of-request.ts'
import { peopleByPlace, placeName } from '../people/ask-directory.ts'
import type { ContentRecord, PolicySetRecord, RequestRecord } from '../records/record-types.ts'
import { read, recordKey, type Stored, type TypedKey } from '../records/typed-storage.ts'
import { canBeStale, isStaleNow, moveLines, type RequestSummary } from '../requests/request-summary.ts'
import { shownRequest } from '../requests/shown-request.ts'
import { freeze } from '../values/freeze.ts'

/** What a request would do to one resource, as lists show it. */
export interface ListedChange {
  readonly resource: { readonly type: string; readonly id: string }
  readonly actions: readonly string[]
  /** One line a place that it changes, with the labels of the resource type. */
  readonly lines: readonly string[]
}

/** A request as a list shows it. */
export interface ListedRequest extends RequestSummary {
  /** What it would do. Empty once retention has removed its content. */
  readonly changes: readonly ListedChange[]
  /** Whether a resource has moved on since, as far as that is recorded: lists ask no host. */
  readonly stale: boolean
  /** How far it is approved and what is missing, while it is open and somebody has to approve it. */
  readonly approval?: Standing
}

/** A request to show, and the state that it is in by now, recorded or not. */
export interface Showable {
  readonly request: RequestRecord
  readonly moment: Moment
  readonly status: RequestStatus
  /** What is asked of it now, if that is known already. */
  readonly asked?: Asked
}

/** The settings of a tenant, if there are any. */
export type Settings = Stored<PolicySetRecord> | undefined

/** Shows requests as lists do: reads what they would do and what is live at once, and asks who everybody is. */
export async function listedRequests(
  context: Context,
  shown: readonly Showable[],
  set: Settings,
): Promise<readonly ListedRequest[]> {
  if (shown.length === 0) return []
  const gated = shown.filter(
    ({ request, status }) => isOpen(status) && !isUngated(request) && !isPlannedRevert(request),
  )
  const watched = watchedResources(shown)
  const [{ contents, resources }, standings] = await Promise.all([
    read(context.storage, {
      contents: shown.map(({ request: { tenant, id, edition } }) => recordKey('contents', tenant, id, edition)),
      resources: [...watched.values()],
    }),
    standingsNow(context, gated, set),
  ])
  const live = new Map([...watched.keys()].map((name, at) => [name, resources[at]?.value.revision ?? 0]))
  return shown.map(({ request, status, moment }, at) => {
    const listed = shownRequest(request, moment) as { -readonly [K in keyof ListedRequest]: ListedRequest[K] }
    listed.changes = listedChanges(context, contents[at]?.value)
    listed.stale = canBeStale(request, status) && isStaleNow(request, status, revisionsOf(request, live))
    const approval = standings.get(request)
    if (approval) listed.approval = approval
    return freeze(listed)
  })
}

/** The keys of the resources of those requests that can be stale, each once. */
function watchedResources(shown: readonly Showable[]): ReadonlyMap<string, TypedKey<'resources'>> {
  return new Map(
    shown.flatMap(({ request, status }) => {
      if (!canBeStale(request, status)) return []
      return request.resources.map((resource) => {
        return [nameOf(resource), recordKey('resources', request.tenant, resource.type, resource.id)] as const
      })
    }),
  )
}

function revisionsOf({ resources }: RequestRecord, live: ReadonlyMap<string, number>): readonly number[] {
  return resources.map((resource) => live.get(nameOf(resource)) ?? 0)
}

function nameOf({ type, id }: { readonly type: string; readonly id: string }): string {
  return JSON.stringify([type, id])
}

function listedChanges({ resources }: Context, content: ContentRecord | undefined): readonly ListedChange[] {
  return (content?.changes ?? []).map((change) => {
    const { resource, actions, places } = change
    const labels = resources.get(resource.type)?.labels
    return { resource, actions, lines: [...moveLines(change, labels), ...describe(places, labels)] }
  })
}

/** Judges how far open requests are approved, by the people and the policies of now. */
async function standingsNow(
  context: Context,
  gated: readonly Showable[],
  set: Settings,
): Promise<ReadonlyMap<RequestRecord, Standing>> {
  if (gated.length === 0) return new Map()
  const requests = gated.map(({ request }) => request)
  const known = gated.flatMap(({ asked }) => asked ?? [])
  const asked = known.length === gated.length ? known : await askedOfAll(context, requests, set?.value)
  const people = await peopleByProject(context, requests, asked)
  const at = context.now()
  return new Map(
    requests.map((request, index) => {
      const its = inForce(request, asked[index] ?? request)
      return [request, standing({ ...request, ...its, at }, people.get(placeName(request)) ?? new Map())]
    }),
  )
}

/** Asks who everybody is that the standing of these requests looks at. */
async function peopleByProject(
  { directory }: Context,
  requests: readonly RequestRecord[],
  asked: readonly Asked[],
): Promise<ReadonlyMap<string, KnownUsers>> {
  const asking = requests.map((request, at) => {
    const then = { ...request, requirements: asked[at]?.requirements ?? [] }
    return { request, ids: [...peopleIn(request), ...peopleIn(then)] }
  })
  return await peopleByPlace(directory, asking)
}
