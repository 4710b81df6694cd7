import { admit } from '../../core/change/admit.ts'
import type { ChangeInput } from '../../core/change/change-input.ts'
import type { Resolution } from '../../core/change/conflict.ts'
import type { Digest } from '../../core/json/digest.ts'
import type { JsonObject, JsonValue } from '../../core/json/json.ts'
import { withoutUndefined } from '../../core/json/without-undefined.ts'
import { nearestName } from '../../core/nearest.ts'
import { isOwnType } from '../../core/policy/model/policy-type.ts'
import { fail } from '../../errors/approval-error.ts'
import type { ResourceRef } from '../resource-types/resource-type.ts'
import { isAction, isBegin, isProjectChange, isRevert, type WantedChange } from '../resource-types/wanted-change.ts'
import { checkId, checkKeys, checkPastRevision, checkTime } from './check-arguments.ts'

/**
 * Takes a copy of a change as it is at the call, so that nobody can alter it while it is decided. A function is run
 * later, on what is live then. Documents of Countersign's own types may say that what they leave out is undefined.
 */
export function checkChange<T>(change: ChangeInput<T>, resource?: string, isOwn = false): ChangeInput<never> {
  if (typeof change === 'function' || typeof change !== 'object' || change === null) return change as ChangeInput<never>
  const tags = Object.entries(Object.getOwnPropertyDescriptors(change))
  return Object.fromEntries(
    tags.map(([tag, { value }]) => [tag, admitted(isOwn ? withoutUndefined(value) : value, resource)]),
  ) as unknown as ChangeInput<never>
}

/** The same for an action of the life cycle, and the change that it carries. */
export function checkWanted<T>(
  wanted: WantedChange<T>,
  { type, id }: Pick<ResourceRef, 'type' | 'id'>,
): WantedChange<never> {
  const resource = `${type} ${JSON.stringify(id)}`
  if (wanted === undefined) {
    fail('invalid_input', { argument: 'change', problem: `must be given: ${forms}` })
  }
  if (isRevert(wanted)) {
    checkKeys('change', wanted, ['revertTo'])
    return { revertTo: checkPastRevision('change.revertTo', wanted.revertTo) }
  }
  if (isProjectChange(wanted)) {
    checkKeys('change', wanted, ['toProject'])
    return { toProject: wanted.toProject === '' ? '' : checkId('change.toProject', wanted.toProject) }
  }
  if (isBegin(wanted)) {
    checkKeys('change', wanted, ['value', 'state', 'at', 'imported'])
    const { value, state, at, imported } = wanted
    if (imported !== undefined && imported !== true) {
      fail('invalid_input', { argument: 'change.imported', problem: 'must be true, or left out' })
    }
    return {
      ...(checkChange({ value }, resource) as { readonly value: never }),
      state: checkId('change.state', state),
      ...(at === undefined ? {} : { at: checkTime('change.at', at) }),
      ...(imported === undefined ? {} : { imported }),
    }
  }
  if (!isAction(wanted)) {
    const problem = formProblem(wanted)
    if (problem !== undefined) fail('invalid_input', { argument: 'change', problem })
    return checkChange(wanted, resource, isOwnType(type))
  }
  checkKeys('change', wanted, ['action', 'details', 'at', 'change'])
  const { action, details, at, change } = wanted
  return {
    action: checkId('change.action', action),
    ...(details === undefined ? {} : { details: checkDetails('change.details', details, resource) }),
    ...(at === undefined ? {} : { at: checkTime('change.at', at) }),
    ...(change === undefined ? {} : { change: checkChange(change, resource) }),
  }
}

const forms =
  'an edit function, { patch }, { merge }, { value }, { remove: true }, { revertTo }, { toProject } or { action }'
const formKeys = ['patch', 'merge', 'value', 'remove', 'revertTo', 'toProject', 'action', 'state', 'at', 'imported']

/** What is wrong with a change that is of no form; `undefined` if it is of one. */
function formProblem(wanted: unknown): string | undefined {
  if (typeof wanted === 'function') return undefined
  if (typeof wanted !== 'object' || wanted === null) return `must be ${forms}`
  const keys = Reflect.ownKeys(wanted).map(String)
  const odd = keys.find((key) => !formKeys.includes(key))
  if (odd === undefined) {
    return keys.length === 1 ? undefined : `has ${keys.length} properties, and is to have one: ${forms}`
  }
  const near = nearestName(odd, formKeys)
  const meant = near === undefined ? '' : `. Is ${JSON.stringify(near)} meant?`
  return `has no property ${JSON.stringify(odd)}: it is ${forms}${meant}`
}

/** Takes a copy of the details of an action. */
export function checkDetails(argument: string, details: unknown, resource?: string): JsonObject {
  checkKeys(argument, details, Object.keys(details ?? {}))
  return admitted(details, resource) as JsonObject
}

/** Checks answers to conflicts: each names a conflict by its digest, and says which of its values to take. */
export function checkResolutions(resolutions: unknown): readonly Resolution[] {
  const given: unknown = admitted(resolutions)
  if (!Array.isArray(given) || given.length === 0 || given.length > 1_000) {
    fail('invalid_input', { argument: 'resolutions', problem: 'must be a list of 1 to 1000 answers' })
  }
  return given.map((one: Resolution, index) => {
    const argument = `resolutions[${index}]`
    checkKeys(argument, one, ['conflict', 'take', 'value'])
    const { take, conflict } = one
    if (!['live', 'draft', 'both', 'value'].includes(take)) {
      fail('invalid_input', { argument: `${argument}.take`, problem: 'must be live, draft, both or value' })
    }
    checkDigest(`${argument}.conflict`, conflict, 'a conflict')
    if ((take === 'value') !== Object.hasOwn(one, 'value')) {
      fail('invalid_input', { argument, problem: 'has a value if, and only if, it takes a value' })
    }
    return one
  })
}

/** Refuses what is no digest, and says of what it must be one. */
export function checkDigest(argument: string, digest: unknown, of: string): Digest {
  if (typeof digest === 'string' && /^sha256:[0-9a-f]{64}$/.test(digest)) return digest as Digest
  return fail('invalid_input', { argument, problem: `must be the digest of ${of}` })
}

function admitted(value: unknown, resource?: string): JsonValue {
  const plain = admit(value)
  if (plain.ok) return plain.value
  return fail('invalid_document', { ...plain.refusal.details, resource })
}
