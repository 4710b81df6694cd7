/** Waits for a moment of random length, longer from attempt to attempt, so that two writers do not meet again. */
export async function pause(attempt: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, Math.random() * Math.min(2 ** attempt, 100)))
}
