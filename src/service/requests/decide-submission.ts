import { defined } from '../../core/defined.ts'
import { bypassAtOnce } from '../../core/request/decide/bypass-at-once.ts'
import { draft, type Submission, submit } from '../../core/request/decide/decide-submission.ts'
import type { Actor, ResourceName } from '../../core/request/model/event.ts'
import { refuseFrozen } from '../../core/request/model/frozen.ts'
import type { PolicySetState } from '../../core/request/model/policy-set-state.ts'
import { type Schedule, scheduleOf } from '../../core/request/model/schedule.ts'
import { projectsOf, whereaboutsOf } from '../../core/request/model/whereabouts.ts'
import type { KnownUsers } from '../../core/review/under-review.ts'
import { hasCode } from '../../errors/approval-error.ts'
import { type Result, refuse, success } from '../../errors/result.ts'
import type { RecordKey, Write } from '../../ports/storage.ts'
import { tooManyDrafts } from '../arguments/check-limits.ts'
import { askingFreezes } from '../changes/asking-freezes.ts'
import { evaluateChanges } from '../changes/evaluate-changes.ts'
import { freezeFacts } from '../changes/frozen.ts'
import type { Proposal, Wish } from '../changes/propose-change.ts'
import { bothWays } from '../changes/taking-back.ts'
import { claimedOutside, claimKeys, outsideFacts } from '../commands/external-claims.ts'
import { recordHostChanges } from '../commands/sync-host-documents.ts'
import { codeFacts } from '../context/coded-policies.ts'
import type { Context } from '../context/context.ts'
import { type HoldersRead, type Met, meetLocks, type Over, readHolders } from '../facts/lock-holders.ts'
import { mayHear } from '../facts/sync-for-reader.ts'
import { veiled } from '../facts/veil-refusal.ts'
import { knownUsers, scopesOf } from '../people/ask-directory.ts'
import { knowingSettings } from '../people/departures.ts'
import { readingRights } from '../people/reading-rights.ts'
import { policyRefusal } from '../policies/policy-findings.ts'
import type { ClaimRecord, PolicySetRecord, ResourceRecord } from '../records/record-types.ts'
import { read, recordKey, type Stored, settingsState, unchanged } from '../records/typed-storage.ts'
import { isSwitchChange } from '../resource-types/workflow-resource.ts'
import { newSalt } from '../values/salt.ts'
import { type Sifted, sift } from './left-out.ts'
import { mixture } from './mixture.ts'
import { mayBypass, mayMakeAll } from './permission-for-verb.ts'
import { revertProblem } from './planned-reverts.ts'
import { proposeAll } from './propose-all.ts'
import { recordBefore } from './record-over.ts'

/** What somebody wants made, all or nothing. */
export interface Intention extends Schedule {
  readonly verb: 'submit' | 'draft' | 'bypass'
  readonly wishes: readonly Wish[]
  readonly reason?: string
  /** Those among the approvers who are to be told. */
  readonly notify?: readonly string[]
  /** Whether it is to be made at once, or refused: no request comes of it. */
  readonly directly?: true
}

/** An intention with the facts that it was decided on, before anything is written. */
export interface DecidedSubmission {
  readonly proposals: readonly Proposal[]
  /** What was to be changed with them, and is left out, since nothing of it would change. Absent if nothing is. */
  readonly leftOut?: readonly ResourceName[]
  readonly resources: readonly (Stored<ResourceRecord> | undefined)[]
  readonly users: KnownUsers
  readonly submission: Submission
  readonly policySet: Stored<PolicySetRecord> | undefined
  /** Who holds the locks of the resources, in their order. */
  readonly holders: HoldersRead['holders']
  /** What the policies in shadow would ask of each change. */
  readonly shadows: Awaited<ReturnType<typeof evaluateChanges>>['shadows']
  /** The claim of the resource that is kept outside of the database. */
  readonly claim: Stored<ClaimRecord> | undefined
  /** When the next freeze begins that is about it, if one does. */
  readonly frozenFrom?: number
  /** The state of the policies that it was decided by. */
  readonly setVersion: PolicySetState
  /** Requests that are over, and whose locks are still there. */
  readonly over: readonly Over[]
  /** States that everything that it relies on is still as it was read, but for the resources. */
  readonly preconditions: readonly Write[]
}

/** An intention at a moment. */
type Intended = Intention & { readonly at: number }

/** Decides an intention that is going to be written. Records first what is over and still in its way. */
export async function decideSubmission(
  context: Context,
  actor: Actor,
  intended: Intended,
): Promise<Result<DecidedSubmission>> {
  const considered = await considerSubmission(context, actor, intended)
  if (!considered.ok) return considered
  const { over, policySet } = considered.value
  const { tenant } = actor
  recordBefore(context, { tenant, settings: policySet?.value, over: intended.verb === 'draft' ? [] : over })
  return considered
}

/** Reads the facts of an intention and decides it. Writes nothing. */
export async function considerSubmission(
  given: Context,
  actor: Actor,
  intended: Intended,
): Promise<Result<DecidedSubmission>> {
  const facts = await readSubmission(given, actor, intended)
  if (!facts.ok) return facts
  const settings = facts.value.policySet?.value
  const context = knowingSettings(given, settings)
  const checked = await checkSubmission(context, actor, { intended, facts: facts.value })
  if (!checked.ok) return checked
  const decided = decideChecked(context, actor, { intended, facts: facts.value, checked: checked.value })
  if (!decided.ok) {
    const rights = readingRights(context, actor, { settings })
    return { ok: false, refusal: await veiled(context, actor, { refusal: decided.refusal, rights }) }
  }
  const { submission, proposals } = decided.value
  if (submission.type === 'direct' || !submission.bypassed) return decided
  const projects = projectsOf(whereaboutsOf(proposals.map(({ change }) => change)))
  const allowed = await mayBypass(context, actor, { settings, projects })
  return allowed.ok ? decided : allowed
}

type StoredFacts = 'proposals' | 'leftOut' | 'resources' | 'holders' | 'over' | 'policySet' | 'setVersion'

/** What is stored about the resources of an intention, and what it would make of them. */
interface SubmissionFacts extends Pick<DecidedSubmission, StoredFacts> {
  /** The claim of the resource that is kept outside of the database. */
  readonly claim: Stored<ClaimRecord> | undefined
  /** States that all of this but the resources is still as it was read. */
  readonly preconditions: readonly Write[]
}

async function readSubmission(
  given: Context,
  actor: Actor,
  { verb, wishes, at }: Intended,
): Promise<Result<SubmissionFacts>> {
  const { tenant } = actor
  const named = wishes.map(({ ref }) => ref)
  const synced = await syncAll(given, actor, named)
  if (!synced.ok) return synced
  const hostSays = synced.value
  const mixed = mixture(wishes)
  if (mixed) return refuse('invalid_input', { argument: 'changes', problem: mixed })
  const resourceKeys = named.map(({ type, id }) => recordKey('resources', tenant, type, id))
  const lockKeys = named.map(({ type, id }) => recordKey('locks', tenant, type, id))
  const claimed = claimKeys(given, tenant, named)
  const { policySet, resources, locks, claims } = await read(given.storage, {
    policySet: recordKey('policySets', tenant),
    resources: resourceKeys,
    locks: lockKeys,
    claims: claimed,
  })
  const context = knowingSettings(given, policySet?.value)
  const rights = readingRights(context, actor, { settings: policySet?.value })
  const proposals = await proposeAll(context, actor, { wishes, at, rights, resources, hostSays })
  if (!proposals.ok) return proposals
  const locked = await readHolders(context, locks, { settings: policySet?.value })
  const { over, preconditions: heldAsRead } = locked
  const { kept, leftOut } = siftedFor(verb, proposals.value)
  const keptOf = <T>(all: readonly T[]) => all.filter((_, index) => kept.includes(index))
  const isKept = (key: RecordKey) => kept.some((at) => resourceKeys[at] === key)
  const preconditions = [
    unchanged(recordKey('policySets', tenant), policySet),
    ...resourceKeys.flatMap((key, index) => (isKept(key) ? [] : [unchanged(key, resources[index])])),
    ...lockKeys.map((key, index) => unchanged(key, locks[index])),
    ...claimed.map((key, index) => unchanged(key, claims[index])),
    ...heldAsRead,
  ]
  const setVersion = settingsState(policySet)
  const sifted = { proposals: keptOf(proposals.value), resources: keptOf(resources), holders: keptOf(locked.holders) }
  const found = { ...sifted, ...defined({ leftOut }), policySet, setVersion, over, claim: claims[0] }
  return success({ ...found, preconditions })
}

/** A draft is about whatever it was made for: it is put to nobody yet. */
function siftedFor(verb: Intended['verb'], proposals: readonly Proposal[]): Sifted {
  return verb === 'draft' ? { kept: [...proposals.keys()] } : sift(proposals.map(({ change }) => change))
}

/** Records what the host has. Whoever may not read there does not hear what it fails at. */
export async function syncAll(
  context: Context,
  actor: Actor,
  named: readonly { readonly type: string; readonly id: string }[],
): Promise<Result<readonly (string | undefined)[]>> {
  try {
    return success(await recordHostChanges(context, actor.tenant, named))
  } catch (error) {
    if (!hasCode(error, 'host_failed')) throw error
    const { type, id } = error.details
    const rights = readingRights(context, actor)
    if (await mayHear(context, actor, { rights, resource: { type, id } })) throw error
    const isKnown = await rights.isKnown()
    return isKnown ? refuse('unknown_resource', { type, id }) : refuse('unknown_actor', { actor: actor.user })
  }
}

interface Checking {
  readonly intended: Intended
  readonly facts: SubmissionFacts
}

/** What is known of a submission that may be made: what the policies ask of it, and who asks for it. */
interface CheckedSubmission {
  readonly evaluated: Awaited<ReturnType<typeof evaluateChanges>>
  readonly users: KnownUsers
  /** How it meets the requests that hold locks. */
  readonly met: Met
  readonly preconditions: readonly Write[]
}

/** Checks whether the actor may make these changes at all, and asks the policies about them. */
async function checkSubmission(
  context: Context,
  actor: Actor,
  { intended, facts }: Checking,
): Promise<Result<CheckedSubmission>> {
  const { tenant, user } = actor
  const { verb, directly, revertAt } = intended
  const { proposals, setVersion, policySet } = facts
  const settings = policySet?.value
  const changes = proposals.map(({ change }) => change)
  const making = bothWays(context, proposals, intended)
  const editing = await mayMakeAll(context, actor, { settings, setVersion, changes: making })
  if (!editing.ok) return editing
  const { outdated } = codeFacts(context, settings)
  if (outdated && verb !== 'draft') return refuse('policies_outdated', outdated)
  const full = verb === 'draft' ? await tooManyDrafts(context, actor) : undefined
  if (full) return full
  const flawed = verb === 'draft' ? undefined : await policyRefusal(context, { tenant, settings, setVersion }, changes)
  if (flawed) return { ok: false, refusal: flawed }
  const temporary = { ...actor, proposals, settings, schedule: intended, at: intended.at }
  const lasting = verb === 'draft' ? undefined : await revertProblem(context, temporary)
  if (lasting) return { ok: false, refusal: lasting }
  const where = whereaboutsOf(changes)
  const named = changes.map(({ resource }) => resource)
  const asking = askingFreezes(context, settings, { now: intended.at, schedule: intended })
  const [evaluated, users] = await Promise.all([
    evaluateChanges(context, tenant, { setVersion, settings, proposals, asking, behind: [user], revertAt }),
    knownUsers(context.directory, scopesOf(tenant, where), [user]),
  ])
  const { requirements } = evaluated.evaluation
  const [gated] = named
  if (directly && gated && requirements.length > 0) {
    const by = [...new Set(requirements.map(({ policy }) => policy))]
    const what = isSwitchChange({ resource: gated })
      ? { policy: '', project: changes[0]?.project ?? '' }
      : { policy: gated.id }
    return refuse('policy_gated', { ...what, by })
  }
  const met = await meetLocks(context, { tenant, proposals, holders: facts.holders, setVersion })
  return success({ evaluated, users, met, preconditions: editing.value })
}

/** Decides what is read and checked. */
function decideChecked(
  context: Context,
  actor: Actor,
  { intended, facts, checked }: Checking & { readonly checked: CheckedSubmission },
): Result<DecidedSubmission> {
  const { verb, reason, directly, at } = intended
  const { proposals, leftOut, resources, policySet, setVersion, holders, over, claim } = facts
  const { users, evaluated, met } = checked
  const { shadows, ...asked } = evaluated
  const changes = proposals.map(({ change }) => change)
  const held = holders.find((holder) => holder !== undefined)
  const resource = claimedOutside(
    context,
    changes.map((change) => change.resource),
  )
  const id = directly ? '' : context.newId()
  const said = reason === undefined ? {} : { reason, salt: newSalt() }
  const { frozen, frozenFrom } = freezeFacts(context, policySet?.value, { proposals, at })
  if (directly && frozen) return refuseFrozen(frozen)
  const submission = { submit, draft, bypass: bypassAtOnce }[verb](
    { id, by: actor, at, ...said },
    {
      users,
      next: { changes, before: [], policySet: setVersion, ...asked, ...scheduleOf(intended), ...defined({ leftOut }) },
      ...met,
      ...defined({ heldBy: held?.request, heldOn: held?.resource, frozen }),
      ...(resource ? { outside: outsideFacts(context, { resource, stored: claim }) } : {}),
    },
  )
  if (!submission.ok) return submission
  const preconditions = [...facts.preconditions, ...checked.preconditions]
  const read = { proposals, resources, holders, policySet, setVersion, over, claim }
  const known = { ...read, users, shadows, ...defined({ frozenFrom, leftOut }) }
  return success({ ...known, submission: submission.value, preconditions })
}
