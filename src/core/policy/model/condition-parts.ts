import type { Condition } from './condition.ts'

/** Something inside a policy, with the JSON Pointer to it. */
export interface Placed<T> {
  readonly value: T
  readonly path: string
}

/** A condition that is no combination. */
export type Test = Extract<Condition, { readonly type: string }>

/** Lists the parts of a combination. */
export function conditionParts({ value, path }: Placed<Condition>): readonly Placed<Condition>[] {
  if ('all' in value) return value.all.map((part, index) => ({ value: part, path: `${path}/all/${index}` }))
  if ('any' in value) return value.any.map((part, index) => ({ value: part, path: `${path}/any/${index}` }))
  if ('not' in value) return [{ value: value.not, path: `${path}/not` }]
  return []
}

/** Lists all tests of a condition, however deep. */
export function testsIn({ value, path }: Placed<Condition>): readonly Placed<Test>[] {
  return 'type' in value ? [{ value, path }] : conditionParts({ value, path }).flatMap(testsIn)
}
