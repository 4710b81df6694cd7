import { fail } from '../../errors/approval-error.ts'
import { checkKeys, checkRef, checkRevision, checkText, checkTime, checkUser } from '../arguments/check-arguments.ts'
import { checkDigest, checkWanted } from '../arguments/check-change.ts'
import type { VerbOptions } from '../arguments/verb-options.ts'
import type { Wish } from '../changes/propose-change.ts'
import type { Context } from '../context/context.ts'
import type { Intention } from '../requests/decide-submission.ts'
import type { ChangeOf, SubmitOptions } from '../requests/submit-command.ts'
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
export function timed({ applyAt }: { readonly applyAt?: number | undefined }) {
  return applyAt === undefined ? {} : { applyAt: checkTime('applyAt', applyAt) }
}

/** Checks whom of the approvers the requester wants told. */
export function told({ notify }: { readonly notify?: readonly string[] | undefined }) {
  if (notify === undefined) return {}
  if (!Array.isArray(notify) || notify.length === 0 || notify.length > 100) {
    fail('invalid_input', { argument: 'options.notify', problem: 'must be a list of 1 to 100 ids of approvers' })
  }
  return { notify: [...new Set(notify.map((user) => checkUser('options.notify', user)))] }
}

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
  checkOptions(options, 'base', 'applyAt', ...(verb === 'submit' ? ['notify'] : []))
  const wishes = [wishOf(context, ref, { change, base: options.base })]
  return { verb, wishes, ...said(options), ...timed(options), ...told(options) }
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

function wishOf<T>(
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
