import type { PolicyProblem } from '../model/policy-finding.ts'
import type { Approvers, Need } from '../model/requirement.ts'

/** What is wrong with a value, and how to mend it. */
export type Mistake = Omit<PolicyProblem, 'path'>

/** Finds approvers that name nobody. */
export function namesSomebody({ value, issues }: { value: Approvers; issues: unknown[] }): void {
  if (value.users || value.roles || value.field !== undefined || value.owner) return
  const mistake = { problem: 'names nobody', fix: 'name users, roles, or both' }
  issues.push({ code: 'custom', input: value, params: mistake })
}

/** Finds stand-ins for approvers whom nothing else names. */
export function standsInForSomebody({ value, issues }: { value: Approvers; issues: unknown[] }): void {
  if (value.otherwise === undefined || value.field !== undefined || value.owner) return
  const mistake = { problem: 'is for where a field, or the ownership of an agent, names nobody', fix: 'take it out' }
  issues.push({ code: 'custom', input: value, path: ['otherwise'], params: mistake })
}

/** Finds owners of agents beside others: whoever owns one counts in a place of their own. */
export function standsAlone({ value, issues }: { value: Approvers; issues: unknown[] }): void {
  if (!value.owner || !(value.users || value.roles || value.field !== undefined)) return
  const mistake = { problem: 'asks for others in the place of the owner', fix: 'ask for either of them in an any' }
  issues.push({ code: 'custom', input: value, path: ['owner'], params: mistake })
}

/** Finds choices that ask for more than there is. */
export function tooFew({
  value,
  issues,
}: {
  value: { atLeast: number; of: readonly unknown[] }
  issues: unknown[]
}): void {
  if (value.atLeast <= value.of.length) return
  const problem = `asks for ${value.atLeast} of ${value.of.length}`
  issues.push({
    code: 'custom',
    input: value,
    path: ['atLeast'],
    params: { problem, fix: `write at most ${value.of.length}` },
  })
}

/** Finds quorums that the people named cannot fill. */
export function unreachable({ value, issues }: { value: Need; issues: unknown[] }): void {
  const { quorum, from } = value
  const people = from.users?.filter((user) => !from.except?.users?.includes(user)).length ?? 0
  if (from.owner && quorum > 1) {
    const mistake = { problem: `asks for ${quorum} people, and an agent has one owner`, fix: 'write 1' }
    issues.push({ code: 'custom', input: value, path: ['quorum'], params: mistake })
    return
  }
  if (from.roles || from.field !== undefined || from.owner || quorum <= people) return
  const problem = `asks for ${quorum} people out of ${people}`
  issues.push({
    code: 'custom',
    input: value,
    path: ['quorum'],
    params: { problem, fix: people === 0 ? 'name somebody' : `write at most ${people}, or name more` },
  })
}

/** Shows a value in a message. */
export function inWords(value: unknown): string {
  if (value === undefined) return 'missing'
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 60 ? `${text.slice(0, 57)}…` : text
}
