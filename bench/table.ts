import { styleText } from 'node:util'
import type { Measured, Row } from './harness.ts'

const columns = [44, 34, 34, 10, 10] as const

/** Formats the head of a bench's table. */
export function heading(bench: string): string {
  return `\n${styleText('bold', bench)}\n${cells(['case', 'subject', 'peer', 'ratio', 'goal'])}`
}

/** Formats one comparison as a line of the table. */
export function line(row: Row, measured: Measured): string {
  const goal = row.goal === null ? 'stated' : `≥ ${Number(row.goal.toPrecision(3))}`
  const text = cells([
    row.case,
    `${row.subject} ${amount(measured.subject, measured.unit)}`,
    `${row.peer} ${amount(measured.peer, measured.unit)}`,
    `${row.ratio} ×`,
    goal,
  ])
  if (row.met === null) return text
  return row.met ? `${text} ${styleText('green', 'met')}` : `${text} ${styleText('red', 'missed')}`
}

/** Formats how many goals were met. */
export function verdict(rows: readonly Row[]): string {
  const goals = rows.filter((row) => row.met !== null)
  return `\n${goals.filter((row) => row.met).length} of ${goals.length} goals met.`
}

function cells(texts: readonly string[]): string {
  return texts.map((text, index) => text.padEnd(columns[index] ?? 0)).join(' ')
}

function amount(value: number, unit: string): string {
  if (unit !== 'ms') return `${value} ${unit}`
  if (value >= 1) return `${value.toPrecision(3)} ms`
  return value >= 0.001 ? `${(value * 1e3).toPrecision(3)} µs` : `${(value * 1e6).toPrecision(3)} ns`
}
