/**
 * Properties of the document that say in which live state the resource is, each with its value in every state:
 * `{ enabled: { inactive: false, active: true } }`. The values are texts, numbers, `true`, `false` or `null`.
 */
export type Follows = Readonly<Record<string, Readonly<Record<string, unknown>>>>

/** What the properties that follow the state say in one live state. */
export function sayingsOf(follows: Follows, state: string): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(follows).map(([name, values]) => [name, values[state]]))
}

/**
 * Gives a document in which these properties have these values. The one that it is given stays as it is, and is given
 * back if it says so.
 */
export function saying<T>(document: T, says: Readonly<Record<string, unknown>>): T {
  if (!isRecord(document)) return document
  const wrong = Object.entries(says).filter(([name, value]) => own(document, name) !== value)
  return wrong.length === 0 ? document : { ...document, ...Object.fromEntries(wrong) }
}

/** A property that somebody set to something else than what the state says. */
export interface Contradiction {
  readonly property: string
  /** What the state says. */
  readonly says: unknown
}

/**
 * Finds a property that was changed from `before` to `asked`, and is something else in `after`, because it follows
 * the state. A property that is absent says nothing.
 */
export function contradictionIn(
  follows: Follows,
  { before, asked, after }: { readonly before: unknown; readonly asked: unknown; readonly after: unknown },
): Contradiction | undefined {
  const property = Object.keys(follows).find((name) => {
    const value = own(asked, name)
    return value !== undefined && value !== own(before, name) && value !== own(after, name)
  })
  return property === undefined ? undefined : { property, says: own(after, property) }
}

/** Says what is wrong with these properties in a life cycle of these live states; `undefined` if nothing is. */
export function followsProblem(follows: Follows, states: readonly string[]): string | undefined {
  for (const [name, values] of Object.entries(follows)) {
    const what = `follows.${name}`
    if (name === '' || name === '__proto__') return `${what} names no property of a document`
    if (!isRecord(values)) return `${what} must give the value of each state`
    const missing = states.find((state) => !Object.hasOwn(values, state))
    if (missing !== undefined) return `${what} has no value for the state ${missing}`
    const unknown = Object.keys(values).find((state) => !states.includes(state))
    if (unknown !== undefined) return `${what} gives a value for ${unknown}, which is no state`
    if (Object.values(values).some((value) => !isScalar(value)))
      return `${what}: a value must be a text, a finite number, true, false or null`
  }
  return undefined
}

function isScalar(value: unknown): boolean {
  return value === null || ['string', 'boolean'].includes(typeof value) || Number.isFinite(value)
}

function own(value: unknown, name: string): unknown {
  return isRecord(value) && Object.hasOwn(value, name) ? value[name] : undefined
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
