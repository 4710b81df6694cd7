/**
 * Reads a JSON Pointer (RFC 6901) into its segments; `undefined` when it is malformed.
 *
 * @example
 * ```ts
 * parsePointer('/rules/a~1b') // [ 'rules', 'a/b' ]
 * ```
 */
export function parsePointer(pointer: string): readonly string[] | undefined {
  if (pointer === '') return []
  if (!pointer.startsWith('/') || (pointer.includes('~') && /~(?![01])/.test(pointer))) return undefined
  const segments: string[] = []
  for (let start = 1; start > 0; ) {
    const end = pointer.indexOf('/', start)
    segments.push(unescapeSegment(end < 0 ? pointer.slice(start) : pointer.slice(start, end)))
    start = end + 1
  }
  return segments
}

function unescapeSegment(segment: string): string {
  return segment.includes('~') ? segment.replaceAll('~1', '/').replaceAll('~0', '~') : segment
}

/**
 * Writes segments as a JSON Pointer (RFC 6901).
 *
 * @example
 * ```ts
 * formatPointer(['rules', 'a/b']) // /rules/a~1b
 * ```
 */
export function formatPointer(segments: readonly (string | number)[]): string {
  let pointer = ''
  for (const segment of segments) pointer += `/${escapeSegment(segment)}`
  return pointer
}

/** Escapes one segment of a JSON Pointer. */
export function escapeSegment(segment: string | number): string {
  if (typeof segment === 'number' || !/[~/]/.test(segment)) return String(segment)
  return segment.replaceAll('~', '~0').replaceAll('/', '~1')
}

/** Reads a segment as an array index in the one spelling that RFC 6901 allows; `undefined` when it is anything else. */
export function arrayIndex(segment: string): number | undefined {
  if (segment.length > 10 || (segment.length > 1 && segment.startsWith('0'))) return undefined
  let index = 0
  for (let i = 0; i < segment.length; i++) {
    const digit = segment.charCodeAt(i) - 48
    if (digit < 0 || digit > 9) return undefined
    index = index * 10 + digit
  }
  return segment === '' ? undefined : index
}

/** Segments that no patch from outside may lead over: they are on the way to the prototype of everything. */
export const refusedSegments: readonly string[] = ['__proto__', 'constructor', 'prototype']
