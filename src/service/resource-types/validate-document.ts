import { admit } from '../../core/change/admit.ts'
import { diff } from '../../core/change/diff.ts'
import { equal } from '../../core/json/equal.ts'
import type { JsonValue } from '../../core/json/json.ts'
import { formatPointer } from '../../core/json/pointer.ts'
import { withoutUndefined } from '../../core/json/without-undefined.ts'
import { messageOf } from '../../errors/message-of.ts'
import { type Refusal, type Result, refuse } from '../../errors/result.ts'
import type { ResourceType } from './resource-type.ts'

/** Why a schema makes no document of a value: the value is wrong, or the schema is. */
export type Invalid = 'invalid_by_schema' | 'schema_failed'

/**
 * Validates a value against the schema of its type. What the schema returns is the document from then on.
 *
 * The schema has to read its own output as the same value: otherwise every edit would change what nobody touched. It is
 * asked again only if its output is not what it was given.
 */
export async function validated(type: ResourceType, id: string, value: unknown): Promise<Result<JsonValue, Invalid>> {
  const taken = await parsed(type, id, value)
  if (!taken.ok || equal(taken.value, value as JsonValue)) return taken
  const again = await parsed(type, id, taken.value)
  if (!again.ok) {
    const problem = `it refuses its own output (${again.refusal.message})`
    return schemaFailed(type, id, { path: pathOf(again.refusal), problem })
  }
  if (equal(again.value, taken.value)) return taken
  const places = diff(taken.value, again.value, type.shape)
  const [place] = places.ok ? places.value : []
  return schemaFailed(type, id, { path: place?.path ?? '', problem: 'it reads its own output as another value' })
}

/** Names the first place that a schema objects to. */
export function pathOf(refusal: Refusal<Invalid>): string {
  return refusal.code === 'schema_failed' ? refusal.details.path : (refusal.details.issues[0]?.path ?? '')
}

async function parsed(type: ResourceType, id: string, value: unknown): Promise<Result<JsonValue, Invalid>> {
  try {
    const result: unknown = await type.schema['~standard'].validate(value)
    if (!isAnswer(result))
      return schemaFailed(type, id, { path: '', problem: 'it answered neither a value nor issues' })
    if (result.issues)
      return refuse('invalid_by_schema', { resource: nameOf(type, id), issues: issuesIn(result.issues) })
    const plain = admitted(result.value)
    if (!plain.ok) return schemaFailed(type, id, { ...plain.refusal.details, made: true })
    if (plain.value !== null || value === null) return plain
    return schemaFailed(type, id, { path: '', problem: 'it made null, which is no document' })
  } catch (error) {
    return schemaFailed(type, id, { path: '', problem: messageOf(error) })
  }
}

type Answer = Awaited<ReturnType<ResourceType['schema']['~standard']['validate']>>

function isAnswer(result: unknown): result is Answer {
  return typeof result === 'object' && result !== null && ('value' in result || 'issues' in result)
}

function issuesIn(issues: NonNullable<Answer['issues']>) {
  return issues.map(({ message, path = [] }) => ({
    path: formatPointer(path.map((part) => String(typeof part === 'object' ? part.key : part))),
    message: String(message),
  }))
}

function schemaFailed(
  { type }: ResourceType,
  id: string,
  { path, problem, made }: { readonly path: string; readonly problem: string; readonly made?: true },
): Result<never, 'schema_failed'> {
  return refuse('schema_failed', { type, id, path, problem: made ? `what it made is no JSON: ${problem}` : problem })
}

const nameOf = ({ type }: ResourceType, id: string) => `${type} ${JSON.stringify(id)}`

/** Schemas leave members that are undefined if a key was optional: JSON has no such members. */
function admitted(output: unknown): ReturnType<typeof admit> {
  const plain = admit(output)
  return plain.ok ? plain : admit(withoutUndefined(output))
}
