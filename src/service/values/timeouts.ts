/**
 * Options of `createApprovals`: how long functions and systems of the host may take for one answer, in milliseconds.
 * Each takes 1 to 2,147,483,647.
 */
export interface TimeoutOptions {
  /**
   * One question to the directory. After that the command is refused with `directory_failed`.
   *
   * @defaultValue 10_000
   */
  readonly directory?: number | undefined
  /**
   * One call of a function of a resource type: `references`, `read`, and those of `external` unless its own `patience`
   * says otherwise.
   *
   * @defaultValue 10_000
   */
  readonly host?: number | undefined
  /**
   * One validation by the schema of a resource type. After that the document is refused with `schema_failed`.
   *
   * @defaultValue 10_000
   */
  readonly schema?: number | undefined
  /**
   * The delivery of one notice by one notifier. After that the notice is delivered again.
   *
   * @defaultValue 60_000
   */
  readonly notifier?: number | undefined
  /**
   * One call of the storage. After that the command is refused with `storage_failed`, and nobody knows whether it was
   * done.
   *
   * @defaultValue 30_000
   */
  readonly storage?: number | undefined
  /**
   * One signature of a checkpoint, or one check of a signature. After that no checkpoint is made, or the signature does
   * not count.
   *
   * @defaultValue 10_000
   */
  readonly signer?: number | undefined
}

/** How long each may take, in milliseconds. */
export type Timeouts = { readonly [K in keyof TimeoutOptions]-?: number }

const usual: Timeouts = {
  directory: 10_000,
  host: 10_000,
  schema: 10_000,
  notifier: 60_000,
  storage: 30_000,
  signer: 10_000,
}

/** The longest time that a timer can wait. */
const longest = 2 ** 31 - 1

/**
 * Reads how long the host may take.
 *
 * @throws TypeError if one of them is no time, or has a name that is not known.
 */
export function timeoutsOf(options: TimeoutOptions | undefined): Timeouts {
  if (options === undefined) return usual
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new TypeError('createApprovals: timeouts must be an object, as in { directory: 2_000 }')
  }
  const given = Object.entries(options).map(([name, milliseconds]) => {
    if (!Object.hasOwn(usual, name)) {
      throw new TypeError(`createApprovals: timeouts has no ${name}; known are ${Object.keys(usual).join(', ')}`)
    }
    return [
      name,
      milliseconds === undefined ? undefined : checkedTimeout(`createApprovals: timeouts.${name}`, milliseconds),
    ]
  })
  return { ...usual, ...Object.fromEntries(given.filter(([, milliseconds]) => milliseconds !== undefined)) }
}

/**
 * Refuses what is no time that somebody can wait, and gives it back otherwise.
 *
 * @throws TypeError that names the option.
 */
export function checkedTimeout(option: string, milliseconds: unknown): number {
  if (typeof milliseconds === 'number' && Number.isSafeInteger(milliseconds) && milliseconds >= 1) {
    if (milliseconds <= longest) return milliseconds
  }
  throw new TypeError(`${option} must be a whole number of milliseconds, from 1 to ${longest}`)
}
