import { z } from 'zod'
import { defined } from '../src/core/defined.ts'
import {
  type ActorInput,
  type Admins,
  type ApprovalsOptions,
  type Audiences,
  type ChangeRequest,
  createApprovals,
  defineResource,
  isApprovalError,
  keyedBy,
  type Notice,
  type PolicyInput,
  type ResourceType,
  type Storage,
  type SubmitOutcome,
  set,
  staticDirectory,
} from '../src/index.ts'

export { storages } from './storages.ts'

/** A flag as the hosts of these tests know it. */
export const flagSchema = z.strictObject({
  enabled: z.boolean(),
  rollout: z.number().min(0).max(100),
  description: z.string().optional(),
  tags: z.array(z.string()).optional(),
  rules: z.array(z.strictObject({ id: z.string(), rollout: z.number(), country: z.string().optional() })).optional(),
})

export type Flag = z.infer<typeof flagSchema>

export const flags = defineResource({
  type: 'feature_flag',
  schema: flagSchema,
  shape: { '/rules': keyedBy('id'), '/tags': set() },
  groups: { metadata: ['/description', '/tags'] },
  permissions: {
    create: 'flags.create',
    update: 'flags.edit',
    delete: 'flags.delete',
    enable: 'activation.write',
    disable: 'activation.write',
  },
  actions: {
    enable: {
      detect: ({ before, after }) => before?.enabled === false && after?.enabled === true,
      covers: ['/enabled'],
    },
    disable: {
      detect: ({ before, after }) => before?.enabled === true && after?.enabled === false,
      covers: ['/enabled'],
    },
  },
})

/** A type whose changes are refused where no policy speaks of them. */
export const experiments = defineResource({
  type: 'experiment',
  schema: z.strictObject({ name: z.string(), traffic: z.number() }),
  permissions: { create: 'experiments.create', update: 'experiments.edit', delete: 'experiments.delete' },
  gated: true,
})

const people = {
  ann: ['developer'],
  ben: ['lead'],
  cat: ['lead'],
  dan: ['developer', 'security'],
  eve: [],
  amy: ['developer', 'lead'],
}

export const day = 24 * 60 * 60 * 1000
export const start = Date.UTC(2026, 0, 5, 9)

/** A tenant with users, a clock that stands until it is moved, and a notifier that keeps what it was given. */
export function world(
  storage: Storage,
  users: Readonly<Record<string, readonly string[]>> = people,
  types: readonly ResourceType[] = [flags, experiments],
  {
    admins = 'anyone',
    notices = {},
    retention,
  }: {
    readonly admins?: Admins
    readonly notices?: Partial<Audiences>
    readonly retention?: ApprovalsOptions['retention']
  } = {},
) {
  const delivered: Notice[] = []
  const given = new Map<string, readonly string[]>()
  const gone = new Set<string>()
  const directory = staticDirectory(users)
  const persons = new Map<string, string>()
  const owners = new Map<string, string>()
  const forgotten = new Set<string>()
  let time = start
  let ids = 0
  let asked = () => {}
  const approvals = createApprovals({
    admins,
    notices,
    retention,
    storage,
    resources: types,
    directory: {
      ...directory,
      async roles(scope, names) {
        const known = await directory.roles(scope, names)
        return known.map((is, index) => is && !forgotten.has(names[index] ?? ''))
      },
      async users(scope, ids) {
        asked()
        const found = await directory.users(scope, ids)
        const known = found.map((user, index) => (gone.has(ids[index] ?? '') ? undefined : user))
        return known.map(
          (user, index) =>
            user && {
              roles: given.get(ids[index] ?? '') ?? user.roles,
              person: persons.get(ids[index] ?? '') ?? ids[index] ?? '',
              ...defined({ owner: owners.get(ids[index] ?? '') }),
            },
        )
      },
    },
    notifiers: [
      {
        name: 'kept',
        async deliver(notice) {
          delivered.push(notice)
        },
      },
    ],
    now: () => time,
    newId: () => `request-${++ids}`,
  })
  const as = (user: string, actor: Partial<ActorInput> = {}) => approvals.as({ tenant: 'acme', user, ...actor })

  return {
    approvals,
    as,
    storage,
    /** Moves the clock on. */
    pass: (milliseconds: number) => {
      time += milliseconds
    },
    now: () => time,
    /** Has something happen whenever the directory is asked about users, until the answer is called. */
    slowly(happens: () => void) {
      asked = happens
      return () => {
        asked = () => {}
      }
    },
    /** Says that two users are one person. */
    person: (user: string, same: string) => persons.set(user, same),
    /** Says that a user is an agent of another one. */
    owner: (agent: string, owner: string) => owners.set(agent, owner),
    /** Takes a user out of the directory. */
    leave: (user: string) => gone.add(user),
    /** Takes a role out of the directory. */
    forget: (role: string) => forgotten.add(role),
    /** Gives a user other roles. */
    roles: (user: string, roles: readonly string[]) => given.set(user, roles),
    /** Delivers what is in the outbox, and gives everything that was ever delivered. */
    async notices() {
      await approvals.tick()
      return delivered
    },
    /** A live flag of project `web`, made before any policy is there. */
    async flag(id: string, document: Flag = { enabled: true, rollout: 40 }) {
      await as('ann').submit(flags.ref(id, { project: 'web' }), { value: document })
      return flags.ref(id)
    },
    /** A policy that asks one lead about whatever it matches. */
    policy: (policy: Partial<PolicyInput> = {}) =>
      as('ann').policies.save({
        id: 'reviewed',
        match: {},
        require: { quorum: 1, from: { roles: ['lead'] } },
        ...policy,
      }),
  }
}

export type World = ReturnType<typeof world>

/** Gives the request that a submission became, and fails where it did not become one. */
export function pending(outcome: SubmitOutcome): ChangeRequest {
  if (outcome.status !== 'pending') throw new TypeError(`The change was ${outcome.status}, not pending.`)
  return outcome.request
}

/** The code that a call is refused with. */
export async function refusal(call: Promise<unknown>): Promise<string> {
  try {
    await call
  } catch (error) {
    if (isApprovalError(error)) return error.code
    throw error
  }
  throw new TypeError('The call was not refused.')
}

/** An edit that sets the rollout of a flag. */
export function rollout(to: number): (flag: { rollout: number }) => void {
  return (flag) => {
    flag.rollout = to
  }
}
