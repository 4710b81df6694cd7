import { fail } from '../../errors/approval-error.ts'
import { checkId, checkResource } from '../arguments/check-arguments.ts'
import {
  accessStream,
  delegationStream,
  erasureStream,
  refusalStream,
  requestStream,
  resourceStream,
  retentionStream,
  settingsStream,
} from '../records/event-stream.ts'

/** What a stream of the log is about. */
export type LogSubject =
  | { readonly request: string }
  | { readonly resource: { readonly type: string; readonly id: string } }
  | { readonly settings: true }
  | { readonly access: { readonly type: string; readonly id: string } }
  | { readonly refusals: string }
  | { readonly erasures: true }
  | { readonly retention: true }
  | { readonly delegations: string }

/** Copies what a filter says that a stream is about, each property read once. */
export function checkSubject(filter: LogSubject): LogSubject {
  if ('request' in filter) return { request: checkId('filter.request', filter.request) }
  if ('resource' in filter) return { resource: checkResource('filter.resource', filter.resource) }
  if ('access' in filter) return { access: checkResource('filter.access', filter.access) }
  if ('refusals' in filter) return { refusals: checkId('filter.refusals', filter.refusals) }
  if ('delegations' in filter) return { delegations: checkId('filter.delegations', filter.delegations) }
  if ('erasures' in filter && filter.erasures === true) return { erasures: true }
  if ('retention' in filter && filter.retention === true) return { retention: true }
  if ('settings' in filter && filter.settings === true) return { settings: true }
  return fail('invalid_input', {
    argument: 'filter',
    problem:
      'must name a request, a resource, { settings: true }, { erasures: true }, { retention: true }, the access to a resource, whose refusals or whose delegations',
  })
}

/** Names the stream that is about something. */
export function streamOf(subject: LogSubject): string {
  if ('request' in subject) return requestStream(subject.request)
  if ('resource' in subject) return resourceStream(subject.resource)
  if ('access' in subject) return accessStream(subject.access)
  if ('refusals' in subject) return refusalStream(subject.refusals)
  if ('delegations' in subject) return delegationStream(subject.delegations)
  if ('retention' in subject) return retentionStream
  return 'erasures' in subject ? erasureStream : settingsStream
}
