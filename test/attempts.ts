import type { ActingApprovals, ChangeRequest, Permissions } from '../src/index.ts'
import { day } from './world.ts'

const hour = day / 24

/** One try of a method, by somebody who has seen the request. */
export type Attempt = (as: ActingApprovals, request: ChangeRequest, now: number) => Promise<unknown>

const nothing = `sha256:${'0'.repeat(64)}` as const

/** Every method that `can` speaks of, as a screen would call it. */
export const attempts: { readonly [M in keyof Permissions]: Attempt } = {
  edit: (as, { id }) =>
    as.requests.edit(
      id,
      { type: 'feature_flag', id: 'checkout' },
      { patch: [{ op: 'replace', path: '/rollout', value: 61 }] },
    ),
  add: (as, { id }) => as.requests.add(id, { type: 'feature_flag', id: 'cart' }, { merge: { rollout: 61 } }),
  takeOut: (as, { id }) => as.requests.takeOut(id, { type: 'feature_flag', id: 'checkout' }),
  submit: (as, { id, applyAt }, now) =>
    as.requests.submit(id, applyAt !== undefined && applyAt <= now ? { applyAt: now + hour } : {}),
  rebase: (as, { id }) => as.requests.rebase(id),
  resolve: (as, { id }) => as.requests.resolve(id, [{ conflict: nothing, take: 'live' }]),
  schedule: (as, { id }, now) => as.requests.schedule(id, now + hour),
  setTime: (as, { id }, now) => as.requests.setTime(id, now + hour),
  approve: (as, { id, digest }) => as.requests.approve(id, { digest }),
  reject: (as, { id, digest }) => as.requests.reject(id, { digest, reason: 'no' }),
  requestChanges: (as, { id, digest }) => as.requests.requestChanges(id, { digest, reason: 'smaller' }),
  withdraw: (as, { id }) => as.requests.withdraw(id),
  comment: (as, { id }) => as.requests.comment(id, 'hm'),
  resolveComment: (as, { id }) => as.requests.resolveComment(id, `${id}/1`),
  reopenComment: (as, { id }) => as.requests.reopenComment(id, `${id}/1`),
  describe: (as, { id }) => as.requests.describe(id, 'for the sale'),
  recall: (as, { id }) => as.requests.recall(id),
  cancel: (as, { id }) => as.requests.cancel(id),
  takeOver: (as, { id }) => as.requests.takeOver(id),
  apply: (as, { id }) => as.requests.apply(id),
  abandon: (as, { id }) => as.requests.abandon(id, { reason: 'it never answers' }),
  breakGlass: (as, { id, digest }) => as.requests.breakGlass(id, { digest, incident: 'INC-1', reason: 'it burns' }),
  followUp: (as, { id, digest }) => as.requests.followUp(id, { digest, reason: 'it did burn' }),
  bypass: (as, { id, digest }) => as.requests.bypass(id, { digest, reason: 'because' }),
}
