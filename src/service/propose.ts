import { admit } from '../core/change/admit.ts'
import { type ChangeInput, nextValue } from '../core/change/change-input.ts'
import { diff } from '../core/change/diff.ts'
import type { JsonValue } from '../core/change/json.ts'
import type { PolicySubject } from '../core/policy/policy.ts'
import type { ProposedChange } from '../core/request/content.ts'
import { type Result, refuse, success } from '../errors.ts'
import { inTime } from './in-time.ts'
import type { ResourceRecord } from './records.ts'
import type { ResourceRef, ResourceType } from './resource-type.ts'

/** A change that somebody wants made to one resource. */
export interface Wish {
  readonly type: ResourceType
  readonly ref: ResourceRef
  readonly change: ChangeInput<never>
  /** The revision that the actor saw, where they said so. */
  readonly base?: number
}

/** A change worked out against the document that it starts from. */
export interface Proposal {
  readonly change: ProposedChange
  /** The document that it starts from; undefined where there is none. */
  readonly before: JsonValue | undefined
}

/** Works out what a wish would make of the live document. */
export async function propose(
  { type, ref, change, base }: Wish,
  live: ResourceRecord | undefined,
): Promise<Result<Proposal>> {
  const resource = { type: ref.type, id: ref.id }
  const exists = live !== undefined && live.document !== null
  const revision = live?.revision ?? 0
  if (live && ref.project !== undefined && ref.project !== live.project) {
    return refuse('wrong_project', { ...resource, project: ref.project, actual: live.project })
  }
  if (base !== undefined && base !== revision) return refuse('stale', { ...resource, base, live: revision })
  const start: Start = {
    resource,
    project: live ? live.project : (ref.project ?? ''),
    base: revision,
    incarnation: exists ? live.incarnation : 0,
    before: exists ? live.document : undefined,
  }
  const next = nextValue(start.before, change)
  return next.ok ? await proposeValue(type, start, next.value) : next
}

/** Where a change starts from. */
export interface Start extends Pick<ProposedChange, 'resource' | 'project' | 'base' | 'incarnation'> {
  readonly before: JsonValue | undefined
}

/** Works out the change from where it starts to a document; undefined removes the resource. */
export async function proposeValue(
  type: ResourceType,
  { before, ...start }: Start,
  next: JsonValue | undefined,
): Promise<Result<Proposal>> {
  const valid = next === undefined ? success(undefined) : await validated(type, start.resource.id, next)
  if (!valid.ok) return valid
  if (valid.value === null)
    return refuse('invalid_document', { path: '', problem: 'null is no document: remove it with { remove: true }' })
  return proposeValid(type, { before, ...start }, valid.value)
}

/** The same for a document that is not validated, or is already. */
export function proposeValid(
  type: ResourceType,
  { before, ...start }: Start,
  after: JsonValue | undefined,
): Result<Proposal> {
  const places = diff(before, after, type.shape)
  if (!places.ok) return places
  const actions = type.actionsOf({ before, after }, places.value)
  return success({ before, change: { ...start, actions, places: places.value, after: after ?? null } })
}

/** Makes what policies look at out of a change. */
export function subjectOf(type: ResourceType | undefined, { change, before }: Proposal): PolicySubject {
  const { resource, project, actions, places, after } = change
  const documents = { before, after: after ?? undefined }
  const facets = type?.facetsOf(documents) ?? {}
  return {
    resource,
    project: project === '' ? undefined : project,
    actions,
    places,
    ...documents,
    facets,
  }
}

/** Validates a document against the schema of its type. What the schema returns is the document from then on. */
export async function validated(type: ResourceType, id: string, document: JsonValue): Promise<Result<JsonValue>> {
  const resource = `${type.type} ${JSON.stringify(id)}`
  try {
    const result = await inTime(type.schema['~standard'].validate(document))
    if (!result.issues) return admit(result.value)
    const issues = result.issues.map(({ message, path = [] }) => ({
      path: path.map((part) => `/${String(typeof part === 'object' ? part.key : part)}`).join(''),
      message,
    }))
    return refuse('invalid_by_schema', { resource, issues })
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    return refuse('invalid_by_schema', {
      resource,
      issues: [{ path: '', message: `the schema itself failed: ${message}` }],
    })
  }
}
