/**
 * Says what is wrong with a value, as the end of "it cannot be read: …"; `undefined` if nothing is. `at` is the place
 * of the value in its record.
 */
export type RecordShape = (value: unknown, at: string) => string | undefined

/** What is said of the properties of an object: something of each that its type knows. */
export type Properties<T> = { readonly [K in keyof T]-?: RecordShape }

function kind(words: string, is: (value: unknown) => boolean): RecordShape {
  return (value, at) => (is(value) ? undefined : `${at || 'it'} is not ${words}`)
}

/** A text; any, or one of these. */
export function text(...known: readonly string[]): RecordShape {
  if (known.length === 0) return kind('a text', (value) => typeof value === 'string')
  const names: ReadonlySet<unknown> = new Set(known)
  return kind(`one of ${known.join(', ')}`, (value) => names.has(value))
}

/** A whole number. */
export const whole: RecordShape = kind('a whole number', Number.isSafeInteger)
/** Yes or no; `true` alone. */
export const flag: RecordShape = kind('true or false', (value) => typeof value === 'boolean')
export const onlyTrue: RecordShape = kind('true', (value) => value === true)
/** A number. */
export const number: RecordShape = kind('a number', Number.isFinite)
/** Any JSON, as long as it is there. */
export const json: RecordShape = kind('there', (value) => value !== undefined)

/** Nothing, or something of a shape. */
export function maybe(shape: RecordShape): RecordShape {
  return (value, at) => (value === undefined ? undefined : shape(value, at))
}

/** Null, or something of a shape. */
export function orNull(shape: RecordShape): RecordShape {
  return (value, at) => (value === null ? undefined : shape(value, at))
}

/** A list. */
export function listOf(shape: RecordShape): RecordShape {
  return (value, at) => {
    if (!Array.isArray(value)) return `${at || 'it'} is not a list`
    for (const [index, item] of value.entries()) {
      const problem = shape(item, `${at}/${index}`)
      if (problem !== undefined) return problem
    }
    return undefined
  }
}

/** An object whose properties have any names. */
export function named(shape: RecordShape): RecordShape {
  return (value, at) => {
    if (!isObject(value)) return `${at || 'it'} is not an object`
    for (const [name, item] of Object.entries(value)) {
      const problem = shape(item, `${at}/${name}`)
      if (problem !== undefined) return problem
    }
    return undefined
  }
}

/** An object with these properties, which are all that its type knows. What it has besides is not looked at. */
export function object<T>(properties: Properties<T>): RecordShape {
  const shapes = Object.entries(properties) as readonly (readonly [string, RecordShape])[]
  return (value, at) => {
    if (!isObject(value)) return `${at || 'it'} is not an object`
    for (const [name, shape] of shapes) {
      const problem = shape(value[name], `${at}/${name}`)
      if (problem !== undefined) return problem
    }
    return undefined
  }
}

/** Whatever has one of several shapes, of which `choose` names the one that a value should have. */
export function either(choose: (value: Readonly<Record<string, unknown>>) => RecordShape | undefined): RecordShape {
  return (value, at) => {
    const shape = isObject(value) ? choose(value) : undefined
    return shape === undefined ? `${at || 'it'} is nothing that is known` : shape(value, at)
  }
}

/** A shape that speaks of itself. */
export function later(shape: () => RecordShape): RecordShape {
  return (value, at) => shape()(value, at)
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
