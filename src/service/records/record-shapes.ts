import type { ResourceAccess } from '../../core/access/resource-access.ts'
import type { RoleDefinition } from '../../core/access/role.ts'
import type { Seal } from '../../core/log/checkpoint.ts'
import type { LoggedEvent } from '../../core/log/event-chain.ts'
import type { Pinned } from '../../core/request/model/event.ts'
import type { Hold } from '../../core/request/model/hold.ts'
import type { Revision } from '../../core/request/model/revision.ts'
import { statuses } from '../../core/request/model/status-table.ts'
import type { CollectionName } from '../../ports/collections.ts'
import type { Notice } from '../../ports/notifier.ts'
import {
  either,
  flag,
  json,
  listOf,
  maybe,
  named,
  object,
  onlyTrue,
  orNull,
  type RecordShape,
  text,
  whole,
} from '../values/shape.ts'
import type * as accesses from './access-records.ts'
import { freezeShape } from './freeze-shapes.ts'
import type { MovedOn, OutboxRecord } from './outbox-records.ts'
import { match, pinned, policy, withDocument } from './policy-shapes.ts'
import type * as records from './record-types.ts'
import {
  commentPart,
  content,
  glassBroken,
  head,
  move,
  pinnedPart,
  proposed,
  putOff,
  request,
} from './request-shapes.ts'
import type { ReturnsRecord, Sweep, WorkflowSwitch } from './workflow-records.ts'

const tenant = text()
const resource = { tenant, type: text(), id: text() }
const editors = object<Extract<ResourceAccess, { type: 'editors' }>>({ type: text(), editors: listOf(text()) })
const everyone = object({})
const access = either(({ type }) => {
  if (type === 'editors') return editors
  return type === 'everyone' ? everyone : undefined
})
const grant = object<{ role: string; project: string }>({ role: text(), project: text() })
const revision = {
  ...resource,
  project: text(),
  incarnation: whole,
  document: json,
}

/** What is read of events of many kinds, before it is known of which kind one is. */
interface EventParts {
  readonly type: string
  readonly at: number
  readonly by: string
  readonly reason?: string
  readonly message?: string
  readonly pinned?: Pinned
  readonly erased?: readonly string[]
  readonly removed?: readonly string[]
}

const event = object<EventParts>({
  type: text(),
  at: whole,
  by: text(),
  reason: maybe(text()),
  message: maybe(text()),
  pinned: maybe(pinnedPart),
  erased: maybe(listOf(text())),
  removed: maybe(listOf(text())),
})

const late = object<records.LateWrite>({
  request: text(),
  round: whole,
  number: whole,
  digest: text(),
  passedBy: maybe(text()),
  incident: maybe(text()),
})
const sweep = object<Sweep>({ status: text(...statuses), after: maybe(json), found: flag })

/** What is asked of the records of each collection before anything is made of them. */
export const recordShapes: { readonly [C in CollectionName]: RecordShape } = {
  requests: request,
  contents: content,
  comments: commentPart,
  targets: object<records.TargetRecord>({
    ...resource,
    request: text(),
    status: text(...statuses),
    createdAt: whole,
    updatedAt: whole,
    project: maybe(text()),
    requester: text(),
    openSince: maybe(whole),
    isFirst: maybe(whole),
  }),
  acrossProjects: object<records.AcrossRecord>({
    tenant,
    project: text(),
    request: text(),
    status: text(...statuses),
    createdAt: whole,
    updatedAt: whole,
    requester: text(),
  }),
  inbox: object<records.InboxRecord>({
    tenant,
    approver: text(),
    request: text(),
    project: text(),
    createdAt: whole,
  }),
  locks: object<records.LockRecord>({ ...resource, request: text() }),
  claims: object<records.ClaimRecord>({
    ...resource,
    fence: whole,
    request: maybe(text()),
    rebased: maybe(listOf(proposed)),
    late: maybe(listOf(late)),
  }),
  resources: withDocument<records.ResourceRecord>({
    ...revision,
    revision: whole,
    state: maybe(text()),
    stateDueAt: maybe(whole),
    updatedAt: maybe(whole),
    putOff: maybe(putOff),
    head,
  }),
  revisions: withDocument<Revision>({
    ...revision,
    number: whole,
    digest: text(),
    actions: listOf(text()),
    move: maybe(move),
    author: text(),
    via: text(),
    at: whole,
    message: maybe(text()),
    request: maybe(text()),
    notKept: maybe(whole),
    shadow: maybe(listOf(pinned)),
  }),
  events: object<LoggedEvent>({
    tenant,
    stream: text(),
    seq: whole,
    event,
    texts: maybe(named(object<{ salt: string; text: string }>({ salt: text(), text: text() }))),
    prev: text(),
    hash: text(),
  }),
  streams: object<records.StreamRecord>({
    tenant,
    stream: text(),
    head,
    window: maybe(object<records.RefusalWindow>({ from: whole, recorded: whole, counted: named(whole) })),
    dueAt: maybe(whole),
    putOff: maybe(putOff),
    swept: maybe(object<records.Swept>({ documents: whole, seals: whole, revisions: maybe(listOf(json)) })),
  }),
  unsealed: object<records.UnsealedRecord>({
    tenant,
    stream: text(),
    seq: whole,
    hash: text(),
    dueAt: whole,
    putOff: maybe(putOff),
  }),
  seals: object<Seal>({ tenant, place: whole, stream: text(), seq: whole, hash: text() }),
  checkpoints: object<records.CheckpointRecord>({
    tenant,
    number: whole,
    at: whole,
    size: whole,
    root: text(),
    prev: text(),
    hash: text(),
    signature: maybe(object<{ keyId: string; value: string }>({ keyId: text(), value: text() })),
    peaks: listOf(text()),
  }),
  policies: object<records.PolicyRecord>({
    tenant,
    id: text(),
    version: whole,
    setVersion: whole,
    policy: orNull(policy),
  }),
  policySets: object<records.PolicySetRecord>({
    tenant,
    roles: maybe(
      listOf(
        object<RoleDefinition>({
          id: text(),
          permissions: listOf(text()),
          held: text('tenant', 'project', 'both'),
        }),
      ),
    ),
    workflow: maybe(
      listOf(
        object<WorkflowSwitch>({
          project: text(),
          on: flag,
          switchedOff: maybe(whole),
          waiting: maybe(text('return', 'hold')),
          holds: maybe(
            listOf(object<Hold>({ from: whole, to: maybe(whole), gaps: maybe(whole), returned: maybe(whole) })),
          ),
        }),
      ),
    ),
    inCode: maybe(object<records.RecordedPolicies>({ version: whole, digest: text() })),
    freezes: maybe(listOf(freezeShape)),
    firstAdmin: maybe(text()),
    departed: maybe(whole),
    defaultAccess: maybe(text('everyone', 'editors')),
    head,
  }),
  returns: object<ReturnsRecord>({
    tenant,
    project: text(),
    dueAt: whole,
    putOff: maybe(putOff),
    sweep: maybe(sweep),
    wake: maybe(onlyTrue),
    by: text(),
    via: text(),
    reason: maybe(text()),
  }),
  outbox: object<OutboxRecord>({
    tenant,
    id: text(),
    dueAt: whole,
    attempts: whole,
    pending: listOf(text()),
    notice: object<Notice>({
      id: text(),
      tenant,
      type: text(),
      to: listOf(text()),
      request: maybe(text()),
      requests: maybe(listOf(text())),
      resources: listOf(object<{ type: string; id: string }>({ type: text(), id: text() })),
      at: whole,
      by: text(),
      reason: maybe(text()),
      deadline: maybe(whole),
    }),
    moved: maybe(
      object<MovedOn>({
        resources: listOf(object({ type: text(), id: text(), revision: whole })),
        done: maybe(whole),
        after: maybe(listOf(json)),
      }),
    ),
  }),
  delegations: object<accesses.DelegationRecord>({
    tenant,
    from: text(),
    to: text(),
    begins: whole,
    ends: whole,
    match,
  }),
  grants: object<accesses.GrantRecord>({
    tenant,
    user: text(),
    person: maybe(text()),
    owner: maybe(text()),
    grants: listOf(grant),
  }),
  departures: object<accesses.DepartureRecord>({ tenant, user: text(), at: whole }),
  preferences: object<accesses.PreferencesRecord>({ tenant, user: text(), unwanted: listOf(text()) }),
  objections: object<records.ObjectionRecord>({ tenant, effect: text(), request: text() }),
  holders: object<accesses.HolderRecord>({ tenant, user: text(), role: text(), project: text() }),
  followUps: object<records.FollowUpsRecord>({ tenant, open: listOf(glassBroken) }),
  accesses: object<accesses.AccessRecord>({ ...resource, access, head }),
  idempotencyKeys: object<records.IdempotencyRecord>({
    tenant,
    actor: text(),
    key: text(),
    asked: text(),
    answer: json,
    dueAt: whole,
  }),
}
