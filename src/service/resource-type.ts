import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { ChangedPlace } from '../core/change/changed-place.ts'
import type { JsonValue } from '../core/change/json.ts'
import { compileLabels, type Labels } from '../core/change/labels.ts'
import { compilePattern, matchesPattern, type Pattern, touchesPattern } from '../core/change/pattern.ts'
import { type CompiledShape, compileShape, type Groups, type Shape } from '../core/change/shape.ts'
import { identifierProblem } from '../core/identifier.ts'
import type { Lifecycle } from '../core/lifecycle/define-lifecycle.ts'
import type { Facets } from '../core/policy/policy.ts'
import { type BeforeAfter, type FacetDefinition, type FacetReader, facetsIn, readersOf } from './facet.ts'
import { type NeedsOf, needsOf, type PermissionsNeeded } from './permissions-needed.ts'

declare const documentType: unique symbol

/** Names one resource of a type whose documents are `T`. */
export interface ResourceRef<T = unknown> {
  readonly type: string
  readonly id: string
  /** The project that the resource belongs to. It is fixed when the resource is created, and may be left out from then on. */
  readonly project?: string
  readonly [documentType]?: T
}

/** Finds an action in a change. One that throws counts as having found it. */
export type ActionDetector<T> = (change: BeforeAfter<T>) => boolean

/** An action that can be found in a change, and the places that it accounts for. */
export interface ActionDefinition<T> {
  readonly detect: ActionDetector<T>
  /**
   * Patterns of the places that are this action and nothing else. A change that only touches places covered by the actions found in it
   * is not an `update` as well.
   */
  readonly covers?: readonly string[]
}

/** What the host declares once about a type of resource. */
export interface ResourceOptions<T> {
  /** Name of the type: letters, digits, `_`, `-` and `.`. */
  readonly type: string
  /** Any Standard Schema (zod, valibot, arktype, …). What it returns is what is stored. */
  readonly schema: StandardSchemaV1<unknown, T>
  /** How the lists of the document are identified; an undeclared list is one value. */
  readonly shape?: Shape
  /** Sets of paths that policies can speak of: `groups: { metadata: ['/description', '/owner'] }` is `@metadata`. */
  readonly groups?: Groups
  /** How people call the places of a change, in the lines that reviewers read: `labels: { '/rollout': { name: 'share', unit: '%' } }`. */
  readonly labels?: Labels
  /**
   * Actions besides `create`, `update` and `delete`, found from the change itself, whatever call made it. A change carries every action
   * that is found in it, and policies for any of them hold.
   */
  readonly actions?: Readonly<Record<string, ActionDetector<T> | ActionDefinition<T>>>
  /**
   * Attributes that policies can match: environment, tag, owner. They are read from the document before and from the one after, and a change has
   * the values of both: moving a flag out of production is a matter of production too. One whose function throws, or gives undefined, could be
   * anything: it closes the gate of every policy that matches it.
   */
  readonly facets?: Readonly<Record<string, FacetReader<T> | FacetDefinition<T>>>
  /** Whether a change that no policy matches is refused. Left out: it is applied directly. */
  readonly gated?: boolean
  /** From which state which action is possible. Left out: a resource is there or it is not. */
  readonly lifecycle?: Lifecycle<NoInfer<T>> | Lifecycle
  /**
   * The permissions that a change needs, by action, where `createApprovals` is given `access`: `{ update: 'flags.edit', enable: 'activation.write' }`. An
   * action that is not named needs what `update` needs.
   */
  readonly permissions?: PermissionsNeeded
  /**
   * Reads the live document where the host keeps the resources of this type itself, in the database of the storage; undefined where there is
   * none. With `write`; not with a life cycle.
   *
   * `connection` is undefined where the read stands alone. Where it is given, a transaction is open on it: read there, and keep the row as it is
   * until the transaction ends (`for update`). What was written is read back as it was, but for the order of keys.
   */
  readonly read?: (resource: ReferredResource, connection: unknown) => Promise<T | undefined> | T | undefined
  /**
   * Writes the next document, on the connection that it is given, in the transaction of everything else; undefined removes the resource. Lands
   * exactly once, or not at all where it throws.
   */
  readonly write?: (resource: ReferredResource, document: T | undefined, connection: unknown) => Promise<void> | void
  /** Says what refers to a resource, as people would call it. Asked where the life cycle wants to know; one that throws refuses the action. */
  readonly references?: References
}

/** Says what refers to a resource. */
export type References = (resource: ReferredResource) => readonly string[] | Promise<readonly string[]>

/** A resource that something may refer to. */
export interface ReferredResource {
  readonly tenant: string
  readonly type: string
  readonly id: string
  readonly project?: string
}

/** How the host keeps resources itself. */
export interface Hosting {
  /** Reads the live document. */
  read(resource: ReferredResource, connection: unknown): Promise<unknown> | unknown
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
  /** The facets that it computes, each with its values where these are known. */
  readonly facets: Readonly<Record<string, readonly string[] | undefined>>
  readonly gated: boolean
  readonly lifecycle?: ResourceLifecycle
  readonly references?: References
  /** The permissions that a change with these actions needs, where it was said. */
  readonly needs?: NeedsOf
  /** How the host keeps them; absent where Countersign does. */
  readonly hosting?: Hosting
  /** Names a resource of this type. */
  ref(id: string, options?: { readonly project?: string }): ResourceRef<T>
  /** Finds the actions that a change carries. */
  actionsOf(change: BeforeAfter<JsonValue>, places: readonly ChangedPlace[]): readonly string[]
  /** Works out the attributes of a change; null is one of which nobody can say. */
  facetsOf(change: BeforeAfter<JsonValue>): Facets
}

const builtIn = ['create', 'update', 'delete']

/**
 * Declares a type of resource.
 *
 * @throws TypeError where the declaration cannot be right.
 */
export function defineResource<T>(options: ResourceOptions<T>): ResourceType<T> {
  checkOptionNames(options)
  const { type, schema, shape = {}, groups = {}, labels = {}, facets = {}, gated = false, references } = options
  if (typeof type !== 'string' || !/^[A-Za-z0-9_.-]{1,64}$/.test(type)) {
    throw new TypeError(
      `defineResource: type must be 1 to 64 letters, digits, "_", "-" or ".", not ${JSON.stringify(type)}`,
    )
  }
  if (typeof schema?.['~standard']?.validate !== 'function') {
    throw new TypeError(`defineResource: schema of "${type}" must be a Standard Schema (zod, valibot, arktype, …)`)
  }
  const lifecycle =
    options.lifecycle && lifecycleOf(type, options.lifecycle as unknown as Lifecycle<JsonValue>, { groups, references })
  const detectors = Object.entries(options.actions ?? {}).map(([name, action]) => {
    const problem = builtIn.includes(name) ? 'is one of those that every type has' : actionProblem(name, lifecycle)
    if (problem) throw new TypeError(`defineResource: action ${JSON.stringify(name)} of "${type}" ${problem}`)
    const { detect, covers = [] } = typeof action === 'function' ? { detect: action } : action
    return { name, detect, covers: covers.map((pattern) => patternOf(type, pattern, groups)) }
  })
  const readers = readersOf(type, facets)

  compileLabels(labels)
  const actions = [
    ...new Set([...detectors.map(({ name }) => name), ...(lifecycle?.moves ?? []).map(({ action }) => action)]),
  ]

  return {
    type,
    schema,
    shape: compileShape(shape),
    groups,
    labels,
    actions,
    facets: Object.fromEntries(readers.map(({ name, values }) => [name, values])),
    gated,
    ...(lifecycle ? { lifecycle } : {}),
    ...(references ? { references } : {}),
    ...(options.permissions === undefined
      ? {}
      : { needs: needsOf(type, options.permissions, [...builtIn, ...actions]) }),
    ...hostingOf(options),
    ref: (id, { project } = {}) => ({ type, id, ...(project === undefined ? {} : { project }) }),
    actionsOf(change, places) {
      const found = detectors
        .map((action) => ({ ...action, seen: detected(action.detect, change as BeforeAfter<T>) }))
        .filter(({ seen }) => seen !== 'no')
      const names = found.map(({ name }) => name)
      if (change.before === undefined) return ['create', ...names]
      if (change.after === undefined) return ['delete', ...names]
      const patterns = found.flatMap(({ covers, seen }) => (seen === 'yes' ? covers : []))
      const covered = places.every(({ path }) => patterns.some((pattern) => covers(pattern, path)))
      return covered && names.length > 0 ? names : ['update', ...names]
    },
    facetsOf(change) {
      return facetsIn(readers, change as BeforeAfter<T>)
    },
  }
}

/** A misspelt option would be an option that is not there: `gate: true` gates nothing. */
function checkOptionNames(options: object): void {
  const unknown = Object.keys(options).find((name) => !optionNames.includes(name))
  if (unknown !== undefined) {
    throw new TypeError(`defineResource has no option "${unknown}"; known are ${optionNames.join(', ')}`)
  }
}

const optionNames = [
  'type',
  'schema',
  'shape',
  'groups',
  'labels',
  'actions',
  'facets',
  'gated',
  'lifecycle',
  'references',
  'permissions',
  'read',
  'write',
]

function hostingOf<T>({ type, read, write, lifecycle }: ResourceOptions<T>): { readonly hosting?: Hosting } {
  if (!read && !write) return {}
  if (!read || !write) throw new TypeError(`defineResource: "${type}" needs both read and write, or neither`)
  if (lifecycle) throw new TypeError(`defineResource: "${type}" has a life cycle, so that Countersign keeps it`)
  return { hosting: { read, write: write as unknown as Hosting['write'] } }
}

function actionProblem(name: string, lifecycle: ResourceLifecycle | undefined): string | undefined {
  if (lifecycle?.moves.some(({ action }) => action === name)) return 'is one of its life cycle'
  return identifierProblem(name)
}

function lifecycleOf(
  type: string,
  lifecycle: Lifecycle<JsonValue>,
  { groups, references }: { readonly groups: Groups; readonly references: References | undefined },
): ResourceLifecycle {
  const asks = lifecycle.moves.find(({ unreferenced }) => unreferenced)
  if (asks && !references) {
    throw new TypeError(
      `defineResource: ${JSON.stringify(asks.action)} of "${type}" is possible only while nothing refers to it: pass references, which says what does`,
    )
  }
  const critical = lifecycle.critical.map((pattern) => patternOf(type, pattern, groups))
  return {
    ...lifecycle,
    isCritical: (places) => places.some(({ path }) => critical.some((pattern) => touchesPattern(pattern, path))),
  }
}

/** Whether an action is in a change. A detector that cannot say is taken for a yes, and accounts for none of the places. */
function detected<T>(detect: ActionDetector<T>, change: BeforeAfter<T>): 'yes' | 'no' | 'unknown' {
  try {
    const found: unknown = detect(change)
    return typeof found === 'boolean' ? (found ? 'yes' : 'no') : 'unknown'
  } catch {
    return 'unknown'
  }
}

function patternOf(type: string, text: string, groups: Groups): Pattern {
  const pattern = compilePattern(text, groups)
  if (!pattern.ok) throw new TypeError(`defineResource: covers of "${type}": ${pattern.refusal.message}`)
  return pattern.value
}

/** Tells whether a pattern names a path or one above it. */
function covers(pattern: Pattern, path: string): boolean {
  if (matchesPattern(pattern, path)) return true
  return path !== '' && covers(pattern, path.slice(0, path.lastIndexOf('/')))
}
