/** The states of a request. */
export type RequestStatus =
  | 'draft'
  | 'pending'
  | 'changes_requested'
  | 'approved'
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
  /** Who has an answer standing in this round. */
  | 'reviewer'
  /** Whom every matching policy lets bypass it. */
  | 'bypasser'
  /** Nobody: time. */
  | 'clock'

/** A verb that acts on a request: in which states it exists, for whom, and which states it can lead to. */
export interface VerbRow {
  readonly from: readonly RequestStatus[]
  readonly by: Role
  readonly to: readonly RequestStatus[]
}

const open = ['pending', 'changes_requested', 'approved'] as const
const settled = ['pending', 'approved', 'applied', 'failed'] as const
const asked = ['pending', 'applied', 'failed'] as const

/**
 * Every verb on a request that exists. The decisions, the documentation and the tests of every cell are made from this table.
 *
 * A verb that is not listed in a state is refused there with `not_open`.
 */
export const verbs = {
  edit: { from: ['draft', ...open], by: 'anyone', to: ['draft', 'changes_requested', ...settled] },
  submit: { from: ['draft'], by: 'requester', to: asked },
  resubmit: { from: ['changes_requested'], by: 'requester', to: ['pending'] },
  reopen: { from: ['rejected', 'cancelled', 'expired', 'failed'], by: 'requester', to: asked },
  rebase: { from: ['draft', ...open, 'failed'], by: 'anyone', to: ['draft', 'changes_requested', ...settled] },
  resolve: { from: ['draft', ...open], by: 'anyone', to: ['draft', 'changes_requested', ...settled] },
  schedule: { from: ['draft', ...open], by: 'requester', to: ['draft', 'changes_requested', 'pending'] },
  unschedule: { from: ['draft', ...open], by: 'requester', to: ['draft', 'changes_requested', 'pending'] },
  approve: { from: ['pending', 'changes_requested'], by: 'approver', to: ['changes_requested', ...settled] },
  reject: { from: open, by: 'approver', to: ['rejected', 'pending', 'changes_requested'] },
  request_changes: { from: open, by: 'approver', to: ['changes_requested'] },
  withdraw: { from: open, by: 'reviewer', to: ['changes_requested', ...settled] },
  comment: { from: ['draft', ...open], by: 'anyone', to: ['draft', ...open] },
  recall: { from: open, by: 'requester', to: ['draft'] },
  cancel: { from: open, by: 'requester', to: ['cancelled'] },
  discard: { from: ['draft'], by: 'requester', to: ['cancelled'] },
  apply: { from: ['approved'], by: 'anyone', to: ['applied', 'failed'] },
  retry: { from: ['failed'], by: 'anyone', to: ['applied', 'failed'] },
  bypass: { from: ['pending', 'changes_requested', 'approved'], by: 'bypasser', to: ['applied'] },
  come_due: { from: ['approved'], by: 'clock', to: ['applied', 'failed', 'pending'] },
  expire: { from: open, by: 'clock', to: ['expired'] },
} as const satisfies Readonly<Record<string, VerbRow>>

/** The verbs that act on a request. */
export type RequestVerb = keyof typeof verbs

/** The names of the verbs. */
export const verbNames = Object.keys(verbs) as readonly RequestVerb[]

/** The names of the states. */
export const statuses: readonly RequestStatus[] = [
  'draft',
  'pending',
  'changes_requested',
  'approved',
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

/** Tells whether a request in this state waits for reviewers, or to be applied. */
export function isOpen(status: RequestStatus): boolean {
  return (open as readonly RequestStatus[]).includes(status)
}
