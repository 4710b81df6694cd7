import type { ErrorCode, ErrorDetails } from './error-details.ts'
import { phraseOf, statePhrase } from './verb-phrases.ts'

/** What each code says to whoever reads it: what happened, to which thing, and what to do. */
export const messages: { readonly [C in ErrorCode]: (details: ErrorDetails[C]) => string } = {
  invalid_document: ({ path, problem, resource }) =>
    `The document${resource === undefined ? '' : ` of ${resource}`} is not acceptable at ${place(path)}: ${problem}.`,
  invalid_shape: ({ path, problem }) => `The document breaks its declared shape at ${place(path)}: ${problem}.`,
  invalid_by_schema: ({ resource, issues }) =>
    `The value of ${resource} does not pass its schema: ${issues.map((i) => `${place(i.path)}: ${i.message}`).join('; ')}.`,
  schema_failed: ({ type, id, path, problem }) =>
    `The schema of ${type} cannot be used for ${quote(id)} at ${place(path)}: ${problem}. Mend the schema; nothing was applied.`,
  invalid_patch: ({ operation, path, problem }) =>
    `Operation ${operation} of the patch cannot be applied at ${place(path)}: ${problem}.`,
  invalid_resolution: ({ conflict, problem }) =>
    `The resolution of conflict ${quote(conflict)} was not taken: ${problem}.`,
  invalid_pattern: ({ pattern, problem }) => `${quote(pattern)} is not acceptable as a pattern: ${problem}.`,
  invalid_policy: ({ policy, problems }) =>
    `Policy ${quote(policy)} was not saved. ${problems.map((p) => `${place(p.path)}: ${p.problem} (${p.fix})`).join('; ')}.`,
  invalid_input: ({ argument, problem }) => `${argument}: ${problem}.`,
  unknown_resource_type: ({ type, known }) =>
    `There is no resource type ${quote(type)}; known are ${listed(known)}. Pass it to createApprovals({ resources }).`,
  unknown_resource: ({ type, id }) => `There is no ${type} ${quote(id)}.`,
  unknown_revision: ({ type, id, revision }) => `${type} ${quote(id)} has no revision ${revision}.`,
  revision_not_kept: ({ type, id, revision, removedAt }) =>
    `The document of revision ${revision} of ${type} ${quote(id)} is not kept any more: retention removed it at ${new Date(removedAt).toISOString()}.`,
  content_not_kept: ({ request, removedAt }) =>
    `What request ${quote(request)} wanted is not kept any more: retention removed it at ${new Date(removedAt).toISOString()}.`,
  unknown_request: ({ request }) => `There is no request ${quote(request)}.`,
  unknown_delegation: ({ from, to }) => `${quote(from)} has no delegation to ${quote(to)}.`,
  not_delegable: ({ from, to, problem }) => `${quote(from)} cannot delegate to ${quote(to)}: ${problem}.`,
  unknown_policy: ({ policy }) => `There is no policy ${quote(policy)}.`,
  policy_in_code: ({ policy, version }) =>
    `Policy ${quote(policy)} is one that the application gives in code (version ${version}): no tenant can change or remove it. Save a policy of your own under another id, or have the application change it and raise policiesVersion.`,
  policies_outdated: ({ version, recorded }) =>
    version === recorded
      ? `The policies in code of this instance are not those that are on record as version ${recorded}: raise policiesVersion where they were changed. Nothing is applied until then; reading, rejecting and cancelling go on.`
      : `This instance ${version === 0 ? 'has no policies in code' : `has version ${version} of the policies in code`}, and version ${recorded} is on record: deploy that, or give these as version ${recorded + 1}. Nothing is applied until then; reading, rejecting and cancelling go on.`,
  policy_gated: ({ policy, project, by }) =>
    project !== undefined
      ? `Switching the workflow ${project === '' ? 'of the organization' : `of project ${quote(project)}`} needs the approval that ${quoted(by)} ${asks(by)} for: submit it with workflowResource.ref(${quote(project)}). Nothing was switched.`
      : `A change of policy ${quote(policy)} needs the approval that ${quoted(by)} ${asks(by)} for: submit it with policyResource.ref(${quote(policy)}). Nothing was saved.`,
  unknown_actor: ({ actor }) =>
    `The directory does not know ${quote(actor)}, or it is on record that they have left: only people who are there can act.`,
  wrong_project: ({ type, id, project, actual, removed }) =>
    removed
      ? `${type} ${quote(id)} was removed from ${projectNamed(actual)}, and its id stays there, so that nobody gets round the policies there: make it anew in ${projectNamed(actual)} and submit { toProject: ${quote(project)} }, or take another id.`
      : `${type} ${quote(id)} belongs to ${projectNamed(actual)}, not to ${projectNamed(project)}: leave the project out, or correct it.`,
  nothing_changed: ({ type, id }) => `The change leaves ${type} ${quote(id)} as it is: there is nothing to apply.`,
  up_to_date: ({ request }) => `Request ${quote(request)} is based on what is live: there is nothing to rebase.`,
  no_conflicts: ({ request }) => `Request ${quote(request)} has no conflicts: there is nothing to resolve.`,
  no_policy: ({ type, id, actions }) =>
    `${type} ${quote(id)} is gated, and no policy matches ${actions.join(', ')}: save one that says who may approve it.`,
  reason_required: ({ verb }) =>
    verb === 'comment'
      ? 'A comment needs a text that is not blank.'
      : `To ${phraseOf(verb, 'the request')}, give a reason that is not blank.`,
  limit_reached: ({ what, limit }) =>
    ({
      comments: `The request has ${limit} comments, and takes no more: go on where people talk, or raise createApprovals({ limits: { commentsPerRequest } }).`,
      open_drafts: `You have ${limit} open drafts, and can have no more: submit or cancel some, or raise createApprovals({ limits: { openDraftsPerPerson } }).`,
      delegations: `You have ${limit} delegations that are not over, and can have no more: remove some, or raise createApprovals({ limits: { delegationsPerPerson } }).`,
      additions: `The reason of the request was added to ${limit} times, and takes no more: comment on the request, or recall it and submit it with a new reason.`,
      objections: `The request remembers ${limit} objections, and none may be forgotten: cancel it, and submit the change anew.`,
    })[what],
  not_open: ({ request, status, verb }) =>
    `Request ${quote(request)} ${statePhrase(status)}: nobody can ${phraseOf(verb, 'it')} now.`,
  expired: ({ request, expiredAt }) =>
    `Request ${quote(request)} expired at ${time(expiredAt)}: its requester can submit it again.`,
  digest_mismatch: ({ request, seen }) =>
    `Request ${quote(request)} is not what you saw, which had digest ${seen}: read it again, and answer what it is now.`,
  content_tampered: ({ request, digest, found }) =>
    `The stored content of request ${quote(request)} ${found === 'nothing' ? 'is gone' : `has digest ${found}`}, but ${digest} was reviewed. Nothing was applied: restore the content from a backup; audit.verify() names every other record that was changed.`,
  self_approval: ({ request, actor }) =>
    `${quote(actor)} asked for request ${quote(request)} and cannot review it: somebody else has to.`,
  not_an_approver: ({ request, actor, roles, projects = [] }) =>
    projects.length === 0
      ? `${quote(actor)} (roles: ${roles.join(', ') || 'none'}) is not among the approvers of request ${quote(request)}.`
      : `${quote(actor)} is not among the approvers of request ${quote(request)}: a role counts if it is held in each of its projects. Theirs are ${projects.map((one) => `${one.roles.join(', ') || 'none'} in ${projectNamed(one.project)}`).join('; ')}.`,
  approval_missing: ({ request, policies }) =>
    policies.length === 0
      ? `Nobody was asked about request ${quote(request)}, so that it has no approvals: submit it again, and today's policies decide.`
      : `Request ${quote(request)} lacks approvals that ${quoted(policies)} ${asks(policies)} for: nothing was applied.`,
  comments_unresolved: ({ request, comments }) =>
    `Request ${quote(request)} has ${comments === 1 ? 'one comment that is' : `${comments} comments that are`} not resolved, and a policy asks for that: resolve ${comments === 1 ? 'it' : 'them'} first.`,
  time_not_open: ({ request }) =>
    `The time of request ${quote(request)} was not left open, so that reviewers agree to it: requests.schedule(id, time) sets another one, which is approved anew.`,
  revert_planned: ({ request, revertOf, at, verb }) =>
    `Nobody can ${phraseOf(verb, `request ${quote(request)}`)}: it takes back what request ${quote(revertOf)} applied for a time, at ${time(at)}, as that was approved. To keep the change, make another one of the same place, to another value: the revert then fails.`,
  unknown_comment: ({ request, comment }) =>
    `Request ${quote(request)} has no comment ${quote(comment)}: its comments are in requests.get(id).`,
  comment_open: ({ request, comment }) =>
    comment === undefined
      ? `No comment on request ${quote(request)} is resolved: there is nothing to reopen.`
      : `Comment ${quote(comment)} on request ${quote(request)} is not resolved: there is nothing to reopen.`,
  comment_resolved: ({ request, comment }) =>
    comment === undefined
      ? `No comment on request ${quote(request)} is open: there is nothing to resolve.`
      : `Comment ${quote(comment)} on request ${quote(request)} is resolved already.`,
  not_a_participant: ({ request, comment, actor }) =>
    `${quote(actor)} cannot resolve comment ${quote(comment)}: its author, the requester, the contributors and the approvers of request ${quote(request)} can.`,
  stale: ({ type, id, base, live }) =>
    `${type} ${quote(id)} is at revision ${live}, and the change was made against revision ${base}: rebase the request, or make the change again.`,
  cannot_land: ({ type, id, project, problem }) =>
    `${
      {
        gone: `${type} ${quote(id)} is not ${project === '' ? 'there' : `in ${projectNamed(project)}`} any more, as it was when the request was made: it was removed, or went to another project`,
        replaced: `${type} ${quote(id)} was removed and made anew since the request was made`,
        created: `${type} ${quote(id)} is there by now, and the request was to create it`,
      }[problem]
    }. It cannot be applied or rebased any more: cancel it, or take this resource out of it, and ask anew for what is still wanted.`,
  already_reviewed: ({ request, actor, verdict }) =>
    `${quote(actor)} has already given this answer (${verdict.replaceAll('_', ' ')}) to request ${quote(request)}; one person counts once.`,
  not_the_requester: ({ request, actor, requester, verb }) =>
    `Only ${quote(requester)}, who asked for it, can ${phraseOf(verb, `request ${quote(request)}`)}, not ${quote(actor)}.`,
  own_objection: ({ request, actor }) =>
    `${quote(actor)} has rejected request ${quote(request)}, and could not take that back as its requester: withdraw the rejection before taking it over, or let somebody else do so.`,
  requester_present: ({ request, requester }) =>
    `${quote(requester)}, who asked for request ${quote(request)}, is still there: only what somebody who is gone has left behind can be taken over.`,
  edit_restricted: ({ request, actor, editors }) =>
    `${quote(actor)} cannot edit request ${quote(request)} while it waits for approval: ${editorPhrases[editors]}. Comment on it, or ask its requester to recall it and edit the draft.`,
  contributor: ({ request, actor }) =>
    `${quote(actor)} edited the content of request ${quote(request)} and cannot approve it: somebody else has to.`,
  not_delegated: ({ request, actor, onBehalfOf, left }) =>
    left
      ? `The directory does not know ${quote(onBehalfOf)}, or it is on record that they have left: nobody can answer request ${quote(request)} for them.`
      : `${quote(onBehalfOf)} has not delegated answers to request ${quote(request)} to ${quote(actor)} for now: answer for yourself, or ask for a delegation.`,
  no_review: ({ request, actor }) => `${quote(actor)} has given no answer to request ${quote(request)}.`,
  conflicts_open: ({ request, conflicts }) =>
    `Request ${quote(request)} has ${conflicts === 1 ? 'one conflict' : `${conflicts} conflicts`} with what is live by now: resolve ${conflicts === 1 ? 'it' : 'them'} first.`,
  locked: ({ type, id, request, until }) =>
    until !== undefined && request !== undefined
      ? `${type} ${quote(id)} is locked until ${time(until)}: it is there for a time, and request ${quote(request)} takes that back then.`
      : `${type} ${quote(id)} is locked by ${request === undefined ? anotherRequest : `request ${quote(request)}`} until that is applied, rejected, cancelled or expired.`,
  claim_lost: ({ request, fence, current, until }) =>
    `Claim ${fence} of request ${quote(request)} is over: the last one is ${current}, good until ${time(until)}. Leave the request to whoever claims it next.`,
  delivery_in_progress: ({ request, until }) =>
    `A worker is writing the change of request ${quote(request)} to the external system until ${time(until)}: it can be abandoned after that, or once the attempt has failed.`,
  abandoned: ({ type, id, problem }) =>
    `The change of ${type} ${quote(id)} was abandoned on its way (${problem}). Read the resource to see whether it got there, then apply or submit the request again.`,
  bypass_forbidden: ({ request, actor, roles, freezes = [] }) => {
    const what = request === undefined ? 'this change' : `request ${quote(request)}`
    return freezes.length === 0
      ? `${quote(actor)} cannot bypass the policies of ${what}: they let ${roles.length === 0 ? 'nobody do so' : `only ${quoted(roles)} do so`}.`
      : `${quote(actor)} cannot pass by ${freezes.length === 1 ? 'the freeze' : 'the freezes'} ${quoted(freezes)}, which ${asks(freezes)} for approvals: no policy of ${what} lets anybody do so. Get the approvals, or wait until that is over.`
  },
  break_glass_forbidden: ({ request, actor, roles }) =>
    `${quote(actor)} cannot break the glass for request ${quote(request)}: its policies let ${roles.length === 0 ? 'nobody do so' : `only ${quoted(roles)} do so`}.`,
  follow_up_pending: ({ request, by, policies }) =>
    request === undefined || by === undefined
      ? `The glass was broken for ${anotherRequest}${policies.length === 0 ? '' : ` against ${quoted(policies)}`}: its follow-up review must be done first.`
      : `${quote(by)} broke the glass for request ${quote(request)} against ${quoted(policies)}: its follow-up review must be done first.`,
  no_follow_up: ({ request }) => `Request ${quote(request)} needs no follow-up review.`,
  own_follow_up: ({ request, actor }) =>
    `${quote(actor)} broke the glass for request ${quote(request)} and cannot review that: somebody else has to.`,
  not_due: ({ request, verb, dueAt }) =>
    dueAt === 0
      ? `It is not time to ${phraseOf(verb, `request ${quote(request)}`)}: nothing of the kind is due.`
      : `It is too early to ${phraseOf(verb, `request ${quote(request)}`)}: that is due at ${time(dueAt)}.`,
  already_reviewed_by_others: ({ request, reviews, verb }) => {
    const many = reviews === 1 ? 'one review' : `${reviews} reviews`
    return verb === 'cancel'
      ? `Request ${quote(request)} has ${many} and can no longer be cancelled: recall it, or ask a reviewer to reject it.`
      : `Draft ${quote(request)} had ${many} when it was recalled, so that it cannot be cancelled: edit and submit it, or leave it.`
  },
  invalid_transition: ({ lifecycle, state, action, possible }) =>
    `In state ${quote(state)}, ${lifecycle} has no action ${quote(action)}; possible there: ${possible.join(', ') || 'nothing'}.`,
  waiting_for_approval: ({ lifecycle, state, action, waiting }) =>
    `This ${lifecycle} is in state ${quote(state)}: ${quote(waiting)} waits for approval, and until then ${quote(action)} is impossible.`,
  still_referenced: ({ lifecycle, action, references }) =>
    `This ${lifecycle} is still in use by ${references.join(', ')}: ${quote(action)} is impossible until that ends.`,
  follows_state: ({ type, id, property, says, state, possible }) =>
    `${quote(property)} of ${type} ${quote(id)} follows its state, and is ${says} in ${quote(state)}: leave it out, or ask for an action (${possible.join(', ') || 'none leads to another state'}).`,
  transition_rejected: ({ lifecycle, state, action, problem }) =>
    `This ${lifecycle} is in state ${quote(state)} and does not take ${quote(action)}: ${problem}.`,
  frozen: ({ type, id, freeze, reason, until, problem }) =>
    problem === undefined
      ? `${type} ${quote(id)} is frozen by ${quote(freeze)} ${until === undefined ? 'with no end in sight' : `until ${time(until)}`} (${reason}): nothing is applied there before.`
      : `${type} ${quote(id)} is frozen by ${quote(freeze)} (${reason}), of which nobody can tell when it is over: ${problem}. Save the freeze again, or remove it.`,
  unknown_freeze: ({ freeze }) => `There is no freeze ${quote(freeze)}.`,
  workflow_off: ({ request, project, verb }) =>
    `The approval workflow is off ${inProject(project)}: nobody can ${phraseOf(verb, `request ${quote(request)}`)} until it is on again.`,
  switched_off: ({ request, verb }) =>
    `The approval workflow was switched off while request ${quote(request)} waited, so that nobody can ${phraseOf(verb, 'it')}: tick() makes a draft of it, which its requester can submit again.`,
  not_switched_off: ({ request }) =>
    `The approval workflow was not switched off since request ${quote(request)} was put to its reviewers: it stays before them.`,
  not_permitted: ({ actor, project, missing, policies, admins }) =>
    admins?.length === 0
      ? `${quote(actor)} may not change the settings ${inProject(project)}: nobody may, since createApprovals names no admins. Policies change in code: createApprovals({ policies, policiesVersion }).`
      : admins
        ? `${quote(actor)} may not change the settings ${inProject(project)}: createApprovals({ admins }) lets only these do so: ${admins.join('; ')}.`
        : `${quote(actor)} needs ${quoted(missing) || 'a permission'} ${inProject(project)} ${policies ? `to silence ${quoted(policies)}` : 'for this'}.`,
  not_an_editor: ({ type, id, actor, editors }) =>
    `${type} ${quote(id)} is restricted to ${quoted(editors) || 'its editors, of whom there are none'}: ${quote(actor)} cannot edit it.`,
  beyond_own_permissions({ actor, role = '', user, missing, policies }) {
    if (missing.length > 0)
      return `${quote(actor)} cannot give or take role ${quote(role)}, which holds ${quoted(missing)} and so can do more.`
    const ask = `Ask somebody who has that say too, or who may change ${policies.length === 1 ? 'this policy' : 'these policies'}.`
    return user === undefined
      ? `${quote(actor)} cannot give, take or redefine role ${quote(role)}: its holders have a say in ${quoted(policies)}. ${ask}`
      : `${quote(actor)} cannot let ${quote(user)} join or leave, or be another person: ${quoted(policies)} ${policies.length === 1 ? 'gives' : 'give'} this user a say by name. ${ask}`
  },
  own_account: ({ actor, account }) =>
    `${quote(actor)} is the person behind account ${quote(account)} and cannot unlink it from their own person: another admin has to.`,
  preview_outdated: ({ seen }) =>
    `The change would not do any more what you saw, which had digest ${seen}: preview it again.`,
  unknown_role: ({ role, known }) => `There is no role ${quote(role)}; known are ${listed(known)}.`,
  role_in_use: ({ role, holders }) => `Role ${quote(role)} is held by ${quoted(holders)}: take it from them first.`,
  last_admin: ({ admins, permission }) =>
    `Without ${quoted(admins)} nobody ${permission === 'organization_roles.edit' ? '' : 'who can give roles '}would hold ${quote(permission)} any more: give it to somebody else first.`,
  idempotency_mismatch: ({ key }) =>
    `The idempotency key ${quote(key)} was used for another command before: take a new key for a new command.`,
  host_failed: ({ type, id, operation, path, problem, mayLand }) =>
    `The application could not ${operation === 'projectOf' ? 'say the project of' : operation} ${type} ${quote(id)}, which it keeps itself${path === undefined ? '' : `, at ${place(path)}`}: ${problem}. ${mayLand ? 'It is not there, and may still land' : 'Nothing was applied'}; try again.`,
  host_function_failed: ({ function: name, problem, fix }) =>
    `The application's ${name} ${problem}. Nothing was written: ${fix}.`,
  directory_failed: ({ question, problem }) =>
    `The directory could not say ${question}: ${problem}. Nothing was counted; try again when it answers.`,
  contention: ({ verb, attempts }) =>
    `Could not ${phraseOf(verb, 'the request')}: other writers were faster ${attempts} times. Nothing was written; try again.`,
  duplicate_key: ({ collection, index }) => `A record of ${collection} with this ${index} exists already.`,
  version_conflict: ({ collection, key }) => `${collection} ${key} is not at the expected version: read it again.`,
  unreadable_record: ({ collection, key, problem }) =>
    `Record ${key} of ${collection} cannot be read: ${problem}. Restore it from a backup; audit.verify() names every other one.`,
  storage_failed: ({ operation, problem }) => `The storage failed to ${operation}: ${problem}.`,
}

/** Who may edit a request that waits. */
/** How a request is called that the actor may not read. */
const anotherRequest = 'another request, which you may not read'

const editorPhrases = {
  nobody: 'the policies let nobody do that',
  requester: 'the policies let only its requester do that',
  contributors: 'the policies let only its requester do that, and those who have edited it before',
} as const
const quote = (text: string) => JSON.stringify(text)
const quoted = (texts: readonly string[]) => texts.map(quote).join(', ')
const listed = (texts: readonly string[], none = 'none') => quoted(texts) || none
const asks = (policies: readonly string[]) => (policies.length === 1 ? 'asks' : 'ask')
const time = (milliseconds: number) => new Date(milliseconds).toISOString()
const inProject = (project: string) => (project === '' ? 'in the organization' : `in project ${quote(project)}`)
const projectNamed = (project: string) => (project === '' ? 'no project' : `project ${quote(project)}`)
const place = (path: string) => (path === '' ? 'its root' : path)
