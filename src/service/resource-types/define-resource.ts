import { compileLabels } from '../../core/change/labels.ts'
import { namedPath } from '../../core/change/named-path.ts'
import { compilePattern, matchesPattern, type Pattern, touchesPattern } from '../../core/change/pattern.ts'
import { type CompiledShape, compileShape, type Groups } from '../../core/change/shape.ts'
import { defined } from '../../core/defined.ts'
import { identifierProblem } from '../../core/identifier.ts'
import type { JsonValue } from '../../core/json/json.ts'
import type { Lifecycle } from '../../core/lifecycle/define-lifecycle.ts'
import { dismiss } from '../../core/lifecycle/dismiss.ts'
import { builtInActions, projectAction } from '../../core/policy/model/built-in-actions.ts'
import { isOwnType } from '../../core/policy/model/policy-type.ts'
import { freeze } from '../values/freeze.ts'
import { shown } from '../values/shown.ts'
import { externalOf, hostingOf, projectOfOf } from './declared-hosting.ts'
import { type DocumentPair, facetsIn, readersOf } from './facets.ts'
import { checkFunction, checkOptionNames, checkRecord } from './handed-in.ts'
import { permissionsNeeded } from './permissions-needed.ts'
import type {
  ActionDefinition,
  ActionDetector,
  References,
  ResourceLifecycle,
  ResourceOptions,
  ResourceType,
} from './resource-type.ts'

/**
 * Declares a type of resource.
 *
 * @example
 * ```ts
 * const schema = z.object({ enabled: z.boolean(), rollout: z.number() })
 * const flags = defineResource({ type: 'feature_flag', schema, labels: { '/rollout': { unit: '%' } } })
 * const checkout = flags.ref('checkout')
 * ```
 *
 * @throws TypeError if the declaration cannot be right.
 */
export function defineResource<T>(options: ResourceOptions<T>): ResourceType<T> {
  checkOptionNames('defineResource', options, optionNames)
  if (typeof options.type === 'string' && isOwnType(options.type)) {
    throw new TypeError(
      `defineResource: names that begin with "countersign." are Countersign's own, so not ${JSON.stringify(options.type)}`,
    )
  }
  return declareResource(options)
}

/** Declares a type, also one of Countersign's own. */
export function declareResource<T>(options: ResourceOptions<T>): ResourceType<T> {
  const { type, schema, shape = {}, groups = {}, labels = {}, facets = {}, gated = false, references } = options
  if (typeof type !== 'string' || !/^[A-Za-z0-9_.-]{1,64}$/.test(type)) {
    throw new TypeError(
      `defineResource: type must be 1 to 64 letters, digits, "_", "-" or ".", not ${JSON.stringify(type)}`,
    )
  }
  if (typeof schema?.['~standard']?.validate !== 'function') {
    throw new TypeError(`defineResource: schema of "${type}" must be a Standard Schema (zod, valibot, arktype, …)`)
  }
  checkParts(options)
  const compiled = named(`shape of "${type}"`, () => compileShape(shape))
  const lifecycle =
    options.lifecycle &&
    lifecycleOf(type, options.lifecycle as unknown as Lifecycle<JsonValue>, { groups, references, shape: compiled })
  const detectors = detectorsOf(options, lifecycle)
  const readers = readersOf(type, facets)

  named(`labels of "${type}"`, () => compileLabels(labels))
  const actions = [
    ...new Set([...detectors.map(({ name }) => name), ...(lifecycle?.moves ?? []).map(({ action }) => action)]),
  ]

  return {
    type,
    schema,
    shape: compiled,
    groups,
    labels,
    actions,
    facets: Object.fromEntries(readers.map(({ name, values }) => [name, values])),
    gated,
    onStale: options.onStale ?? 'fail',
    ...defined({ lifecycle, references }),
    ...(options.permissions === undefined
      ? {}
      : { needs: permissionsNeeded(type, options.permissions, [...builtInActions, ...actions]) }),
    ...hostingOf(options),
    ...externalOf(options),
    ...projectOfOf(options),
    ref: (id, { project } = {}) => ({ type, id, ...defined({ project }) }),
    actionsOf(change, places) {
      const paths = places.map(({ path }) => namedPath(path, compiled))
      return actionsIn(detectors, change as DocumentPair<T>, paths)
    },
    facetsOf(change) {
      return facetsIn(readers, change as DocumentPair<T>)
    },
  }
}

/** An action that is recognized by what a change does. */
interface Detector<T> {
  readonly name: string
  readonly detect: ActionDetector<T>
  readonly covers: readonly Pattern[]
}

function detectorsOf<T>(
  { type, groups = {}, actions = {} }: ResourceOptions<T>,
  lifecycle: ResourceLifecycle | undefined,
): readonly Detector<T>[] {
  return Object.entries(actions).map(([name, action]) => {
    const problem = builtInActions.includes(name)
      ? 'is one of those that every type has'
      : actionProblem(name, lifecycle)
    if (problem) throw new TypeError(`defineResource: action ${JSON.stringify(name)} of "${type}" ${problem}`)
    const { detect, covers = [] } = definitionOf(type, name, action)
    return { name, detect, covers: covers.map((pattern) => patternOf(type, pattern, groups)) }
  })
}

/** The actions of a change of these places: those that are recognized, and what every type has besides. */
function actionsIn<T>(
  detectors: readonly Detector<T>[],
  change: DocumentPair<T>,
  places: readonly string[],
): readonly string[] {
  const found = detectors
    .map((action) => ({ ...action, seen: detected(action.detect, change) }))
    .filter(({ seen }) => seen !== 'no')
  const names = found.map(({ name }) => name)
  if (change.before === undefined) return ['create', ...names]
  if (change.after === undefined) return ['delete', ...names]
  const patterns = found.flatMap(({ covers, seen }) => (seen === 'yes' ? covers : []))
  const covered = places.every((place) => patterns.some((pattern) => covers(pattern, place)))
  return covered && names.length > 0 ? names : ['update', ...names]
}

/**
 * Refuses parts of a declaration that are of another kind than they have to be: what is misunderstood would gate
 * nothing.
 */
function checkParts(options: object): void {
  const { type, shape, groups, labels, facets, actions, gated, onStale, lifecycle, references, external, read, write } =
    options as Readonly<Record<string, unknown>>
  const of = (name: string) => `defineResource: ${name} of "${type}"`
  checkRecord(of('shape'), shape, "{ '/rules': keyedBy('id') }")
  checkRecord(of('groups'), groups, "{ metadata: ['/description'] }")
  checkRecord(of('labels'), labels, "{ '/rollout': { unit: '%' } }")
  checkRecord(of('facets'), facets, '{ owner: (flag) => flag.owner }')
  checkRecord(of('actions'), actions, '{ enable: ({ before, after }) => !before?.enabled && after?.enabled === true }')
  checkRecord(of('external'), external, '{ read, write }')
  checkFunction(of('references'), references, 'async (resource) => []')
  checkFunction(of('read'), read, 'async (resource, connection) => document')
  checkFunction(of('write'), write, 'async (resource, document, connection) => {}')
  if (gated !== undefined && typeof gated !== 'boolean') {
    throw new TypeError(`${of('gated')} must be true or false, not ${shown(gated)}`)
  }
  if (onStale !== undefined && onStale !== 'fail' && onStale !== 'rebase') {
    throw new TypeError(`${of('onStale')} must be 'fail' or 'rebase', not ${shown(onStale)}`)
  }
  for (const [name, patterns] of Object.entries(groups ?? {})) {
    if (isListOfTexts(patterns)) continue
    throw new TypeError(
      `${of(`group ${JSON.stringify(name)}`)} must be a list of paths, as in ['/description'], not ${shown(patterns)}`,
    )
  }
  const isLifecycle =
    typeof lifecycle === 'object' && lifecycle !== null && 'moves' in lifecycle && 'machine' in lifecycle
  if (lifecycle !== undefined && !isLifecycle) {
    throw new TypeError(
      `${of('lifecycle')} must be what defineLifecycle({ name, initial, moves }) gives, not ${shown(lifecycle)}`,
    )
  }
}

/** Reads how an action is found. */
function definitionOf<T>(
  type: string,
  name: string,
  action: ActionDetector<T> | ActionDefinition<T>,
): ActionDefinition<T> {
  const definition = typeof action === 'function' ? { detect: action } : action
  const what = `defineResource: action ${JSON.stringify(name)} of "${type}"`
  checkOptionNames(what, definition, ['detect', 'covers'])
  const { detect, covers } = definition
  if (typeof detect !== 'function' || (covers !== undefined && !isListOfTexts(covers))) {
    throw new TypeError(
      `${what} must be a function that finds it in a change, or { detect, covers }, as in { detect: ({ before, after }) => …, covers: ['/enabled'] }`,
    )
  }
  return definition
}

function isListOfTexts(list: unknown): boolean {
  return Array.isArray(list) && list.every((one) => typeof one === 'string')
}

/** Says of which part of a declaration a mistake is. */
function named<T>(what: string, compile: () => T): T {
  try {
    return compile()
  } catch (mistake) {
    throw mistake instanceof TypeError ? new TypeError(`defineResource: ${what}: ${mistake.message}`) : mistake
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
  'onStale',
  'lifecycle',
  'references',
  'permissions',
  'read',
  'write',
  'external',
  'projectOf',
]

function actionProblem(name: string, lifecycle: ResourceLifecycle | undefined): string | undefined {
  if (lifecycle?.moves.some(({ action }) => action === name)) return 'is one of its life cycle'
  return identifierProblem(name)
}

function lifecycleOf(
  type: string,
  lifecycle: Lifecycle<JsonValue>,
  {
    groups,
    references,
    shape,
  }: { readonly groups: Groups; readonly references: References | undefined; readonly shape: CompiledShape },
): ResourceLifecycle {
  if (lifecycle.moves.some(({ action }) => action === projectAction)) {
    throw new TypeError(
      `defineResource: the life cycle of "${type}" has an action "${projectAction}", which every type has: give it another name`,
    )
  }
  const asks = lifecycle.moves.find(({ unreferenced }) => unreferenced)
  if (asks && !references) {
    throw new TypeError(
      `defineResource: ${JSON.stringify(asks.action)} of "${type}" is possible only while nothing refers to it: pass references, which says what does`,
    )
  }
  const critical = lifecycle.critical.map((pattern) => patternOf(type, pattern, groups))
  return {
    ...lifecycle,
    isCritical: (places) =>
      places.some(({ path }) => critical.some((pattern) => touchesPattern(pattern, namedPath(path, shape)))),
  }
}

/**
 * Whether an action is in a change. A detector that cannot say is taken for a yes, and accounts for none of the
 * places.
 */
function detected<T>(detect: ActionDetector<T>, change: DocumentPair<T>): 'yes' | 'no' | 'unknown' {
  try {
    const found: unknown = detect(freeze(change))
    dismiss(found)
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
