import type { Approvers, NamedPeople, PinnedRequirement, Requirement } from '../model/requirement.ts'

/**
 * Says in words what a requirement asks: `2 approvals by lead or ann`.
 *
 * @example
 * ```ts
 * describeRequirement({ quorum: 2, from: { roles: ['lead'], users: ['ann'] } })
 * ```
 */
export function describeRequirement(requirement: Requirement): string {
  return describe(requirement, false)
}

/**
 * Says in words what a policy asks of a change, its veto included.
 *
 * @example
 * ```ts
 * describePinned({ require: { quorum: 2, from: { roles: ['lead'] } }, veto: { users: ['cleo'] } })
 * ```
 */
export function describePinned({ require, veto }: Pick<PinnedRequirement, 'require' | 'veto'>): string {
  const asked = describeRequirement(require)
  return veto ? `${asked}; ${describeApprovers(veto)} can veto` : asked
}

function describe(requirement: Requirement, inside: boolean): string {
  if ('quorum' in requirement) {
    const { quorum, from, about } = requirement
    const approvals = `${quorum} ${quorum === 1 ? 'approval' : 'approvals'} by ${describeApprovers(from)}`
    return about === undefined ? approvals : `${approvals} for ${about}`
  }
  if ('all' in requirement) return joined(requirement.all, ' and ', inside)
  if ('any' in requirement) return joined(requirement.any, ' or ', inside)
  if ('stages' in requirement) return joined(requirement.stages, ', then ', inside)
  return `${requirement.atLeast} of (${requirement.of.map((part) => describe(part, true)).join(', ')})`
}

function joined(parts: readonly Requirement[], word: string, inside: boolean): string {
  const text = parts.map((part) => describe(part, parts.length > 1)).join(word)
  return inside && parts.length > 1 ? `(${text})` : text
}

function describeApprovers(approvers: Approvers): string {
  const { except, otherwise } = approvers
  const asked = [whoIsAsked(approvers), ...(otherwise ? [`otherwise ${inWords(otherwise)}`] : [])].join(', ')
  return except ? `${asked} except ${inWords(except)}` : asked
}

/** Who is asked, and what names them. Before a change is there, that alone can be said. */
function whoIsAsked({ field, owner, otherwise, ...named }: Approvers): string {
  const sources = [...(field === undefined ? [] : [field]), ...(owner ? ['the ownership of the agent'] : [])].join(
    ' and ',
  )
  const names = inWords(named)
  if (sources === '') return names
  if (names === '') return `whom ${sources} names`
  return otherwise ? `${names} or whom ${sources} names` : `${names} (${sources})`
}

function inWords({ users = [], roles = [] }: NamedPeople): string {
  return [...roles.map((role) => `role ${role}`), ...users].join(' or ')
}
