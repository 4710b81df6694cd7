import type { Refusal } from '../../../errors/result.ts'
import { ownerOf } from '../../review/giver.ts'
import type { Facts, RequestCommand } from '../model/command.ts'
import { statusAt } from '../model/deadline.ts'
import type { Decision } from '../model/decision.ts'
import type { Actor, LaterEvent } from '../model/event.ts'
import type { Request } from '../model/request.ts'
import {
  allows,
  type PeopleVerb,
  type RequestMethod,
  type RequestVerb,
  requestMethods,
  type VerbRow,
  verbBy,
  verbs,
} from '../model/status-table.ts'
import { decide } from './decide.ts'
import { answersBy } from './withdraw.ts'

/**
 * For each method that acts on a request, why the reader cannot use it now; true if they can, as far as that is known
 * without its arguments.
 */
export type MethodPermissions = { readonly [M in RequestMethod]: true | Refusal }

/**
 * Says what an actor can do with a request now, by deciding every method and doing none. `factsFor` gives the facts
 * of one verb.
 */
export function permittedMethods(
  by: Actor,
  request: Request,
  { at, factsFor }: { readonly at: number; readonly factsFor: (verb: PeopleVerb) => Facts },
): MethodPermissions {
  const { holds } = factsFor('comment')
  const entries = requestMethods.map((method) => {
    const type = verbOf(method, request, { at, holds })
    return [method, permission({ type, by, at }, request, factsFor(type))]
  })
  return Object.fromEntries(entries)
}

/** When a request is looked at, and when the workflow was off in its project. */
interface Clock {
  readonly at: number
  readonly holds: Facts['holds'] | undefined
}

/** The verb that a method means for a request at a moment. */
export function verbOf(method: RequestMethod, request: Request, { at, holds }: Clock): PeopleVerb {
  return verbBy(method, statusAt(request, { at, holds }))
}

/**
 * The verb that is meant by one that does not exist in the state of a request: the one of the same method that does.
 */
export function meantBy<V extends RequestVerb>(verb: V, request: Request, { at, holds }: Clock): V | PeopleVerb {
  const status = statusAt(request, { at, holds })
  const { method }: VerbRow = verbs[verb]
  return method === undefined || allows(status, verb) ? verb : verbBy(method as RequestMethod, status)
}

/** A verb that somebody could use: for themselves, or for somebody who has delegated an answer to them. */
export interface Use {
  readonly type: PeopleVerb
  readonly by: Actor
  readonly at: number
  readonly onBehalfOf?: string
}

/**
 * Says why somebody cannot use one verb on a request now; true if they can, as far as can be said before they say
 * what for.
 */
export function permission(use: Use, request: Request, facts: Facts): true | Refusal {
  if (use.type === 'withdraw' && use.onBehalfOf === undefined) return withdrawal(use, request, facts)
  return decided(use, request, facts)
}

/** Whoever could take back one of several answers can, once they say which. */
function withdrawal(use: Use, request: Request, facts: Facts): true | Refusal {
  const answers = answersBy(use.by.user, request)
  const [first = decided(use, request, facts), ...others] = answers.map((one) =>
    decided({ ...use, onBehalfOf: ownerOf(one) }, request, facts),
  )
  return others.includes(true) ? true : first
}

function decided(use: Use, request: Request, facts: Facts): true | Refusal {
  const decision = decidedAs(use, request, facts)
  // What still needs a fact is decided on everything else here.
  return decision.ok ? true : (decision.refusal ?? true)
}

/** Decides a verb with whatever it takes to be said along with it. */
export function decidedAs(use: Use, request: Request, facts: Facts): Decision<LaterEvent> {
  const command = { ...use, seen: request.digest, reason: '…', incident: '…', comment: 0 } as RequestCommand
  return decide(command, request, facts)
}
