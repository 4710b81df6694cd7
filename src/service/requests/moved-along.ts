import { decide } from '../../core/request/decide/decide.ts'
import { openConflicts } from '../../core/request/model/content.ts'
import { hasEqualEffect } from '../../core/request/model/effect.ts'
import type { Actor } from '../../core/request/model/event.ts'
import { evolve } from '../../core/request/model/evolve.ts'
import { type Authorship, revise } from '../../core/request/model/revision.ts'
import { isOpen } from '../../core/request/model/status-table.ts'
import type { Write } from '../../ports/storage.ts'
import { isSafeMove } from '../changes/safe-direction.ts'
import type { Context } from '../context/context.ts'
import { switchFacts } from '../context/workflow-switch.ts'
import { targetOf } from '../facts/apply-target.ts'
import { askedNow } from '../facts/effective-requirements.ts'
import { type Holder, isMeanwhile } from '../facts/lock-holders.ts'
import { peopleOf, withExcepted } from '../facts/people-of-request.ts'
import { type ResourcesRead, readWhole } from '../facts/read-content.ts'
import { readingRights } from '../people/reading-rights.ts'
import type { RequestRecord } from '../records/record-types.ts'
import type { Stored } from '../records/typed-storage.ts'
import type { DecidedSubmission } from './decide-submission.ts'
import { noticeMessage } from './recipients.ts'
import { requestWrites } from './request-writes.ts'
import { nextContent } from './revised-content.ts'

/** Changes that are made at once, and when. */
interface Made {
  readonly considered: DecidedSubmission
  readonly at: number
}

/**
 * Moves along what waits with changes that its life cycle lets happen meanwhile: an edit of a flag whose activation
 * waits takes the activation with it, in the same commit. What does not come along is stale, as it would be otherwise.
 */
export async function movedAlong(context: Context, actor: Actor, made: Made): Promise<readonly Write[]> {
  const { holders, proposals } = made.considered
  const along = holders.filter((holder, index): holder is Holder & { readonly record: Stored<RequestRecord> } => {
    const change = proposals[index]?.change
    if (!holder?.record || !change || !isOpen(holder.record.value.status)) return false
    return isMeanwhile(context, holder, change) && !isSafeMove(context, change)
  })
  const ids = [...new Set(along.map(({ request }) => request))]
  const writes: Write[] = []
  for (const id of ids) {
    const record = along.find(({ request }) => request === id)?.record
    if (record) writes.push(...(await rebasedOnto(context, actor, { ...made, record })))
  }
  return writes
}

/** Writes a request that is moved onto what its resources become; nothing if it cannot come along. */
async function rebasedOnto(
  context: Context,
  by: Actor,
  { record, considered, at }: Made & { readonly record: Stored<RequestRecord> },
): Promise<readonly Write[]> {
  const request = record.value
  const { policySet, setVersion } = considered
  const settings = policySet?.value
  const { stored, resources: before } = await readWhole(context, request, settings)
  if (!stored || stored.lost || stored.content.changes.some((change, at) => change.base !== revisionAt(before, at)))
    return []
  const resources = becoming(before, considered, { tenant: by.tenant, author: by.user, via: by.via, at })
  const rights = readingRights(context, by, { settings })
  const rewrite = { type: 'rebase' } as const
  const brought = { by, at, editor: by.user, drafting: false }
  const rewriting = { request, stored, resources, settings, setVersion, rewrite, rights, ...brought }
  const rewritten = await nextContent(context, rewriting)
  if (!rewritten.ok || openConflicts(rewritten.value.next) > 0) return []
  const { next, read, resources: kept } = rewritten.value
  const inForce = await askedNow(context, request, settings)
  const isWhole = next.changes.length === stored.content.changes.length
  const isEqual =
    isWhole && next.changes.every((change, index) => hasEqualEffect(change, stored.content.changes[index]))
  // It lands by itself as it was reviewed, so that no approval has to fall.
  if (inForce.rules.onStale === 'rebase' && isEqual) return []
  const { requirements } = next.evaluation
  const known = await peopleOf(context, request, [by.user])
  const users = await withExcepted(context, request, { users: known, requirements })
  const landing = { request, read: kept, rebases: false, settings, setVersion, at }
  const target = await targetOf(context, read, landing)
  const facts = { users, ...inForce, ...switchFacts(context, settings, request), next, target }
  const decision = decide({ type: 'rebase', by, at }, request, facts)
  if (!decision.ok || !isOpen(decision.value.outcome.status)) return []
  const event = decision.value
  const after = evolve(request, event)
  const message = await noticeMessage(context, event, { before: request, next: after, settings })
  if (!message.ok) return []
  const happening = { events: [event], next: after, content: read.content, message: message.value } as const
  return [...before.preconditions, ...requestWrites(context, record, happening)]
}

function revisionAt({ resources }: ResourcesRead, index: number): number {
  return resources[index]?.value.revision ?? 0
}

/** The resources of a request as they are once the changes are made. */
function becoming(read: ResourcesRead, { proposals }: DecidedSubmission, authorship: Authorship): ResourcesRead {
  const resources = read.resources.map((stored) => {
    const made = proposals.find(
      ({ change: { resource } }) => resource.type === stored?.value.type && resource.id === stored.value.id,
    )
    if (!stored || !made) return stored
    const { resource } = revise(made.change, authorship)
    return { ...stored, value: { ...resource, head: stored.value.head } }
  })
  return { ...read, resources }
}
