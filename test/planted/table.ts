import type { Bug, Layer } from './bugs.ts'

const [begin, end] = ['<!-- planted bugs -->\n', '<!-- end of planted bugs -->\n']

/** Writes what was caught where as a Markdown table. */
export function tableOf(bugs: readonly Bug[], caught: ReadonlyMap<Bug, Layer>): string {
  const rows = bugs.map((bug) => `| ${bug.name} | \`${bug.file}\` | ${caught.get(bug) ?? '**nobody**'} |\n`)
  return `| planted bug | in | caught by |\n|---|---|---|\n${rows.join('')}`
}

/** Puts a table in the place of the one that a page has. */
export function withTable(page: string, table: string): string {
  const [before, rest] = page.split(begin)
  const after = rest?.split(end)[1]
  if (before === undefined || after === undefined) throw new TypeError('The page has no place for the table.')
  return `${before}${begin}${table}${end}${after}`
}
