import { projectsOf } from '../../core/request/model/whereabouts.ts'
import { fail } from '../../errors/approval-error.ts'
import type { Context } from '../context/context.ts'
import { type Reader, type ReadingRights, readingRights } from '../people/reading-rights.ts'
import { read, recordKey } from '../records/typed-storage.ts'
import type { LogSubject } from './log-subject.ts'

/**
 * Refuses whoever may not read the log: in each project of what it is about, or else in the whole tenant. What somebody
 * tried and was refused, and whom they let answer for them, they can read themselves.
 *
 * What is not there, and what is where they may not read, are refused alike.
 */
export async function requireLog(context: Context, reader: Reader, subject?: LogSubject): Promise<ReadingRights> {
  const rights = readingRights(context, reader, { permission: 'log.read' })
  await rights.known()
  const { user = '' } = reader
  if (subject && ownStream(subject, user)) return rights
  const projects = subject ? await placesOf(context, reader.tenant, subject) : ['']
  const readable = await Promise.all(projects.map((project) => rights.in(project)))
  if (readable.every(Boolean)) return rights
  return fail('not_permitted', { actor: user, project: '', missing: ['log.read'] })
}

function ownStream(subject: LogSubject, user: string): boolean {
  if ('refusals' in subject) return subject.refusals === user
  return 'delegations' in subject && subject.delegations === user
}

async function placesOf({ storage }: Context, tenant: string, subject: LogSubject): Promise<readonly string[]> {
  if ('request' in subject) {
    const { found } = await read(storage, { found: recordKey('requests', tenant, subject.request) })
    return projectsOf(found?.value ?? {})
  }
  const resource = 'resource' in subject ? subject.resource : 'access' in subject ? subject.access : undefined
  if (!resource) return ['']
  const { found } = await read(storage, { found: recordKey('resources', tenant, resource.type, resource.id) })
  return [found?.value.project ?? '']
}
