import { defined } from '../../core/defined.ts'
import type { JsonValue } from '../../core/json/json.ts'
import type { PolicyInput, PolicyMatch } from '../../core/policy/model/policy.ts'
import { isOwnType, policyType } from '../../core/policy/model/policy-type.ts'
import { inForce } from '../../core/request/decide/request-outcome.ts'
import type { Request } from '../../core/request/model/request.ts'
import { isOpen } from '../../core/request/model/status-table.ts'
import { projectsOf } from '../../core/request/model/whereabouts.ts'
import { covers } from '../../core/review/delegation.ts'
import { askedAs } from '../../core/review/needs.ts'
import { isAmong } from '../../core/review/voter.ts'
import { hasCode } from '../../errors/approval-error.ts'
import type { Context } from '../context/context.ts'
import { asSwitched } from '../context/workflow-switch.ts'
import { knownAnywhere, scopesOf } from '../people/ask-directory.ts'
import { type Reader, type ReadingRights, readingRights } from '../people/reading-rights.ts'
import type { PolicySetRecord, ResourceRecord } from '../records/record-types.ts'
import { read, recordKey, type Stored } from '../records/typed-storage.ts'
import { projectOfSwitch } from '../resource-types/workflow-resource.ts'
import { delegationsTo } from './delegations.ts'
import { askedNow } from './effective-requirements.ts'
import { readContent } from './read-content.ts'

/** A resource, as far as it matters for who may read it. */
export interface ReadableResource {
  readonly type: string
  readonly id: string
  /** Empty if it belongs to no project. */
  readonly project: string
  /** Null or undefined if there is none. */
  readonly document: JsonValue | undefined
}

/**
 * Tells whether somebody may read a resource: where it is. A policy is read by whoever may read in one of the projects
 * that it names, and one that names none by everybody; a switch, where it switches. What is gone of a policy says no
 * project any more.
 */
export async function mayReadResource(
  rights: ReadingRights,
  { type, id, project, document }: ReadableResource,
): Promise<boolean> {
  if (!isOwnType(type)) return await rights.in(project)
  if (type === policyType) {
    if (document === null || document === undefined) return await rights.everywhere()
    return await mayReadMatch(rights, (document as unknown as PolicyInput).match)
  }
  const its = projectOfSwitch(id)
  return await mayReadMatch(rights, its === '' ? {} : { project: its })
}

/** Tells whether somebody may read what is about these projects, or about all of them. */
export async function mayReadMatch(rights: ReadingRights, match: Pick<PolicyMatch, 'project'>): Promise<boolean> {
  if (match.project === undefined) {
    await rights.known()
    return true
  }
  return await someIn(rights, [match.project].flat())
}

/** Tells whether somebody may read a request: where it is, or because they are asked about it. */
export async function mayReadRequest(
  context: Context,
  reader: Reader,
  { rights, request }: { readonly rights: ReadingRights; readonly request: Request },
): Promise<boolean> {
  return (await mayReadWhereItIs(context, rights, request)) || (await isAsked(context, reader, request))
}

/** Finds those among people who may read a request, in their order: whoever may not is told nothing of it. */
export async function readersAmong(
  context: Context,
  users: readonly string[],
  { request, settings }: { readonly request: Request; readonly settings: PolicySetRecord | undefined },
): Promise<readonly string[]> {
  const { tenant } = request
  const distinct = [...new Set(users)]
  const readable = await Promise.all(
    distinct.map(async (user) => {
      const rights = readingRights(context, { tenant, user }, { settings })
      try {
        return await mayReadRequest(context, { tenant, user }, { rights, request })
      } catch (error) {
        if (hasCode(error, 'unknown_actor')) return false
        throw error
      }
    }),
  )
  return distinct.filter((_, index) => readable[index])
}

/**
 * Tells whether somebody may read requests where this one is: in each of its projects. One about policies or a switch
 * is read by whoever may read these before and after.
 */
export async function mayReadWhereItIs(context: Context, rights: ReadingRights, request: Request): Promise<boolean> {
  const own = request.resources.some(({ type }) => isOwnType(type))
  return own ? await mayReadOwn(context, rights, request) : await everyIn(rights, projectsOf(request))
}

/** Finds a resource of a request that is by now where somebody may not read: for them it is gone. */
export async function outOfSight(
  rights: ReadingRights,
  request: Request,
  live: readonly (Stored<ResourceRecord> | undefined)[],
): Promise<Request['resources'][number] | undefined> {
  const known = projectsOf(request)
  for (const [index, resource] of request.resources.entries()) {
    const its = live[index]?.value
    if (its && !known.includes(its.project) && !(await rights.in(its.project))) return resource
  }
  return undefined
}

async function mayReadOwn(context: Context, rights: ReadingRights, request: Request): Promise<boolean> {
  if (await rights.everywhere()) return true
  const content = await readContent(context, request)
  if (!content || content.lost) return false
  for (const { change, before } of content.proposals) {
    const { resource, project, after } = change
    for (const document of [before, after]) {
      if (document === undefined || document === null) continue
      if (!(await mayReadResource(rights, { ...resource, project, document }))) return false
    }
  }
  return true
}

function asWas({ requirements, rules }: Request) {
  return { requirements, rules }
}

/**
 * Tells whether somebody is asked to answer a request, may answer it for somebody who is, or can apply it without. Of
 * one that has ended, those are asked who were.
 */
async function isAsked(context: Context, { tenant, user }: Reader, stored: Request): Promise<boolean> {
  if (user === undefined) return false
  const { directory, storage } = context
  const { project, projects, resources } = stored
  const at = context.now()
  const { set } = await read(storage, { set: recordKey('policySets', tenant) })
  const { request } = asSwitched(context, set?.value, { request: stored, at })
  const [asked, delegations] = await Promise.all([
    isOpen(request.status) || request.followUp ? askedNow(context, request, set?.value) : asWas(request),
    delegationsTo(context, { tenant, user }, at),
  ])
  const helpers = isOpen(request.status) ? [...asked.rules.bypass, ...asked.rules.breakGlass] : []
  const { requirements } = inForce(request, asked)
  const matter = { at, resources, ...defined({ project, projects }) }
  const principals = delegations.filter((one) => covers(one, matter)).map((one) => one.from)
  const users = await knownAnywhere(directory, scopesOf(tenant, request), [user, ...principals])
  const self = users.get(user)
  if (!self) return false
  const sides = self.partly ? [self] : [...users.values()]
  return sides.some((one) => askedAs(one, requirements).length > 0 || isAmong(one, { roles: helpers }))
}

async function everyIn(rights: ReadingRights, projects: readonly string[]): Promise<boolean> {
  for (const project of projects) {
    if (!(await rights.in(project))) return false
  }
  return true
}

async function someIn(rights: ReadingRights, projects: readonly string[]): Promise<boolean> {
  for (const project of projects) {
    if (await rights.in(project)) return true
  }
  return false
}
