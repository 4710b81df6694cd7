import { defined } from '../../core/defined.ts'
import { mostRevisions } from '../../core/policy/compile/compile-condition.ts'
import type { PolicySet } from '../../core/policy/compile/policy-set.ts'
import { neededFor } from '../../core/policy/evaluate/needed-circumstances.ts'
import type { Circumstances, EarlierDocument, NeededCircumstances } from '../../core/policy/model/circumstances.ts'
import type { PolicySubject } from '../../core/policy/model/policy.ts'
import type { Storage } from '../../ports/storage.ts'
import type { Context } from '../context/context.ts'
import { askingPeople, rolesUnknown, scopeOf } from '../people/ask-directory.ts'
import { page } from '../records/typed-storage.ts'

/** Who is behind changes: the requester first, then everybody who edited them. */
export type BehindChanges = readonly string[]

/**
 * Finds out what policies have to know besides each change: who is behind it, who the users are whom policies and
 * documents name, and what was live within their windows. Nothing is read that none of these policies asks for.
 */
export async function withCircumstances(
  context: Context,
  tenant: string,
  {
    policies,
    subjects,
    behind,
    at = context.now(),
    number,
  }: {
    readonly policies: readonly PolicySet[]
    readonly subjects: readonly PolicySubject[]
    readonly behind: BehindChanges
    readonly at?: number
    /** The revision that the change made, if it has happened. */
    readonly number?: number
  },
): Promise<readonly PolicySubject[]> {
  if (policies.every(({ lookingAround }) => lookingAround.length === 0)) return subjects
  return await Promise.all(
    subjects.map(async (subject) => {
      const needed = policies.flatMap((set) => neededFor(set, subject) ?? [])
      if (needed.length === 0) return subject
      const asked = { subject, needed, behind: [...new Set(behind)], at, number }
      const around = await circumstancesOf(context, tenant, asked)
      return { ...subject, around }
    }),
  )
}

interface Question {
  readonly subject: PolicySubject
  readonly needed: readonly NeededCircumstances[]
  readonly behind: BehindChanges
  readonly at: number
  readonly number: number | undefined
}

async function circumstancesOf(
  { directory, storage }: Context,
  tenant: string,
  { subject, needed, behind, at, number }: Question,
): Promise<Circumstances> {
  const scope = scopeOf(tenant, subject.project ?? '')
  const ids = [...new Set([...behind, ...needed.flatMap(({ users }) => users)])]
  const roles = [...new Set(needed.flatMap((one) => one.roles))]
  const within = Math.max(...needed.map((one) => one.within))
  const [found, unknownRoles, earlier] = await Promise.all([
    askingPeople(directory, scope, ids),
    rolesUnknown(directory, scope, roles),
    within > 0 ? earlierDocuments(storage, tenant, { subject, since: at - within, number }) : undefined,
  ])
  const named = found.flatMap((one) => (one ? [one] : []))
  const asking = behind.map((id) => named.find((one) => one.id === id))
  const owners = await ownersAmong(asking.flatMap((one) => one?.owner ?? []))
  const people = [...named, ...owners].filter(({ owner }) => owner === undefined)
  const persons = new Map(people.map(({ id, person }) => [id, person]))
  return { asking, unknownRoles, persons, at, ...defined({ earlier }) }

  async function ownersAmong(missing: readonly string[]) {
    if (missing.length === 0) return []
    return (await askingPeople(directory, scope, missing)).flatMap((one) => (one ? [one] : []))
  }
}

/** How many revisions are read in one go. */
const batch = 25

/**
 * Reads what was live of a resource since a moment, the newest first, with what was live at that moment. It costs as
 * much as there is within that time; `undefined` if that is more than anybody looks through, or is not kept any more.
 */
async function earlierDocuments(
  storage: Storage,
  tenant: string,
  {
    subject: { resource },
    since,
    number,
  }: { readonly subject: PolicySubject; readonly since: number; readonly number: number | undefined },
): Promise<readonly EarlierDocument[] | undefined> {
  const query = { collection: 'revisions', index: 'key', where: [tenant, resource.type, resource.id] } as const
  const found: EarlierDocument[] = []
  let until = Number.POSITIVE_INFINITY
  let to = number === undefined ? undefined : number - 1
  while (found.length <= mostRevisions) {
    const range = to === undefined ? {} : { range: { to } }
    const { records } = await page(storage, { ...query, order: 'descending', limit: batch, ...range })
    for (const { value } of records) {
      if (value.notKept !== undefined) return undefined
      found.push({ document: value.document ?? undefined, until })
      if (value.at <= since) return found.length > mostRevisions + 1 ? undefined : found
      until = value.at
      to = value.number - 1
    }
    if (records.length < batch) return found.length > mostRevisions ? undefined : found
  }
  return undefined
}
