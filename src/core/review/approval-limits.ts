import { compilePattern, touchesPattern } from '../change/pattern.ts'
import type { NamedPeople, Need, PinnedRequirement } from '../policy/model/requirement.ts'

/** A place of a resource, as a JSON Pointer into the keyed view. */
export interface ResourcePlace {
  readonly type: string
  readonly id: string
  readonly path: string
}

/** A need that asked somebody for their approval: by name, or by roles that they held. */
export interface AskedNeed
  extends Pick<PinnedRequirement, 'policy' | 'version' | 'source'>,
    Pick<Need, 'about'>,
    NamedPeople {}

/** What an approval that was carried over an edit does not count for. Whatever is left out does not limit it. */
export interface ApprovalLimits {
  /** The places that were edited since its giver saw them: it counts for no need that may be about one of them. */
  readonly unseen?: readonly ResourcePlace[]
  /** What had asked its giver, and as whom, when it was carried over unseen: it counts for nothing else that asks. */
  readonly asked?: readonly AskedNeed[]
}

/** Tells whether an approval counts for a need of a requirement: its giver has to have seen what that is about. */
export function countsFor(limits: ApprovalLimits | undefined, of: PinnedRequirement, need: Need): boolean {
  const { unseen = [], asked } = limits ?? {}
  const isAsked = asked?.some((one) => isOf(one, of) && one.about === need.about && isOneOf(one, need.from)) ?? true
  return isAsked && (unseen.length === 0 || (need.about !== undefined && !isAboutOne(need.about, unseen)))
}

/** Tells whether a need is one of a requirement. */
export function isOf(one: AskedNeed, { policy, version, source }: PinnedRequirement): boolean {
  return one.policy === policy && one.version === version && one.source === source
}

function isOneOf({ users = [], roles = [] }: NamedPeople, from: NamedPeople): boolean {
  const isNamed = users.some((user) => from.users?.includes(user))
  return isNamed || roles.some((role) => from.roles?.includes(role))
}

/** Whatever cannot be told of a field may be about anything. */
function isAboutOne(about: string, places: readonly ResourcePlace[]): boolean {
  const pattern = compilePattern(about)
  return !pattern.ok || places.some(({ path }) => touchesPattern(pattern.value, path))
}
