import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Digest, leafDigest } from '../../../src/core/json/digest.ts'
import { sealDigest, sealed } from '../../../src/core/log/checkpoint.ts'
import { brokenLink, emptyStream, headAfter, link } from '../../../src/core/log/event-chain.ts'
import { emptyTree, rootOf, withLeaf } from '../../../src/core/log/merkle-tree.ts'

const hash = (...parts: readonly (Uint8Array | string)[]) =>
  parts.reduce((all, part) => all.update(part), createHash('sha256')).digest()

/** The definition of RFC 6962, section 2.1, word by word, over the data of the leaves. */
function definedRoot(leaves: readonly string[]): Buffer {
  if (leaves.length === 1) return hash(Uint8Array.of(0), leaves[0] ?? '')
  let half = 1
  while (half * 2 < leaves.length) half *= 2
  return hash(Uint8Array.of(1), definedRoot(leaves.slice(0, half)), definedRoot(leaves.slice(half)))
}

const treeOf = (leaves: readonly string[]) => leaves.map(leafDigest).reduce(withLeaf, emptyTree)

const end = (stream: string, seq: number) => ({ stream, seq, hash: `sha256:${stream}${seq}` as Digest })

describe('the Merkle tree of what is sealed', () => {
  it('has the roots that the reference implementation of RFC 6962 gives', () => {
    // The inputs of certificate-transparency's merkletree tests that are text.
    const inputs = ['', '\u0000', '\u0010', '\u0020\u0021', '\u0030\u0031', '@ABC', 'PQRSTUVW', '`abcdefghijklmno']
    const roots = [
      '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
      'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
      'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
      '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
      '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
      'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
      '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
    ]
    for (const [index, root] of roots.entries()) {
      expect(rootOf(treeOf(inputs.slice(0, index + 1)))).toBe(`sha256:${root}`)
    }
    expect(rootOf(emptyTree)).toBeUndefined()
  })

  it('is the one that the RFC defines, however many leaves it has', () => {
    fc.assert(
      fc.property(fc.array(fc.string(), { minLength: 1, maxLength: 70 }), (leaves) => {
        const tree = treeOf(leaves)
        expect(rootOf(tree)).toBe(`sha256:${definedRoot(leaves).toString('hex')}`)
        expect(tree.peaks.length).toBeLessThanOrEqual(Math.ceil(Math.log2(leaves.length + 1)))
      }),
    )
  })
})

describe('the chain of a stream', () => {
  it('[O4] breaks where an event does not follow the one before it, though its own hash is right', () => {
    const first = link('acme', 'settings', emptyStream, { at: 1 })
    const other = link('acme', 'settings', emptyStream, { at: 2 })
    const second = link('acme', 'settings', headAfter(first), { at: 3 })
    expect(brokenLink(headAfter(first), second)).toBeUndefined()
    expect(brokenLink(headAfter(other), second)).toBe('unlinked')
  })

  it('[O4] breaks where an event is missing, though the next one names the hash of the one before', () => {
    const first = link('acme', 'settings', emptyStream, { at: 1 })
    const third = link('acme', 'settings', { seq: 2, hash: first.hash }, { at: 3 })
    expect(brokenLink(headAfter(first), third)).toBe('missing')
  })
})

describe('a checkpoint', () => {
  const at = 1_000

  it('goes on from the one before, wherever the streams were divided', () => {
    const ends = [end('a', 1), end('b', 4), end('a', 2), end('c', 1), end('b', 9)]
    const all = sealed(undefined, { tenant: 'acme', at, ends })
    for (let cut = 1; cut < ends.length; cut++) {
      const first = sealed(undefined, { tenant: 'acme', at, ends: ends.slice(0, cut) })
      const second = sealed(first, { tenant: 'acme', at: at - 1, ends: ends.slice(cut) })
      expect(second.tree).toEqual(all.tree)
      expect([...first.seals, ...second.seals]).toEqual(all.seals)
      expect(second.checkpoint).toMatchObject({
        number: 2,
        size: 5,
        root: all.checkpoint.root,
        prev: first.checkpoint.hash,
      })
    }
  })

  it('is another one for every other tenant, stream, number and hash', () => {
    const [seal] = sealed(undefined, { tenant: 'acme', at, ends: [end('a', 1)] }).seals
    if (!seal) throw new TypeError('Nothing was sealed.')
    const others = [{ tenant: 'rival' }, { stream: 'b' }, { seq: 2 }, { hash: 'sha256:' as const }]
    const digests = [{}, ...others].map((other) => sealDigest({ ...seal, ...other }))
    expect(new Set(digests).size).toBe(digests.length)
  })
})
