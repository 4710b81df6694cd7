/**
 * The properties of an object that have a value: what a caller left out stays left out, so that nothing is stored,
 * hashed or shown as a property that is `undefined`.
 */
export function defined<T extends object>(given: T): Defined<T> {
  const kept: Partial<T> = {}
  for (const key in given) if (given[key] !== undefined && Object.hasOwn(given, key)) kept[key] = given[key]
  return kept as unknown as Defined<T>
}

/** An object of which no property is `undefined`. */
type Defined<T> = { readonly [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  readonly [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>
}
