import type { JsonValue } from '../../json/json.ts'
import type { NamedPeople } from './requirement.ts'

/** Somebody behind a change, as the directory knows them at that moment. */
export interface Asking {
  readonly id: string
  /** The person behind the user; of an agent, the person who owns it. */
  readonly person: string
  /** The roles of the user and, of an agent, those of its owner as well. */
  readonly roles: readonly string[]
  /** The user who owns it, if it is an agent. */
  readonly owner?: string | undefined
}

/** What policies look at besides a change itself. Whatever is left out could be anything. */
export interface Circumstances {
  /** The requester first, then everybody who edited the change; `undefined` for whom the directory does not know. */
  readonly asking: readonly (Asking | undefined)[]
  /** Roles that policies name and the directory does not know. */
  readonly unknownRoles: readonly string[]
  /** The person behind each user who is named; one whom the directory does not know, and an agent, is not in it. */
  readonly persons: ReadonlyMap<string, string>
  /** What was live lately; `undefined` if nobody could read all of it. */
  readonly earlier?: readonly EarlierDocument[] | undefined
  /** The moment at which the change is judged, in milliseconds since 1970. */
  readonly at: number
}

/** A document that was live, and until when. */
export interface EarlierDocument {
  /** `undefined` if there was none. */
  readonly document: JsonValue | undefined
  /** When the next revision took its place, in milliseconds since 1970. */
  readonly until: number
}

/** What has to be known besides a change for policies to be judged on it. */
export interface NeededCircumstances {
  /** The users whose persons have to be known. */
  readonly users: readonly string[]
  /** The roles of which it has to be known whether there are such. */
  readonly roles: readonly string[]
  /** How far back in time they look, in milliseconds; 0 if they do not. */
  readonly within: number
}

/** Tells whether anybody behind a change is among these people; `undefined` if nobody can say. */
export function isAskedBy(named: NamedPeople, { asking, persons, unknownRoles }: Circumstances): boolean | undefined {
  const { roles = [] } = named
  if (asking.some((one) => isOneOf(one, named, persons))) return true
  const isCertain = asking.length > 0 && !asking.includes(undefined) && !roles.some((one) => unknownRoles.includes(one))
  return isCertain ? false : undefined
}

/** Tells whether everybody behind a change is among these people. */
export function isAskedByAll(named: NamedPeople, { asking, persons }: Circumstances): boolean {
  return asking.length > 0 && asking.every((one) => isOneOf(one, named, persons))
}

function isOneOf(
  one: Asking | undefined,
  { users = [], roles = [] }: NamedPeople,
  persons: Circumstances['persons'],
): boolean {
  if (one === undefined) return false
  const named = users.flatMap((user) => [user, persons.get(user) ?? user])
  return named.some((name) => name === one.id || name === one.person) || roles.some((role) => one.roles.includes(role))
}
