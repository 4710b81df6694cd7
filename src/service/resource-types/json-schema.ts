import { admit } from '../../core/change/admit.ts'
import { isObject } from '../../core/json/equal.ts'
import type { JsonObject } from '../../core/json/json.ts'
import type { ResourceType } from './resource-type.ts'

/** What a schema can say of itself, if it knows how (Standard JSON Schema). */
interface Telling {
  readonly jsonSchema?: Readonly<Record<'output' | 'input', (options: { readonly target: string }) => unknown>>
}

/** Says in JSON Schema what a schema lets through, or else what it takes; `undefined` if it cannot say. */
export function jsonSchemaOf(schema: ResourceType['schema']): JsonObject | undefined {
  const { jsonSchema } = schema['~standard'] as Telling
  return told(() => jsonSchema?.output({ target })) ?? told(() => jsonSchema?.input({ target }))
}

const target = 'draft-2020-12'

function told(ask: () => unknown): JsonObject | undefined {
  try {
    const answer = admit(JSON.parse(JSON.stringify(ask())))
    return answer.ok && isObject(answer.value) ? answer.value : undefined
  } catch {
    return undefined
  }
}
