import { admit } from '../../core/change/admit.ts'
import { equal, isArray, isObject } from '../../core/json/equal.ts'
import type { JsonValue } from '../../core/json/json.ts'
import { parsePointer } from '../../core/json/pointer.ts'
import { ApprovalError, fail } from '../../errors/approval-error.ts'
import { messageOf } from '../../errors/message-of.ts'
import { type HostRow, readRow } from './host-row.ts'
import type { ResourceType } from './resource-type.ts'
import { pathOf, validated } from './validate-document.ts'

/** What the host has of a resource, as its schema takes it. */
export interface HostDocument {
  /** Null if the host has none. */
  readonly document: JsonValue
  /** The texts that stand in the place of dates. */
  readonly dates: ReadonlySet<string>
}

/**
 * Takes what a host's `read` gave through the schema of its type.
 *
 * @throws ApprovalError `host_failed` if it gave what is no document of this type, `schema_failed` if the schema is
 * wrong.
 */
export async function takeFromHost(type: ResourceType, id: string, answer: unknown): Promise<HostDocument> {
  const row = rowOf(type, id, answer)
  if (row.value === undefined || row.value === null) return { document: null, dates: row.dates }
  const taken = await throughSchema(type, id, row.value)
  if (taken.ok) return { document: taken.value, dates: row.dates }
  const { refusal } = taken
  const json = admit(row.value)
  if (refusal.code === 'invalid_by_schema') {
    return readFailed(type, id, pathOf(refusal), `its schema refuses what "read" gave: ${refusal.message}`)
  }
  if (json.ok) throw new ApprovalError(refusal)
  const { path, problem } = json.refusal.details
  return readFailed(type, id, path, `what "read" gave there is no JSON: ${problem}`)
}

/**
 * Tells whether what the host has is what is on record. A schema that was changed since may read that as another
 * value.
 */
export async function isOnRecord(
  type: ResourceType,
  id: string,
  { found, known }: { readonly found: HostDocument; readonly known: JsonValue },
): Promise<boolean> {
  const document = worded(found, known)
  if (equal(document, known)) return true
  if (document === null || known === null) return false
  const read = await validated(type, id, known)
  return read.ok && equal(document, read.value)
}

/** Gives what the host has, with the texts that are on record for the moments that it gives as dates. */
export function worded({ document, dates }: HostDocument, known: JsonValue | undefined): JsonValue {
  if (dates.size === 0 || known === undefined) return document
  if (typeof document === 'string') {
    return dates.has(document) && isSameMoment(document, known) ? known : document
  }
  if (isArray(document)) {
    return isArray(known) ? document.map((item, index) => worded({ document: item, dates }, known[index])) : document
  }
  if (!isObject(document) || !isObject(known)) return document
  const members = Object.entries(document)
  return Object.fromEntries(members.map(([key, member]) => [key, worded({ document: member, dates }, known[key])]))
}

function isSameMoment(text: string, known: JsonValue): known is string {
  return typeof known === 'string' && /^\d{4}-\d\d-\d\dT/.test(known) && Date.parse(known) === Date.parse(text)
}

function rowOf({ type }: ResourceType, id: string, answer: unknown): HostRow {
  try {
    return readRow(answer)
  } catch (cause) {
    const problem = `what "read" gave cannot be read: ${messageOf(cause)}`
    return fail('host_failed', { type, id, operation: 'read', path: '', problem }, { cause })
  }
}

function readFailed({ type }: ResourceType, id: string, path: string, problem: string): never {
  return fail('host_failed', { type, id, operation: 'read', path, problem })
}

/** Columns have NULL where a document has no such member: it is left out if the schema takes no null there. */
async function throughSchema(type: ResourceType, id: string, row: unknown) {
  const taken = await validated(type, id, row)
  if (taken.ok || taken.refusal.code !== 'invalid_by_schema') return taken
  const paths = taken.refusal.details.issues.map(({ path }) => path)
  const isNullLeftOut = paths.map((path) => leaveOutNull(row, path)).includes(true)
  return isNullLeftOut ? await validated(type, id, row) : taken
}

function leaveOutNull(row: unknown, path: string): boolean {
  const segments = [...(parsePointer(path) ?? [])]
  const key = segments.pop()
  let parent = row as JsonValue | undefined
  for (const segment of segments) {
    parent = isArray(parent) ? parent[Number(segment)] : isObject(parent) ? parent[segment] : undefined
  }
  return key !== undefined && isObject(parent) && parent[key] === null && Reflect.deleteProperty(parent, key)
}
