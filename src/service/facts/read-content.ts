import { defined } from '../../core/defined.ts'
import type { JsonValue } from '../../core/json/json.ts'
import type { Content, ProposedChange } from '../../core/request/model/content.ts'
import type { ResourceName } from '../../core/request/model/event.ts'
import type { Request } from '../../core/request/model/request.ts'
import type { Revision } from '../../core/request/model/revision.ts'
import { scheduleOf } from '../../core/request/model/schedule.ts'
import { ApprovalError } from '../../errors/approval-error.ts'
import { type Refusal, type Result, refuse, success } from '../../errors/result.ts'
import type { Write } from '../../ports/storage.ts'
import type { Proposal, Restored } from '../changes/propose-change.ts'
import { type ClaimRead, claimedOutside, claimKeys } from '../commands/external-claims.ts'
import { recordHostChanges } from '../commands/sync-host-documents.ts'
import type { Context } from '../context/context.ts'
import type { ContentRecord, PolicySetRecord, ResourceRecord } from '../records/record-types.ts'
import { read, recordKey, type Stored, unchanged } from '../records/typed-storage.ts'
import { isRevert, type ResolvedChange, type WantedChange } from '../resource-types/wanted-change.ts'
import { type Holder, type Over, readHolders } from './lock-holders.ts'

/** The content of a request as it was read back. */
export interface ContentRead {
  readonly content: Content
  /** Each change with the document that it starts from. */
  readonly proposals: readonly Proposal[]
  /** The first thing of it that retention has removed; absent if everything is kept. */
  readonly lost?: Lost
}

/** That retention has removed what somebody asks for. */
export type Lost = Refusal<'content_not_kept'> | Refusal<'revision_not_kept'>

/** The resources of a request as they are now, and who keeps whom off them. */
export interface ResourcesRead {
  readonly resources: readonly (Stored<ResourceRecord> | undefined)[]
  /** The project that the host says of each of them; `undefined` if the host does not keep it. */
  readonly projects: readonly (string | undefined)[]
  /** The claim of the one that is kept outside of the database, if one is. */
  readonly claim?: ClaimRead
  /** The other requests that hold locks on them. */
  readonly holders: readonly (Holder | undefined)[]
  /** Those whose locks are still there, and that are over. */
  readonly over: readonly Over[]
  /** States that they are still as they were read. */
  readonly preconditions: readonly Write[]
}

/** Reads the content of a request, and the documents that it starts from; `undefined` if the content is not there. */
export async function readContent(context: Context, request: Request): Promise<ContentRead | undefined> {
  return (await readContents(context, [request]))[0]
}

/** The same for several, in their order. */
export async function readContents(
  { storage }: Context,
  requests: readonly Request[],
): Promise<readonly (ContentRead | undefined)[]> {
  if (requests.length === 0) return []
  const keys = requests.map(contentKeys)
  const found = await read(storage, {
    contents: keys.map(({ content }) => content),
    bases: keys.flatMap(({ bases }) => bases),
  })
  let next = 0
  return keys.map(({ bases }, index) => {
    const from = next
    next += bases.length
    return contentOf({ content: found.contents[index], bases: found.bases.slice(from, next) })
  })
}

/**
 * Reads, in one round trip, the content of a request and the resources that it is about, and after them those that it
 * shall be about besides.
 */
export async function readWhole(
  context: Context,
  request: Request,
  settings: PolicySetRecord | undefined,
  joining: readonly ResourceName[] = [],
): Promise<{ readonly stored: ContentRead | undefined; readonly resources: ResourcesRead }> {
  const { tenant, id } = request
  const resources = [...request.resources, ...joining]
  const projects = await recordHostChanges(context, tenant, resources)
  const keys = resources.map((resource) => recordKey('resources', tenant, resource.type, resource.id))
  const lockKeys = resources.map((resource) => recordKey('locks', tenant, resource.type, resource.id))
  const claims = claimKeys(context, tenant, resources)
  const found = await read(context.storage, { ...contentKeys(request), resources: keys, locks: lockKeys, claims })
  const outside = claimedOutside(context, resources)
  const { holders, over, preconditions } = await readHolders(context, found.locks, { settings, request: id })
  return {
    stored: contentOf(found),
    resources: {
      resources: found.resources,
      projects,
      ...(outside ? { claim: { resource: outside, stored: found.claims[0] } } : {}),
      holders,
      over,
      preconditions: [
        ...keys.map((key, index) => unchanged(key, found.resources[index])),
        ...lockKeys.map((key, index) => unchanged(key, found.locks[index])),
        ...claims.map((key, index) => unchanged(key, found.claims[index])),
        ...preconditions,
      ],
    },
  }
}

/**
 * What was read of those among some resources that content is about, in its order. All that was read is still stated.
 */
export function keptOf(
  context: Context,
  read: ResourcesRead,
  { all, changes }: { readonly all: readonly ResourceName[]; readonly changes: readonly ProposedChange[] },
): ResourcesRead {
  const places = changes.map(({ resource: { type, id } }) => {
    return all.findIndex((one) => one.type === type && one.id === id)
  })
  if (places.length === all.length && places.every((place, index) => place === index)) return read
  const { claim, ...rest } = read
  const outside = claimedOutside(
    context,
    changes.map(({ resource }) => resource),
  )
  return {
    ...rest,
    resources: places.map((place) => read.resources[place]),
    projects: places.map((place) => read.projects[place]),
    holders: places.map((place) => read.holders[place]),
    ...(outside && claim ? { claim } : {}),
  }
}

/** Reads what stood at a revision; `undefined` if nothing did. */
export async function documentAt(
  { storage }: Context,
  tenant: string,
  { resource, revision }: { readonly resource: ProposedChange['resource']; readonly revision: number },
): Promise<JsonValue | undefined> {
  const { found } = await read(storage, { found: revisionKey(tenant, resource, revision) })
  const gone = found && removedFrom(found.value)
  if (gone) throw new ApprovalError(gone)
  return found?.value.document ?? undefined
}

/** Says that retention has removed the document of a revision; `undefined` if it is kept. */
export function removedFrom({
  type,
  id,
  number: revision,
  notKept,
}: Revision): Refusal<'revision_not_kept'> | undefined {
  if (notKept === undefined) return undefined
  return refuse('revision_not_kept', { type, id, revision, removedAt: notKept }).refusal
}

function revisionKey(tenant: string, { type, id }: ProposedChange['resource'], revision: number) {
  return recordKey('revisions', tenant, type, id, revision)
}

/** Reads what somebody wants who wants an earlier revision back; whatever else is wanted is given back as it is. */
export async function resolvedWish(
  context: Context,
  tenant: string,
  {
    resource,
    wanted,
    mayRead,
  }: {
    readonly resource: ProposedChange['resource']
    readonly wanted: WantedChange<never>
    /** Whether whoever wants it may read a revision: one that they may not is none for them. */
    readonly mayRead: (revision: Revision) => Promise<boolean>
  },
): Promise<Result<{ readonly change: ResolvedChange<never>; readonly restores?: Restored }>> {
  if (!isRevert(wanted)) return success({ change: wanted })
  const { type, id } = resource
  const { revertTo: revision } = wanted
  const { found } = await read(context.storage, { found: revisionKey(tenant, resource, revision) })
  if (!found || !(await mayRead(found.value))) return refuse('unknown_revision', { type, id, revision })
  const gone = removedFrom(found.value)
  if (gone) return { ok: false, refusal: gone }
  const { document, move } = found.value
  if (document === null) return success({ change: { remove: true } })
  return success({ change: { value: document as never }, restores: { revision, ...defined({ state: move?.to }) } })
}

function contentKeys({ tenant, id, edition, resources }: Request) {
  return {
    content: recordKey('contents', tenant, id, edition),
    bases: resources.map((resource) => recordKey('revisions', tenant, resource.type, resource.id, resource.base)),
  }
}

function contentOf({
  content,
  bases,
}: {
  readonly content: Stored<ContentRecord> | undefined
  readonly bases: readonly (Stored<Revision> | undefined)[]
}): ContentRead | undefined {
  if (!content) return undefined
  const { request, changes, notKept } = content.value
  if (notKept !== undefined) {
    const lost = refuse('content_not_kept', { request, removedAt: notKept }).refusal
    return { content: { changes: [] }, proposals: [], lost }
  }
  const [lost] = bases.flatMap((base) => (base && removedFrom(base.value)) ?? [])
  return {
    content: { changes, ...scheduleOf(content.value) },
    proposals: changes.map((change, index) => ({ change, before: bases[index]?.value.document ?? undefined })),
    ...defined({ lost }),
  }
}
