import type { PolicySet } from '../compile/policy-set.ts'
import type { Evaluation, PolicySubject } from '../model/policy.ts'
import { compareText, type PinnedRequirement, requirementsJoin } from '../model/requirement.ts'
import { namedApprovers } from '../requirements/named-approvers.ts'
import { evaluate, joinEvaluations, nothingAsked } from './evaluate.ts'

/** What policies would have seen of a change: what goes to another project leaves one, and comes to one. */
type SeenSubjects = PolicySubject | readonly PolicySubject[]

/** What policies would have made of changes that happened. */
export interface Simulation<C> {
  readonly changes: readonly SimulatedChange<C>[]
  /** How many of the changes would have needed approval. */
  readonly gated: number
  /** How many changes each policy would have asked about, most first. */
  readonly byPolicy: readonly SimulationCount[]
  /** How many changes each policy in shadow would have asked about if all of those were on, most first. */
  readonly byShadow: readonly SimulationCount[]
  /** How many changes each user and role would have been asked about, most first. */
  readonly byApprover: readonly (SimulationCount & { readonly kind: 'user' | 'role' })[]
}

/** A name, and how often it came up. */
export interface SimulationCount {
  readonly name: string
  readonly changes: number
}

/** What policies would have made of one change. */
export interface SimulatedChange<C> {
  readonly change: C
  readonly evaluation: Evaluation
}

/** How two sets of policies differ about changes that happened. */
export interface SimulationComparison<C> {
  readonly before: Simulation<C>
  readonly after: Simulation<C>
  /** The changes about which they differ. */
  readonly differences: readonly SimulationDifference<C>[]
}

/** A change about which two sets of policies differ. */
export interface SimulationDifference<C> {
  readonly change: C
  /** `other`: both ask, and ask for something else. */
  readonly type: 'newly_gated' | 'no_longer_gated' | 'other'
  readonly before: Evaluation
  readonly after: Evaluation
}

/**
 * Says which of these changes the policies would have gated, and whom they would have asked. Writes nothing.
 *
 * A change is whatever the caller keeps; `subjectOf` says what policies would have seen of it, once or more. What
 * several sets ask holds together.
 *
 * @example
 * ```ts
 * const { gated, byPolicy } = simulate(inForce, [change], (one) => one)
 * ```
 */
export function simulate<C>(
  set: PolicySet | readonly PolicySet[],
  changes: readonly C[],
  subjectOf: (change: C) => SeenSubjects,
): Simulation<C> {
  const sets = [set].flat()
  const simulated = changes.map((change) => {
    const asked = [subjectOf(change)].flat().flatMap((subject) => sets.map((one) => evaluate(one, subject)))
    return { change, evaluation: asked.reduce(joinEvaluations, nothingAsked) }
  })
  const policies = new Map<string, number>()
  const shadows = new Map<string, number>()
  const users = new Map<string, number>()
  const roles = new Map<string, number>()
  for (const { evaluation } of simulated) {
    const { requirements: asked, shadow = [] } = evaluation
    countEach(
      policies,
      asked.map(({ policy }) => policy),
    )
    countEach(
      shadows,
      shadow.map(({ policy }) => policy),
    )
    countEach(
      users,
      asked.flatMap((pinned) => namedApprovers({ require: pinned.require }).users),
    )
    countEach(
      roles,
      asked.flatMap((pinned) => namedApprovers({ require: pinned.require }).roles),
    )
  }
  return {
    changes: simulated,
    gated: simulated.filter(({ evaluation }) => evaluation.requirements.length > 0).length,
    byPolicy: counted(policies),
    byShadow: counted(shadows),
    byApprover: [
      ...counted(roles).map((count) => ({ ...count, kind: 'role' as const })),
      ...counted(users).map((count) => ({ ...count, kind: 'user' as const })),
    ].sort((a, b) => b.changes - a.changes),
  }
}

/**
 * Compares what two sets of policies would have made of these changes. Writes nothing.
 *
 * @example
 * ```ts
 * const after = withPolicy(inForce, { ...policy, version: 1 })
 * const { differences } = compareSimulations({ before: inForce, after }, [change], (one) => one)
 * ```
 */
export function compareSimulations<C>(
  {
    before,
    after,
  }: { readonly before: PolicySet | readonly PolicySet[]; readonly after: PolicySet | readonly PolicySet[] },
  changes: readonly C[],
  subjectOf: (change: C) => SeenSubjects,
): SimulationComparison<C> {
  const [old, next] = [simulate(before, changes, subjectOf), simulate(after, changes, subjectOf)]
  return {
    before: old,
    after: next,
    differences: changes.flatMap((change, index) => differenceAt(change, index, old, next)),
  }
}

function differenceAt<C>(
  change: C,
  index: number,
  old: Simulation<C>,
  next: Simulation<C>,
): readonly SimulationDifference<C>[] {
  const before = old.changes[index]?.evaluation
  const after = next.changes[index]?.evaluation
  if (!before || !after) return []
  const [was, is] = [before.requirements.length > 0, after.requirements.length > 0]
  if (was !== is) return [{ change, type: is ? 'newly_gated' : 'no_longer_gated', before, after }]
  return asksTheSame(before, after) ? [] : [{ change, type: 'other', before, after }]
}

function asksTheSame(before: Evaluation, after: Evaluation): boolean {
  const unversioned = (requirements: readonly PinnedRequirement[]) =>
    requirements.map((pinned) => ({ ...pinned, version: 0 }))
  const [a, b] = [unversioned(before.requirements), unversioned(after.requirements)]
  const rules = JSON.stringify(before.rules) === JSON.stringify(after.rules)
  return rules && a.length === b.length && requirementsJoin(a, b).length === a.length
}

function countEach(counts: Map<string, number>, names: readonly string[]): void {
  for (const name of new Set(names)) counts.set(name, (counts.get(name) ?? 0) + 1)
}

function counted(counts: ReadonlyMap<string, number>): readonly SimulationCount[] {
  return [...counts]
    .map(([name, changes]) => ({ name, changes }))
    .sort((a, b) => b.changes - a.changes || compareText(a.name, b.name))
}
