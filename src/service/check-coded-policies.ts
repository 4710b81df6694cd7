import { checkPolicy } from '../core/policy/check/check-policy.ts'
import { parseListedPolicy } from '../core/policy/check/parse-policy.ts'
import type { CodedPolicyInput } from '../core/policy/model/policy.ts'
import type { PolicyProblem } from '../core/policy/model/policy-finding.ts'
import type { ApprovalsOptions } from './approvals-options.ts'
import { type CodedPolicies, codedPolicies } from './context/coded-policies.ts'
import type { Context } from './context/context.ts'
import { resourceWords } from './policies/policy-findings.ts'
import { shown } from './values/shown.ts'

type Given = Pick<ApprovalsOptions, 'policies' | 'policiesVersion'>

/**
 * Reads the policies that the application gives in code, by the checks of those that are saved. Who people are is not
 * asked: that is different in every tenant.
 *
 * @throws TypeError that names the policy, the place and the fix, if one of them could not be saved.
 */
export function checkedCode(
  { policies, policiesVersion }: Given,
  { resources, vocabulary }: Pick<Context, 'resources' | 'vocabulary'>,
): CodedPolicies | undefined {
  if (policies === undefined) {
    if (policiesVersion === undefined) return undefined
    throw new TypeError('createApprovals: policiesVersion is the version of policies: give these as well, or neither')
  }
  if (!Array.isArray(policies)) {
    throw new TypeError(`createApprovals: policies must be a list of policies, not ${shown(policies)}`)
  }
  if (!Number.isSafeInteger(policiesVersion) || (policiesVersion ?? 0) < 1) {
    throw new TypeError(
      `createApprovals: policiesVersion must be a whole number from 1 on, and a higher one whenever policies change, not ${shown(policiesVersion)}`,
    )
  }
  const parsed = Array.from(policies, parsedCoded)
  const ids = parsed.map(({ id }) => id)
  const twice = ids.find((id, index) => ids.indexOf(id) < index)
  if (twice !== undefined) {
    throw new TypeError(`createApprovals: two of the policies are called ${JSON.stringify(twice)}: give one another id`)
  }
  const predicates = Object.keys(vocabulary.predicates ?? {})
  const words = resourceWords({ resources })
  for (const policy of parsed) {
    const findings = checkPolicy(policy, { others: parsed, predicates, resources: words })
    const wrong = findings.find(({ severity }) => severity === 'error')
    if (wrong) throw refused(policy.id, wrong)
  }
  return codedPolicies(parsed, Number(policiesVersion), vocabulary)
}

function parsedCoded(input: unknown, index: number): CodedPolicyInput {
  if (typeof input !== 'object' || input === null) {
    throw new TypeError(`createApprovals: policies[${index}] must be a policy, not ${shown(input)}`)
  }
  const { whileOff, ...rest } = input as Readonly<Record<string, unknown>>
  const parsed = parseListedPolicy(rest)
  if (!parsed.ok) {
    const { policy, problems } = parsed.refusal.details
    const [first] = problems
    throw refused(policy || `policies[${index}]`, first ?? { path: '', problem: 'is no policy', fix: 'write one' })
  }
  if (whileOff !== undefined && whileOff !== 'asks' && whileOff !== 'silent') {
    const problem = { path: '/whileOff', problem: `is ${shown(whileOff)}`, fix: 'write "asks" or "silent"' }
    throw refused(parsed.value.id, problem)
  }
  return whileOff === 'asks' ? { ...parsed.value, whileOff } : parsed.value
}

function refused(policy: string, { path, problem, fix }: PolicyProblem): TypeError {
  const place = path === '' ? '' : `${path} `
  return new TypeError(`createApprovals: policies: ${JSON.stringify(policy)}: ${place}${problem}: ${fix}`)
}
