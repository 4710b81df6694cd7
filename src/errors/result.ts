import type { ErrorCode, ErrorDetails } from './error-details.ts'
import { messages } from './error-messages.ts'

/** Why something was not done, as data: what the pure core returns where the service throws. Narrows on `code`. */
export type Refusal<C extends ErrorCode = ErrorCode> = {
  readonly [K in C]: { readonly code: K; readonly message: string; readonly details: ErrorDetails[K] }
}[C]

/** A value, or the reason why there is none. */
export type Result<T, C extends ErrorCode = ErrorCode> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly refusal: Refusal<C> }

/** Wraps a value as a successful result. */
export function success<T>(value: T): { readonly ok: true; readonly value: T } {
  return { ok: true, value }
}

/** Makes a refusal, with its message, out of a code and its details. */
export function refuse<C extends ErrorCode>(
  code: C,
  details: ErrorDetails[C],
): { readonly ok: false; readonly refusal: Refusal<C> } {
  return { ok: false, refusal: { code, message: messages[code](details), details } as Refusal<C> }
}
