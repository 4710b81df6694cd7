/** What a refusal says if somebody may not do what they want, or change who may. */
export interface AccessErrorDetails {
  /** The roles of the actor do not hold a permission that this needs. */
  not_permitted: {
    readonly actor: string
    readonly project: string
    readonly missing: readonly string[]
    /**
     * Who may change the settings, if `createApprovals({ admins })` says so: `user "ben"`, or
     * `role "boss", which nobody holds`.
     */
    readonly admins?: readonly string[] | undefined
    /** The policies that nobody without it can switch off. */
    readonly policies?: readonly string[] | undefined
  }
  /** The resource is restricted to its editors, and the actor is not one of them. */
  not_an_editor: {
    readonly type: string
    readonly id: string
    readonly actor: string
    readonly editors: readonly string[]
  }
  /**
   * The actor would give or take a role that can do more than the actor, by its permissions or by what policies let
   * its holders do; or would let a user join, leave or be another person whom policies let do more by name.
   */
  beyond_own_permissions: {
    readonly actor: string
    /** The role; left out if it is about a user. */
    readonly role?: string
    /** The user whom policies name. */
    readonly user?: string
    readonly missing: readonly string[]
    /**
     * Ids of policies that let the role or the user approve, veto or go past them, which the actor can neither do nor
     * change. They are in force, or an open request was submitted under them.
     */
    readonly policies: readonly string[]
  }
  /** The actor is the person behind the account, and would not be any more: nobody parts an account from themselves. */
  own_account: { readonly actor: string; readonly account: string }
  /** What a change of access does has moved since it was previewed. */
  preview_outdated: { readonly seen: string }
  /** No such role, here. */
  unknown_role: { readonly role: string; readonly known: readonly string[] }
  /** The role is still held. */
  role_in_use: { readonly role: string; readonly holders: readonly string[] }
  /**
   * Nobody would be left who can give roles in the organization, or nobody of those who may say who approves:
   * `permission` is what they would lack.
   */
  last_admin: { readonly admins: readonly string[]; readonly permission: string }
}
