/**
 * How a sentence says each verb on a request: `%` stands for what it is done to. The table of verbs is checked against
 * it, so that no verb is without a phrase.
 */
export const verbPhrases = {
  edit: 'edit %',
  submit: 'submit %',
  resubmit: 'submit % again',
  reopen: 'submit % again',
  rebase: 'rebase %',
  resolve: 'resolve the conflicts in %',
  schedule: 'schedule %',
  unschedule: 'take away the schedule of %',
  set_time: 'set the time of %',
  approve: 'approve %',
  reject: 'reject %',
  request_changes: 'request changes on %',
  withdraw: 'withdraw an answer to %',
  comment: 'comment on %',
  resolve_comment: 'resolve a comment on %',
  reopen_comment: 'reopen a comment on %',
  describe: 'add to the reason of %',
  recall: 'recall %',
  cancel: 'cancel %',
  discard: 'discard %',
  take_over: 'take over %',
  apply: 'apply %',
  retry: 'apply %',
  abandon: 'abandon %',
  bypass: 'bypass the approvals of %',
  break_glass: 'break the glass for %',
  follow_up: 'give the follow-up review of %',
  come_due: 'apply % on schedule',
  expire: 'let % expire',
  lapse: 'record that approvals of % have lapsed',
  escalate: 'escalate %',
  resume: 'settle what was withdrawn from %',
  return: 'return % to its requester',
  confirm: 'confirm the delivery of %',
  reclaim: 'deliver % again',
  remind: 'remind people of %',
  warn: 'warn people that the deadline of % is near',
} as const satisfies Readonly<Record<string, `${string}%${string}`>>

/** Says a verb of the table with its object; whatever else somebody does is a phrase already, as in "save a policy". */
export function phraseOf(verb: string, object: string): string {
  const phrases: Readonly<Record<string, string | undefined>> = verbPhrases
  return phrases[verb]?.replace('%', () => object) ?? verb.replaceAll('_', ' ')
}

const statePhrases: Readonly<Record<string, string | undefined>> = {
  draft: 'is a draft',
  pending: 'waits for approval',
  changes_requested: 'waits for the changes that a reviewer requested',
  approved: 'is approved',
  applying: 'is being written to an external system',
  applied: 'is applied',
  rejected: 'was rejected',
  cancelled: 'was cancelled',
  expired: 'has expired',
  failed: 'has failed',
}

/** Says the state of a request: "is a draft". */
export function statePhrase(status: string): string {
  return statePhrases[status] ?? `is ${status}`
}
