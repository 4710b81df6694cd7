import type { Request } from '../../src/core/request/model/request.ts'
import type { JsonValue, PolicyInput, Storage } from '../../src/index.ts'
import type { CollectionName } from '../../src/ports/collections.ts'
import { hour, personOf, rolesOf } from './hosts.ts'
import type { Given, Written } from './hosts-world.ts'

/** What every change needs. */
export const everyChange: PolicyInput = {
  id: 'a-lead',
  match: {},
  require: { quorum: 1, from: { roles: ['lead'] } },
  rules: { expiresAfter: '1h', bypass: ['ops'], cancel: 'any_time' },
}

/** What some changes need besides, and which: the host says so with a function, and the oracle by the amounts before and after. */
export interface Besides {
  readonly policy: PolicyInput
  readonly applies: (before: number, after: number) => boolean
}

/** By the function of the host that says it. */
export const besides = {
  risky: {
    policy: besidesOf('two-leads', { quorum: 2, role: 'lead' }, { when: { type: 'predicate', name: 'risky' } }),
    applies: (_before, after) => after > 10,
  },
  owner: {
    policy: besidesOf('its-owner', { quorum: 1, role: 'owner' }, { match: { facets: { owner: 'web' } } }),
    applies: (before, after) => after % 2 === 0 || (before > 0 && before % 2 === 0),
  },
  raise: {
    policy: besidesOf('security', { quorum: 1, role: 'security' }, { match: { action: 'raise' } }),
    applies: (before, after) => after > before + 5,
  },
} as const satisfies Readonly<Record<string, Besides>>

function besidesOf(
  id: string,
  { quorum, role }: { readonly quorum: number; readonly role: string },
  policy: Pick<PolicyInput, 'when'> & { readonly match?: PolicyInput['match'] },
): PolicyInput {
  return { id, match: {}, ...policy, require: { quorum, from: { roles: [role] } }, rules: { bypass: ['ops'] } }
}

/** What is looked at to judge what was applied. */
export interface Evidence {
  readonly storage: Storage
  readonly besides: Besides
  readonly given: readonly Given[]
}

/** Says what is wrong with the revisions and the writes of a tenant: whatever changed needs approvals that count, or a bypass on record. */
export async function flawsIn(evidence: Evidence, written: readonly Written[]): Promise<readonly string[]> {
  const requests = await all<Request>(evidence.storage, 'requests')
  const applied = requests.filter(({ status }) => status === 'applied')
  const revisions = await all<Revised>(evidence.storage, 'revisions')
  const flaws: string[] = []
  for (const request of applied) flaws.push(...(await flawsOf(evidence, request)))
  for (const { type, id, number, author, via } of revisions) {
    if (type === 'countersign.policy' || (type !== 'managed' && author === 'countersign' && via === 'host')) continue
    const makers = applied.filter(({ revisions = [] }) =>
      revisions.some((one) => one.type === type && one.id === id && one.number === number),
    )
    if (makers.length !== 1) flaws.push(`revision ${number} of ${type} was made by ${makers.length} requests`)
  }
  for (const one of written) {
    const asked = await askedFor(evidence, applied, one)
    if (!asked) flaws.push(`${JSON.stringify(one)} was written, and no request that was applied asked for it`)
  }
  return flaws
}

/** Says what is wrong with a write to a system outside, while it is made: its request has to be approved by then. */
export async function flawsOfWrite(evidence: Evidence, written: Written): Promise<readonly string[]> {
  const requests = await all<Request>(evidence.storage, 'requests')
  const sent = requests.filter(({ status }) => status === 'applying' || status === 'applied' || status === 'failed')
  const request = await askedFor(evidence, sent, written)
  return request
    ? await flawsOf(evidence, request)
    : [`${JSON.stringify(written)} was sent, and no request asked for it`]
}

async function askedFor({ storage }: Evidence, requests: readonly Request[], { type, id, document }: Written) {
  for (const request of requests) {
    const changes = await changesOf(storage, request)
    const made = changes.find(({ resource }) => resource.type === type && resource.id === id)
    if (made && JSON.stringify(made.after) === JSON.stringify(document ?? null)) return request
  }
  return undefined
}

async function flawsOf({ storage, besides, given }: Evidence, request: Request): Promise<readonly string[]> {
  const { requester, bypassedBy, reviews, digest, round, askedAt, id } = request
  if (bypassedBy !== undefined) return rolesOf(bypassedBy).includes('ops') ? [] : [`${bypassedBy} bypassed ${id}`]
  const counting = reviews.filter(({ verdict, by, onBehalfOf, at, digest: of, round: when }) => {
    if (verdict !== 'approve' || of !== digest || when !== round || !(at < askedAt + hour)) return false
    if (personOf(by) === personOf(requester) || personOf(onBehalfOf ?? by) === personOf(requester)) return false
    return onBehalfOf === undefined || given.some(({ to, from, ends }) => to === by && from === onBehalfOf && at < ends)
  })
  const needs = [{ role: 'lead', quorum: 1 }]
  for (const { resource, base, after } of await changesOf(storage, request)) {
    const [before] = await storage.get([{ collection: 'revisions', key: ['t', resource.type, resource.id, base] }])
    if (!besides.applies(amountIn(before?.value['document']), amountIn(after))) continue
    const { require } = besides.policy
    if ('quorum' in require) needs.push({ role: require.from.roles?.[0] ?? '', quorum: require.quorum })
  }
  return needs.flatMap(({ role, quorum }) => {
    const people = new Set<string>()
    let count = 0
    for (const { by, onBehalfOf = by } of counting) {
      const both = [personOf(by), personOf(onBehalfOf)]
      if (!rolesOf(onBehalfOf).includes(role) || both.some((person) => people.has(person))) continue
      for (const person of both) people.add(person)
      count++
    }
    return count < quorum ? [`${id} was applied with ${count} of ${quorum} approvals by ${role}`] : []
  })
}

interface Revised {
  readonly type: string
  readonly id: string
  readonly number: number
  readonly author: string
  readonly via: string
}

interface Made {
  readonly resource: { readonly type: string; readonly id: string }
  readonly base: number
  readonly after: JsonValue
}

async function changesOf(storage: Storage, { id, edition }: Request): Promise<readonly Made[]> {
  const [content] = await storage.get([{ collection: 'contents', key: ['t', id, edition] }])
  return (content?.value['changes'] ?? []) as unknown as readonly Made[]
}

async function all<T>(storage: Storage, collection: CollectionName): Promise<readonly T[]> {
  const query = { collection, index: 'key', where: ['t'], order: 'ascending', limit: 1_000 } as const
  return (await storage.list(query)).records.map(({ value }) => value as unknown as T)
}

function amountIn(document: unknown): number {
  return typeof document === 'object' && document !== null && 'amount' in document ? Number(document.amount) : 0
}
