import type { RequestEvent, WarnedEvent } from '../../core/request/model/event.ts'
import { isPlannedRevert } from '../../core/request/model/planned-revert.ts'
import type { Request } from '../../core/request/model/request.ts'
import { type Result, refuse, success } from '../../errors/result.ts'
import type { NoticeType } from '../../ports/notifier.ts'
import type { Message } from '../commands/outbox.ts'
import type { Context } from '../context/context.ts'
import type { Audiences, NoticeRecipient } from '../context/notice-audiences.ts'
import { isAboutSettings } from '../context/workflow-switch.ts'
import { type AskedPeople, approversOf, toBeReminded, toBeTold } from '../facts/approvers.ts'
import { readersAmong } from '../facts/may-read.ts'
import { scopesOf } from '../people/ask-directory.ts'
import { adminApprovers, peopleNamed } from '../people/settings-admins.ts'
import type { PolicySetRecord } from '../records/record-types.ts'
import { read, recordKey } from '../records/typed-storage.ts'
import { ownUser } from '../values/reserved.ts'

/** A request before and after an event, and what goes with telling people. */
export interface Telling {
  /** The request before; `undefined` for a new one. */
  readonly before: Request | undefined
  readonly next: Request
  readonly settings: PolicySetRecord | undefined
  /** Those among the approvers whom the requester wants told; all of them if left out. */
  readonly notify?: readonly string[] | undefined
  /** Those whom the request is put to, if they have been asked for already. */
  readonly approvers?: AskedPeople | undefined
}

/**
 * Works out what an event has to tell people: that the request is in another state, or that their answers do not
 * count any more.
 */
export async function noticeMessage(context: Context, event: RequestEvent, telling: Telling): Promise<Result<Message>> {
  const { before, next } = telling
  const { requester, contributors, followUp, status } = next
  const approvers = () => asked(context, event, telling)
  /** Tells those who have a part in the request, as far as they may read it still, and those who are asked. */
  const addressed = async (type: NoticeType, parts: readonly string[], askedBesides: readonly string[] = []) =>
    success({ type, to: distinct([...(await stillReading(context, telling, parts)), ...askedBesides]) })
  if (next.withheld && !before?.withheld) return await toParties(context, event, { ...telling, type: 'withheld' })
  switch (event.type) {
    case 'bypassed':
    case 'glass_broken':
      return addressed(event.type, [requester, ...contributors], await approvers())
    case 'follow_up_reviewed':
      return addressed('follow_up_done', event.done ? [requester, followUp?.by ?? requester] : [])
    case 'reminded': {
      const { settings } = telling
      const { met, people } = await toBeReminded(context, next, { at: event.at, settings })
      if (followUp) return addressed('follow_up_pending', [followUp.by], people)
      return met || people.length > 0 ? addressed('reminded', [], people) : addressed('unsatisfiable', [requester])
    }
    case 'approvals_lapsed': {
      const { settings } = telling
      const { met, people } = await toBeReminded(context, next, { at: event.at, settings })
      return met ? addressed(event.type, []) : addressed(event.type, [requester], people)
    }
    case 'warned':
      return await warning(context, event, telling)
    case 'described':
      return addressed(
        event.type,
        next.reviews.map(({ by }) => by),
      )
    case 'expired':
      if (event.missed)
        return await toParties(context, event, { ...telling, type: event.type, also: 'schedule_dropped' })
      break
    case 'schedule_dropped':
      return await toParties(context, event, { ...telling, type: event.type })
    case 'escalated':
      if (status === 'pending') return await toParties(context, event, { ...telling, type: event.type })
  }
  if (status !== before?.status) {
    const type = typeOf(event)
    const failed = status === 'failed' && before !== undefined && isPlannedRevert(before)
    const reviewers = failed ? await concernedByRevert(context, next) : alsoTold(event, before, next)
    return type ? await toParties(context, event, { ...telling, type, reviewers }) : addressed('submitted', [])
  }
  return await askedAgain(context, event, { ...telling, before })
}

/**
 * Tells of content that waits as it did before: those whose answers it has dismissed; and, if it was put to reviewers
 * anew, all whom it asks, or else those whom it asks and who were not asked before.
 */
async function askedAgain(
  context: Context,
  event: RequestEvent,
  telling: Telling & { readonly before: Request },
): Promise<Result<Message>> {
  const { before, next } = telling
  if (!('pinned' in event)) return success({ type: 'reviews_dismissed', to: [] })
  const fallen = before.reviews.filter(({ by }) => !next.reviews.some((one) => one.by === by))
  const isPutAnew = event.type === 'resubmitted' || event.type === 'taken_over'
  if (next.status === 'pending' && isPutAnew && fallen.length === 0) {
    return await toParties(context, event, { ...telling, type: 'submitted' })
  }
  const told = next.status === 'pending' && context.audiences.submitted.includes('approvers')
  const known = told ? await asked(context, event, { ...telling, next: before, approvers: undefined }) : []
  const joining = told ? (await asked(context, event, telling)).filter((user) => !known.includes(user)) : []
  const concerned = fallen.length === 0 ? [] : [next.requester, ...fallen.map(({ by }) => by)]
  const parts = await stillReading(context, telling, concerned)
  const to = distinct([...parts, ...joining]).filter((user) => user !== event.by)
  return success({ type: fallen.length === 0 ? 'submitted' : 'reviews_dismissed', to })
}

/** Warns those who can see to it that a request is applied in time: of its approvers, those whose answer is missing. */
async function warning(context: Context, event: WarnedEvent, telling: Telling): Promise<Result<Message>> {
  const { next, settings } = telling
  const { followUp: _done, ...open } = next
  const missing = async () => (await toBeReminded(context, open, { at: event.at, settings })).people
  const message = await toParties(context, event, { ...telling, type: 'deadline_near', missing })
  return message.ok ? success({ ...message.value, deadline: event.deadline }) : message
}

/** Those who are told of another state whatever is said of notices: it takes what they did, or waited for. */
function alsoTold({ type }: RequestEvent, before: Request | undefined, { requester }: Request): readonly string[] {
  if (type === 'asked_anew') return [requester]
  return type === 'recalled' ? (before?.reviews.map(({ by }) => by) ?? []) : []
}

/**
 * Those whom it concerns that a change which was to be for a time stays: who asked for it, who answered it, and who
 * made the resources what they are by now.
 */
async function concernedByRevert(
  context: Context,
  { tenant, revertOf = '', resources }: Request,
): Promise<readonly string[]> {
  const { storage } = context
  const { origin, live } = await read(storage, {
    origin: recordKey('requests', tenant, revertOf),
    live: resources.map(({ type, id }) => recordKey('resources', tenant, type, id)),
  })
  const { revisions } = await read(storage, {
    revisions: live.flatMap((one) => {
      return one ? [recordKey('revisions', tenant, one.value.type, one.value.id, one.value.revision)] : []
    }),
  })
  const { requester = [], contributors = [], reviews = [] } = origin?.value ?? {}
  const authors = revisions.flatMap((one) => one?.value.author ?? [])
  return [requester, contributors, reviews.map(({ by }) => by), authors.filter((user) => user !== ownUser)].flat()
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
  telling: Telling & {
    readonly type: NoticeType
    readonly reviewers?: readonly string[]
    /** The notice whose audience is told, too. */
    readonly also?: keyof Audiences
    /** Those of the approvers who are told. Left out: all of them. */
    readonly missing?: () => Promise<readonly string[]>
  },
): Promise<Result<Message>> {
  const { next, settings, notify, type, reviewers = [], also, missing = () => asked(context, event, telling) } = telling
  const { tenant, requester, contributors } = next
  const parties: readonly NoticeRecipient[] = [type as keyof Audiences, ...(also ? [also] : [])].flatMap(
    (one) => context.audiences[one] ?? [],
  )
  const approvers = parties.includes('approvers') || notify ? await missing() : []
  const stranger = notify?.find((user) => !approvers.includes(user))
  if (stranger !== undefined) {
    const problem = `${JSON.stringify(stranger)} is not asked about this; asked are ${approvers.map((user) => JSON.stringify(user)).join(', ') || 'nobody'}`
    return refuse('invalid_input', { argument: 'options.notify', problem })
  }
  const admins = parties.includes('admins') ? await adminsOf(context, { tenant, request: next, settings }) : []
  const people: Readonly<Record<NoticeRecipient, readonly string[]>> = {
    ...{ requester: [requester], contributors, approvers: notify ?? approvers, admins },
  }
  const asking: readonly NoticeRecipient[] = ['approvers', 'admins']
  const named = parties.filter((party) => !asking.includes(party)).flatMap((party) => people[party])
  const besides = parties.filter((party) => asking.includes(party)).flatMap((party) => people[party])
  const parts = await stillReading(context, telling, [...named, ...reviewers])
  return success({ type, to: distinct([...parts, ...besides, ...(notify ?? [])]) })
}

/**
 * Those who have a part in a request, as far as they may read it still: it may have gone where they may not, or they
 * may have lost what let them. Whoever began it just now has not.
 */
async function stillReading(
  context: Context,
  { before, next, settings }: Telling,
  users: readonly string[],
): Promise<readonly string[]> {
  if (before === undefined || users.length === 0 || context.notifiers.length === 0) return users
  // What the request is about by now is written with the notice: of settings, whoever could read them is told.
  const request = isAboutSettings(next.resources) ? before : next
  return await readersAmong(context, users, { request, settings })
}

/** Lists those who are to hear of something that is no event of a request, by what the application says of notices. */
export async function audienceOf(
  context: Context,
  type: keyof Audiences,
  {
    request,
    settings,
    at,
  }: { readonly request: Request; readonly settings: PolicySetRecord | undefined; readonly at: number },
): Promise<readonly string[]> {
  const { tenant, requester, contributors } = request
  const parties: readonly NoticeRecipient[] = context.audiences[type]
  const approvers = async () => toBeTold(await approversOf(context, request, at), requester)
  const named = [
    ...(parties.includes('requester') ? [requester] : []),
    ...(parties.includes('contributors') ? contributors : []),
  ]
  return distinct([
    ...(await readersAmong(context, named, { request, settings })),
    ...(parties.includes('approvers') ? await approvers() : []),
    ...(parties.includes('admins') ? await adminsOf(context, { tenant, request, settings }) : []),
  ])
}

async function adminsOf(
  context: Context,
  {
    tenant,
    request,
    settings,
  }: { readonly tenant: string; readonly request: Request; readonly settings: PolicySetRecord | undefined },
): Promise<readonly string[]> {
  return await peopleNamed(context.directory, scopesOf(tenant, request), [adminApprovers(context, settings)])
}

async function asked(context: Context, { at }: RequestEvent, { next, approvers }: Telling): Promise<readonly string[]> {
  return toBeTold(approvers ?? (await approversOf(context, next, at)), next.requester)
}

function distinct(users: readonly string[]): readonly string[] {
  return [...new Set(users)]
}
