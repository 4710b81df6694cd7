/** The permissions that a change of a resource needs: the same for every action, or by action. */
export type PermissionsNeeded = string | Readonly<Record<string, string | readonly string[]>>

/** Says which permissions a change needs that carries these actions. */
export type NeedsOf = (actions: readonly string[]) => readonly string[]

/**
 * Reads what a resource type says of permissions. An action that is not named needs what `update` needs.
 *
 * @throws TypeError if the action update is not named, or an action is named that does not exist.
 */
export function permissionsNeeded(type: string, needed: PermissionsNeeded, actions: readonly string[]): NeedsOf {
  const named = typeof needed === 'string' ? { update: needed } : needed
  const byAction = new Map(
    Object.entries(named).map(([action, one]) => [action, typeof one === 'string' ? [one] : one]),
  )
  const [unknown] = [...byAction.keys()].filter((action) => !actions.includes(action))
  if (unknown !== undefined) {
    throw new TypeError(
      `defineResource: permissions of "${type}" name an action ${JSON.stringify(unknown)} that it does not have`,
    )
  }
  const update = byAction.get('update') ?? []
  if (update.length === 0 || [...byAction.values()].some((list) => list.length === 0)) {
    throw new TypeError(
      `defineResource: permissions of "${type}" must say which ones update needs, and at least one for each action named`,
    )
  }
  return (carried) => [...new Set(carried.flatMap((action) => byAction.get(action) ?? update))]
}
