import { valuesAt } from '../../change/values-at.ts'
import { defined } from '../../defined.ts'
import { identifierProblem } from '../../identifier.ts'
import type { JsonValue } from '../../json/json.ts'
import type { CompiledPolicy } from '../compile/compile-policy.ts'
import { pathsFor } from '../compile/field.ts'
import { plainShape } from '../compile/seen-places.ts'
import type { PolicySubject } from '../model/policy.ts'
import { type Approvers, mapNeeds, type Need, type PinnedRequirement, type Requirement } from '../model/requirement.ts'
import type { Sight } from './judge-condition.ts'

/** How many users a document can name at one place. One that names more names nobody. */
const mostNamed = 100

type Seen = Pick<Sight, 'subject' | 'shape'>

/**
 * Writes into what a policy asks whom the document names, and who owns the agent that asks. What is pinned stays so;
 * it is worked out anew whenever the policies are evaluated, and what is asked then is asked as well.
 */
export function resolvedRequirements(
  compiled: CompiledPolicy,
  pinned: readonly PinnedRequirement[],
  seen: Seen,
): readonly PinnedRequirement[] {
  if (!compiled.resolves) return pinned
  return pinned.map(({ require, veto, ...rest }) => ({
    ...rest,
    require: mapNeeds(require, (need) => resolvedNeed(need, compiled, seen)),
    ...(veto ? { veto: named(veto, [...new Set(sidesOf(veto, compiled, seen).flat())]) } : {}),
  }))
}

/** Those whom the document names before and those whom it names after are two needs: both have to approve. */
function resolvedNeed(need: Need, compiled: CompiledPolicy, seen: Seen): Requirement {
  const { from } = need
  if (from.field === undefined && !from.owner) return need
  const [first = [], second] = sidesOf(from, compiled, seen)
  const one = { ...need, from: named(from, first) }
  return second ? { all: [one, { ...need, from: named(from, second) }] } : one
}

/** The approvers with those whom something else names; if it names nobody, with those who stand in then. */
function named({ users = [], roles = [], field, owner, otherwise, except }: Approvers, found: readonly string[]) {
  const others = found.length > 0 ? {} : (otherwise ?? {})
  const people = [...new Set([...users, ...found, ...(others.users ?? [])])]
  const held = [...new Set([...roles, ...(others.roles ?? [])])]
  const isNobody = people.length + held.length === 0
  return {
    ...(people.length > 0 ? { users: people } : {}),
    ...(held.length > 0 ? { roles: held } : {}),
    ...defined({ field, except, owner: found.length > 0 || isNobody ? owner : undefined }),
  }
}

/** Whom the document names, and who owns the agent: one list, or two if the change makes a difference. */
function sidesOf({ field, owner }: Approvers, compiled: CompiledPolicy, seen: Seen): readonly (readonly string[])[] {
  const { subject } = seen
  const owners = owner ? ownerOf(subject) : []
  if (field === undefined) return [owners]
  const known = (document: JsonValue | undefined) => {
    const users = namesAt(field, compiled, { ...seen, document })
    return [...users.filter((user) => canAnswer(user, compiled, subject)), ...owners].sort()
  }
  const before = known(subject.before)
  if (subject.after === undefined) return [before]
  const after = known(subject.after)
  return before.join('\n') === after.join('\n') ? [before] : [before, after]
}

/**
 * Tells whether the directory knows somebody whom a document names, and the policy lets them approve. What owners ask
 * for themselves is for those who stand in, as it is where there is no owner.
 */
function canAnswer(user: string, { rules }: CompiledPolicy, { around }: PolicySubject): boolean {
  const person = around?.persons.get(user)
  if (around === undefined || person === undefined) return false
  const [requester, ...editors] = around.asking
  const out = [...(rules.selfApproval ? [] : [requester]), ...(rules.excludeContributors === 'all' ? editors : [])]
  return !out.some((one) => one?.person === person)
}

function ownerOf({ around }: PolicySubject): readonly string[] {
  const owner = around?.asking[0]?.owner
  return owner !== undefined && around?.persons.has(owner) ? [owner] : []
}

/** Lists all users whom a change names, before and after, for a policy that asks them. */
export function usersNamedFor(compiled: CompiledPolicy, seen: Seen): readonly string[] {
  const { before, after, around } = seen.subject
  const named = compiled.namingFields.flatMap((field) =>
    [before, after].flatMap((document) => namesAt(field, compiled, { ...seen, document })),
  )
  const owner = around?.asking[0]?.owner
  return owner === undefined ? named : [...named, owner]
}

function namesAt(
  text: string,
  { fieldOf }: CompiledPolicy,
  { subject, shape, document }: Seen & { readonly document: JsonValue | undefined },
): readonly string[] {
  const field = fieldOf(text)
  const paths = field && pathsFor(field, subject.resource.type)
  if (!paths || document === undefined) return []
  const pattern = { text, alternatives: paths.map(({ segments }) => segments) }
  const found = valuesAt(document, pattern, shape ?? plainShape)
  if (!found.ok) return []
  const names = found.value.flatMap(({ value }) => (Array.isArray(value) ? value : [value]))
  const users = new Set(names.filter((name): name is string => identifierProblem(name) === undefined))
  return users.size > mostNamed ? [] : [...users]
}
