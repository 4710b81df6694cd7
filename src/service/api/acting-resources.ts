import type { Actor } from '../../core/request/model/event.ts'
import { checkKeys, checkRef, checkRevision } from '../arguments/check-arguments.ts'
import type { Context } from '../context/context.ts'
import {
  type Comparison,
  compareRevisions,
  type ListedRevision,
  type LiveResource,
  readHistory,
  readResource,
} from '../queries/resource-history.ts'
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
   * Compares two revisions of a resource; 0 is the resource that does not exist yet.
   *
   * @example
   * ```ts
   * const { lines } = await ann.resources.compare(flags.ref('checkout'), 1, 2)
   * ```
   *
   * @throws `unknown_resource_type`, `unknown_revision`, `invalid_shape`.
   */
  compare<T>(ref: ResourceRef<T>, from: number, to: number): Promise<Comparison>
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
export function actingResources(context: Context, { tenant }: Actor): ActingResources {
  return {
    async get(ref) {
      return await readResource(context, tenant, checkRef(context, ref).ref)
    },
    async history(given, options = {}) {
      const { ref } = checkRef(context, given)
      checkKeys('options', options, ['limit', 'before'])
      const before = options.before === undefined ? undefined : checkRevision('options.before', options.before)
      return await readHistory(context, tenant, { ref, limit: options.limit ?? 50, before })
    },
    async compare(given, from, to) {
      const { ref } = checkRef(context, given)
      const revisions = { from: checkRevision('from', from), to: checkRevision('to', to) }
      return await compareRevisions(context, tenant, { ref, ...revisions })
    },
  }
}
