import type { StandardSchemaV1 } from '@standard-schema/spec'
import {
  type ActingApprovals,
  type Approvals,
  createApprovals,
  defineResource,
  type ResourceType,
  type Storage,
} from '../../src/index.ts'
import type { Write } from '../../src/ports/storage.ts'
import type { HostOptions } from '../../src/service/approvals-options.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import {
  type Answers,
  type Behaviour,
  behave,
  type Host,
  type HostFunction,
  honestDirectory,
  start,
  temptingUsers,
} from './hosts.ts'

interface Limit {
  readonly amount: number
}

/** A delegation that was given. */
export interface Given {
  readonly from: string
  readonly to: string
  readonly ends: number
}

/** A document that the host was asked to write. */
export interface Written {
  readonly type: string
  readonly id: string
  readonly document: Limit | undefined
}

/** How the types of this world are kept. */
export const kinds = ['managed', 'hosted', 'outside'] as const

/** A tenant of a host that answers as it was generated, over three types of resource: each changes with the approval of a lead, and some with more. */
export interface HostWorld {
  readonly approvals: Approvals
  readonly storage: Storage
  /** Everything that was committed. */
  readonly commits: readonly (readonly Write[])[]
  readonly types: Readonly<Record<(typeof kinds)[number], ResourceType<Limit>>>
  readonly as: (user: string) => ActingApprovals
  /** What the host was made to write into the database, and has. */
  readonly kept: Written[]
  readonly pass: (milliseconds: number) => void
  /** From now on the host behaves, or does not. */
  readonly behaves: (well: boolean) => void
  /** Waits for those who looked on while something was written outside. */
  readonly watched: () => Promise<void>
}

/** How a world begins. */
export interface Beginning {
  /** The commits that were made before. */
  readonly before?: readonly (readonly Write[])[]
  /** Looks at what is written outside, while it is. */
  readonly onOutside: (written: Written) => Promise<void>
}

/** Makes the world. */
export async function hostWorld(host: Host, { before = [], onOutside }: Beginning): Promise<HostWorld> {
  let well = true
  let time = start
  let ids = 0
  let turns = 0
  const calls = new Map<HostFunction, number>()
  const maps = { hosted: new Map<string, Limit>(), outside: new Map<string, Limit>() }
  const kept: Written[] = []
  const watching: Promise<void>[] = []

  const next = (name: HostFunction): Behaviour => {
    if (well) return 'honest'
    const count = calls.get(name) ?? 0
    calls.set(name, count + 1)
    turns++
    return host[name][count % host[name].length] ?? 'honest'
  }
  /** A function of the host, with the types that it should have. */
  const answers = <T>(name: HostFunction, honest: () => T, lies: Partial<Answers> = {}) =>
    behave(next(name), { honest, wrong: honest, tempting: lies.wrong ?? honest, text: () => 'yes', ...lies }) as T

  const schema: StandardSchemaV1<unknown, Limit> = {
    '~standard': {
      version: 1,
      vendor: 'host',
      validate: (value) =>
        answers<StandardSchemaV1.Result<Limit>>('validate', () => validated(value), {
          wrong: () => ({ issues: [{ message: 'no' }] }),
          tempting: () => ({ issues: undefined, value: new Map([['amount', 1]]) }),
        }),
    },
  }
  const declared = {
    schema,
    gated: true,
    facets: {
      owner: ({ amount }: Limit) =>
        answers('owner', () => (amount % 2 === 0 ? 'web' : 'app'), {
          tempting: () => [undefined],
          text: () => ['app', 5],
        }),
    },
    actions: {
      raise: ({ before, after }: { before: Limit | undefined; after: Limit | undefined }) =>
        answers('raise', () => (after?.amount ?? 0) > (before?.amount ?? 0) + 5, { tempting: () => 0 }),
    },
  }
  const readsOf = (name: 'read' | 'readOutside', map: Map<string, Limit>, id: string) =>
    answers(name, () => map.get(id), {
      wrong: () => ({ amount: 3 }),
      tempting: () => new Date(start),
    })
  const writesOf = (
    name: 'write' | 'writeOutside',
    kind: 'hosted' | 'outside',
    { type, id }: Pick<Written, 'type' | 'id'>,
    document: Limit | undefined,
  ) => {
    const land = () => {
      if (document) maps[kind].set(id, document)
      else maps[kind].delete(id)
      if (kind === 'hosted') kept.push({ type, id, document })
    }
    if (kind === 'outside') watching.push(onOutside({ type, id, document }))
    return answers<void>(name, land, {
      /** Lands, and says that it did not. */
      wrong: () => {
        if (kind === 'outside') land()
        throw new Error('the answer was lost')
      },
    })
  }
  const types = {
    managed: defineResource({ type: 'managed', ...declared }),
    hosted: defineResource({
      type: 'hosted',
      ...declared,
      read: ({ id }) => readsOf('read', maps.hosted, id),
      write: (resource, document) => writesOf('write', 'hosted', resource, document),
    }),
    outside: defineResource({
      type: 'outside',
      ...declared,
      external: {
        read: ({ id }) => readsOf('readOutside', maps.outside, id),
        write: (resource, document) => writesOf('writeOutside', 'outside', resource, document),
      },
    }),
  }
  const storage = memoryStorage()
  for (const writes of before) await storage.commit(writes)
  const commits: (readonly Write[])[] = []
  const options: HostOptions = {
    storage: {
      ...storage,
      commit: async (writes, effect) => {
        await storage.commit(writes, effect)
        commits.push(writes)
      },
    },
    resources: Object.values(types),
    predicates: {
      risky: ({ after }) =>
        answers('risky', () => ((after as Limit | undefined)?.amount ?? 0) > 10, {
          tempting: () => Promise.resolve(false),
        }),
    },
    notifiers: [{ name: 'pager', deliver: () => answers('deliver', async () => {}) }],
    signer: { keyId: 'k', sign: () => answers('sign', () => new Uint8Array([1]), { wrong: () => new Uint8Array() }) },
    now: () =>
      answers('now', () => time, { wrong: () => time - 3_600_000, tempting: () => `${start}` as unknown as number }),
    newId: () => answers('newId', () => `r${++ids}`, { wrong: () => 'r1', tempting: () => 'r1/../r2' }),
  }
  const approvals = createApprovals({
    ...options,
    admins: { roles: ['ops'] },
    directory: {
      users: (scope, asked) =>
        answers('users', () => honestDirectory.users(scope, asked), {
          wrong: async () => asked.map(() => undefined),
          tempting: () => temptingUsers(asked, turns),
        }),
      holders: (scope, role) =>
        answers('holders', () => honestDirectory.holders(scope, role), { tempting: () => ['ann', undefined] }),
      roles: honestDirectory.roles,
    },
  })
  return {
    approvals,
    storage,
    commits,
    types,
    as: (user) => approvals.as({ tenant: 't', user }),
    kept,
    pass: (milliseconds) => {
      time += milliseconds
    },
    behaves: (now) => {
      well = now
    },
    watched: async () => {
      await Promise.all(watching)
    },
  }
}

function validated(value: unknown): StandardSchemaV1.Result<Limit> {
  const isLimit = typeof value === 'object' && value !== null && 'amount' in value && typeof value.amount === 'number'
  return isLimit ? { value: value as Limit } : { issues: [{ message: 'must have an amount' }] }
}
