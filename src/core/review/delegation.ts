import type { PolicyMatch } from '../policy/model/policy.ts'

/** That somebody may answer for somebody else, for a time. */
export interface Delegation {
  readonly from: string
  readonly to: string
  /** When it begins and ends, in milliseconds since 1970. At its end it is over. */
  readonly begins: number
  readonly ends: number
  /** The requests that it is about; what is left out matches everything. */
  readonly match: Pick<PolicyMatch, 'resource' | 'project'>
}

/** What an answer is about, and when it is given. */
export interface DelegatedMatter {
  readonly at: number
  /** Empty if the resources belong to no project. Absent if they are in several. */
  readonly project?: string
  /** The projects, if they are several: a delegation has to cover each. */
  readonly projects?: readonly string[]
  readonly resources: readonly { readonly type: string }[]
}

/** Tells whether a delegation covers an answer: in its time, and in all that the answer is about. */
export function covers({ begins, ends, match }: Delegation, matter: DelegatedMatter): boolean {
  const { at, project = '', projects = [project], resources } = matter
  const matches = (names: string | readonly string[] | undefined, name: string) =>
    names === undefined || (typeof names === 'string' ? names === name : names.includes(name))
  if (at < begins || at >= ends || !projects.every((one) => matches(match.project, one))) return false
  return resources.every(({ type }) => matches(match.resource, type))
}
