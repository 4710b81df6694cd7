import type { RoleOrUser } from '../../core/access/plan-grants.ts'
import { defined } from '../../core/defined.ts'
import type { PolicyInput } from '../../core/policy/model/policy.ts'
import { policyType } from '../../core/policy/model/policy-type.ts'
import { awaitedAcross, namesListing } from '../../core/request/decide/awaited-approvers.ts'
import type { Storage } from '../../ports/storage.ts'
import { inKeyOrder } from '../records/in-key-order.ts'
import type { InboxRecord, RequestRecord } from '../records/record-types.ts'
import { page, read, recordKey, walk } from '../records/typed-storage.ts'
import { projectsConcerned } from './check-permission.ts'
import type { PolicyPower } from './policy-power.ts'

/** Lists policies that give whoever is named a say in a place beyond the actor's. */
export type BeyondPolicies = (named: RoleOrUser, project: string) => readonly string[]

interface Question {
  readonly named: RoleOrUser
  readonly project: string
}

/** How many requests are looked at in one go. */
const batch = 50

/**
 * Judges a change of who holds what, with the policies in force and with those under which open requests were
 * submitted: these still ask whom they asked then. `judge` is called twice: what it asks about first says which
 * requests to look at.
 */
export async function judgedWithRequests<T>(
  storage: Storage,
  tenant: string,
  { power, judge }: { readonly power: PolicyPower; readonly judge: (beyond: BeyondPolicies) => T },
): Promise<T> {
  const questions = new Map<string, Question>()
  const first = judge((named, project) => {
    const beyond = power.beyond(named, project)
    if (beyond.length === 0 && !power.mayChange([''])) questions.set(nameOf(named, project), { named, project })
    return beyond
  })
  if (questions.size === 0) return first
  const pinned = new Map<string, readonly string[]>()
  for (const [name, question] of questions) {
    const found = await pinnedBeyond(storage, tenant, { power, ...question })
    if (found.length > 0) pinned.set(name, found)
  }
  if (pinned.size === 0) return first
  return judge((named, project) => pinned.get(nameOf(named, project)) ?? power.beyond(named, project))
}

/**
 * Finds the policies by which one open request gives whoever is named a say there which the actor has not. The first
 * such request will do.
 */
async function pinnedBeyond(
  storage: Storage,
  tenant: string,
  { power, named, project }: Question & { readonly power: PolicyPower },
): Promise<readonly string[]> {
  const names = power.namesOf(named).flatMap(namesListing)
  for (const name of names) {
    for (const query of listsIn(tenant, name, { named, project })) {
      let after: Awaited<ReturnType<typeof page<'inbox'>>>['next']
      do {
        const found = await page(storage, { ...query, limit: batch, ...defined({ after }) })
        for (const request of await requestsOf(storage, found.records)) {
          const { requirements, rules, projects } = request
          if (projects && project !== '' && !projects.includes(project)) continue
          const lacking = requirements.filter((pinned) => power.lacks({ ...pinned, rules }, named, project))
          const beyond: string[] = []
          for (const { policy, version } of lacking) {
            if (!power.mayChange(await reachOf(storage, tenant, { policy, version }))) beyond.push(policy)
          }
          if (beyond.length > 0) return [...new Set(beyond)]
        }
        after = found.next
      } while (after)
    }
  }
  return []
}

/**
 * The projects that a version of a policy could be about. Its versions are its revisions, but for those that removed
 * it.
 */
async function reachOf(
  storage: Storage,
  tenant: string,
  { policy, version }: { readonly policy: string; readonly version: number },
): Promise<readonly string[]> {
  const query = inKeyOrder('revisions', tenant, policyType, policy)
  let saved = 0
  for await (const { value } of walk(storage, query)) {
    if (value.document === null) continue
    saved++
    if (saved === version) return projectsConcerned([value.document as unknown as PolicyInput])
  }
  return ['']
}

/**
 * Where the requests are listed in which a name counts. Who is somebody in a project is somebody in what belongs to
 * none, too.
 */
function listsIn(tenant: string, name: string, { named, project }: Question) {
  const order = { collection: 'inbox', order: 'ascending' } as const
  const isAcross = name.startsWith(awaitedAcross(''))
  if (project === '' || isAcross) return [{ ...order, index: 'byAge', where: [tenant, name] } as const]
  const places = 'user' in named ? [project, ''] : [project]
  return places.map((place) => ({ ...order, index: 'byProject', where: [tenant, name, place] }) as const)
}

async function requestsOf(
  storage: Storage,
  rows: readonly { readonly value: InboxRecord }[],
): Promise<readonly RequestRecord[]> {
  if (rows.length === 0) return []
  const { found } = await read(storage, {
    found: rows.map(({ value }) => recordKey('requests', value.tenant, value.request)),
  })
  return found.flatMap((one) => (one ? [one.value] : []))
}

function nameOf(named: RoleOrUser, project: string): string {
  return JSON.stringify([named, project])
}
