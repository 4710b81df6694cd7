/** What is wrong at one place of a policy, and how to mend it. */
export interface PolicyProblem {
  /** JSON Pointer into the policy. */
  readonly path: string
  readonly problem: string
  readonly fix: string
}

/** Something about a policy that its author should know. */
export interface PolicyFinding extends PolicyProblem {
  readonly policy: string
  /** An error keeps the policy from being saved. */
  readonly severity: 'error' | 'warning' | 'hint'
}

/** A finding, before it is said which policy it is about. */
export type Finding = Omit<PolicyFinding, 'policy'>
