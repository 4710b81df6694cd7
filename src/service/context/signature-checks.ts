import { fail } from '../../errors/approval-error.ts'
import { inTime } from '../../ports/in-time.ts'
import type { SignatureCheck } from '../../ports/signer.ts'

/** Checks the keys that signatures are verified with, and gives each the time that it may take. */
export function signatureChecks(keys: unknown, milliseconds: number): Readonly<Record<string, SignatureCheck>> {
  const named = typeof keys === 'object' && keys !== null ? Object.entries<unknown>({ ...keys }) : []
  if (named.length === 0 || !named.every(isCheck)) {
    const problem = 'must name keys, each with a function that checks signatures'
    return fail('invalid_input', { argument: 'options.keys', problem })
  }
  return Object.fromEntries(
    named.map(([keyId, check]) => [keyId, (bytes, signature) => inTime(check(bytes, signature), milliseconds)]),
  )
}

function isCheck(entry: [string, unknown]): entry is [string, SignatureCheck] {
  return typeof entry[1] === 'function'
}
