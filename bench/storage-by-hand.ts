import { columnsOf, declarationOf, keyOf, partsOf, type RecordKey, type Write } from 'countersign/storage'
import type { Trace } from './storage-office.ts'

/** A value of a statement, or how it follows from the version that was read last. */
export type HandValue = string | number | null | ((version: number) => string | number)

/** One statement of a transaction by hand. */
export interface Step {
  readonly text: string
  readonly values: readonly HandValue[]
  /** Whether it reads the version of a record. */
  readonly reads: boolean
}

/** How a database writes what differs. */
export interface HandDialect {
  readonly placeholder: (place: number) => string
  /** What ends a read of a record that is going to be written. */
  readonly lock: string
}

/** Collections that a developer would read in the transaction, and those of them that would be locked. */
const read = new Set(['requests', 'contents', 'resources'])
const locked = new Set(['requests', 'resources'])

/**
 * Writes a command as a developer would by hand: it locks what it is about, and then writes the same rows. What Countersign checks besides (that no policy,
 * no role and no lock has moved) is left out.
 */
export function byHand({ reads, writes }: Trace, dialect: HandDialect): readonly Step[] {
  return [
    ...reads.filter(({ collection }) => read.has(collection)).map((key) => reading(key, dialect)),
    ...writes.flatMap((write) => writing(write, dialect)),
  ]
}

/** Gives the values of a column in the steps of a command anew, as they follow from the version of the record that it locks. */
export function following(steps: readonly Step[], old: string | number, next: (version: number) => string | number) {
  return steps.map((step) => ({ ...step, values: step.values.map((value) => (value === old ? next : value)) }))
}

/** The values as they are sent. */
export function sent(values: readonly HandValue[], version: number): (string | number | null)[] {
  return values.map((value) => (typeof value === 'function' ? value(version) : value))
}

/** Gives the tables by hand: those of Countersign, with the same columns and indexes, under other names. */
export function handSchema(schema: string): string {
  return schema.replaceAll('countersign_', 'hand_')
}

/** The table by hand of a collection. */
export function handTable(collection: string): string {
  return `hand_${snakeCase(collection)}`
}

function reading({ collection, key }: RecordKey, { placeholder, lock }: HandDialect): Step {
  const where = declarationOf(collection).key.map(({ name }, at) => `${quoted(name)} = ${placeholder(at + 1)}`)
  const end = locked.has(collection) ? lock : ''
  const text = `select version, value from ${handTable(collection)} where ${where.join(' and ')}${end}`
  return { text, values: key, reads: collection === 'requests' }
}

function writing(write: Write, { placeholder }: HandDialect): readonly Step[] {
  const { collection, type } = write
  if (type === 'check') return []
  const table = handTable(collection)
  const keyColumns = declarationOf(collection).key
  const where = (from: number) =>
    keyColumns.map(({ name }, at) => `${quoted(name)} = ${placeholder(from + at + 1)}`).join(' and ')
  if (type === 'remove') return [{ text: `delete from ${table} where ${where(0)}`, values: write.key, reads: false }]
  const columns = columnsOf(collection)
  const value = JSON.stringify(write.value)
  if (type === 'insert') {
    const names = [...columns.map(({ name }) => quoted(name)), 'version', 'value']
    const values = [...partsOf(collection, columns, write.value), 1, value]
    const places = values.map((_, at) => placeholder(at + 1))
    return [{ text: `insert into ${table} (${names.join(', ')}) values (${places.join(', ')})`, values, reads: false }]
  }
  const moving = columns.filter(({ name }) => !keyColumns.some((column) => column.name === name))
  const set = moving.map(({ name }, at) => `${quoted(name)} = ${placeholder(at + 1)}`)
  const text = `update ${table} set ${[...set, `value = ${placeholder(moving.length + 1)}`, 'version = version + 1'].join(', ')} where ${where(moving.length + 1)}`
  const values = [...partsOf(collection, moving, write.value), value, ...keyOf(collection, write.value)]
  return [{ text, values, reads: false }]
}

function quoted(name: string): string {
  return snakeCase(name)
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}
