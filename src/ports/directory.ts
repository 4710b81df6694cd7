/** Where a question is asked: a tenant, and the project when there is one. */
export interface Scope {
  readonly tenant: string
  readonly project?: string | undefined
}

/** The roles that a user holds in one project. */
export interface RolesInProject {
  readonly project: string
  readonly roles: readonly string[]
}

/** What the directory says of one user, here and now. */
export interface DirectoryUser {
  /**
   * The person behind the user: equal for two users who are the same person. A person counts once.
   *
   * @defaultValue the user's own id
   */
  readonly person?: string | undefined
  /** Roles held in this scope. */
  readonly roles: readonly string[]
  /**
   * Roles held in projects besides, if the question names no project: what waits for somebody is looked for under
   * these. A role that is missing here hides requests from the inbox, and from nothing else; one too many costs a look.
   *
   * @defaultValue none: no project gives roles of its own
   */
  readonly inProjects?: readonly RolesInProject[] | undefined
  /**
   * The user who owns this one, if it is a service account or an agent. It acts for its owner: the two are one
   * person, and its own roles make nobody an approver. It counts only if a policy names it.
   *
   * @defaultValue none: the user is a person
   */
  readonly owner?: string | undefined
  /**
   * Types of notices that this user has switched off. Only `made_editor` can be: what people have to know reaches them
   * anyway.
   *
   * @defaultValue none: the user gets every notice
   */
  readonly unwanted?: readonly string[] | undefined
}

/**
 * Answers who people are. The host implements it over its own users; it is asked while deciding, never cached.
 *
 * A call that throws refuses the command with `directory_failed`: nobody is ever counted on a guess.
 */
export interface Directory {
  /** Says who these users are: in the order asked, `undefined` for one who does not exist or may no longer act. */
  users(scope: Scope, ids: readonly string[]): Promise<readonly (DirectoryUser | undefined)[]>

  /**
   * Lists the ids of the users who hold this role, without a project in any project; empty for a role that nobody
   * holds.
   */
  holders(scope: Scope, role: string): Promise<readonly string[]>

  /** Tells, in the order asked, which of these roles exist. A policy that names an unknown role is not saved. */
  roles(scope: Scope, names: readonly string[]): Promise<readonly boolean[]>
}
