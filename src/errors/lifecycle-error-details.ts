/** What a refusal says if the life cycle of a resource does not take a change. */
export interface LifecycleErrorDetails {
  /** The life cycle has no such action in the state that the resource is in. */
  invalid_transition: {
    readonly lifecycle: string
    readonly state: string
    readonly action: string
    readonly possible: readonly string[]
  }
  /** Another action waits for approval and keeps everything else off the resource until then. */
  waiting_for_approval: {
    readonly lifecycle: string
    readonly state: string
    readonly action: string
    readonly waiting: string
  }
  /** Something still refers to the resource. */
  still_referenced: {
    readonly lifecycle: string
    readonly state: string
    readonly action: string
    readonly references: readonly string[]
  }
  /**
   * A property of the document says in which state of its life cycle the resource is: nothing but an action changes
   * it.
   */
  follows_state: {
    readonly type: string
    readonly id: string
    readonly property: string
    /** What the state says, as JSON. */
    readonly says: string
    readonly state: string
    /** The actions that lead to another state. */
    readonly possible: readonly string[]
  }
  /** A guard of the life cycle says that the action is impossible just now, or its effect failed. */
  transition_rejected: {
    readonly lifecycle: string
    readonly state: string
    readonly action: string
    readonly problem: string
  }
}
