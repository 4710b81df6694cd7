import { describe } from 'vitest'
import { deep } from '../runs.ts'
import { explored } from './report.ts'
import { left } from './worlds.ts'

describe('every state of a request: [ST-06] [ST-07] [ST-12] [FA-12] whose it is', () => {
  explored(left(deep ? 3 : 2), deep ? 50_000 : 5_000)
})
