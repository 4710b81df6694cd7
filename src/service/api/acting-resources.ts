import { checkKeys, checkRef, checkRevision } from '../arguments/check-arguments.ts'
import type { Context } from '../context/context.ts'
import type { Reader } from '../people/reading-rights.ts'
import { type Comparison, checkVersion, compareVersions, type ResourceVersion } from '../queries/compare-versions.ts'
import { type ListedDraft, listDrafts } from '../queries/list-drafts.ts'
import {
  countResources,
  listResources,
  type ResourceCount,
  type ResourceFilter,
  type ResourcePage,
} from '../queries/list-resources.ts'
import type { ResourceCriteria } from '../queries/resource-filter.ts'
import { type ListedRevision, type LiveResource, readHistory, readResource } from '../queries/resource-history.ts'
import type { ResourceRef } from '../resource-types/resource-type.ts'

/** What one actor can read of resources. {@link ActingApprovals} lists the codes that every call can throw. */
export interface ActingResources {
  /**
   * Reads a live resource; `undefined` if there is none.
   *
   * @example
   * ```ts
   * const live = await ann.resources.get(flags.ref('checkout'))
   * console.log(live?.document.rollout)
   * ```
   *
   * @throws `unknown_resource_type`.
   */
  get<T>(ref: ResourceRef<T>): Promise<LiveResource<T> | undefined>
  /**
   * Lists live resources, the last updated first: by type, project, live state and the time of the last update. A
   * resource that the application keeps is listed as it was recorded last: lists ask no host. Policies are listed by
   * `policies.list`.
   *
   * @example
   * ```ts
   * const { resources, next } = await ann.resources.list({ type: 'feature_flag', project: 'web' })
   * console.log(resources.map(({ id, revision }) => `${id} ${revision}`), next)
   * ```
   *
   * @throws `invalid_input` for a type, a state or a cursor that there is not.
   */
  list(filter?: ResourceFilter): Promise<ResourcePage>
  /**
   * Counts the resources that `list` would hold.
   *
   * @example
   * ```ts
   * const { count } = await ann.resources.count({ type: 'feature_flag' })
   * ```
   *
   * @throws `invalid_input` for a type or a state that there is not.
   */
  count(filter?: ResourceCriteria): Promise<ResourceCount>
  /**
   * Lists the revisions of a resource, the newest first.
   *
   * @example
   * ```ts
   * const [latest] = await ann.resources.history(flags.ref('checkout'), { limit: 1 })
   * ```
   *
   * @throws `unknown_resource_type`.
   */
  history<T>(ref: ResourceRef<T>, options?: HistoryOptions): Promise<readonly ListedRevision<T>[]>
  /**
   * Lists what people would make of a resource, beside its revisions: drafts and open requests, the newest first, at
   * most 200. Each with its author, its last update and what its reviewers said.
   *
   * @example
   * ```ts
   * const [draft] = await ann.resources.drafts(flags.ref('checkout'))
   * console.log(draft?.author, draft?.stale)
   * ```
   *
   * @throws `unknown_resource_type`.
   */
  drafts<T>(ref: ResourceRef<T>): Promise<readonly ListedDraft[]>
  /**
   * Compares two versions of a resource: revisions by their numbers (0 is the resource that does not exist yet), what
   * is `'live'`, and what a request would make of it, drafts among them.
   *
   * @example
   * ```ts
   * const { lines } = await ann.resources.compare(flags.ref('checkout'), 1, 'live')
   * const draft = await ann.draft(flags.ref('checkout'), { merge: { rollout: 50 } })
   * await ann.resources.compare(flags.ref('checkout'), 'live', { request: draft.id })
   * ```
   *
   * @throws `unknown_resource_type`, `unknown_revision`, `unknown_resource`, `unknown_request`, `content_tampered`,
   * `invalid_shape`; `revision_not_kept`, `content_not_kept` if retention has removed one of the two.
   */
  compare<T>(ref: ResourceRef<T>, from: ResourceVersion, to: ResourceVersion): Promise<Comparison>
}

/** Options of `history`: which revisions to list. */
export interface HistoryOptions {
  /**
   * At most so many, 1 to 200.
   *
   * @defaultValue 50
   */
  readonly limit?: number | undefined
  /**
   * Revisions before this one.
   *
   * @defaultValue none: from the latest on
   */
  readonly before?: number | undefined
}

/** Binds what is about resources to one actor. */
export function actingResources(context: Context, reader: Reader): ActingResources {
  return {
    async get(ref) {
      return await readResource(context, reader, checkRef(context, ref).ref)
    },
    list: async (filter = {}) => await listResources(context, reader, filter),
    count: async (filter = {}) => await countResources(context, reader, filter),
    async history(given, options = {}) {
      const { ref } = checkRef(context, given)
      checkKeys('options', options, ['limit', 'before'])
      const before = options.before === undefined ? undefined : checkRevision('options.before', options.before)
      return await readHistory(context, reader, { ref, limit: options.limit ?? 50, before })
    },
    drafts: async (given) => await listDrafts(context, reader, checkRef(context, given).ref),
    async compare(given, from, to) {
      const { ref } = checkRef(context, given)
      const versions = { from: checkVersion('from', from), to: checkVersion('to', to) }
      return await compareVersions(context, reader, { ref, ...versions })
    },
  }
}
