import type { Actor } from '../core/request/event.ts'
import { draft, type Submission, submit } from '../core/request/submit.ts'
import type { KnownUsers } from '../core/review/standing.ts'
import { type Result, refuse, success } from '../errors.ts'
import type { Write } from '../ports/storage.ts'
import type { Context } from './context.ts'
import { mayEditAll } from './editors.ts'
import { keptOffBy, readHolders } from './holders.ts'
import { adopt } from './hosted.ts'
import { knownUsers, scopeOf } from './people.ts'
import { type Proposal, propose, type Wish } from './propose.ts'
import { keyOf, type PolicySetRecord, type ResourceRecord, read, type Stored, unchanged } from './records.ts'
import { weigh } from './weigh.ts'
import { isOn } from './workflow.ts'

/** What somebody wants made, all or nothing. */
export interface Intention {
  readonly verb: 'submit' | 'draft'
  readonly wishes: readonly Wish[]
  readonly reason?: string
  readonly applyAt?: number
}

/** An intention with the facts that it was decided on, before anything is written. */
export interface Considered {
  readonly proposals: readonly Proposal[]
  readonly resources: readonly (Stored<ResourceRecord> | undefined)[]
  readonly users: KnownUsers
  readonly submission: Submission
  readonly settings: PolicySetRecord | undefined
  /** The state of the policies that it was decided by. */
  readonly setVersion: number
  /** States that everything that was relied on is still as it was read, but for the resources. */
  readonly relied: readonly Write[]
}

/** Reads the facts of an intention and decides it. Writes nothing. */
export async function consider(
  context: Context,
  actor: Actor,
  { verb, wishes, reason, applyAt, at }: Intention & { readonly at: number },
): Promise<Result<Considered>> {
  const { tenant, user } = actor
  await adopt(
    context,
    tenant,
    wishes.map(({ ref }) => ref),
  )
  const lockKeys = wishes.map(({ ref }) => keyOf('locks', tenant, ref.type, ref.id))
  const { policySet, resources, locks } = await read(context.storage, {
    policySet: keyOf('policySets', tenant),
    resources: wishes.map(({ ref }) => keyOf('resources', tenant, ref.type, ref.id)),
    locks: lockKeys,
  })
  const proposals: Proposal[] = []
  for (const [index, wish] of wishes.entries()) {
    const proposal = await propose(wish, resources[index]?.value, { tenant, now: at })
    if (!proposal.ok) return proposal
    proposals.push(proposal.value)
  }
  const projects = new Set(proposals.map(({ change }) => change.project))
  if (projects.size > 1) {
    const problem = `must be about resources of one project, not of ${[...projects].map((name) => JSON.stringify(name)).join(' and ')}`
    return refuse('invalid_input', { argument: 'changes', problem })
  }
  const changes = proposals.map(({ change }) => change)
  const editing = await mayEditAll(context, actor, { settings: policySet?.value, changes })
  if (!editing.ok) return editing
  const setVersion = policySet?.version ?? 0
  const project = proposals[0]?.change.project ?? ''
  const [weighed, users] = await Promise.all([
    weigh(context, tenant, { setVersion, proposals, off: !isOn(context, policySet?.value, project) }),
    knownUsers(context.directory, scopeOf(tenant, project), [user]),
  ])
  const { holders, relied: heldAsRead } = await readHolders(context, locks)
  const lockedBy = keptOffBy(context, changes, holders)
  const heldBy = holders.find((holder) => holder !== undefined)?.request
  const submission = { submit, draft }[verb](
    { id: context.newId(), by: actor, at, ...(reason === undefined ? {} : { reason }) },
    {
      users,
      next: { changes, before: [], policySet: setVersion, ...weighed, ...(applyAt === undefined ? {} : { applyAt }) },
      ...(lockedBy === undefined ? {} : { lockedBy }),
      ...(heldBy === undefined ? {} : { heldBy }),
    },
  )
  if (!submission.ok) return submission
  const relied = [
    unchanged(keyOf('policySets', tenant), policySet),
    ...lockKeys.map((key, index) => unchanged(key, locks[index])),
    ...heldAsRead,
    ...editing.value,
  ]
  const settings = policySet?.value
  return success({ proposals, resources, users, submission: submission.value, settings, setVersion, relied })
}
