import { defined } from '../../../core/defined.ts'
import type { Column } from '../../../ports/collections.ts'
import { compareKeys } from '../../../ports/compare.ts'
import type {
  Count,
  IndexQuery,
  KeyPart,
  Page,
  Position,
  StoredRecord,
  UnreadableRecord,
} from '../../../ports/storage.ts'
import { columnsOf, declarationOf, partsOf } from '../../toolkit/columns.ts'
import { type IndexPlan, pageOf, positionIn } from '../../toolkit/index-plan.ts'
import { anotherRecord, recordOf } from '../../toolkit/stored-row.ts'

/** Names the column of a page with all columns that keeps the column at this place. */
export function wholeColumn(at: number): string {
  return `column${at}`
}

/**
 * Tells whether a page is read with all columns from the start. In the order of the key everything is read when the
 * log is verified: a column that is not what its record says shows there, and a record is what its columns say
 * wherever else it is listed.
 */
export function isLookedUpByKey({ index }: IndexQuery): boolean {
  return index === 'key'
}

/** The page of some rows; `undefined` if one of them is not the record that the index has there. */
export function pageOfRows(plan: IndexPlan, query: IndexQuery, rows: readonly unknown[]): Page | undefined {
  const records: StoredRecord[] = []
  let before: Position | undefined
  for (const row of rows) {
    const record = recordOf(row)
    const position = typeof record === 'string' ? undefined : positionOf(plan, query, record)
    if (typeof record === 'string' || !position) return undefined
    if (before && !follows(query, before, position)) return undefined
    before = position
    records.push(record)
  }
  return pageOf(plan, records, query.limit)
}

/**
 * The same from rows with all columns, of which each says what the index has there: whatever cannot be read is named,
 * and the rest is read.
 */
export function pageOfWholeRows(plan: IndexPlan, rows: readonly unknown[], limit: number): Page {
  const records: StoredRecord[] = []
  const unreadable: UnreadableRecord[] = []
  const { collection, order } = plan
  const onPage = rows.slice(0, limit)
  for (const row of onPage) {
    const parts = partsIn(plan, row)
    const record = recordOf(row)
    const problem = typeof record === 'string' ? record : strangenessOf(plan, record, parts)
    if (typeof record !== 'string' && problem === undefined) records.push(record)
    else
      unreadable.push({
        collection,
        key: partsOfRow(plan, declarationOf(collection).key, parts),
        problem: String(problem),
      })
  }
  const last = rows.length > limit ? onPage.at(-1) : undefined
  const next = last === undefined ? undefined : partsOfRow(plan, order, partsIn(plan, last))
  return { records, ...(unreadable.length > 0 ? { unreadable } : {}), ...defined({ next }) }
}

/** Whether it has to be found out how far a page has looked: it keeps to some records and is not full. */
export function isCutShort({ only }: IndexQuery, { next }: Page): boolean {
  return only !== undefined && next === undefined
}

/** A page that keeps to some records and is not full, with where the look ended, as `lookEnd` reads it. */
export function lookedAsFarAs(plan: IndexPlan, page: Page, ends: readonly unknown[]): Page {
  return { ...page, ...defined({ next: pageOfWholeRows(plan, ends, 1).next }) }
}

/** Reads what was counted. Drivers give numbers as text or as big integers too. */
export function countIn([row]: readonly unknown[]): Count {
  const { kept, looked } = row as { readonly kept: unknown; readonly looked: unknown }
  return { count: Number(kept), looked: Number(looked) }
}

/** What the columns of a row hold, in the order of the columns of their collection. */
type RowParts = readonly (KeyPart | null)[]

function strangenessOf({ collection }: IndexPlan, { value }: StoredRecord, parts: RowParts): string | undefined {
  const columns = columnsOf(collection)
  try {
    const own = partsOf(collection, columns, value)
    const other = columns.find((_, at) => own[at] !== parts[at])
    if (other === undefined) return undefined
    const isKey = declarationOf(collection).key.some(({ name }) => name === other.name)
    return isKey ? anotherRecord : 'its columns are not its own'
  } catch {
    return 'a property that it is looked up by is not what its collection declares'
  }
}

/** What some of the columns hold, but for those that hold nothing. */
function partsOfRow({ collection }: IndexPlan, columns: readonly Column[], parts: RowParts): readonly KeyPart[] {
  const all = columnsOf(collection)
  return columns.flatMap(({ name }) => parts[all.findIndex((column) => column.name === name)] ?? [])
}

function positionOf(plan: IndexPlan, query: IndexQuery, { value }: StoredRecord): Position | undefined {
  try {
    return positionIn(plan, query, value)
  } catch {
    return undefined
  }
}

function follows({ order }: IndexQuery, before: Position, position: Position): boolean {
  const difference = compareKeys(position, before)
  return order === 'ascending' ? difference > 0 : difference < 0
}

/** Reads the columns of a row. Drivers give integers as numbers, big integers or text, and some give text as bytes. */
function partsIn({ collection }: IndexPlan, row: unknown): RowParts {
  const values = row as Readonly<Record<string, unknown>>
  return columnsOf(collection).map(({ type }, at) => {
    const value = values[wholeColumn(at)]
    if (value === null || value === undefined) return null
    if (type === 'integer') return Number(value)
    return value instanceof Uint8Array ? new TextDecoder().decode(value) : String(value)
  })
}
