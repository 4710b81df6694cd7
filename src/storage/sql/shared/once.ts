/** Does something once, however often it is asked for; again only after it has failed. */
export function once(work: () => Promise<void>): () => Promise<void> {
  let working: Promise<void> | undefined
  return () => {
    working ??= work().catch((thrown) => {
      working = undefined
      throw thrown
    })
    return working
  }
}
