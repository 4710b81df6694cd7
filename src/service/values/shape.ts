/** What is wrong with a value, and where: `at` is the place below what was looked at, empty if it is that itself. */
interface ShapeProblem {
  readonly at: string
  readonly problem: string
}

/** Says what is wrong with a value; `undefined` if nothing is. */
export type RecordShape = (value: unknown) => ShapeProblem | undefined

/** What is said of the properties of an object: something of each that its type knows. */
export type Properties<T> = { readonly [K in keyof T]-?: RecordShape }

/**
 * Says what is wrong with a value that should have a shape, as the end of "it cannot be read: …"; `undefined` if
 * nothing is. Where it is wrong is put into words only then: every record that is read is looked at.
 */
export function problemOf(shape: RecordShape, value: unknown): string | undefined {
  const found = shape(value)
  return found && `${found.at || 'it'} is ${found.problem}`
}

/** Whatever meets a condition, and how that is called if it does not. */
export function kind(words: string, is: (value: unknown) => boolean): RecordShape {
  const problem = { at: '', problem: `not ${words}` }
  return (value) => (is(value) ? undefined : problem)
}

/** The same problem, seen from what holds the value under this name. */
function below(name: string | number, { at, problem }: ShapeProblem): ShapeProblem {
  return { at: `/${name}${at}`, problem }
}

const anyText: RecordShape = kind('a text', (value) => typeof value === 'string')

/** A text; any, or one of these. */
export function text(...known: readonly string[]): RecordShape {
  if (known.length === 0) return anyText
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
const list: RecordShape = kind('a list', Array.isArray)
const anObject: RecordShape = kind('an object', isObject)

/** Nothing, or something of a shape. */
export function maybe(shape: RecordShape): RecordShape {
  return (value) => (value === undefined ? undefined : shape(value))
}

/** Null, or something of a shape. */
export function orNull(shape: RecordShape): RecordShape {
  return (value) => (value === null ? undefined : shape(value))
}

/** A list. */
export function listOf(shape: RecordShape): RecordShape {
  return (value) => {
    if (!Array.isArray(value)) return list(value)
    for (let index = 0; index < value.length; index++) {
      const problem = shape(value[index])
      if (problem !== undefined) return below(index, problem)
    }
    return undefined
  }
}

/** An object whose properties have any names. */
export function named(shape: RecordShape): RecordShape {
  return (value) => {
    if (!isObject(value)) return anObject(value)
    for (const name of Object.keys(value)) {
      const problem = shape(value[name])
      if (problem !== undefined) return below(name, problem)
    }
    return undefined
  }
}

/** An object with these properties, which are all that its type knows. What it has besides is not looked at. */
export function object<T>(properties: Properties<T>): RecordShape {
  const names = Object.keys(properties)
  const shapes: readonly RecordShape[] = Object.values(properties)
  return (value) => {
    if (!isObject(value)) return anObject(value)
    for (let at = 0; at < names.length; at++) {
      const name = names[at] as string
      const problem = (shapes[at] as RecordShape)(value[name])
      if (problem !== undefined) return below(name, problem)
    }
    return undefined
  }
}

const unknownShape: ShapeProblem = { at: '', problem: 'nothing that is known' }

/** Whatever has one of several shapes, of which `choose` names the one that a value should have. */
export function either(choose: (value: Readonly<Record<string, unknown>>) => RecordShape | undefined): RecordShape {
  return (value) => {
    const shape = isObject(value) ? choose(value) : undefined
    return shape === undefined ? unknownShape : shape(value)
  }
}

/** A shape that speaks of itself. */
export function later(shape: () => RecordShape): RecordShape {
  let made: RecordShape | undefined
  return (value) => {
    made ??= shape()
    return made(value)
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
