import type { ActingApprovals, ChangeRequest, Permissions } from '../src/index.ts'
import { day } from './world.ts'

const hour = day / 24

/** One try of a method, by somebody who has seen the request. */
export type Attempt = (as: ActingApprovals, request: ChangeRequest, now: number) => Promise<unknown>

const nothing = `sha256:${'0'.repeat(64)}` as const

/** Every method that `can` speaks of, as a screen would call it. */
export const attempts: { readonly [M in keyof Permissions]: Attempt } = {
  edit: (as, { id }) => as.edit(id, { type: 'feature_flag', id: 'checkout' }, { merge: { rollout: 61 } }),
  submitDraft: (as, { id }) => as.submitDraft(id),
  resubmit: (as, { id }) => as.resubmit(id),
  reopen: (as, { id }) => as.reopen(id),
  rebase: (as, { id }) => as.rebase(id),
  resolve: (as, { id }) => as.resolve(id, [{ conflict: nothing, take: 'live' }]),
  schedule: (as, { id }, now) => as.schedule(id, now + hour),
  unschedule: (as, { id }) => as.unschedule(id),
  approve: (as, { id, digest }) => as.approve(id, { seen: digest }),
  reject: (as, { id, digest }) => as.reject(id, { seen: digest, reason: 'no' }),
  requestChanges: (as, { id, digest }) => as.requestChanges(id, { seen: digest, reason: 'smaller' }),
  withdraw: (as, { id }) => as.withdraw(id),
  comment: (as, { id }) => as.comment(id, 'hm'),
  recall: (as, { id }) => as.recall(id),
  cancel: (as, { id }) => as.cancel(id),
  discard: (as, { id }) => as.discard(id),
  apply: (as, { id }) => as.apply(id),
  retry: (as, { id }) => as.retry(id),
  abandon: (as, { id }) => as.abandon(id, { reason: 'it never answers' }),
  breakGlass: (as, { id, digest }) => as.breakGlass(id, { seen: digest, incident: 'INC-1', reason: 'it burns' }),
  settleDebt: (as, { id, digest }) => as.settleDebt(id, { seen: digest, reason: 'it did burn' }),
  bypass: (as, { id, digest }) => as.bypass(id, { seen: digest, reason: 'because' }),
}
