import type { RequestEvent } from '../../core/request/model/event.ts'
import type { Request } from '../../core/request/model/request.ts'
import type { Notice, NoticeType } from '../../ports/notifier.ts'
import type { Write } from '../../ports/storage.ts'
import type { Context } from '../context/context.ts'
import { mostTold } from '../people/ask-directory.ts'
import { requestStream } from '../records/event-stream.ts'
import { put } from '../records/typed-storage.ts'

/** Writes the notice of an event of a request. */
export function noticesOf(
  context: Context,
  { at, by, reason }: RequestEvent,
  { request, seq, message }: { readonly request: Request; readonly seq: number; readonly message: Message },
): readonly Write[] {
  const { tenant } = request
  const id = `${requestStream(request.id)}/${seq}`
  const resources = request.resources.map((resource) => ({ type: resource.type, id: resource.id }))
  const said = reason === undefined ? {} : { reason }
  return noticeWrites(context, { id, tenant, ...message, request: request.id, resources, at, by, ...said })
}

/** Puts a notice into the outbox, if there is somebody to tell and somebody who tells them. */
export function noticeWrites({ notifiers }: Context, notice: Notice): readonly Write[] {
  const { tenant, id, at } = notice
  const to = notice.to.slice(0, mostTold)
  const pending = notifiers.map(({ name }) => name)
  if (to.length === 0 || pending.length === 0) return []
  return [put('outbox', { tenant, id, dueAt: at, attempts: 0, pending, notice: { ...notice, to } }, undefined)]
}

/** What is told, and to whom. */
export interface Message {
  readonly type: NoticeType
  readonly to: readonly string[]
  /** By when something has to be done, in milliseconds since 1970. */
  readonly deadline?: number
}
