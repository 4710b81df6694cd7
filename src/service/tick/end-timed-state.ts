import { diff } from '../../core/change/diff.ts'
import { defined } from '../../core/defined.ts'
import { performDueMove } from '../../core/lifecycle/perform-move.ts'
import type { ProposedChange } from '../../core/request/model/content.ts'
import type { Actor } from '../../core/request/model/event.ts'
import { refuseFrozen } from '../../core/request/model/frozen.ts'
import { type Result, refuse, success } from '../../errors/result.ts'
import { freezeFacts } from '../changes/frozen.ts'
import { accepted } from '../changes/perform-action.ts'
import type { Proposal } from '../changes/propose-change.ts'
import { revisionWrites } from '../commands/revision-writes.ts'
import type { Accepted, Command } from '../commands/run-command.ts'
import type { Context } from '../context/context.ts'
import { resourceTypeOf } from '../context/find-resource-type.ts'
import { isOnItsWay, readHolders } from '../facts/lock-holders.ts'
import type { PolicySetRecord } from '../records/record-types.ts'
import { read, recordKey, stateEndOf, unchanged } from '../records/typed-storage.ts'
import { recordFirst } from '../requests/record-over.ts'
import { referencesOf } from '../resource-types/ask-references.ts'

/**
 * Makes the command by which the clock ends the state of a resource, at its time and once: the next time it is in
 * another state.
 */
export function clockMoveCommand(
  context: Context,
  actor: Actor,
  { type, id }: { readonly type: string; readonly id: string },
): Command<undefined> {
  return {
    verb: 'come_due',
    actor,
    about: `${type}/${id}`,
    attempt: (at) => endState(context, actor, { type, id, at }),
  }
}

async function endState(
  context: Context,
  { tenant, user, via }: Actor,
  { type: name, id, at }: { readonly type: string; readonly id: string; readonly at: number },
): Promise<Result<Accepted<undefined>>> {
  const resource = { type: name, id }
  const keys = keysOf(tenant, resource)
  const { stored, lock, set } = await read(context.storage, keys)
  const type = resourceTypeOf(context, name)
  const { lifecycle } = type
  const dueAt = stored && stateEndOf(stored.value)
  if (!stored || stored.value.document === null || dueAt === undefined) {
    return refuse('unknown_resource', resource)
  }
  const { document, state: live = '', project, revision, incarnation } = stored.value
  const { holders, over, preconditions } = await readHolders(context, [lock], { settings: set?.value })
  recordFirst(context, over)
  const [holder] = holders
  const row = lifecycle?.moves.find((move) => move.from === live && move.by === 'clock')
  if (holder?.whole && !(row?.safe && !isOnItsWay(holder)))
    return refuse('locked', { ...resource, request: holder.request })
  if (!lifecycle || !row) {
    const place = { lifecycle: lifecycle?.name ?? name, state: live, action: 'come_due' }
    return refuse('invalid_transition', { ...place, possible: [] })
  }
  const place = { lifecycle: lifecycle.name, state: live, action: row.action }
  const references = await referencesOf(type, row, { tenant, resource, project, place })
  if (!references.ok) return references
  const state = { live, ...defined({ waiting: holder?.waiting }) }
  const wanted = { document, references: references.value, dueAt }
  const performed = performDueMove(lifecycle, state, wanted, at)
  if (!performed.ok) return performed
  const after =
    performed.value.document === document
      ? success(document)
      : await accepted(type, { resource, place }, performed.value.document)
  if (!after.ok) return after
  const places = diff(document, after.value, type.shape)
  if (!places.ok) return places
  const found = places.value.length > 0 ? type.actionsOf({ before: document, after: after.value }, places.value) : []
  const change: ProposedChange = {
    resource,
    project,
    base: revision,
    incarnation,
    actions: [...new Set([row.action, ...found])],
    places: places.value,
    after: after.value,
    move: { action: row.action, from: live, to: row.to },
  }
  const { frozen, frozenFrom } = freezesOn(context, set?.value, { proposals: [{ change, before: document }], at })
  if (frozen) return refuseFrozen(frozen)
  const writes = [
    unchanged(keys.set, set),
    unchanged(keys.lock, lock),
    ...preconditions,
    ...revisionWrites(stored, change, { tenant, author: user, via, at }),
  ]
  return success({ writes, answer: undefined, ...defined({ before: frozenFrom }) })
}

/** Nobody approves what happens by itself: a freeze that asks keeps it off until it is over. */
function freezesOn(
  context: Context,
  settings: PolicySetRecord | undefined,
  looked: { readonly proposals: readonly Proposal[]; readonly at: number },
) {
  return freezeFacts(context, settings, { ...looked, cleared: [] })
}

function keysOf(tenant: string, { type, id }: ProposedChange['resource']) {
  return {
    stored: recordKey('resources', tenant, type, id),
    lock: recordKey('locks', tenant, type, id),
    set: recordKey('policySets', tenant),
  }
}
