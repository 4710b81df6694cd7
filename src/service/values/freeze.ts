/** Freezes a tree of plain data that is handed out, so that nobody changes what others see. */
export function freeze<T>(value: T): T {
  if (!isOpen(value)) return value
  const open: object[] = [value]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const member of Object.values(Object.freeze(next))) if (isOpen(member)) open.push(member)
  }
  return value
}

function isOpen(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Object.isFrozen(value)
}
