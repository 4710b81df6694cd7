import { identifierProblem } from '../../core/identifier.ts'
import { dismiss } from '../../core/lifecycle/dismiss.ts'
import type { Facets } from '../../core/policy/model/policy.ts'
import { freeze } from '../values/freeze.ts'
import { checkOptionNames } from './handed-in.ts'

/** A document before and after a change; `undefined` if it does not exist. */
export interface DocumentPair<T> {
  readonly before: T | undefined
  readonly after: T | undefined
}

/** Reads an attribute of a document: one value, or several. */
export type FacetReader<T> = (document: T) => string | readonly string[] | undefined

/** An attribute of a document whose values are known beforehand. */
export interface FacetDefinition<T> {
  readonly of: FacetReader<T>
  /**
   * Every possible value. A policy that names another one is not saved. If a document has another one, every policy
   * that matches the facet asks for approval.
   */
  readonly values: readonly string[]
}

/** A facet with its name, ready to be read. */
export interface NamedFacet<T> {
  readonly name: string
  readonly of: FacetReader<T>
  readonly values: readonly string[] | undefined
}

/** Takes the facets that a resource type declares. */
export function readersOf<T>(
  type: string,
  facets: Readonly<Record<string, FacetReader<T> | FacetDefinition<T>>>,
): readonly NamedFacet<T>[] {
  return Object.entries(facets).map(([name, facet]) => {
    const problem = identifierProblem(name)
    if (problem) throw new TypeError(`defineResource: facet ${JSON.stringify(name)} of "${type}" ${problem}`)
    if (typeof facet === 'function') return { name, of: facet, values: undefined }
    const what = `defineResource: facet ${JSON.stringify(name)} of "${type}"`
    checkOptionNames(what, facet, ['of', 'values'])
    const { of, values } = facet
    if (typeof of === 'function' && Array.isArray(values) && values.every((value) => typeof value === 'string')) {
      return { name, of, values: [...values] }
    }
    throw new TypeError(
      `${what} must be a function of the document, or { of, values }, as in { of: (flag) => flag.owner, values: ['web', 'app'] }`,
    )
  })
}

/** Reads the facets of a change. */
export function facetsIn<T>(facets: readonly NamedFacet<T>[], change: DocumentPair<T>): Facets {
  return Object.fromEntries(facets.map((facet) => [facet.name, valuesOf(facet, change)]))
}

/** The values of a facet before and after a change; null if nobody can say. */
function valuesOf<T>(facet: NamedFacet<T>, { before, after }: DocumentPair<T>): readonly string[] | null {
  const found = new Set<string>()
  for (const document of [before, after]) {
    const values = document === undefined ? [] : readFacet(facet, document)
    if (values === null) return null
    for (const value of values) found.add(value)
  }
  return [...found]
}

function readFacet<T>({ of, values }: NamedFacet<T>, document: T): readonly string[] | null {
  try {
    const value: unknown = of(freeze(document))
    const found: readonly unknown[] = Array.isArray(value) ? [...value] : [value]
    for (const one of found) dismiss(one)
    const sound = found.every((one) => typeof one === 'string' && (values?.includes(one) ?? true))
    return sound ? (found as readonly string[]) : null
  } catch {
    return null
  }
}
