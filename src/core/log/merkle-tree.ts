import { type Digest, nodeDigest } from '../json/digest.ts'

/**
 * A Merkle tree after RFC 6962, as much of it as is needed to add leaves and to compute its root: the roots of its
 * perfect subtrees, the largest first. There are at most as many as its size has binary digits.
 */
export interface MerkleTree {
  /** How many leaves it has. */
  readonly size: number
  readonly peaks: readonly Digest[]
}

/** The tree without leaves. */
export const emptyTree: MerkleTree = { size: 0, peaks: [] }

/**
 * Adds a leaf at the end of a tree.
 *
 * @example
 * ```ts
 * const tree = withLeaf(emptyTree, sealDigest(seal))
 * ```
 */
export function withLeaf({ size, peaks }: MerkleTree, leaf: Digest): MerkleTree {
  const rest = [...peaks]
  let node = leaf
  for (let left = size; left % 2 === 1; left = (left - 1) / 2) node = nodeDigest(rest.pop() ?? node, node)
  return { size: size + 1, peaks: [...rest, node] }
}

/**
 * Computes the root of a tree; `undefined` if it has no leaf.
 *
 * @example
 * ```ts
 * const isSealed = rootOf(withLeaf(emptyTree, sealDigest(seal))) === checkpoint.root
 * ```
 */
export function rootOf({ peaks }: MerkleTree): Digest | undefined {
  return peaks.length === 0 ? undefined : peaks.reduceRight((right, left) => nodeDigest(left, right))
}
