import type { Directory, DirectoryUser, Scope } from '../../ports/directory.ts'

/**
 * A directory that is asked each question once, for one look at many requests: they are all judged by the people of one
 * moment. It is forgotten with the look.
 */
export function rememberedDirectory(directory: Directory): Directory {
  const users = new Map<string, Promise<DirectoryUser | undefined>>()
  const holders = new Map<string, Promise<readonly string[]>>()
  const roles = new Map<string, Promise<readonly boolean[]>>()
  return {
    async roles(scope, names) {
      const name = JSON.stringify([placeOf(scope), names])
      const known = roles.get(name) ?? directory.roles(scope, names)
      roles.set(name, known)
      return await known
    },
    async users(scope, ids) {
      const nameOf = (id: string) => JSON.stringify([placeOf(scope), id])
      const missing = ids.filter((id, at) => !users.has(nameOf(id)) && ids.indexOf(id) === at)
      if (missing.length > 0) {
        const answer = directory.users(scope, missing)
        for (const [at, id] of missing.entries()) {
          users.set(
            nameOf(id),
            answer.then((found) => found[at]),
          )
        }
      }
      return await Promise.all(ids.map((id) => users.get(nameOf(id))))
    },
    async holders(scope, role) {
      const name = JSON.stringify([placeOf(scope), role])
      const known = holders.get(name) ?? directory.holders(scope, role)
      holders.set(name, known)
      return await known
    },
  }
}

function placeOf({ tenant, project }: Scope): readonly (string | null)[] {
  return [tenant, project ?? null]
}
