import { isOwnType } from '../../core/policy/model/policy-type.ts'
import { requirementsJoin } from '../../core/policy/model/requirement.ts'
import { joinRules } from '../../core/policy/model/rules-of-conduct.ts'
import type { Facts } from '../../core/request/model/command.ts'
import { peopleBehind, type Request } from '../../core/request/model/request.ts'
import { projectsOf } from '../../core/request/model/whereabouts.ts'
import { evaluateChanges } from '../changes/evaluate-changes.ts'
import { askingSets } from '../context/compiled-policies.ts'
import type { Context } from '../context/context.ts'
import { isOnFor } from '../context/workflow-switch.ts'
import type { PolicySetRecord } from '../records/record-types.ts'
import { stateIn } from '../records/typed-storage.ts'
import { type ContentRead, readContent, readContents } from './read-content.ts'

/** What policies ask, and the rules of conduct that hold. */
export type Asked = Pick<Facts, 'requirements' | 'rules'>

/**
 * Gives what the policies ask of a request: the stricter of what they asked when it was submitted and what they ask
 * now, unless all of its policies said that the former alone counts.
 *
 * While no policy has changed since, and none looks at more than the change, that is what was pinned, and nothing is
 * read.
 */
export async function askedNow(
  context: Context,
  request: Request,
  settings: PolicySetRecord | undefined,
): Promise<Asked> {
  if (isSettled(context, request, settings) && !(await changesByItself(context, request, settings)))
    return pinnedIn(request)
  return await askedOf(context, request, { settings, content: await readContent(context, request) })
}

/** Gives what the policies ask of several requests, in their order, as `askedNow` does, in at most one round trip. */
export async function askedOfAll(
  context: Context,
  requests: readonly Request[],
  settings: PolicySetRecord | undefined,
): Promise<readonly Asked[]> {
  const moves = await Promise.all(
    requests.map(async (request) => {
      return !isSettled(context, request, settings) || (await changesByItself(context, request, settings))
    }),
  )
  const moved = requests.filter((_, index) => moves[index])
  const contents = await readContents(context, moved)
  return await Promise.all(
    requests.map((request) => {
      const at = moved.indexOf(request)
      return at < 0 ? pinnedIn(request) : askedOf(context, request, { settings, content: contents[at] })
    }),
  )
}

function isSettled(
  { coded }: Context,
  { policySet, requirements, rules }: Request,
  settings: PolicySetRecord | undefined,
): boolean {
  const isSame = stateIn(settings).hash === policySet.hash && policySet.inCode === coded?.digest
  return isSame || rules.policyDrift === 'pinned' || requirements.length === 0
}

/**
 * Tells whether what policies ask of a request can change while they do not: one of them looks at who asks, at whom a
 * document names, or at what was live lately.
 */
async function changesByItself(
  { policies, storage }: Context,
  { tenant, resources, requirements, rules, ...where }: Request,
  settings: PolicySetRecord | undefined,
): Promise<boolean> {
  if (rules.policyDrift === 'pinned' || requirements.length === 0) return false
  const sets = askingSets(await policies(storage, tenant, stateIn(settings)), false)
  const lookingAround = sets.flatMap((set) => set.lookingAround)
  return lookingAround.some(({ resources: types, projects }) => {
    const isThere = projects === undefined || projectsOf(where).some((one) => one === '' || projects.includes(one))
    return isThere && resources.some(({ type }) => types?.includes(type) ?? !isOwnType(type))
  })
}

function pinnedIn({ requirements, rules }: Request): Asked {
  return { requirements, rules }
}

async function askedOf(
  context: Context,
  request: Request,
  { settings, content }: { readonly settings: PolicySetRecord | undefined; readonly content: ContentRead | undefined },
): Promise<Asked> {
  const { requirements, rules, tenant } = request
  const { evaluation } = await evaluateChanges(context, tenant, {
    setVersion: stateIn(settings),
    proposals: content?.proposals ?? [],
    revertAt: content?.content.revertAt,
    behind: peopleBehind(request),
    off: !isOnFor(context, settings, request),
  })
  if (evaluation.requirements.length === 0) return pinnedIn(request)
  return {
    requirements: requirementsJoin(requirements, evaluation.requirements),
    rules: joinRules(rules, evaluation.rules),
  }
}
