import type { PolicyMatch } from '../../core/policy/model/policy.ts'
import type { RequestCommand } from '../../core/request/model/command.ts'
import type { Actor } from '../../core/request/model/event.ts'
import type { Request } from '../../core/request/model/request.ts'
import { covers, type DelegatedMatter, type Delegation } from '../../core/review/delegation.ts'
import { type Giver, ownerOf } from '../../core/review/giver.ts'
import type { KnownUser } from '../../core/review/voter.ts'
import { refuse, success } from '../../errors/result.ts'
import type { Scope } from '../../ports/directory.ts'
import type { Write } from '../../ports/storage.ts'
import { checkKeys, checkNames, checkText, checkTime, checkUser } from '../arguments/check-arguments.ts'
import { noticeWrites } from '../commands/outbox.ts'
import type { Command } from '../commands/run-command.ts'
import type { Context } from '../context/context.ts'
import { knownUsers } from '../people/ask-directory.ts'
import { append, delegationStream } from '../records/event-stream.ts'
import type { DelegationRecord } from '../records/record-types.ts'
import { keyOf, put, read, unchanged, walk } from '../records/typed-storage.ts'
import { freeze } from '../values/freeze.ts'

/** Who answers for the actor, for how long, and about what. */
export interface DelegationInput {
  readonly to: string
  /** When it ends, in milliseconds since 1970; at most a year from now. */
  readonly ends: number
  /**
   * When it begins, in milliseconds since 1970.
   *
   * @defaultValue the time of the call
   */
  readonly begins?: number | undefined
  /**
   * The requests that it is about.
   *
   * @defaultValue none: all requests
   */
  readonly match?: Pick<PolicyMatch, 'resource' | 'project'> | undefined
  /**
   * Why, for the delegate and the log.
   *
   * @defaultValue none
   */
  readonly reason?: string | undefined
}

const longest = 366 * 24 * 60 * 60 * 1000

/** Reads what a delegation is to be. */
export function checkDelegation(input: DelegationInput, now: number): Omit<Delegation, 'from'> & { reason?: string } {
  checkKeys('delegation', input, ['to', 'ends', 'begins', 'match', 'reason'])
  const { match = {} } = input
  checkKeys('delegation.match', match, ['resource', 'project'])
  const reason = checkText('delegation.reason', input.reason)
  return {
    to: checkUser('delegation.to', input.to),
    begins: checkTime('delegation.begins', input.begins ?? now),
    ends: checkTime('delegation.ends', input.ends),
    match: {
      ...(match.resource === undefined ? {} : { resource: checkNames('delegation.match.resource', match.resource) }),
      ...(match.project === undefined ? {} : { project: checkNames('delegation.match.project', match.project) }),
    },
    ...(reason === undefined ? {} : { reason }),
  }
}

/**
 * Makes the command by which somebody lets somebody else answer for them. It takes the place of an earlier one to the
 * same user.
 */
export function delegateCommand(
  context: Context,
  actor: Actor,
  { reason, ...wanted }: ReturnType<typeof checkDelegation>,
): Command<Delegation> {
  const delegation: Delegation = { from: actor.user, ...wanted }
  return {
    verb: 'delegate',
    actor,
    about: delegationStream(actor.user),
    async attempt(at) {
      const { from, to, begins, ends } = delegation
      if (ends <= at || ends <= begins || ends > at + longest) {
        return refuse('invalid_input', {
          argument: 'delegation.ends',
          problem: 'must be later than now and its beginning, and within a year',
        })
      }
      const [held, users] = await Promise.all([
        heldBy(context, actor.tenant, delegation),
        knownUsers(context.directory, { tenant: actor.tenant }, [from, to]),
      ])
      const [user, delegate] = [users.get(from), users.get(to)]
      if (!user || !delegate) return refuse('unknown_actor', { actor: user ? to : from })
      const refused = (problem: string) => refuse('not_delegable', { from, to, problem })
      if (user.agent || delegate.agent) return refused('an agent answers for nobody, and nobody for it')
      if (user.person === delegate.person) return refused('the two are one person')
      const [{ way, preconditions }, tooMany] = await Promise.all([
        wayBack(context, actor.tenant, delegation),
        tooManyDelegations(context, actor, { to, at }),
      ])
      if (way) return refused(`it would close a circle: ${way.join(' → ')}`)
      if (tooMany) return tooMany
      const event = {
        type: 'delegated' as const,
        by: from,
        via: actor.via,
        at,
        ...wanted,
        ...(reason === undefined ? {} : { reason }),
      }
      return success({
        writes: [...preconditions, ...delegationWrites(context, actor.tenant, { delegation, event, held })],
        answer: freeze(delegation),
      })
    },
  }
}

/**
 * Makes the command by which somebody ends a delegation of theirs. Answers that were given under it stand, until they
 * take them back.
 */
export function endDelegationCommand(context: Context, actor: Actor, to: string): Command<void> {
  const from = actor.user
  return {
    verb: 'end a delegation',
    actor,
    about: delegationStream(from),
    async attempt(at) {
      const [held, users] = await Promise.all([
        heldBy(context, actor.tenant, { from, to }),
        knownUsers(context.directory, { tenant: actor.tenant }, [from]),
      ])
      if (!users.has(from)) return refuse('unknown_actor', { actor: from })
      const { stored } = held
      if (!stored || stored.value.ends <= at) return refuse('unknown_delegation', { from, to })
      const { begins, match } = stored.value
      const delegation = { from, to, begins: Math.min(begins, at), ends: at, match }
      const event = { type: 'delegation_ended' as const, by: from, via: actor.via, at, to }
      return success({
        writes: delegationWrites(context, actor.tenant, { delegation, event, held }),
        answer: undefined,
      })
    },
  }
}

/** Lists the delegations of a tenant that are not over, the one that ends first at the front. */
export async function listDelegations({ storage, now }: Context, tenant: string): Promise<readonly Delegation[]> {
  const delegations: Delegation[] = []
  for await (const { value } of walk(storage, { ...byEnd(tenant, now()) })) delegations.push(shown(value))
  return freeze(delegations)
}

/**
 * Finds who may answer for one of those who are asked in a matter, as the directory knows them.
 *
 * It reads all delegations of the tenant that are not over: at most `delegationsPerPerson` for each person.
 */
export async function standInsFor(
  { storage, directory }: Context,
  { tenant, ...scope }: Scope,
  { asked, ...matter }: DelegatedMatter & { readonly asked: readonly KnownUser[] },
): Promise<readonly Giver[]> {
  const principals = new Map(asked.flatMap((one) => (one.agent ? [] : [[one.id, one]])))
  if (principals.size === 0) return []
  const live: DelegationRecord[] = []
  for await (const { value } of walk(storage, byEnd(tenant, matter.at))) {
    if (principals.has(value.from) && covers(value, matter)) live.push(value)
  }
  const delegates = live.map(({ to }) => to)
  const users = await knownUsers(directory, { tenant, ...scope }, delegates)
  return live.flatMap(({ from, to }) => {
    const [user, principal] = [users.get(to), principals.get(from)]
    return user && principal && !user.agent ? { user, principal } : []
  })
}

/** Lists the delegations to a user that are not over, the one that ends first at the front. */
export async function delegationsTo(
  { storage }: Context,
  { tenant, user }: Pick<Actor, 'tenant' | 'user'>,
  now: number,
): Promise<readonly Delegation[]> {
  const live = { index: 'byDelegate', where: [tenant, user], range: { from: now + 1 }, order: 'ascending' } as const
  const delegations: Delegation[] = []
  for await (const { value } of walk(storage, { collection: 'delegations', ...live })) delegations.push(shown(value))
  return delegations
}

/** Reads the delegations that a command leans on: from whomever the actor answers for, or has answered for before. */
export async function delegationsFor(context: Context, command: RequestCommand, { reviews }: Pick<Request, 'reviews'>) {
  const { by } = command
  if (!isAnswer(command.type)) return { delegations: [], preconditions: [] }
  const { onBehalfOf = by.user } = 'onBehalfOf' in command ? command : {}
  const given = reviews.filter((review) => review.by === by.user).map(ownerOf)
  const from = [...new Set([onBehalfOf, ...given])].filter((user) => user !== by.user)
  return await readDelegations(context, by.tenant, { from, to: by.user })
}

function isAnswer(type: RequestCommand['type']): boolean {
  return type === 'approve' || type === 'reject' || type === 'request_changes' || type === 'withdraw'
}

/** Reads the delegations from some users to one, with the statement that they are still as they were read. */
export async function readDelegations(
  { storage }: Context,
  tenant: string,
  { from, to }: { readonly from: readonly string[]; readonly to: string },
): Promise<{ readonly delegations: readonly Delegation[]; readonly preconditions: readonly Write[] }> {
  if (from.length === 0) return { delegations: [], preconditions: [] }
  const keys = from.map((one) => keyOf('delegations', tenant, one, to))
  const { stored } = await read(storage, { stored: keys })
  return {
    delegations: stored.flatMap((one) => (one ? shown(one.value) : [])),
    preconditions: keys.map((key, index) => unchanged(key, stored[index])),
  }
}

/**
 * Looks for the way on which a delegation would come back to whoever gives it, each answering for the next at the
 * same time; and states that none of those whom it looked at has delegated anything since.
 */
async function wayBack(
  { storage }: Context,
  tenant: string,
  wanted: Delegation,
): Promise<{ readonly way?: readonly string[]; readonly preconditions: readonly Write[] }> {
  const ways = new Map([[wanted.to, [wanted.from, wanted.to]]])
  const preconditions: Write[] = []
  for (const [user, way] of ways) {
    const key = keyOf('streams', tenant, delegationStream(user))
    const { before } = await read(storage, { before: key })
    preconditions.push(unchanged(key, before))
    for await (const { value } of walk(storage, {
      collection: 'delegations',
      index: 'key',
      where: [tenant, user],
      order: 'ascending',
    })) {
      if (value.begins >= wanted.ends || value.ends <= wanted.begins) continue
      if (value.to === wanted.from) return { way: [...way, value.to], preconditions }
      if (!ways.has(value.to)) ways.set(value.to, [...way, value.to])
    }
  }
  return { preconditions }
}

/**
 * Why somebody may give no further delegation. The head of their stream is read before and written after, so that no
 * two are given on the same count.
 */
async function tooManyDelegations({ storage, limits }: Context, { tenant, user }: Actor, { to, at }: Replaced) {
  const limit = limits.delegationsPerPerson
  let others = 0
  const own = { collection: 'delegations', index: 'key', where: [tenant, user], order: 'ascending' } as const
  for await (const { value } of walk(storage, own)) if (value.ends > at && value.to !== to) others++
  return others >= limit ? refuse('limit_reached', { what: 'delegations', limit }) : undefined
}

/** The delegation that a new one takes the place of, which does not count. */
interface Replaced {
  readonly to: string
  readonly at: number
}

type Held = Awaited<ReturnType<typeof heldBy>>

/** Reads what is kept of a delegation, and the head of the stream of whoever gives it. */
function heldBy({ storage }: Context, tenant: string, { from, to }: Pick<Delegation, 'from' | 'to'>) {
  return read(storage, {
    stored: keyOf('delegations', tenant, from, to),
    before: keyOf('streams', tenant, delegationStream(from)),
  })
}

function delegationWrites(
  context: Context,
  tenant: string,
  {
    delegation,
    event,
    held: { stored, before },
  }: { readonly delegation: Delegation; readonly event: DelegationEvent; readonly held: Held },
): readonly Write[] {
  const { from, to } = delegation
  const stream = delegationStream(from)
  const { head, writes } = append({ tenant, stream }, before?.value.head, event)
  const { type, at, by } = event
  const reason = event.reason === undefined ? {} : { reason: event.reason }
  const notice = { id: `${stream}/${head.seq}`, tenant, type, to: [to], resources: [], at, by, ...reason }
  return [
    put('delegations', { tenant, ...delegation }, stored),
    put('streams', { tenant, stream, head }, before),
    ...writes,
    ...noticeWrites(context, notice),
  ]
}

interface DelegationEvent {
  readonly type: 'delegated' | 'delegation_ended'
  readonly by: string
  readonly at: number
  readonly reason?: string
}

function byEnd(tenant: string, now: number) {
  return {
    collection: 'delegations',
    index: 'byEnd',
    where: [tenant],
    range: { from: now + 1 },
    order: 'ascending',
  } as const
}

function shown({ from, to, begins, ends, match }: DelegationRecord): Delegation {
  return { from, to, begins, ends, match }
}
