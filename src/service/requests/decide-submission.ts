import { defined } from '../../core/defined.ts'
import type { StreamHead } from '../../core/log/event-chain.ts'
import { policyType } from '../../core/policy/model/policy-type.ts'
import { draft, type Submission, submit } from '../../core/request/decide/decide-submission.ts'
import type { Actor } from '../../core/request/model/event.ts'
import type { KnownUsers } from '../../core/review/under-review.ts'
import { type Result, refuse, success } from '../../errors/result.ts'
import type { Write } from '../../ports/storage.ts'
import { tooManyDrafts } from '../arguments/check-limits.ts'
import { evaluateChanges } from '../changes/evaluate-changes.ts'
import { type Proposal, propose, type Wish } from '../changes/propose-change.ts'
import { claimedOutside, claimKeys, outsideFacts } from '../commands/external-claims.ts'
import { recordHostChanges } from '../commands/sync-host-documents.ts'
import type { Context } from '../context/context.ts'
import { isOnFor } from '../context/workflow-switch.ts'
import { keptOffBy, readHolders } from '../facts/lock-holders.ts'
import { resolvedWish } from '../facts/read-content.ts'
import { knownUsers, scopeOf } from '../people/ask-directory.ts'
import { policyRefusal } from '../policies/policy-findings.ts'
import type { ClaimRecord, PolicySetRecord, ResourceRecord } from '../records/record-types.ts'
import { read, recordKey, type Stored, settingsState, unchanged } from '../records/typed-storage.ts'
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
export interface DecidedSubmission {
  readonly proposals: readonly Proposal[]
  readonly resources: readonly (Stored<ResourceRecord> | undefined)[]
  readonly users: KnownUsers
  readonly submission: Submission
  readonly policySet: Stored<PolicySetRecord> | undefined
  /** The claim of the resource that is kept outside of the database. */
  readonly claim: Stored<ClaimRecord> | undefined
  /** The state of the policies that it was decided by. */
  readonly setVersion: StreamHead
  /** States that everything that it relies on is still as it was read, but for the resources. */
  readonly preconditions: readonly Write[]
}

/** An intention at a moment. */
type Intended = Intention & { readonly at: number }

/** Reads the facts of an intention and decides it. Writes nothing. */
export async function decideSubmission(
  context: Context,
  actor: Actor,
  intended: Intended,
): Promise<Result<DecidedSubmission>> {
  const facts = await readSubmission(context, actor.tenant, intended)
  if (!facts.ok) return facts
  const checked = await checkSubmission(context, actor, { intended, facts: facts.value })
  if (!checked.ok) return checked
  return decideChecked(context, actor, { intended, facts: facts.value, checked: checked.value })
}

/** What is stored about the resources of an intention, and what it would make of them. */
interface SubmissionFacts extends Pick<DecidedSubmission, 'proposals' | 'resources' | 'policySet' | 'setVersion'> {
  readonly holders: Awaited<ReturnType<typeof readHolders>>['holders']
  /** The claim of the resource that is kept outside of the database. */
  readonly claim: Stored<ClaimRecord> | undefined
  /** States that all of this but the resources is still as it was read. */
  readonly preconditions: readonly Write[]
}

async function readSubmission(
  context: Context,
  tenant: string,
  { wishes, at }: Intended,
): Promise<Result<SubmissionFacts>> {
  const named = wishes.map(({ ref }) => ref)
  const hostSays = await recordHostChanges(context, tenant, named)
  const mixed = mixture(wishes)
  if (mixed) return refuse('invalid_input', { argument: 'changes', problem: mixed })
  const lockKeys = named.map(({ type, id }) => recordKey('locks', tenant, type, id))
  const claimed = claimKeys(context, tenant, named)
  const { policySet, resources, locks, claims } = await read(context.storage, {
    policySet: recordKey('policySets', tenant),
    resources: named.map(({ type, id }) => recordKey('resources', tenant, type, id)),
    locks: lockKeys,
    claims: claimed,
  })
  const proposals = await proposeAll(context, tenant, { wishes, at, resources, hostSays })
  if (!proposals.ok) return proposals
  const { holders, preconditions: heldAsRead } = await readHolders(context, locks)
  const preconditions = [
    unchanged(recordKey('policySets', tenant), policySet),
    ...lockKeys.map((key, index) => unchanged(key, locks[index])),
    ...claimed.map((key, index) => unchanged(key, claims[index])),
    ...heldAsRead,
  ]
  const setVersion = settingsState(policySet)
  const found = { proposals: proposals.value, resources, policySet, setVersion, holders, claim: claims[0] }
  return success({ ...found, preconditions })
}

interface Proposing extends Pick<Intended, 'wishes' | 'at'> {
  readonly resources: DecidedSubmission['resources']
  readonly hostSays: Awaited<ReturnType<typeof recordHostChanges>>
}

/** Works out what each wish would make of its resource: all of them in one project. */
async function proposeAll(
  context: Context,
  tenant: string,
  { wishes, at, resources, hostSays }: Proposing,
): Promise<Result<readonly Proposal[]>> {
  const proposals: Proposal[] = []
  for (const [index, wish] of wishes.entries()) {
    const { type, id } = wish.ref
    const resolved = await resolvedWish(context, tenant, { resource: { type, id }, wanted: wish.change })
    if (!resolved.ok) return resolved
    const facts = { tenant, now: at, hostSays: hostSays[index] }
    const proposal = await propose({ ...wish, ...resolved.value }, resources[index]?.value, facts)
    if (!proposal.ok) return proposal
    proposals.push(proposal.value)
  }
  const projects = new Set(proposals.map(({ change }) => change.project))
  if (projects.size <= 1) return success(proposals)
  const names = [...projects].map((name) => JSON.stringify(name)).join(' and ')
  const problem = `must be about resources of one project, not of ${names}`
  return refuse('invalid_input', { argument: 'changes', problem })
}

interface Checking {
  readonly intended: Intended
  readonly facts: SubmissionFacts
}

/** What is known of a submission that may be made: what the policies ask of it, and who asks for it. */
interface CheckedSubmission {
  readonly evaluated: Awaited<ReturnType<typeof evaluateChanges>>
  readonly users: KnownUsers
  readonly preconditions: readonly Write[]
}

/** Checks whether the actor may make these changes at all, and asks the policies about them. */
async function checkSubmission(
  context: Context,
  actor: Actor,
  { intended: { verb, wishes, directly }, facts }: Checking,
): Promise<Result<CheckedSubmission>> {
  const { tenant, user } = actor
  const { proposals, setVersion, policySet } = facts
  const settings = policySet?.value
  const changes = proposals.map(({ change }) => change)
  const editing = await mayMakeAll(context, actor, { settings, setVersion, changes })
  if (!editing.ok) return editing
  const full = verb === 'draft' ? await tooManyDrafts(context, actor) : undefined
  if (full) return full
  const flawed = verb === 'draft' ? undefined : await policyRefusal(context, { tenant, settings, setVersion }, changes)
  if (flawed) return { ok: false, refusal: flawed }
  const project = changes[0]?.project ?? ''
  const named = wishes.map(({ ref }) => ref)
  const off = !isOnFor(context, settings, { project, resources: named })
  const [evaluated, users] = await Promise.all([
    evaluateChanges(context, tenant, { setVersion, proposals, off }),
    knownUsers(context.directory, scopeOf(tenant, project), [user]),
  ])
  const { requirements } = evaluated.evaluation
  const [gated] = named
  if (directly && gated && requirements.length > 0) {
    const by = [...new Set(requirements.map(({ policy }) => policy))]
    const what = isSwitchChange({ resource: gated }) ? { policy: '', project } : { policy: gated.id }
    return refuse('policy_gated', { ...what, by })
  }
  return success({ evaluated, users, preconditions: editing.value })
}

/** Decides what is read and checked. */
function decideChecked(
  context: Context,
  actor: Actor,
  { intended, facts, checked }: Checking & { readonly checked: CheckedSubmission },
): Result<DecidedSubmission> {
  const { verb, wishes, reason, applyAt, directly, at } = intended
  const { proposals, resources, policySet, setVersion, holders, claim } = facts
  const { evaluated, users } = checked
  const changes = proposals.map(({ change }) => change)
  const lockedBy = keptOffBy(context, changes, holders)
  const heldBy = holders.find((holder) => holder !== undefined)?.request
  const resource = claimedOutside(
    context,
    wishes.map(({ ref }) => ref),
  )
  const id = directly ? '' : context.newId()
  const said = reason === undefined ? {} : { reason, salt: newSalt() }
  const timed = applyAt === undefined ? {} : { applyAt }
  const submission = { submit, draft }[verb](
    { id, by: actor, at, ...said },
    {
      users,
      next: { changes, before: [], policySet: setVersion, ...evaluated, ...timed },
      ...defined({ lockedBy, heldBy }),
      ...(resource ? { outside: outsideFacts(context, { resource, stored: claim }) } : {}),
    },
  )
  if (!submission.ok) return submission
  const preconditions = [...facts.preconditions, ...checked.preconditions]
  const known = { proposals, resources, users, policySet, setVersion, claim }
  return success({ ...known, submission: submission.value, preconditions })
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
  const outside = wishes.filter(({ type }) => type.external)
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
