import { expect, it } from 'vitest'
import { fewestApprovals, type Requirement } from '../../../src/core.ts'

const people = (quorum: number): Requirement => ({ quorum, from: { roles: ['lead'] } })

it.each<[readonly Requirement[], number]>([
  [[], 0],
  [[people(2)], 2],
  [[people(2), people(3)], 3],
  [[{ all: [people(1), people(2)] }], 3],
  [[{ stages: [people(1), people(2)] }], 3],
  [[{ any: [people(3), people(2)] }], 2],
  [[{ atLeast: 2, of: [people(3), people(1), people(2)] }], 3],
  [[{ all: [{ any: [people(1), people(5)] }, people(1)] }, people(1)], 2],
])('%j takes %d people at least', (requirements, expected) => {
  expect(fewestApprovals(requirements.map((require) => ({ require })))).toBe(expected)
})
