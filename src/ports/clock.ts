/** Says what time it is, in milliseconds since 1970. */
export type Clock = () => number

/** Makes an id that nobody else makes, of at most 64 letters, digits, `-` and `_`. */
export type NewId = () => string
