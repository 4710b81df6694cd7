import type { JsonValue } from '../../core/json/json.ts'
import type { ResolvedMove } from '../../core/lifecycle/move.ts'
import { messageOf } from '../../errors/message-of.ts'
import { type Result, refuse, success } from '../../errors/result.ts'
import type { ResourceType } from './resource-type.ts'

interface Asking {
  readonly tenant: string
  readonly resource: { readonly type: string; readonly id: string }
  readonly project: string
  /** Where in the life cycle it is asked. */
  readonly place: { readonly lifecycle: string; readonly state: string; readonly action: string }
}

/** So many references are named at most. */
const mostReferences = 1_000

/**
 * Asks the host what refers to a resource, when an action wants to know. A host that cannot say refuses the action.
 */
export async function referencesOf(
  { references }: ResourceType,
  { unreferenced, guard, effect }: ResolvedMove<JsonValue>,
  { tenant, resource, project, place }: Asking,
): Promise<Result<readonly string[]>> {
  if (!references || !(unreferenced || guard || effect)) return success([])
  try {
    const answer: unknown = await references({ tenant, ...resource, ...(project === '' ? {} : { project }) })
    const found: unknown[] | undefined = Array.isArray(answer) ? answer.slice(0, mostReferences) : undefined
    if (found?.every((one) => typeof one === 'string')) return success(found)
    return unknown(place, 'the answer is no list of names')
  } catch (error) {
    return unknown(place, messageOf(error))
  }
}

function unknown(place: Asking['place'], problem: string) {
  return refuse('transition_rejected', { ...place, problem: `nobody can say what refers to it: ${problem}` })
}
