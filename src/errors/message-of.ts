/** How much is kept of what foreign code says, in UTF-16 code units. */
const longestMessage = 2_000

/** Says what foreign code threw, whatever that is, as a text that can be stored: reading it may throw again. */
export function messageOf(thrown: unknown): string {
  try {
    const said = String(thrown instanceof Error ? thrown.message : thrown)
    const cut = said.length > longestMessage ? `${said.slice(0, longestMessage)}…` : said
    return cut.toWellFormed().replaceAll('\0', '\ufffd')
  } catch {
    return 'something that cannot be read was thrown'
  }
}
