import type { ProposedChange } from '../../core/request/model/content.ts'
import { type Refusal, refuse } from '../../errors/result.ts'
import type { ResourceRecord } from '../records/record-types.ts'
import { isKeptByHost } from '../resource-types/host-project.ts'
import type { ResourceType } from '../resource-types/resource-type.ts'

/**
 * Why a change cannot land any more, wherever it is moved: its resource is another one by now, or elsewhere. It does
 * not say whether it was removed or where it went: not everybody who reads the request may read there.
 */
export function landingProblem(
  type: ResourceType,
  { resource: { type: name, id }, project, incarnation }: ProposedChange,
  live: ResourceRecord | undefined,
): Refusal<'cannot_land'> | undefined {
  const exists = live !== undefined && live.document !== null
  const of = { type: name, id, project }
  const elsewhere = live !== undefined && live.project !== project && (exists || !isKeptByHost(type))
  if (incarnation === 0 && exists) return refuse('cannot_land', { ...of, problem: 'created' }).refusal
  if (elsewhere || (incarnation !== 0 && !exists)) return refuse('cannot_land', { ...of, problem: 'gone' }).refusal
  if (incarnation !== (exists ? live.incarnation : 0)) {
    return refuse('cannot_land', { ...of, problem: 'replaced' }).refusal
  }
  return undefined
}
