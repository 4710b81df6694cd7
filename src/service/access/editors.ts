import {
  type AccessChange,
  accessOfNew,
  changeAccess,
  type EditQuestion,
  editorsToTell,
  mayEdit,
  type ResourceAccess,
} from '../../core/access/resource-access.ts'
import { isOwnType, policyType } from '../../core/policy/model/policy-type.ts'
import type { ProposedChange } from '../../core/request/model/content.ts'
import type { Actor } from '../../core/request/model/event.ts'
import { type Result, refuse, success } from '../../errors/result.ts'
import type { Write } from '../../ports/storage.ts'
import { noticeWrites } from '../commands/outbox.ts'
import type { Command } from '../commands/run-command.ts'
import { recordHostChanges } from '../commands/sync-host-documents.ts'
import { holdingsFor } from '../context/access-control.ts'
import type { Context } from '../context/context.ts'
import { resourceTypeOf } from '../context/find-resource-type.ts'
import { knownUsers, rolesHeld, scopeOf, unwantedNotices } from '../people/ask-directory.ts'
import { type Reader, readingRights } from '../people/reading-rights.ts'
import type { AccessRecord } from '../records/access-records.ts'
import { accessStream, append } from '../records/event-stream.ts'
import type { PolicySetRecord, ResourceRecord } from '../records/record-types.ts'
import { put, read, recordKey, type Stored, unchanged } from '../records/typed-storage.ts'
import { actionsByProject } from '../resource-types/leaving-and-coming.ts'
import { freeze } from '../values/freeze.ts'

interface Named {
  readonly type: string
  readonly id: string
}

const everyone: ResourceAccess = { type: 'everyone' }

/**
 * Decides whether somebody may make changes: the role has to allow each of them, and the list of editors if there
 * is one.
 *
 * @returns the statements that what was relied on is still as it was read.
 */
export async function mayEditAll(
  context: Context,
  actor: Actor,
  {
    settings,
    changes,
  }: { readonly settings: PolicySetRecord | undefined; readonly changes: readonly ProposedChange[] },
): Promise<Result<readonly Write[]>> {
  if (context.access.type !== 'roles') return success([])
  const keys = changes.map(({ resource }) => recordKey('accesses', actor.tenant, resource.type, resource.id))
  const { found } = await read(context.storage, { found: keys })
  for (const [index, change] of changes.entries()) {
    const access = change.incarnation === 0 ? everyone : (found[index]?.value.access ?? everyone)
    const { resource } = change
    const type = context.resources.get(resource.type)
    for (const { project, actions } of actionsByProject(type, change)) {
      const question = await questionOf(context, actor, { settings, resource, project, access, actions })
      if (!question.ok) return question
      const allowed = mayEdit(question.value)
      if (!allowed.ok) return allowed
    }
  }
  return success(keys.map((key, index) => unchanged(key, found[index])))
}

/** Writes who edits the resources that come into being by changes that land: the default of this moment says so. */
export async function newAccessWrites(
  { storage, access: control }: Context,
  { tenant, user, via }: Actor,
  {
    settings,
    changes,
    at,
  }: {
    readonly settings: PolicySetRecord | undefined
    readonly changes: readonly ProposedChange[]
    readonly at: number
  },
): Promise<readonly Write[]> {
  if (control.type !== 'roles') return []
  const created = changes.filter(
    (change) => change.incarnation === 0 && change.after !== null && !isOwnType(change.resource.type),
  )
  const keys = created.map(({ resource }) => recordKey('accesses', tenant, resource.type, resource.id))
  const { found } = await read(storage, { found: keys })
  const access = accessOfNew(settings?.defaultAccess ?? 'everyone', { user, via })
  return created.flatMap(({ resource }, index) => {
    const before = found[index]
    if (access.type === 'everyone' && (before?.value.access.type ?? 'everyone') === 'everyone') {
      return [unchanged(recordKey('accesses', tenant, resource.type, resource.id), before)]
    }
    const event = { type: 'access_set', by: user, via, at, access }
    return accessWrites(tenant, before, { resource, access, event })
  })
}

/** Makes the command that changes who edits a resource. */
export function changeAccessCommand(
  context: Context,
  actor: Actor,
  { resource, change }: { readonly resource: Named; readonly change: AccessChange },
): Command<ResourceAccess> {
  const { tenant, user, via } = actor
  return {
    verb: 'change editors',
    actor,
    about: accessStream(resource),
    async attempt(at) {
      if (isOwnType(resource.type)) {
        const thing = resource.type === policyType ? 'a policy' : 'the switch of the workflow'
        const problem = `${thing} has no editors: who holds approval_settings.edit may change it`
        return refuse('invalid_input', { argument: 'ref', problem })
      }
      await recordHostChanges(context, tenant, [resource])
      const key = recordKey('accesses', tenant, resource.type, resource.id)
      const liveKey = recordKey('resources', tenant, resource.type, resource.id)
      const { before, live, set } = await read(context.storage, {
        before: key,
        live: liveKey,
        set: recordKey('policySets', tenant),
      })
      const found = await projectToRead(context, actor, { resource, live: live?.value, settings: set?.value })
      if (!found.ok) return found
      const project = found.value
      const question = await questionOf(context, actor, {
        settings: set?.value,
        resource,
        project,
        access: before?.value.access ?? everyone,
        actions: ['update'],
      })
      if (!question.ok) return question
      const changed = changeAccess(question.value, change)
      if (!changed.ok) return changed
      const { access, added, removed, ground } = changed.value
      const scope = scopeOf(tenant, project)
      const known = await knownUsers(context.directory, scope, added)
      const stranger = added.find((editor) => !known.has(editor))
      if (stranger !== undefined) return refuse('unknown_actor', { actor: stranger })

      const unwanted = await unwantedNotices(context.directory, scope, { users: added, type: 'made_editor' })
      const event = { type: 'access_changed', by: user, via, at, access, added, removed, ground }
      const id = `${accessStream(resource)}/${(before?.value.head.seq ?? 0) + 1}`
      const to = editorsToTell({ added }, { by: user, unwanted })
      return success({
        writes: [
          unchanged(recordKey('policySets', tenant), set),
          unchanged(liveKey, live),
          ...accessWrites(tenant, before, { resource, access, event }),
          ...noticeWrites(context, { id, tenant, type: 'made_editor', to, resources: [resource], at, by: user }),
        ],
        answer: freeze(access),
      })
    },
  }
}

/** The project of a resource, which has to be there for whoever asks. */
async function projectToRead(
  context: Context,
  actor: Actor,
  {
    resource,
    live,
    settings,
  }: {
    readonly resource: Named
    readonly live: ResourceRecord | undefined
    readonly settings: PolicySetRecord | undefined
  },
): Promise<Result<string>> {
  const rights = readingRights(context, actor, { settings })
  if (live && live.document !== null && (await rights.in(live.project))) return success(live.project)
  const isKnown = await rights.isKnown()
  return isKnown ? refuse('unknown_resource', resource) : refuse('unknown_actor', { actor: actor.user })
}

/** Reads who edits a resource. One that the reader may not read is as one that is not there. */
export async function readAccess(context: Context, reader: Reader, { type, id }: Named): Promise<ResourceAccess> {
  const { tenant } = reader
  const rights = readingRights(context, reader)
  const { found, live } = await read(context.storage, {
    found: recordKey('accesses', tenant, type, id),
    live: recordKey('resources', tenant, type, id),
  })
  if (found && live && (await rights.in(live.value.project))) return freeze(found.value.access)
  await rights.known()
  return freeze(everyone)
}

interface Asked {
  readonly settings: PolicySetRecord | undefined
  readonly resource: Named
  readonly project: string
  readonly access: ResourceAccess
  readonly actions: readonly string[]
}

/** An agent edits by roles of its own. */
async function questionOf(
  context: Context,
  { tenant, user, via }: Actor,
  { settings, resource, project, access, actions }: Asked,
): Promise<Result<EditQuestion>> {
  const roles = await rolesHeld(context.directory, scopeOf(tenant, project), user)
  if (!roles) return refuse('unknown_actor', { actor: user })
  const holdings = holdingsFor(context.access, settings, { user: { id: user, roles }, project })
  const needs = resourceTypeOf(context, resource.type).needs?.(actions) ?? []
  return success({ resource: { type: resource.type, id: resource.id }, access, holdings, needs, via })
}

function accessWrites(
  tenant: string,
  before: Stored<AccessRecord> | undefined,
  {
    resource: { type, id },
    access,
    event,
  }: { readonly resource: Named; readonly access: ResourceAccess; readonly event: { readonly at: number } },
): readonly Write[] {
  const { head, writes } = append({ tenant, stream: accessStream({ type, id }) }, before?.value.head, event)
  return [put('accesses', { tenant, type, id, access, head }, before), ...writes]
}
