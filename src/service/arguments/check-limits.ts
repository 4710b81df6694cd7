import { awaitedAuthor } from '../../core/request/decide/awaited-approvers.ts'
import type { Actor } from '../../core/request/model/event.ts'
import type { Request } from '../../core/request/model/request.ts'
import { type Refusal, refuse } from '../../errors/result.ts'
import type { Context } from '../context/context.ts'
import { inKeyOrder } from '../records/in-key-order.ts'
import { page } from '../records/typed-storage.ts'

/** Why a request takes no more of what a verb brings. */
export function overfull(
  { limits }: Context,
  { commentCount = 0 }: Request,
  verb: string,
): { readonly ok: false; readonly refusal: Refusal } | undefined {
  const limit = limits.commentsPerRequest
  return verb === 'comment' && commentCount >= limit ? refuse('limit_reached', { what: 'comments', limit }) : undefined
}

/** Why somebody may begin no further draft. What it costs grows with the limit, and with nothing else. */
export async function tooManyDrafts(
  { storage, limits }: Context,
  { tenant, user }: Actor,
): Promise<{ readonly ok: false; readonly refusal: Refusal } | undefined> {
  const limit = limits.openDraftsPerPerson
  const { records } = await page(storage, { ...inKeyOrder('inbox', tenant, awaitedAuthor(user)), limit })
  return records.length >= limit ? refuse('limit_reached', { what: 'open_drafts', limit }) : undefined
}
