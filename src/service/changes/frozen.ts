import { defined } from '../../core/defined.ts'
import { compileScope } from '../../core/policy/compile/compile-policy.ts'
import { judgeScope } from '../../core/policy/evaluate/judge-policy.ts'
import { no } from '../../core/policy/evaluate/truth.ts'
import type { PolicySubject } from '../../core/policy/model/policy.ts'
import type { FreezeVersion } from '../../core/policy/model/requirement.ts'
import type { TargetFacts } from '../../core/request/model/command.ts'
import { refuseFrozen } from '../../core/request/model/frozen.ts'
import { messageOf } from '../../errors/message-of.ts'
import type { Refusal } from '../../errors/result.ts'
import type { Context } from '../context/context.ts'
import type { Freeze } from '../records/freeze-records.ts'
import type { PolicySetRecord } from '../records/record-types.ts'
import { endOf, nextStart, type TimeWindow, timeWindow } from '../values/time-windows.ts'
import { subjectsOf } from './policy-subjects.ts'
import type { Proposal } from './propose-change.ts'
import { isSafeMove } from './safe-direction.ts'

type Settings = Pick<PolicySetRecord, 'freezes'> | undefined

/** Whether something is frozen at a moment and, if not, when it will be. */
export type FreezeFacts = Pick<TargetFacts, 'frozen' | 'frozenFrom'>

/**
 * The one calendar: says whether a freeze covers one of some changes that land together. Every way in which something
 * lands asks here, and so does whatever foretells it. A move of a life cycle that is marked safe, as a kill switch is,
 * passes every freeze.
 */
export function freezeFacts(
  { resources }: Pick<Context, 'resources'>,
  settings: Settings,
  { proposals, ...looked }: Looked & { readonly proposals: readonly Proposal[] },
): FreezeFacts {
  if (!settings?.freezes?.length) return {}
  const held = proposals.filter(({ change }) => !isSafeMove({ resources }, change))
  const subjects = held.flatMap((proposal) => subjectsOf(resources.get(proposal.change.resource.type), proposal))
  return freezesOver(settings, subjects, looked)
}

/** Says which freeze keeps changes off when they would land: now, or at the time that they are scheduled for. */
export function foretoldFreeze(
  context: Pick<Context, 'resources'>,
  settings: Settings,
  {
    proposals,
    at,
    applyAt = at,
  }: { readonly proposals: readonly Proposal[]; readonly at: number; readonly applyAt?: number | undefined },
): Refusal<'frozen'> | undefined {
  const { frozen } = freezeFacts(context, settings, { proposals, at: Math.max(at, applyAt) })
  return frozen && refuseFrozen(frozen).refusal
}

/** When freezes are looked for, and which of those that ask keep off what nobody can approve any more. */
interface Looked {
  readonly at: number
  /**
   * The freezes whose approvals there are: every other one that asks keeps changes off. Left out: none that asks does,
   * since its approvals are asked for.
   */
  readonly cleared?: readonly FreezeVersion[]
}

/** The same for what is known of changes. What nobody knows of one could be what a freeze names. */
export function freezesOver(
  settings: Settings,
  subjects: readonly PolicySubject[],
  { at, cleared }: Looked,
): FreezeFacts {
  const about = (settings?.freezes ?? []).flatMap((freeze) => {
    const subject = subjects.find((one) => isAbout(freeze, one))
    return subject ? [openFreeze(freeze, subject, at)] : []
  })
  const covering = about.filter(({ covers, freeze }) => covers && keepsOff(freeze, cleared))
  const [first] = (['block', 'queue', 'ask'] as const).flatMap((mode) =>
    covering.filter(({ freeze }) => freeze.mode === mode),
  )
  if (!first) {
    const starts = about.flatMap(({ next }) => next ?? [])
    return starts.length === 0 ? {} : { frozenFrom: Math.min(...starts) }
  }
  const { freeze, subject } = first
  const { id, mode, reason } = freeze
  const problem = covering.find((one) => one.problem !== undefined)?.problem
  const windows = about.flatMap((one) => (keepsOff(one.freeze, cleared) ? one.windows : []))
  const until = problem === undefined ? endOf(windows, at) : undefined
  const freezes = covering.map((one) => one.freeze.id)
  return { frozen: { resource: subject.resource, freeze: id, mode, reason, freezes, ...defined({ until, problem }) } }
}

function keepsOff({ id, version, mode }: Freeze, cleared: Looked['cleared']): boolean {
  if (mode !== 'ask') return true
  return cleared !== undefined && !cleared.some((one) => one.freeze === id && one.version === version)
}

/** Freezes as if each of them kept everything off: what is looked for is whether one covers a change. */
export function closed(freezes: readonly Freeze[] = []): readonly Freeze[] {
  return freezes.map((freeze) => ({ ...freeze, mode: 'block' }))
}

/** Tells whether a freeze is about a change, or could be. */
export function isAbout(freeze: Freeze, subject: PolicySubject): boolean {
  const { id: _id, ...match } = freeze.match
  return isAboutResource(freeze, subject) && judgeScope(compileScope(match), subject) !== no
}

/** Tells whether a freeze is about a resource, as far as it names some by their ids. */
export function isAboutResource({ match: { id } }: Freeze, { resource }: PolicySubject): boolean {
  return id === undefined || [id].flat().includes(resource.id)
}

/** A freeze at a moment, for a change that it is about. */
interface OpenFreeze {
  readonly freeze: Freeze
  readonly subject: PolicySubject
  readonly windows: readonly TimeWindow[]
  readonly covers: boolean
  /** When it begins next, if that is in sight. */
  readonly next?: number | undefined
  /** Why its windows cannot be read, if so. */
  readonly problem?: string
}

/** A freeze that nobody can read is closed: it freezes until it is saved anew, or removed. */
function openFreeze(freeze: Freeze, subject: PolicySubject, at: number): OpenFreeze {
  try {
    const windows = windowsOf(freeze)
    const covers = windows.some((window) => window.covering(at) !== undefined)
    return { freeze, subject, windows, covers, next: nextStart(windows, at) }
  } catch (cause) {
    return { freeze, subject, windows: [], covers: true, problem: messageOf(cause) }
  }
}

/**
 * Reads the windows of a freeze.
 *
 * @throws RangeError if the platform does not know a zone any more.
 */
export function windowsOf({ windows }: Pick<Freeze, 'windows'>): readonly TimeWindow[] {
  return windows.map(timeWindow)
}
