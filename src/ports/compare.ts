import type { KeyPart } from './storage.ts'

/** Orders two parts of a key as every adapter does: numbers by value, text by its UTF-8 bytes. */
export function compareParts(a: KeyPart, b: KeyPart): number {
  if (typeof a === 'string' && typeof b === 'string') return compareText(a, b)
  return Number(a) - Number(b)
}

/**
 * Orders two keys, or two positions, part by part.
 *
 * @example
 * ```ts
 * compareKeys(['acme', 2], ['acme', 10]) // negative: 2 comes before 10
 * ```
 */
export function compareKeys(a: readonly KeyPart[], b: readonly KeyPart[]): number {
  for (let at = 0; at < a.length; at++) {
    const other = b[at]
    if (other === undefined) return 1
    const difference = compareParts(a[at] as KeyPart, other)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

function compareText(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let at = 0; at < length; at++) {
    const unit = a.charCodeAt(at)
    const other = b.charCodeAt(at)
    if (unit !== other) return codePointRank(unit) - codePointRank(other)
  }
  return a.length - b.length
}

/** UTF-8 orders by code point; UTF-16 puts the surrogates, which stand for the highest code points, below U+E000. */
function codePointRank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit
}
