import { afterAll, beforeAll, vi } from 'vitest'

/** Gives all texts of a file of tests the same salt: only then can what two storages keep be the same, byte by byte. */
export function sameSalts(): void {
  beforeAll(() => {
    vi.spyOn(crypto, 'getRandomValues').mockImplementation((bytes) => bytes)
  })
  afterAll(() => {
    vi.restoreAllMocks()
  })
}
