import { createApprovals, defineResource, type Storage, staticDirectory } from 'countersign'
import type { RecordKey, Write } from 'countersign/storage'
import { memoryStorage } from 'countersign/storage/memory'
import { boolean, number, object } from 'zod'

/** A request that waits for its reviewers. */
export interface Pending {
  readonly id: string
  readonly digest: string
}

/** People who gate every change of a flag behind two leads. */
export type Office = Awaited<ReturnType<typeof office>>

const flagsInUse = 50

/** Opens an office on a storage. */
export async function office(storage: Storage) {
  const flags = defineResource({ type: 'feature_flag', schema: object({ enabled: boolean(), rollout: number() }) })
  const prices = defineResource({ type: 'price', schema: object({ cents: number() }) })
  const approvals = createApprovals({
    admins: 'anyone',
    storage,
    resources: [flags, prices],
    directory: staticDirectory({ ann: [], ben: ['lead'], cara: ['lead'], dora: ['finance'] }),
    // People stop long before a bench does that has them comment on one request.
    limits: { commentsPerRequest: 1_000_000 },
  })
  const [ann, ben, cara, dora] = ['ann', 'ben', 'cara', 'dora'].map((user) => approvals.as({ tenant: 'acme', user }))
  if (!ann || !ben || !cara || !dora) throw new TypeError('Nobody is here.')
  if ((await ben.policies.list()).length === 0) {
    await ben.policies.save({ id: 'all', match: {}, require: { quorum: 2, from: { roles: ['lead'] } } })
  }
  let changes = 0
  const submit = async (): Promise<Pending> => {
    const flag = flags.ref(`flag-${++changes % flagsInUse}`)
    const outcome = await ann.submit(flag, { value: { enabled: true, rollout: changes } })
    if (outcome.status !== 'pending') throw new TypeError('The change was not gated.')
    return outcome.request
  }
  const approve = async ({ id, digest }: Pending) => (await ben.requests.approve(id, { digest })).request.status
  const confirm = async ({ id, digest }: Pending) => (await cara.requests.approve(id, { digest })).request.status
  const comment = async ({ id }: Pending) => (await ben.requests.comment(id, 'Looks good to me.')).request.status
  return {
    submit,
    /** The first of the two approvals. */
    approve,
    /** The second one, which applies the change. */
    confirm,
    comment,
    /** Submits so many prices, which are Dora's to approve, besides the leads. */
    async submitPrices(count: number) {
      await ben.policies.save({
        id: 'prices',
        match: { resource: 'price' },
        require: { quorum: 1, from: { roles: ['finance'] } },
      })
      for (let cents = 1; cents <= count; cents++) await ann.submit(prices.ref(`price-${cents}`), { value: { cents } })
    },
    /** Counts what waits for Dora. */
    waiting: async () => (await dora.requests.inbox()).requests.length,
    /** Takes the first one back. */
    withdraw: async ({ id }: Pending) => (await ben.requests.withdraw(id)).request.status,
    /** Submits, approves twice, and so applies. */
    async seeThrough() {
      const request = await submit()
      await approve(request)
      return await confirm(request)
    },
  }
}

/** What one command read and wrote. */
export interface Trace {
  readonly reads: readonly RecordKey[]
  readonly writes: readonly Write[]
}

/** The same office in memory, where every command leaves word of what it read and wrote. */
export async function rehearsal() {
  const memory = memoryStorage()
  const traces: Trace[] = []
  let reads: RecordKey[] = []
  const { commit, get } = memory
  const acting = await office({
    ...memory,
    get(keys) {
      reads.push(...keys)
      return get(keys)
    },
    commit(writes, effect) {
      traces.push({ reads, writes })
      reads = []
      return commit(writes, effect)
    },
  })
  return {
    ...acting,
    /** Does something and gives its answer, with what each of its commands read and wrote. */
    async traced<T>(act: () => Promise<T>): Promise<{ readonly answer: T; readonly traces: readonly Trace[] }> {
      traces.length = 0
      reads = []
      const answer = await act()
      return { answer, traces: [...traces] }
    },
  }
}
