import { asJson } from '../../core/json/json.ts'
import { withheld } from '../../core/log/erasable-texts.ts'
import { emptyStream, headAfter, link, type StreamHead } from '../../core/log/event-chain.ts'
import type { Write } from '../../ports/storage.ts'
import { newSalt } from '../values/salt.ts'
import { put } from './typed-storage.ts'

/** Names the stream of a request. */
export const requestStream = (id: string) => `request/${id}`

/** Names the stream of a resource. A type holds no slash, so that no two resources share a stream. */
export const resourceStream = ({ type, id }: { readonly type: string; readonly id: string }) => `resource/${type}/${id}`

/** Names the stream of what somebody tried and was refused. */
export const refusalStream = (user: string) => `refusals/${user}`

/** Names the stream of whom somebody lets answer for them. */
export const delegationStream = (from: string) => `delegations/${from}`

/** Names the stream of who edits a resource. */
export const accessStream = ({ type, id }: { readonly type: string; readonly id: string }) => `access/${type}/${id}`

/** The stream of the texts that were erased. */
export const erasureStream = 'erasures'

/** The stream of the documents that were removed since they were kept long enough. */
export const retentionStream = 'retention'

/** The stream of a tenant's settings. */
export const settingsStream = 'settings'

/** Links an event to the end of a stream: the writes that store it, unsealed, and the head of the stream after it. */
export function append(
  { tenant, stream }: { readonly tenant: string; readonly stream: string },
  head: StreamHead | undefined,
  event: { readonly at: number },
): { readonly writes: readonly Write[]; readonly head: StreamHead } {
  const { event: withoutTexts, texts } = withheld(asJson(event), newSalt)
  const linked = link(tenant, stream, head ?? emptyStream, withoutTexts)
  const logged = Object.keys(texts).length === 0 ? linked : { ...linked, texts }
  const { seq, hash } = linked
  const unsealed = put('unsealed', { tenant, stream, seq, hash, dueAt: event.at }, undefined)
  return { writes: [put('events', logged, undefined), unsealed], head: headAfter(logged) }
}
