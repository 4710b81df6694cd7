import { identifierProblem } from '../../core/identifier.ts'
import { isOwnType, workflowType } from '../../core/policy/model/policy-type.ts'
import type { Actor } from '../../core/request/model/event.ts'
import { fail } from '../../errors/approval-error.ts'
import type { Context } from '../context/context.ts'
import { isKeptByHost } from '../resource-types/host-project.ts'
import type { ResourceRef, ResourceType } from '../resource-types/resource-type.ts'
import { projectOfSwitch } from '../resource-types/workflow-resource.ts'
import { latestTime } from '../values/latest-time.ts'
import { isReservedDoor, isReservedUser, ownUser } from '../values/reserved.ts'

/** Who acts. The host has authenticated them: what is said here is believed. */
export interface ActorInput {
  readonly tenant: string
  readonly user: string
  /**
   * The door that they came through, for the audit log.
   *
   * @defaultValue 'app'
   */
  readonly via?: string | undefined
}

/** How long a text may be at the door, in UTF-16 code units; policies limit what people say further. */
export const longestText = 100_000

/**
 * Refuses an argument that is not an object, or holds anything but these properties: what is misspelt or smuggled in
 * is never ignored.
 */
export function checkKeys(argument: string, value: unknown, keys: readonly string[]): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    fail('invalid_input', { argument, problem: 'must be an object' })
  }
  for (const key of Reflect.ownKeys(value)) {
    if (typeof key === 'string' && keys.includes(key)) continue
    fail('invalid_input', {
      argument,
      problem: `has no property ${JSON.stringify(String(key))}; known are ${keys.join(', ')}`,
    })
  }
}

/** Refuses an id that is not one, and gives it back otherwise. */
export function checkId(argument: string, id: unknown): string {
  const problem = identifierProblem(id)
  if (problem) fail('invalid_input', { argument, problem })
  return id as string
}

/** Reads a project; empty, or left out, it is the whole tenant. */
export function checkProject(argument: string, project: unknown): string {
  return project === undefined || project === '' ? '' : checkId(argument, project)
}

/** Refuses the id of a user that is not one, or stands for Countersign itself, and gives it back otherwise. */
export function checkUser(argument: string, id: unknown): string {
  refuseReserved(argument, id)
  return checkId(argument, id)
}

/** Refuses the id that stands for Countersign itself. */
export function refuseReserved(argument: string, id: unknown): void {
  if (!isReservedUser(id)) return
  const problem = `must not be "${ownUser}", which stands in the log for what nobody does: give the user another id`
  fail('invalid_input', { argument, problem })
}

/** Refuses a text that is not one or is too long, and gives it back otherwise. */
export function checkText(argument: string, text: unknown): string | undefined {
  if (text === undefined) return undefined
  if (typeof text !== 'string') fail('invalid_input', { argument, problem: `must be a string, not ${typeof text}` })
  if (text.length > longestText)
    fail('invalid_input', { argument, problem: `must be at most ${longestText} characters long` })
  if (!text.isWellFormed()) fail('invalid_input', { argument, problem: 'must not hold a lone surrogate' })
  return text
}

/** Refuses a tenant that is none, and gives it back otherwise. */
export function checkTenant(argument: string, tenant: unknown): string {
  if (tenant === '00000000-0000-0000-0000-000000000000') {
    fail('invalid_input', { argument, problem: 'is the UUID that names nothing' })
  }
  return checkId(argument, tenant)
}

/** Checks who acts. */
export function checkActor(actor: ActorInput): Actor {
  checkKeys('actor', actor, ['tenant', 'user', 'via'])
  const { tenant, user, via = 'app' } = actor
  if (isReservedDoor(via)) {
    const problem = `must not be ${JSON.stringify(via)}, which stands in the log for what nobody does: name the door of your own`
    fail('invalid_input', { argument: 'actor.via', problem })
  }
  return {
    tenant: checkTenant('actor.tenant', tenant),
    user: checkUser('actor.user', user),
    via: checkId('actor.via', via),
  }
}

/** A reference that was checked: a copy that nobody changes, and the type that it names. */
export interface CheckedRef<T> {
  readonly ref: ResourceRef<T>
  readonly type: ResourceType
}

/** Checks a reference to a resource, reading each of its properties once, and finds its type. */
export function checkRef<T>({ resources }: Context, given: ResourceRef<T>): CheckedRef<T> {
  checkKeys('ref', given, ['type', 'id', 'project'])
  const { type: name, id, project } = given
  const type = resources.get(checkId('ref.type', name))
  if (!type) fail('unknown_resource_type', { type: name, known: [...resources.keys()] })
  const ref = { type: type.type, id: checkId('ref.id', id) }
  if (project !== undefined && isOwnType(ref.type)) {
    fail('invalid_input', { argument: 'ref.project', problem: `is no part of the name of a ${ref.type}: leave it out` })
  }
  if (project !== undefined && isKeptByHost(type) && !type.projectOf) {
    const problem = `cannot be named: the application keeps ${ref.type}, and defineResource of it has no projectOf(ref) that says the project`
    fail('invalid_input', { argument: 'ref.project', problem })
  }
  const kept = ref.type === workflowType ? projectOfSwitch(ref.id) : ''
  if (kept !== '') return { type, ref: { ...ref, project: checkId('ref.id', kept) } }
  return { type, ref: project === undefined ? ref : { ...ref, project: checkId('ref.project', project) } }
}

/** Refuses what is neither a name nor a list of names, and gives it back otherwise. */
export function checkNames(argument: string, names: unknown): string | readonly string[] {
  if (!Array.isArray(names)) return checkId(argument, names)
  if (names.length > 0 && names.length <= 100) return names.map((name) => checkId(argument, name))
  return fail('invalid_input', { argument, problem: 'must be a name, or 1 to 100 names' })
}

/** Checks the name of a resource in a filter. */
export function checkResource(argument: string, resource: unknown): { readonly type: string; readonly id: string } {
  checkKeys(argument, resource, ['type', 'id', 'project'])
  const { type, id } = resource as { readonly type: unknown; readonly id: unknown }
  return { type: checkId(`${argument}.type`, type), id: checkId(`${argument}.id`, id) }
}

/** Refuses what is no number of a revision, and gives it back otherwise; 0 is the resource that does not exist. */
export function checkRevision(argument: string, revision: unknown): number {
  if (typeof revision === 'number' && Number.isSafeInteger(revision) && revision >= 0) return revision
  return fail('invalid_input', {
    argument,
    problem: 'must be the number of a revision, or 0 for a resource that does not exist',
  })
}

/** Refuses what is no revision to go back to. */
export function checkPastRevision(argument: string, revision: unknown): number {
  if (typeof revision === 'number' && Number.isSafeInteger(revision) && revision > 0) return revision
  return fail('invalid_input', { argument, problem: 'must be the number of a revision, from 1 up' })
}

/** Refuses what is no time in milliseconds since 1970, and gives it back otherwise. */
export function checkTime(argument: string, time: unknown): number {
  if (typeof time === 'number' && Number.isSafeInteger(time) && time >= 0 && time <= latestTime) return time
  return fail('invalid_input', { argument, problem: 'must be a time in milliseconds since 1970' })
}
