import { shown } from '../values/shown.ts'

/**
 * Refuses options that are none, or have a name that is not known: a misspelt option would be an option that is not
 * there.
 *
 * @throws TypeError that says what can be passed.
 */
export function checkOptionNames(what: string, options: unknown, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new TypeError(`${what} takes an object of options, not ${shown(options)}; known are ${known.join(', ')}`)
  }
  const unknown = Object.keys(options).find((name) => !known.includes(name))
  if (unknown !== undefined) {
    throw new TypeError(`${what} has no option "${unknown}"; known are ${known.join(', ')}`)
  }
}

/** What somebody may have meant who hands in a function, or a promise, in the place of what it gives. */
function hint(value: unknown, call: string): string {
  if (typeof value === 'function') return `a function: call it, as in ${call}`
  return value instanceof Promise ? 'a promise: await it' : shown(value)
}

/**
 * Refuses what lacks methods.
 *
 * @throws TypeError that says what is missing, and how to write it.
 */
export function checkMethods(
  option: string,
  value: unknown,
  { methods, example }: { readonly methods: Readonly<Record<string, string>>; readonly example: string },
): void {
  if (typeof value !== 'object' || value === null || value instanceof Promise || Array.isArray(value)) {
    throw new TypeError(`${option} must be what ${example} gives, not ${hint(value, example)}`)
  }
  const missing = Object.keys(methods).find((name) => typeof Reflect.get(value, name) !== 'function')
  if (missing === undefined) return
  const all = Object.entries(methods).map(([name, parameters]) => `${name}(${parameters})`)
  throw new TypeError(
    `${option} must have the methods ${all.join(', ')}, as what ${example} gives; it has no ${missing}`,
  )
}

/**
 * Refuses what is no function; left out is left out.
 *
 * @throws TypeError that says what it should be.
 */
export function checkFunction(option: string, value: unknown, example: string): void {
  if (value === undefined || typeof value === 'function') return
  throw new TypeError(`${option} must be a function, as in ${example}, not ${shown(value)}`)
}

/**
 * Refuses what is no object of things by name; left out is left out.
 *
 * @throws TypeError that says how to write it.
 */
export function checkRecord(option: string, value: unknown, example: string): void {
  if (value === undefined) return
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return
  throw new TypeError(`${option} must be an object, as in ${example}, not ${shown(value)}`)
}
