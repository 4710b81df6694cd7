import { defined } from '../../core/defined.ts'
import { identifierProblem } from '../../core/identifier.ts'
import { dismiss } from '../../core/lifecycle/dismiss.ts'
import { fail } from '../../errors/approval-error.ts'
import { messageOf } from '../../errors/message-of.ts'
import type { Directory, DirectoryUser, RolesInProject } from '../../ports/directory.ts'
import { inTime, type Wait } from '../../ports/in-time.ts'
import { isReservedUser } from '../values/reserved.ts'
import { shown } from '../values/shown.ts'

/** So many names of one list are read at most. */
const longestList = 100_000

/**
 * A directory whose answers are what they should be, or refused with `directory_failed`. Each property is read once,
 * into a copy of our own: what the host does with its answer afterwards changes nothing. Nobody is the user whose
 * name is kept for Countersign.
 */
export function checkedDirectory(directory: Directory, milliseconds: number, wait: Wait = inTime): Directory {
  const ask = async <T>(question: () => string, answer: () => unknown, read: (answer: unknown) => T): Promise<T> => {
    try {
      return read(await wait(answer(), milliseconds))
    } catch (cause) {
      return fail('directory_failed', { question: question(), problem: messageOf(cause) }, { cause })
    }
  }
  return {
    users: (scope, ids) =>
      ask(
        () => `who ${ids.map((id) => JSON.stringify(id)).join(', ')} is`,
        () => directory.users(scope, [...ids]),
        (answer) => answersOf(answer, ids.length).map((user, index) => userOf(user, ids[index] ?? '', ids)),
      ),
    holders: (scope, role) =>
      ask(
        () => `who holds the role ${JSON.stringify(role)}`,
        () => directory.holders(scope, role),
        (answer) => {
          const holders = namesOf(answer)
          if (holders) return holders.filter((id) => !isReservedUser(id))
          throw new TypeError(`it must answer with a list of user ids, not ${shown(answer)}`)
        },
      ),
    roles: (scope, names) =>
      ask(
        () => `whether the roles ${names.join(', ')} exist`,
        () => directory.roles(scope, [...names]),
        (answer) =>
          answersOf(answer, names.length).map((known, index) => {
            if (typeof known === 'boolean') return known
            throw new TypeError(`it must answer true or false for ${JSON.stringify(names[index])}, not ${shown(known)}`)
          }),
      ),
  }
}

function answersOf(answer: unknown, length: number): readonly unknown[] {
  if (!Array.isArray(answer)) throw new TypeError(`it must answer with a list of ${length}, not ${shown(answer)}`)
  const found = answer.length
  if (found === length) {
    const answers = Array.from({ length }, (_, index): unknown => answer[index])
    for (const one of answers) dismiss(one)
    return answers
  }
  throw new TypeError(`it must answer with a list of ${length}, in the order asked, not of ${found}`)
}

/** Reads what is said of one user. A row that names another of those asked about stands in the wrong place. */
function userOf(user: unknown, id: string, asked: readonly string[]): DirectoryUser | undefined {
  if (user === undefined) return undefined
  if (typeof user !== 'object' || user === null) {
    const name = JSON.stringify(id)
    throw new TypeError(
      `for ${name} it answered ${shown(user)}: it must be { roles }, or undefined where there is no such user`,
    )
  }
  const { person = id, roles, owner, inProjects, unwanted, id: row } = user as Readonly<Record<string, unknown>>
  if (row !== id && asked.some((other) => other === row)) {
    throw new TypeError(
      `it answered with ${JSON.stringify(row)} in the place of ${JSON.stringify(id)}: it must keep the order asked`,
    )
  }
  const held = namesOf(roles)
  if (!held) throw new TypeError(`the roles of ${JSON.stringify(id)} must be a list of strings, not ${shown(roles)}`)
  const persons = [person, owner ?? id].map((name) => {
    const problem = identifierProblem(name)
    if (!problem) return String(name)
    throw new TypeError(
      `the person and the owner of ${JSON.stringify(id)} must be ids, or left out: ${shown(name)} ${problem}`,
    )
  })
  const projects = inProjects === undefined ? undefined : projectsOf(inProjects, id)
  const dislikes = unwanted === undefined ? undefined : namesOf(unwanted)
  if ([id, ...persons].some(isReservedUser)) return undefined
  return {
    person: persons[0] ?? id,
    roles: held,
    ...(owner === undefined ? {} : { owner: persons[1] ?? id }),
    ...defined({ inProjects: projects, unwanted: dislikes }),
  }
}

function projectsOf(inProjects: unknown, id: string): readonly RolesInProject[] {
  const rows: readonly unknown[] | undefined = Array.isArray(inProjects) ? [...inProjects] : undefined
  const read = rows?.map((row) => {
    if (typeof row !== 'object' || row === null) return undefined
    const { project, roles } = row as Readonly<Record<string, unknown>>
    const held = namesOf(roles)
    return typeof project === 'string' && held ? { project, roles: held } : undefined
  })
  if (read?.every((row) => row !== undefined)) return read
  throw new TypeError(`the roles of ${JSON.stringify(id)} in projects must be a list of { project, roles }`)
}

/** Reads a list of names; `undefined` if it is none. */
function namesOf(list: unknown): readonly string[] | undefined {
  if (!Array.isArray(list)) return undefined
  const names = Array.from({ length: Math.min(list.length, longestList) }, (_, index): unknown => list[index])
  return names.every((name) => typeof name === 'string' && name.isWellFormed())
    ? (names as readonly string[])
    : undefined
}
