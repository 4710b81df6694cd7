import { admit } from '../core/change/admit.ts'
import { canonical } from '../core/change/canonical.ts'
import { diff } from '../core/change/diff.ts'
import type { JsonValue } from '../core/change/json.ts'
import type { ProposedChange } from '../core/request/content.ts'
import { ApprovalError, fail, hasCode } from '../errors.ts'
import type { Write } from '../ports/storage.ts'
import type { Context } from './context.ts'
import type { ReadyOutside, ReadyType } from './ready-type.ts'
import { keyOf, type ResourceRecord, read, type Stored, unchanged } from './records.ts'
import type { Hosting, ReferredResource } from './resource-type.ts'
import { revisionWrites } from './writes.ts'

/** How often it is tried to record what the host has, while others write the same. */
const attempts = 12

interface Named {
  readonly type: string
  readonly id: string
  readonly project?: string
}

interface Kept {
  readonly type: ReadyType
  readonly resource: ReferredResource
}

interface Hosted extends Kept {
  readonly hosting: Hosting
}

/**
 * Records what the host has by now, wherever that is not what was live: as a revision that nobody asked for, so that whatever was made against
 * another one is stale. While a change is on its way to a resource, what the host has of it is the change's matter.
 */
export async function adopt(context: Context, tenant: string, resources: readonly Named[]): Promise<void> {
  for (const named of resources) {
    const { type, resource } = keptAs(context, tenant, named)
    if (type?.hosting || type?.outside) await adoptOne(context, { type, resource })
  }
}

/** Names the resources of a request as the host knows them: with their project, where they have one. */
export function namedIn({ project }: { readonly project: string }, resources: readonly Named[]): readonly Named[] {
  return resources.map(({ type, id }) => ({ type, id, ...(project === '' ? {} : { project }) }))
}

/**
 * Makes the host's part of a commit: its own writes of the resources that get a revision, each only where the host still has the document that
 * the revision follows. Undefined where the host keeps none of them.
 */
export async function hostWrites(
  context: Context,
  tenant: string,
  writes: readonly Write[],
): Promise<((connection: unknown) => Promise<void>) | undefined> {
  const landing = writes.flatMap((write) => {
    if (write.type !== 'insert' || write.collection !== 'revisions') return []
    const { type, id, project, number, document } = write.value as unknown as Landing
    const hosted = hostedOf(context, tenant, { type, id, ...(project === '' ? {} : { project }) })
    return hosted ? [{ hosted, number, document }] : []
  })
  if (landing.length === 0) return undefined
  const { before } = await read(context.storage, {
    before: landing.map(({ hosted: { resource }, number }) =>
      keyOf('revisions', tenant, resource.type, resource.id, number - 1),
    ),
  })
  return async (connection) => {
    for (const [index, { hosted, document }] of landing.entries()) {
      const live = await documentOf(hosted, connection)
      if (!isSame(live, before[index]?.value.document ?? null)) {
        const { type, id } = hosted.resource
        fail('version_conflict', { collection: 'resources', key: JSON.stringify([tenant, type, id]) })
      }
      await asked(hosted.resource, 'write', () =>
        hosted.hosting.write(hosted.resource, document ?? undefined, connection),
      )
    }
  }
}

/** Names the resources that get a revision. */
export function revised(writes: readonly Write[]): readonly Named[] {
  return writes.flatMap((write) => {
    if (write.type !== 'insert' || write.collection !== 'revisions') return []
    const { type, id, project } = write.value as unknown as Landing
    return [{ type, id, ...(project === '' ? {} : { project }) }]
  })
}

interface Landing {
  readonly type: string
  readonly id: string
  readonly project: string
  readonly number: number
  readonly document: JsonValue
}

function hostedOf(context: Context, tenant: string, named: Named): Hosted | undefined {
  const { type, resource } = keptAs(context, tenant, named)
  return type?.hosting && { type, hosting: type.hosting, resource }
}

function keptAs({ resources }: Context, tenant: string, { type, id, project }: Named) {
  return {
    type: resources.get(type),
    resource: { tenant, type, id, ...(project === undefined ? {} : { project }) },
  }
}

async function adoptOne(context: Context, kept: Kept): Promise<void> {
  const { hosting, outside } = kept.type
  const { tenant, type, id, project: said = '' } = kept.resource
  const claimKey = keyOf('claims', tenant, type, id)
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const { live, claims } = await read(context.storage, {
      live: keyOf('resources', tenant, type, id),
      claims: outside ? [claimKey] : [],
    })
    const [claim] = claims
    if (claim?.value.request !== undefined) return
    const { project = said } = live?.value ?? {}
    const resource = { tenant, type, id, ...(project === '' ? {} : { project }) }
    const document = hosting
      ? await documentOf({ type: kept.type, resource, hosting }, context.transaction)
      : outside && (await asked(resource, 'read', () => outsideDocument(outside, resource)))
    if (document === undefined || isSame(document, live?.value.document ?? null)) return
    const change = foundChange(kept, live?.value, { document, project })
    const authorship = { tenant, author: 'countersign', via: 'host', at: context.now(), message: 'found in the host' }
    try {
      const unclaimed = outside ? [unchanged(claimKey, claim)] : []
      return await context.storage.commit([...unclaimed, ...revisionWrites(live, change, authorship)])
    } catch (error) {
      if (!hasCode(error, 'version_conflict') && !hasCode(error, 'duplicate_key')) throw error
    }
  }
  fail('contention', { verb: 'record what the host has', attempts })
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

/** The document that the host has; null where it has none. */
async function documentOf(hosted: Hosted, connection: unknown): Promise<JsonValue> {
  const { hosting, resource } = hosted
  return admitted(await asked(resource, 'read', () => hosting.read(resource, connection)))
}

/** Reads, in time, the document that the host keeps outside of the database; null where it has none. */
export async function outsideDocument(
  { read, patience, wait }: ReadyOutside,
  resource: ReferredResource,
): Promise<JsonValue> {
  return admitted(await wait(read(resource, { signal: AbortSignal.timeout(patience) }), patience))
}

function admitted(found: unknown): JsonValue {
  if (found === undefined || found === null) return null
  const admitted = admit(found)
  if (!admitted.ok) throw new ApprovalError(admitted.refusal)
  return admitted.value
}

async function asked<T>(
  resource: ReferredResource,
  operation: 'read' | 'write',
  ask: () => T | Promise<T>,
): Promise<T> {
  try {
    return await ask()
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause)
    return fail('host_failed', { type: resource.type, id: resource.id, operation, problem }, { cause })
  }
}

function isSame(a: JsonValue, b: JsonValue): boolean {
  return canonical(a) === canonical(b)
}
