import { createHash } from 'node:crypto'
import { array, boolean, number, object, string } from 'zod'

/** A flow on one database: a change of a flag is submitted, approved twice, and so applied. */
export interface FlowSide {
  readonly submit: (flag: string, document: FlagDocument) => Promise<SubmittedChange>
  /** Approves what was seen, and gives the status of the request. */
  readonly approve: (by: string, request: SubmittedChange) => Promise<string>
  /** Gives the status once everything is done. Left out where the last approval gives it. */
  readonly outcome?: (request: SubmittedChange) => Promise<string>
  readonly stored: (flag: string, request: string) => Promise<StoredFlow>
  readonly close: () => Promise<void>
}

/** A request that waits for approvals, and the digest of what it asks to be approved. */
export interface SubmittedChange {
  readonly id: string
  readonly digest: string
}

/** What is in the database: the live flag, and the request with those who approved it. */
export interface StoredFlow {
  readonly document: unknown
  readonly status: string
  readonly reviewers: readonly string[]
}

/** The flags that both sides begin with. */
export const flagNames = Array.from({ length: 64 }, (_, at) => `flag-${at}`)

/** Who holds which roles, in memory on every side. */
export const rolesOf: Readonly<Record<string, readonly string[]>> = { ann: ['dev'], ben: ['lead'], cara: ['lead'] }

/** What a flag has to look like. */
export const flagDocument = object({
  enabled: boolean(),
  rollout: number(),
  description: string(),
  rules: array(object({ id: string(), attribute: string(), values: array(string()), rollout: number() })),
})

export type FlagDocument = ReturnType<typeof documentOf>

/** Makes a flag of 1.2 KB. */
export function documentOf(rollout: number) {
  const rules = Array.from({ length: 8 }, (_, at) => ({
    id: `rule-${at}`,
    attribute: 'country',
    values: ['AT', 'DE', 'FR'],
    rollout: at * 10,
  }))
  return { enabled: true, rollout, description: 'What the flag is for. '.repeat(14), rules }
}

/** A row of the table of policies. */
export interface PolicyRow {
  readonly quorum: number
  readonly roles: readonly string[]
}

/** What an application asks of a request before an approval counts. */
export interface ReviewedRow {
  readonly status: string
  readonly requester: string
  readonly digest: string
}

/** An approval that an application does not take. */
export class Refusal extends Error {}

/**
 * Refuses an approval that must not count: of one's own request, of other content, a second one, or without the role.
 */
export function checkApproval(
  request: ReviewedRow,
  approval: { readonly by: string; readonly digest: string },
  { policies, reviewers }: { readonly policies: readonly PolicyRow[]; readonly reviewers: readonly string[] },
): void {
  const { by, digest } = approval
  if (request.status !== 'pending') throw new Refusal(`The request is ${request.status}.`)
  if (request.requester === by) throw new Refusal('Nobody approves a request of their own.')
  if (request.digest !== digest) throw new Refusal('The request is no longer what was reviewed.')
  if (reviewers.includes(by)) throw new Refusal(`${by} has already approved.`)
  if (!policies.some((policy) => holdsRole(by, policy))) throw new Refusal(`${by} may not approve.`)
}

/** Whether every policy has its approvals, by people who hold its roles now. */
export function isApproved(policies: readonly PolicyRow[], reviewers: readonly string[]): boolean {
  if (policies.length === 0) throw new Refusal('No policy says who approves.')
  return policies.every((policy) => reviewers.filter((one) => holdsRole(one, policy)).length >= policy.quorum)
}

function holdsRole(user: string, { roles }: PolicyRow): boolean {
  return roles.some((role) => rolesOf[user]?.includes(role))
}

/** Gives the digest of a change, which approvals name and which is computed anew before it is applied. */
export function changeDigest(flag: string, base: number, document: FlagDocument): string {
  const { enabled, rollout, description } = document
  const rules = document.rules.map(({ id, attribute, values, rollout }) => [id, attribute, values, rollout])
  const content = JSON.stringify([flag, base, enabled, rollout, description, rules])
  return `sha256:${createHash('sha256').update(content).digest('hex')}`
}

/** Gives the statements that make the tables of an application and fill them. */
export function applicationTables(engine: 'SQLite' | 'PostgreSQL'): readonly string[] {
  const [json, time, serial] =
    engine === 'SQLite'
      ? ['text', 'text', 'integer primary key']
      : ['jsonb', 'timestamptz', 'bigint generated always as identity primary key']
  const document = JSON.stringify(documentOf(0))
  return [
    `create table policies (id text primary key, resource text not null, quorum integer not null, roles ${json} not null)`,
    `create table flags (id text primary key, version integer not null, document ${json} not null)`,
    `create table revisions (flag text not null, version integer not null, document ${json} not null, author text not null,
      request text not null, created_at ${time} not null, primary key (flag, version))`,
    `create table requests (id text primary key, flag text not null, status text not null, version integer not null, base integer not null,
      requester text not null, document ${json} not null, digest text not null, created_at ${time} not null, updated_at ${time} not null)`,
    'create index requests_by_flag on requests (flag, status)',
    'create index requests_by_status on requests (status, created_at)',
    `create table reviews (request text not null, reviewer text not null, decision text not null, digest text not null,
      created_at ${time} not null, primary key (request, reviewer))`,
    `create table events (id ${serial}, request text not null, type text not null, actor text not null, data ${json} not null,
      created_at ${time} not null)`,
    'create index events_by_request on events (request)',
    `insert into policies values ('two-leads', 'flag', 2, '["lead"]')`,
    ...flagNames.map((flag) => `insert into flags values ('${flag}', 1, '${document}')`),
  ]
}
