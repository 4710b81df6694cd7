import { builtInActions } from '../core/policy/model/built-in-actions.ts'
import { isOwnType } from '../core/policy/model/policy-type.ts'
import type { ApprovalsOptions } from './approvals-options.ts'
import type { AccessControl } from './context/access-control.ts'
import { checkFunction, checkMethods } from './resource-types/handed-in.ts'
import type { ResourceType } from './resource-types/resource-type.ts'
import { shown } from './values/shown.ts'

/** The options that `createApprovals` knows. */
export const optionNames = [
  'storage',
  'resources',
  'directory',
  'admins',
  'readers',
  'logReaders',
  'access',
  'workflow',
  'policies',
  'policiesVersion',
  'predicates',
  'notifiers',
  'notices',
  'signer',
  'timeouts',
  'limits',
  'retention',
  'now',
  'newId',
]

/** Refuses what cannot be worked with, before anything is: each with what was expected and how to write it. */
export function checkHandedIn({ storage, directory, resources, now, newId }: ApprovalsOptions): void {
  checkMethods('createApprovals: storage', storage, {
    methods: { get: 'keys', list: 'query', commit: 'writes, effect', close: '' },
    example: "memoryStorage() or sqliteStorage('approvals.db')",
  })
  if (directory !== undefined) {
    checkMethods('createApprovals: directory', directory, {
      methods: { users: 'scope, ids', holders: 'scope, role', roles: 'scope, names' },
      example: "staticDirectory({ ann: ['lead'] })",
    })
  }
  if (!Array.isArray(resources)) {
    throw new TypeError(
      `createApprovals: resources must be a list of what defineResource gives, as in [flags], not ${shown(resources)}`,
    )
  }
  for (const [index, resource] of resources.entries()) {
    if (isResourceType(resource)) continue
    throw new TypeError(
      `createApprovals: resources[${index}] must be what defineResource({ type, schema }) gives, not ${shown(resource)}`,
    )
  }
  checkFunction('createApprovals: now', now, '() => Date.now()')
  checkFunction('createApprovals: newId', newId, '() => crypto.randomUUID()')
}

function isResourceType(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const { type, schema, actionsOf, facetsOf } = value as Readonly<Record<string, unknown>>
  const functions = typeof actionsOf === 'function' && typeof facetsOf === 'function'
  return typeof type === 'string' && schema !== undefined && functions
}

/** The types of the host, none of which is one that is there by itself. */
export function hostsOwn(resources: readonly ResourceType[]): readonly ResourceType[] {
  const own = resources.find(({ type }) => isOwnType(type))
  if (own) throw new TypeError(`createApprovals: "${own.type}" is there by itself: take it out of resources`)
  return resources
}

/** With access, a change whose permissions nobody named could be made by nobody, or by everybody. */
export function checkNeeds(access: AccessControl, resources: readonly ResourceType[]): void {
  if (access.type !== 'roles') return
  for (const { type, actions, needs } of resources) {
    if (!needs) {
      throw new TypeError(
        `createApprovals: with access, defineResource of "${type}" has to say which permissions a change needs`,
      )
    }
    const unknown = needs([...builtInActions, ...actions]).find((one) => !access.known.includes(one))
    if (unknown !== undefined) {
      throw new TypeError(
        `createApprovals: "${type}" needs ${JSON.stringify(unknown)}, which is no permission: add it to access.permissions`,
      )
    }
  }
}

/** Finds things by their names, which they do not share. */
export function byName<T>(what: string, items: readonly T[], nameOf: (item: T) => string): ReadonlyMap<string, T> {
  const named = new Map<string, T>()
  for (const item of items) {
    const name = nameOf(item)
    if (named.has(name)) {
      throw new TypeError(
        `createApprovals: two of the ${what} are called ${JSON.stringify(name)}: give one another name`,
      )
    }
    named.set(name, item)
  }
  return named
}
