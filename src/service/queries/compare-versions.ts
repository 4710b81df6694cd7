import type { ChangedPlace } from '../../core/change/changed-place.ts'
import { describe } from '../../core/change/describe.ts'
import { diff } from '../../core/change/diff.ts'
import { defined } from '../../core/defined.ts'
import { ApprovalError, fail } from '../../errors/approval-error.ts'
import { checkId, checkKeys, checkRevision } from '../arguments/check-arguments.ts'
import type { Context } from '../context/context.ts'
import { resourceTypeOf } from '../context/find-resource-type.ts'
import { mayReadRequest, mayReadResource } from '../facts/may-read.ts'
import { readContent, removedFrom } from '../facts/read-content.ts'
import { syncForReader, syncIfPossible } from '../facts/sync-for-reader.ts'
import { type Reader, type ReadingRights, readingRights } from '../people/reading-rights.ts'
import type { ResourceRecord } from '../records/record-types.ts'
import { read, recordKey } from '../records/typed-storage.ts'
import { projectLine } from '../requests/request-summary.ts'
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
  /** The projects of both, if they are in different ones; an empty one is what belongs to none. */
  readonly project?: { readonly from: string; readonly to: string }
  /** The same for people: the projects, and one line a place. */
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
  const sought = { type, id, rights, isReadable, live: live?.value }
  const before = await versionOf(context, reader, { ...sought, version: from })
  const after = await versionOf(context, reader, { ...sought, version: to })
  const { shape, labels } = resourceTypeOf(context, type)
  const places = diff(before.document, after.document, shape)
  if (!places.ok) throw new ApprovalError(places.refusal)
  const moves = isThere(before) && isThere(after) && before.project !== after.project
  const project = moves ? { from: before.project, to: after.project } : undefined
  const lines = [...(project ? [projectLine(project)] : []), ...describe(places.value, labels)]
  return freeze({ places: places.value, ...defined({ project }), lines })
}

interface Sought {
  readonly type: string
  readonly id: string
  readonly version: ResourceVersion
  readonly rights: ReadingRights
  /** Whether the resource is there, and the reader may read it. */
  readonly isReadable: boolean
  readonly live: Version | undefined
}

/** What a resource is in a version, or would be. */
type Version = Pick<ResourceRecord, 'document' | 'project'>

const nothing: Version = { document: null, project: '' }

function isThere({ document }: Version): boolean {
  return document !== null
}

async function versionOf(context: Context, reader: Reader, sought: Sought): Promise<Version> {
  const { type, id, version, rights, isReadable, live } = sought
  if (version === 0) return nothing
  if (version === 'live') return isReadable ? (live ?? nothing) : fail('unknown_resource', { type, id })
  if (typeof version === 'object') return await requestedVersion(context, reader, { ...sought, ...version })
  const { found } = await read(context.storage, { found: recordKey('revisions', reader.tenant, type, id, version) })
  if (!isReadable || !found || !(await mayReadResource(rights, found.value))) {
    return fail('unknown_revision', { type, id, revision: version })
  }
  const gone = removedFrom(found.value)
  if (gone) throw new ApprovalError(gone)
  return found.value
}

async function requestedVersion(
  context: Context,
  reader: Reader,
  { type, id, request: sought, rights }: Omit<Sought, 'version'> & { readonly request: string },
): Promise<Version> {
  const { found } = await read(context.storage, { found: recordKey('requests', reader.tenant, sought) })
  const request = found?.value
  if (!request || !(await mayReadRequest(context, reader, { rights, request }))) {
    return fail('unknown_request', { request: sought })
  }
  const content = await readContent(context, request)
  if (!content) return fail('content_tampered', { request: sought, digest: request.digest, found: 'nothing' })
  if (content.lost?.code === 'content_not_kept') throw new ApprovalError(content.lost)
  const proposal = content.proposals.find(({ change: { resource } }) => resource.type === type && resource.id === id)
  if (proposal) {
    const { after, project, toProject = project } = proposal.change
    return { document: after, project: toProject }
  }
  const problem = `request ${JSON.stringify(sought)} is not about ${type} ${JSON.stringify(id)}`
  return fail('invalid_input', { argument: 'request', problem })
}
