import { type Refusal, type Result, refuse, success } from '../../../errors/result.ts'
import { covers } from '../../review/delegation.ts'
import { eligibility } from '../../review/eligibility.ts'
import type { Giver } from '../../review/giver.ts'
import type { Verdict } from '../../review/under-review.ts'
import type { Facts } from '../model/command.ts'
import type { Request } from '../model/request.ts'
import { projectsOf } from '../model/whereabouts.ts'
import { inForce } from './request-outcome.ts'

/** Who would give or take back an answer, whose it is, and when. */
interface Answering {
  readonly by: string
  readonly whose: string
  readonly at: number
}

/**
 * Finds who stands behind an answer: its owner, or somebody to whom the owner has delegated it for now. An agent
 * stands in for nobody, and nobody stands in for an agent.
 */
export function giver({ by, whose, at }: Answering, request: Request, facts: Facts): Result<Giver> {
  const user = facts.users.get(by)
  if (!user) return refuse('unknown_actor', { actor: by })
  if (whose === by) return success({ user, principal: user })
  const principal = facts.users.get(whose)
  const delegation = facts.delegations?.find(({ from, to }) => from === whose && to === by)
  if (!principal || !delegation || user.agent || principal.agent || !covers(delegation, { ...request, at })) {
    const left = principal ? {} : ({ left: true } as const)
    return refuse('not_delegated', { request: request.id, actor: by, onBehalfOf: whose, ...left })
  }
  return success({ user, principal })
}

/** Says why somebody may not give this answer, or take it back; `undefined` if they may. */
export function withoutAuthority(
  who: Giver,
  verdict: Verdict,
  { request, facts }: { readonly request: Request; readonly facts: Facts },
): Refusal | undefined {
  const { id } = request
  const actor = who.user.id
  switch (eligibility({ ...request, ...inForce(request, facts) }, facts.users, verdict)(who)) {
    case 'requester':
      return refuse('self_approval', { request: id, actor }).refusal
    case 'contributor':
      return refuse('contributor', { request: id, actor }).refusal
    case 'excluded':
    case 'not_an_approver':
      return refuse('not_an_approver', { request: id, actor, ...rolesHeld(who, request) }).refusal
    case 'eligible':
      return undefined
  }
}

/** The roles that somebody answers with, and those in each project if there are several. */
function rolesHeld({ principal: { roles, rolesByProject } }: Giver, request: Request) {
  const projects = projectsOf(request)
  if (projects.length < 2 || rolesByProject?.length !== projects.length) return { roles }
  return { roles, projects: projects.map((project, index) => ({ project, roles: rolesByProject[index] ?? [] })) }
}
