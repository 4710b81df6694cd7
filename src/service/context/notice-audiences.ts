import { checkRecord } from '../resource-types/handed-in.ts'

/**
 * Somebody whom a notice can go to: who made the request, who edited it, whom its policies ask, or whoever may change
 * the approval settings of its project.
 */
export type NoticeRecipient = 'requester' | 'contributors' | 'approvers' | 'admins'

/**
 * Which notice goes to whom. What people have to do, or what was done past them, is told to those whom it concerns in
 * any case, and is not among these: reminders, follow-up reviews, dismissed reviews, bypasses and broken glass.
 */
export interface Audiences {
  /** Put to its approvers. */
  readonly submitted: readonly NoticeRecipient[]
  readonly changes_requested: readonly NoticeRecipient[]
  /** Approved, and not applied yet. */
  readonly approved: readonly NoticeRecipient[]
  readonly applied: readonly NoticeRecipient[]
  readonly rejected: readonly NoticeRecipient[]
  readonly failed: readonly NoticeRecipient[]
  readonly expired: readonly NoticeRecipient[]
  readonly cancelled: readonly NoticeRecipient[]
  /** Made a draft again by its requester. */
  readonly recalled: readonly NoticeRecipient[]
  /** Made a draft again because the workflow was switched off. */
  readonly returned: readonly NoticeRecipient[]
  /** About to end, or to miss its time. Approvers are those who could supply what is missing, and have not. */
  readonly deadline_near: readonly NoticeRecipient[]
  /** Open, and not to be applied as it is, since a resource of it has moved on. Whoever moved it is not told. */
  readonly stale: readonly NoticeRecipient[]
  /** Its time came when it could not be applied. */
  readonly schedule_dropped: readonly NoticeRecipient[]
  /** Approved and not applied, since whoever asked for it could not make it any more: somebody who may applies it. */
  readonly withheld: readonly NoticeRecipient[]
  /** Nobody answered enough, so that others may answer too. */
  readonly escalated: readonly NoticeRecipient[]
  /** The workflow was switched on; approvers are those whom the policies there ask. */
  readonly workflow_on: readonly Exclude<NoticeRecipient, 'requester' | 'contributors'>[]
  readonly workflow_off: readonly Exclude<NoticeRecipient, 'requester' | 'contributors'>[]
}

/** Who is told of what if the application says nothing. */
export const defaultAudiences: Audiences = {
  submitted: ['approvers'],
  changes_requested: ['requester'],
  approved: ['requester'],
  applied: ['requester'],
  rejected: ['requester'],
  failed: ['requester'],
  expired: ['requester'],
  cancelled: [],
  recalled: [],
  returned: [],
  deadline_near: ['requester', 'contributors', 'approvers'],
  stale: ['requester', 'contributors'],
  schedule_dropped: ['requester', 'contributors', 'approvers'],
  withheld: ['requester', 'contributors', 'approvers', 'admins'],
  escalated: ['requester', 'approvers'],
  workflow_on: ['approvers', 'admins'],
  workflow_off: ['approvers', 'admins'],
}

/**
 * Completes the audiences that the application gives with the default ones.
 *
 * @throws TypeError if there is no such notice, or no such party to it.
 */
export function audiencesOf(given: Partial<Audiences> = {}): Audiences {
  checkRecord('createApprovals: notices', given, "{ applied: ['requester'] }")
  for (const [type, parties] of Object.entries(given)) {
    if (parties === undefined) continue
    if (!Object.hasOwn(defaultAudiences, type)) {
      const known = Object.keys(defaultAudiences).join(', ')
      throw new TypeError(
        `createApprovals: there is no notice ${JSON.stringify(type)} to say the audience of; known are ${known}`,
      )
    }
    const possible = type.startsWith('workflow_')
      ? ['approvers', 'admins']
      : ['requester', 'contributors', 'approvers', 'admins']
    const wrong = Array.isArray(parties) ? parties.find((party) => !possible.includes(party)) : parties
    if (!Array.isArray(parties) || wrong !== undefined) {
      throw new TypeError(
        `createApprovals: notices.${type} must be a list of ${possible.join(', ')}, not ${JSON.stringify(wrong) ?? 'nothing'}`,
      )
    }
  }
  const said = Object.entries(given).filter(([, parties]) => parties !== undefined)
  return { ...defaultAudiences, ...Object.fromEntries(said) }
}
