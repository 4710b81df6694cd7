import { describe } from 'vitest'
import { deep } from '../runs.ts'
import { explored } from './report.ts'
import { people } from './worlds.ts'

describe('every state of a request: who answers', () => {
  explored(deep ? people(8, 'many') : people(2, 'few'), deep ? 850_000 : 14_000)
})
