import type { ErrorCode } from './error-details.ts'

/** What sort of thing an error is: what a door answers with, and what its caller can do about it. */
export type ErrorKind =
  | 'input'
  | 'unauthenticated'
  | 'forbidden'
  | 'not_found'
  | 'conflict'
  | 'unprocessable'
  | 'unavailable'

/** The HTTP status of each kind. */
export const statusOf: { readonly [K in ErrorKind]: number } = {
  input: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  unprocessable: 422,
  unavailable: 503,
}

/** The kind of an error, and what helps. What happened is in its message. */
export interface ErrorRow {
  readonly kind: ErrorKind
  readonly remedy: string
}

/** The kind of each code, and its remedy. `docs/errors.md` is made from it. */
export const errorTable: { readonly [C in ErrorCode]: ErrorRow } = {
  invalid_document: row('unprocessable', 'Give plain JSON within the limits: no dates, functions or cycles.'),
  invalid_shape: row('unprocessable', 'Give each item of the list a key of its own, or declare the list otherwise.'),
  invalid_by_schema: row('unprocessable', 'Correct the value at the paths that the issues name.'),
  schema_failed: row('unavailable', 'Mend the schema of the resource type: it must read its own output as the same.'),
  invalid_patch: row('unprocessable', 'Read the document again and make the patch for what it is now.'),
  invalid_resolution: row(
    'unprocessable',
    'Read the request again: answer the conflicts that it has now, by their digests.',
  ),
  invalid_pattern: row('input', 'Write paths as JSON Pointers, and name only groups that the type declares.'),
  invalid_policy: row(
    'unprocessable',
    'Follow the fix that is given with each problem; `policies.check` lists them too.',
  ),
  invalid_input: row('input', 'Correct the argument that is named.'),
  unknown_resource_type: row('not_found', 'Pass the type to `createApprovals({ resources })`, or correct its name.'),
  unknown_resource: row('not_found', 'Correct the id. To make the resource, pass `{ value }`.'),
  unknown_revision: row('not_found', 'Take a number that `resources.history` lists.'),
  revision_not_kept: row('not_found', 'Take a later revision, whose document `resources.history` shows.'),
  content_not_kept: row('not_found', 'Submit the change anew.'),
  unknown_request: row('not_found', 'Correct the id, and act in the tenant of the request.'),
  unknown_delegation: row('not_found', 'Take one that `delegations.list` shows.'),
  not_delegable: row('unprocessable', 'Choose somebody else, or another scope.'),
  unknown_policy: row('not_found', 'Take an id that `policies.list` shows.'),
  policy_in_code: row('forbidden', 'Save a policy of your own under another id, or change it in the application.'),
  policies_outdated: row('conflict', 'Deploy the version that is on record, or raise `policiesVersion`.'),
  policy_gated: row('forbidden', 'Submit the change with `policyResource.ref(id)` or `workflowResource.ref(project)`.'),
  unknown_actor: row(
    'unauthenticated',
    'Act as somebody whom the directory knows; where roles are kept here, grant one. Who is back after a departure is there again with `approvals.returned`.',
  ),
  wrong_project: row('input', 'Leave the project out of the reference, or correct it.'),
  nothing_changed: row('unprocessable', 'Nothing has to be done: what is live is what was asked for.'),
  up_to_date: row('conflict', 'Nothing has to be done: review or apply it as it is.'),
  no_conflicts: row('conflict', 'Nothing has to be done: review or apply it as it is.'),
  no_policy: row('unprocessable', 'Save a policy that matches the change, or do not declare the type as `gated`.'),
  reason_required: row('input', 'Pass a reason that is not blank.'),
  limit_reached: row('conflict', 'End some of what there is, or raise the limit in `createApprovals({ limits })`.'),
  not_open: row('conflict', 'Read the request again: `can` says what is possible now.'),
  expired: row('conflict', 'The requester submits it again: `requests.submit(id)`.'),
  digest_mismatch: row('conflict', 'Read the request again, look at what changed, and answer with its digest.'),
  content_tampered: row(
    'unavailable',
    'Restore the content from a backup; `audit.verify()` names what else was changed.',
  ),
  self_approval: row('forbidden', 'Ask somebody else to review it.'),
  not_an_approver: row('forbidden', 'Ask one of those whom `approval` of the request names.'),
  approval_missing: row('conflict', 'Get the approvals that `approval` of the request names, or submit it again.'),
  comments_unresolved: row('conflict', '`requests.resolveComment(id, comment)`: answer and resolve each comment.'),
  time_not_open: row('conflict', '`requests.schedule(id, time)`: whoever asked for the change sets another time.'),
  revert_planned: row(
    'conflict',
    'Wait for its time; or make another change of the same place, which makes the revert fail.',
  ),
  unknown_comment: row('not_found', 'Read the request again: `comments` lists those that there are.'),
  comment_open: row('conflict', 'Nothing has to be done.'),
  comment_resolved: row('conflict', 'Nothing has to be done.'),
  not_a_participant: row('forbidden', 'Ask the author of the comment, the requester or an approver.'),
  stale: row('conflict', '`requests.rebase(id)`, or make the change again on what is live.'),
  cannot_land: row('conflict', 'Cancel the request, or take the resource out of it, and make the change again.'),
  already_reviewed: row('conflict', 'Nothing has to be done; to answer otherwise, give the other answer.'),
  not_the_requester: row('forbidden', 'Ask the requester.'),
  own_objection: row('conflict', '`requests.withdraw(id)` first; or let somebody else take it over.'),
  requester_present: row('conflict', 'Ask the requester; or make a request of your own.'),
  edit_restricted: row(
    'forbidden',
    'Comment on it or ask for changes; or ask the requester to recall it, and edit the draft.',
  ),
  contributor: row('forbidden', 'Ask somebody who did not edit the content.'),
  not_delegated: row('forbidden', 'Answer for yourself, or ask for a delegation that covers the request.'),
  no_review: row('conflict', 'Nothing has to be done: there is no answer to withdraw.'),
  conflicts_open: row('conflict', '`requests.resolve(id, resolutions)`: answer each conflict.'),
  locked: row('conflict', 'Wait until the request that is named ends, or ask its requester to cancel it.'),
  claim_lost: row('conflict', 'Do nothing: another worker delivers the change.'),
  delivery_in_progress: row('conflict', 'Wait until the time that is named, then try again.'),
  abandoned: row('conflict', 'Read the resource, then apply or submit the request again.'),
  bypass_forbidden: row('forbidden', 'Submit the change, or ask somebody whom every policy of it allows to bypass it.'),
  break_glass_forbidden: row('forbidden', 'Ask somebody whom every policy of the request allows to break the glass.'),
  follow_up_pending: row(
    'conflict',
    'Have the follow-up review of the request that is named done: `requests.followUp`.',
  ),
  no_follow_up: row('conflict', 'Nothing has to be done.'),
  own_follow_up: row('forbidden', 'Ask somebody else to give the follow-up review.'),
  not_due: row('conflict', 'Wait until the time that is named.'),
  already_reviewed_by_others: row(
    'conflict',
    '`requests.recall(id)`, or ask a reviewer to reject it; edit and submit a draft, or leave it.',
  ),
  invalid_transition: row('conflict', 'Ask for one of the actions that are possible in this state.'),
  waiting_for_approval: row('conflict', 'Wait until the request for the other action has ended, or cancel it.'),
  still_referenced: row('conflict', 'Take the resource out of what uses it first.'),
  follows_state: row('unprocessable', 'Leave the property out, or ask for the action that leads to the other state.'),
  transition_rejected: row('unprocessable', 'Give the action what its guard asks for; the message says what.'),
  frozen: row(
    'conflict',
    'Wait until the time that is named. In an emergency, whoever may bypass the policies of a request passes.',
  ),
  unknown_freeze: row('not_found', 'Take an id that `freezes.list` shows.'),
  workflow_off: row('conflict', 'Wait until the workflow is on again.'),
  switched_off: row('conflict', 'The requester submits the draft that `tick()` makes of it.'),
  not_switched_off: row('conflict', 'Nothing has to be done: the request stays before its reviewers.'),
  not_permitted: row('forbidden', 'Ask an admin for the permission that is named.'),
  not_an_editor: row('forbidden', 'Ask one of the editors, or ask them to add you.'),
  beyond_own_permissions: row('forbidden', 'Ask somebody who holds what is named.'),
  own_account: row('forbidden', 'Ask another admin.'),
  preview_outdated: row('conflict', 'Preview the change again and pass the new digest.'),
  unknown_role: row('not_found', 'Take a role that `access.roles.list` shows.'),
  role_in_use: row('conflict', 'Revoke the role from its holders first.'),
  last_admin: row('conflict', 'Grant the permission to somebody else first.'),
  idempotency_mismatch: row('unprocessable', 'Take a new key for a new command.'),
  host_failed: row('unavailable', 'Mend what the application reads or writes with, then try again.'),
  host_function_failed: row('unavailable', 'Mend the function of the application that is named.'),
  directory_failed: row('unavailable', 'Try again when the directory answers.'),
  contention: row('unavailable', 'Try again.'),
  duplicate_key: row('conflict', 'For authors of storages: the record is there already.'),
  version_conflict: row('conflict', 'For authors of storages: read the record again.'),
  unreadable_record: row('unavailable', 'Restore the record from a backup; `audit.verify()` names every other one.'),
  storage_failed: row('unavailable', 'Mend the database, then try again; `cause` is the error of the driver.'),
}

function row(kind: ErrorKind, remedy: string): ErrorRow {
  return { kind, remedy }
}

/**
 * Says what sort of error a code is, for doors that answer in their own way.
 *
 * @returns `input`, `unauthenticated`, `forbidden`, `not_found`, `conflict`, `unprocessable` or `unavailable`.
 * @example
 * ```ts
 * const isWorthAnotherTry = kindOf('contention') === 'unavailable'
 * ```
 */
export function kindOf(code: ErrorCode): ErrorKind {
  return errorTable[code].kind
}
