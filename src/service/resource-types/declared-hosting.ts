import { defined } from '../../core/defined.ts'
import type { JsonValue } from '../../core/json/json.ts'
import { checkedTimeout } from '../values/timeouts.ts'
import { checkOptionNames } from './handed-in.ts'
import type { External, Hosting, ResourceOptions, ResourceType } from './resource-type.ts'

/** How the application keeps resources in the same database, if it does. */
export function hostingOf<T>({ type, read, write, lifecycle }: ResourceOptions<T>): { readonly hosting?: Hosting } {
  if (!read && !write) return {}
  if (!read || !write) throw new TypeError(`defineResource: "${type}" needs both read and write, or neither`)
  if (lifecycle) throw new TypeError(`defineResource: "${type}" has a life cycle, so that Countersign keeps it`)
  return { hosting: { read, write: write as unknown as Hosting['write'] } }
}

/** How the application keeps resources outside of the database, if it does. */
export function externalOf<T>({
  type,
  read,
  write,
  lifecycle,
  external,
}: ResourceOptions<T>): Pick<ResourceType, 'external'> {
  if (external === undefined) return {}
  checkOptionNames(`defineResource: external of "${type}"`, external, ['read', 'write', 'patience'])
  if (read || write) {
    throw new TypeError(
      `defineResource: "${type}" is kept in the same database (read, write) or outside of it, not both`,
    )
  }
  if (lifecycle) throw new TypeError(`defineResource: "${type}" has a life cycle, so that Countersign keeps it`)
  const { patience } = external
  if (typeof external.read !== 'function' || typeof external.write !== 'function') {
    throw new TypeError(`defineResource: external of "${type}" needs both read and write`)
  }
  if (patience !== undefined) checkedTimeout(`defineResource: external.patience of "${type}"`, patience)
  const kept = external as unknown as External<JsonValue>
  return {
    external: {
      read: (resource, call) => kept.read(resource, call),
      write: (resource, document, call) => kept.write(resource, document, call),
      ...defined({ patience }),
    },
  }
}

/** How the application says in which project a resource is, if it does. */
export function projectOfOf<T>({
  type,
  read,
  external,
  projectOf,
}: ResourceOptions<T>): Pick<ResourceType, 'projectOf'> {
  if (projectOf === undefined) return {}
  if (typeof projectOf !== 'function') throw new TypeError(`defineResource: projectOf of "${type}" must be a function`)
  if (read || external) return { projectOf }
  throw new TypeError(
    `defineResource: projectOf of "${type}" is for resources that the application keeps (read and write, or external): of what Countersign keeps, whoever creates it names the project`,
  )
}
