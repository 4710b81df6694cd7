/** What notices can be about: their types. */
export const noticeTypes = [
  ...(['submitted', 'changes_requested', 'approved', 'applied', 'rejected', 'cancelled', 'expired', 'failed'] as const),
  ...([
    'described',
    'recalled',
    'returned',
    'schedule_dropped',
    'withheld',
    'reviews_dismissed',
    'reminded',
    'deadline_near',
    'stale',
    'escalated',
    'unsatisfiable',
    'approvals_lapsed',
  ] as const),
  ...(['bypassed', 'glass_broken', 'follow_up_pending', 'follow_up_done', 'delegated', 'delegation_ended'] as const),
  ...(['made_editor', 'policy_power_given', 'refusals_counted', 'stranded', 'workflow_on', 'workflow_off'] as const),
] as const

/** The type of a notice. */
export type NoticeType = (typeof noticeTypes)[number]

/** A message to people about an event. */
export interface Notice {
  /** Stable: the same notice, delivered again after a crash, has the same id. */
  readonly id: string
  readonly tenant: string
  /**
   * What it is about: `submitted`, or the state that the request came into, `recalled` or `returned` if that is a draft
   * again; `described` when the requester added to the reason; `bypassed`, `schedule_dropped`, `withheld` when it was
   * approved and not applied, since its requester could not make it any more; or `reviews_dismissed` when new content
   * dismissed answers; `reminded` and `escalated` when nobody answered for long, `unsatisfiable` when nobody could;
   * `deadline_near` before a request ends, or misses the time that it is scheduled for: at its `deadline`;
   * `stale` when a resource of an open request has moved on, so that the request cannot be applied as it is;
   * `approvals_lapsed` when approvals were given too long ago to count;
   * `glass_broken`, `follow_up_pending` once that is overdue, `follow_up_done`; `delegated` and `delegation_ended` to
   * whoever answers for somebody;
   * `policy_power_given` to whoever may change policies, once somebody was given a role that these name: the policies
   * are its resources; `stranded` to whoever may change the settings, once somebody has left and nobody can satisfy
   * some `requests`, or policies, which are its resources.
   */
  readonly type: NoticeType
  /** Ids of the people to tell. */
  readonly to: readonly string[]
  /** The request that it is about, if there is one. */
  readonly request?: string
  /** The requests that it is about, if they may be several: `stranded` alone has some, for whoever may read them. */
  readonly requests?: readonly string[]
  /** The resources that it is about. */
  readonly resources: readonly { readonly type: string; readonly id: string }[]
  /** When it happened, in milliseconds since 1970. */
  readonly at: number
  /** By when something has to be done, in milliseconds since 1970: `deadline_near` alone says so. */
  readonly deadline?: number
  /** Who did it. */
  readonly by: string
  /** What the person who did it said. */
  readonly reason?: string
}

/** Delivers notices. Implement it to reach people by mail, in a chat, or wherever they are. */
export interface Notifier {
  /** Names the notifier in the outbox: two notifiers of one installation have different names. */
  readonly name: string

  /**
   * Delivers one notice.
   *
   * May be called again with the same `notice.id` after a crash: use it to deliver once.
   *
   * @throws Anything: the notice stays in the outbox and is tried again later.
   */
  deliver(notice: Notice): Promise<void>
}
