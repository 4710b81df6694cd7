import { canonical } from '../../core/json/canonical.ts'
import { asJson } from '../../core/json/json.ts'
import { checkPolicy } from '../../core/policy/check/check-policy.ts'
import type { PolicyFinding } from '../../core/policy/model/policy-finding.ts'
import type { Actor } from '../../core/request/model/event.ts'
import { type Result, refuse, success } from '../../errors/result.ts'
import { maySet, projectsConcerned } from '../access/check-permission.ts'
import type { Command } from '../commands/run-command.ts'
import type { Context } from '../context/context.ts'
import { mayReadMatch } from '../facts/may-read.ts'
import { readingRights } from '../people/reading-rights.ts'
import { findingsIn, namedBy, resourceWords } from '../policies/policy-findings.ts'
import { type Freeze, type FreezeInput, withFreeze, withoutFreeze } from '../records/freeze-records.ts'
import { aboutSettings, settingsWrites } from '../records/settings-writes.ts'
import { read, recordKey, unchanged } from '../records/typed-storage.ts'
import { freeze as frozenCopy } from '../values/freeze.ts'

/** How many freezes a tenant has, and how many windows all of them together: each command reads them. */
const mostFreezes = 50
const mostWindows = 200

const permission = 'approval_settings.edit'

/** A freeze as it was saved. */
export interface CheckedFreeze extends Freeze {
  /** What is odd about whom it asks, as `policies.check` says it of a policy. Empty if it does not ask. */
  readonly findings: readonly PolicyFinding[]
}

/** Makes the command that saves a freeze: a new one, or another text of the one with its id. */
export function saveFreezeCommand(context: Context, actor: Actor, input: FreezeInput): Command<CheckedFreeze> {
  return {
    verb: 'save a freeze',
    actor,
    about: aboutSettings,
    async attempt(at) {
      const key = recordKey('policySets', actor.tenant)
      const { set } = await read(context.storage, { set: key })
      const { freezes = [] } = set?.value ?? {}
      const before = freezes.find(({ id }) => id === input.id)
      const projects = projectsConcerned([input, before])
      const allowed = await maySet(context, actor, { settings: set?.value, permission, projects })
      if (!allowed.ok) return allowed
      const checked = await checkedFreeze(context, actor, input)
      if (!checked.ok) return checked
      const findings = checked.value
      // What was approved of a freeze that is gone says nothing of another one with its id.
      const freeze: Freeze = { ...input, version: (set?.value.head.seq ?? 0) + 1 }
      if (before && isSame({ ...freeze, version: before.version }, before))
        return success({ writes: [unchanged(key, set)], answer: frozenCopy({ ...before, findings }) })
      const next = withFreeze(freezes, freeze)
      const problem = tooMany(next)
      if (problem !== undefined) return refuse('invalid_input', { argument: 'freeze', problem })
      const event = { type: 'freeze_saved', freeze }
      const writes = settingsWrites(actor, set, { at, event, next: { freezes: next } })
      return success({ writes, answer: frozenCopy({ ...freeze, findings }) })
    },
  }
}

/** Makes the command that removes a freeze. */
export function removeFreezeCommand(context: Context, actor: Actor, id: string): Command<void> {
  return {
    verb: 'remove a freeze',
    actor,
    about: aboutSettings,
    async attempt(at) {
      const { set } = await read(context.storage, { set: recordKey('policySets', actor.tenant) })
      const settings = set?.value
      const freeze = settings?.freezes?.find((one) => one.id === id)
      const seen = freeze && (await mayReadMatch(readingRights(context, actor, { settings }), freeze.match))
      const projects = seen ? projectsConcerned([freeze]) : ['']
      const allowed = await maySet(context, actor, { settings, permission, projects })
      if (!allowed.ok) return allowed
      if (!freeze) return refuse('unknown_freeze', { freeze: id })
      const next = { freezes: withoutFreeze(settings?.freezes, id) }
      const event = { type: 'freeze_removed', freeze: id }
      return success({ writes: settingsWrites(actor, set, { at, event, next }), answer: undefined })
    },
  }
}

/**
 * Checks whether a freeze is about what its author means, and whether those whom it asks can approve: it names nothing
 * that no resource type declares, and nobody whom the directory does not know. Gives what is only odd.
 */
async function checkedFreeze(
  context: Context,
  { tenant }: Actor,
  { id, match: { id: _ids, ...match }, require }: FreezeInput,
): Promise<Result<readonly PolicyFinding[]>> {
  const asPolicy = { id, match, require: require ?? { quorum: 1, from: { roles: ['anybody'] } } }
  const resources = resourceWords(context)
  const findings = require
    ? findingsIn(await namedBy(context, { tenant, policy: asPolicy }), (directory) =>
        checkPolicy(asPolicy, { resources, directory }),
      )
    : checkPolicy(asPolicy, { resources })
  const [first] = findings.filter((one) => one.severity === 'error' && isOwn(one))
  if (!first) return success(require ? findings.filter(isAboutAsking).map(forFreeze) : [])
  const { path, problem, fix } = first
  const argument = `freeze${path.replaceAll('/', '.')}`
  return refuse('invalid_input', { argument, problem: `${problem}: ${fix}` })
}

function isOwn(finding: PolicyFinding): boolean {
  return finding.path.startsWith('/match') || isAboutAsking(finding)
}

/** A finding about whom a freeze asks: rules of conduct are those of policies. */
function forFreeze(finding: PolicyFinding): PolicyFinding {
  return { ...finding, fix: finding.fix.replace(', or allow selfApproval', '') }
}

function isAboutAsking({ path }: PolicyFinding): boolean {
  return path.startsWith('/require')
}

function tooMany(freezes: readonly Freeze[]): string | undefined {
  if (freezes.length > mostFreezes)
    return `would be one more than the ${mostFreezes} that a tenant can have: remove some`
  const windows = freezes.reduce((sum, one) => sum + one.windows.length, 0)
  if (windows <= mostWindows) return undefined
  return `would make more than ${mostWindows} windows of all freezes together: remove those that are over`
}

function isSame(a: Freeze, b: Freeze): boolean {
  return canonical(asJson(a)) === canonical(asJson(b))
}
