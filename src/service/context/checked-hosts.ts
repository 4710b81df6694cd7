import { identifierProblem } from '../../core/identifier.ts'
import { dismiss } from '../../core/lifecycle/dismiss.ts'
import type { Predicate } from '../../core/policy/compile/compile-condition.ts'
import { fail } from '../../errors/approval-error.ts'
import { messageOf } from '../../errors/message-of.ts'
import { inTime, type Wait } from '../../ports/in-time.ts'
import type { Notifier } from '../../ports/notifier.ts'
import type { Signer } from '../../ports/signer.ts'
import { freeze } from '../values/freeze.ts'
import { shown } from '../values/shown.ts'

/**
 * Takes the host's predicates, which can look at a change and alter nothing of it.
 *
 * @throws TypeError if one is no function.
 */
export function checkedPredicates(predicates: unknown): Readonly<Record<string, Predicate>> {
  if (predicates === undefined) return {}
  if (typeof predicates !== 'object' || predicates === null || Array.isArray(predicates)) {
    throw new TypeError(
      `createApprovals: predicates must be an object of functions, as in { 'during-release': (change) => … }, not ${shown(predicates)}`,
    )
  }
  const named = Object.entries<unknown>({ ...predicates }).map(([name, predicate]) => {
    if (isPredicate(predicate)) return [name, looksOnly(predicate)]
    throw new TypeError(
      `createApprovals: predicates[${JSON.stringify(name)}] must be a function, not ${shown(predicate)}`,
    )
  })
  return Object.fromEntries(named)
}

function looksOnly(predicate: Predicate): Predicate {
  return (subject, argument) => {
    const answer = predicate(freeze(subject), freeze(argument))
    dismiss(answer)
    return answer
  }
}

function isPredicate(value: unknown): value is Predicate {
  return typeof value === 'function'
}

/**
 * Takes the host's notifiers. Each is handed a notice of its own, so that none changes what the others are told.
 *
 * @throws TypeError if one has no name, or nothing to deliver with.
 */
export function checkedNotifiers(notifiers: unknown): readonly Notifier[] {
  if (notifiers === undefined) return []
  if (!Array.isArray(notifiers)) {
    throw new TypeError(`createApprovals: notifiers must be a list, as in [emitter()], not ${shown(notifiers)}`)
  }
  return notifiers.map((notifier: Notifier | undefined, index) => {
    const name: unknown = notifier?.name
    const problem = identifierProblem(name)
    if (typeof name !== 'string' || problem || typeof notifier?.deliver !== 'function') {
      throw new TypeError(
        `createApprovals: notifiers[${index}] must be { name, deliver(notice) }, as emitter() gives; ${problem ? `its name ${problem}` : 'its deliver is no function'}`,
      )
    }
    return { name, deliver: async (notice) => await notifier.deliver(freeze(structuredClone(notice))) }
  })
}

/** The longest signature that is kept, in bytes. */
const longestSignature = 16_384

/**
 * Takes who signs checkpoints. What is no signature is none.
 *
 * @throws TypeError if it has no key, or nothing to sign with.
 */
export function checkedSigner(
  signer: Signer | undefined,
  milliseconds: number,
  wait: Wait = inTime,
): Signer | undefined {
  if (signer === undefined) return undefined
  const keyId: unknown = signer?.keyId
  if (typeof keyId !== 'string' || identifierProblem(keyId) || typeof signer.sign !== 'function') {
    throw new TypeError('createApprovals: signer must have a keyId, the name of its key, and a function sign(bytes)')
  }
  const named = { function: `signer ${JSON.stringify(keyId)}` }
  const fix = `its sign(bytes) must give the bytes of a signature, a Uint8Array of 1 to ${longestSignature}`
  const sign = async (bytes: Uint8Array) => {
    let answer: unknown
    try {
      answer = await wait(signer.sign(bytes), milliseconds)
    } catch (cause) {
      return fail('host_function_failed', { ...named, problem: `failed: ${messageOf(cause)}`, fix }, { cause })
    }
    if (answer instanceof Uint8Array && answer.length > 0 && answer.length <= longestSignature) return answer.slice()
    return fail('host_function_failed', { ...named, problem: `answered ${shown(answer)}`, fix })
  }
  return { keyId, sign }
}
