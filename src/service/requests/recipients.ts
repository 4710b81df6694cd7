import type { RequestEvent } from '../../core/request/model/event.ts'
import type { Request } from '../../core/request/model/request.ts'
import { type Result, refuse, success } from '../../errors/result.ts'
import type { NoticeType } from '../../ports/notifier.ts'
import type { Message } from '../commands/outbox.ts'
import type { Context } from '../context/context.ts'
import type { Audiences, NoticeRecipient } from '../context/notice-audiences.ts'
import { type AskedPeople, approversOf, toBeReminded, toBeTold } from '../facts/approvers.ts'
import { scopeOf } from '../people/ask-directory.ts'
import { adminApprovers, peopleNamed } from '../people/settings-admins.ts'
import type { PolicySetRecord } from '../records/record-types.ts'

/** A request before and after an event, and what goes with telling people. */
export interface Telling {
  /** The request before; `undefined` for a new one. */
  readonly before: Request | undefined
  readonly next: Request
  readonly settings: PolicySetRecord | undefined
  /** Those among the approvers whom the requester wants told; all of them if left out. */
  readonly notify?: readonly string[] | undefined
  /** Those whom the request is put to, if they have been asked for already. */
  readonly approvers?: AskedPeople
}

/**
 * Works out what an event has to tell people: that the request is in another state, or that their answers do not
 * count any more.
 */
export async function noticeMessage(context: Context, event: RequestEvent, telling: Telling): Promise<Result<Message>> {
  const { before, next } = telling
  const { requester, contributors, followUp, status } = next
  const approvers = () => asked(context, event, telling)
  const addressed = async (type: NoticeType, to: readonly string[]) => success({ type, to: distinct(to) })
  switch (event.type) {
    case 'bypassed':
    case 'glass_broken':
      return addressed(event.type, [requester, ...contributors, ...(await approvers())])
    case 'follow_up_reviewed':
      return addressed('follow_up_done', event.done ? [requester, followUp?.by ?? requester] : [])
    case 'reminded': {
      const reminded = await toBeReminded(context, next, event.at)
      if (followUp) return addressed('follow_up_pending', [followUp.by, ...reminded])
      return reminded.length > 0 ? addressed('reminded', reminded) : addressed('unsatisfiable', [requester])
    }
    case 'schedule_dropped':
      return await toParties(context, event, { ...telling, type: event.type })
    case 'escalated':
      if (status === 'pending') return await toParties(context, event, { ...telling, type: event.type })
  }
  if (status !== before?.status) {
    const type = typeOf(event)
    const reviewers = event.type === 'recalled' ? (before?.reviews.map(({ by }) => by) ?? []) : []
    return type ? await toParties(context, event, { ...telling, type, reviewers }) : addressed('submitted', [])
  }
  const fallen = 'pinned' in event ? before.reviews.filter(({ by }) => !next.reviews.some((one) => one.by === by)) : []
  const concerned = fallen.length === 0 ? [] : [requester, ...fallen.map(({ by }) => by)]
  return addressed(
    'reviews_dismissed',
    concerned.filter((user) => user !== event.by),
  )
}

/**
 * What a request that is in another state tells: the state, and for a draft how it came to be one again. Undefined
 * if it tells nothing.
 */
function typeOf({ type, outcome: { status } }: RequestEvent): NoticeType | undefined {
  if (status === 'pending') return 'submitted'
  if (status === 'draft') return type === 'recalled' || type === 'returned' ? type : undefined
  return status === 'applying' ? undefined : status
}

async function toParties(
  context: Context,
  event: RequestEvent,
  telling: Telling & { readonly type: NoticeType; readonly reviewers?: readonly string[] },
): Promise<Result<Message>> {
  const { next, settings, notify, type, reviewers = [] } = telling
  const { tenant, project, requester, contributors } = next
  const parties: readonly NoticeRecipient[] = context.audiences[type as keyof Audiences] ?? []
  const approvers = parties.includes('approvers') || notify ? await asked(context, event, telling) : []
  const stranger = notify?.find((user) => !approvers.includes(user))
  if (stranger !== undefined) {
    const problem = `${JSON.stringify(stranger)} is not asked about this; asked are ${approvers.map((user) => JSON.stringify(user)).join(', ') || 'nobody'}`
    return refuse('invalid_input', { argument: 'options.notify', problem })
  }
  const admins = parties.includes('admins')
    ? await peopleNamed(context.directory, scopeOf(tenant, project), [adminApprovers(context, settings)])
    : []
  const people: { readonly [P in NoticeRecipient]: readonly string[] } = {
    requester: [requester],
    contributors,
    approvers: notify ?? approvers,
    admins,
  }
  return success({
    type,
    to: distinct([...parties.flatMap((party) => people[party]), ...(notify ?? []), ...reviewers]),
  })
}

async function asked(context: Context, { at }: RequestEvent, { next, approvers }: Telling): Promise<readonly string[]> {
  return toBeTold(approvers ?? (await approversOf(context, next, at)), next.requester)
}

function distinct(users: readonly string[]): readonly string[] {
  return [...new Set(users)]
}
