import { type Result, refuse } from '../../errors/result.ts'
import type { JsonValue } from '../json/json.ts'
import { defaultLimits, type Limits } from '../json/limits.ts'
import { admitAs } from './admit.ts'
import { startTally } from './tally.ts'

/**
 * Reads JSON text from outside and admits it. Refused, besides what {@link admit} refuses: text that is no JSON, and
 * an object that has a key twice, of which `JSON.parse` would silently keep the last.
 *
 * @example
 * ```ts
 * const document = parseJson('{"rollout":40,"rollout":80}')
 * if (!document.ok) console.log(document.refusal.message) // a key is there twice
 * ```
 *
 * @returns The value, or a refusal: `invalid_document`.
 */
export function parseJson(text: string, limits: Limits = defaultLimits): Result<JsonValue, 'invalid_document'> {
  if (text.length > limits.bytes) return invalid(`it is larger than ${limits.bytes} bytes`)
  const problem = scan(text, limits.depth)
  if (problem !== undefined) return invalid(problem)
  try {
    return admitAs(JSON.parse(text), startTally(limits), () => 'freeze')
  } catch {
    return invalid('it is no JSON text')
  }
}

function invalid(problem: string) {
  return refuse('invalid_document', { path: '', problem })
}

/** Looks for keys that an object has twice and for too many levels, in text that may or may not be JSON. */
function scan(text: string, depth: number): string | undefined {
  const open: Set<string>[] = []
  for (let i = 0; i < text.length; i++) {
    const unit = text[i]
    if (unit === '{' || unit === '[') {
      if (open.push(new Set()) > depth) return `it is nested deeper than ${depth} levels`
    } else if (unit === '}' || unit === ']') open.pop()
    else if (unit === '"') {
      const end = endOfText(text, i)
      const keys = open.at(-1)
      if (keys !== undefined && isKey(text, end)) {
        const key = decode(text.slice(i, end))
        if (keys.size === keys.add(key).size) return `an object has the key ${JSON.stringify(key)} twice`
      }
      i = end - 1
    }
  }
  return undefined
}

/** Finds the end of the text that starts at a quote: behind its closing quote, or the end of everything. */
function endOfText(text: string, start: number): number {
  let at = start + 1
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1
  return at + 1
}

function isKey(text: string, end: number): boolean {
  let at = end
  while (text[at] === ' ' || text[at] === '\n' || text[at] === '\r' || text[at] === '\t') at++
  return text[at] === ':'
}

function decode(quoted: string): string {
  try {
    return quoted.includes('\\') ? String(JSON.parse(quoted)) : quoted.slice(1, -1)
  } catch {
    return quoted
  }
}
