import { defined } from '../../core/defined.ts'
import type { Actor } from '../../core/request/model/event.ts'
import type { Delegation } from '../../core/review/delegation.ts'
import { refuse, success } from '../../errors/result.ts'
import type { Write } from '../../ports/storage.ts'
import { type checkDelegation, longest } from '../arguments/check-delegation.ts'
import { noticeWrites } from '../commands/outbox.ts'
import type { Command } from '../commands/run-command.ts'
import type { Context } from '../context/context.ts'
import { knownUsers } from '../people/ask-directory.ts'
import { stayingAsRead } from '../people/departures.ts'
import { append, delegationStream } from '../records/event-stream.ts'
import { inKeyOrder } from '../records/in-key-order.ts'
import { put, read, recordKey, unchanged, walk } from '../records/typed-storage.ts'
import { freeze } from '../values/freeze.ts'

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
      const [held, staying] = await Promise.all([
        heldBy(context, actor.tenant, delegation),
        stayingAsRead(context, actor.tenant, [from, to]),
      ])
      const users = await knownUsers(context.directory, { tenant: actor.tenant }, [from, to])
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
        ...defined({ reason }),
      }
      return success({
        writes: [...staying, ...preconditions, ...delegationWrites(context, actor.tenant, { delegation, event, held })],
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
    const key = recordKey('streams', tenant, delegationStream(user))
    const { before } = await read(storage, { before: key })
    preconditions.push(unchanged(key, before))
    for await (const { value } of walk(storage, inKeyOrder('delegations', tenant, user))) {
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
  const own = inKeyOrder('delegations', tenant, user)
  for await (const { value } of walk(storage, own)) if (value.ends > at && value.to !== to) others++
  return others >= limit ? refuse('limit_reached', { what: 'delegations', limit }) : undefined
}

/** The delegation that a new one takes the place of, which does not count. */
interface Replaced {
  readonly to: string
  readonly at: number
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

type Held = Awaited<ReturnType<typeof heldBy>>

/** Reads what is kept of a delegation, and the head of the stream of whoever gives it. */
function heldBy({ storage }: Context, tenant: string, { from, to }: Pick<Delegation, 'from' | 'to'>) {
  return read(storage, {
    stored: recordKey('delegations', tenant, from, to),
    before: recordKey('streams', tenant, delegationStream(from)),
  })
}
