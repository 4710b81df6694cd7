import type { Refusal } from '../../errors.ts'
import type { Facts, RequestCommand } from './command.ts'
import { decide } from './decide.ts'
import type { Actor } from './event.ts'
import type { Request } from './request.ts'
import { type MethodOf, type PeopleVerb, peopleVerbs, verbs } from './status.ts'

/** For each method that acts on a request, why somebody cannot use it now; true where they can, as far as can be said before they say what for. */
export type Permissions = { readonly [V in PeopleVerb as MethodOf<V>]: true | Refusal }

/** Says what an actor can do with a request now, by deciding every verb and doing none. `factsFor` gives the facts of one verb. */
export function permissions(
  by: Actor,
  request: Request,
  { at, factsFor }: { readonly at: number; readonly factsFor: (verb: PeopleVerb) => Facts },
): Permissions {
  const entries = peopleVerbs.map((type) => {
    const command: RequestCommand = { type, by, at, seen: request.digest, reason: '…', incident: '…' }
    const decision = decide(command, request, factsFor(type))
    // Whatever needs facts that were not read is decided on everything else here.
    return [verbs[type].method, decision.ok || decision.refusal.code === 'content_tampered' ? true : decision.refusal]
  })
  return Object.fromEntries(entries)
}
