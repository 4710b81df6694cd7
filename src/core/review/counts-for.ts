import type { Need, PinnedRequirement } from '../policy/model/requirement.ts'

/** What an approval counts for alone. Whatever is left out does not limit it. */
export interface CountsFor {
  /** The fields that needs say they are `about`. */
  readonly about?: readonly string[]
  readonly policies?: readonly Pick<PinnedRequirement, 'policy' | 'version' | 'source'>[]
}

/**
 * Tells whether votes count for a need of a requirement: what they approved has to be what it asks about. `undefined`
 * if one of them counts for everything.
 */
export function countsThere(
  votes: readonly CountsFor[] | undefined,
  { policy, version, source }: PinnedRequirement,
  { about }: Pick<Need, 'about'>,
): boolean {
  if (votes === undefined) return true
  return votes.some((one) => {
    const isSeen = one.about === undefined || (about !== undefined && one.about.includes(about))
    const asks = (by: Pick<PinnedRequirement, 'policy' | 'version' | 'source'>) =>
      by.policy === policy && by.version === version && by.source === source
    return isSeen && (one.policies?.some(asks) ?? true)
  })
}
