import { diff } from '../../core/change/diff.ts'
import type { JsonValue } from '../../core/json/json.ts'
import { documentDigest, type ProposedChange } from '../../core/request/model/content.ts'
import type { Authorship } from '../../core/request/model/revision.ts'
import { ApprovalError, fail, hasCode } from '../../errors/approval-error.ts'
import { messageOf } from '../../errors/message-of.ts'
import type { Write } from '../../ports/storage.ts'
import type { Context } from '../context/context.ts'
import type { ClaimRecord, LateWrite, ResourceRecord } from '../records/record-types.ts'
import { put, read, recordKey, type Stored, unchanged } from '../records/typed-storage.ts'
import { type HostDocument, isOnRecord, takeFromHost, worded } from '../resource-types/host-document.ts'
import { projectNow } from '../resource-types/host-project.ts'
import type { ReadyType } from '../resource-types/ready-type.ts'
import type { Hosting, ReferredResource } from '../resource-types/resource-type.ts'
import { hostDoor, ownUser } from '../values/reserved.ts'
import { withLate } from './external-claims.ts'
import { movedOnWrites } from './moved-on.ts'
import { revisionWrites } from './revision-writes.ts'

/** How often it is tried to record what the host has, while others write the same. */
const attempts = 12

interface Named {
  readonly type: string
  readonly id: string
}

interface Kept {
  readonly type: ReadyType
  readonly resource: ReferredResource
}

interface Hosted extends Kept {
  readonly hosting: Hosting
  readonly project: string
}

/**
 * Records what the host has by now, and in which project, wherever that is not what was live: as a revision that
 * nobody asked for, so that whatever was made against another one is stale. While a change is on its way to a
 * resource, what the host has of it is the change's matter.
 *
 * Nothing that a caller said of a resource is looked at. Of each resource in its turn, gives the project that the
 * host says; `undefined` if the host does not keep it.
 */
export async function recordHostChanges(
  context: Context,
  tenant: string,
  resources: readonly Named[],
): Promise<readonly (string | undefined)[]> {
  const projects: (string | undefined)[] = []
  for (const { type: name, id } of resources) {
    const type = context.resources.get(name)
    const isKept = type?.hosting || type?.external
    projects.push(isKept ? await adoptOne(context, { type, resource: { tenant, type: name, id } }) : undefined)
  }
  return projects
}

/**
 * Makes the host's part of a commit: its own writes of the resources that get a revision, each only if the host
 * still has the document that the revision follows. Undefined if the host keeps none of them.
 */
export async function hostWrites(
  context: Context,
  tenant: string,
  writes: readonly Write[],
): Promise<((connection: unknown) => Promise<void>) | undefined> {
  const landing = writes.flatMap((write) => {
    if (write.type !== 'insert' || write.collection !== 'revisions') return []
    const { type, id, project, number, document } = write.value as unknown as Landing
    const hosted = hostedOf(context, { tenant, type, id }, project)
    return hosted ? [{ hosted, number, document }] : []
  })
  if (landing.length === 0) return undefined
  const { before } = await read(context.storage, {
    before: landing.map(({ hosted: { resource }, number }) =>
      recordKey('revisions', tenant, resource.type, resource.id, number - 1),
    ),
  })
  return async (connection) => {
    for (const [index, { hosted, document }] of landing.entries()) {
      await expectSame(hosted, before[index]?.value.document ?? null, connection)
      await asked(hosted.resource, 'write', () =>
        hosted.hosting.write(hosted.resource, document ?? undefined, connection),
      )
      if (document !== null) await expectStaysIn(hosted, connection)
    }
  }
}

/** What was decided on is what the host has: another document, or another project, is decided on anew. */
async function expectSame(hosted: Hosted, known: JsonValue, connection: unknown): Promise<void> {
  const { type, resource, project } = hosted
  const found = await documentOf(hosted, connection)
  const isSame =
    (await projectNow(type, resource, connection)) === project &&
    (await isOnRecord(type, resource.id, { found, known }))
  if (isSame) return
  const { tenant, type: name, id } = resource
  fail('version_conflict', { collection: 'resources', key: JSON.stringify([tenant, name, id]) })
}

/** A document that moves its resource would pass by the policies of the project that it moves to. */
async function expectStaysIn({ type, resource, project }: Hosted, connection: unknown): Promise<void> {
  const now = await projectNow(type, resource, connection)
  if (now === project) return
  const named = (name: string) => (name === '' ? 'no project' : `project ${JSON.stringify(name)}`)
  const problem = `it says ${named(project)} before the change is written and ${named(now)} after it; the policies of ${named(project)} alone were asked`
  fail('host_failed', { type: resource.type, id: resource.id, operation: 'projectOf', problem })
}

/** Names the resources that get a revision. */
export function revised(writes: readonly Write[]): readonly Named[] {
  return writes.flatMap((write) => {
    if (write.type !== 'insert' || write.collection !== 'revisions') return []
    const { type, id } = write.value as unknown as Landing
    return [{ type, id }]
  })
}

interface Landing {
  readonly type: string
  readonly id: string
  readonly project: string
  readonly number: number
  readonly document: JsonValue
}

function hostedOf(
  { resources }: Context,
  { tenant, type: name, id }: Named & { readonly tenant: string },
  project: string,
): Hosted | undefined {
  const type = resources.get(name)
  return (
    type?.hosting && { type, hosting: type.hosting, project, resource: placed({ tenant, type: name, id }, project) }
  )
}

/** Names a resource as the host is asked for it. */
function placed(resource: Omit<ReferredResource, 'project'>, project: string): ReferredResource {
  return { ...resource, ...(project === '' ? {} : { project }) }
}

/** Records what the host has of a resource, and gives the project that it is in. */
async function adoptOne(context: Context, { type, resource }: Kept): Promise<string> {
  const { hosting, external: outside } = type
  const { tenant, type: name, id } = resource
  const claimKey = recordKey('claims', tenant, name, id)
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const { live, claims } = await read(context.storage, {
      live: recordKey('resources', tenant, name, id),
      claims: outside ? [claimKey] : [],
    })
    const [claim] = claims
    const project = await projectNow(type, resource, context.transaction)
    if (claim?.value.request !== undefined) return project
    const named = placed(resource, project)
    const found = hosting
      ? await documentOf({ type, resource: named, hosting, project }, context.transaction)
      : await outsideDocument(type, named)
    const known = live?.value.document ?? null
    const isMoved = live !== undefined && live.value.project !== project && found.document !== null
    if (!isMoved && (await isOnRecord(type, id, { found, known }))) return project
    const document = worded(found, known)
    const change = foundChange({ type, resource: named }, live?.value, { document, project })
    const late = lateWrite(claim?.value, document)
    const said =
      isMoved && known !== null ? { message: movedMessage(live.value.project, project) } : saidOf(late, change.base)
    const authorship = { tenant, author: ownUser, via: hostDoor, at: context.now(), ...said }
    try {
      const unclaimed = outside ? [late && claim ? landedLate(claim, late) : unchanged(claimKey, claim)] : []
      const writes = [...unclaimed, ...revisionWrites(live, change, authorship)]
      await context.storage.commit([...writes, ...(await movedOnWrites(context, tenant, { writes }))])
      return project
    } catch (error) {
      if (!hasCode(error, 'version_conflict') && !hasCode(error, 'duplicate_key')) throw error
    }
  }
  return fail('contention', { verb: 'record what the host has', attempts })
}

function movedMessage(from: string, to: string): string {
  const named = (project: string) => (project === '' ? 'no project' : `project ${JSON.stringify(project)}`)
  return `found in the host: moved from ${named(from)} to ${named(to)}`
}

/** The write of a request that failed, if it is what the host has by now. */
function lateWrite(claim: ClaimRecord | undefined, document: JsonValue): LateWrite | undefined {
  const digest = documentDigest(document)
  return claim?.late?.findLast((write) => write.digest === digest)
}

/**
 * What history says of a document that was found: nobody asked for it, or a request that failed did, whose write
 * landed late.
 */
function saidOf(late: LateWrite | undefined, base: number): Pick<Authorship, 'message' | 'request'> {
  if (!late) return { message: 'found in the host' }
  const { request, number, passedBy, incident } = late
  const passed =
    incident === undefined ? 'without the approvals that it needed' : `by breaking the glass for ${incident}`
  const by = passedBy === undefined ? '' : `; ${passedBy} had sent it ${passed}`
  const over =
    number === base + 1 ? '' : `; it was made against revision ${number - 1}, and takes the place of what came after`
  return {
    request,
    message: `found in the host: the write of request ${request}, which had failed, landed late${by}${over}`,
  }
}

function landedLate(claim: Stored<ClaimRecord>, late: LateWrite): Write {
  const { late: known = [], ...rest } = claim.value
  return put('claims', { ...rest, ...withLate(known.filter((write) => write !== late)) }, claim)
}

function foundChange(
  { type, resource }: Kept,
  live: Stored<ResourceRecord>['value'] | undefined,
  { document, project }: { readonly document: JsonValue; readonly project: string },
): ProposedChange {
  const before = live?.document ?? undefined
  const after = document ?? undefined
  const places = diff(before, after, type.shape)
  if (!places.ok) throw new ApprovalError(places.refusal)
  return {
    resource: { type: resource.type, id: resource.id },
    project,
    base: live?.revision ?? 0,
    incarnation: live && before !== undefined ? live.incarnation : 0,
    actions: type.actionsOf({ before, after }, places.value),
    places: places.value,
    after: document,
  }
}

/** Reads the document that the host has. */
async function documentOf({ type, hosting, resource }: Hosted, connection: unknown): Promise<HostDocument> {
  const answer = await asked(resource, 'read', () => hosting.read(resource, connection))
  return await takeFromHost(type, resource.id, answer)
}

/** Reads, in time, the document that the host keeps outside of the database. */
export async function outsideDocument(type: ReadyType, resource: ReferredResource): Promise<HostDocument> {
  const { external: outside } = type
  if (!outside) return { document: null, dates: new Set() }
  const { patience, wait } = outside
  const call = { signal: AbortSignal.timeout(patience) }
  const answer = await asked(resource, 'read', () => wait(outside.read(resource, call), patience))
  return await takeFromHost(type, resource.id, answer)
}

async function asked<T>(
  resource: ReferredResource,
  operation: 'read' | 'write',
  ask: () => T | Promise<T>,
): Promise<T> {
  try {
    return await ask()
  } catch (cause) {
    return fail(
      'host_failed',
      { type: resource.type, id: resource.id, operation, problem: messageOf(cause) },
      { cause },
    )
  }
}
