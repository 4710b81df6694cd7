import type { Refusal } from '../../errors.ts'
import type { Facts, RequestCommand } from './command.ts'
import { decide } from './decide.ts'
import type { Actor } from './event.ts'
import type { Request } from './request.ts'
import { type RequestVerb, verbNames } from './status.ts'

/** For each verb, why somebody cannot use it now; true where they can, as far as can be said before the command is there. */
export type Permissions = { readonly [V in PeopleVerb]: true | Refusal }

/** The verbs that people use; the others are the clock's. */
export type PeopleVerb = Exclude<RequestVerb, 'come_due' | 'expire'>

/** Says what an actor can do with a request now, by deciding every verb and doing none. */
export function permissions(
  by: Actor,
  request: Request,
  { at, ...facts }: Facts & { readonly at: number },
): Permissions {
  const verbs = verbNames.filter((verb): verb is PeopleVerb => verb !== 'come_due' && verb !== 'expire')
  const entries = verbs.map((type) => {
    const command: RequestCommand = { type, by, at, seen: request.digest, reason: '…' }
    const decision = decide(command, request, facts)
    // Whatever needs the content is decided on everything else here.
    return [type, decision.ok || decision.refusal.code === 'content_tampered' ? true : decision.refusal]
  })
  return Object.fromEntries(entries)
}
