import { defined } from '../../core/defined.ts'
import { landing } from '../../core/request/decide/request-outcome.ts'
import type { OutsideFacts, TargetFacts } from '../../core/request/model/command.ts'
import type { Request } from '../../core/request/model/request.ts'
import type { Write } from '../../ports/storage.ts'
import type { Context } from '../context/context.ts'
import type { ClaimRecord, LateWrite } from '../records/record-types.ts'
import { put, recordKey, type Stored, type TypedKey } from '../records/typed-storage.ts'

/** How long a worker has for everything but the answers of the host, in milliseconds. */
const margin = 30_000

interface Named {
  readonly type: string
  readonly id: string
}

/** The claim of the resource of a request that is kept outside of the database. */
export interface ClaimRead {
  readonly resource: Named
  readonly stored: Stored<ClaimRecord> | undefined
}

/**
 * Gives the key of the claim of the resource that is kept outside of the database: a list, since most requests have
 * none.
 */
export function claimKeys(
  { resources }: Pick<Context, 'resources'>,
  tenant: string,
  named: readonly Named[],
): readonly TypedKey<'claims'>[] {
  const outside = claimedOutside({ resources }, named)
  return outside ? [recordKey('claims', tenant, outside.type, outside.id)] : []
}

/** Finds the resource that is kept outside of the database. */
export function claimedOutside({ resources }: Pick<Context, 'resources'>, named: readonly Named[]): Named | undefined {
  const found = named.find(({ type }) => resources.get(type)?.external)
  return found && { type: found.type, id: found.id }
}

/**
 * What claiming it has to know. In a transaction of the host nobody can write outside before it is committed, so that
 * the claim is there for whoever comes first after that.
 */
export function outsideFacts(
  { resources, transaction }: Pick<Context, 'resources' | 'transaction'>,
  { resource, stored }: ClaimRead,
): OutsideFacts {
  const { patience = 0 } = resources.get(resource.type)?.external ?? {}
  return { resource, fence: stored?.value.fence ?? 0, lease: transaction ? 0 : margin + 3 * patience }
}

/** Tells whether an event has claimed a resource: whoever made it carries the change there. */
export function hasClaimed(before: Request | undefined, { application }: Request): boolean {
  return application !== undefined && application.fence !== before?.application?.fence
}

/** Writes what an event made of the claim of a resource that is kept outside of the database. */
export function claimWrites(
  before: Request | undefined,
  next: Request,
  { stored, target }: { readonly stored: Stored<ClaimRecord> | undefined; readonly target?: TargetFacts },
): readonly Write[] {
  const { tenant, id: request, application } = next
  const { resource, fence } = application ?? before?.application ?? {}
  if (!resource || fence === undefined) return []
  const { type, id } = resource
  const claim = { tenant, type, id, fence }
  const known = stored?.value.late ?? []
  if (!application) return [put('claims', { ...claim, ...withLate([...known, ...lateWrites(before, next)]) }, stored)]
  if (!hasClaimed(before, next)) return []
  const again = before?.application !== undefined
  const moved = again ? stored?.value.rebased : movedOnto(target)
  return [put('claims', { ...claim, request, ...defined({ rebased: moved }), ...withLate(known) }, stored)]
}

/**
 * How many documents are remembered of a resource that may still land: what is older is taken for a change that
 * nobody asked for.
 */
const mostLate = 16

/** What a claim remembers of documents that may still land. */
export function withLate(late: readonly LateWrite[]): Pick<ClaimRecord, 'late'> {
  return late.length === 0 ? {} : { late: late.slice(-mostLate) }
}

/** What may still land of a change that failed on its way. */
function lateWrites(before: Request | undefined, next: Request): readonly LateWrite[] {
  const { resource, revisions = [] } = before?.application ?? {}
  if (next.status !== 'failed' || !next.mayLand) return []
  const { id: request, round, followUp, bypassedBy } = next
  const passed = followUp
    ? { passedBy: followUp.by, incident: followUp.incident }
    : bypassedBy
      ? { passedBy: bypassedBy }
      : {}
  return revisions
    .filter(({ type, id }) => type === resource?.type && id === resource.id)
    .map(({ number, digest }) => ({ request, round, number, digest, ...passed }))
}

function movedOnto(target: TargetFacts | undefined): ClaimRecord['rebased'] {
  if (!target) return undefined
  const lands = landing(target)
  return lands === target.changes ? undefined : lands
}
