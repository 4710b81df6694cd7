/** The longest id, in UTF-8 bytes: what every database indexes without cutting it off. */
export const maxIdentifierBytes = 255

/**
 * Says what is wrong with an id that came from outside; `undefined` for a good one.
 *
 * Ids are compared byte by byte and never normalised, so those that could pass for another one are refused: blanks at
 * the ends, control and invisible characters, anything not in Unicode normalisation form C.
 */
export function identifierProblem(id: unknown): string | undefined {
  if (typeof id !== 'string') return `must be a string, not ${id === null ? 'null' : typeof id}`
  if (id === '') return 'must not be empty'
  if (id.length > maxIdentifierBytes || utf8Length(id) > maxIdentifierBytes)
    return `must be at most ${maxIdentifierBytes} bytes long`
  if (!id.isWellFormed()) return 'must not hold a lone surrogate'
  if (id !== id.trim()) return 'must not begin or end with a blank'
  if (/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u.test(id))
    return 'must not hold control or invisible characters'
  if (id !== id.normalize('NFC')) return 'must be in Unicode normalisation form C'
  return undefined
}

function utf8Length(text: string): number {
  let bytes = 0
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0
    bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4
  }
  return bytes
}
