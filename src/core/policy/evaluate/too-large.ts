import type { ChangedPlace } from '../../change/changed-place.ts'
import type { JsonValue } from '../../json/json.ts'
import type { CompiledPolicy, Looks } from '../compile/compile-policy.ts'

/**
 * How many times the values of one change are looked at by all policies that may match it, at most. It takes about a
 * second, in which a process does nothing else. Beyond it nobody looks: every field is unknown, and approval is
 * required.
 */
const mostLooks = 5_000_000

/**
 * Tells whether a change is too large to be looked through by these policies. It depends on all of them together, so
 * that neither their order nor what one of them finds makes a difference to another.
 */
export function isTooLarge(
  places: readonly ChangedPlace[],
  { searches, checks }: Pick<Looks, 'searches' | 'checks'>,
  among = 1,
): boolean {
  const left = mostLooks / among - checks * places.length
  if (left < 0) return true
  return searches > 0 && hasMoreValues(places, left / searches)
}

/** Sums up what it takes to judge policies. */
export function looksOf(policies: readonly CompiledPolicy[]): Looks {
  let [searches, checks, explained] = [0, 0, 0]
  for (const { looks } of policies) {
    searches += looks.searches
    checks += looks.checks
    explained += looks.explained
  }
  return { searches, checks, explained }
}

/** Tells whether the values at places, with all that is inside, are more than so many. */
function hasMoreValues(places: readonly ChangedPlace[], limit: number): boolean {
  let left = limit - places.length
  const open: JsonValue[] = []
  const enter = (value: JsonValue | undefined) => {
    if (typeof value === 'object' && value !== null) open.push(value)
  }
  for (const place of places) {
    if (place.type === 'moved') left -= place.after.length
    else {
      if (place.type !== 'added') enter(place.before)
      if (place.type !== 'removed') enter(place.after)
    }
    if (left < 0) return true
  }
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    const members = Array.isArray(value) ? value : Object.values(value as object)
    left -= members.length
    if (left < 0) return true
    for (const member of members) enter(member as JsonValue)
  }
  return false
}
