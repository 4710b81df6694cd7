import { describe } from '../../core/change/describe.ts'
import { isUngated } from '../../core/request/decide/decide-application.ts'
import { inForce } from '../../core/request/decide/request-outcome.ts'
import { isPlannedRevert } from '../../core/request/model/planned-revert.ts'
import { isOpen } from '../../core/request/model/status-table.ts'
import { type Standing, standing } from '../../core/review/standing.ts'
import type { KnownUsers } from '../../core/review/under-review.ts'
import type { Context } from '../context/context.ts'
import { type Asked, askedOfAll } from '../facts/effective-requirements.ts'
import { peopleIn } from '../facts/people-of-request.ts'
import { peopleByPlace, placeName } from '../people/ask-directory.ts'
import type { ContentRecord, PolicySetRecord, RequestRecord, ResourceRecord } from '../records/record-types.ts'
import { read, recordKey, type Stored } from '../records/typed-storage.ts'
import { isStaleNow, moveLines, type RequestSummary } from '../requests/request-summary.ts'
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

/** A request to show, with its record. */
export interface Showable {
  readonly request: RequestRecord
  readonly summary: RequestSummary
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
  const requests = shown.map(({ request }) => request)
  const gated = shown.filter(
    ({ request, summary }) => isOpen(summary.status) && !isUngated(request) && !isPlannedRevert(request),
  )
  const [{ contents, resources }, standings] = await Promise.all([
    read(context.storage, {
      contents: requests.map(({ tenant, id, edition }) => recordKey('contents', tenant, id, edition)),
      resources: requests.flatMap(({ tenant, resources: its }) => {
        return its.map(({ type, id }) => recordKey('resources', tenant, type, id))
      }),
    }),
    standingsNow(
      context,
      gated.map(({ request }) => request),
      set,
    ),
  ])
  let next = 0
  return shown.map(({ request, summary }, at) => {
    const from = next
    next += request.resources.length
    const live = resources.slice(from, next).map(revisionOf)
    const approval = standings.get(request)
    return freeze({
      ...summary,
      changes: listedChanges(context, contents[at]?.value),
      stale: isStaleNow(request, summary.status, live),
      ...(approval ? { approval } : {}),
    })
  })
}

function revisionOf(stored: Stored<ResourceRecord> | undefined): number {
  return stored?.value.revision ?? 0
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
  requests: readonly RequestRecord[],
  set: Settings,
): Promise<ReadonlyMap<RequestRecord, Standing>> {
  if (requests.length === 0) return new Map()
  const asked = await askedOfAll(context, requests, set?.value)
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
