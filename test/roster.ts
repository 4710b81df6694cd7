import type { Directory } from '../src/index.ts'

/** Who holds which roles where: in the whole tenant under an empty name. */
export type Roster = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>

/** A directory that answers in every project, and says of somebody in the whole tenant what they hold in each. */
export function rosterDirectory(roster: Roster): Directory {
  const held = Object.values(roster).flatMap((by) => Object.values(by).flat())
  const known = new Set(['admin', 'staff', 'lead', ...held])
  return {
    async users({ project = '' }, ids) {
      return ids.map((id) => {
        const held = roster[id]
        const elsewhere = Object.entries(held ?? {}).filter(([name]) => name !== '')
        const inProjects = elsewhere.map(([name, roles]) => ({ project: name, roles }))
        const roles = [...(held?.[''] ?? []), ...(project === '' ? [] : (held?.[project] ?? []))]
        return held && { roles, ...(project === '' ? { inProjects } : {}) }
      })
    },
    async holders({ project = '' }, role) {
      const names = (user: string) => [...new Set(['', project])].flatMap((name) => roster[user]?.[name] ?? [])
      return Object.keys(roster).filter((user) => names(user).includes(role))
    },
    async roles(_scope, names) {
      return names.map((name) => known.has(name))
    },
  }
}
