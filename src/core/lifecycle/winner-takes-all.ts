import type { Move } from './move.ts'

/** Where the variants of a document are, and what makes one. */
export interface VariantsOptions {
  /**
   * The property of the document that lists the variants.
   *
   * @defaultValue 'variants'
   */
  readonly variants?: string
  /**
   * The property of a variant that names it.
   *
   * @defaultValue 'key'
   */
  readonly key?: string
  /**
   * The property of a variant that says how much of the traffic it gets.
   *
   * @defaultValue 'weight'
   */
  readonly weight?: string
  /**
   * The weight of the winner.
   *
   * @defaultValue 100
   */
  readonly total?: number
}

/**
 * Makes the end of an experiment: whoever asks for it or edits the request may name a `winner`, which then gets all
 * the traffic; if nobody has, an approver may. A variant that does not exist, or is there twice, is refused. Without
 * a winner the document stays as it is.
 *
 * @example
 * ```ts
 * const finish = winnerTakesAll({ variants: 'arms', key: 'name' })
 * ```
 */
export function winnerTakesAll<T = unknown>(
  options: VariantsOptions = {},
): Required<Pick<Move<T>, 'takes' | 'leaves' | 'guard' | 'effect'>> {
  const { variants = 'variants', key = 'key', weight = 'weight', total = 100 } = options
  const variantsOf = (document: unknown): readonly object[] => {
    const list = own(document, variants)
    return Array.isArray(list) ? list.filter((item) => typeof item === 'object' && item !== null) : []
  }
  return {
    takes: ['winner'],
    leaves: ['winner'],
    guard({ document, details }) {
      const winner = own(details, 'winner')
      if (winner === undefined) return undefined
      const names = variantsOf(document).map((variant) => own(variant, key))
      const found = names.filter((name) => name === winner).length
      if (found === 1) return undefined
      if (found > 1) return `there are ${found} variants ${JSON.stringify(winner)}: give each a name of its own`
      return `there is no variant ${JSON.stringify(winner)}; there are ${names.map((name) => JSON.stringify(name)).join(', ') || 'none'}`
    },
    effect({ document, details }) {
      const winner = own(details, 'winner')
      if (winner === undefined) return document
      const weighted = variantsOf(document).map((variant) => ({
        ...variant,
        [weight]: own(variant, key) === winner ? total : 0,
      }))
      return { ...document, [variants]: weighted }
    },
  }
}

function own(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
  return (value as Readonly<Record<string, unknown>>)[name]
}
