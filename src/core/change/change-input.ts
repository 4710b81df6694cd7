import { type Result, refuse, success } from '../../errors/result.ts'
import type { JsonValue } from '../json/json.ts'
import { defaultLimits } from '../json/limits.ts'
import { admit, admitAs } from './admit.ts'
import { runEdit } from './edit-function.ts'
import { applyPatch } from './json-patch.ts'
import { applyMergePatch } from './merge-patch.ts'
import type { PatchOperation } from './patch-steps.ts'
import { startTally } from './tally.ts'

/**
 * The ways to say what a document becomes: a function that edits a draft of it, a JSON Patch (RFC 6902), a merge patch
 * (RFC 7396), the whole next value, or its removal.
 */
export type ChangeInput<T> =
  | ((draft: T) => T)
  | ((draft: T) => void)
  | { readonly patch: readonly PatchOperation[] }
  | { readonly merge: unknown }
  | { readonly value: T }
  | { readonly remove: true }

/**
 * Works out what a document becomes. `undefined` is the document that does not exist: it can only be given a value,
 * and removing makes one.
 *
 * The result is admitted; subtrees that the change leaves alone are shared with the document, which stays as it is.
 * An edit function that throws, or is async, is refused with what it said. `prepare` makes JSON of what is none yet.
 *
 * @example
 * ```ts
 * const next = nextValue<{ rollout: number }>({ rollout: 40 }, { merge: { rollout: 80 } })
 * if (next.ok) console.log(next.value) // { rollout: 80 }
 * ```
 *
 * @returns The next document, or a refusal: `invalid_document`, `invalid_patch`, `invalid_input`.
 */
export function nextValue<T>(
  before: JsonValue | undefined,
  input: ChangeInput<T>,
  prepare: (value: unknown) => unknown = (value) => value,
): Result<JsonValue | undefined, 'invalid_input' | 'invalid_patch' | 'invalid_document'> {
  const form = readForm(input)
  if (form.type === 'none') return invalidChange(form.problem)
  if (form.type === 'value') return admitted(prepare(form.value), before)
  if (before === undefined) return invalidChange('there is no document to go on from: pass { value } to make one')
  switch (form.type) {
    case 'remove':
      return success(undefined)
    case 'patch': {
      const patched = applyPatch(before, form.value)
      return patched.ok ? admitted(patched.value, before) : patched
    }
    case 'merge': {
      const patch = admit(form.value)
      return patch.ok ? admitted(applyMergePatch(before, patch.value), before) : patch
    }
    case 'edit': {
      const edited = runEdit(before, form.edit)
      return edited.ok ? admitted(prepare(edited.value), before) : invalidChange(edited.problem)
    }
  }
}

/** Tells whether a change goes on from a document, so that there must be one: an edit, a patch, a merge, a removal. */
export function needsDocument<T>(input: ChangeInput<T>): boolean {
  const { type } = readForm(input)
  return type !== 'none' && type !== 'value'
}

type Form =
  | { readonly type: 'edit'; readonly edit: (draft: never) => unknown }
  | { readonly type: 'patch' | 'merge' | 'value' | 'remove'; readonly value: unknown }
  | { readonly type: 'none'; readonly problem: string }

const forms = 'an edit function, { patch }, { merge }, { value } or { remove: true }'

/** Reads which of the forms was given, each property once. */
function readForm(input: unknown): Form {
  if (typeof input === 'function') return { type: 'edit', edit: input as (draft: never) => unknown }
  if (typeof input !== 'object' || input === null) return { type: 'none', problem: `it is none of ${forms}` }
  try {
    const keys = Reflect.ownKeys(input)
    const [key] = keys
    if (keys.length !== 1) return { type: 'none', problem: `it has ${keys.length} keys, and is to have one: ${forms}` }
    if (key !== 'patch' && key !== 'merge' && key !== 'value' && key !== 'remove') {
      return { type: 'none', problem: `${JSON.stringify(String(key))} is none of ${forms}` }
    }
    const descriptor = Object.getOwnPropertyDescriptor(input, key)
    const value: unknown = descriptor?.value
    if (key === 'remove' && value !== true)
      return { type: 'none', problem: 'remove is true, or the change is another one' }
    return { type: key, value }
  } catch {
    return { type: 'none', problem: 'it cannot be read' }
  }
}

function invalidChange(problem: string) {
  return refuse('invalid_input', { argument: 'change', problem })
}

/**
 * Admits what a change made. What it shares with the document before was admitted then: that is counted, and not
 * copied.
 */
function admitted(value: unknown, before: JsonValue | undefined): Result<JsonValue, 'invalid_document'> {
  if (value === before && before !== undefined) return success(before)
  const known = containersOf(before)
  return admitAs(value, startTally(defaultLimits), (source) => (known.has(source) ? 'keep' : 'copy'))
}

function containersOf(value: JsonValue | undefined): ReadonlySet<object> {
  const found = new Set<object>()
  if (typeof value === 'object' && value !== null) found.add(value)
  for (const container of found) {
    for (const child of Object.values(container)) if (typeof child === 'object' && child !== null) found.add(child)
  }
  return found
}
