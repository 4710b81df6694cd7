import type { ChangedPlace } from '../../change/changed-place.ts'
import { equal } from '../../json/equal.ts'
import type { CompiledPolicy, CompiledSafeChange, CompiledScope } from '../compile/compile-policy.ts'
import { isAt, isWithin, pathsFor } from '../compile/field.ts'
import { isAskedBy } from '../model/circumstances.ts'
import type { PolicySubject } from '../model/policy.ts'
import { isOwnType } from '../model/policy-type.ts'
import type { NamedPeople } from '../model/requirement.ts'
import { judgeCondition, type Sight } from './judge-condition.ts'
import { isNumber, jsonTypeOf, moves } from './judge-value.ts'
import { no, type Truth, unknown, yes } from './truth.ts'

/** Judges whether a policy asks for approval of a change. */
export function judgePolicy(compiled: CompiledPolicy, sight: Sight): Truth {
  const seen = withoutSafe(compiled, sight)
  if (isOnlySafe(seen, sight)) return no
  const needed = compiled.when === undefined ? yes : judgeCondition(compiled.when, seen)
  if (needed === no) return no
  const inScope = judgeScope(compiled, sight.subject)
  return needed < inScope ? needed : inScope
}

/**
 * Tells whether a change has been left with nothing to look at: all its places are safe, and it takes no step in a
 * life cycle.
 */
export function isOnlySafe(seen: Sight, { places, subject }: Sight): boolean {
  return seen.places.length === 0 && places.length > 0 && subject.step === undefined
}

/**
 * Judges whether a policy is about a change at all. Whatever nobody knows about the change could be what the policy
 * names.
 */
export function judgeScope(
  { resources, actions, projects, facets, requester }: CompiledScope,
  subject: PolicySubject,
): Truth {
  const { resource, project } = subject
  if (resources ? !resources.includes(resource.type) : isOwnType(resource.type)) return no
  if (projects && !(project !== undefined && projects.includes(project))) return no
  let least = actions ? judgeActions(actions, subject.actions) : yes
  const asked = judgeRequester(requester, subject)
  if (asked < least) least = asked
  for (const { name, values } of facets) {
    const truth = judgeFacet(values, factOf(subject, name))
    if (truth < least) least = truth
    if (least === no) return no
  }
  return least
}

/** Judges who asks. */
export function judgeRequester(requester: NamedPeople | undefined, { around }: PolicySubject): Truth {
  if (requester === undefined) return yes
  const asks = around && isAskedBy(requester, around)
  return asks === undefined ? unknown : asks ? yes : no
}

/** The value of a facet; `undefined` if the change has none of this name, or it could not be computed. */
export function factOf({ facets = {} }: PolicySubject, name: string): string | readonly string[] | undefined {
  return Object.hasOwn(facets, name) ? (facets[name] ?? undefined) : undefined
}

/** Judges one facet of a policy. */
export function judgeFacet(
  values: readonly string[] | undefined,
  found: string | readonly string[] | undefined,
): Truth {
  if (values === undefined || found === undefined) return unknown
  const among = typeof found === 'string' ? values.includes(found) : found.some((value) => values.includes(value))
  return among ? yes : no
}

function judgeActions(named: readonly string[], found: readonly string[]): Truth {
  if (found.length === 0) return unknown
  return found.some((action) => named.includes(action)) ? yes : no
}

/** Takes the safe places out of what a policy sees. If nobody can look at them all, none is. */
export function withoutSafe({ safe }: CompiledPolicy, sight: Sight): Sight {
  if (safe.length === 0 || sight.tooLarge) return sight
  const places = sight.places.filter((place) => !safe.some((change) => isSafe(change, place, sight)))
  return { ...sight, places, touched: undefined }
}

function isSafe({ change, field }: CompiledSafeChange, place: ChangedPlace, { subject }: Sight): boolean {
  const paths = (field && pathsFor(field, subject.resource.type)) ?? []
  if (!('to' in change) && !('direction' in change)) return paths.some((path) => isWithin(path, place))
  if (place.type !== 'changed' || !paths.some((path) => isAt(path, place))) return false
  const { before, after } = place
  if ('to' in change) return equal(after, change.to) && jsonTypeOf(before) === jsonTypeOf(after)
  return isNumber(before) && isNumber(after) && moves(change.direction, before, after)
}
