import type { Digest } from '../../json/digest.ts'
import { ownerOf } from '../../review/giver.ts'
import type { Review } from '../../review/under-review.ts'
import type { ContentEvent, Pinned } from './event.ts'
import type { Objection, Subject } from './objection.ts'
import type { Request } from './request.ts'
import { agreedSchedule, isSameSchedule, type Schedule } from './schedule.ts'

/**
 * How many objections a request remembers. None is forgotten: what would bring one more is refused, and a new request
 * begins anew.
 */
export const mostObjections = 200

/** What a request, or its next content, is about. */
export function rememberedSubject({ effect, ...pinned }: Pick<Pinned, 'effect' | keyof Schedule>): Subject {
  return { effect, ...agreedSchedule(pinned) }
}

/** Tells whether two contents do the same at the same time. */
export function isSameSubject(a: Subject, b: Subject): boolean {
  return a.effect === b.effect && isSameSchedule(a, b)
}

/** The answers of a request to its content, as it is now. */
export function currentReviews({ reviews, digest, round }: Request): readonly Review[] {
  return reviews.filter((review) => review.digest === digest && review.round === round)
}

/**
 * Tells whether a content command puts a request to its reviewers that had ended, so that it starts clean. What
 * failed has not ended.
 */
export function revives(type: ContentEvent['type'], { status }: Pick<Request, 'status'>): boolean {
  return type === 'reopened' && status !== 'failed'
}

/**
 * The objections that a request remembers after new content, or the same again: those that do not stand then, and
 * those that were about something else before.
 */
export function rememberedObjections(request: Request, { type, pinned }: ContentEvent): readonly Objection[] {
  const [here, there] = [rememberedSubject(request), rememberedSubject(pinned)]
  const ends = revives(type, request)
  const fell = rejections(request).filter(
    (one) => ends || !isSameSubject(here, there) || !pinned.reviews.some((other) => isSameAnswer(one, other)),
  )
  const all = noting(request, fell)
  if (ends) return all.map((objection) => ({ ...objection, isOver: true }))
  return type === 'submitted' ? all.map(({ stood, ...objection }) => objection) : all
}

/** The objections that a request remembers when it is taken back. */
export function putAside(request: Request): readonly Objection[] {
  const standing = rejections(request)
  return noting(request, standing).map((objection) =>
    standing.some((one) => isSameAnswer(one, objection)) ? { ...objection, stood: true } : objection,
  )
}

/** The objections that are left when answers are taken back, or others are given in their place. */
export function leftOf({ objections = [], reviews }: Request, after: readonly Review[]): readonly Objection[] {
  const gone = reviews.filter((review) => !after.some((other) => isSameAnswer(review, other)))
  return objections.filter((objection) => !gone.some((review) => isSameAnswer(review, objection)))
}

/** The request with the objections that it remembers. */
export function remembering(request: Request, objections: readonly Objection[]): Request {
  const { objections: _before, ...rest } = request
  return objections.length === 0 ? rest : { ...rest, objections }
}

/** A rejection that nobody has taken back, what it was about, and whether it stands in the way now. */
export interface Objected {
  readonly review: Review
  readonly about: readonly Subject[]
  readonly stands: boolean
}

/**
 * Lists the rejections of a request that nobody has taken back, those that stand last. What ended a request stood in
 * its way.
 */
export function objectionsOf(request: Request): readonly Objected[] {
  const standing = rejections(request)
  const { objections = [] } = request
  return [
    ...objections
      .filter((one) => !standing.some((other) => isSameAnswer(one, other)))
      .map((one) => ({ review: one, about: one.about, stands: false })),
    ...standing.map((review) => {
      const { about = [] } = objections.find((one) => isSameAnswer(one, review)) ?? {}
      return { review, about: [...about, rememberedSubject(request)], stands: true }
    }),
  ]
}

/** The effects that somebody objects to, of all that a request was about: under these it is found by its twins. */
export function objectedEffects(request: Request): readonly Digest[] {
  const { objections = [], effect } = request
  const own = rejections(request).length > 0 ? [effect] : []
  return [...new Set([...own, ...objections.flatMap(({ about }) => about.map((subject) => subject.effect))])]
}

function rejections(request: Request): readonly Review[] {
  return currentReviews(request).filter(({ verdict }) => verdict === 'reject')
}

/** Notes what objections stood in the way of. */
function noting(request: Request, fell: readonly Review[]): readonly Objection[] {
  const { objections = [] } = request
  const last = rememberedSubject(request)
  const noted = fell.map((review): Objection => {
    const [first = last] = objections.find((one) => isSameAnswer(one, review))?.about ?? []
    return { ...review, about: isSameSubject(first, last) ? [first] : [first, last] }
  })
  const others = objections.filter((one) => !noted.some((other) => isSameAnswer(one, other)))
  return [...others, ...noted]
}

/** Tells whether two records are of one answer: carried over, it names what its giver saw. */
function isSameAnswer(a: Review, b: Review): boolean {
  const [seen, other] = [a, b].map(({ digest, carriedFrom = digest }) => carriedFrom)
  return ownerOf(a) === ownerOf(b) && a.verdict === b.verdict && seen === other
}
