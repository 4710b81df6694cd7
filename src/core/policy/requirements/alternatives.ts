import type { Need, Requirement } from '../model/requirement.ts'

/** A requirement without a choice: everything in it has to be met. */
export type Alternative =
  | { readonly type: 'need'; readonly need: Need }
  | { readonly type: 'all'; readonly of: readonly Alternative[] }
  | { readonly type: 'stages'; readonly of: readonly Alternative[] }

/** How many ways of meeting it a requirement may have. One with more is refused when it is saved, and never met. */
export const maxAlternatives = 1_000

/**
 * Lists the ways in which a requirement can be met: its choices multiplied out.
 *
 * What is empty or malformed has no way at all, so that nothing is ever met by default. So has a requirement with
 * more than {@link maxAlternatives} ways.
 */
export function alternatives(requirement: Requirement): readonly Alternative[] {
  if ('quorum' in requirement) return wellFormed(requirement) ? [{ type: 'need', need: requirement }] : []
  if ('all' in requirement) return combined(requirement.all, 'all')
  if ('stages' in requirement) return combined(requirement.stages, 'stages')
  if ('any' in requirement) return capped(requirement.any.flatMap(alternatives))
  return capped(subsets(requirement.of, requirement.atLeast).flatMap((chosen) => combined(chosen, 'all')))
}

function wellFormed({ quorum, from }: Need): boolean {
  const named = (from.users?.length ?? 0) + (from.roles?.length ?? 0) > 0
  return Number.isSafeInteger(quorum) && quorum >= 1 && (named || from.field !== undefined || from.owner === true)
}

function combined(parts: readonly Requirement[], type: 'all' | 'stages'): readonly Alternative[] {
  if (parts.length === 0) return []
  let ways: (readonly Alternative[])[] = [[]]
  for (const part of parts) {
    const choices = alternatives(part)
    if (ways.length * choices.length > maxAlternatives) return []
    ways = ways.flatMap((way) => choices.map((choice) => [...way, choice]))
  }
  return ways.map((of) => ({ type, of }))
}

function capped(ways: readonly Alternative[]): readonly Alternative[] {
  return ways.length > maxAlternatives ? [] : ways
}

/** All choices of exactly `size` parts, none if that cannot be or if there are too many. */
function subsets<T>(parts: readonly T[], size: number): readonly (readonly T[])[] {
  if (!Number.isSafeInteger(size) || size < 1 || size > parts.length) return []
  let chosen: (readonly T[])[] = [[]]
  for (const [index, part] of parts.entries()) {
    const left = parts.length - index - 1
    chosen = chosen.flatMap((choice) => {
      const ways: (readonly T[])[] = []
      if (choice.length < size) ways.push([...choice, part])
      if (choice.length + left >= size) ways.push(choice)
      return ways
    })
    if (chosen.length > maxAlternatives) return []
  }
  return chosen
}
