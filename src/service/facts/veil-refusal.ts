import { type Refusal, refuse } from '../../errors/result.ts'
import type { Context } from '../context/context.ts'
import type { Reader, ReadingRights } from '../people/reading-rights.ts'
import { read, recordKey } from '../records/typed-storage.ts'
import { mayReadMatch, mayReadRequest } from './may-read.ts'

/** A refusal as its reader may see it: another request, which they may not read, is not named. */
export async function veiled(
  context: Context,
  reader: Reader,
  { refusal, rights, about }: { readonly refusal: Refusal; readonly rights: ReadingRights; readonly about?: string },
): Promise<Refusal> {
  if (refusal.code !== 'locked' && refusal.code !== 'follow_up_pending') return refusal
  const { request: id } = refusal.details
  if (id === undefined || id === about) return refusal
  const { stored } = await read(context.storage, { stored: recordKey('requests', reader.tenant, id) })
  if (stored && (await mayReadRequest(context, reader, { rights, request: stored.value }))) return refusal
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
