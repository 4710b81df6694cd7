import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js'
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

/** Computes the hash of a leaf of a Merkle tree after RFC 6962: of its text, behind a byte that no node begins with. */
export function leafDigest(text: string): Digest {
  return `sha256:${bytesToHex(sha256(concatBytes(Uint8Array.of(0), utf8ToBytes(text))))}`
}

/** Computes the hash of a node of a Merkle tree after RFC 6962. */
export function nodeDigest(left: Digest, right: Digest): Digest {
  return `sha256:${bytesToHex(sha256(concatBytes(Uint8Array.of(1), bytesOf(left), bytesOf(right))))}`
}

function bytesOf(hash: Digest): Uint8Array {
  return hexToBytes(hash.slice('sha256:'.length))
}
