import { joinEvaluations, nothingAsked } from '../evaluate/evaluate.ts'
import { compareText } from '../model/requirement.ts'
import type { Explanation, PolicyExplanation } from './explain.ts'

/** What is said if no policy comes into question. */
export const nothingToExplain: Explanation = { evaluation: nothingAsked, policies: [] }

/** Joins what two sets of policies make of one change: all that each of them asks holds. */
export function joinExplanations(a: Explanation, b: Explanation): Explanation {
  const shadow = byId([...(a.shadow ?? []), ...(b.shadow ?? [])])
  return {
    evaluation: joinEvaluations(a.evaluation, b.evaluation),
    policies: byId([...a.policies, ...b.policies]),
    ...(a.shadow || b.shadow ? { shadow } : {}),
  }
}

function byId(explanations: readonly PolicyExplanation[]): readonly PolicyExplanation[] {
  return explanations.toSorted((a, b) => compareText(a.policy.id, b.policy.id))
}
