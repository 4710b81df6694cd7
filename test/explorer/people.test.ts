import { describe } from 'vitest'
import { deep, explored } from './report.ts'
import { people } from './worlds.ts'

describe('every state of a request: who answers', () => {
  explored(people(deep ? 8 : 2), deep ? 850_000 : 130_000)
})
