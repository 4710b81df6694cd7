import { admit } from '../../core/change/admit.ts'
import { defined } from '../../core/defined.ts'
import type { Admission } from '../../core/json/limits.ts'
import { parsePolicy } from '../../core/policy/check/parse-policy.ts'
import { type Duration, durationInWords, durationPattern, milliseconds } from '../../core/policy/model/duration.ts'
import type { PolicyMatch } from '../../core/policy/model/policy.ts'
import type { Requirement } from '../../core/policy/model/requirement.ts'
import type { FreezeMode } from '../../core/request/model/frozen.ts'
import { ApprovalError, fail } from '../../errors/approval-error.ts'
import type { FreezeInput, FreezeMatch } from '../records/freeze-records.ts'
import { recurrence } from '../values/recurrence.ts'
import { farthest, longestWindow, type RecurringWindow, type SingleWindow, timeWindow } from '../values/time-windows.ts'
import { isTimeZone, nearestZone } from '../values/time-zone.ts'
import { checkId, checkKeys, checkNames, checkText, checkTime } from './check-arguments.ts'

/** How many windows one freeze has. */
const mostWindows = 20
/** How many beginnings of a rule are looked at, to find out whether its windows overlap. */
const mostBeginnings = 60
const longestReason = 1_000

const limits: Admission = {
  ...{ depth: 8, nodes: 5_000, members: 1_000, textLength: 4_096, bytes: 65_536 },
  undefinedIsAbsent: true,
}

/** Reads a freeze: a copy as it is at the call. What cannot be is refused with its place and what can. */
export function checkFreeze(given: unknown, at: number): FreezeInput {
  const plain = admit(given, limits)
  if (!plain.ok) throw new ApprovalError(plain.refusal)
  checkKeys('freeze', plain.value, [
    'id',
    'match',
    'windows',
    'mode',
    'require',
    'reason',
    'version',
    'findings',
    'reverts',
  ])
  const { id, match, windows, mode, require, reason } = plain.value as unknown as Record<keyof FreezeInput, unknown>
  if (mode !== 'block' && mode !== 'queue' && mode !== 'ask') {
    fail('invalid_input', { argument: 'freeze.mode', problem: 'must be "block", "queue" or "ask"' })
  }
  if (!Array.isArray(windows) || windows.length === 0 || windows.length > mostWindows) {
    fail('invalid_input', { argument: 'freeze.windows', problem: `must be a list of 1 to ${mostWindows} windows` })
  }
  const why = checkText('freeze.reason', reason)
  if (why === undefined || why.trim() === '' || why.length > longestReason) {
    const problem = `must say why, for those who are refused, in at most ${longestReason} characters`
    fail('invalid_input', { argument: 'freeze.reason', problem })
  }
  return {
    id: checkId('freeze.id', id),
    match: checkMatch(match),
    windows: windows.map((window: unknown, index) => checkWindow(`freeze.windows[${index}]`, window, at)),
    mode,
    ...defined({ require: checkRequirement(mode, require) }),
    reason: why,
  }
}

/** Reads whom a freeze asks, as a policy asks: one that asks says it, and no other. */
function checkRequirement(mode: FreezeMode, require: unknown): Requirement | undefined {
  const argument = 'freeze.require'
  if (mode !== 'ask') {
    const problem = 'must be left out: only a freeze whose mode is "ask" asks for approvals'
    return require === undefined ? undefined : fail('invalid_input', { argument, problem })
  }
  const example = '{ quorum: 1, from: { roles: ["release-manager"] } }'
  if (require === undefined) fail('invalid_input', { argument, problem: `must say who approves, as in ${example}` })
  const parsed = parsePolicy({ id: 'freeze', match: {}, require })
  if (parsed.ok) {
    const asked = parsed.value.require
    if (!('owners' in asked)) return asked
    fail('invalid_input', { argument, problem: `must ask for every change that it covers, as in ${example}` })
  }
  const [first] = parsed.refusal.details.problems
  return fail('invalid_input', {
    argument: `freeze${(first?.path ?? '/require').replaceAll('/', '.')}`,
    problem: `${first?.problem}: ${first?.fix}`,
  })
}

function checkMatch(match: unknown): FreezeMatch {
  const argument = 'freeze.match'
  checkKeys(argument, match, ['resource', 'action', 'project', 'facets', 'id'])
  const { resource, action, project, facets, id } = match as Record<keyof FreezeMatch, unknown>
  const names = (name: string, value: unknown) =>
    value === undefined ? undefined : checkNames(`${argument}.${name}`, value)
  if (id !== undefined && resource === undefined) {
    const problem = 'must name the type of the resources, since ids are those of a type'
    fail('invalid_input', { argument: `${argument}.resource`, problem })
  }
  return defined({
    resource: names('resource', resource),
    action: names('action', action),
    project: names('project', project),
    facets: facets === undefined ? undefined : checkFacets(`${argument}.facets`, facets),
    id: names('id', id),
  })
}

function checkFacets(argument: string, facets: unknown): NonNullable<PolicyMatch['facets']> {
  checkKeys(argument, facets, Object.keys(facets ?? {}))
  const entries = Object.entries(facets as object)
  return Object.fromEntries(entries.map(([name, values]) => [name, checkNames(`${argument}.${name}`, values)]))
}

function checkWindow(argument: string, window: unknown, at: number): SingleWindow | RecurringWindow {
  const isRecurring = typeof window === 'object' && window !== null && 'rule' in window
  if (isRecurring) return checkRecurring(argument, window, at)
  checkKeys(argument, window, ['from', 'until'])
  const { from, until } = window as Record<keyof SingleWindow, unknown>
  const span = { from: checkTime(`${argument}.from`, from), until: checkTime(`${argument}.until`, until) }
  return inOrder(argument, span)
}

function inOrder<W extends { readonly from?: number; readonly until?: number }>(argument: string, window: W): W {
  const { from = 0, until = Number.POSITIVE_INFINITY } = window
  if (from < until) return window
  return fail('invalid_input', { argument: `${argument}.until`, problem: 'must be later than its "from"' })
}

function checkRecurring(argument: string, window: object, at: number): RecurringWindow {
  checkKeys(argument, window, ['rule', 'duration', 'zone', 'from', 'until'])
  const { rule, duration, zone, from, until } = window as Record<keyof RecurringWindow, unknown>
  const text = checkId(`${argument}.rule`, rule)
  const found = recurrence(text)
  if ('problem' in found) fail('invalid_input', { argument: `${argument}.rule`, problem: found.problem })
  if (typeof duration !== 'string' || !durationPattern.test(duration)) {
    fail('invalid_input', { argument: `${argument}.duration`, problem: `must be ${durationInWords}` })
  }
  const lasts = milliseconds(duration as Duration)
  if (lasts > longestWindow) {
    fail('invalid_input', { argument: `${argument}.duration`, problem: 'must be at most "92d"' })
  }
  if (typeof zone !== 'string' || !isTimeZone(zone)) {
    const problem = `${JSON.stringify(zone)} is no time zone that the platform knows; did you mean ${JSON.stringify(nearestZone(String(zone)))}?`
    fail('invalid_input', { argument: `${argument}.zone`, problem })
  }
  const checked = inOrder(argument, {
    rule: text,
    duration: duration as Duration,
    zone,
    ...defined({
      from: from === undefined ? undefined : checkTime(`${argument}.from`, from),
      until: until === undefined ? undefined : checkTime(`${argument}.until`, until),
    }),
  })
  refuseOverlap(argument, { next: found.next, lasts, at })
  const comes = timeWindow({ ...checked, until: undefined }).after(Math.max(at, checked.from ?? 0) - 1)
  if (!comes) fail('invalid_input', { argument: `${argument}.rule`, problem: neverInTime })
  return checked
}

const neverInTime = `begins at no time within ${Math.floor(farthest / (365 * 24 * 60 * 60_000))} years: correct the day or the month`

/** A window that is not over when it begins again would be one without an end. */
function refuseOverlap(
  argument: string,
  {
    next,
    lasts,
    at,
  }: { readonly next: (after: number) => number | undefined; readonly lasts: number; readonly at: number },
): void {
  let begun = next(at)
  for (let step = 0; begun !== undefined && step < mostBeginnings; step++) {
    const again = next(begun)
    if (again !== undefined && again - begun < lasts) {
      const hours = (again - begun) / 3_600_000
      const problem = `must be at most "${hours}h": the rule begins again after that time`
      fail('invalid_input', { argument: `${argument}.duration`, problem })
    }
    begun = again
  }
}
