import { defined } from '../../core/defined.ts'
import type { Target } from '../../core/request/model/event.ts'
import type { Request } from '../../core/request/model/request.ts'
import { isOpen } from '../../core/request/model/status-table.ts'
import { compareKeys } from '../../ports/compare.ts'
import type { KeyPart, Write } from '../../ports/storage.ts'
import type { AcrossRecord, RequestRecord, TargetRecord } from '../records/record-types.ts'
import { put } from '../records/typed-storage.ts'

/** A record under which a request is found: by one of its resources or, if it is in several, by one of its projects. */
export type LookUp = { readonly name: string; readonly key: readonly KeyPart[] } & (
  | { readonly collection: 'targets'; readonly value: TargetRecord }
  | { readonly collection: 'acrossProjects'; readonly value: AcrossRecord }
)

/** The versions of look-ups: that of those which are there since the beginning, and how much lower others are. */
type Versions = Pick<RequestRecord, 'targetVersion' | 'joined'>

/** Lists the records under which a request is found. They say the same of it, and move together. */
export function lookUpsOf(next: Request): readonly LookUp[] {
  const { tenant, id: request, status, createdAt, updatedAt, requester } = next
  return [
    ...next.resources.map(({ type, id }): LookUp => {
      const value = targetRecord(next, { type, id })
      return { name: `${type}/${id}`, collection: 'targets', key: [tenant, type, id, request], value }
    }),
    ...(next.projects ?? []).map((project): LookUp => {
      const value = { tenant, project, request, status, createdAt, updatedAt, requester }
      return { name: `/${project}`, collection: 'acrossProjects', key: [tenant, project, request], value }
    }),
  ]
}

/** The version that a look-up has in the storage. */
export function versionOf({ targetVersion, joined = {} }: Versions, { name }: Pick<LookUp, 'name'>): number {
  return targetVersion - (joined[name] ?? 0)
}

/** Writes the look-ups of a request as they are from now on, and says which versions they have then. */
export function lookUpsAfter(
  before: RequestRecord | undefined,
  next: Request,
): { readonly writes: readonly Write[]; readonly versions: Versions } {
  const had = before ? lookUpsOf(before) : []
  const has = lookUpsOf(next)
  const [old, now] = [had, has].map((some) => new Set(some.map(({ name }) => name)))
  const isAnother = had.length !== has.length || has.some(({ name }) => !old?.has(name))
  const isMoved =
    before === undefined ||
    isAnother ||
    (['status', 'updatedAt', 'requester'] as const).some((part) => before[part] !== next[part])
  if (before && !isMoved) {
    const { targetVersion, joined } = before
    return { writes: [], versions: { targetVersion, ...defined({ joined }) } }
  }
  const last: Versions = before ?? { targetVersion: 0 }
  const late = has.flatMap((lookUp) => {
    const since = old?.has(lookUp.name) ? (last.joined?.[lookUp.name] ?? 0) : last.targetVersion
    return since > 0 ? [[lookUp.name, since] as const] : []
  })
  const writes = has.map((lookUp) => {
    const stored = old?.has(lookUp.name) ? { version: versionOf(last, lookUp) } : undefined
    return lookUp.collection === 'targets'
      ? put('targets', lookUp.value, stored)
      : put('acrossProjects', lookUp.value, stored)
  })
  const gone = had.filter(({ name }) => !now?.has(name))
  const joined = late.length > 0 ? Object.fromEntries(late) : undefined
  return {
    writes: [
      ...writes,
      ...gone.map(({ collection, key, ...lookUp }): Write => {
        return { type: 'remove', collection, key, expected: versionOf(last, lookUp) }
      }),
    ],
    versions: { targetVersion: last.targetVersion + 1, ...defined({ joined }) },
  }
}

/** What is stored of a request for one of the resources that it is about. */
function targetRecord(next: Request, { type, id }: Pick<Target, 'type' | 'id'>): TargetRecord {
  const { tenant, id: request, status, createdAt, updatedAt, project, requester, resources } = next
  const first = resources.filter((one) => one.type === type).toSorted((a, b) => compareKeys([a.id], [b.id]))[0]
  const there = { ...defined({ project }), ...(isOpen(status) ? { openSince: createdAt } : {}) }
  const row = { tenant, type, id, request, status, createdAt, updatedAt, requester, ...there }
  return first?.id === id ? { ...row, isFirst: 1 } : row
}
