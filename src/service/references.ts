import type { JsonValue } from '../core/change/json.ts'
import type { ResolvedMove } from '../core/lifecycle/move.ts'
import { messageOf, type Result, refuse, success } from '../errors.ts'
import type { ResourceType } from './resource-type.ts'

interface Asking {
  readonly tenant: string
  readonly resource: { readonly type: string; readonly id: string }
  readonly project: string
  /** Where in the life cycle it is asked. */
  readonly place: { readonly lifecycle: string; readonly state: string; readonly action: string }
}

/** Asks the host what refers to a resource, where an action wants to know. A host that cannot say refuses the action. */
export async function referencesOf(
  { references }: ResourceType,
  { unreferenced, guard, effect }: ResolvedMove<JsonValue>,
  { tenant, resource, project, place }: Asking,
): Promise<Result<readonly string[]>> {
  if (!references || !(unreferenced || guard || effect)) return success([])
  try {
    const found: unknown = await references({ tenant, ...resource, ...(project === '' ? {} : { project }) })
    if (Array.isArray(found) && found.every((one) => typeof one === 'string')) return success([...found])
    return unknown(place, 'the answer is no list of names')
  } catch (error) {
    return unknown(place, messageOf(error))
  }
}

function unknown(place: Asking['place'], problem: string) {
  return refuse('move_refused', { ...place, problem: `nobody can say what refers to it: ${problem}` })
}
