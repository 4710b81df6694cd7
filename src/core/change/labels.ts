import { compilePattern, matchesPattern, type Pattern } from './pattern.ts'

/** How people call a place. */
export interface Label {
  /**
   * Stands for the last segment of the path.
   *
   * @defaultValue none: the last segment of the path itself
   */
  readonly name?: string | undefined
  /**
   * Stands behind numbers: `%`, `EUR`.
   *
   * @defaultValue none: no unit
   */
  readonly unit?: string | undefined
}

/** Labels by the pattern of their places: `{ '/rollout': { unit: '%' } }`. The first that matches counts. */
export type Labels = Readonly<Record<string, Label>>

/** Labels made ready for use by {@link compileLabels}. */
export type CompiledLabels = readonly { readonly pattern: Pattern; readonly label: Label }[]

/**
 * Prepares labels for use.
 *
 * @throws TypeError for a label that makes no sense: a mistake of the programmer.
 */
export function compileLabels(labels: Labels): CompiledLabels {
  return Object.entries(labels).map(([text, label]) => {
    const pattern = compilePattern(text)
    if (!pattern.ok) throw new TypeError(`The label of ${JSON.stringify(text)}: ${pattern.refusal.message}`)
    const odd = Object.entries(label).find(([key, value]) => !known.includes(key) || typeof value !== 'string')
    if (odd !== undefined)
      throw new TypeError(`The label of ${text} has ${known.join(' and ')}, which are texts, and not ${odd[0]}.`)
    return { pattern: pattern.value, label }
  })
}

const known = ['name', 'unit']

/** Finds the label of a path. */
export function labelAt(path: string, labels: CompiledLabels): Label | undefined {
  return labels.find(({ pattern }) => matchesPattern(pattern, path))?.label
}
