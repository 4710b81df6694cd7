import type { CountQuery, IndexQuery, KeyPart, RecordKey } from '../../../ports/storage.ts'
import { columnsOf, declarationOf, partsOf } from '../../toolkit/columns.ts'
import { type IndexPlan, maxExcept } from '../../toolkit/index-plan.ts'
import type { KeyedWrite } from '../../toolkit/ordered-writes.ts'

/** What a statement is given, by name. Nothing else than text, numbers and null ever reaches a placeholder. */
export type Arguments = Readonly<Record<string, KeyPart | null>>

/** Arguments that are not columns are named so that no column has their name. */
export const argument = { value: ':value', expected: ':expected', from: ':from', to: ':to', limit: ':limit' } as const

/** Names the argument for a part of the position after which a page begins. */
export function afterArgument(column: string): string {
  return `:after:${column}`
}

/** Names the argument for the value that a column has to hold. */
export function onlyArgument(column: string): string {
  return `:only:${column}`
}

/** Names the argument for a tenant that a page leaves out. */
export function exceptArgument(at: number): string {
  return `:except:${at}`
}

/**
 * How many places a statement has for the tenants that a page leaves out. There are few statements, whatever callers
 * ask; the last tenant is given again in the places that are left.
 */
export function exceptPlaces(except: IndexQuery['except'] = []): number {
  return [0, 1, 8].find((places) => except.length <= places) ?? maxExcept
}

/**
 * What a placeholder stands for: an argument of one of the members that a statement is about, which are counted from
 * 0.
 */
export interface Parameter {
  readonly member: number
  readonly name: string
}

/** The arguments of the members of a statement, in the order of its placeholders. */
export function bound(parameters: readonly Parameter[], members: readonly Arguments[]): (KeyPart | null)[] {
  return parameters.map(({ member, name }) => members[member]?.[name] ?? null)
}

/** Says what an argument of one member is called while a statement is built. */
export function memberArgument(member: number, name: string): string {
  return `${member}/${name}`
}

/** Reads what {@link memberArgument} wrote; a name that was not written by it is the only member's. */
export function parameterOf(written: string): Parameter {
  const [, member, name] = /^(\d+)\/(.*)$/s.exec(written) ?? []
  return { member: Number(member ?? 0), name: name ?? written }
}

/** Names the parts of a key that was checked. */
export function keyArguments({ collection, key }: RecordKey): Arguments {
  return named(declarationOf(collection).key, key, {})
}

/** Names what a write is about, what it expects, and what it leaves. */
export function writeArguments({ write, key }: KeyedWrite): Arguments {
  const { collection } = write
  const values: Record<string, KeyPart | null> = {}
  if ('expected' in write) values[argument.expected] = write.expected
  if (!('value' in write)) return named(declarationOf(collection).key, key, values)
  const columns = columnsOf(collection)
  named(columns, partsOf(collection, columns, write.value), values)
  values[argument.value] = JSON.stringify(write.value)
  return values
}

/** Names the values of a query. It asks for one record more than the page holds, to see whether there are more. */
export function pageArguments(plan: IndexPlan, query: IndexQuery): Arguments {
  const { except, after, limit } = query
  const { order } = plan
  const ends = order.map(({ name }) => ({ name: afterArgument(name) }))
  const left = Array.from({ length: exceptPlaces(except) }, (_, at) => [
    exceptArgument(at),
    except?.[at] ?? except?.at(-1),
  ])
  return named(ends, after ?? [], {
    ...Object.fromEntries(left),
    ...countArguments(plan, query),
    [argument.limit]: limit + 1,
  })
}

/** Names the values of what is counted. */
export function countArguments({ fixed }: IndexPlan, { where, range, only = {}, limit }: CountQuery): Arguments {
  return {
    ...named(fixed, where, {}),
    ...Object.fromEntries(Object.entries(only).map(([name, part]) => [onlyArgument(name), part])),
    [argument.from]: range?.from ?? null,
    [argument.to]: range?.to ?? null,
    [argument.limit]: limit,
  }
}

function named(
  columns: readonly { readonly name: string }[],
  parts: readonly (KeyPart | null)[],
  values: Record<string, KeyPart | null>,
): Arguments {
  for (const [at, { name }] of columns.entries()) values[name] = parts[at] ?? null
  return values
}
