/** Says what a value is that should have been another one, in a few words. */
export function shown(value: unknown): string {
  if (typeof value === 'string')
    return value.length > 40 ? `a text of ${value.length} characters` : JSON.stringify(value)
  if (typeof value === 'bigint') return `${String(value).slice(0, 40)}n`
  if (typeof value === 'function') return 'a function'
  if (typeof value === 'symbol') return 'a symbol'
  if (typeof value !== 'object' || value === null) return String(value)
  try {
    if (value instanceof Promise) return 'a promise'
    return Array.isArray(value) ? 'a list' : 'an object'
  } catch {
    return 'something that cannot be read'
  }
}
