import fc from 'fast-check'
import { admit } from '../../core/change/admit.ts'
import { diff } from '../../core/change/diff.ts'
import { byPlace, type CompiledShape, compileShape, type Groups, keyedBy, list, set } from '../../core/change/shape.ts'
import { isObject } from '../../core/json/equal.ts'
import type { JsonObject, JsonValue } from '../../core/json/json.ts'
import type { Facets, LifecycleStep, PolicySubject } from '../../core/policy/model/policy.ts'
import { flagWords, type PolicyWords } from './policies.ts'

/** What generated changes are made of. */
export interface ChangeOptions {
  readonly resource: string
  readonly shape: CompiledShape
  /** Documents of the type. Those that break its shape are passed over. */
  readonly documents: fc.Arbitrary<JsonValue>
  readonly words: PolicyWords
}

/** How the lists of generated flags are identified. */
export const flagShape = compileShape({
  '/rules': keyedBy('id'),
  '/tags': set(),
  '/steps': list(),
  '/stages': byPlace(),
})

/** Groups of fields of generated flags. */
export const flagGroups: Groups = { metadata: ['/description', '/owner/**', '/tags'] }

/**
 * Generates documents of feature flags: mostly sound ones, some with values of the wrong type or without a field.
 *
 * @example
 * ```ts
 * const [document] = fc.sample(flagDocuments(), 1)
 * ```
 */
export function flagDocuments(): fc.Arbitrary<JsonValue> {
  const odd = fc.constantFrom<JsonValue[]>(null, '50', '1e3', [100], { value: 100 }, true, '')
  const number = often(
    fc.oneof(fc.constantFrom(0, 10, 20, 30, 50, 80, 100), fc.integer({ min: 0, max: 1_000 }).map(tenths)),
    odd,
  )
  const rule = fc.record(
    { id: fc.constantFrom('eu-1', 'eu-2', 'us', 'beta'), rollout: number, country: fc.constantFrom('de', 'us') },
    { requiredKeys: ['id'], noNullPrototype: true },
  )
  const flag = fc.record(
    {
      enabled: often(fc.boolean(), odd),
      rollout: number,
      description: fc.constantFrom('', 'new checkout'),
      rules: often<unknown>(fc.uniqueArray(rule, { selector: ({ id }) => id, maxLength: 4 }), odd),
      tags: fc.uniqueArray(fc.constantFrom('beta', 'growth', 'ops')),
      owner: often<unknown>(fc.record({ team: fc.constantFrom('growth', 'payments') }, { noNullPrototype: true }), odd),
      steps: fc.array(fc.record({ rollout: number }, { noNullPrototype: true }), { maxLength: 3 }),
      stages: fc.array(fc.record({ rollout: number }, { noNullPrototype: true }), { maxLength: 3 }),
      weights: fc.array(fc.integer({ min: 0, max: 100 }), { maxLength: 3 }),
    },
    { requiredKeys: [], noNullPrototype: true },
  )
  return flag.map(admitted)
}

/** Changes of feature flags, with the words of {@link flagWords}. */
export const flagChanges: ChangeOptions = {
  resource: 'feature_flag',
  shape: flagShape,
  documents: flagDocuments(),
  words: flagWords,
}

/**
 * Generates changes as policies look at them: a document made, removed, or changed in some of its fields.
 *
 * @example
 * ```ts
 * const inForce = compilePolicies([{ ...policy, version: 1 }])
 * fc.assert(fc.property(changes(), (change) => evaluate(inForce, change).requirements.length <= 1))
 * ```
 */
export function changes({
  resource,
  shape,
  documents,
  words,
}: ChangeOptions = flagChanges): fc.Arbitrary<PolicySubject> {
  const pair = fc.tuple(documents, documents, fc.array(fc.boolean(), { maxLength: 12 })).map(mixed)
  const whole = documents.map((document) => [undefined, document] as const)
  const gone = documents.map((document) => [document, undefined] as const)
  const sides = fc.oneof(
    { weight: 8, arbitrary: pair },
    { weight: 1, arbitrary: whole },
    { weight: 1, arbitrary: gone },
  )
  return fc
    .record({
      sides,
      actions: fc.subarray([...words.actions], { maxLength: 3 }),
      step: fc.option(fc.constantFrom<LifecycleStep[]>({ action: 'finish', from: 'running', to: 'finished' }), {
        freq: 3,
        nil: undefined,
      }),
      project: fc.constantFrom(undefined, ...words.projects),
      facets: facetsOf(words),
    })
    .filter(({ sides: [before, after] }) => diff(before, after, shape).ok)
    .map(({ sides: [before, after], ...rest }) => {
      const places = diff(before, after, shape)
      return { ...rest, resource: { type: resource, id: 'one' }, places: places.ok ? places.value : [], before, after }
    })
}

/** Somebody who acts on requests. */
export interface GeneratedActor {
  readonly user: string
  readonly roles: readonly string[]
}

/**
 * Generates actors: a user, and the roles that the user holds.
 *
 * @example
 * ```ts
 * const [actor] = fc.sample(actors(flagWords), 1)
 * ```
 */
export function actors({ users, roles }: PolicyWords = flagWords): fc.Arbitrary<GeneratedActor> {
  return fc.record({ user: fc.constantFrom(...users), roles: fc.subarray([...roles]) })
}

function facetsOf({ facets }: PolicyWords): fc.Arbitrary<Facets> {
  const chosen = Object.entries(facets).map(([name, values]) =>
    fc.option(
      fc.tuple(
        fc.constant(name),
        fc.oneof(fc.constantFrom(...values), fc.subarray([...values]), fc.constantFrom(null, 'another')),
      ),
    ),
  )
  return fc.tuple(...chosen).map((entries) => Object.fromEntries(entries.filter((entry) => entry !== null)))
}

/** Takes some of the members of one document over into another one, so that the two have something in common. */
function mixed([a, b, picks]: readonly [JsonValue, JsonValue, readonly boolean[]]) {
  if (!isObject(a) || !isObject(b)) return [a, b] as const
  const next: Record<string, JsonValue> = { ...b }
  for (const [index, key] of Object.keys(a).entries()) {
    if (picks[index] ?? true) next[key] = a[key] as JsonValue
  }
  return [a, admitted(next satisfies JsonObject)] as const
}

function often<T>(usual: fc.Arbitrary<T>, odd: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 9, arbitrary: usual }, { weight: 1, arbitrary: odd })
}

function tenths(value: number): number {
  return value / 10
}

function admitted(value: unknown): JsonValue {
  const result = admit(value)
  if (!result.ok) throw new TypeError(result.refusal.message)
  return result.value
}
