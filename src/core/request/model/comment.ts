import type { Digest } from '../../json/digest.ts'

/** The place that a comment is about, and the content that its author saw there. */
export interface CommentAnchor {
  readonly resource: { readonly type: string; readonly id: string }
  /** JSON Pointer into the document, as `changes` of the request names places. */
  readonly path: string
  /** The round of the request when the comment was made; 0 for a draft that was never submitted. */
  readonly round: number
  /** The digest that the request had then. If it has another one now, the place may look different. */
  readonly digest: Digest
}

/** The place that somebody wants a comment to be about. */
export interface WantedAnchor {
  readonly path: string
  readonly resource?: { readonly type: string; readonly id: string }
  /** The digest of the content that they saw. */
  readonly digest?: string
}

/** Who resolved a comment, and when. */
export interface CommentResolution {
  readonly by: string
  /** In milliseconds since 1970. */
  readonly at: number
}

/** A comment on a request, as far as decisions look at it. */
export interface CommentState {
  readonly by: string
  readonly resolved?: CommentResolution
}

/** Names a comment: unlike its number, its id is that of no comment on another request. */
export function commentId(request: string, number: number): string {
  return `${request}/${number}`
}

/** The number of a comment on a request by its id; `undefined` if the id is that of no comment on it. */
export function commentNumber(request: string, id: string): number | undefined {
  if (!id.startsWith(`${request}/`)) return undefined
  const number = id.slice(request.length + 1)
  return /^[1-9]\d{0,8}$/.test(number) ? Number(number) : undefined
}
