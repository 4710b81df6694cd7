import type { Directory } from '../../ports/directory.ts'
import { checkRecord } from '../resource-types/handed-in.ts'
import { shown } from '../values/shown.ts'

/**
 * Makes a directory of users who never change: user id → roles, the same in every tenant and project. For tests,
 * trials and scripts.
 *
 * @example
 * ```ts
 * const directory = staticDirectory({ ann: ['developer'], ben: ['lead'] })
 * ```
 *
 * @throws TypeError if roles are no list of names.
 */
export function staticDirectory(users: Readonly<Record<string, readonly string[]>>): Directory {
  checkRecord('staticDirectory: users', users, "{ ann: ['developer'], ben: ['lead'] }")
  const known = new Map(
    Object.entries(users).map(([user, roles]) => {
      if (Array.isArray(roles) && roles.every((role) => typeof role === 'string')) return [user, [...roles]]
      throw new TypeError(
        `staticDirectory: the roles of ${JSON.stringify(user)} must be a list of names, as in ['lead'], not ${shown(roles)}`,
      )
    }),
  )
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
