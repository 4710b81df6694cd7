import { admit } from '../../core/change/admit.ts'
import { type Digest, digest } from '../../core/json/digest.ts'
import type { JsonValue } from '../../core/json/json.ts'
import { ApprovalError, fail, isApprovalError } from '../../errors/approval-error.ts'
import { messageOf } from '../../errors/message-of.ts'
import { type Result, refuse, success } from '../../errors/result.ts'
import type { Storage, Write } from '../../ports/storage.ts'
import { checkId } from '../arguments/check-arguments.ts'
import type { Chore } from '../context/chore.ts'
import type { Context } from '../context/context.ts'
import type { IdempotencyRecord } from '../records/record-types.ts'
import { put, read, recordKey, type Stored } from '../records/typed-storage.ts'
import { commitEach } from './put-off.ts'

/** A key under which a command is done at most once, and what it asks. */
export interface Idempotency {
  readonly key: string
  readonly asked: Digest
}

/**
 * Reads the idempotency key out of the options of a verb.
 *
 * The same key with the same verb and arguments gives the same answer; with others it is refused. A function among
 * the arguments cannot be compared, so that it cannot go with a key.
 */
export function idempotencyOf(verb: string, key: unknown, asked: unknown): Idempotency | undefined {
  if (key === undefined) return undefined
  const checked = checkId('idempotencyKey', key)
  const plain = admit(withoutUndefined(verb, asked))
  if (!plain.ok) throw new ApprovalError(plain.refusal)
  return { key: checked, asked: digest('command', { verb, asked: plain.value }) }
}

/** Finds the answer that was given to a command before; `undefined` if it is new. */
export async function answeredBefore(
  storage: Storage,
  { tenant, user }: { readonly tenant: string; readonly user: string },
  { key, asked }: Idempotency,
): Promise<Result<{ readonly answer: JsonValue } | undefined>> {
  const { found } = await read(storage, { found: recordKey('idempotencyKeys', tenant, user, key) })
  if (!found) return success(undefined)
  if (found.value.asked !== asked) return refuse('idempotency_mismatch', { key })
  return success({ answer: found.value.answer })
}

/** Writes down an answer, in the commit that makes it true, to be kept for so many milliseconds. */
export function answerWrite(
  { tenant, user }: { readonly tenant: string; readonly user: string },
  { key, asked }: Idempotency,
  { answer, at, kept }: { readonly answer: unknown; readonly at: number; readonly kept: number },
): Write {
  const value: JsonValue = answer === undefined ? null : JSON.parse(JSON.stringify(answer))
  return put('idempotencyKeys', { tenant, actor: user, key, asked, answer: value, dueAt: at + kept }, undefined)
}

function withoutUndefined(verb: string, asked: unknown): unknown {
  const refuseFunction = (): never =>
    fail('invalid_input', {
      argument: 'idempotencyKey',
      problem: `cannot go with an edit function, which cannot be compared: give ${verb} the change as { value }, { merge } or { patch }`,
    })
  try {
    return JSON.parse(JSON.stringify(asked, (_key, value) => (typeof value === 'function' ? refuseFunction() : value)))
  } catch (cause) {
    if (isApprovalError(cause)) throw cause
    const problem = `cannot go with what ${verb} was given, which is no JSON that can be compared: ${messageOf(cause)}`
    return fail('invalid_input', { argument: 'idempotencyKey', problem }, { cause })
  }
}

/** Makes the chore that forgets the answers of a tenant that nobody asks for any more. */
export function forgetKeysChore({ storage }: Context, records: readonly Stored<IdempotencyRecord>[]): Chore {
  const tenant = records[0]?.value.tenant ?? ''
  const forgotten = records.map(
    ({ version, value: { actor, key } }): Write => ({
      type: 'remove',
      collection: 'idempotencyKeys',
      key: [tenant, actor, key],
      expected: version,
    }),
  )
  return {
    name: `idempotencyKeys\n${tenant}`,
    tenant,
    id: 'idempotencyKeys',
    lane: `idempotencyKeys\n${tenant}`,
    abreast: 1,
    needs: [],
    run: async () => {
      await commitEach({ storage }, forgotten)
      return { done: { forgotten: forgotten.length } }
    },
    later: () => [],
  }
}
