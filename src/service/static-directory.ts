import type { Directory } from '../ports/directory.ts'

/** Makes a directory of users who never change: user id → roles, the same in every tenant and project. For tests, trials and scripts. */
export function staticDirectory(users: Readonly<Record<string, readonly string[]>>): Directory {
  const known = new Map(Object.entries(users))
  return {
    async users(_scope, ids) {
      return ids.map((id) => {
        const roles = known.get(id)
        return roles && { roles }
      })
    },
    async holders(_scope, role) {
      return [...known].filter(([, roles]) => roles.includes(role)).map(([id]) => id)
    },
    async roles(_scope, names) {
      const held = new Set([...known.values()].flat())
      return names.map((name) => held.has(name))
    },
  }
}
