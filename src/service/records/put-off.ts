/**
 * That something due could not be done: when it was due at first, and how often in a row it could not. Its due time
 * says when it is tried again.
 */
export interface PutOff {
  readonly from: number
  readonly failures: number
}
