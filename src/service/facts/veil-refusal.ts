import { defined } from '../../core/defined.ts'
import { isPlannedRevert } from '../../core/request/model/planned-revert.ts'
import type { Request } from '../../core/request/model/request.ts'
import { type Refusal, refuse } from '../../errors/result.ts'
import type { Context } from '../context/context.ts'
import type { Reader, ReadingRights } from '../people/reading-rights.ts'
import { read, recordKey } from '../records/typed-storage.ts'
import { mayReadMatch, mayReadRequest } from './may-read.ts'

/** Says until when a request keeps others off, if that is certain: what takes a change back does so at its time. */
function untilOf(holder: Request): { readonly until?: number } {
  return isPlannedRevert(holder) ? defined({ until: holder.applyAt }) : {}
}

/**
 * A refusal as its reader may see it: another request, which they may not read, is not named. Of one that they may
 * read, it says until when it keeps others off, if that is certain.
 */
export async function veiled(
  context: Context,
  reader: Reader,
  { refusal, rights, about }: { readonly refusal: Refusal; readonly rights: ReadingRights; readonly about?: string },
): Promise<Refusal> {
  if (refusal.code !== 'locked' && refusal.code !== 'follow_up_pending') return refusal
  const { request: id } = refusal.details
  if (id === undefined || id === about) return refusal
  const { stored } = await read(context.storage, { stored: recordKey('requests', reader.tenant, id) })
  if (stored && (await mayReadRequest(context, reader, { rights, request: stored.value }))) {
    return refusal.code === 'locked'
      ? refuse('locked', { ...refusal.details, ...untilOf(stored.value) }).refusal
      : refusal
  }
  if (refusal.code === 'locked') {
    const { type, id: resource } = refusal.details
    return refuse('locked', { type, id: resource }).refusal
  }
  const { policies } = refusal.details
  const { found } = await read(context.storage, {
    found: policies.map((policy) => recordKey('policies', reader.tenant, policy)),
  })
  const readable = await Promise.all(
    found.map(
      async (one) =>
        one?.value.policy !== undefined &&
        one.value.policy !== null &&
        (await mayReadMatch(rights, one.value.policy.match)),
    ),
  )
  return refuse('follow_up_pending', { policies: policies.filter((_, index) => readable[index]) }).refusal
}
