import type { Permission } from '../../core/access/permissions.ts'
import { fail } from '../../errors/approval-error.ts'
import { holdingsFor } from '../context/access-control.ts'
import type { Context } from '../context/context.ts'
import type { PolicySetRecord } from '../records/record-types.ts'
import { read, recordKey } from '../records/typed-storage.ts'
import { reachHeld, scopeOf } from './ask-directory.ts'

/** Who reads: somebody or, without a user, the application itself. */
export interface Reader {
  readonly tenant: string
  readonly user?: string
}

/** What one reader may read, as the directory answers while something is read. Each question is asked once. */
export interface ReadingRights {
  /** Tells whether the directory knows the reader. */
  isKnown(): Promise<boolean>
  /** Refuses a reader whom the directory does not know. */
  known(): Promise<void>
  /** Tells whether they may read in the whole tenant, and so in each of its projects. */
  everywhere(): Promise<boolean>
  /** Tells whether they may read in a project; an empty one is what belongs to none. */
  in(project: string): Promise<boolean>
  /** Names the projects in which they may read besides, as far as the directory tells. */
  projects(): Promise<readonly string[]>
}

interface RightsOptions {
  /**
   * What is to be read.
   *
   * @defaultValue 'resources.read'
   */
  readonly permission?: Extract<Permission, 'resources.read' | 'log.read'>
  /**
   * The settings, if they were read already.
   *
   * @defaultValue none: they are read
   */
  readonly settings?: PolicySetRecord | undefined
}

/**
 * Asks what somebody may read: this is the one place that says so, whatever is read. An agent reads by roles of its
 * own.
 */
export function readingRights(
  context: Context,
  { tenant, user }: Reader,
  { permission = 'resources.read', settings: known }: RightsOptions = {},
): ReadingRights {
  if (user === undefined) return ofTheApplication
  const { access, directory, storage } = context
  const settings = once(async () => {
    if (known !== undefined || access.type !== 'roles') return known
    return (await read(storage, { set: recordKey('policySets', tenant) })).set?.value
  })
  const permits = async (project: string, roles: readonly string[]) =>
    holdingsFor(access, await settings(), { user: { id: user, roles }, project }).permissions.has(permission)
  const inTenant = once(() => reachHeld(directory, scopeOf(tenant, ''), user))
  const everywhere = once(async () => {
    const reach = await inTenant()
    return reach !== undefined && (await permits('', reach.roles))
  })
  const judged = new Map<string, Promise<boolean>>()
  const judge = async (project: string) => {
    const there = await reachHeld(directory, scopeOf(tenant, project), user)
    return (there !== undefined && (await permits(project, there.roles))) || (await everywhere())
  }
  return {
    everywhere,
    isKnown: async () => (await inTenant()) !== undefined,
    async known() {
      if (!(await inTenant())) fail('unknown_actor', { actor: user })
    },
    async in(project) {
      if (project === '') return await everywhere()
      const answer = judged.get(project) ?? judge(project)
      judged.set(project, answer)
      return await answer
    },
    async projects() {
      const named = (await inTenant())?.inProjects ?? []
      const readable = await Promise.all(named.map(({ project, roles }) => permits(project, roles)))
      return [...new Set(named.filter((_, index) => readable[index]).map(({ project }) => project))]
    },
  }
}

/** The application reads everything that it has. */
const ofTheApplication: ReadingRights = {
  isKnown: async () => true,
  known: async () => {},
  everywhere: async () => true,
  in: async () => true,
  projects: async () => [],
}

function once<T>(ask: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined
  return () => {
    answer ??= ask()
    return answer
  }
}
