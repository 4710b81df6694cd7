import type { JsonValue } from '../../core/change/json.ts'
import { defined } from '../../core/defined.ts'
import type { Content, ProposedChange } from '../../core/request/model/content.ts'
import type { Request } from '../../core/request/model/request.ts'
import type { Revision } from '../../core/request/model/revision.ts'
import { type Result, refuse, success } from '../../errors/result.ts'
import type { Write } from '../../ports/storage.ts'
import type { Proposal } from '../changes/propose-change.ts'
import { type ClaimRead, claimedOutside, claimKeys } from '../commands/external-claims.ts'
import { recordHostChanges } from '../commands/sync-host-documents.ts'
import type { Context } from '../context/context.ts'
import type { ContentRecord, ResourceRecord } from '../records/record-types.ts'
import { read, recordKey, type Stored, unchanged } from '../records/typed-storage.ts'
import { isRevert, type ResolvedChange, type WantedChange } from '../resource-types/wanted-change.ts'
import { type Holder, readHolders } from './lock-holders.ts'

/** The content of a request as it was read back. */
export interface ContentRead {
  readonly content: Content
  /** Each change with the document that it starts from. */
  readonly proposals: readonly Proposal[]
}

/** The resources of a request as they are now, and who keeps whom off them. */
export interface ResourcesRead {
  readonly resources: readonly (Stored<ResourceRecord> | undefined)[]
  /** The project that the host says of each of them; `undefined` if the host does not keep it. */
  readonly projects: readonly (string | undefined)[]
  /** The claim of the one that is kept outside of the database, if one is. */
  readonly claim?: ClaimRead
  /** The other requests that hold locks on them. */
  readonly holders: readonly (Holder | undefined)[]
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

/** Reads, in one round trip, the content of a request and the resources that it is about. */
export async function readWhole(
  context: Context,
  request: Request,
): Promise<{ readonly stored: ContentRead | undefined; readonly resources: ResourcesRead }> {
  const { tenant, id, resources } = request
  const projects = await recordHostChanges(context, tenant, resources)
  const keys = resources.map((resource) => recordKey('resources', tenant, resource.type, resource.id))
  const lockKeys = resources.map((resource) => recordKey('locks', tenant, resource.type, resource.id))
  const claims = claimKeys(context, tenant, resources)
  const found = await read(context.storage, { ...contentKeys(request), resources: keys, locks: lockKeys, claims })
  const outside = claimedOutside(context, resources)
  const { holders, preconditions } = await readHolders(context, found.locks, id)
  return {
    stored: contentOf(found),
    resources: {
      resources: found.resources,
      projects,
      ...(outside ? { claim: { resource: outside, stored: found.claims[0] } } : {}),
      holders,
      preconditions: [
        ...keys.map((key, index) => unchanged(key, found.resources[index])),
        ...lockKeys.map((key, index) => unchanged(key, found.locks[index])),
        ...claims.map((key, index) => unchanged(key, found.claims[index])),
        ...preconditions,
      ],
    },
  }
}

/** Reads what stood at a revision; `undefined` if nothing did. */
export async function documentAt(
  { storage }: Context,
  tenant: string,
  { resource, revision }: { readonly resource: ProposedChange['resource']; readonly revision: number },
): Promise<JsonValue | undefined> {
  const { found } = await read(storage, { found: revisionKey(tenant, resource, revision) })
  return found?.value.document ?? undefined
}

function revisionKey(tenant: string, { type, id }: ProposedChange['resource'], revision: number) {
  return recordKey('revisions', tenant, type, id, revision)
}

/** Reads what somebody wants who wants an earlier revision back; whatever else is wanted is given back as it is. */
export async function resolvedWish(
  context: Context,
  tenant: string,
  { resource, wanted }: { readonly resource: ProposedChange['resource']; readonly wanted: WantedChange<never> },
): Promise<Result<{ readonly change: ResolvedChange<never>; readonly restores?: true }>> {
  if (!isRevert(wanted)) return success({ change: wanted })
  const { type, id } = resource
  const { revertTo: revision } = wanted
  const { found } = await read(context.storage, { found: revisionKey(tenant, resource, revision) })
  if (!found) return refuse('unknown_revision', { type, id, revision })
  const { document } = found.value
  return success(
    document === null ? { change: { remove: true } } : { change: { value: document as never }, restores: true },
  )
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
  const { changes, applyAt } = content.value
  return {
    content: { changes, ...defined({ applyAt }) },
    proposals: changes.map((change, index) => ({ change, before: bases[index]?.value.document ?? undefined })),
  }
}
