import { defined } from '../../core/defined.ts'
import type { Schedule } from '../../core/request/model/schedule.ts'
import { fail } from '../../errors/approval-error.ts'
import { checkKeys, checkRef, checkRevision, checkText, checkTime, checkUser } from '../arguments/check-arguments.ts'
import { checkDigest, checkWanted } from '../arguments/check-change.ts'
import type { VerbOptions, WantedTime } from '../arguments/verb-options.ts'
import type { Wish } from '../changes/propose-change.ts'
import type { Context } from '../context/context.ts'
import type { Intention } from '../requests/decide-submission.ts'
import type { ChangeOf, SubmitOptions } from '../requests/submit-outcome.ts'
import type { WantedSchedule } from '../requests/wanted-schedule.ts'
import type { ResourceRef } from '../resource-types/resource-type.ts'
import type { WantedChange } from '../resource-types/wanted-change.ts'

/** Checks the options of a verb: those that every verb has, and its own. */
export function checkOptions(options: object, ...own: readonly string[]): void {
  checkKeys('options', options, ['reason', 'idempotencyKey', ...own])
}

/** The reason that goes with a verb, if one does. */
export function said(options: VerbOptions) {
  const reason = checkText('reason', options.reason)
  return reason === undefined ? {} : { reason }
}

/** When something is to be applied, if that is said. */
export function timed(options: Pick<SubmitOptions, 'applyAt' | 'applyBy' | 'revertAt'>): Schedule {
  const { applyAt, applyBy, revertAt } = options
  const when = applyAt === undefined ? {} : checkWhen(applyAt)
  return { ...when, ...defined({ applyBy: limitOf('applyBy', applyBy), revertAt: limitOf('revertAt', revertAt) }) }
}

/** A time that follows the one at which something is applied; null takes it off. */
function limitOf<T extends number | null | undefined>(name: string, time: T): T {
  if (time !== undefined && time !== null) checkTime(name, time)
  return time
}

function checkWhen(applyAt: WantedTime): Pick<Schedule, 'applyAt' | 'openTime'> {
  if (applyAt === 'open') return { openTime: {} }
  if (typeof applyAt !== 'object' || applyAt === null) return { applyAt: checkTime('applyAt', applyAt) }
  checkKeys('applyAt', applyAt, ['from', 'until'])
  const [from, until] = (['from', 'until'] as const).map((name) => {
    const time = applyAt[name]
    return time === undefined ? undefined : checkTime(`applyAt.${name}`, time)
  })
  return { openTime: defined({ from, until }) }
}

/** What a request is to be scheduled for: what is left out stays as it was, and null takes it off. */
export function rescheduled({ applyAt, applyBy, revertAt }: Retiming): WantedSchedule {
  const { applyAt: at, openTime } = applyAt === undefined || applyAt === null ? {} : checkWhen(applyAt)
  const when = applyAt === null ? null : (openTime ?? at)
  const ends = { applyBy: limitOf('applyBy', applyBy), revertAt: limitOf('revertAt', revertAt) }
  return defined({ applyAt: when, ...ends })
}

/** When something is to be applied from now on. */
export interface Retiming {
  readonly applyAt?: WantedTime | null | undefined
  readonly applyBy?: number | null | undefined
  readonly revertAt?: number | null | undefined
}

/** The time that something is put to its reviewers with, if that is said. */
export function retimed(options: Retiming) {
  const { applyAt, applyBy, revertAt } = options
  if ([applyAt, applyBy, revertAt].every((time) => time === undefined)) return {}
  return { timed: true, rewrite: { type: 'schedule', schedule: rescheduled(options), anew: true } } as const
}

/** Checks whom of the approvers the requester wants told. */
export function told({ notify }: { readonly notify?: readonly string[] | undefined }) {
  if (notify === undefined) return {}
  if (!Array.isArray(notify) || notify.length === 0 || notify.length > 100) {
    fail('invalid_input', { argument: 'options.notify', problem: 'must be a list of 1 to 100 ids of approvers' })
  }
  return { notify: [...new Set(notify.map((user) => checkUser('options.notify', user)))] }
}

/** The options of a verb besides those that every verb has. */
const optionsOf = {
  submit: ['base', 'applyAt', 'applyBy', 'revertAt', 'notify'],
  draft: ['base', 'applyAt', 'applyBy', 'revertAt'],
  bypass: ['base', 'revertAt'],
} as const satisfies Readonly<Record<Intention['verb'], readonly string[]>>

interface Call<T> {
  readonly ref: ResourceRef<T>
  readonly change: WantedChange<T>
  readonly options: SubmitOptions
}

/** Reads what somebody intends to do with one resource. */
export function intentionOf<T>(
  context: Context,
  verb: Intention['verb'],
  { ref, change, options }: Call<T>,
): Intention {
  checkOptions(options, ...optionsOf[verb])
  const wishes = [wishOf(context, ref, { change, base: options.base })]
  return { verb, wishes, ...said(options), ...timed(options), ...told(options) }
}

/** A call about one resource, or about several whose changes are to land together. */
export type SubmitCall = readonly [ref: unknown, change?: unknown, options?: unknown]

/** Reads what somebody intends to do with one resource or several, with what a repeated call must ask for again. */
export function intentionOfCall(
  context: Context,
  verb: 'submit' | 'draft',
  [first, second, third]: SubmitCall,
): { readonly intention: Intention; readonly asked: object; readonly options: SubmitOptions } {
  if (!Array.isArray(first)) {
    const options = (third === undefined ? {} : third) as SubmitOptions
    const [ref, change] = [first as ResourceRef<unknown>, second as WantedChange<unknown>]
    return {
      intention: intentionOf(context, verb, { ref, change, options }),
      asked: { ref, change, ...options },
      options,
    }
  }
  const options = (second === undefined ? {} : second) as SubmitOptions
  checkOptions(options, ...optionsOf[verb].filter((name) => name !== 'base'))
  const wishes = wishesOf(context, first as readonly ChangeOf<never>[])
  const intention = { verb, wishes, ...said(options), ...timed(options), ...told(options) }
  return { intention, asked: { changes: first }, options }
}

/** Reads the changes that are to land together: 1 to 100, on different resources. */
export function wishesOf(context: Context, changes: readonly ChangeOf<never>[]): readonly Wish[] {
  if (!Array.isArray(changes) || changes.length === 0 || changes.length > 100) {
    fail('invalid_input', { argument: 'changes', problem: 'must be a list of 1 to 100 changes' })
  }
  const wishes = changes.map((one) => {
    checkKeys('changes', one, ['ref', 'change', 'base'])
    return wishOf(context, one.ref, one)
  })
  const names = new Set(wishes.map(({ ref }) => JSON.stringify([ref.type, ref.id])))
  if (names.size < wishes.length)
    fail('invalid_input', { argument: 'changes', problem: 'must be on different resources' })
  return wishes
}

/** Reads what somebody wants of one resource. */
export function wishOf<T>(
  context: Context,
  ref: ResourceRef<T>,
  { change, base }: { readonly change: WantedChange<T>; readonly base?: number | undefined },
): Wish {
  const checked = checkRef(context, ref)
  const wish: Wish = { ...checked, change: checkWanted(change, checked.ref) }
  return base === undefined ? wish : { ...wish, base: checkRevision('base', base) }
}

/** The digest of what the actor saw. */
export function seenOf({ digest }: { readonly digest: string }): string {
  return checkDigest('options.digest', digest, 'the request that you read: pass { digest: request.digest }')
}

/** Whose answer it is, if not their own. */
export function behalfOf({ onBehalfOf }: { readonly onBehalfOf?: string | undefined }): {
  readonly onBehalfOf?: string
} {
  return onBehalfOf === undefined ? {} : { onBehalfOf: checkUser('options.onBehalfOf', onBehalfOf) }
}
