import { fail } from '../../errors/approval-error.ts'
import type { Context } from './context.ts'

/** Finds the type of a resource that is stored. */
export function resourceTypeOf({ resources }: Context, type: string) {
  return resources.get(type) ?? fail('unknown_resource_type', { type, known: [...resources.keys()] })
}
