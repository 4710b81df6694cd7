import type { StreamHead } from '../../core/log/event-chain.ts'
import { policyType } from '../../core/policy/model/policy-type.ts'
import { draft, type Submission, submit } from '../../core/request/decide/decide-submission.ts'
import type { Actor } from '../../core/request/model/event.ts'
import type { KnownUsers } from '../../core/review/under-review.ts'
import { type Result, refuse, success } from '../../errors.ts'
import type { Write } from '../../ports/storage.ts'
import { tooManyDrafts } from '../arguments/check-limits.ts'
import { weigh } from '../changes/evaluate-changes.ts'
import { type Proposal, propose, type Wish } from '../changes/propose-change.ts'
import { claimKeys, outsideFacts, outsideOf } from '../commands/external-claims.ts'
import { adopt } from '../commands/sync-host-documents.ts'
import type { Context } from '../context/context.ts'
import { isOnFor } from '../context/workflow-switch.ts'
import { keptOffBy, readHolders } from '../facts/lock-holders.ts'
import { resolvedWish } from '../facts/read-content.ts'
import { knownUsers, scopeOf } from '../people/ask-directory.ts'
import { policyRefusal } from '../policies/policy-findings.ts'
import type { ClaimRecord, PolicySetRecord, ResourceRecord } from '../records/record-types.ts'
import { keyOf, read, type Stored, stateOf, unchanged } from '../records/typed-storage.ts'
import { isSwitchChange } from '../resource-types/workflow-resource.ts'
import { newSalt } from '../values/salt.ts'
import { mayMakeAll } from './permission-for-verb.ts'

/** What somebody wants made, all or nothing. */
export interface Intention {
  readonly verb: 'submit' | 'draft'
  readonly wishes: readonly Wish[]
  readonly reason?: string
  readonly applyAt?: number
  /** Those among the approvers who are to be told. */
  readonly notify?: readonly string[]
  /** Whether it is to be made at once, or refused: no request comes of it. */
  readonly directly?: true
}

/** An intention with the facts that it was decided on, before anything is written. */
export interface Considered {
  readonly proposals: readonly Proposal[]
  readonly resources: readonly (Stored<ResourceRecord> | undefined)[]
  readonly users: KnownUsers
  readonly submission: Submission
  readonly policySet: Stored<PolicySetRecord> | undefined
  /** The claim of the resource that is kept outside of the database. */
  readonly claim: Stored<ClaimRecord> | undefined
  /** The state of the policies that it was decided by. */
  readonly setVersion: StreamHead
  /** States that everything that was relied on is still as it was read, but for the resources. */
  readonly relied: readonly Write[]
}

/** Reads the facts of an intention and decides it. Writes nothing. */
export async function consider(
  context: Context,
  actor: Actor,
  { verb, wishes, reason, applyAt, directly, at }: Intention & { readonly at: number },
): Promise<Result<Considered>> {
  const { tenant, user } = actor
  const named = wishes.map(({ ref }) => ref)
  const hostSays = await adopt(context, tenant, named)
  const lockKeys = wishes.map(({ ref }) => keyOf('locks', tenant, ref.type, ref.id))
  const mixed = mixture(wishes)
  if (mixed) return refuse('invalid_input', { argument: 'changes', problem: mixed })
  const claimed = claimKeys(context, tenant, named)
  const { policySet, resources, locks, claims } = await read(context.storage, {
    policySet: keyOf('policySets', tenant),
    resources: wishes.map(({ ref }) => keyOf('resources', tenant, ref.type, ref.id)),
    locks: lockKeys,
    claims: claimed,
  })
  const proposals: Proposal[] = []
  for (const [index, wish] of wishes.entries()) {
    const { type, id } = wish.ref
    const resolved = await resolvedWish(context, tenant, { resource: { type, id }, wanted: wish.change })
    if (!resolved.ok) return resolved
    const proposal = await propose({ ...wish, ...resolved.value }, resources[index]?.value, {
      tenant,
      now: at,
      hostSays: hostSays[index],
    })
    if (!proposal.ok) return proposal
    proposals.push(proposal.value)
  }
  const projects = new Set(proposals.map(({ change }) => change.project))
  if (projects.size > 1) {
    const problem = `must be about resources of one project, not of ${[...projects].map((name) => JSON.stringify(name)).join(' and ')}`
    return refuse('invalid_input', { argument: 'changes', problem })
  }
  const changes = proposals.map(({ change }) => change)
  const setVersion = stateOf(policySet)
  const settings = policySet?.value
  const editing = await mayMakeAll(context, actor, { settings, setVersion, changes })
  if (!editing.ok) return editing
  const full = verb === 'draft' ? await tooManyDrafts(context, actor) : undefined
  if (full) return full
  const flawed = verb === 'draft' ? undefined : await policyRefusal(context, { tenant, settings, setVersion }, changes)
  if (flawed) return { ok: false, refusal: flawed }
  const project = proposals[0]?.change.project ?? ''
  const [weighed, users] = await Promise.all([
    weigh(context, tenant, { setVersion, proposals, off: !isOnFor(context, settings, { project, resources: named }) }),
    knownUsers(context.directory, scopeOf(tenant, project), [user]),
  ])
  const { requirements } = weighed.evaluation
  const [gated] = named
  if (directly && gated && requirements.length > 0) {
    const by = [...new Set(requirements.map(({ policy }) => policy))]
    const what = isSwitchChange({ resource: gated }) ? { policy: '', project } : { policy: gated.id }
    return refuse('policy_gated', { ...what, by })
  }
  const { holders, relied: heldAsRead } = await readHolders(context, locks)
  const lockedBy = keptOffBy(context, changes, holders)
  const heldBy = holders.find((holder) => holder !== undefined)?.request
  const resource = outsideOf(context, named)
  const claim = resource && { resource, stored: claims[0] }
  const submission = { submit, draft }[verb](
    {
      id: directly ? '' : context.newId(),
      by: actor,
      at,
      ...(reason === undefined ? {} : { reason, salt: newSalt() }),
    },
    {
      users,
      next: { changes, before: [], policySet: setVersion, ...weighed, ...(applyAt === undefined ? {} : { applyAt }) },
      ...(lockedBy === undefined ? {} : { lockedBy }),
      ...(heldBy === undefined ? {} : { heldBy }),
      ...(claim ? { outside: outsideFacts(context, claim) } : {}),
    },
  )
  if (!submission.ok) return submission
  const relied = [
    unchanged(keyOf('policySets', tenant), policySet),
    ...lockKeys.map((key, index) => unchanged(key, locks[index])),
    ...claimed.map((key, index) => unchanged(key, claims[index])),
    ...heldAsRead,
    ...editing.value,
  ]
  return success({
    proposals,
    resources,
    users,
    submission: submission.value,
    policySet,
    setVersion,
    relied,
    claim: claims[0],
  })
}

/** Why some resources cannot land together. */
function mixture(wishes: readonly Wish[]): string | undefined {
  return mixtureWithPolicies(wishes) ?? mixtureWithOutside(wishes)
}

/** A rule and what it would allow are two requests: whoever agrees to the one has not agreed to the other. */
function mixtureWithPolicies(wishes: readonly Wish[]): string | undefined {
  const [first, second] = wishes
  const isTurn = (wish: Wish) => isSwitchChange({ resource: wish.ref })
  if (first && second && wishes.some(isTurn)) {
    return `must not hold both ${nameOf(first)} and ${nameOf(second)}: the workflow is switched by itself, so ask for them one by one`
  }
  const policy = wishes.find(({ ref }) => ref.type === policyType)
  const other = wishes.find(({ ref }) => ref.type !== policyType)
  if (!policy || !other) return undefined
  return `must not hold both ${nameOf(policy)} and ${nameOf(other)}: policies are changed by themselves, so ask for them one by one`
}

function mixtureWithOutside(wishes: readonly Wish[]): string | undefined {
  const outside = wishes.filter(({ type }) => type.outside)
  const [first, second] = outside
  if (!first) return undefined
  const other = second ?? wishes.find(({ type }) => type.hosting)
  if (!other) return undefined
  const names = [first, other].map(nameOf).join(' and ')
  return `must not hold both ${names}: at most one of the resources that the application keeps itself can land together with others where one is kept outside of the database, since no transaction holds both; ask for them one by one`
}

function nameOf({ ref }: Wish): string {
  return `${ref.type} ${JSON.stringify(ref.id)}`
}
