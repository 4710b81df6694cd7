import { jsonTextBytes } from '../json/json-text.ts'
import type { Admission } from '../json/limits.ts'

/**
 * What a document, or a part of it, was found to need so far. Every counting function answers why it is too much, if
 * it is.
 */
export interface SizeTally {
  readonly limits: Admission
  /** Values of every kind, containers included. */
  nodes: number
  /** The most containers inside each other. */
  depth: number
  /** UTF-8 bytes of the canonical text. */
  bytes: number
}

/** Starts to count. */
export function startTally(limits: Admission): SizeTally {
  return { limits, nodes: 0, depth: 0, bytes: 0 }
}

/** Counts so many more values. */
export function countNodes(nodes: number, tally: SizeTally): string | undefined {
  tally.nodes += nodes
  return tally.nodes > tally.limits.nodes ? `there are more than ${tally.limits.nodes} values` : undefined
}

/** Counts a container with so many members, so deep in the document. */
export function countContainer(members: number, depth: number, tally: SizeTally): string | undefined {
  const { limits } = tally
  if (depth > limits.depth) return `it is nested deeper than ${limits.depth} levels`
  if (members > limits.members) return `there are more than ${limits.members} members in one array or object`
  if (depth > tally.depth) tally.depth = depth
  return countBytes(members === 0 ? 2 : members + 1, tally)
}

/** Counts the keys of an object, each with its colon. */
export function countKeys(keys: readonly string[], tally: SizeTally): string | undefined {
  for (const key of keys) {
    const problem = countText(key, tally)
    if (problem !== undefined) return problem
  }
  return countBytes(keys.length, tally)
}

/** Counts a value that is no container, if it is one of JSON. */
export function countScalar(value: unknown, tally: SizeTally): string | undefined {
  switch (typeof value) {
    case 'string':
      return countText(value, tally)
    case 'number':
      if (!Number.isFinite(value)) return `${value} is no number of JSON`
      if (Number.isInteger(value) && !Number.isSafeInteger(value))
        return `${value} is too large to be exact: use a text`
      return countBytes(String(value).length, tally)
    case 'boolean':
      return countBytes(value ? 4 : 5, tally)
    case 'undefined':
      return 'undefined is no JSON: leave the key out, or use null'
    default:
      return value === null ? countBytes(4, tally) : `a ${typeof value} is no JSON`
  }
}

function countText(text: string, tally: SizeTally): string | undefined {
  if (text.length > tally.limits.textLength) return `a text is longer than ${tally.limits.textLength} characters`
  const bytes = jsonTextBytes(text)
  return bytes === undefined ? 'a text holds half of a surrogate pair' : countBytes(bytes, tally)
}

function countBytes(bytes: number, tally: SizeTally): string | undefined {
  tally.bytes += bytes
  return tally.bytes > tally.limits.bytes ? `it is larger than ${tally.limits.bytes} bytes` : undefined
}
