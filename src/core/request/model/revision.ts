import { defined } from '../../defined.ts'
import type { Digest } from '../../json/digest.ts'
import type { JsonValue } from '../../json/json.ts'
import { isOwnType } from '../../policy/model/policy-type.ts'
import type { PinnedRequirement } from '../../policy/model/requirement.ts'
import { documentDigest, type PinnedMove, type ProposedChange } from './content.ts'

/** A resource as it is live. */
export interface Resource {
  readonly tenant: string
  readonly type: string
  readonly id: string
  /** Empty if it belongs to no project. */
  readonly project: string
  /** Number of the live revision. */
  readonly revision: number
  /** Number of the revision that created it: deleted and created again, it is another resource. */
  readonly incarnation: number
  /** The live document; null if the resource is deleted. */
  readonly document: JsonValue
  /** The live state in its life cycle; absent if it has none. */
  readonly state?: string
  /** When the clock ends that state, in milliseconds since 1970, if it does. */
  readonly stateDueAt?: number
  /**
   * When its live revision was made, in milliseconds since 1970: under this time it is listed. Absent of what is
   * deleted, and of policies and switches, which have lists of their own.
   */
  readonly updatedAt?: number
}

/** An applied state of a resource. Never rewritten. */
export interface Revision {
  readonly tenant: string
  readonly type: string
  readonly id: string
  /** Empty if the resource belongs to no project. */
  readonly project: string
  readonly number: number
  readonly incarnation: number
  /** The document from then on; null if the revision deleted the resource. */
  readonly document: JsonValue
  readonly digest: Digest
  readonly actions: readonly string[]
  /** The action of the life cycle that made it; absent if the resource has none. */
  readonly move?: PinnedMove
  readonly author: string
  readonly via: string
  /** In milliseconds since 1970. */
  readonly at: number
  /** What the author said. */
  readonly message?: string
  /**
   * The request that it was approved in; none for a change that no policy gated. Found in the host: the one that had
   * failed, and whose write landed late.
   */
  readonly request?: string
  /**
   * When retention removed the document, in milliseconds since 1970; `document` is null then, and the digest stays.
   * Absent while it is kept.
   */
  readonly notKept?: number
  /**
   * What the policies in shadow would have asked of it, where none that is on asked; of a change that was approved, its
   * request says so. Left out: nothing.
   */
  readonly shadow?: readonly PinnedRequirement[]
}

/** Who made a revision, when, and out of what. */
export type Authorship = Pick<Revision, 'tenant' | 'author' | 'via' | 'at' | 'message' | 'request' | 'shadow'>

/** What happened to a resource: its document has a new revision. */
export interface RevisedEvent {
  readonly type: 'revised'
  readonly by: string
  readonly via: string
  readonly at: number
  readonly number: number
  readonly project: string
  readonly incarnation: number
  readonly digest: Digest
  readonly actions: readonly string[]
  readonly move?: PinnedMove
  readonly message?: string
  readonly request?: string
  readonly shadow?: readonly PinnedRequirement[]
  /** The digest of the policies in code by which nobody had to approve it. No part of the revision. */
  readonly inCode?: Digest
}

/** Makes the next revision of a resource out of a change that may happen. */
export function revise(
  change: ProposedChange,
  { tenant, author, via, at, ...origin }: Authorship,
): { readonly resource: Resource; readonly revision: Revision; readonly event: RevisedEvent } {
  const { resource, project: from, toProject: project = from, base, incarnation, actions, after, move } = change
  const number = base + 1
  const digest = documentDigest(after)
  const lives = incarnation === 0 ? number : incarnation
  return {
    resource: {
      tenant,
      ...resource,
      project,
      revision: number,
      incarnation: lives,
      document: after,
      ...landedState(move),
      ...listedAt({ type: resource.type, document: after }, at),
    },
    revision: {
      tenant,
      ...resource,
      project,
      number,
      incarnation: lives,
      document: after,
      digest,
      actions,
      ...defined({ move }),
      author,
      via,
      at,
      ...origin,
    },
    event: {
      type: 'revised',
      by: author,
      via,
      at,
      number,
      project,
      incarnation: lives,
      digest,
      actions,
      ...defined({ move }),
      ...origin,
    },
  }
}

/** Where a move leaves a resource in its life cycle. */
export function landedState(move: PinnedMove | undefined): Pick<Resource, 'state' | 'stateDueAt'> {
  if (move === undefined) return {}
  return { state: move.to, ...defined({ stateDueAt: move.dueAt }) }
}

/** Under which time a resource is listed; nothing of one that is not. */
export function listedAt(
  { type, document }: Pick<Resource, 'type' | 'document'>,
  at: number,
): Pick<Resource, 'updatedAt'> {
  return document === null || isOwnType(type) ? {} : { updatedAt: at }
}
