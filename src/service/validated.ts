import { admit } from '../core/change/admit.ts'
import type { JsonValue } from '../core/change/json.ts'
import { formatPointer } from '../core/change/pointer.ts'
import { messageOf, type Result, refuse } from '../errors.ts'
import type { ResourceType } from './resource-type.ts'

/** Validates a document against the schema of its type. What the schema returns is the document from then on. */
export async function validated(type: ResourceType, id: string, document: JsonValue): Promise<Result<JsonValue>> {
  const resource = `${type.type} ${JSON.stringify(id)}`
  try {
    const result = await type.schema['~standard'].validate(document)
    if (!result.issues) return admit(result.value)
    const issues = result.issues.map(({ message, path = [] }) => ({
      path: formatPointer(path.map((part) => String(typeof part === 'object' ? part.key : part))),
      message,
    }))
    return refuse('invalid_by_schema', { resource, issues })
  } catch (error) {
    return refuse('invalid_by_schema', {
      resource,
      issues: [{ path: '', message: `the schema itself failed: ${messageOf(error)}` }],
    })
  }
}
