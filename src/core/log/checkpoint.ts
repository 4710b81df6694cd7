import { canonical } from '../json/canonical.ts'
import { bytesIn, type Digest, digest, leafDigest } from '../json/digest.ts'
import type { JsonValue } from '../json/json.ts'
import { emptyTree, type MerkleTree, rootOf, withLeaf } from './merkle-tree.ts'

/** Where a stream ended when it was sealed: a leaf of the Merkle tree of its tenant. */
export interface Seal {
  readonly tenant: string
  /** Which leaf it is; 0 for the first. */
  readonly place: number
  readonly stream: string
  /** The last event of the stream at that time, and its hash. */
  readonly seq: number
  readonly hash: Digest
}

/**
 * What a tenant's log was at one time: the root over everything that was sealed until then, chained to the checkpoint
 * before.
 */
export interface Checkpoint {
  readonly tenant: string
  /** 1 for the first of the tenant. */
  readonly number: number
  /** When it was made, in milliseconds since 1970. */
  readonly at: number
  /** How many seals it is over. */
  readonly size: number
  /** Root of the Merkle tree over the seals, after RFC 6962. */
  readonly root: Digest
  /** Hash of the checkpoint before; empty for the first. */
  readonly prev: string
  readonly hash: Digest
  /** Present if the host signs checkpoints. */
  readonly signature?: CheckpointSignature
}

/** A signature over the hash of a checkpoint, and the name of the key that it was made with. */
export interface CheckpointSignature {
  readonly keyId: string
  /** In lower-case hexadecimal. */
  readonly value: string
}

/** A checkpoint with the tree that it is the root of. */
export interface SealedTree {
  readonly checkpoint: Checkpoint
  readonly tree: MerkleTree
}

/** Where a stream ends. */
export type StreamEnd = Omit<Seal, 'tenant' | 'place'>

/**
 * Seals the ends of the streams that changed since the checkpoint before. What it costs grows with their number, and
 * not with what is sealed already.
 *
 * @example
 * ```ts
 * const ends = [{ stream: 'request/r1', seq: event.seq, hash: event.hash }]
 * const { checkpoint, seals } = sealed(undefined, { tenant: 'acme', at: 1_767_603_600_000, ends })
 * ```
 */
export function sealed(
  before: SealedTree | undefined,
  { tenant, at, ends }: { readonly tenant: string; readonly at: number; readonly ends: readonly StreamEnd[] },
): SealedTree & { readonly seals: readonly Seal[] } {
  const first = before?.tree ?? emptyTree
  const seals = ends.map((end, index): Seal => ({ tenant, place: first.size + index, ...end }))
  const tree = seals.reduce((grown, seal) => withLeaf(grown, sealDigest(seal)), first)
  const body = {
    tenant,
    number: (before?.checkpoint.number ?? 0) + 1,
    at,
    size: tree.size,
    root: rootOf(tree) ?? digest('nothing', null),
    prev: before?.checkpoint.hash ?? '',
  }
  return { checkpoint: { ...body, hash: checkpointDigest(body) }, tree, seals }
}

/**
 * Computes the leaf of a seal. Its place is its place in the tree.
 *
 * @example
 * ```ts
 * const tree = withLeaf(emptyTree, sealDigest(seal))
 * ```
 */
export function sealDigest({ tenant, stream, seq, hash }: Seal): Digest {
  return leafDigest(canonical({ tenant, stream, seq, hash }))
}

/**
 * Computes the hash of a checkpoint.
 *
 * @example
 * ```ts
 * const isWhole = checkpointDigest(checkpoint) === checkpoint.hash
 * ```
 */
export function checkpointDigest({
  tenant,
  number,
  at,
  size,
  root,
  prev,
}: Omit<Checkpoint, 'hash' | 'signature'>): Digest {
  return digest('checkpoint', { tenant, number, at, size, root, prev } satisfies JsonValue)
}

/**
 * The bytes that are signed with a key: its name is among them, so that no signature passes for that of another key.
 *
 * @example
 * ```ts
 * const bytes = signedBytes(checkpoint, '2026')
 * ```
 */
export function signedBytes({ hash }: Pick<Checkpoint, 'hash'>, keyId: string): Uint8Array {
  return bytesIn('signature', { keyId, hash })
}
