import type { CollectionName } from '../../ports/collections.ts'

/** Asks for the records of a collection whose keys begin with these parts, in the order of their keys. */
export function inKeyOrder<const N extends CollectionName, const W extends readonly (string | number)[]>(
  collection: N,
  ...where: W
) {
  return { collection, index: 'key', where, order: 'ascending' } as const
}
