/**
 * Controls, format characters (bidirectional ones, zero-width ones, tags), line separators, and letters that show as
 * nothing.
 */
const hidden = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\u115f\u1160\u3164\uffa0]/gu

/** Texts of which every character is what it looks like: most of them. */
const printable = /^[ -~]*$/
const nothing: readonly string[] = []

/** Scripts whose letters pass for Latin ones. */
const lookAlikes = ['Cyrillic', 'Greek', 'Armenian', 'Cherokee'].map((name) => ({
  name,
  letter: new RegExp(`\\p{Script=${name}}`, 'u'),
}))

/**
 * Writes a text so that nothing in it is invisible or changes how the rest is read: such characters become
 * `\u{202e}`.
 */
export function showHidden(text: string): string {
  if (printable.test(text)) return text
  return text.replace(hidden, (character) => `\\u{${codeOf(character)}}`)
}

/**
 * Says what a reader of a text would not see. `name`: the text is a name, which has no reason to break lines or to
 * mix scripts.
 */
export function hiddenIn(text: string, { name }: { readonly name: boolean }): readonly string[] {
  if (printable.test(text)) return nothing
  const characters = [...new Set(text.match(hidden))].filter((character) => name || !/[\t\n\r]/.test(character))
  const found = characters.map((character) => `invisible U+${codeOf(character).toUpperCase()}`)
  if (!name || !/\p{Script=Latin}/u.test(text)) return found
  const mixed = lookAlikes
    .filter(({ letter }) => letter.test(text))
    .map((script) => `${script.name} among Latin letters`)
  return [...found, ...mixed]
}

function codeOf(character: string): string {
  return (character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')
}
