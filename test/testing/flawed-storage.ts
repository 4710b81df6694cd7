import type { JsonObject } from '../../src/core/json/json.ts'
import { hasCode } from '../../src/errors/approval-error.ts'
import { compareKeys } from '../../src/ports/compare.ts'
import type { KeyPart, RecordKey, Storage, StoredRecord, Write } from '../../src/ports/storage.ts'
import { checkedKey, declarationOf, keyText, partsOf } from '../../src/storage/toolkit/columns.ts'
import { createEffectScope } from '../../src/storage/toolkit/effect-scope.ts'
import { countPlanOf, type IndexPlan, isKept, planOf, positionIn } from '../../src/storage/toolkit/index-plan.ts'
import { orderedWrites, refuseConflict, refuseDuplicate } from '../../src/storage/toolkit/ordered-writes.ts'
import { createTurns } from '../../src/storage/toolkit/serial-queue.ts'
import type { Flaw } from './flaws.ts'

type Rows = Map<
  string,
  { readonly collection: string; readonly key: readonly KeyPart[]; readonly record: StoredRecord }
>

/** Comes after some turns of the event loop, as the answer of a database does. */
async function someTurns(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
}

/** An in-memory storage that breaks the promises it is told to break; without flaws it keeps them all. */
export function flawedStorage(...chosen: readonly Flaw[]): Storage {
  const has = (flaw: Flaw) => chosen.includes(flaw)
  const turns = createTurns()
  const scope = createEffectScope()
  const refuseInside = (operation: string) => {
    if (has('answers an effect that asks it') || (operation === 'commit' && has('lets an effect wait for itself')))
      return
    scope.refuseInside(operation)
  }
  let rows: Rows = new Map()
  let failures = 0
  const counted = new Map<string, number>()
  const firstSeen = new Map<string, JsonObject>()
  const freed = new Set<string>()
  const checking = new Set<string>()

  const fold = (part: KeyPart): KeyPart => {
    if (typeof part === 'number') return has('keeps integers of 32 bits') ? part | 0 : part
    const cased = has('takes upper case for lower case') ? part.toLowerCase() : part
    const composed = has('takes composed letters for decomposed ones') ? cased.normalize('NFC') : cased
    const padded = has('pads keys with blanks') ? composed.trimEnd() : composed
    return has('cuts keys off after 255 bytes') ? padded.slice(0, 255) : padded
  }
  const idOf = ({ collection, key }: RecordKey) =>
    keyText(collection, key.slice(has('forgets the tenant of a key') && collection === 'requests' ? 1 : 0).map(fold))
  const checked = (key: RecordKey) => (has('binds whatever it is given') ? key.key : checkedKey(key))

  const altered = (value: JsonObject): JsonObject => {
    if (has('keeps what it is given')) return value
    const text = JSON.stringify(value, (_, part: unknown) => {
      if (typeof part === 'number' && has('rounds numbers')) return Number(part.toPrecision(15))
      if (typeof part !== 'string') return part
      if (has('takes U+0000 for the end of a text')) return part.split('\0')[0]
      if (has('takes texts of digits for numbers') && /^\d+$/.test(part)) return Number(part)
      if (has('takes timestamps for dates') && /^\d{4}-\d\d-\d\dT/.test(part)) return new Date(part).toISOString()
      return part
    })
    const copy = JSON.parse(text) as JsonObject
    if (has('drops properties that are null'))
      return Object.fromEntries(Object.entries(copy).filter(([, part]) => part !== null))
    if (has('assigns properties')) return { ...copy, ...('keys' in copy && { keys: Object.assign({}, copy['keys']) }) }
    return copy
  }
  const handedOut = (record: StoredRecord | undefined): StoredRecord | undefined =>
    record && (has('hands out what it keeps') ? record : structuredClone(record))

  const taken = (
    target: Rows,
    { collection, value }: Write & { value: JsonObject },
    own: string,
  ): string | undefined => {
    const { indexes } = declarationOf(collection)
    const found = Object.entries(indexes).find(([index, { columns, unique }]) => {
      const wanted = partsOf(collection, columns, value)
      if (!unique || (wanted.includes(null) && !has('takes nothing for a value in a unique index'))) return false
      if (has('never frees a place') && freed.has(JSON.stringify([index, ...wanted]))) return true
      return [...target.entries()].some(
        ([id, row]) =>
          id !== own &&
          row.collection === collection &&
          JSON.stringify(partsOf(collection, columns, row.record.value)) === JSON.stringify(wanted),
      )
    })
    return has('has no unique indexes') ? undefined : found?.[0]
  }

  const make = (target: Rows, keyed: ReturnType<typeof orderedWrites>[number]): void => {
    const { write, key } = keyed
    const id = idOf({ collection: write.collection, key })
    const stored = target.get(id)?.record
    const isExpected = 'expected' in write && (stored?.version ?? 'absent') === write.expected
    switch (write.type) {
      case 'check':
        if (has('drops checks') || (has('drops checks of absence') && write.expected === 'absent')) return
        if (!isExpected) refuseConflict(keyed)
        if (stored && has('touches what it checks'))
          target.set(id, { collection: write.collection, key, record: { ...stored, version: stored.version + 1 } })
        return
      case 'remove':
        if (!isExpected && !(stored && has('removes at any version'))) refuseConflict(keyed)
        counted.set(id, stored?.version ?? 0)
        target.delete(id)
        if (stored) {
          for (const [index, { columns }] of Object.entries(declarationOf(write.collection).indexes)) {
            freed.add(JSON.stringify([index, ...partsOf(write.collection, columns, stored.value)]))
          }
        }
        return
      case 'insert':
      case 'replace': {
        if (write.type === 'insert' && stored && !has('overwrites on insert')) refuseDuplicate(keyed, 'key')
        if (write.type === 'replace' && !isExpected && !(stored && has('replaces at any version')))
          refuseConflict(keyed)
        const index =
          write.type === 'replace' && has('ignores unique indexes on replace') ? undefined : taken(target, write, id)
        if (index) refuseDuplicate(keyed, has('calls every index key') ? 'key' : index)
        const before = stored?.version ?? (has('goes on counting after a removal') ? counted.get(id) : undefined) ?? 0
        const version = stored && has('leaves the version alone') ? stored.version : before + 1
        const value = altered(has('merges into the old value') ? { ...stored?.value, ...write.value } : write.value)
        if (!firstSeen.has(id)) firstSeen.set(id, value)
        target.set(id, { collection: write.collection, key, record: { version, value } })
      }
    }
  }

  const ordered = (writes: readonly Write[]) => {
    const copies = has('keeps what it is given') || has('copies when its turn comes') ? writes : structuredClone(writes)
    if (has('binds any version'))
      return copies.flatMap((write) =>
        orderedWrites([{ ...write, expected: 'expected' in write ? Number(write.expected) : 0 } as Write]),
      )
    if (has('binds whatever it is given') || has('binds any column')) {
      return copies.map((write) => ({
        write,
        id: '',
        key:
          'value' in write
            ? declarationOf(write.collection).key.map(({ name }) => String(write.value[name]))
            : write.key,
      }))
    }
    if (has('writes a record twice in a commit')) return copies.flatMap((write) => orderedWrites([write]))
    const sorted = orderedWrites(copies)
    for (const { write } of sorted) {
      if ('value' in write)
        for (const { columns } of Object.values(declarationOf(write.collection).indexes))
          partsOf(write.collection, columns, write.value)
    }
    if (!has('reports the first failure in the order given')) return sorted
    return copies.flatMap((write) => sorted.filter((keyed) => keyed.write === write))
  }

  const attempt = async (
    writes: ReturnType<typeof ordered>,
    effect?: (native: unknown) => Promise<void>,
  ): Promise<void> => {
    if (has('gives up after thirty failures') && failures > 30) throw new Error('no connection is left')
    const target: Rows = has('makes each write by itself') || has('shows what is not committed') ? rows : new Map(rows)
    const saved = new Map(rows)
    try {
      if (has('runs the effect first')) await effect?.(undefined)
      for (const keyed of writes) make(target, keyed)
      if (has('looks before it writes, and waits in between')) await Promise.resolve()
      if (has('commits before the effect')) rows = target
      const own = effect && (async () => effect(undefined))
      const running = has('never runs the effect') || has('runs the effect first') || !own ? undefined : scope.run(own)
      if (has('does not wait for the effect')) running?.catch(() => {})
      else await running
    } catch (thrown) {
      failures++
      if (has('shows what is not committed')) rows = saved
      if (hasCode(thrown, 'version_conflict') || hasCode(thrown, 'duplicate_key') || hasCode(thrown, 'invalid_input'))
        throw thrown
      if (has('swallows what the effect threw')) return
      throw has('wraps what the effect threw') ? new Error('the effect failed', { cause: thrown }) : thrown
    }
    if (has('writes one record after the other')) {
      for (const [id, row] of target) {
        if (rows.get(id) === row) continue
        await someTurns()
        rows.set(id, row)
      }
      for (const id of rows.keys()) if (!target.has(id)) rows.delete(id)
    } else if (has('looks before it writes, and waits in between')) for (const [id, row] of target) rows.set(id, row)
    else rows = target
  }

  const page = (plan: IndexPlan, where: readonly KeyPart[], value: JsonObject): boolean => {
    const parts = partsOf(plan.collection, plan.columns, value)
    if (parts.includes(null) && !has('lists records that lack a column')) return false
    const last = where.length - 1
    return where.every(
      (part, at) =>
        parts[at] === part ||
        (at === last && has('ignores the last value of where')) ||
        (at === 0 && has('ignores the first value of where')),
    )
  }
  const compare = (a: readonly KeyPart[], b: readonly KeyPart[]): number => {
    if (has('leaves ties as they come') && typeof a[0] === 'number') return Number(a[0]) - Number(b[0])
    if (has('orders integers as text')) return compareKeys(a.map(String), b.map(String))
    if (has('orders text by UTF-16')) return a.join() < b.join() ? -1 : a.join() > b.join() ? 1 : 0
    if (has('orders text as a dictionary does') && typeof a[0] === 'string') return a.join().localeCompare(b.join())
    return compareKeys(a, b)
  }

  return {
    async get(keys) {
      refuseInside('get')
      const ids = keys.map((key) => idOf({ collection: key.collection, key: checked(key) }))
      const found: (StoredRecord | undefined)[] = []
      if (has('reads no more than five thousand records in a call')) ids.splice(5_000)
      for (const id of has('reads no more than a hundred records in a call') ? ids.slice(0, 100) : ids) {
        found.push(handedOut(rows.get(id)?.record))
        if (has('reads one record after the other')) await Promise.resolve()
      }
      return has('gives what it finds, in the order in which it finds it')
        ? found.filter((record) => record !== undefined)
        : found
    },

    async list(query) {
      refuseInside('list')
      if (
        has('takes any query') &&
        !Object.hasOwn(declarationOf(query.collection).indexes, query.index) &&
        query.index !== 'key'
      )
        return { records: [] }
      const plan = planOf(query)
      const { where, range, after, limit } = query
      const up = query.order === 'ascending' || has('always lists upwards') ? 1 : -1
      const found = [...rows.entries()].flatMap(([id, { collection, record }]) => {
        const seen = has('never updates an index') ? (firstSeen.get(id) ?? record.value) : record.value
        if (collection !== query.collection || !page(plan, where, seen)) return []
        const tenant = String(record.value['tenant'])
        if (query.except?.includes(tenant) && !has('lists the tenants that a query leaves out')) return []
        const bounded = partsOf(collection, plan.columns, seen)[where.length] ?? null
        if (
          bounded !== null &&
          range?.from !== undefined &&
          !has('ignores the lower bound') &&
          compareKeys([bounded], [range.from]) < 0
        )
          return []
        if (
          bounded !== null &&
          range?.to !== undefined &&
          compareKeys([bounded], [range.to]) >= (has('leaves the upper bound out') ? 0 : 1)
        )
          return []
        return [{ record, position: partsOf(plan.collection, plan.order, seen).filter((part) => part !== null) }]
      })
      found.sort((a, b) => compare(a.position, b.position) * up)
      const inclusive = has('begins a page with the last record of the one before') ? -1 : 0
      const begin = has('pages by offset') ? Number(after?.at(-1) ?? 0) : 0
      const rest = found
        .filter(({ position }) => !after || has('pages by offset') || compare(position, after) * up > inclusive)
        .slice(begin)
      const looked = query.only ? rest.slice(0, has('looks at all of an index for a page') ? rest.length : 5_000) : rest
      const kept = looked.filter(({ record }) => has('keeps to nothing') || isKept(query, record.value))
      const records = kept.slice(0, limit)
      const cut = kept.length <= limit && rest.length > looked.length && !has('ends where nothing was kept')
      const isMore = kept.length > limit || has('always says that there is more')
      const last = cut ? looked.at(-1) : isMore ? records.at(-1) : undefined
      const next = has('pages by offset')
        ? last && [...last.position.slice(0, -1), String(begin + limit)]
        : last?.position
      const handed = records.map(({ record }) => handedOut(record)).filter((record) => record !== undefined)
      return { records: handed, ...(next && !has('never says that there is more') && { next }) }
    },

    async count(query) {
      refuseInside('count')
      if (has('counts whatever it is asked') && query.limit > 100_000) return { count: 0, looked: 0 }
      const plan = countPlanOf(query)
      const part = { ...query, order: 'ascending' } as const
      const there = [...rows.values()].flatMap(({ collection, record: { value } }) => {
        const isThere = collection === query.collection && positionIn(plan, part, value) !== undefined
        return isThere || (collection === query.collection && has('counts a whole collection')) ? [value] : []
      })
      const looked = has('counts past the limit') ? there : there.slice(0, query.limit)
      const count = looked.filter((value) => has('counts what is not kept') || isKept(query, value)).length
      return { count, looked: looked.length }
    },

    async commit(writes, effect) {
      refuseInside('commit')
      if (has('copies when its turn comes')) await Promise.resolve()
      const sorted = ordered(writes)
      if (has('checks before the transaction')) {
        const checks = sorted.filter(({ write }) => write.type === 'check')
        for (const keyed of checks) make(new Map(rows), keyed)
        await Promise.resolve()
        return turns(() =>
          attempt(
            sorted.filter((keyed) => !checks.includes(keyed)),
            effect,
          ),
        )
      }
      if (has('locks what it checks for itself alone')) {
        const locks = sorted.filter(({ write }) => write.type === 'check')
        for (const keyed of locks) if (checking.has(keyed.id)) refuseConflict(keyed)
        for (const { id } of locks) checking.add(id)
        await turns(() => attempt(sorted, effect)).finally(() => locks.forEach(({ id }) => void checking.delete(id)))
        return
      }
      if (
        has('answers before it has written') &&
        !effect &&
        sorted.length === 1 &&
        sorted[0]?.write.type === 'insert'
      ) {
        const soon = new Promise((resolve) => setTimeout(resolve, 5))
        void turns(() => soon.then(() => attempt(sorted))).catch(() => {})
        return
      }
      if (has('looks before it writes, and waits in between')) return attempt(sorted, effect)
      if (has('makes a long commit in portions') && sorted.length > 500) {
        await turns(() => attempt(sorted.slice(0, 500)))
        return turns(() => attempt(sorted.slice(500), effect))
      }
      if (has('lets commits overtake an effect') && !effect) return attempt(sorted)
      return turns(() => attempt(sorted, effect))
    },

    async close() {},
  }
}
