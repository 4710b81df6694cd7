import { Immer } from 'immer'
import { messageOf } from '../../errors/message-of.ts'
import type { JsonValue } from '../json/json.ts'

/** What an edit function made of a document, not yet admitted; or why it made nothing. */
export type Edited = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly problem: string }

/** Freezes nothing itself: what comes out is admitted, and so copied or known to be frozen. */
const immer = new Immer({ autoFreeze: false })

/**
 * Runs an edit function on a draft of a document. The document stays as it is, and what the function left alone is
 * shared with it.
 *
 * A function that throws, or that returns a promise, edits nothing: its draft is dead by the time that the promise
 * settles.
 */
export function runEdit(before: JsonValue, edit: (draft: never) => unknown): Edited {
  let promised = false
  try {
    const value: unknown = immer.produce(before, (draft: unknown) => {
      const returned = edit(draft as never)
      promised = isPromise(returned)
      return promised ? undefined : returned
    })
    return promised
      ? { ok: false, problem: 'an edit function may not be async: await first, then edit' }
      : { ok: true, value }
  } catch (thrown) {
    return { ok: false, problem: `the edit function failed: ${messageOf(thrown)}` }
  }
}

/**
 * Recognises a promise, and takes its failure: it can only be that the draft is dead, which the caller is told
 * anyway.
 */
function isPromise(value: unknown): boolean {
  if (!(value instanceof Promise))
    return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
  value.catch(() => undefined)
  return true
}
