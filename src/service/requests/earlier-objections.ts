import { defined } from '../../core/defined.ts'
import { isSameSubject, objectionsOf, rememberedSubject } from '../../core/request/model/remembered.ts'
import type { Request } from '../../core/request/model/request.ts'
import type { Review } from '../../core/review/under-review.ts'
import type { Context } from '../context/context.ts'
import { mayReadRequest } from '../facts/may-read.ts'
import type { Reader, ReadingRights } from '../people/reading-rights.ts'
import { page, read, recordKey } from '../records/typed-storage.ts'

/**
 * A rejection that nobody has taken back, and that does not stand in the way of the request. Reviewers are shown it
 * before they answer.
 */
export interface EarlierObjection extends Pick<Review, 'by' | 'onBehalfOf' | 'reason' | 'round' | 'at'> {
  /** The request that it was given to: this one, or another one that does the same. */
  readonly request: string
  readonly verdict: 'reject'
  /** What the rejection was about: what the request would do now, the same at another time, or something else. */
  readonly content: 'same' | 'same_at_another_time' | 'other'
}

/** How many other requests are looked at that were rejected for doing the same. */
const mostTwins = 50

/**
 * Lists the rejections that were given to a request itself and do not stand in its way: of before it ended, or of
 * other content.
 */
export function ownObjections(request: Request): readonly EarlierObjection[] {
  return objectionsOf(request)
    .filter(({ stands }) => !stands)
    .map(({ review, about }) => earlier(request, { given: request.id, review, about }))
}

/** Lists the rejections that were given to other requests of the same effect, also by others and long ago. */
export async function twinObjections(
  context: Context,
  reader: Reader,
  { rights, request }: { readonly rights: ReadingRights; readonly request: Request },
): Promise<readonly EarlierObjection[]> {
  const { storage } = context
  const { tenant, effect, id } = request
  const { records } = await page(storage, {
    collection: 'objections',
    index: 'key',
    where: [tenant, effect],
    order: 'descending',
    limit: mostTwins + 1,
  })
  const others = records.map(({ value }) => value.request).filter((other) => other !== id)
  if (others.length === 0) return []
  const { twins } = await read(storage, { twins: others.map((other) => recordKey('requests', tenant, other)) })
  const readable = await Promise.all(
    twins.map(async (twin) => twin && (await mayReadRequest(context, reader, { rights, request: twin.value }))),
  )
  const found = twins.flatMap((twin, index) => {
    if (!twin || !readable[index]) return []
    const given = objectionsOf(twin.value).filter(({ about }) => about.some((subject) => subject.effect === effect))
    return given.map(({ review, about }) => earlier(request, { given: twin.value.id, review, about }))
  })
  return found.toSorted((a, b) => a.at - b.at || (a.request < b.request ? -1 : 1))
}

function earlier(
  request: Request,
  {
    given,
    review,
    about,
  }: { readonly given: string } & Pick<ReturnType<typeof objectionsOf>[number], 'review' | 'about'>,
): EarlierObjection {
  const { by, onBehalfOf, reason, round, at } = review
  const here = rememberedSubject(request)
  const same = about.some((subject) => isSameSubject(subject, here))
  const alike = about.some(({ effect }) => effect === here.effect)
  return {
    request: given,
    by,
    ...defined({ onBehalfOf }),
    verdict: 'reject',
    ...defined({ reason }),
    round,
    at,
    content: same ? 'same' : alike ? 'same_at_another_time' : 'other',
  }
}
