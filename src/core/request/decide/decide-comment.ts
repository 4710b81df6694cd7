import { type Result, refuse, success } from '../../../errors/result.ts'
import type { ChangedPlace } from '../../change/changed-place.ts'
import type { JsonValue } from '../../json/json.ts'
import type { CommentCommand, DescribeCommand, Facts, SettleCommentCommand } from '../model/command.ts'
import { type CommentAnchor, commentId, type WantedAnchor } from '../model/comment.ts'
import type { ProposedChange } from '../model/content.ts'
import { unresolved, whenMissed } from '../model/deadline.ts'
import { type Decision, needs } from '../model/decision.ts'
import { happened, type LaterEvent } from '../model/event.ts'
import { type Request, unmoved } from '../model/request.ts'
import { withoutAuthority } from './authority.ts'
import { isBlank } from './check-reason.ts'
import { isTooLate } from './request-outcome.ts'

/** Decides that somebody comments on a request, perhaps on one place of what it changes. That changes nothing else. */
export function decideComment(command: CommentCommand, request: Request, facts: Facts): Decision<LaterEvent> {
  const { reason, anchor: wanted } = command
  if (reason === undefined || isBlank(reason)) return refuse('reason_required', { verb: 'comment' })
  const outcome = unmoved(request)
  if (!outcome) return refuse('not_open', { request: request.id, status: request.status, verb: command.type })
  const event = { type: 'commented', ...happened(command), comment: (request.commentCount ?? 0) + 1 } as const
  if (!wanted) return success({ ...event, outcome })
  if (!facts.changes) return needs('changes')
  const anchor = anchorIn(wanted, request, facts.changes)
  return anchor.ok ? success({ ...event, anchor: anchor.value, outcome }) : anchor
}

/** How often the reason of a request can be added to until it is stated anew. */
const mostAdditions = 10

/** Decides that the requester adds to the reason of a request that waits. What reviewers agreed to stays as it is. */
export function addToReason(command: DescribeCommand, request: Request): Decision<LaterEvent> {
  const { reason } = command
  const { id, status, additions = [] } = request
  if (reason === undefined || isBlank(reason)) return refuse('reason_required', { verb: command.type })
  if (additions.length >= mostAdditions) return refuse('limit_reached', { what: 'additions', limit: mostAdditions })
  const outcome = unmoved(request)
  if (!outcome) return refuse('not_open', { request: id, status, verb: command.type })
  return success({ type: 'described', ...happened(command), outcome })
}

/**
 * Decides that a comment is resolved, or is not any more. Whoever wrote it, asked for the change, worked on it, has
 * answered or could object can resolve it. Anybody can take it up again: a new comment would come to the same.
 */
export function settleComment(command: SettleCommentCommand, request: Request, facts: Facts): Decision<LaterEvent> {
  const { type, by } = command
  const { id, commentCount = 0, openComments = 0 } = request
  const { comment: found } = facts
  const outcome = unmoved(request)
  if (!outcome) return refuse('not_open', { request: id, status: request.status, verb: type })
  const reopens = type === 'reopen_comment'
  const some = reopens ? commentCount - openComments : openComments
  if (some <= 0) return refuse(reopens ? 'comment_open' : 'comment_resolved', { request: id })
  if (found === undefined) return needs('comment')
  const name = commentId(id, command.comment)
  if (found === null) return refuse('unknown_comment', { request: id, comment: name })
  if (reopens && !found.resolved) return refuse('comment_open', { request: id, comment: name })
  if (!reopens && found.resolved) return refuse('comment_resolved', { request: id, comment: name })
  if (!reopens && found.by !== by.user && !takesPart(by.user, request, facts)) {
    return refuse('not_a_participant', { request: id, comment: name, actor: by.user })
  }
  const event = { ...happened(command), comment: command.comment }
  if (reopens) return success({ type: 'comment_reopened', ...event, outcome })
  const late = passedUnnoticed(command, request, facts) && outcome.status === 'approved'
  return success({ type: 'comment_resolved', ...event, outcome: late ? { ...outcome, byHand: true } : outcome })
}

/**
 * Tells whether the time of a request may have passed while a comment was open, and nobody has recorded it. What had to
 * end then has ended.
 */
function passedUnnoticed({ at }: SettleCommentCommand, request: Request, facts: Facts): boolean {
  const { rules } = request
  return (
    unresolved(request, facts.rules) > 0 && whenMissed(request, rules) !== 'expire' && isTooLate(request, facts, at)
  )
}

function takesPart(user: string, request: Request, facts: Facts): boolean {
  const { requester, contributors, reviews } = request
  const known = facts.users.get(user)
  const parties = [requester, ...contributors, ...reviews.flatMap(({ by, onBehalfOf = by }) => [by, onBehalfOf])]
  if (parties.some((party) => party === user || facts.users.get(party)?.person === known?.person)) return true
  return known !== undefined && !withoutAuthority({ user: known, principal: known }, 'reject', { request, facts })
}

/** Finds the place that a comment is to be about among those that the request changes. */
function anchorIn(
  { path, resource, digest }: WantedAnchor,
  request: Request,
  changes: readonly ProposedChange[],
): Result<CommentAnchor> {
  if (digest !== undefined && digest !== request.digest) {
    return refuse('digest_mismatch', { request: request.id, seen: digest })
  }
  const named = changes.filter((one) => !resource || nameOf(one.resource) === nameOf(resource))
  if (named.length === 0) {
    const problem = `is no resource of the request: it changes ${listed(changes.map((one) => nameOf(one.resource)))}`
    return refuse('invalid_input', { argument: 'options.anchor.resource', problem })
  }
  const fitting = named.filter(({ places }) => path === '' || places.some((place) => isAbout(place, path)))
  const [first, second] = fitting
  if (!first) {
    const known = named.flatMap(({ places }) => places.map((place) => place.path))
    const problem = `is no place of the change: it touches ${listed(nearestTo(path, known))}`
    return refuse('invalid_input', { argument: 'options.anchor.path', problem })
  }
  if (second) {
    const problem = `must say which one is meant: ${listed(fitting.map((one) => nameOf(one.resource)))}`
    return refuse('invalid_input', { argument: 'options.anchor.resource', problem })
  }
  return success({ resource: first.resource, path, round: request.round, digest: request.digest })
}

/** Tells whether a path is a place that changes, holds one, or lies within the value that one had or gets. */
function isAbout(place: ChangedPlace, path: string): boolean {
  if (place.path === path || place.path.startsWith(`${path}/`)) return true
  if (!path.startsWith(`${place.path}/`) || place.type === 'moved') return false
  const names = path.slice(place.path.length + 1).split('/')
  const values = [...('before' in place ? [place.before] : []), ...('after' in place ? [place.after] : [])]
  return values.some((value) => holds(value, names))
}

/** Looks into objects alone: what a list holds is named by its shape, which nobody knows here. */
function holds(value: JsonValue, names: readonly string[]): boolean {
  let inner: JsonValue | undefined = value
  for (const name of names) {
    const key = name.replaceAll('~1', '/').replaceAll('~0', '~')
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner) || !Object.hasOwn(inner, key)) return false
    inner = (inner as Readonly<Record<string, JsonValue>>)[key]
  }
  return true
}

/** The places that have the longest beginning in common with a path. */
function nearestTo(path: string, places: readonly string[]): readonly string[] {
  const common = (place: string) => {
    let length = 0
    while (length < place.length && place[length] === path[length]) length++
    return length
  }
  return places.toSorted((a, b) => common(b) - common(a))
}

const mostNamed = 5

function listed(names: readonly string[]): string {
  const more = names.length > mostNamed ? ` and ${names.length - mostNamed} more` : ''
  return `${names
    .slice(0, mostNamed)
    .map((name) => JSON.stringify(name))
    .join(', ')}${more}`
}

function nameOf({ type, id }: { readonly type: string; readonly id: string }): string {
  return `${type}/${id}`
}
