import type { OpenTime } from '../../core/request/model/schedule.ts'

/** Options shared by all commands. */
export interface VerbOptions {
  /**
   * Does the command at most once: the same key with the same arguments gives the same answer for seven days, with
   * others it is refused with `idempotency_mismatch`. Use it to try again after an answer was lost.
   *
   * @defaultValue none: a repeated call does the command again
   */
  readonly idempotencyKey?: string | undefined
  /**
   * Why, for the people concerned and the log.
   *
   * @defaultValue none
   */
  readonly reason?: string | undefined
}

/** Options of commands that take no reason. */
export type KeyOptions = Pick<VerbOptions, 'idempotencyKey'>
/** A project, or the whole tenant if it is left out. */
export interface InProject {
  /**
   * The id of the project.
   *
   * @defaultValue none: the whole tenant
   */
  readonly project?: string | undefined
}

/** A time in milliseconds since 1970, or one that is left open. */
export type WantedTime = number | 'open' | OpenTime
