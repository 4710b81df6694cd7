import { expect } from 'vitest'
import { defined } from '../../../src/core/defined.ts'
import type { JsonValue } from '../../../src/core/json/json.ts'
import type { Evaluation } from '../../../src/core/policy/model/policy.ts'
import type { Escalation, PinnedRequirement, Requirement } from '../../../src/core/policy/model/requirement.ts'
import { defaultRules, type RulesOfConduct } from '../../../src/core/policy/model/rules-of-conduct.ts'
import { decide } from '../../../src/core/request/decide/decide.ts'
import { draft, submit } from '../../../src/core/request/decide/decide-submission.ts'
import type {
  CommentCommand,
  ConfirmCommand,
  Facts,
  NextContent,
  RequestCommand,
  TargetFacts,
} from '../../../src/core/request/model/command.ts'
import type { Content, ProposedChange } from '../../../src/core/request/model/content.ts'
import type { Decision, FactName } from '../../../src/core/request/model/decision.ts'
import type { LaterEvent } from '../../../src/core/request/model/event.ts'
import { begin, evolve } from '../../../src/core/request/model/evolve.ts'
import type { PendingFollowUp } from '../../../src/core/request/model/follow-up.ts'
import { planRevert } from '../../../src/core/request/model/planned-revert.ts'
import type { Request } from '../../../src/core/request/model/request.ts'
import { type Schedule, scheduleOf } from '../../../src/core/request/model/schedule.ts'
import type { RequestStatus } from '../../../src/core/request/model/status-table.ts'
import type { Delegation } from '../../../src/core/review/delegation.ts'
import type { KnownUsers } from '../../../src/core/review/under-review.ts'
import type { KnownUser } from '../../../src/core/review/voter.ts'
import type { ErrorCode } from '../../../src/errors/error-details.ts'
import { type Result, refuse } from '../../../src/errors/result.ts'

export const hour = 60 * 60 * 1000
export const day = 24 * hour
export const start = Date.UTC(2026, 0, 5, 9)

/** Ann asks; Ben, Cat and Dan are leads; Amy is a lead and another account of Ann's; Root may bypass; Eve has no role. */
export const office = people({
  ann: { roles: ['developer'] },
  amy: { person: 'ann', roles: ['lead'] },
  ben: { roles: ['lead'] },
  cat: { roles: ['lead', 'legal'] },
  dan: { roles: ['lead'] },
  eve: { roles: [] },
  root: { roles: ['admin'] },
})

/** Makes a directory's answer. Whoever is not in it is not known. */
export function people(
  all: Readonly<Record<string, { readonly person?: string; readonly roles: readonly string[] }>>,
): KnownUsers {
  return new Map(
    Object.entries(all).map(([id, { person = id, roles }]): [string, KnownUser] => [id, { id, person, roles }]),
  )
}

/** A change of one flag: its rollout from 40 to a number, or whatever else is given. */
export function rollout(to: number, more: Partial<ProposedChange> = {}): ProposedChange {
  return {
    resource: { type: 'flag', id: 'checkout' },
    project: 'web',
    base: 1,
    incarnation: 1,
    actions: ['update'],
    places: [{ type: 'changed', path: '/rollout', before: 40, after: to }],
    after: { rollout: to } as JsonValue,
    ...more,
  }
}

export const leads = (quorum: number): Requirement => ({ quorum, from: { roles: ['lead'] } })

/** What policies ask, in a form that is short to write. */
export interface Asked {
  readonly require?: Requirement
  readonly requirements?: readonly PinnedRequirement[]
  readonly rules?: Partial<RulesOfConduct>
  readonly escalate?: Escalation
}

/** One lead, and the rules that hold where a policy says nothing, unless said otherwise. */
export function asks({ require = leads(1), requirements, rules, escalate }: Asked = {}): Evaluation {
  return {
    requirements: requirements ?? [{ policy: 'reviewed', version: 1, require, ...(escalate ? { escalate } : {}) }],
    rules: { ...defaultRules, ...rules },
  }
}

/** A command in a form that is short to write: `by` is a user id, `at` an hour after the submission where left out. */
export interface Said {
  readonly type: RequestCommand['type']
  readonly by?: string
  readonly at?: number
  readonly reason?: string
  /** The digest that a reviewer saw: the current one where left out. */
  readonly seen?: string
  readonly onBehalfOf?: string
  /** What the host has, of a change on its way, by the claim with this number: the last one where left out. */
  readonly found?: ConfirmCommand['found']
  readonly fence?: number
  readonly problem?: string
  readonly isOver?: true
  /** The number of a comment: the first one where left out. */
  readonly comment?: number
  readonly anchor?: CommentCommand['anchor']
  /** The time that is set. */
  readonly time?: number
}

/** Facts that are not what they usually are. */
export interface Otherwise {
  readonly users?: KnownUsers
  /** What the policies ask by now of the content under review; what was pinned where left out. */
  readonly now?: Asked
  readonly target?: Partial<TargetFacts> | 'unread'
  /** The comment that the command names; one that Eve made where left out. */
  readonly comment?: Facts['comment'] | 'unread'
  /** The stored changes; those of the content where left out. */
  readonly changes?: 'unread'
  readonly delegation?: Delegation
  readonly followUps?: readonly PendingFollowUp[] | 'unread'
  /** Since which state of the settings what waited before goes back to being a draft. What is put to reviewers here is pinned from state 1. */
  readonly switchedOff?: number
  /** Whether the workflow is held, and when it was. */
  readonly held?: true
  readonly custodian?: Facts['custodian']
  readonly withheld?: Facts['withheld']
  /** Whether a resource is recorded to have moved on. */
  readonly moved?: true
  readonly outdated?: Facts['outdated']
  readonly holds?: Facts['holds']
  /** The content that the command brings. Where left out: the same again, as far as such a command can leave it the same. */
  readonly next?: (Partial<NextContent> & { readonly asks?: Asked; readonly atOnce?: true }) | 'unread'
}

/** A request with the content that is kept beside it, and what the policies ask of that. */
export interface Held {
  readonly request: Request
  readonly content: Content
  readonly asked: Evaluation
}

/** Something that happened to a request. */
export type Step = (held: Held) => Held

/** How a request begins. */
export type Beginning = () => Held

/** A request that Ann submits, or drafts. */
export function submitted({
  changes = [rollout(80)],
  applyAt,
  openTime,
  applyBy,
  revertAt,
  by = 'ann',
  reason,
  verb = 'submit',
  ...asked
}: Asked &
  Schedule & {
    readonly changes?: readonly ProposedChange[]
    readonly by?: string
    readonly reason?: string
    readonly verb?: 'submit' | 'draft'
  } = {}): Beginning {
  return () => {
    const content: Content = { changes, ...defined({ applyAt, openTime, applyBy, revertAt }) }
    const evaluation = asks(asked)
    const next: NextContent = { ...content, before: [], evaluation, policySet: policyState(1), gated: false }
    const command = { id: 'r1', by: actor(by), at: start, ...(reason === undefined ? {} : { reason }) }
    const submission = accepted({ submit, draft }[verb](command, { users: office, next }))
    if (submission.type === 'direct') throw new TypeError('Nothing gates this submission.')
    return { request: begin(submission.event), content, asked: evaluation }
  }
}

/** What takes back a change that was approved until that time: the rollout from 80 to 40. */
export function plannedRevert(revertAt: number): Beginning {
  return () => {
    const { request } = approved('ben')(submitted({ revertAt })())
    const places = [{ type: 'changed', path: '/rollout', before: 80, after: 40 }] as const
    const changes = [rollout(40, { base: 2, places })]
    const planned = begin(planRevert({ ...request, revertAt }, { changes, at: start }))
    return { request: planned, content: { changes, applyAt: revertAt }, asked: asks({ requirements: [] }) }
  }
}

/** A request that Ann drafts. */
export const drafted = (options: Parameters<typeof submitted>[0] = {}) => submitted({ ...options, verb: 'draft' })

/** Anything else that happened: a command that was accepted. */
export function done(said: Said, otherwise: Otherwise = {}): Step {
  return (held) => {
    const { command, facts } = askedOf(held, said, otherwise)
    const event = accepted(decided(decide(command, held.request, facts)))
    const { next } = facts
    return {
      request: evolve(held.request, event),
      ...(next ? { content: contentOf(next), asked: next.evaluation } : { content: held.content, asked: held.asked }),
    }
  }
}

export const approved = (by: string, otherwise: Otherwise = {}) => done({ type: 'approve', by }, otherwise)
export const rejected = (by: string, otherwise: Otherwise = {}) => done({ type: 'reject', by, reason: 'no' }, otherwise)
export const changesRequested = (by: string) => done({ type: 'request_changes', by, reason: 'smaller' })
/** Root has broken the glass. */
export const glassBroken = done({ type: 'break_glass', by: 'root', reason: 'it burns' })
/** A review that Root owes for another request. */
export const owed: PendingFollowUp = {
  request: 'r0',
  by: 'root',
  person: 'root',
  incident: 'INC-0',
  policies: ['other'],
  at: start,
  dueAt: start + day,
}
/** The resource is kept outside of the database, and was claimed six times before. */
export const outside = { outside: { resource: { type: 'flag', id: 'checkout' }, fence: 6, lease: hour } } as const
/** A freeze that queues keeps everything off for an hour. */
export const queued = {
  frozen: {
    resource: { type: 'flag', id: 'checkout' },
    freeze: 'release',
    mode: 'queue',
    reason: 'the release',
    freezes: ['release'],
    until: start + hour,
  },
} as const
/** The live revision has moved on. */
export const moved = { live: [9] } as const
/** The document is not valid any more: applied, the request fails. */
export const unfit = {
  invalid: refuse('invalid_by_schema', { resource: 'flag "checkout"', issues: [] }).refusal,
} as const

/** Begins a line about a request with what has happened to it. */
export function given(beginning: Beginning, ...steps: readonly Step[]) {
  const held = steps.reduce((before, step) => step(before), beginning())
  return {
    ...held,
    /** Says what is asked of it now. */
    when(said: Said, otherwise: Otherwise = {}) {
      const { command, facts } = askedOf(held, said, otherwise)
      const frozen = JSON.stringify([command, held.request])
      const decision = decide(command, held.request, facts)
      expect(JSON.stringify([command, held.request])).toBe(frozen)
      return {
        decision,
        /** The request as it is from then on; the same where the command was refused. */
        request: decision.ok ? evolve(held.request, decision.value) : held.request,
        /** Says what happens: the event, and the state that the request is in from then on. */
        yields(type: LaterEvent['type'], status: RequestStatus): Request {
          const event = accepted(decided(decision))
          expect({ type: event.type, status: event.outcome.status }).toEqual({ type, status })
          const next = evolve(held.request, event)
          expect(next.status).toBe(status)
          return next
        },
        /** Says which fact it still takes to say anything. */
        needs(fact: FactName): void {
          expect(decision).toEqual({ ok: false, needs: fact })
        },
        /** Says why nothing happens. */
        refuses(code: ErrorCode, details: object = {}): void {
          expect(decision).toMatchObject({ ok: false, refusal: { code, details } })
        },
      }
    },
  }
}

/** A decision that had all that it takes. */
function decided<T>(decision: Decision<T>): Result<T> {
  if (decision.ok || decision.refusal) return decision
  throw new TypeError(`The decision needs ${decision.needs}.`)
}

function askedOf(
  { request, content, asked: before }: Held,
  said: Said,
  {
    users = office,
    now,
    target,
    next,
    delegation,
    followUps = [],
    switchedOff,
    held,
    holds,
    custodian,
    withheld,
    moved,
    outdated,
    comment,
    changes,
  }: Otherwise,
) {
  const { type, by = 'ann', at = start + hour, reason, onBehalfOf } = said
  const origin = { by: actor(by), at, ...(reason === undefined ? {} : { reason }) }
  const { seen = request.digest } = said
  const command = commandOf(type, origin, {
    seen,
    incident: 'INC-1',
    found: said.found ?? 'next',
    fence: said.fence ?? request.application?.fence ?? 0,
    ...(said.problem === undefined ? {} : { problem: said.problem }),
    ...(said.isOver ? { isOver: said.isOver } : {}),
    comment: said.comment ?? 1,
    ...(said.anchor ? { anchor: said.anchor } : {}),
    ...(said.time === undefined ? {} : { time: said.time }),
    ...(onBehalfOf === undefined ? {} : { onBehalfOf }),
  })
  const inForce = now ? asks(now) : { requirements: request.requirements, rules: request.rules }
  const { asks: asked, atOnce, ...rest } = next === 'unread' || next === undefined ? {} : next
  const { applyAt: _applyAt, openTime: _openTime, applyBy: _applyBy, revertAt: _revertAt, ...unscheduled } = content
  const nextContent: NextContent = {
    ...(type === 'unschedule' || atOnce ? unscheduled : content),
    changes: content.changes.map((change) => again(type, change, request.edition)),
    before: content.changes,
    evaluation: asked ? asks(asked) : before,
    policySet: policyState(1),
    gated: false,
    ...rest,
  }
  const brings = (bringsContent(type) || next !== undefined) && next !== 'unread'
  const applies = brings ? contentOf(nextContent) : content
  const live = applies.changes.map(({ base }) => base)
  const facts: Facts = {
    users,
    ...inForce,
    ...(target === 'unread' ? {} : { target: { ...applies, live, ...target } }),
    ...(brings ? { next: nextContent } : {}),
    ...(delegation ? { delegations: [delegation] } : {}),
    ...(switchedOff === undefined ? {} : { switchedOff }),
    ...(comment === 'unread' ? {} : { comment: comment === undefined ? { by: 'eve' } : comment }),
    ...(changes === 'unread' ? {} : { changes: content.changes }),
    ...(held ? { held } : {}),
    ...(holds ? { holds } : {}),
    ...(custodian ? { custodian } : {}),
    ...(withheld ? { withheld } : {}),
    ...(moved ? { moved } : {}),
    ...(outdated ? { outdated } : {}),
    ...(followUps === 'unread' ? {} : { followUps }),
  }
  return { command, facts }
}

function commandOf(
  type: Said['type'],
  origin: Pick<RequestCommand, 'by' | 'at' | 'reason'>,
  {
    seen,
    incident,
    onBehalfOf,
    comment,
    anchor,
    time,
    ...arrival
  }: { seen: string; incident: string; onBehalfOf?: string; comment: number; time?: number } & Pick<
    CommentCommand,
    'anchor'
  > &
    Pick<ConfirmCommand, 'found' | 'fence'>,
): RequestCommand {
  switch (type) {
    case 'approve':
    case 'reject':
    case 'request_changes':
      return { type, ...origin, seen, ...(onBehalfOf === undefined ? {} : { onBehalfOf }) }
    case 'withdraw':
      return { type, ...origin, ...(onBehalfOf === undefined ? {} : { onBehalfOf }) }
    case 'set_time':
      return { type, ...origin, ...(time === undefined ? {} : { applyAt: time }) }
    case 'comment':
      return { type, ...origin, ...(anchor ? { anchor } : {}) }
    case 'resolve_comment':
    case 'reopen_comment':
      return { type, ...origin, comment }
    case 'break_glass':
      return { type, ...origin, seen, incident }
    case 'bypass':
    case 'follow_up':
      return { type, ...origin, seen }
    case 'confirm':
      return { type, ...origin, ...arrival }
    default:
      return { type, ...origin }
  }
}

/** A change with the same effect: on the next revision after a rebase, otherwise the same again, or with something beside it after an edit. */
function again(type: Said['type'], change: ProposedChange, edition: number): ProposedChange {
  if (type === 'rebase' || type === 'resolve') return { ...change, base: change.base + 1 }
  return type === 'edit' ? { ...change, after: { same: change.after, edition } } : change
}

function contentOf(content: Content): Content {
  return { changes: content.changes, ...scheduleOf(content) }
}

const bringing = ['edit', 'submit', 'resubmit', 'reopen', 'rebase', 'resolve', 'schedule', 'unschedule', 'take_over']
const bringsContent = (type: string) => bringing.includes(type)

function actor(user: string) {
  return { tenant: 'acme', user, via: 'app' }
}

function accepted<T>(decision: Result<T>): T {
  if (decision.ok) return decision.value
  throw new TypeError(`Refused: ${decision.refusal.message}`)
}

/** The settings of a tenant after so many changes. */
export function policyState(seq: number) {
  return { seq, hash: `hash ${seq}` }
}
