/** Tells whether a text says nothing: only white space and characters that nobody sees. */
export function isBlank(text: string): boolean {
  return !/[^\s\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}]/u.test(text)
}

/** Says what is wrong with the length of what somebody said, counted as people count characters. */
export function feedbackProblem(text: string | undefined, limit: number): string | undefined {
  if (text === undefined || text.length <= limit) return undefined
  const length = countGraphemes(text, limit)
  return length > limit ? `must be at most ${limit} characters long` : undefined
}

/** Counts user-perceived characters (UAX #29), and stops after one more than `most`. */
function countGraphemes(text: string, most: number): number {
  let count = 0
  for (const _ of new Intl.Segmenter('en', { granularity: 'grapheme' }).segment(text)) {
    count++
    if (count > most) break
  }
  return count
}
