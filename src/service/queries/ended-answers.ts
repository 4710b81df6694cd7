import type { ReviewEvent } from '../../core/request/model/event.ts'
import { ownerOf } from '../../core/review/giver.ts'
import type { Review } from '../../core/review/under-review.ts'
import { type NumberedEvent, verdicts } from './timeline-entries.ts'
import type { ReviewCounts } from './timeline-entry.ts'

/** What ended an answer. */
export type AnswerEnd = Extract<ReviewCounts, { readonly since: number }>

/** An event that is an answer. */
export type AnswerEvent = ReviewEvent & { readonly type: keyof typeof verdicts }

/** Tells whether an event is an answer. */
export function isAnswer(event: NumberedEvent['event']): event is AnswerEvent {
  return Object.hasOwn(verdicts, event.type)
}

/** Finds the answer of an event among those that stand. */
export function standingAnswer(event: AnswerEvent, reviews: readonly Review[]): Review | undefined {
  return reviews.find((one) => {
    return ownerOf(one) === ownerOf(event) && one.at === event.at && one.verdict === verdicts[event.type]
  })
}

/** Tells what ended an answer among the events after it; `undefined` if none of these did. */
export function endOfAnswer(
  answer: AnswerEvent,
  later: readonly NumberedEvent[],
  before?: AnswerEnd,
): AnswerEnd | undefined {
  let end = before
  for (const { seq, event } of later) {
    if (end !== undefined && end.because !== 'edited' && end.because !== 'taken_back') return end
    if ('pinned' in event) {
      end = standingAnswer(answer, event.pinned.reviews) ? undefined : (end ?? ended('edited', seq))
    } else if (event.type === 'recalled' || event.type === 'returned') {
      end ??= ended('taken_back', seq)
    } else if (event.type === 'withdrawn') {
      if (ownerOf(event) === ownerOf(answer)) end ??= ended('withdrawn', seq)
    } else if (isAnswer(event) && [ownerOf(event), ...(event.replaces ?? [])].includes(ownerOf(answer))) {
      end ??= ended('answered_again', seq)
    }
  }
  return end
}

function ended(because: AnswerEnd['because'], since: number): AnswerEnd {
  return { counts: false, because, since }
}
