import { describe } from 'vitest'
import { deep, explored } from './report.ts'
import { people } from './worlds.ts'

describe('every state of a request: who answers', () => {
  explored(deep ? people(4, 'many') : people(2, 'few'), deep ? 1_500_000 : 130_000)
})
