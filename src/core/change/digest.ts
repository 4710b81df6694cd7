import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'
import { canonical } from './canonical.ts'
import type { JsonValue } from './json.ts'

/** SHA-256 over canonical JSON, in lower-case hexadecimal. */
export type Digest = `sha256:${string}`

/** Moves when the form of what is hashed changes, so that old digests never match by accident. */
const version = 1

/**
 * Computes the digest of a value.
 *
 * What is hashed is `{ countersign: 1, domain, value }` in canonical form, so that values of different domains (a request, an
 * event, a conflict) never share a digest. The same in Node and in browsers.
 */
export function digest(domain: string, value: JsonValue): Digest {
  return `sha256:${bytesToHex(sha256(utf8ToBytes(canonical({ countersign: version, domain, value }))))}`
}
