import { setTimeout as after } from 'node:timers/promises'
import { createApprovals, hasCode, type Storage, staticDirectory } from '../../src/index.ts'
import { flags, pending } from '../world.ts'

/** What is written down of a run: each command that was acknowledged with its answer, and each notice that was delivered. */
export type Entry =
  | { readonly type: 'done'; readonly key: string; readonly answer: string }
  | { readonly type: 'told'; readonly id: string }

export interface WorkOptions {
  readonly tenant: string
  /** How many requests each of the lines makes, one after the other. */
  readonly rounds: number
  readonly note: (entry: Entry) => void
  /** Tries a command again, under its key, when the storage has failed. */
  readonly persists?: boolean
  readonly now?: () => number
}

/** How many people make requests at the same time, each about a flag of their own. */
export const lines = 3

/** The library over a storage; notices are written down. */
export function workplace(storage: Storage, { tenant, note, now = Date.now }: Omit<WorkOptions, 'rounds'>) {
  return createApprovals({
    storage,
    resources: [flags],
    directory: staticDirectory({ ann: [], ben: ['lead'], cat: ['lead'] }),
    admins: 'anyone',
    notifiers: [
      {
        name: 'kept',
        async deliver(notice) {
          if (notice.tenant === tenant) note({ type: 'told', id: notice.id })
        },
      },
    ],
    now,
  })
}

/** Makes requests and approves them, twice each, while notices are delivered. Every command has a key, the same in each run. */
export async function work(storage: Storage, options: WorkOptions): Promise<void> {
  const { tenant, rounds, note, persists = false } = options
  const approvals = workplace(storage, options)
  const as = (user: string) => approvals.as({ tenant, user })
  const done = async <T>(idempotencyKey: string, command: (options: { idempotencyKey: string }) => Promise<T>) => {
    for (;;) {
      try {
        const answer = await command({ idempotencyKey })
        note({ type: 'done', key: idempotencyKey, answer: JSON.stringify(answer) })
        return answer
      } catch (error) {
        if (!persists || !hasCode(error, 'storage_failed')) throw error
        await after(5)
      }
    }
  }
  await done('policy', (key) =>
    as('ann').policies.save({ id: 'p', match: {}, require: { quorum: 2, from: { roles: ['lead'] } } }, key),
  )
  const line = async (at: number) => {
    for (let round = 1; round <= rounds; round++) {
      const ref = flags.ref(`flag-${at}`)
      const key = `${at}-${round}`
      const change = { value: { enabled: true, rollout: round % 100 } }
      const { id, digest } = pending(await done(`${key}-submit`, (options) => as('ann').submit(ref, change, options)))
      for (const user of ['ben', 'cat'])
        await done(`${key}-${user}`, (options) => as(user).requests.approve(id, { digest, ...options }))
      await approvals.tick().catch((error: unknown) => {
        if (!persists || !hasCode(error, 'storage_failed')) throw error
      })
    }
  }
  await Promise.all(Array.from({ length: lines }, (_, at) => line(at)))
}
