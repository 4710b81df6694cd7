import { type CompiledPolicy, looksAround } from '../compile/compile-policy.ts'
import type { PolicySet } from '../compile/policy-set.ts'
import { plainShape, seenPlaces } from '../compile/seen-places.ts'
import type { NeededCircumstances } from '../model/circumstances.ts'
import type { PolicySubject } from '../model/policy.ts'
import { isOwnType } from '../model/policy-type.ts'
import { findCandidates } from './find-candidates.ts'
import { usersNamedFor } from './resolve-approvers.ts'

/**
 * Says what has to be known besides a change for these policies to be judged on it, and for what they ask to be worked
 * out; `undefined` if the change itself is enough.
 */
export function neededFor(set: PolicySet, subject: PolicySubject): NeededCircumstances | undefined {
  if (set.lookingAround.length === 0) return undefined
  const { before, after, resource } = subject
  const shape = set.shapes.get(resource.type) ?? plainShape
  const concerned = isOwnType(resource.type) ? set.lookingAround : candidates(set, subject).filter(looksAround)
  if (concerned.length === 0) return undefined
  const places = { subject, before, after, shape }
  const requesters = concerned.flatMap(({ requester }) => requester ?? [])
  return {
    users: [
      ...new Set([
        ...requesters.flatMap(({ users = [] }) => users),
        ...concerned.flatMap((compiled) => usersNamedFor(compiled, places)),
      ]),
    ],
    roles: [...new Set(requesters.flatMap(({ roles = [] }) => roles))],
    within: Math.max(...concerned.map(({ within }) => within)),
  }
}

function candidates(set: PolicySet, subject: PolicySubject): readonly CompiledPolicy[] {
  const { before, after, resource } = subject
  const shape = set.shapes.get(resource.type) ?? plainShape
  const places = seenPlaces(subject.places, { before, after, shape })
  return [set.index, set.shadows].flatMap((index) => (index ? findCandidates(index, { subject, places }) : []))
}
