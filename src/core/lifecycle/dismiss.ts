/**
 * Takes no notice of an answer that is a promise instead of a value. Nobody waits for it, so that its failure
 * would be one that nobody handles, and end the process.
 */
export function dismiss(answer: unknown): void {
  try {
    const isPromise = typeof answer === 'object' && answer !== null && 'then' in answer
    if (isPromise) Promise.resolve(answer).catch(() => {})
  } catch {
    // What cannot even be looked at is no promise that anybody made.
  }
}
