import type { ChangedPlace } from '../../core/change/changed-place.ts'
import { describe } from '../../core/change/describe.ts'
import { diff } from '../../core/change/diff.ts'
import type { JsonValue } from '../../core/change/json.ts'
import { ApprovalError, fail } from '../../errors/approval-error.ts'
import { checkId, checkKeys, checkRevision } from '../arguments/check-arguments.ts'
import type { Context } from '../context/context.ts'
import { resourceTypeOf } from '../context/find-resource-type.ts'
import { mayReadRequest, mayReadResource } from '../facts/may-read.ts'
import { readContent, removedFrom } from '../facts/read-content.ts'
import { syncForReader, syncIfPossible } from '../facts/sync-for-reader.ts'
import { type Reader, type ReadingRights, readingRights } from '../people/reading-rights.ts'
import { read, recordKey } from '../records/typed-storage.ts'
import type { ResourceRef } from '../resource-types/resource-type.ts'
import { freeze } from '../values/freeze.ts'
import { shown } from '../values/shown.ts'

/**
 * A version of a resource: a revision by its number (0 is the resource that does not exist yet), what is live, or what
 * a request would make of it, drafts among them.
 */
export type ResourceVersion = number | 'live' | { readonly request: string }

/** The difference between two versions of a resource. */
export interface Comparison {
  readonly places: readonly ChangedPlace[]
  /** The same for people, one line a place. */
  readonly lines: readonly string[]
}

/** Reads a version as it is at the call. */
export function checkVersion(argument: string, version: unknown): ResourceVersion {
  if (version === 'live') return version
  if (typeof version === 'object' && version !== null) {
    checkKeys(argument, version, ['request'])
    return { request: checkId(`${argument}.request`, (version as { readonly request?: unknown }).request) }
  }
  if (typeof version === 'number') return checkRevision(argument, version)
  const problem = `must be the number of a revision, "live", or { request: id }, not ${shown(version)}`
  return fail('invalid_input', { argument, problem })
}

/** What is compared. */
interface Compared {
  readonly ref: ResourceRef
  readonly from: ResourceVersion
  readonly to: ResourceVersion
}

/** Compares two versions of a resource that the reader may read. */
export async function compareVersions(
  context: Context,
  reader: Reader,
  { ref: { type, id }, from, to }: Compared,
): Promise<Comparison> {
  const rights = readingRights(context, reader)
  const isLive = from === 'live' || to === 'live'
  if (!isLive) await syncIfPossible(context, reader, { type, id })
  const isSynced = !isLive || (await syncForReader(context, reader, { rights, resource: { type, id } }))
  const { live } = await read(context.storage, { live: recordKey('resources', reader.tenant, type, id) })
  const isReadable = isSynced && live !== undefined && (await mayReadResource(rights, live.value))
  if (!isReadable) await rights.known()
  const sought = { type, id, rights, isReadable, live: live?.value.document ?? undefined }
  const documents = [await documentOf(context, reader, { ...sought, version: from })]
  documents.push(await documentOf(context, reader, { ...sought, version: to }))
  const { shape, labels } = resourceTypeOf(context, type)
  const places = diff(documents[0], documents[1], shape)
  if (!places.ok) throw new ApprovalError(places.refusal)
  return freeze({ places: places.value, lines: describe(places.value, labels) })
}

interface Sought {
  readonly type: string
  readonly id: string
  readonly version: ResourceVersion
  readonly rights: ReadingRights
  /** Whether the resource is there, and the reader may read it. */
  readonly isReadable: boolean
  readonly live: JsonValue | undefined
}

async function documentOf(context: Context, reader: Reader, sought: Sought): Promise<JsonValue | undefined> {
  const { type, id, version, rights, isReadable, live } = sought
  if (version === 0) return undefined
  if (version === 'live') return isReadable ? live : fail('unknown_resource', { type, id })
  if (typeof version === 'object') return await requestedDocument(context, reader, { ...sought, ...version })
  const { found } = await read(context.storage, { found: recordKey('revisions', reader.tenant, type, id, version) })
  if (!isReadable || !found || !(await mayReadResource(rights, found.value))) {
    return fail('unknown_revision', { type, id, revision: version })
  }
  const gone = removedFrom(found.value)
  if (gone) throw new ApprovalError(gone)
  return found.value.document ?? undefined
}

async function requestedDocument(
  context: Context,
  reader: Reader,
  { type, id, request: sought, rights }: Omit<Sought, 'version'> & { readonly request: string },
): Promise<JsonValue | undefined> {
  const { found } = await read(context.storage, { found: recordKey('requests', reader.tenant, sought) })
  const request = found?.value
  if (!request || !(await mayReadRequest(context, reader, { rights, request }))) {
    return fail('unknown_request', { request: sought })
  }
  const content = await readContent(context, request)
  if (!content) return fail('content_tampered', { request: sought, digest: request.digest, found: 'nothing' })
  if (content.lost?.code === 'content_not_kept') throw new ApprovalError(content.lost)
  const proposal = content.proposals.find(({ change: { resource } }) => resource.type === type && resource.id === id)
  if (proposal) return proposal.change.after ?? undefined
  const problem = `request ${JSON.stringify(sought)} is not about ${type} ${JSON.stringify(id)}`
  return fail('invalid_input', { argument: 'request', problem })
}
