/** Freezes a tree of plain data that is handed out, so that nobody changes what others see. */
export function freeze<T>(value: T): T {
  if (!isOpen(value)) return value
  const open: object[] = [value]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    // Before it is frozen: of what is frozen they are read more slowly.
    const members: readonly unknown[] = Array.isArray(next) ? next : Object.values(next)
    for (let at = 0; at < members.length; at++) {
      const member = members[at]
      if (isOpen(member)) open.push(member)
    }
    Object.freeze(next)
  }
  return value
}

function isOpen(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Object.isFrozen(value)
}
