import { verbPhrases } from '../../../errors/verb-phrases.ts'

/** The states of a request. */
export type RequestStatus =
  | 'draft'
  | 'pending'
  | 'changes_requested'
  | 'approved'
  | 'applying'
  | 'applied'
  | 'rejected'
  | 'cancelled'
  | 'expired'
  | 'failed'

/** Who may use a verb, as far as the request itself can say. */
export type Role =
  /** Whoever the directory knows. */
  | 'anyone'
  /** Who made the request. */
  | 'requester'
  /** Whom a policy asks, or who holds a veto, and who is not kept out by a rule of conduct. */
  | 'approver'
  /** Who made the request or the comment, edited the content, has answered, or could object. */
  | 'participant'
  /** Who has an answer standing in this round. */
  | 'reviewer'
  /** Whom every matching policy lets bypass it. */
  | 'bypasser'
  /** Whom every matching policy lets break glass. */
  | 'breaker'
  /** Who may change the approval settings, of what somebody who is gone has left behind. */
  | 'custodian'
  /** Nobody: time. */
  | 'clock'
  /** Nobody: whoever carries a change to a resource that is kept outside of the database. */
  | 'worker'

/** A verb that acts on a request: in which states it exists, for whom, and which states it can lead to. */
export interface VerbRow {
  /**
   * The method of `requests` that people give it by; absent for what the clock does. Of several verbs of one method,
   * the state tells which is meant.
   */
  readonly method?: string
  readonly from: readonly RequestStatus[]
  readonly by: Role
  readonly to: readonly RequestStatus[]
  /** What the verb brings, or puts to reviewers. Absent: the content stays as it is. */
  readonly brings?: 'content'
  /** What the actor must be permitted besides: to edit the resources, or to bypass policies. */
  readonly takes?: 'edit' | 'bypass'
  /** Whether it is decided on the request alone: nobody's roles, no policy in force and no delegation matter. */
  readonly alone?: true
  /** Whether follow-up reviews that are still to be done matter. */
  readonly readsFollowUps?: true
  /** Whether it brings an open request no nearer to being applied, so that it exists while the workflow is off. */
  readonly idle?: true
  /** Whether it brings a failed request nearer to being applied, so that the workflow must be on. */
  readonly resumes?: true
  /** Whether it exists on a failed request whose deadline has come. */
  readonly outlasts?: true
}

const open = ['pending', 'changes_requested', 'approved'] as const
const landing = ['applying', 'applied', 'failed'] as const
const settled = ['pending', 'approved', ...landing] as const
const asked = ['pending', 'approved', ...landing] as const
/** What could only fail is not put to anybody. */
const putForward = ['pending', 'approved', 'applying', 'applied'] as const
const ended = ['applying', 'applied', 'rejected', 'cancelled', 'expired', 'failed'] as const
const talk = {
  from: ['draft', ...open, ...ended],
  to: ['draft', ...open, ...ended],
  idle: true,
  outlasts: true,
} as const
const content = { brings: 'content', takes: 'edit' } as const

/**
 * Every verb on a request that exists. The decisions, the documentation and the tests of every cell are made from
 * this table.
 *
 * A verb that is not listed in a state is refused there with `not_open`.
 */
export const verbs = {
  edit: {
    method: 'edit',
    from: ['draft', ...open],
    by: 'anyone',
    to: ['draft', 'changes_requested', ...settled],
    ...content,
  },
  submit: { method: 'submit', from: ['draft'], by: 'requester', to: putForward, ...content },
  resubmit: { method: 'submit', from: open, by: 'requester', to: putForward, ...content },
  reopen: {
    method: 'submit',
    from: ['rejected', 'cancelled', 'expired', 'failed'],
    by: 'requester',
    to: asked,
    ...content,
    outlasts: true,
  },
  rebase: {
    method: 'rebase',
    from: ['draft', ...open, 'failed'],
    by: 'anyone',
    to: ['draft', 'changes_requested', ...settled],
    ...content,
    resumes: true,
  },
  resolve: {
    method: 'resolve',
    from: ['draft', ...open, 'failed'],
    by: 'anyone',
    to: ['draft', 'changes_requested', ...settled],
    ...content,
    resumes: true,
  },
  schedule: {
    method: 'schedule',
    from: ['draft', ...open],
    by: 'requester',
    to: ['draft', 'changes_requested', 'pending', 'approved'],
    ...content,
  },
  unschedule: {
    method: 'schedule',
    from: ['draft', ...open],
    by: 'requester',
    to: ['draft', 'changes_requested', ...settled],
    ...content,
  },
  set_time: { method: 'setTime', from: open, by: 'anyone', to: open, takes: 'edit' },
  approve: {
    method: 'approve',
    from: open,
    by: 'approver',
    to: ['changes_requested', ...settled],
  },
  reject: { method: 'reject', from: open, by: 'approver', to: ['rejected', 'pending', 'changes_requested'] },
  request_changes: { method: 'requestChanges', from: open, by: 'approver', to: ['changes_requested'] },
  withdraw: { method: 'withdraw', from: open, by: 'reviewer', to: ['changes_requested', ...settled], idle: true },
  comment: { method: 'comment', by: 'anyone', ...talk },
  resolve_comment: { method: 'resolveComment', by: 'participant', ...talk },
  reopen_comment: { method: 'reopenComment', by: 'anyone', ...talk },
  describe: { method: 'describe', from: open, by: 'requester', to: open, idle: true },
  recall: { method: 'recall', from: open, by: 'requester', to: ['draft'], idle: true },
  cancel: { method: 'cancel', from: open, by: 'requester', to: ['cancelled'], idle: true },
  discard: { method: 'cancel', from: ['draft'], by: 'requester', to: ['cancelled'] },
  take_over: {
    method: 'takeOver',
    from: ['draft', ...open, 'expired', 'failed'],
    by: 'custodian',
    to: ['draft', ...asked],
    ...content,
    outlasts: true,
  },
  apply: { method: 'apply', from: ['approved'], by: 'anyone', to: landing, takes: 'edit' },
  retry: { method: 'apply', from: ['failed'], by: 'anyone', to: landing, takes: 'edit', resumes: true },
  abandon: { method: 'abandon', from: ['applying'], by: 'anyone', to: ['failed'], takes: 'edit' },
  bypass: { method: 'bypass', from: open, by: 'bypasser', to: ['applying', 'applied'], takes: 'bypass' },
  break_glass: {
    method: 'breakGlass',
    from: open,
    by: 'breaker',
    to: ['applying', 'applied'],
    takes: 'bypass',
    readsFollowUps: true,
  },
  follow_up: {
    method: 'followUp',
    from: ['applied', 'failed'],
    by: 'approver',
    to: ['applied', 'failed'],
    readsFollowUps: true,
    outlasts: true,
  },
  come_due: { from: ['approved'], by: 'clock', to: [...landing, 'pending', 'approved', 'expired'] },
  expire: { from: open, by: 'clock', to: ['expired'], alone: true, idle: true },
  lapse: { from: ['pending', 'approved'], by: 'clock', to: ['pending', 'approved'], idle: true },
  escalate: { from: ['pending'], by: 'clock', to: settled },
  resume: { from: ['pending', 'changes_requested'], by: 'clock', to: settled },
  warn: { from: open, by: 'clock', to: open, alone: true },
  return: { from: open, by: 'clock', to: ['draft'], alone: true, idle: true },
  confirm: { from: ['applying'], by: 'worker', to: landing },
  reclaim: { from: ['applying'], by: 'clock', to: ['applying'] },
  remind: {
    from: ['pending', 'approved', 'applied', 'failed'],
    by: 'clock',
    to: ['pending', 'approved', 'applied', 'failed'],
    alone: true,
    outlasts: true,
  },
} as const satisfies Readonly<Record<string, VerbRow>>

/** The verbs that act on a request. */
export type RequestVerb = keyof typeof verbs

/** Every verb has a phrase, and none is without a verb. */
verbPhrases satisfies Readonly<Record<RequestVerb, string>>

/** The row of a verb. */
export function rowOf(verb: RequestVerb): VerbRow {
  return verbs[verb]
}

/** The verbs that people use. */
export type PeopleVerb = {
  [V in RequestVerb]: (typeof verbs)[V] extends { readonly method: string } ? V : never
}[RequestVerb]

/** What time does to a request. */
export type ClockVerb = {
  [V in RequestVerb]: (typeof verbs)[V]['by'] extends 'clock' ? V : never
}[RequestVerb]

/** What time does to a request when it has come: an expiry, a schedule, a reminder, a warning. */
export type TimedVerb = Exclude<ClockVerb, 'return'>

/** The method that gives a verb. */
export type MethodOf<V extends PeopleVerb> = (typeof verbs)[V]['method']

/** The methods that act on a request. */
export type RequestMethod = MethodOf<PeopleVerb>

/** The names of the verbs. */
export const verbNames = Object.keys(verbs) as readonly RequestVerb[]

/** The verbs that people use. */
export const peopleVerbs = verbNames.filter((verb): verb is PeopleVerb => 'method' in verbs[verb])

/** The methods, in the order of the table. */
export const requestMethods: readonly RequestMethod[] = [...new Set(peopleVerbs.map((verb) => verbs[verb].method))]

/** The verb that a method means in a state: the first one that exists there, or else the first one. */
export function verbBy(method: RequestMethod, status: RequestStatus): PeopleVerb {
  const all = peopleVerbs.filter((verb) => verbs[verb].method === method)
  return all.find((verb) => allows(status, verb)) ?? (all[0] as PeopleVerb)
}

/** The names of the states. */
export const statuses: readonly RequestStatus[] = [
  'draft',
  'pending',
  'changes_requested',
  'approved',
  'applying',
  'applied',
  'rejected',
  'cancelled',
  'expired',
  'failed',
]

/** Tells whether a verb exists in a state. */
export function allows(status: RequestStatus, verb: RequestVerb): boolean {
  return (verbs[verb].from as readonly RequestStatus[]).includes(status)
}

/** The states in which a request waits for reviewers, or to be applied. */
export const openStatuses: readonly RequestStatus[] = open

/** Tells whether a request in this state waits for reviewers, or to be applied. */
export function isOpen(status: RequestStatus): boolean {
  return openStatuses.includes(status)
}
