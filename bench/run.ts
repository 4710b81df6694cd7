import { parseArgs } from 'node:util'
import { type Comparison, judge, type Row } from './harness.ts'
import { heading, line, verdict } from './table.ts'

/** What `bench/NAME.ts` exports: the comparisons, whose fixtures are made when it is called. */
export interface Bench {
  readonly comparisons: () => readonly Comparison[] | Promise<readonly Comparison[]>
}

const benches = ['change', 'flow', 'lifecycle', 'lists', 'policy', 'request', 'review', 'storage']

const { values, positionals } = parseArgs({ allowPositionals: true, options: { json: { type: 'boolean' } } })
const unknown = positionals.filter((name) => !benches.includes(name))
if (unknown.length > 0) throw new TypeError(`There is no bench ${unknown.join(', ')}; there are ${benches.join(', ')}.`)

const rows: Row[] = []
for (const bench of positionals.length > 0 ? positionals : benches) {
  const file = `./${bench}.js`
  const { comparisons }: Bench = await import(file)
  if (!values.json) console.log(heading(bench))
  for (const comparison of await comparisons()) {
    const measured = await comparison.measure()
    const row = judge(bench, comparison, measured)
    if (!values.json) console.log(line(row, measured))
    rows.push(row)
  }
}

if (values.json) console.log(JSON.stringify(rows))
else console.log(verdict(rows))
