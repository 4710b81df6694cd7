import type { Bug } from './bugs.ts'

const [begin, end] = ['<!-- planted bugs -->\n', '<!-- end of planted bugs -->\n']

/** What stands in the table of a bug that was never planted. */
export const neverPlanted = 'pending'

/** Writes what was caught where as a Markdown table. */
export function tableOf(bugs: readonly Bug[], caught: ReadonlyMap<Bug, string>): string {
  const rows = bugs.map((bug) => `| ${bug.name} | \`${bug.file}\` | ${caught.get(bug) ?? neverPlanted} |\n`)
  return `| planted bug | in | caught by |\n|---|---|---|\n${rows.join('')}`
}

/** Reads what the table of a page says of each bug. */
export function caughtIn(page: string, bugs: readonly Bug[]): Map<Bug, string> {
  const rows = new Map(
    [...page.matchAll(/^\| (.+) \| `(.+)` \| (\S+) \|$/gm)].map(([, name, file, by]) => [`${name} ${file}`, by]),
  )
  return new Map(bugs.map((bug) => [bug, rows.get(`${bug.name} ${bug.file}`) ?? neverPlanted]))
}

/** Puts a table in the place of the one that a page has. */
export function withTable(page: string, table: string): string {
  const [before, rest] = page.split(begin)
  const after = rest?.split(end)[1]
  if (before === undefined || after === undefined) throw new TypeError('The page has no place for the table.')
  return `${before}${begin}${table}${end}${after}`
}
