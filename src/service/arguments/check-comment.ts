import { parsePointer } from '../../core/json/pointer.ts'
import { commentNumber, type WantedAnchor } from '../../core/request/model/comment.ts'
import { fail } from '../../errors/approval-error.ts'
import { checkId, checkKeys, checkResource } from './check-arguments.ts'
import { checkDigest } from './check-change.ts'

/** A place that a request changes. */
export interface CommentPlace {
  /**
   * JSON Pointer to a place that the request touches, to one that holds such a place, or to a property within the
   * object that such a place had or gets. Empty for the whole document.
   */
  readonly path: string
  /**
   * The resource whose place it is.
   *
   * @defaultValue the only one of the request that has the place
   */
  readonly resource?: { readonly type: string; readonly id: string } | undefined
  /**
   * Digest of the content that the author saw; refused with `digest_mismatch` if it changed.
   *
   * @defaultValue that of the request as it is now
   */
  readonly digest?: string | undefined
}

/** How long a pointer may be at the door, in UTF-16 code units. */
const longestPointer = 10_000

/** Checks the place that a comment is to be about, and gives a copy of it. */
export function checkAnchor(place: CommentPlace): WantedAnchor {
  checkKeys('options.anchor', place, ['path', 'resource', 'digest'])
  const { path, resource, digest } = place
  const isPointer = typeof path === 'string' && path.length <= longestPointer && path.isWellFormed()
  if (!isPointer || !parsePointer(path)) {
    const problem = 'must be a JSON Pointer, such as "/rollout", or "" for the whole document'
    fail('invalid_input', { argument: 'options.anchor.path', problem })
  }
  const seen = 'the request that you read: pass { digest: request.digest }'
  return {
    path,
    ...(resource === undefined ? {} : { resource: checkResource('options.anchor.resource', resource) }),
    ...(digest === undefined ? {} : { digest: checkDigest('options.anchor.digest', digest, seen) }),
  }
}

/** Reads the number of a comment on a request out of its id. */
export function checkComment(request: string, comment: unknown): number {
  checkId('request', request)
  if (typeof comment !== 'string' || comment === '' || comment.length > 400 || !comment.isWellFormed()) {
    fail('invalid_input', { argument: 'comment', problem: 'must be the id of a comment, as requests.get(id) lists it' })
  }
  return commentNumber(request, comment) ?? fail('unknown_comment', { request, comment })
}
