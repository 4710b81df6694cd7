import { defined } from '../../core/defined.ts'
import { askingFreezesIn } from '../../core/policy/model/requirement.ts'
import { commentId } from '../../core/request/model/comment.ts'
import type {
  BeganEvent,
  CommentedEvent,
  CommentSettledEvent,
  ContentEvent,
  RequestEvent,
  ResourceName,
  ReviewEvent,
} from '../../core/request/model/event.ts'
import { scheduleOf } from '../../core/request/model/schedule.ts'
import type { Verdict } from '../../core/review/under-review.ts'
import type { BroughtContent, ReviewCounts, TimelineEntry } from './timeline-entry.ts'

/** An event of a request with its number. */
export interface NumberedEvent {
  readonly seq: number
  readonly event: RequestEvent
}

/** What an event does not say of itself. */
export interface EntryFacts {
  readonly request: string
  /** What the content is different in, for an event that brought one. */
  readonly content?: Pick<BroughtContent, 'changed' | 'notKept'> | undefined
  /** Whether the answer counts, for an event that is one. */
  readonly standing?: ReviewCounts | undefined
  /** Which resources are out of reach for the reader: what was said about one is not told. */
  readonly hidden: (resource: ResourceName) => boolean
}

/** Shows an event as an entry of a timeline. */
export function timelineEntry({ seq, event }: NumberedEvent, facts: EntryFacts): TimelineEntry {
  const { by, via, at } = event
  const text = isHidden(event, facts) ? undefined : event.reason
  const { status } = event.outcome
  const happened = { seq, by, via, at, status }
  const said = text === undefined ? {} : { text }
  return Object.assign(happened, said, endedBy(event), ownPart(event, facts)) as TimelineEntry
}

/** What is told only of an event of this type. */
type OwnPart<E = TimelineEntry> = E extends TimelineEntry ? Omit<E, SaidByAll> : never
type SaidByAll = 'seq' | 'by' | 'via' | 'at' | 'text' | 'status' | 'revisions' | 'failure'

function ownPart(event: RequestEvent, facts: EntryFacts): OwnPart {
  switch (event.type) {
    case 'drafted':
    case 'submitted':
    case 'resubmitted':
    case 'reopened':
    case 'taken_over':
    case 'asked_anew':
      return { type: 'submission', event: event.type, ...contentOfEntry(event, facts) }
    case 'edited':
    case 'rebased':
    case 'resolved':
      return { type: 'edit', event: event.type, ...contentOfEntry(event, facts) }
    case 'scheduled':
    case 'unscheduled':
      return { type: 'schedule', event: event.type, ...contentOfEntry(event, facts) }
    case 'time_set':
      return { type: 'schedule', event: event.type, ...defined({ applyAt: event.applyAt }) }
    case 'schedule_dropped':
      return { type: 'schedule', event: event.type, ...defined({ late: event.late }) }
    case 'approved':
    case 'rejected':
    case 'changes_requested':
      return reviewPart(event.type, event, facts)
    case 'withdrawn':
      return { type: 'review', event: event.type, ...defined({ onBehalfOf: event.onBehalfOf }) }
    case 'commented':
    case 'comment_resolved':
    case 'comment_reopened':
      return commentPart(event, facts)
    case 'described':
      return { type: 'description', event: event.type }
    case 'escalated':
      return { type: 'escalation', event: event.type, policies: event.policies }
    case 'reminded':
    case 'approvals_lapsed':
      return { type: 'escalation', event: event.type }
    case 'warned':
      return { type: 'escalation', event: event.type, deadline: event.deadline }
    case 'glass_broken':
      return { type: 'application', event: event.type, ...passing(event, event.incident) }
    case 'bypassed':
      return { type: 'application', event: event.type, ...passing(event) }
    case 'claimed':
    case 'put_off':
    case 'applied':
    case 'failed':
    case 'resumed':
      return { type: 'application', event: event.type }
    case 'follow_up_reviewed':
      return { type: 'follow_up', event: event.type, done: event.done }
    case 'recalled':
    case 'returned':
    case 'cancelled':
    case 'discarded':
      return { type: 'ending', event: event.type }
    case 'expired':
      return { type: 'ending', event: event.type, ...defined({ missed: event.missed }) }
  }
}

function passing({ freezes }: { readonly freezes?: readonly string[] }, incident?: string) {
  return defined({ incident, freezes })
}

function reviewPart(type: AnswerType, { digest, onBehalfOf, details }: ReviewEvent, { standing }: EntryFacts): OwnPart {
  const more = defined({ onBehalfOf, details, standing })
  return { type: 'review', event: type, verdict: verdicts[type], digest, ...more }
}

function isHidden(event: RequestEvent, { hidden }: EntryFacts): boolean {
  return event.type === 'commented' && event.anchor !== undefined && hidden(event.anchor.resource)
}

function commentPart(event: CommentedEvent | CommentSettledEvent, facts: EntryFacts): OwnPart {
  const { request } = facts
  const anchor = event.type === 'commented' && !isHidden(event, facts) ? event.anchor : undefined
  return { type: 'comment', event: event.type, comment: commentId(request, event.comment), ...defined({ anchor }) }
}

/** What happens to a request beside its answers and its content, and leaves it in the state that it was in. */
const beside: readonly RequestEvent['type'][] = [
  'commented',
  'comment_resolved',
  'comment_reopened',
  'described',
  'reminded',
  'follow_up_reviewed',
  'time_set',
  'approvals_lapsed',
  'warned',
]

function endedBy({ type, outcome }: RequestEvent) {
  if (beside.includes(type)) return {}
  if (outcome.status === 'applied') return { revisions: outcome.revisions }
  return outcome.status === 'failed' ? { failure: outcome.failure } : {}
}

function contentOfEntry({ pinned }: BeganEvent | ContentEvent, { content }: EntryFacts): BroughtContent {
  const { round, digest, reason } = pinned
  const asking = askingFreezesIn(pinned.requirements).map(({ freeze }) => freeze)
  const freezes = asking.length > 0 ? asking : undefined
  return { round, digest, ...(content ?? { changed: [] }), ...scheduleOf(pinned), ...defined({ reason, freezes }) }
}

type AnswerType = Exclude<ReviewEvent['type'], 'withdrawn'>

/** The answer that an event is. */
export const verdicts: Readonly<Record<AnswerType, Verdict>> = {
  approved: 'approve',
  rejected: 'reject',
  changes_requested: 'request_changes',
}
