import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { ChangedPlace } from '../../core/change/changed-place.ts'
import type { Labels } from '../../core/change/labels.ts'
import type { CompiledShape, Groups, Shape } from '../../core/change/shape.ts'
import type { JsonValue } from '../../core/json/json.ts'
import type { Lifecycle } from '../../core/lifecycle/define-lifecycle.ts'
import type { Facets } from '../../core/policy/model/policy.ts'
import type { DocumentPair, FacetDefinition, FacetReader } from './facets.ts'
import type { NeedsOf, PermissionsNeeded } from './permissions-needed.ts'

declare const documentType: unique symbol

/** Names one resource of a type whose documents are `T`. */
export interface ResourceRef<T = unknown> {
  readonly type: string
  readonly id: string
  /**
   * The project that the resource belongs to. Name it when you create a resource that Countersign keeps; from then on
   * it is fixed and need not be named. For a resource that the host keeps, `projectOf` of its type says it, and what is
   * named here is only compared with that.
   *
   * @defaultValue none: the project of the resource, and of a new one none
   */
  readonly project?: string | undefined
  readonly [documentType]?: T | undefined
}

/** Finds an action in a change. If it throws, the action counts as found. */
export type ActionDetector<T> = (change: DocumentPair<T>) => boolean

/** An action that can be found in a change, and the places that it accounts for. */
export interface ActionDefinition<T> {
  readonly detect: ActionDetector<T>
  /**
   * Patterns of the places that are this action and nothing else. A change that only touches places covered by the
   * actions found in it is not an `update` as well.
   *
   * @defaultValue none: every change with this action is an `update` as well
   */
  readonly covers?: readonly string[] | undefined
}

/** What the host declares once about a type of resource. */
export interface ResourceOptions<T> {
  /** Name of the type: letters, digits, `_`, `-` and `.`. */
  readonly type: string
  /** Any Standard Schema (zod, valibot, arktype, …). What it returns is what is stored. */
  readonly schema: StandardSchemaV1<unknown, T>
  /**
   * How the lists of the document are identified. A list that is not declared changes as one value.
   *
   * @defaultValue none: every list changes as one value
   */
  readonly shape?: Shape | undefined
  /**
   * Sets of paths that policies can speak of: `groups: { metadata: ['/description', '/owner'] }` is `@metadata`.
   *
   * @defaultValue none
   */
  readonly groups?: Groups | undefined
  /**
   * How people call the places of a change, in the lines that reviewers read:
   * `labels: { '/rollout': { name: 'share', unit: '%' } }`.
   *
   * @defaultValue none: places are called by their paths
   */
  readonly labels?: Labels | undefined
  /**
   * Actions besides `create`, `update` and `delete`, found from the change itself, whatever call made it. A change
   * carries every action that is found in it, and the policies for each of them apply.
   *
   * @defaultValue none: `create`, `update` and `delete` alone
   */
  readonly actions?: Readonly<Record<string, ActionDetector<T> | ActionDefinition<T>>> | undefined
  /**
   * Attributes that policies can match: environment, tag, owner. They are read from the document before and after, and
   * a change has the values of both: moving a flag out of production is a matter of production too. If the function
   * throws or gives `undefined`, every policy that matches the facet asks for approval.
   *
   * @defaultValue none
   */
  readonly facets?: Readonly<Record<string, FacetReader<T> | FacetDefinition<T>>> | undefined
  /**
   * Whether a change that no policy matches is refused, instead of applied directly.
   *
   * @defaultValue false
   */
  readonly gated?: boolean | undefined
  /**
   * What happens to a change that nobody has to approve if its resource has moved on: to a draft that is submitted, and
   * to what was scheduled. `fail`: a draft is refused with `stale` until it is rebased, and what was scheduled fails.
   * `rebase`: it is merged onto the live revision and applied, if it does not collide with anything, its effect stays
   * the same, and nobody has to approve it there either. What somebody has to approve follows the rule `onStale` of the
   * policies.
   *
   * @defaultValue 'fail'
   */
  readonly onStale?: 'fail' | 'rebase' | undefined
  /**
   * From which state which action is possible.
   *
   * @defaultValue none: a resource is there or it is not
   */
  readonly lifecycle?: Lifecycle<NoInfer<T>> | Lifecycle | undefined
  /**
   * The permissions that a change needs, by action, if `createApprovals` is given `access`:
   * `{ update: 'flags.edit', enable: 'activation.write' }`. An action that is not named needs what `update` needs.
   *
   * @defaultValue none: only without `access`
   */
  readonly permissions?: PermissionsNeeded | undefined
  /**
   * Reads the live document if the host keeps the resources of this type itself, in the database of the storage;
   * undefined if there is none. With `write`; not with a life cycle.
   *
   * `connection` is undefined if the read stands alone. If it is given, a transaction is open on it: read there, and
   * keep the row as it is until the transaction ends (`for update`).
   *
   * Give the row as the driver gives it; `null` is none. It is taken through `schema`: columns that the schema does not
   * keep are dropped, a `Date` is its ISO text before the schema sees it, and NULL is left out if the schema takes no
   * `null`.
   *
   * @defaultValue none: documents are kept here
   */
  readonly read?: ((resource: ReferredResource, connection: unknown) => unknown) | undefined
  /**
   * Writes the next document, on the connection that it is given, in the transaction of everything else; `undefined`
   * removes the resource. Lands exactly once, or not at all if it throws.
   *
   * @defaultValue none: documents are kept here
   */
  readonly write?:
    | ((resource: ReferredResource, document: T | undefined, connection: unknown) => Promise<void> | void)
    | undefined
  /**
   * Reads and writes the documents of this type if the host keeps them outside of the database of the storage: behind
   * an API, or in another database. In the place of `read` and `write`; not with a life cycle.
   *
   * @defaultValue none: documents are kept in the database of the storage
   */
  readonly external?: External<T> | undefined
  /**
   * Says in which project a resource is that the host keeps, also before it is there; `undefined` if in none. With
   * `read` and `write`, or with `external`.
   *
   * It is asked whenever the resource is looked at. If the answer is another one than before, that is recorded as a
   * move, and requests that were made before are stale. `connection` is that of `read`.
   *
   * @defaultValue none: resources of this type belong to no project
   */
  readonly projectOf?: ProjectOf | undefined
  /**
   * Says what refers to a resource, as people would call it. Asked when the life cycle wants to know; if it throws, the
   * action is refused.
   *
   * @defaultValue none: nothing refers to a resource
   */
  readonly references?: References | undefined
}

/** Says in which project a resource is that the host keeps. */
export type ProjectOf = (
  resource: Omit<ReferredResource, 'project'>,
  connection: unknown,
) => string | null | undefined | Promise<string | null | undefined>

/** Says what refers to a resource. */
export type References = (resource: ReferredResource) => readonly string[] | Promise<readonly string[]>

/** A resource that something may refer to. */
export interface ReferredResource {
  readonly tenant: string
  readonly type: string
  readonly id: string
  /** The project that it is in; left out if it is in none. */
  readonly project?: string | undefined
}

/**
 * How the host keeps resources outside of the database. No transaction covers both, so a change is claimed, then
 * written, then confirmed. Meanwhile its request is `applying`, and no other change lands on the resource.
 */
export interface External<T> {
  /**
   * Reads the live document; undefined, or null, if there is none. Whatever `write` has acknowledged is in it.
   * What is given is taken through the schema of the type, as with `read` of rows.
   */
  read(resource: ReferredResource, call: { readonly signal: AbortSignal }): unknown
  /**
   * Writes the next document; undefined removes the resource.
   *
   * May be called again with the same `idempotencyKey`, also while an earlier call is still under way: it lands once.
   * If it can, it compares with `expected` and refuses a `fence` lower than one it has seen: then a worker that
   * slept changes nothing when it wakes.
   *
   * @throws Anything: the document is read then, and what it says counts. What is not there is sent again. It may
   * still land, for all that anybody knows: a review that is owed for it stays owed. Throw an error with `refused:
   * true` (`Object.assign(new Error('422'), { refused: true })`) only to say that this call has changed nothing, and
   * never will.
   */
  write(resource: ReferredResource, document: T | undefined, call: ExternalWrite<T>): Promise<void> | void
  /**
   * How long an answer may take, in milliseconds. What takes longer counts as failed until it is read.
   *
   * @defaultValue the `host` of `timeouts`, 10_000
   */
  readonly patience?: number | undefined
}

/** What goes with a document that is written outside of the database. */
export interface ExternalWrite<T> {
  /** The document that this one is to replace; `undefined` if there was none. */
  readonly expected: T | undefined
  /** The same for every attempt to make this change, and for no other change. */
  readonly idempotencyKey: string
  /** Grows with every attempt of anybody to write this resource. */
  readonly fence: number
  /** Aborted when nobody waits for the answer any more. */
  readonly signal: AbortSignal
}

/** How the host keeps resources itself. */
export interface Hosting {
  /** Reads the live document. */
  read(resource: ReferredResource, connection: unknown): unknown
  /** Writes the next document; undefined removes the resource. */
  write(resource: ReferredResource, document: JsonValue | undefined, connection: unknown): Promise<void> | void
}

/** The life cycle of a type of resource. */
export interface ResourceLifecycle extends Lifecycle<JsonValue> {
  /** Tells whether some of these places are critical. */
  isCritical(places: readonly ChangedPlace[]): boolean
}

/** A type of resource, ready to be given to `createApprovals`. */
export interface ResourceType<T = unknown> {
  readonly type: string
  readonly schema: StandardSchemaV1<unknown, T>
  readonly shape: CompiledShape
  readonly groups: Groups
  readonly labels: Labels
  /** The actions that it declares, and those of its life cycle. */
  readonly actions: readonly string[]
  /** The facets that it computes, each with its values if these are known. */
  readonly facets: Readonly<Record<string, readonly string[] | undefined>>
  readonly gated: boolean
  /** What happens to a change that nobody has to approve if its resource has moved on. */
  readonly onStale: 'fail' | 'rebase'
  readonly lifecycle?: ResourceLifecycle
  readonly references?: References
  /** The permissions that a change with these actions needs, if it was said. */
  readonly needs?: NeedsOf
  /** How the host keeps them in the same database. */
  readonly hosting?: Hosting
  /** How the host keeps them outside of it. Without either, Countersign keeps them. */
  readonly external?: External<JsonValue>
  /** Says in which project a resource is that the host keeps. */
  readonly projectOf?: ProjectOf
  /** Names a resource of this type. */
  ref(id: string, options?: { readonly project?: string | undefined }): ResourceRef<T>
  /** Finds the actions that a change carries. */
  actionsOf(change: DocumentPair<JsonValue>, places: readonly ChangedPlace[]): readonly string[]
  /** Works out the attributes of a change; null is one of which nobody can say. */
  facetsOf(change: DocumentPair<JsonValue>): Facets
}
