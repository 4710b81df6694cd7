import type { JsonValue } from '../../change/json.ts'
import type { CompiledShape, Groups } from '../../change/shape.ts'
import type { PolicyInput } from '../model/policy.ts'

/** What is known around a policy when it is checked. What is left out is not checked. */
export interface PolicyFacts {
  /** What the resource types of the host declare, by their names. */
  readonly resources?: Readonly<Record<string, ResourceWords>>
  /** The predicates of the host, by name. */
  readonly predicates?: readonly string[]
  readonly projects?: readonly string[]
  readonly directory?: DirectoryFacts
  /** The policies beside which this one would be in force. */
  readonly others?: readonly PolicyInput[]
}

/** What policies can say of one resource type. */
export interface ResourceWords {
  /** The actions that it declares, beside `create`, `update` and `delete`. */
  readonly actions?: readonly string[]
  /** The facets that it computes, each with its values if these are known. */
  readonly facets?: Readonly<Record<string, readonly string[] | undefined>>
  readonly groups?: Groups
  /** How its lists are identified. */
  readonly shape?: CompiledShape
  /**
   * What its documents may be, as JSON Schema: if that is not known, fewer lists without identity are pointed out.
   */
  readonly schema?: JsonValue | undefined
  /** Some of its live documents: a field at which none of them has anything is pointed out. */
  readonly documents?: readonly JsonValue[]
}

/** What the directory says about the people whom a policy names. */
export interface DirectoryFacts {
  readonly unknownUsers: readonly string[]
  readonly unknownRoles: readonly string[]
  /** The users who hold each role that the policy names. */
  readonly holders: Readonly<Record<string, readonly string[]>>
  /** The person behind a user, if that is not the user's own id. */
  readonly people?: Readonly<Record<string, string>>
}
