import { compilePattern, touchesPattern } from '../change/pattern.ts'
import type { Need, PinnedRequirement } from '../policy/model/requirement.ts'

/** A place of a resource, as a JSON Pointer into the keyed view. */
export interface ResourcePlace {
  readonly type: string
  readonly id: string
  readonly path: string
}

/** What an approval that was carried over an edit does not count for. Whatever is left out does not limit it. */
export interface ApprovalLimits {
  /** The places that were edited since its giver saw them: it counts for no need that may be about one of them. */
  readonly unseen?: readonly ResourcePlace[]
  /** What had asked for it when it was carried over unseen: it counts for nothing that asks besides. */
  readonly policies?: readonly Pick<PinnedRequirement, 'policy' | 'version' | 'source'>[]
}

/** Tells whether an approval counts for a need of a requirement: its giver has to have seen what that is about. */
export function countsFor(
  limits: ApprovalLimits | undefined,
  { policy, version, source }: PinnedRequirement,
  { about }: Pick<Need, 'about'>,
): boolean {
  const { unseen = [], policies } = limits ?? {}
  const asked = policies?.some((by) => by.policy === policy && by.version === version && by.source === source) ?? true
  return asked && (unseen.length === 0 || (about !== undefined && !isAboutOne(about, unseen)))
}

/** Whatever cannot be told of a field may be about anything. */
function isAboutOne(about: string, places: readonly ResourcePlace[]): boolean {
  const pattern = compilePattern(about)
  return !pattern.ok || places.some(({ path }) => touchesPattern(pattern.value, path))
}
