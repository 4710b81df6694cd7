import { inForce } from '../../core/request/decide/request-outcome.ts'
import { isOpen } from '../../core/request/model/status-table.ts'
import { type NotCounted, uncountedApprovals } from '../../core/review/standing.ts'
import type { Review } from '../../core/review/under-review.ts'
import type { Context } from '../context/context.ts'
import { askedNow } from '../facts/effective-requirements.ts'
import { peopleOf, withExcepted } from '../facts/people-of-request.ts'
import { type AnswerEnd, endOfAnswer, isAnswer, standingAnswer } from './ended-answers.ts'
import type { StoredRequest } from './read-request.ts'
import { eventsOf } from './request-events.ts'
import type { NumberedEvent } from './timeline-entries.ts'
import type { ReviewCounts } from './timeline-entry.ts'

/** How many events are read at once. */
const portion = 200

/** Judges the answers among some events: whether each counts now, by the number of its event. */
export async function answerStandings(
  context: Context,
  stored: StoredRequest,
  events: readonly NumberedEvent[],
): Promise<ReadonlyMap<number, ReviewCounts>> {
  const { request } = stored
  const answers = events.flatMap(({ seq, event }, at) => (isAnswer(event) ? { seq, event, at } : []))
  if (answers.length === 0) return new Map()
  const ends = await endsOf(context, stored, events)
  const uncounted = isOpen(request.status) ? await uncountedNow(context, stored) : undefined
  return new Map(
    answers.flatMap(({ seq, event }): readonly (readonly [number, ReviewCounts])[] => {
      const end = ends.get(seq)
      if (end) return [[seq, end]]
      const review = uncounted && standingAnswer(event, request.reviews)
      if (!review) return []
      const because = uncounted.get(review)
      return [[seq, because ? { counts: false, because } : { counts: true }]]
    }),
  )
}

/** Finds what ended each answer: among the events themselves, or else among those that follow. */
async function endsOf(
  context: Context,
  { request }: StoredRequest,
  events: readonly NumberedEvent[],
): Promise<ReadonlyMap<number, AnswerEnd>> {
  const ends = new Map<number, AnswerEnd>()
  let open: NumberedEvent[] = []
  for (const [at, one] of events.entries()) {
    if (!isAnswer(one.event)) continue
    const end = endOfAnswer(one.event, events.slice(at + 1))
    if (end) ends.set(one.seq, end)
    const isOver = end?.because === 'withdrawn' || end?.because === 'answered_again'
    const stands = standingAnswer(one.event, request.reviews) !== undefined
    if (!isOver && stands === (end !== undefined)) open.push(one)
  }
  for (let after = events.at(-1)?.seq ?? request.head.seq; open.length > 0 && after < request.head.seq; ) {
    const later = await eventsOf(context, request, { after, limit: portion })
    if (later.length === 0) break
    open = open.filter((one) => {
      if (!isAnswer(one.event)) return false
      const end = endOfAnswer(one.event, later, ends.get(one.seq))
      if (end) ends.set(one.seq, end)
      else ends.delete(one.seq)
      return (standingAnswer(one.event, request.reviews) !== undefined) === (end !== undefined)
    })
    after = later.at(-1)?.seq ?? request.head.seq
  }
  return ends
}

/** Judges the answers of an open request by the people and the policies of now. */
async function uncountedNow(
  context: Context,
  { request, settings }: StoredRequest,
): Promise<ReadonlyMap<Review, NotCounted>> {
  const [asked, users] = await Promise.all([askedNow(context, request, settings), peopleOf(context, request, [])])
  const people = await withExcepted(context, request, { users, requirements: asked.requirements })
  return uncountedApprovals({ ...request, ...inForce(request, asked), at: context.now() }, people)
}
