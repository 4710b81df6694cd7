import { describeRequirement } from '../policy/requirements/describe-requirement.ts'
import { missingPeople } from '../policy/requirements/missing-people.ts'
import type { ApprovalStanding, SuppliableNeed } from './approval-standing.ts'
import type { KnownUser } from './voter.ts'

/** Those whom a request is put to and whom the directory knows, and where. */
export interface AskedThere {
  readonly asked: readonly KnownUser[]
  /** The projects; an empty one is none. */
  readonly projects: readonly string[]
}

/** Says in words what is missing of a request that nobody could approve, each thing once. */
export function missingInWords(
  { policies, blocking }: Pick<ApprovalStanding, 'policies' | 'blocking'>,
  there: AskedThere,
): readonly string[] {
  const lacked = policies.flatMap(({ missing }) => missing.flatMap((need) => lacking(need, there)))
  if (lacked.length > 0) return [...new Set(lacked)]
  const stand = blocking.filter(({ verdict }) => verdict === 'reject').map(({ by }) => JSON.stringify(by))
  if (stand.length > 0) return [`nobody can take back the rejection by ${stand.join(' and ')}`]
  return ['the people who could approve are too few']
}

/** Says what a need lacks: a role that nobody holds, a user who is not known, or more people. */
function lacking({ need, missing, candidates }: SuppliableNeed, { asked, projects }: AskedThere): readonly string[] {
  if (candidates.length >= missing) return []
  const isHeld = (role: string) => asked.some(({ roles }) => roles.includes(role))
  const isKnown = (user: string) => asked.some(({ id }) => id === user)
  const words = missingPeople(need.from, { isHeld, isKnown }, projects)
  if (words.length > 0) return words
  const left = candidates.length === 0 ? 'nobody is left to give it' : `only ${candidates.length} could be given`
  return [`${describeRequirement({ ...need, quorum: missing })} missing, and ${left}`]
}
