/**
 * Everything by which drivers say what is wrong: the code, number or name of an error, and of those that it was made
 * of.
 */
export function codesOf(thrown: unknown): readonly string[] {
  const codes: string[] = []
  let error: unknown = thrown
  for (let depth = 0; depth < 5 && typeof error === 'object' && error !== null; depth++) {
    const { code, errno, errcode, originalCode, meta, cause } = error as Readonly<Record<string, unknown>>
    for (const one of [code, errno, errcode, originalCode]) if (one !== undefined) codes.push(String(one))
    error = cause ?? driverErrorOf(meta)
  }
  return codes
}

/** Where Prisma keeps the error of its driver. */
function driverErrorOf(meta: unknown): unknown {
  const { driverAdapterError, code } = (meta ?? {}) as Readonly<Record<string, unknown>>
  return driverAdapterError ?? (code === undefined ? undefined : { code })
}
