import type { CompiledPolicy } from '../../core/policy/compile/compile-policy.ts'
import { isOwnType } from '../../core/policy/model/policy-type.ts'
import { askedAfterFreezes, askedByPolicies, requirementsJoin } from '../../core/policy/model/requirement.ts'
import { joinRules } from '../../core/policy/model/rules-of-conduct.ts'
import type { Facts } from '../../core/request/model/command.ts'
import { peopleBehind, type Request } from '../../core/request/model/request.ts'
import { projectsOf } from '../../core/request/model/whereabouts.ts'
import { type AskingFreeze, askingFreezes, asksUntil } from '../changes/asking-freezes.ts'
import { askedByFreezesAlone, evaluateChanges } from '../changes/evaluate-changes.ts'
import { askingSets } from '../context/compiled-policies.ts'
import type { Context } from '../context/context.ts'
import { isOnFor } from '../context/workflow-switch.ts'
import type { PolicySetRecord } from '../records/record-types.ts'
import { stateIn } from '../records/typed-storage.ts'
import { type ContentRead, readContent, readContents } from './read-content.ts'

/** What policies and freezes ask, and the rules of conduct that hold. */
export type Asked = Pick<Facts, 'requirements' | 'rules' | 'asksUntil'>

/**
 * Gives what the policies ask of a request: the stricter of what they asked when it was submitted and what they ask
 * now, unless all of its policies said that the former alone counts. What freezes ask besides counts while they last,
 * and never longer.
 *
 * While no policy has changed since, none looks at more than the change and no freeze asks, that is what was pinned,
 * and nothing is read.
 */
export async function askedNow(
  context: Context,
  request: Request,
  settings: PolicySetRecord | undefined,
): Promise<Asked> {
  const looking = lookingAround(context, request, settings)
  const question = await questionOf(context, request, { settings, looking })
  return question ? await askedOf(context, question, await readContent(context, request)) : pinnedIn(request)
}

/**
 * Gives what the policies ask of several requests of a tenant, in their order, as `askedNow` does, in at most one round
 * trip.
 */
export async function askedOfAll(
  context: Context,
  requests: readonly Request[],
  settings: PolicySetRecord | undefined,
): Promise<readonly Asked[]> {
  const [first] = requests
  if (!first) return []
  const now = { settings, looking: lookingAround(context, first, settings) }
  const questions = await Promise.all(requests.map((request) => questionOf(context, request, now)))
  const open = questions.filter((question) => question !== undefined)
  const contents = await readContents(
    context,
    open.map(({ request }) => request),
  )
  return await Promise.all(
    requests.map((request, index) => {
      const question = questions[index]
      return question ? askedOf(context, question, contents[open.indexOf(question)]) : pinnedIn(request)
    }),
  )
}

/** What is to be asked about a request, since what was pinned may not be what holds. */
interface Question {
  readonly request: Request
  readonly settings: PolicySetRecord | undefined
  /** Whether the policies may ask something else by now. */
  readonly moved: boolean
  readonly asking: readonly AskingFreeze[]
}

/** By what it is judged whether what was pinned holds: the same for all requests of a tenant. */
interface Now {
  readonly settings: PolicySetRecord | undefined
  /** The policies that look at more than the change. */
  readonly looking: () => Promise<readonly CompiledPolicy[]>
}

async function questionOf(
  context: Context,
  request: Request,
  { settings, looking }: Now,
): Promise<Question | undefined> {
  const asking = asksFreezes(request) ? askingFreezes(context, settings, { now: context.now(), schedule: request }) : []
  const moved = !isSettled(context, request, settings) || (await changesByItself(request, looking))
  return moved || asking.length > 0 ? { request, settings, moved, asking } : undefined
}

/** Tells whether freezes have a say in a request now. What nobody had to approve is asked about when it is to land. */
function asksFreezes({ status, requirements }: Request): boolean {
  return status !== 'applied' && requirements.length > 0
}

function isSettled(context: Context, request: Request, settings: PolicySetRecord | undefined): boolean {
  const { coded } = context
  const { policySet, requirements, rules } = request
  const isSame = stateIn(settings).hash === policySet.hash && policySet.inCode === coded?.digest
  return (
    (isSame && isAskedAlready(context, request, settings)) ||
    rules.policyDrift === 'pinned' ||
    requirements.length === 0
  )
}

/**
 * Tells whether whatever the policies ask, they asked when it was pinned: the application may have switched the
 * workflow on since, which no state of the settings shows. What only policies ask that do so while it is off tells
 * nothing of the others.
 */
function isAskedAlready(context: Context, request: Request, settings: PolicySetRecord | undefined): boolean {
  const byPolicies = askedByPolicies(request.requirements)
  if (byPolicies.some(({ whileOff }) => whileOff !== 'asks')) return true
  return byPolicies.length > 0 && !isOnFor(context, settings, request)
}

/**
 * Tells whether what policies ask of a request can change while they do not: one of them looks at who asks, at whom a
 * document names, or at what was live lately, or asks the host.
 */
async function changesByItself(
  { resources, requirements, rules, ...where }: Request,
  looking: Now['looking'],
): Promise<boolean> {
  if (rules.policyDrift === 'pinned' || requirements.length === 0) return false
  const policies = await looking()
  return policies.some(({ resources: types, projects }) => {
    const isThere = projects === undefined || projectsOf(where).some((one) => one === '' || projects.includes(one))
    return isThere && resources.some(({ type }) => types?.includes(type) ?? !isOwnType(type))
  })
}

/** Finds the policies in force that can ask something else of the same change by now, when it is first asked. */
function lookingAround(
  { policies, storage }: Context,
  { tenant }: Pick<Request, 'tenant'>,
  settings: PolicySetRecord | undefined,
): Now['looking'] {
  let found: Promise<readonly CompiledPolicy[]> | undefined
  const find = async () =>
    askingSets(await policies(storage, tenant, stateIn(settings)), false).flatMap((set) => set.unsteady)
  return () => {
    found ??= find()
    return found
  }
}

function pinnedIn(request: Request): Asked {
  const { requirements, rules } = request
  return { requirements: asksFreezes(request) ? askedAfterFreezes(requirements) : requirements, rules }
}

async function askedOf(
  context: Context,
  { request, settings, moved, asking }: Question,
  content: ContentRead | undefined,
): Promise<Asked> {
  const { rules } = request
  const requirements = asksFreezes(request) ? askedByPolicies(request.requirements) : request.requirements
  const { proposals = [], content: brought } = content ?? {}
  const what = { proposals, revertAt: brought?.revertAt, behind: peopleBehind(request), asking }
  const lasting = asksUntil(asking)
  if (!moved) {
    const byFreezes = await askedByFreezesAlone(context, request.tenant, what)
    const all = requirementsJoin(requirements, byFreezes)
    return all.length === 0 ? pinnedIn(request) : { requirements: all, rules, ...lasting }
  }
  const { evaluation } = await evaluateChanges(context, request.tenant, {
    ...what,
    setVersion: stateIn(settings),
    settings,
  })
  const all = requirementsJoin(requirements, evaluation.requirements)
  if (all.length === 0) return pinnedIn(request)
  const isSilent = askedByPolicies(evaluation.requirements).length === 0
  const strictest = requirements.length === 0 ? evaluation.rules : joinRules(rules, evaluation.rules)
  return { requirements: all, rules: isSilent ? rules : strictest, ...lasting }
}
