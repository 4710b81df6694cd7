import { freeze } from './freeze.ts'

/**
 * Gives an object parts that are made when they are first read, and once. It is copied, compared and written as if they
 * had been there from the start.
 */
export function withParts<T extends object, P extends object>(
  whole: T,
  makers: { readonly [N in keyof P]: () => P[N] },
): T & Readonly<P> {
  for (const [name, make] of Object.entries<() => unknown>(makers)) {
    let made: { readonly part: unknown } | undefined
    const get = (): unknown => {
      made ??= { part: make() }
      return made.part
    }
    Object.defineProperty(whole, name, { configurable: true, enumerable: true, get })
  }
  return whole as T & Readonly<P>
}

/** Freezes an answer with a part that is worked out when it is first read, from facts that do not change any more. */
export function onDemand<T extends object, N extends string, V>(
  answer: T,
  name: N,
  make: () => V,
): T & { readonly [P in N]: V } {
  for (const member of Object.values(answer)) freeze(member)
  const part = { [name]: () => freeze(make()) } as { readonly [P in N]: () => V }
  return Object.freeze(withParts<T, { readonly [P in N]: V }>(answer, part))
}
