/** Plain JSON. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json }

/** What the two sides made differently of one place. */
export interface Clash {
  readonly path: string
  readonly base: Json | undefined
  readonly live: Json | undefined
  readonly draft: Json | undefined
}

/**
 * The three-way merge that an application developer writes for this one document: recursive over objects, by `id` over lists of objects, as a whole over
 * other lists. It checks nothing, and knows no order: new items go to the end.
 */
export function byHand(
  base: Json,
  live: Json,
  draft: Json,
): { readonly value: Json | undefined; readonly conflicts: readonly Clash[] } {
  const conflicts: Clash[] = []
  return { value: mergeValue(base, live, draft, '', conflicts), conflicts }
}

type Maybe = Json | undefined

function mergeValue(base: Maybe, live: Maybe, draft: Maybe, path: string, conflicts: Clash[]): Maybe {
  if (live === draft || base === draft) return live
  if (base === live) return draft
  if (isObject(base) && isObject(live) && isObject(draft)) return mergeObjects(base, live, draft, path, conflicts)
  if (isList(base) && isList(live) && isList(draft)) return mergeLists(base, live, draft, path, conflicts)
  if (same(live, draft) || same(base, draft)) return live
  if (same(base, live)) return draft
  conflicts.push({ path, base, live, draft })
  return live
}

type Members = { [key: string]: Json }

function mergeObjects(base: Members, live: Members, draft: Members, path: string, conflicts: Clash[]): Json {
  const merged: Members = {}
  for (const key in live) {
    const value = mergeValue(base[key], live[key], draft[key], `${path}/${key}`, conflicts)
    if (value !== undefined) merged[key] = value
  }
  for (const key in draft) {
    if (key in live) continue
    const value = mergeValue(base[key], undefined, draft[key], `${path}/${key}`, conflicts)
    if (value !== undefined) merged[key] = value
  }
  return merged
}

function mergeLists(base: Members[], live: Members[], draft: Members[], path: string, conflicts: Clash[]): Json {
  const [inBase, inDraft] = [byId(base), byId(draft)]
  const merged: Json[] = []
  for (const item of live) {
    const id = item['id'] as string
    const value = mergeValue(inBase.get(id), item, inDraft.get(id), `${path}/${id}`, conflicts)
    if (value !== undefined) merged.push(value)
  }
  const inLive = byId(live)
  for (const item of draft) {
    const id = item['id'] as string
    if (inLive.has(id)) continue
    const value = mergeValue(inBase.get(id), undefined, item, `${path}/${id}`, conflicts)
    if (value !== undefined) merged.push(value)
  }
  return merged
}

function byId(items: readonly Members[]): Map<string, Members> {
  return new Map(items.map((item) => [item['id'] as string, item]))
}

function isObject(value: Maybe): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isList(value: Maybe): value is Members[] {
  return Array.isArray(value) && value.every((item) => isObject(item) && 'id' in item)
}

function same(a: Maybe, b: Maybe): boolean {
  if (a === b) return true
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((item, i) => same(item, b[i]))
  if (!isObject(a) || !isObject(b)) return false
  const keys = Object.keys(a)
  return keys.length === Object.keys(b).length && keys.every((key) => key in b && same(a[key], b[key]))
}
