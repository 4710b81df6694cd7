import { describe, expect, it } from 'vitest'
import { standing } from '../../../src/core/review/standing.ts'
import type { Review, UnderReview } from '../../../src/core/review/under-review.ts'
import { approved, given, office, submitted } from '../request/given.ts'

/** A request that Ben has approved, with what is different about his answer. */
function answered(different: Partial<Review>): UnderReview {
  const { request } = given(submitted({ rules: { apply: 'by_hand' } }), approved('ben'))
  return { ...request, reviews: request.reviews.map((review) => ({ ...review, ...different })) }
}

const judged = (different: Parameters<typeof answered>[0]) => ({ ...answered(different), at: 0 })

describe('the standing of a request', () => {
  it('is met by an approval of this digest in this round, and by no other', () => {
    expect(standing(judged({}), office).met).toBe(true)
    expect(standing(judged({ digest: 'sha256:other' }), office).met).toBe(false)
    expect(standing(judged({ round: 2 }), office).met).toBe(false)
  })
})
