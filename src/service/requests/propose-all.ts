import { isOwnType } from '../../core/policy/model/policy-type.ts'
import type { Actor } from '../../core/request/model/event.ts'
import type { Revision } from '../../core/request/model/revision.ts'
import { projectsOf, whereaboutsOf } from '../../core/request/model/whereabouts.ts'
import { type Result, refuse, success } from '../../errors/result.ts'
import { proposeWish } from '../changes/change-project.ts'
import type { Proposal, Wish } from '../changes/propose-change.ts'
import type { Context } from '../context/context.ts'
import { mayReadResource } from '../facts/may-read.ts'
import { resolvedWish } from '../facts/read-content.ts'
import type { ReadingRights } from '../people/reading-rights.ts'
import type { ResourceRecord } from '../records/record-types.ts'
import type { Stored } from '../records/typed-storage.ts'
import { isRevert } from '../resource-types/wanted-change.ts'

/** What wishes are worked out by. */
interface Proposing {
  readonly wishes: readonly Wish[]
  readonly at: number
  readonly rights: ReadingRights
  readonly resources: readonly (Stored<ResourceRecord> | undefined)[]
  /** The project that the host says of each; `undefined` if the host does not keep it. */
  readonly hostSays: readonly (string | undefined)[]
}

/**
 * Works out what each wish would make of its resource. A resource that the actor may not
 * read is worked out as one that is not there, and so is what is refused.
 */
export async function proposeAll(
  context: Context,
  actor: Actor,
  proposing: Proposing,
): Promise<Result<readonly Proposal[]>> {
  const proposals = await readableProposals(context, actor, proposing)
  if (proposals.ok || (await proposing.rights.isKnown())) return proposals
  return refuse('unknown_actor', { actor: actor.user })
}

async function readableProposals(
  context: Context,
  actor: Actor,
  { wishes, at, rights, resources, hostSays }: Proposing,
): Promise<Result<readonly Proposal[]>> {
  const { tenant } = actor
  const proposals: Proposal[] = []
  for (const [index, wish] of wishes.entries()) {
    const { type, id } = wish.ref
    const [live, project] = [resources[index]?.value, hostSays[index]]
    const hidden = await isHidden(rights, live, project)
    const resolved = hidden ? asUnknown(wish) : await resolvedWish(context, tenant, wishOn({ type, id }, wish, rights))
    if (!resolved.ok) return resolved
    const facts = { tenant, now: at, hostSays: hidden ? undefined : project }
    const proposal = await proposeWish({ ...wish, ...resolved.value }, hidden ? undefined : live, facts)
    if (!proposal.ok) return proposal
    const allowed = await mayPropose(rights, actor, { proposal: proposal.value, hidden })
    if (!allowed.ok) return allowed
    proposals.push(proposal.value)
  }
  return success(proposals)
}

/** Tells whether something is there that the actor may not read. */
async function isHidden(
  rights: ReadingRights,
  live: ResourceRecord | undefined,
  hostSays: string | undefined,
): Promise<boolean> {
  if (live && isOwnType(live.type) && live.document === null) return false
  if (live) return !(await mayReadResource(rights, live))
  return hostSays !== undefined && !(await rights.in(hostSays))
}

function wishOn(resource: { readonly type: string; readonly id: string }, { change }: Wish, rights: ReadingRights) {
  return { resource, wanted: change, mayRead: (revision: Revision) => mayReadResource(rights, revision) }
}

/** What somebody wants of a resource that is not there for them: no revision can be brought back. */
function asUnknown({ ref: { type, id }, change }: Wish): Awaited<ReturnType<typeof resolvedWish>> {
  if (!isRevert(change)) return success({ change })
  return refuse('unknown_revision', { type, id, revision: change.revertTo })
}

/** Whoever may not read where a change would land may not propose it, and sees nothing of what it would meet there. */
async function mayPropose(
  rights: ReadingRights,
  { user }: Actor,
  { proposal: { change }, hidden }: { readonly proposal: Proposal; readonly hidden: boolean },
): Promise<Result<undefined>> {
  const { resource, after } = change
  if (hidden && after === null) return refuse('nothing_changed', resource)
  const own = isOwnType(resource.type)
  const missing = [own ? 'approval_settings.edit' : 'resources.read']
  for (const project of projectsOf(whereaboutsOf([change]))) {
    const isThere = !hidden && (own || (await rights.in(project)))
    if (!isThere) return refuse('not_permitted', { actor: user, project, missing })
  }
  return success(undefined)
}
