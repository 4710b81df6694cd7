import { describe } from 'vitest'
import { deep, explored } from './report.ts'
import { people } from './worlds.ts'

describe('every state of a request: who answers', () => {
  explored(people(deep ? 4 : 2), deep ? 400_000 : 130_000)
})
