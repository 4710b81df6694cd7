import { identifierProblem } from '../../core/identifier.ts'
import { fail } from '../../errors/approval-error.ts'
import { messageOf } from '../../errors/message-of.ts'
import type { ResourceType } from './resource-type.ts'

interface Named {
  readonly tenant: string
  readonly type: string
  readonly id: string
}

/** Tells whether the host keeps the resources of a type: then nobody but the host says in which project one is. */
export function isKeptByHost({ hosting, external: outside }: Pick<ResourceType, 'hosting' | 'external'>): boolean {
  return hosting !== undefined || outside !== undefined
}

/**
 * Asks the host in which project a resource is that it keeps, or would be; empty if in none.
 *
 * @throws ApprovalError `host_failed` if the host does not say.
 */
export async function projectNow(
  { projectOf }: Pick<ResourceType, 'projectOf'>,
  { tenant, type, id }: Named,
  connection: unknown,
): Promise<string> {
  if (!projectOf) return ''
  const project = await asked(projectOf, { tenant, type, id }, connection)
  if (project === undefined || project === null) return ''
  const problem = identifierProblem(project)
  if (problem === undefined) return project as string
  return fail('host_failed', { type, id, operation: 'projectOf', problem: `what it answers ${problem}` })
}

async function asked(
  projectOf: NonNullable<ResourceType['projectOf']>,
  resource: Named,
  connection: unknown,
): Promise<unknown> {
  try {
    return await projectOf(resource, connection)
  } catch (cause) {
    const { type, id } = resource
    return fail('host_failed', { type, id, operation: 'projectOf', problem: messageOf(cause) }, { cause })
  }
}
