import { defaultLimits } from './limits.ts'

/** Copies a value without the members of plain objects that are undefined: in JSON these are left out. */
export function withoutUndefined(value: unknown, depth = 0): unknown {
  if (typeof value !== 'object' || value === null || depth > defaultLimits.depth) return value
  if (Array.isArray(value)) return value.map((item) => withoutUndefined(item, depth + 1))
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== null && prototype !== Object.prototype) return value
  const members = Object.entries(value).filter(([, member]) => member !== undefined)
  return Object.fromEntries(members.map(([key, member]) => [key, withoutUndefined(member, depth + 1)]))
}
