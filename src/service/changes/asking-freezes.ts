import { defined } from '../../core/defined.ts'
import { compilePolicies, type PolicySet } from '../../core/policy/compile/policy-set.ts'
import { evaluate } from '../../core/policy/evaluate/evaluate.ts'
import { type Explanation, explain } from '../../core/policy/explain/explain.ts'
import type { PolicySubject } from '../../core/policy/model/policy.ts'
import { type PinnedRequirement, requirementsJoin } from '../../core/policy/model/requirement.ts'
import type { ProposedChange } from '../../core/request/model/content.ts'
import { earliestOf, type Schedule } from '../../core/request/model/schedule.ts'
import type { Context } from '../context/context.ts'
import { asks, asPolicy, type Freeze } from '../records/freeze-records.ts'
import type { PolicySetRecord } from '../records/record-types.ts'
import { endOf } from '../values/time-windows.ts'
import { isAboutResource, windowsOf } from './frozen.ts'
import { isSafeMove } from './safe-direction.ts'

/** A freeze that asks at a moment, as the policy that it stands for. */
export interface AskingFreeze {
  readonly freeze: Freeze
  readonly set: PolicySet
  /** When it is over, in milliseconds since 1970; left out if no end is in sight. */
  readonly until?: number
}

/**
 * Finds the freezes that ask when a change would land: now, or at the earliest time that it is scheduled for. One whose
 * windows cannot be read asks until it is saved anew.
 */
export function askingFreezes(
  { vocabulary }: Pick<Context, 'vocabulary'>,
  settings: Pick<PolicySetRecord, 'freezes'> | undefined,
  { now, schedule }: { readonly now: number; readonly schedule: Schedule },
): readonly AskingFreeze[] {
  const asking = settings?.freezes?.filter(asks) ?? []
  if (asking.length === 0) return []
  const at = Math.max(now, earliestOf(schedule) ?? now)
  return asking.flatMap((freeze) => {
    const time = timeOf(freeze, at)
    return time ? [{ freeze, set: compilePolicies([asPolicy(freeze)], vocabulary), ...time }] : []
  })
}

/** When the first of some freezes that ask is over; nothing if none has an end in sight. */
export function asksUntil(asking: readonly AskingFreeze[]): { readonly asksUntil?: number } {
  const ends = asking.flatMap(({ until }) => until ?? [])
  return ends.length === 0 ? {} : { asksUntil: Math.min(...ends) }
}

/** What freezes ask of a change, in the places that its subjects say. What is declared safe passes them. */
export function askedByFreezes(
  { resources }: Pick<Context, 'resources'>,
  asking: readonly AskingFreeze[],
  { change, subjects }: { readonly change: ProposedChange; readonly subjects: readonly PolicySubject[] },
): readonly PinnedRequirement[] {
  if (asking.length === 0 || isSafeMove({ resources }, change)) return []
  return subjects
    .flatMap((subject) => asking.filter(isFor(subject)).map(({ set }) => evaluate(set, subject).requirements))
    .reduce(requirementsJoin, [])
}

/** Says of a change why freezes ask for approval of it, or do not. */
export function explainFreezes(
  { resources }: Pick<Context, 'resources'>,
  asking: readonly AskingFreeze[],
  { change, subject }: { readonly change: ProposedChange; readonly subject: PolicySubject },
): readonly Explanation[] {
  if (isSafeMove({ resources }, change)) return []
  return asking.filter(isFor(subject)).map(({ set }) => explain(set, subject))
}

function isFor(subject: PolicySubject) {
  return ({ freeze }: AskingFreeze) => isAboutResource(freeze, subject)
}

function timeOf(freeze: Freeze, at: number): Pick<AskingFreeze, 'until'> | undefined {
  try {
    const windows = windowsOf(freeze)
    const covers = windows.some((window) => window.covering(at) !== undefined)
    return covers ? defined({ until: endOf(windows, at) }) : undefined
  } catch {
    return {}
  }
}
