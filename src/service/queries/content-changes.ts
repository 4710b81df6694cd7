import { describe } from '../../core/change/describe.ts'
import { diff } from '../../core/change/diff.ts'
import { defined } from '../../core/defined.ts'
import { canonical } from '../../core/json/canonical.ts'
import { asJson } from '../../core/json/json.ts'
import { isOwnType } from '../../core/policy/model/policy-type.ts'
import type { ProposedChange } from '../../core/request/model/content.ts'
import type { Request } from '../../core/request/model/request.ts'
import { projectsOf, whereaboutsOf } from '../../core/request/model/whereabouts.ts'
import type { Context } from '../context/context.ts'
import { mayReadResource } from '../facts/may-read.ts'
import type { ReadingRights } from '../people/reading-rights.ts'
import type { ContentRecord } from '../records/record-types.ts'
import { read, recordKey, type Stored } from '../records/typed-storage.ts'
import { moveLines } from '../requests/request-summary.ts'
import type { EntryFacts, NumberedEvent } from './timeline-entries.ts'
import type { TimelineChange } from './timeline-entry.ts'

interface Shown {
  readonly request: Request
  readonly events: readonly NumberedEvent[]
}

/** Finds what each event that brought content made different, in one round trip. */
export async function contentChanges(
  context: Context,
  rights: ReadingRights,
  { request, events }: Shown,
): Promise<ReadonlyMap<number, NonNullable<EntryFacts['content']>>> {
  const { tenant, id } = request
  const brought = events.flatMap(({ seq, event }) => ('pinned' in event ? { seq, edition: event.pinned.edition } : []))
  const editions = [...new Set(brought.flatMap(({ edition }) => [edition - 1, edition]))].filter((one) => one > 0)
  const { found } = await read(context.storage, {
    found: editions.map((edition) => recordKey('contents', tenant, id, edition)),
  })
  const contents = new Map(editions.map((edition, at) => [edition, found[at]] as const))
  const changes = brought.map(async ({ seq, edition }) => {
    const [before, after] = [contents.get(edition - 1), contents.get(edition)]
    return [seq, await difference(context, rights, { request, before, after })] as const
  })
  return new Map(await Promise.all(changes))
}

interface TwoContents {
  readonly request: Request
  readonly before: Stored<ContentRecord> | undefined
  readonly after: Stored<ContentRecord> | undefined
}

async function difference(
  context: Context,
  rights: ReadingRights,
  { request, before, after }: TwoContents,
): Promise<NonNullable<EntryFacts['content']>> {
  if (!after || before?.value.notKept !== undefined || after.value.notKept !== undefined) {
    return { changed: [], notKept: true }
  }
  const was = new Map(before?.value.changes.map((change) => [nameOf(change), change]))
  const both = after.value.changes.map((change) => ({ change, earlier: was.get(nameOf(change)) }))
  const still = new Set(after.value.changes.map(nameOf))
  const out = (before?.value.changes ?? []).filter((change) => !still.has(nameOf(change)))
  const readable = async (some: readonly Successive[]) => {
    const may = await Promise.all(some.map((one) => mayReadBoth(rights, request, one)))
    return some.filter((_, at) => may[at])
  }
  const [stays, takenOut] = [
    await readable(both),
    await readable(out.map((change) => ({ change, earlier: undefined }))),
  ]
  const changed = stays.flatMap((one) => changeBetween(context, one) ?? [])
  return {
    changed: [
      ...changed,
      ...takenOut.map(({ change: { resource } }) => ({ resource, ...nothing, takenOut: true as const })),
    ],
  }
}

const nothing = { places: [], lines: [] } as const

interface Successive {
  readonly change: ProposedChange
  /** The same resource in the content before; `undefined` if it was not in it. */
  readonly earlier: ProposedChange | undefined
}

/**
 * What a request was about earlier may be in projects that the reader may not read: whoever may read it as it is may
 * read what is where it is. So may what a request about a policy said.
 */
async function mayReadBoth(rights: ReadingRights, request: Request, { change, earlier }: Successive): Promise<boolean> {
  if (await rights.everywhere()) return true
  if (!isOwnType(change.resource.type)) {
    const its = projectsOf(whereaboutsOf([change]))
    const may = await Promise.all(its.map((one) => projectsOf(request).includes(one) || rights.in(one)))
    return may.every(Boolean)
  }
  for (const one of [change, earlier]) {
    if (
      one?.after &&
      !(await mayReadResource(rights, { ...one.resource, project: one.project, document: one.after }))
    ) {
      return false
    }
  }
  return true
}

function changeBetween(context: Context, { change, earlier }: Successive): TimelineChange | undefined {
  const { resource } = change
  const type = context.resources.get(resource.type)
  const found = earlier && type && diff(earlier.after ?? undefined, change.after ?? undefined, type.shape)
  const places = found?.ok ? found.value : change.places
  const isSameMove = moveOf(earlier) === moveOf(change)
  if (earlier && places.length === 0 && isSameMove) return undefined
  const moved = isSameMove ? [] : moveLines(change, type?.labels)
  return { resource, places, lines: [...moved, ...describe(places, type?.labels)] }
}

function moveOf(change: ProposedChange | undefined): string {
  return canonical(asJson(defined({ move: change?.move, toProject: change?.toProject })))
}

function nameOf({ resource: { type, id } }: ProposedChange): string {
  return `${type}/${id}`
}
