import type { CompiledShape, Groups } from '../../change/shape.ts'
import type { JsonValue } from '../../json/json.ts'
import type { PolicyInput } from '../model/policy.ts'

/** What is known around a policy when it is checked. What is left out is not checked. */
export interface PolicyFacts {
  /**
   * What the resource types of the host declare, by their names.
   *
   * @defaultValue none: resource types, actions, facets and fields are not checked
   */
  readonly resources?: Readonly<Record<string, ResourceWords>>
  /**
   * The predicates of the host, by name.
   *
   * @defaultValue none: names of predicates are not checked
   */
  readonly predicates?: readonly string[]
  /**
   * The ids of the projects that there are.
   *
   * @defaultValue none: projects are not checked
   */
  readonly projects?: readonly string[]
  /**
   * What the directory says about the people whom the policy names.
   *
   * @defaultValue none: people and roles are not checked
   */
  readonly directory?: DirectoryFacts
  /**
   * The policies beside which this one would be in force.
   *
   * @defaultValue none: the policy is checked by itself
   */
  readonly others?: readonly PolicyInput[]
}

/** What policies can say of one resource type. */
export interface ResourceWords {
  /**
   * The actions that it declares, beside `create`, `update` and `delete`.
   *
   * @defaultValue none: `create`, `update` and `delete` alone
   */
  readonly actions?: readonly string[]
  /**
   * The facets that it computes, each with its values if these are known.
   *
   * @defaultValue none
   */
  readonly facets?: Readonly<Record<string, readonly string[] | undefined>>
  /**
   * The groups of fields that it declares.
   *
   * @defaultValue none
   */
  readonly groups?: Groups
  /**
   * How its lists are identified.
   *
   * @defaultValue none: every list changes as one value
   */
  readonly shape?: CompiledShape
  /**
   * What its documents may be, as JSON Schema. Without it, fewer lists without identity are pointed out.
   *
   * @defaultValue none
   */
  readonly schema?: JsonValue | undefined
  /**
   * Some of its live documents. A field at which none of them has anything is pointed out.
   *
   * @defaultValue none: no field is pointed out for that
   */
  readonly documents?: readonly JsonValue[]
}

/** What the directory says about the people whom a policy names. */
export interface DirectoryFacts {
  readonly unknownUsers: readonly string[]
  /**
   * Users whom the policy names, and who are known in another one of its projects alone.
   *
   * @defaultValue none
   */
  readonly elsewhere?: readonly string[]
  readonly unknownRoles: readonly string[]
  /** The users who hold each role that the policy names. */
  readonly holders: Readonly<Record<string, readonly string[]>>
  /** The person behind a user, if that is not the user's own id. */
  readonly people?: Readonly<Record<string, string>>
}
