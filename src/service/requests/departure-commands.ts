import { lastAdminRefusal } from '../../core/access/admins.ts'
import { defined } from '../../core/defined.ts'
import { policyType } from '../../core/policy/model/policy-type.ts'
import type { Actor } from '../../core/request/model/event.ts'
import { type Result, refuse, success } from '../../errors/result.ts'
import type { Write } from '../../ports/storage.ts'
import { grantWrites, readGrants } from '../access/grants.ts'
import { noticeWrites } from '../commands/outbox.ts'
import type { Command } from '../commands/run-command.ts'
import type { Context } from '../context/context.ts'
import { strandedBy } from '../facts/strands.ts'
import { knownUsers, scopeOf } from '../people/ask-directory.ts'
import { readingRights } from '../people/reading-rights.ts'
import { adminApprovers, peopleNamed } from '../people/settings-admins.ts'
import { inKeyOrder } from '../records/in-key-order.ts'
import type { PolicySetRecord } from '../records/record-types.ts'
import { aboutSettings, settingsWrites } from '../records/settings-writes.ts'
import { put, read, recordKey, type Stored, walk } from '../records/typed-storage.ts'
import { hostDoor, ownUser } from '../values/reserved.ts'
import type { Stranding, Strands } from '../values/strands.ts'

/** What the host has said of somebody who has left. */
export interface Departure extends Stranding {
  /** Whether it is on record since now. False if it was before, or if they held no role of those that are kept here. */
  readonly recorded: boolean
  /** Whether the directory knew them until now. If not, look at the id again: it may be misspelt. */
  readonly known: boolean
}

/** Who has left, and when that was said. */
interface Leaving {
  readonly actor: Actor
  readonly user: string
  readonly at: number
}

/** What a departure or a return writes; no writes if it changes nothing. */
interface Written {
  readonly settings: Stored<PolicySetRecord> | undefined
  readonly writes: readonly Write[]
}

/**
 * Makes the command by which the host says that somebody has left. From then on they count as gone: whatever the
 * directory of the host still says of them or, if roles are kept here, without any.
 *
 * If the directory has forgotten them already, nobody can tell what was theirs: then everything is told that nobody
 * could satisfy.
 */
export function departCommand(context: Context, tenant: string, user: string): Command<Departure> {
  const actor = hostOf(tenant)
  return {
    verb: 'record a departure',
    actor,
    about: aboutSettings,
    async attempt(at) {
      const wasKnown = (await knownUsers(context.directory, scopeOf(tenant, ''), [user])).has(user)
      const leave = isKeptHere(context) ? leaveGrants : leaveDirectory
      const left = await leave(context, { actor, user, at })
      if (!left.ok) return left
      const { settings, writes } = left.value
      const strands = await strandedBy(context, { tenant }, { writes, all: !wasKnown })
      const recorded = writes.length > 0
      const told = { actor, user, at, settings }
      const notices = recorded
        ? [...(await strandedNotices(context, { ...told, strands })), ...(await endedNotices(context, told))]
        : []
      return success({ writes: [...writes, ...notices], answer: { recorded, known: wasKnown, strands } })
    },
  }
}

/** Tells those who answered for somebody that they do not any more. */
async function endedNotices(
  context: Context,
  { actor: { tenant }, user, at, settings }: Leaving & Pick<Written, 'settings'>,
): Promise<readonly Write[]> {
  if (context.notifiers.length === 0) return []
  const to: string[] = []
  for await (const { value } of walk(context.storage, inKeyOrder('delegations', tenant, user))) {
    if (value.ends > at) to.push(value.to)
  }
  const id = `settings/${(settings?.value.head.seq ?? 0) + 1}/delegations`
  return noticeWrites(context, { id, tenant, type: 'delegation_ended', to, resources: [], at, by: user })
}

/** Makes the command by which the host says that somebody is back: the directory says again who they are. */
export function returnCommand(context: Context, tenant: string, user: string): Command<boolean> {
  const actor = hostOf(tenant)
  return {
    verb: 'record a return',
    actor,
    about: aboutSettings,
    async attempt(at) {
      if (isKeptHere(context)) {
        const problem = 'who holds which role is kept here: give them their roles again with access.grant'
        return refuse('invalid_input', { argument: 'user', problem })
      }
      const { set, departure } = await readDeparture(context, tenant, user)
      if (!departure) return success({ writes: [], answer: false })
      const next = { departed: (set?.value.departed ?? 1) - 1 }
      const removed = { collection: 'departures', key: [tenant, user], expected: departure.version } as const
      const writes: readonly Write[] = [
        ...settingsWrites(actor, set, { at, event: { type: 'user_returned', user }, next }),
        { type: 'remove', ...removed },
      ]
      return success({ writes, answer: true })
    },
  }
}

function hostOf(tenant: string): Actor {
  return { tenant, user: ownUser, via: hostDoor }
}

function isKeptHere({ access }: Context): boolean {
  return access.type === 'roles' && access.stored
}

async function readDeparture({ storage }: Context, tenant: string, user: string) {
  return await read(storage, {
    set: recordKey('policySets', tenant),
    departure: recordKey('departures', tenant, user),
  })
}

async function leaveDirectory(context: Context, { actor, user, at }: Leaving): Promise<Result<Written>> {
  const { tenant } = actor
  const { set, departure } = await readDeparture(context, tenant, user)
  if (departure) return success({ settings: set, writes: [] })
  const next = { departed: (set?.value.departed ?? 0) + 1 }
  const writes = [
    ...settingsWrites(actor, set, { at, event: { type: 'user_departed', user }, next }),
    put('departures', { tenant, user, at }, undefined),
  ]
  return success({ settings: set, writes })
}

async function leaveGrants(context: Context, { actor, user, at }: Leaving): Promise<Result<Written>> {
  const { access } = context
  const base = access.type === 'roles' ? access.roles : new Map()
  const { facts, settings, stored } = await readGrants(context, actor, { roles: base, users: [user] })
  const take = facts.grants.filter((grant) => grant.user === user)
  if (take.length === 0) return success({ settings, writes: [] })
  const others = facts.grants.filter((grant) => grant.user !== user)
  const refusal = lastAdminRefusal(facts, { ...facts, grants: others })
  if (refusal) return { ok: false, refusal }
  const writes = [
    ...settingsWrites(actor, settings, { at, event: { type: 'user_departed', user, take } }),
    ...grantWrites(actor.tenant, { give: [], take, stored }),
  ]
  return success({ settings, writes })
}

/**
 * Tells those who may change the settings what a departure strands. The requests and policies are named to those alone
 * who may read everywhere.
 */
async function strandedNotices(
  context: Context,
  { actor, user, at, settings, strands }: Leaving & Pick<Written, 'settings'> & { readonly strands: Strands },
): Promise<readonly Write[]> {
  const { requests, policies } = strands
  if (requests.length + policies.length === 0 || context.notifiers.length === 0) return []
  const { tenant, user: by } = actor
  const admins = [adminApprovers(context, settings?.value)]
  const people = await peopleNamed(context.directory, scopeOf(tenant, ''), admins)
  const to = people.filter((one) => one !== user)
  const reads = await Promise.all(to.map((one) => readingRights(context, { tenant, user: one }).everywhere()))
  const id = `settings/${(settings?.value.head.seq ?? 0) + 1}`
  const resources = policies.map(({ policy }) => ({ type: policyType, id: policy }))
  const notice = { tenant, type: 'stranded', resources, at, by } as const
  const named = requests.length > 0 ? requests.map(({ request }) => request) : undefined
  return [
    ...noticeWrites(context, {
      ...notice,
      id,
      to: to.filter((_, index) => reads[index]),
      ...defined({ requests: named }),
    }),
    ...noticeWrites(context, {
      ...notice,
      id: `${id}/unread`,
      resources: [],
      to: to.filter((_, index) => !reads[index]),
    }),
  ]
}
