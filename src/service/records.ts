import type { Grant } from '../core/access/grant.ts'
import type { ResourceAccess } from '../core/access/resource-access.ts'
import type { RoleDefinition } from '../core/access/role.ts'
import type { Digest } from '../core/change/digest.ts'
import type { JsonObject, JsonValue } from '../core/change/json.ts'
import type { Policy } from '../core/policy/policy.ts'
import { emptyStream, type LoggedEvent, type StreamHead } from '../core/request/audit-chain.ts'
import type { Checkpoint, Seal } from '../core/request/checkpoint.ts'
import type { Content, ProposedChange } from '../core/request/content.ts'
import type { OpenDebt } from '../core/request/debt.ts'
import type { Request } from '../core/request/request.ts'
import type { Resource, Revision } from '../core/request/resource.ts'
import type { RequestStatus } from '../core/request/status.ts'
import type { Delegation } from '../core/review/delegation.ts'
import { ApprovalError, fail, refuse } from '../errors.ts'
import { collections } from '../ports/collections.ts'
import type { Notice } from '../ports/notifier.ts'
import type {
  IndexQuery,
  KeyPart,
  Page,
  RecordKey,
  Storage,
  StoredRecord,
  UnreadableRecord,
  Write,
} from '../ports/storage.ts'
import { recordShapes } from './record-shapes.ts'
import type { WorkflowSwitch } from './workflow.ts'

/** That something due could not be done: when it was due at first, and how often in a row it could not. Its due time says when it is tried again. */
export interface PutOff {
  readonly from: number
  readonly failures: number
}

/** A request, with the end of its stream and when something is due. */
export interface RequestRecord extends Request {
  /** When something has to happen to it by itself; absent once it has ended. */
  readonly dueAt?: number
  readonly putOff?: PutOff
  /** The version of its records in `targets`, which move together. */
  readonly targetVersion: number
  /** The names under which it is in `waiting`; absent where it is not. */
  readonly awaited?: readonly string[]
  readonly head: StreamHead
}

/** One content of a request. */
export interface ContentRecord extends Content {
  readonly tenant: string
  readonly request: string
  readonly edition: number
}

/** That a request is about a resource. */
export interface TargetRecord {
  readonly tenant: string
  readonly type: string
  readonly id: string
  readonly request: string
  readonly status: RequestStatus
  readonly createdAt: number
}

/** That a request waits for an approval. */
export interface WaitingRecord {
  readonly tenant: string
  /** The user or the role whose approval it is, as `awaitedFrom` names them. */
  readonly approver: string
  readonly request: string
  /** Empty where its resources belong to no project. */
  readonly project: string
  readonly createdAt: number
}

/** That a request was rejected when it was about to do this, and that nobody took it back. */
export interface ObjectionRecord {
  readonly tenant: string
  readonly effect: Digest
  readonly request: string
}

/** That a request keeps everybody else off a resource. */
export interface LockRecord {
  readonly tenant: string
  readonly type: string
  readonly id: string
  readonly request: string
}

/** How often a resource that is kept outside of the database was claimed, and which change is on its way to it. */
export interface ClaimRecord {
  readonly tenant: string
  readonly type: string
  readonly id: string
  /** The number of the last claim. */
  readonly fence: number
  /** The request whose change is on its way; absent while none is. */
  readonly request?: string
  /** The changes as they land, where they were moved onto the live revisions when they were claimed. */
  readonly rebased?: readonly ProposedChange[]
  /** What was sent for requests that failed, and may still land: the last one last. */
  readonly late?: readonly LateWrite[]
}

/** A document that was sent outside of the database for a request that failed, and may still land. */
export interface LateWrite {
  readonly request: string
  readonly round: number
  /** The revision that it was to be. */
  readonly number: number
  readonly digest: Digest
  /** Who passed the approvals by that it needed, and for which incident. */
  readonly passedBy?: string
  readonly incident?: string
}

/** A resource, with the end of its stream. While the clock could not end its state, `stateDueAt` says when that is tried again: ask `stateEndOf`. */
export interface ResourceRecord extends Resource {
  readonly putOff?: PutOff
  readonly head: StreamHead
}

/** A policy in force, or, where `policy` is null, the memory of a removed one. */
export interface PolicyRecord {
  readonly tenant: string
  readonly id: string
  readonly version: number
  /** The version of the tenant's set that this was written with. */
  readonly setVersion: number
  readonly policy: Policy | null
}

/** The settings of a tenant but for its policies, with the end of their stream. Its version moves with every change of any of them. */
export interface PolicySetRecord {
  readonly tenant: string
  /** The tenant's own roles. */
  readonly roles?: readonly RoleDefinition[]
  /** Where the approval workflow was switched on or off. */
  readonly workflow?: readonly WorkflowSwitch[]
  /** Who was the first to hold the role of an admin. */
  readonly firstAdmin?: string
  /** Who edits new resources; everyone where that was never said. */
  readonly defaultAccess?: ResourceAccess['type']
  readonly head: StreamHead
}

/** The end of a stream whose owner has no other record. */
export interface StreamRecord {
  readonly tenant: string
  readonly stream: string
  readonly head: StreamHead
  /** How many refusals there were lately, where the stream is one of refusals. */
  readonly window?: RefusalWindow
  /** When what was only counted is to be stated in an event; absent where nothing was. */
  readonly dueAt?: number
  readonly putOff?: PutOff
}

/** The refusals of one actor since the first of them, for some time. */
export interface RefusalWindow {
  readonly from: number
  /** How many have an event of their own. */
  readonly recorded: number
  /** How many more there were: code → number. */
  readonly counted: Readonly<Record<string, number>>
}

/** Everything that was given to one user. */
export interface GrantRecord {
  readonly tenant: string
  readonly user: string
  /** The person behind the user, where that was said. */
  readonly person?: string
  /** The user who owns it, where it is an agent. */
  readonly owner?: string
  readonly grants: readonly Pick<Grant, 'role' | 'project'>[]
}

/** What a user wants for themselves alone. */
export interface PreferencesRecord {
  readonly tenant: string
  readonly user: string
  /** Types of notices that the user has switched off. */
  readonly unwanted: readonly string[]
}

/** Who edits a resource, with the end of the stream that says how it came to be so. */
export interface AccessRecord {
  readonly tenant: string
  readonly type: string
  readonly id: string
  readonly access: ResourceAccess
  readonly head: StreamHead
}

/** That somebody was given a role. */
export interface HolderRecord extends Grant {
  readonly tenant: string
}

/** That somebody may answer for somebody else, or might once. */
export interface DelegationRecord extends Delegation {
  readonly tenant: string
}

/** An event that no checkpoint has sealed yet. */
export interface UnsealedRecord {
  readonly tenant: string
  readonly stream: string
  readonly seq: number
  readonly hash: Digest
  /** When it may be sealed: when it happened. */
  readonly dueAt: number
  readonly putOff?: PutOff
}

/** A checkpoint, with what is needed to make the next one. */
export interface CheckpointRecord extends Checkpoint {
  readonly peaks: readonly Digest[]
}

/** The reviews that a tenant owes. */
export interface DebtsRecord {
  readonly tenant: string
  readonly open: readonly OpenDebt[]
}

/** The answer to a command that carried an idempotency key. */
export interface AnswerRecord {
  readonly tenant: string
  readonly actor: string
  readonly key: string
  /** Digest of the verb and everything that was asked. */
  readonly asked: Digest
  readonly answer: JsonValue
  /** When it may be forgotten. */
  readonly dueAt: number
}

/** That the workflow was switched off, and what waited is not all back to being drafts yet. */
export interface ReturnsRecord {
  readonly tenant: string
  /** Empty where it was switched off in the whole tenant. */
  readonly project: string
  readonly dueAt: number
  readonly putOff?: PutOff
  /** How far the requests that are open have been gone through; absent at the beginning. */
  readonly sweep?: Sweep
  /** Whether requests that waited for the workflow are to be tried again, since it was switched. */
  readonly wake?: true
  /** Who switched it off, through which door. */
  readonly by: string
  readonly via: string
  readonly reason?: string
}

/** A place among the open requests of a project: their status, and the last one of it. */
export interface Sweep {
  readonly status: RequestStatus
  readonly after?: readonly [createdAt: number, id: string]
  /** Whether there was anything to do since the beginning. */
  readonly found: boolean
}

/** A notice on its way. */
export interface OutboxRecord {
  readonly tenant: string
  readonly id: string
  readonly dueAt: number
  readonly attempts: number
  /** Names of the notifiers that have not delivered it yet. */
  readonly pending: readonly string[]
  readonly notice: Notice
}

interface RecordTypes {
  readonly requests: RequestRecord
  readonly contents: ContentRecord
  readonly targets: TargetRecord
  readonly waiting: WaitingRecord
  readonly objections: ObjectionRecord
  readonly locks: LockRecord
  readonly claims: ClaimRecord
  readonly resources: ResourceRecord
  readonly revisions: Revision
  readonly events: LoggedEvent
  readonly streams: StreamRecord
  readonly unsealed: UnsealedRecord
  readonly seals: Seal
  readonly checkpoints: CheckpointRecord
  readonly policies: PolicyRecord
  readonly policySets: PolicySetRecord
  readonly returns: ReturnsRecord
  readonly outbox: OutboxRecord
  readonly delegations: DelegationRecord
  readonly grants: GrantRecord
  readonly holders: HolderRecord
  readonly preferences: PreferencesRecord
  readonly debts: DebtsRecord
  readonly accesses: AccessRecord
  readonly answers: AnswerRecord
}

/** When the clock ends the state of a resource; undefined where it does not. */
export function stateEndOf({ putOff, stateDueAt }: ResourceRecord): number | undefined {
  return putOff?.from ?? stateDueAt
}

type Name = keyof RecordTypes

/** What is kept in a collection. */
export type StoredRecordOf<N extends Name> = RecordTypes[N]

/** A record as it was read, with the version to expect when writing it. */
export interface Stored<T> {
  readonly version: number
  readonly value: T
}

/** A key that knows what is kept under it. */
export interface TypedKey<N extends Name = Name> extends RecordKey {
  readonly collection: N
}

/** Makes the key of a record. */
export function keyOf<N extends Name>(collection: N, ...key: readonly KeyPart[]): TypedKey<N> {
  return { collection, key }
}

type Found<K> =
  K extends TypedKey<infer N>
    ? Stored<RecordTypes[N]> | undefined
    : K extends readonly TypedKey<infer N>[]
      ? readonly (Stored<RecordTypes[N]> | undefined)[]
      : never

/**
 * Reads records of several collections in one round trip, by names that the caller gives them: a key gives a record, a list of keys a list.
 *
 * @throws ApprovalError `unreadable_record` for a record that is not what is kept in its collection.
 */
export async function read<const K extends Readonly<Record<string, TypedKey | readonly TypedKey[]>>>(
  storage: Storage,
  keys: K,
): Promise<{ readonly [P in keyof K]: Found<K[P]> }> {
  const parts = Object.values(keys).map((part) => ('collection' in part ? [part] : part))
  const asked = parts.flat()
  const records = await storage.get(asked)
  for (const [at, key] of asked.entries()) {
    const problem = strangenessOf(key, records[at])
    if (problem !== undefined) refuseUnreadable({ ...key, problem })
  }
  let next = 0
  const found = Object.entries(keys).map(([name, part], index) => {
    const from = next
    next += parts[index]?.length ?? 0
    return [name, 'collection' in part ? records[from] : records.slice(from, next)]
  })
  return Object.fromEntries(found)
}

/** What is told of records that cannot be read, instead of a refusal. */
export type OnUnreadable = (record: UnreadableRecord) => void

/**
 * Reads a page of an index.
 *
 * @throws ApprovalError `unreadable_record` for a record that cannot be read, unless somebody is there to be told of it: then the others are read.
 */
export async function page<N extends Name>(
  storage: Storage,
  query: IndexQuery & { readonly collection: N },
  onUnreadable: OnUnreadable = refuseUnreadable,
): Promise<Omit<Page, 'records' | 'unreadable'> & { readonly records: readonly Stored<RecordTypes[N]>[] }> {
  const { collection } = query
  const { records, unreadable = [], next } = await storage.list(query)
  for (const one of unreadable) onUnreadable(one)
  const readable = records.filter((record) => {
    const key = keyIn(collection, record)
    const problem = strangenessOf({ collection, key }, record)
    if (problem !== undefined) onUnreadable({ collection, key, problem })
    return problem === undefined
  })
  return { records: readable as unknown as readonly Stored<RecordTypes[N]>[], ...(next ? { next } : {}) }
}

/** Reads an index from end to end, page by page. */
export async function* walk<N extends Name>(
  storage: Storage,
  query: Omit<IndexQuery, 'limit' | 'after'> & { readonly collection: N },
  onUnreadable?: OnUnreadable,
): AsyncGenerator<Stored<RecordTypes[N]>> {
  let after: Page['next']
  do {
    const { records, next } = await page(storage, { ...query, limit: 500, ...(after ? { after } : {}) }, onUnreadable)
    yield* records
    after = next
  } while (after)
}

function strangenessOf({ collection }: RecordKey, record: StoredRecord | undefined): string | undefined {
  return record && recordShapes[collection](record.value, '')
}

function keyIn(collection: Name, { value }: StoredRecord): readonly KeyPart[] {
  return collections[collection].key.map(({ name }) => value[name] as KeyPart)
}

/** Refuses a record that cannot be read. */
export function refuseUnreadable(record: UnreadableRecord): never {
  throw unreadableError(record)
}

/** The refusal of a record that cannot be read. */
export function unreadableError({ collection, key, problem }: UnreadableRecord): ApprovalError<'unreadable_record'> {
  return new ApprovalError(refuse('unreadable_record', { collection, key: JSON.stringify(key), problem }).refusal)
}

/** Writes a record in the place of the one that was read, or as a new one where none was. */
export function put<N extends Name>(
  collection: N,
  value: RecordTypes[N],
  before: { readonly version: number } | undefined,
): Write {
  const json = value as unknown as JsonObject
  return before
    ? { type: 'replace', collection, value: json, expected: before.version }
    : { type: 'insert', collection, value: json }
}

/** States that a record is still as it was read. */
export function unchanged(key: TypedKey, before: { readonly version: number } | undefined): Write {
  return { type: 'check', ...key, expected: before?.version ?? 'absent' }
}

/**
 * Names the state that the settings of a tenant are in, by its number and the hash of the event that made it. A number can come again
 * after a rollback or a restore; the hash comes again only with the same history.
 */
export function stateOf(settings: Stored<PolicySetRecord> | undefined): StreamHead {
  return settings?.value.head ?? emptyStream
}

/**
 * Leaves out the checks of records that the same commit writes, as the write states what the check does, and those that are stated twice.
 *
 * @throws ApprovalError `version_conflict` where a record was read twice and had moved in between.
 */
export function withoutImplied(writes: readonly Write[]): readonly Write[] {
  const checked = new Set(writes.flatMap(({ type, collection }) => (type === 'check' ? collection : [])))
  const written = new Set(
    writes.filter(({ type, collection }) => type !== 'check' && checked.has(collection)).map(nameOf),
  )
  const stated = new Map<string, number | 'absent'>()
  return writes.filter((write) => {
    if (write.type !== 'check') return true
    const name = nameOf(write)
    const before = stated.get(name)
    if (before !== undefined && before !== write.expected) {
      fail('version_conflict', { collection: write.collection, key: JSON.stringify(write.key) })
    }
    stated.set(name, write.expected)
    return before === undefined && !written.has(name)
  })
}

function nameOf(write: Write): string {
  const { collection } = write
  const key = 'value' in write ? collections[collection].key.map(({ name }) => write.value[name]) : write.key
  return JSON.stringify([collection, ...key])
}
