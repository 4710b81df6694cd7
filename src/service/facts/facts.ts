import { canonical } from '../../core/change/canonical.ts'
import type { JsonValue } from '../../core/change/json.ts'
import type { StreamHead } from '../../core/log/event-chain.ts'
import { requirementsJoin } from '../../core/policy/model/requirement.ts'
import { joinRules } from '../../core/policy/model/rules-of-conduct.ts'
import type { Facts, TargetFacts } from '../../core/request/model/command.ts'
import type { Content, ProposedChange } from '../../core/request/model/content.ts'
import type { Request } from '../../core/request/model/request.ts'
import type { Revision } from '../../core/request/model/revision.ts'
import { type Refusal, refuse } from '../../errors.ts'
import type { Write } from '../../ports/storage.ts'
import { weigh } from '../changes/evaluate-changes.ts'
import { judgedAgain } from '../changes/lifecycle-action.ts'
import type { Proposal } from '../changes/propose-change.ts'
import { rebased } from '../changes/rebase.ts'
import { type ClaimRead, claimKeys, outsideFacts, outsideOf } from '../commands/external-claims.ts'
import { adopt } from '../commands/sync-host-documents.ts'
import type { Context } from '../context/context.ts'
import { typeOf } from '../context/find-resource-type.ts'
import { knownUsers, scopeOf } from '../people/ask-directory.ts'
import { unfitPolicies } from '../policies/policy-writes.ts'
import { unfitTurns } from '../policies/workflow-writes.ts'
import type { ContentRecord, PolicySetRecord, ResourceRecord } from '../records/record-types.ts'
import { keyOf, read, type Stored, unchanged } from '../records/typed-storage.ts'
import { validated } from '../resource-types/validate-document.ts'
import { type Holder, keptOffBy, readHolders } from './lock-holders.ts'

/** The content of a request as it was read back. */
export interface ContentRead {
  readonly content: Content
  /** Each change with the document that it starts from. */
  readonly proposals: readonly Proposal[]
}

/** The resources of a request as they are now, and who keeps whom off them. */
export interface ResourcesRead {
  readonly resources: readonly (Stored<ResourceRecord> | undefined)[]
  /** The project that the host says of each of them; undefined if the host does not keep it. */
  readonly projects: readonly (string | undefined)[]
  /** The claim of the one that is kept outside of the database, where one is. */
  readonly claim?: ClaimRead
  /** The other requests that hold locks on them. */
  readonly holders: readonly (Holder | undefined)[]
  /** States that they are still as they were read. */
  readonly relied: readonly Write[]
}

/** Asks who everybody is that a decision about a request looks at. */
export async function peopleOf({ directory }: Context, request: Request, others: readonly string[]) {
  const { tenant, project } = request
  return await knownUsers(directory, scopeOf(tenant, project), [...peopleIn(request), ...others])
}

/** The ids of everybody who had to do with a request. */
export function peopleIn({ requester, contributors, reviews, debt }: Request): readonly string[] {
  return [
    requester,
    ...contributors,
    ...reviews.flatMap(({ by, onBehalfOf = by }) => [by, onBehalfOf]),
    ...(debt ? [debt.by, ...debt.reviews.map(({ by }) => by)] : []),
  ]
}

/**
 * Gives what the policies ask of a request: the stricter of what they asked when it was submitted and what they ask now, unless all of its
 * policies said that the former alone counts.
 *
 * While no policy has changed since, that is what was pinned, and nothing is read.
 */
export async function askedNow(context: Context, request: Request, setVersion: StreamHead): Promise<Asked> {
  if (isSettled(request, setVersion)) return pinnedIn(request)
  return await askedOf(context, request, { setVersion, content: await readContent(context, request) })
}

/** Gives what the policies ask of several requests, in their order, as `askedNow` does, in at most one round trip. */
export async function askedOfAll(
  context: Context,
  requests: readonly Request[],
  setVersion: StreamHead,
): Promise<readonly Asked[]> {
  const moved = requests.filter((request) => !isSettled(request, setVersion))
  const contents = await readContents(context, moved)
  return await Promise.all(
    requests.map((request) => {
      const at = moved.indexOf(request)
      return at < 0 ? pinnedIn(request) : askedOf(context, request, { setVersion, content: contents[at] })
    }),
  )
}

type Asked = Pick<Facts, 'requirements' | 'rules'>

function isSettled({ policySet, requirements, rules }: Request, setVersion: StreamHead): boolean {
  return setVersion.hash === policySet.hash || rules.policyDrift === 'pinned' || requirements.length === 0
}

function pinnedIn({ requirements, rules }: Request): Asked {
  return { requirements, rules }
}

async function askedOf(
  context: Context,
  request: Request,
  { setVersion, content }: { readonly setVersion: StreamHead; readonly content: ContentRead | undefined },
): Promise<Asked> {
  const { requirements, rules, tenant } = request
  const { evaluation } = await weigh(context, tenant, { setVersion, proposals: content?.proposals ?? [] })
  if (evaluation.requirements.length === 0) return pinnedIn(request)
  return {
    requirements: requirementsJoin(requirements, evaluation.requirements),
    rules: joinRules(rules, evaluation.rules),
  }
}

/** Reads the content of a request, and the documents that it starts from; undefined where the content is not there. */
export async function readContent(context: Context, request: Request): Promise<ContentRead | undefined> {
  return (await readContents(context, [request]))[0]
}

async function readContents(
  { storage }: Context,
  requests: readonly Request[],
): Promise<readonly (ContentRead | undefined)[]> {
  if (requests.length === 0) return []
  const keys = requests.map(contentKeys)
  const found = await read(storage, {
    contents: keys.map(({ content }) => content),
    bases: keys.flatMap(({ bases }) => bases),
  })
  let next = 0
  return keys.map(({ bases }, index) => {
    const from = next
    next += bases.length
    return contentOf({ content: found.contents[index], bases: found.bases.slice(from, next) })
  })
}

/** Reads, in one round trip, the content of a request and the resources that it is about. */
export async function readWhole(
  context: Context,
  request: Request,
): Promise<{ readonly stored: ContentRead | undefined; readonly resources: ResourcesRead }> {
  const { tenant, id, resources } = request
  const projects = await adopt(context, tenant, resources)
  const keys = resources.map((resource) => keyOf('resources', tenant, resource.type, resource.id))
  const lockKeys = resources.map((resource) => keyOf('locks', tenant, resource.type, resource.id))
  const claims = claimKeys(context, tenant, resources)
  const found = await read(context.storage, { ...contentKeys(request), resources: keys, locks: lockKeys, claims })
  const outside = outsideOf(context, resources)
  const { holders, relied } = await readHolders(context, found.locks, id)
  return {
    stored: contentOf(found),
    resources: {
      resources: found.resources,
      projects,
      ...(outside ? { claim: { resource: outside, stored: found.claims[0] } } : {}),
      holders,
      relied: [
        ...keys.map((key, index) => unchanged(key, found.resources[index])),
        ...lockKeys.map((key, index) => unchanged(key, found.locks[index])),
        ...claims.map((key, index) => unchanged(key, found.claims[index])),
        ...relied,
      ],
    },
  }
}

function contentKeys({ tenant, id, edition, resources }: Request) {
  return {
    content: keyOf('contents', tenant, id, edition),
    bases: resources.map((resource) => keyOf('revisions', tenant, resource.type, resource.id, resource.base)),
  }
}

function contentOf({
  content,
  bases,
}: {
  readonly content: Stored<ContentRecord> | undefined
  readonly bases: readonly (Stored<Revision> | undefined)[]
}): ContentRead | undefined {
  if (!content) return undefined
  const { changes, applyAt } = content.value
  return {
    content: { changes, ...(applyAt === undefined ? {} : { applyAt }) },
    proposals: changes.map((change, index) => ({ change, before: bases[index]?.value.document ?? undefined })),
  }
}

/** Where content is to land, and by which rules. */
export interface Landing {
  readonly request: Pick<Request, 'tenant' | 'requester' | 'via'>
  readonly read: ResourcesRead
  /** Whether what is stale may be moved onto the live revisions. */
  readonly rebases: boolean
  readonly settings: PolicySetRecord | undefined
  readonly setVersion: StreamHead
}

/** Works out what applying has to know: the content as it would land, and the resources as they are. */
export async function targetOf(
  context: Context,
  { content, proposals }: ContentRead,
  landing: Landing,
): Promise<TargetFacts> {
  const { resources, holders, claim } = landing.read
  const live = resources.map((resource) => resource?.value.revision ?? 0)
  const stale = content.changes.some(({ base }, index) => base !== live[index])
  const moved = stale && landing.rebases ? await movedOnto(context, proposals, landing) : undefined
  const invalid = await firstInvalid(context, moved ?? content.changes, landing)
  const lockedBy = keptOffBy(context, content.changes, holders)
  const heldBy = holders.find((holder) => holder !== undefined)?.request
  return {
    ...content,
    live,
    ...(lockedBy === undefined ? {} : { lockedBy }),
    ...(heldBy === undefined ? {} : { heldBy }),
    ...(claim ? { outside: outsideFacts(context, claim) } : {}),
    ...(invalid ? { invalid } : {}),
    ...(moved ? { rebased: moved } : {}),
  }
}

/** Reads what stood at a revision; undefined where nothing did. */
export async function documentAt(
  { storage }: Context,
  tenant: string,
  { resource, revision }: { readonly resource: ProposedChange['resource']; readonly revision: number },
): Promise<JsonValue | undefined> {
  const { found } = await read(storage, { found: keyOf('revisions', tenant, resource.type, resource.id, revision) })
  return found?.value.document ?? undefined
}

/** Moves changes onto the live revisions, where nothing collides and the policies ask the same of them there. */
async function movedOnto(
  context: Context,
  proposals: readonly Proposal[],
  { request: { tenant }, setVersion, read: { resources } }: Landing,
): Promise<readonly ProposedChange[] | undefined> {
  const moved: Proposal[] = []
  for (const [index, { change, before }] of proposals.entries()) {
    const result = await rebased(typeOf(context, change.resource.type), {
      tenant,
      change,
      base: before,
      live: resources[index]?.value,
      resolutions: [],
    })
    if (!result.ok || result.value.conflicts.length > 0) return undefined
    moved.push(result.value.proposal)
  }
  const [here, there] = await Promise.all([
    weigh(context, tenant, { setVersion, proposals }),
    weigh(context, tenant, { setVersion, proposals: moved }),
  ])
  if (canonical(here as unknown as JsonValue) !== canonical(there as unknown as JsonValue)) return undefined
  return moved.map(({ change }) => change)
}

async function firstInvalid(
  context: Context,
  changes: readonly ProposedChange[],
  { request: { tenant, requester: user, via }, settings, setVersion, read: { resources, projects } }: Landing,
): Promise<Refusal | undefined> {
  for (const [index, change] of changes.entries()) {
    const { resource, project, after } = change
    const actual = projects[index] ?? project
    if (actual !== project) return refuse('wrong_project', { ...resource, project, actual }).refusal
    const type = typeOf(context, resource.type)
    const valid = after === null ? undefined : await validated(type, resource.id, after)
    if (valid && !valid.ok) return valid.refusal
    const refusal = await judgedAgain(type, change, { tenant, live: resources[index]?.value })
    if (refusal) return refusal
  }
  const state = { tenant, settings, setVersion }
  const asked = { state, requester: { tenant, user, via } }
  return (await unfitPolicies(context, asked, changes)) ?? (await unfitTurns(context, asked, changes))
}
