import { admit } from '../core/change/admit.ts'
import { canonical } from '../core/change/canonical.ts'
import { diff } from '../core/change/diff.ts'
import type { JsonValue } from '../core/change/json.ts'
import type { ProposedChange } from '../core/request/content.ts'
import { ApprovalError, fail, hasCode } from '../errors.ts'
import type { Write } from '../ports/storage.ts'
import type { Context } from './context.ts'
import { keyOf, type ResourceRecord, read, type Stored } from './records.ts'
import type { Hosting, ReferredResource, ResourceType } from './resource-type.ts'
import { revisionWrites } from './writes.ts'

/** How often it is tried to record what the host has, while others write the same. */
const attempts = 12

interface Named {
  readonly type: string
  readonly id: string
  readonly project?: string
}

interface Hosted {
  readonly type: ResourceType
  readonly hosting: Hosting
  readonly resource: ReferredResource
}

/**
 * Records what the host has by now, wherever that is not what was live: as a revision that nobody asked for, so that whatever was made against
 * another one is stale.
 */
export async function adopt(context: Context, tenant: string, resources: readonly Named[]): Promise<void> {
  for (const named of resources) {
    const hosted = hostedOf(context, tenant, named)
    if (hosted) await adoptOne(context, hosted)
  }
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
      await asked(hosted, 'write', () => hosted.hosting.write(hosted.resource, document ?? undefined, connection))
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

function hostedOf({ resources }: Context, tenant: string, named: Named): Hosted | undefined {
  const type = resources.get(named.type)
  const { hosting } = type ?? {}
  const { type: name, id, project } = named
  if (!type || !hosting) return undefined
  return { type, hosting, resource: { tenant, type: name, id, ...(project === undefined ? {} : { project }) } }
}

async function adoptOne(context: Context, hosted: Hosted): Promise<void> {
  const { tenant, type, id, project } = hosted.resource
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const { live } = await read(context.storage, { live: keyOf('resources', tenant, type, id) })
    const document = await documentOf(hosted, context.transaction)
    if (isSame(document, live?.value.document ?? null)) return
    const change = foundChange(hosted, live?.value, { document, project })
    const authorship = { tenant, author: 'countersign', via: 'host', at: context.now(), message: 'found in the host' }
    try {
      return await context.storage.commit(revisionWrites(live, change, authorship))
    } catch (error) {
      if (!hasCode(error, 'version_conflict') && !hasCode(error, 'duplicate_key')) throw error
    }
  }
  fail('contention', { verb: 'record what the host has', attempts })
}

function foundChange(
  { type, resource }: Hosted,
  live: Stored<ResourceRecord>['value'] | undefined,
  { document, project }: { readonly document: JsonValue; readonly project: string | undefined },
): ProposedChange {
  const before = live?.document ?? undefined
  const after = document ?? undefined
  const places = diff(before, after, type.shape)
  if (!places.ok) throw new ApprovalError(places.refusal)
  return {
    resource: { type: resource.type, id: resource.id },
    project: live?.project ?? project ?? '',
    base: live?.revision ?? 0,
    incarnation: live && before !== undefined ? live.incarnation : 0,
    actions: type.actionsOf({ before, after }, places.value),
    places: places.value,
    after: document,
  }
}

/** The document that the host has; null where it has none. */
async function documentOf(hosted: Hosted, connection: unknown): Promise<JsonValue> {
  const found = await asked(hosted, 'read', () => hosted.hosting.read(hosted.resource, connection))
  if (found === undefined || found === null) return null
  const admitted = admit(found)
  if (!admitted.ok) throw new ApprovalError(admitted.refusal)
  return admitted.value
}

async function asked<T>({ resource }: Hosted, operation: 'read' | 'write', ask: () => T | Promise<T>): Promise<T> {
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
