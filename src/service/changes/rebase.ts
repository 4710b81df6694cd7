import { type Conflict, type Resolution, resultConflict } from '../../core/change/conflict.ts'
import { merge } from '../../core/change/merge.ts'
import type { JsonValue } from '../../core/json/json.ts'
import type { ProposedChange } from '../../core/request/model/content.ts'
import { type Result, success } from '../../errors/result.ts'
import type { ResourceRecord } from '../records/record-types.ts'
import type { ResourceType } from '../resource-types/resource-type.ts'
import { validated } from '../resource-types/validate-document.ts'
import { proposeProject } from './change-project.ts'
import { landingProblem } from './landing-problem.ts'
import { givenIn, liveState, restated } from './lifecycle-action.ts'
import { type Proposal, proposeValid } from './propose-change.ts'

/** A change that is to be moved onto the live revision of its resource. */
export interface Moving {
  readonly tenant: string
  readonly change: ProposedChange
  /** The document that the draft was made against; `undefined` if there was none. */
  readonly base: JsonValue | undefined
  readonly live: ResourceRecord | undefined
  readonly resolutions: readonly Resolution[]
}

/** A change after it was moved, with the conflicts that nobody has answered. */
export interface Moved {
  readonly proposal: Proposal
  readonly conflicts: readonly Conflict[]
  /** The resolutions that answer no conflict of this change. */
  readonly unused: readonly Resolution[]
}

/**
 * Moves a change onto the live revision by three-way merge. What passes the merge and not the schema is a conflict
 * too.
 */
export async function rebaseChange(
  type: ResourceType,
  { tenant, change, base, live, resolutions }: Moving,
): Promise<Result<Moved>> {
  const { resource, project, incarnation, rebase } = change
  const exists = live !== undefined && live.document !== null
  const revision = live?.revision ?? 0
  const lost = landingProblem(type, change, live)
  if (lost) return { ok: false, refusal: lost }
  const before = exists ? live.document : undefined
  const start = { tenant, resource, project, base: revision, incarnation, before, ...liveState(type, live) }
  if (change.toProject !== undefined) {
    const again = await proposeProject(type, start, change.toProject)
    return again.ok ? success({ proposal: again.value, conflicts: [], unused: resolutions }) : again
  }
  const wanted = restated(type, change)
  if (wanted.action !== undefined) {
    const proposal = await proposeValid(type, start, { after: before, wanted })
    return proposal.ok ? success({ proposal: proposal.value, conflicts: [], unused: resolutions }) : proposal
  }
  const draft = rebase ? rebase.draft : (givenIn(change) ?? null)
  const sides = { base, live: before, draft: draft ?? undefined }
  const merged = merge(sides, type.shape, resolutions, { type: resource.type, id: resource.id })
  if (!merged.ok) return merged
  const { conflicts: collisions, unused } = merged.value
  const checked =
    collisions.length > 0
      ? success({ value: merged.value.value, conflicts: collisions })
      : await checkedValue(type, change, { sides, value: merged.value.value })
  if (!checked.ok) return checked
  const { value: after, conflicts } = checked.value

  const moved = await proposeValid(type, start, { after, wanted })
  if (!moved.ok) return moved
  const proposal = { before, change: stillReverting(change, moved.value.change) }
  if (conflicts.length === 0) return success({ proposal, conflicts, unused })
  const used = resolutions.filter((resolution) => !unused.includes(resolution))
  const open = { from: rebase?.from ?? change.base, draft, resolutions: used, open: conflicts.length }
  return success({ proposal: { before, change: { ...proposal.change, rebase: open } }, conflicts, unused })
}

/** A change that goes back to a revision says so wherever it is moved. */
function stillReverting({ move }: ProposedChange, moved: ProposedChange): ProposedChange {
  const { reverts } = move ?? {}
  return reverts && moved.move ? { ...moved, move: { ...moved.move, reverts } } : moved
}

interface Checked {
  readonly value: JsonValue | undefined
  readonly conflicts: readonly Conflict[]
}

/** What the schema makes of a merged document, or what it says against it. No answer to a conflict mends a schema. */
async function checkedValue(
  type: ResourceType,
  { resource }: ProposedChange,
  { sides, value }: { readonly sides: Parameters<typeof resultConflict>[0]; readonly value: JsonValue | undefined },
): Promise<Result<Checked>> {
  if (value === undefined) return success({ value, conflicts: [] })
  const valid = await validated(type, resource.id, value)
  if (valid.ok) return success({ value: valid.value, conflicts: [] })
  const { refusal } = valid
  if (refusal.code === 'schema_failed') return { ok: false, refusal }
  return success({
    value,
    conflicts: [resultConflict(sides, refusal.details.issues, { type: resource.type, id: resource.id })],
  })
}
