import type { ChangedPlace } from '../../core/change/changed-place.ts'
import { diff } from '../../core/change/diff.ts'
import { defined } from '../../core/defined.ts'
import type { JsonValue } from '../../core/json/json.ts'
import { parseListedPolicy } from '../../core/policy/check/parse-policy.ts'
import { compilePolicies } from '../../core/policy/compile/policy-set.ts'
import { plainShape } from '../../core/policy/compile/seen-places.ts'
import { compareSimulations, type SimulationComparison } from '../../core/policy/evaluate/simulate.ts'
import { projectAction } from '../../core/policy/model/built-in-actions.ts'
import type { Policy, PolicyInput, PolicySubject } from '../../core/policy/model/policy.ts'
import type { Revision } from '../../core/request/model/revision.ts'
import { ApprovalError, fail } from '../../errors/approval-error.ts'
import type { Position } from '../../ports/storage.ts'
import { subjectsOf } from '../changes/policy-subjects.ts'
import { withCircumstances } from '../changes/read-circumstances.ts'
import type { Context } from '../context/context.ts'
import { mayReadResource } from '../facts/may-read.ts'
import { type Reader, type ReadingRights, readingRights } from '../people/reading-rights.ts'
import { page, read, recordKey, settingsState } from '../records/typed-storage.ts'
import { freeze } from '../values/freeze.ts'
import { shown } from '../values/shown.ts'

/** Options of `simulate`: how far back to look. */
export interface SimulateOptions {
  /**
   * At most so many changes, 1 to 500.
   *
   * @defaultValue 100
   */
  readonly last?: number | undefined
}

/** A change that was applied. */
export interface PastChange extends Pick<Revision, 'type' | 'id' | 'number' | 'author' | 'at' | 'request'> {}

/**
 * Compares what other policies would have made of those among the last applied changes that somebody may read with what
 * those in force make of them.
 */
export async function simulatePolicies(
  context: Context,
  reader: Reader,
  { policies, last }: { readonly policies: readonly PolicyInput[]; readonly last: number },
): Promise<SimulationComparison<PastChange>> {
  if (!Number.isSafeInteger(last) || last < 1 || last > 500) {
    fail('invalid_input', { argument: 'options.last', problem: 'must be a whole number from 1 to 500' })
  }
  if (!Array.isArray(policies)) {
    fail('invalid_input', { argument: 'policies', problem: `must be a list, not ${shown(policies)}` })
  }
  const { storage, vocabulary } = context
  const { tenant } = reader
  const rights = readingRights(context, reader)
  await rights.known()
  const { policySet } = await read(storage, { policySet: recordKey('policySets', tenant) })
  const { saved, inCode } = await context.policies(storage, tenant, settingsState(policySet))
  const before = [inCode, saved]
  const after = [inCode, compilePolicies(Array.from(policies, parsed), vocabulary)]
  const revisions = await lastRevisions(context, rights, { tenant, last })
  const subjects = new Map<PastChange, readonly PolicySubject[]>()
  for (const applied of revisions) {
    const { revision } = applied
    const { author, at, number } = revision
    const past = { subjects: seen(context, applied), behind: [author], at, number }
    const known = await withCircumstances(context, tenant, { ...past, policies: [...before, ...after] })
    subjects.set(pastChange(revision), known)
  }
  return freeze(compareSimulations({ before, after }, [...subjects.keys()], (change) => subjects.get(change) ?? []))
}

/** A revision, and the one that it replaced. */
interface Applied {
  readonly revision: Revision
  readonly replaced: Revision | undefined
}

/** How many revisions are looked at, of which not all may be read. */
const mostLooked = 5_000

/** Reads the last revisions that somebody may read, together with what they replaced. */
async function lastRevisions(
  { storage }: Context,
  rights: ReadingRights,
  { tenant, last }: { readonly tenant: string; readonly last: number },
): Promise<readonly Applied[]> {
  const found: Applied[] = []
  const limit = Math.max(last, 100)
  let after: Position | undefined
  for (let looked = 0; looked < mostLooked; looked += limit) {
    const { records, next } = await page(storage, {
      collection: 'revisions',
      index: 'byTime',
      where: [tenant],
      order: 'descending',
      limit,
      ...defined({ after }),
    })
    const { replaced } = await read(storage, {
      replaced: records.map(({ value }) => recordKey('revisions', tenant, value.type, value.id, value.number - 1)),
    })
    const applied = records.map(({ value }, index) => ({ revision: value, replaced: replaced[index]?.value }))
    const readable = await Promise.all(
      applied.map(async ({ revision, replaced: before }) => {
        return (await mayReadResource(rights, revision)) && (!before || (await mayReadResource(rights, before)))
      }),
    )
    const kept = applied.map(({ revision, replaced: before }) => (revision.notKept ?? before?.notKept) === undefined)
    found.push(...applied.filter((_, index) => readable[index] && kept[index]))
    if (found.length >= last || next === undefined) break
    after = next
  }
  return found.slice(0, last)
}

/** What policies would have seen of an applied change. */
function seen({ resources }: Context, { revision, replaced }: Applied): readonly PolicySubject[] {
  const { type, id, actions, document, incarnation, move } = revision
  const { project = revision.project } = actions.includes(projectAction) ? (replaced ?? {}) : {}
  const before = replaced?.document ?? undefined
  const declared = resources.get(type)
  const after = document ?? undefined
  const places = diff(before, after, declared?.shape ?? plainShape)
  const change = {
    project,
    actions,
    incarnation,
    base: revision.number - 1,
    after: document,
    ...defined({ move, toProject: project === revision.project ? undefined : revision.project }),
  }
  return subjectsOf(declared, {
    before,
    change: { ...change, resource: { type, id }, places: places.ok ? places.value : wholeChange(before, after) },
  })
}

/** The change of a document as one place, if its shape no longer tells more. */
function wholeChange(before: JsonValue | undefined, after: JsonValue | undefined): readonly ChangedPlace[] {
  if (before === undefined) return after === undefined ? [] : [{ type: 'added', path: '', after }]
  return [after === undefined ? { type: 'removed', path: '', before } : { type: 'changed', path: '', before, after }]
}

function pastChange({ type, id, number, author, at, request }: Revision): PastChange {
  return { type, id, number, author, at, ...defined({ request }) }
}

function parsed(input: PolicyInput): Policy {
  const policy = parseListedPolicy(input)
  if (!policy.ok) throw new ApprovalError(policy.refusal)
  return { ...policy.value, version: 0 }
}
