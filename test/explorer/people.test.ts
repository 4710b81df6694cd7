import { describe } from 'vitest'
import { deep, explored } from './report.ts'
import { people } from './worlds.ts'

describe('every state of a request: who answers', () => {
  explored(deep ? people(8, 'many') : people(2, 'few'), deep ? 850_000 : 14_000)
})
