import type { DirectoryFacts } from '../../core/policy/check/policy-facts.ts'
import type { PinnedRequirement } from '../../core/policy/model/requirement.ts'
import { exceptingPersons } from '../../core/review/excepted.ts'
import { askedAs, peopleAsked, usersExcepted, vetoesOf } from '../../core/review/needs.ts'
import type { KnownUser } from '../../core/review/voter.ts'
import type { Directory, Scope } from '../../ports/directory.ts'
import { eachOf, knownAnywhere, knownUsers, rolesUnknown, type Scopes } from './ask-directory.ts'

/** How many approvers of one request are looked up: enough to tell them all, or to know that nobody is missing. */
const mostCandidates = 1_000

/** Asks the directory for everybody whom these requirements are put to, at most 1,000 people. */
export async function candidates(
  directory: Directory,
  scope: Scopes,
  requirements: readonly PinnedRequirement[],
): Promise<readonly KnownUser[]> {
  const asked = peopleAsked(requirements)
  const roles = [...new Set(asked.flatMap(({ roles = [] }) => roles))]
  const named = asked.flatMap(({ users = [] }) => users)
  const holders = await Promise.all(roles.map((role) => holdersIn(directory, scope, role)))
  const vetoing = new Set(vetoesOf(requirements).flatMap((veto) => veto.roles ?? []))
  const anywhere = holders.flatMap((lists, at) => (vetoing.has(roles[at] ?? '') ? lists.flat() : []))
  const ids = [...new Set([...named, ...holders.flatMap(inEach), ...anywhere])].slice(0, mostCandidates)
  const known = await knownAnywhere(directory, scope, [...ids, ...usersExcepted(requirements)])
  const among = exceptingPersons({ requirements, persons: [] }, known)
  return ids.flatMap((id) => known.get(id) ?? []).filter((user) => askedAs(user, among).length > 0)
}

/**
 * Asks the directory what it knows of the users and roles that a policy names: who of them can approve, and who is
 * whom.
 */
export async function directoryFacts(
  directory: Directory,
  scope: Scope,
  { users, roles }: { readonly users: readonly string[]; readonly roles: readonly string[] },
): Promise<DirectoryFacts> {
  const [holders, unknownRoles] = await Promise.all([
    askHolders(directory, scope, roles),
    rolesUnknown(directory, scope, roles),
  ])
  const asked = new Set([...users, ...[...new Set(Object.values(holders).flat())].slice(0, mostCandidates)])
  const known = await knownUsers(directory, scope, [...asked])
  const canApprove = (user: string) => {
    const one = known.get(user)
    return asked.has(user) ? one !== undefined && !one.agent : true
  }
  return {
    unknownUsers: users.filter((user) => !known.has(user)),
    unknownRoles,
    holders: Object.fromEntries(Object.entries(holders).map(([role, held]) => [role, held.filter(canApprove)])),
    people: Object.fromEntries([...known].map(([user, { person }]) => [user, person])),
  }
}

/** Asks the directory who holds each of these roles; of several projects, who holds it in each. */
export async function askHolders(
  directory: Directory,
  scopes: Scopes,
  roles: readonly string[],
): Promise<Readonly<Record<string, readonly string[]>>> {
  const entries = roles.map(async (role) => [role, inEach(await holdersIn(directory, scopes, role))])
  return Object.fromEntries(await Promise.all(entries))
}

async function holdersIn(directory: Directory, scopes: Scopes, role: string): Promise<readonly (readonly string[])[]> {
  return await Promise.all(eachOf(scopes).map((scope) => directory.holders(scope, role)))
}

function inEach([first = [], ...others]: readonly (readonly string[])[]): readonly string[] {
  return first.filter((user) => others.every((there) => there.includes(user)))
}
