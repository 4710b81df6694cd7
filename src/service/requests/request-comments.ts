import { defined } from '../../core/defined.ts'
import { type CommentAnchor, type CommentResolution, commentId } from '../../core/request/model/comment.ts'
import type { RequestEvent, ResourceName } from '../../core/request/model/event.ts'
import type { Request } from '../../core/request/model/request.ts'
import type { Write } from '../../ports/storage.ts'
import type { Context } from '../context/context.ts'
import { mayReadResource } from '../facts/may-read.ts'
import type { ReadingRights } from '../people/reading-rights.ts'
import { inKeyOrder } from '../records/in-key-order.ts'
import type { CommentRecord } from '../records/record-types.ts'
import { put, read, recordKey, type Stored, walk } from '../records/typed-storage.ts'

/** What somebody said about a request. */
export interface RequestComment {
  /** Names the comment for `resolveComment` and `reopenComment`. */
  readonly id: string
  readonly by: string
  /** Through which entry point they came. */
  readonly via: string
  /** In milliseconds since 1970. */
  readonly at: number
  readonly text: string
  /** The place that it is about, and of which content it speaks. Absent if it is about the request as a whole. */
  readonly anchor?: CommentAnchor
  /** Who resolved it; absent while it is open. */
  readonly resolved?: CommentResolution
}

/** Writes what an event made of the comments of a request. */
export function commentWrites(
  { tenant, id: request }: Pick<Request, 'tenant' | 'id'>,
  event: RequestEvent,
  before: Stored<CommentRecord> | undefined,
): readonly Write[] {
  const next = commentAfter({ tenant, request }, event, before?.value)
  return next ? [put('comments', next, before)] : []
}

/** What is stored of a comment after an event; `undefined` if the event is about no comment. */
export function commentAfter(
  owner: Pick<CommentRecord, 'tenant' | 'request'>,
  event: RequestEvent,
  before: CommentRecord | undefined,
): CommentRecord | undefined {
  switch (event.type) {
    case 'commented': {
      const { comment: number, by, via, at, reason: text = '', anchor } = event
      return { ...owner, number, by, via, at, text, ...defined({ anchor }) }
    }
    case 'comment_resolved':
      return before && { ...before, resolved: { by: event.by, at: event.at } }
    case 'comment_reopened': {
      if (!before) return undefined
      const { resolved: _resolved, ...open } = before
      return open
    }
    default:
      return undefined
  }
}

/** Reads the comments on a request that are about nothing that the reader may not read, the oldest first. */
export async function readComments(
  context: Context,
  rights: ReadingRights,
  subject: Pick<Request, 'tenant' | 'id' | 'resources' | 'commentCount'>,
): Promise<readonly RequestComment[]> {
  const { tenant, id, commentCount = 0 } = subject
  const comments: RequestComment[] = []
  if (commentCount === 0) return comments
  for await (const { value } of walk(context.storage, inKeyOrder('comments', tenant, id))) {
    const { tenant: _tenant, request, number, ...said } = value
    comments.push({ id: commentId(request, number), ...said })
  }
  const named = comments.flatMap(({ anchor }) => anchor?.resource ?? [])
  const hidden = await outOfReach(context, rights, { request: subject, named })
  return comments.filter(({ anchor }) => !anchor || !hidden(anchor.resource))
}

/**
 * Finds out which resources the reader may not read, of those that a request spoke of at some time. Of what it is about
 * now, whoever may read the request may read all.
 */
export async function outOfReach(
  { storage }: Context,
  rights: ReadingRights,
  {
    request: { tenant, resources },
    named,
  }: { readonly request: Pick<Request, 'tenant' | 'resources'>; readonly named: readonly ResourceName[] },
): Promise<(resource: ResourceName) => boolean> {
  const about = new Set(resources.map(nameOf))
  const gone = [...new Map(named.map((one) => [nameOf(one), one])).values()].filter((one) => !about.has(nameOf(one)))
  if (gone.length === 0 || (await rights.everywhere())) return () => false
  const { live } = await read(storage, { live: gone.map(({ type, id }) => recordKey('resources', tenant, type, id)) })
  const readable = await Promise.all(live.map((one) => one !== undefined && mayReadResource(rights, one.value)))
  const hidden = new Set(gone.filter((_, at) => !readable[at]).map(nameOf))
  return (resource) => hidden.has(nameOf(resource))
}

const nameOf = ({ type, id }: ResourceName) => `${type}/${id}`
