import type { JsonValue } from '../../core/json/json.ts'
import { inTime, type Wait } from '../../ports/in-time.ts'
import type { Timeouts } from '../values/timeouts.ts'
import type { External, Hosting, ResourceType } from './resource-type.ts'

/** A type of resource whose functions answer in time, or have failed. */
export interface ReadyType extends ResourceType {
  readonly external?: ReadyExternal
}

/** How the host keeps resources outside of the database, and how long that may take. */
export interface ReadyExternal extends External<JsonValue> {
  readonly patience: number
  readonly wait: Wait
}

/** Gives the functions of a type the time that they may take. */
export function readyType(type: ResourceType, timeouts: Timeouts, wait: Wait = inTime): ReadyType {
  const { hosting, external: outside, references, projectOf, ...rest } = type
  return {
    ...rest,
    schema: timelySchema(type.schema, timeouts.schema, wait),
    ...(references ? { references: (resource) => wait(references(resource), timeouts.host) } : {}),
    ...(projectOf ? { projectOf: (resource, connection) => wait(projectOf(resource, connection), timeouts.host) } : {}),
    ...(hosting ? { hosting: timelyHosting(hosting, timeouts.host, wait) } : {}),
    ...(outside ? { external: { ...outside, patience: outside.patience ?? timeouts.host, wait } } : {}),
  }
}

/**
 * Whoever reads does no harm when they come late. A write has to end before its transaction does: it is waited for,
 * and the storage says how long a transaction may take.
 */
function timelyHosting({ read, write }: Hosting, milliseconds: number, wait: Wait): Hosting {
  return { read: (resource, connection) => wait(read(resource, connection), milliseconds), write }
}

/** A schema that has failed if it does not answer in time, and is the host's own in everything else. */
function timelySchema(schema: ResourceType['schema'], milliseconds: number, wait: Wait): ResourceType['schema'] {
  const standard = schema['~standard']
  return Object.create(schema, {
    '~standard': {
      value: { ...standard, validate: (value: unknown) => wait(standard.validate(value), milliseconds) },
    },
  })
}
