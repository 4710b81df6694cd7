import { describe } from 'vitest'
import { deep, explored } from './report.ts'
import { drafts, ground, owners, time, watch } from './worlds.ts'

describe('every state of a request: when, on what, for whom', () => {
  explored(time(deep ? 5 : 3), deep ? 500_000 : 100_000)
  explored(ground(deep ? 7 : 4), deep ? 50_000 : 25_000)
  explored(drafts(deep ? 6 : 4), deep ? 4_000 : 3_000)
  explored(owners(deep ? 6 : 3), deep ? 20_000 : 4_500)
  explored(watch(deep ? 3 : 2), deep ? 10_000 : 4_000)
})
