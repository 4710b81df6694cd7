import { type Digest, digest } from '../../core/json/digest.ts'
import { asJson } from '../../core/json/json.ts'
import type { Vocabulary } from '../../core/policy/compile/compile-condition.ts'
import { compilePolicies, type PolicySet } from '../../core/policy/compile/policy-set.ts'
import type { CodedPolicyInput, Policy } from '../../core/policy/model/policy.ts'
import { compareText } from '../../core/policy/model/requirement.ts'
import type { Facts } from '../../core/request/model/command.ts'
import { type Refusal, refuse } from '../../errors/result.ts'
import type { PolicySetRecord } from '../records/record-types.ts'

/** The policies that the application gives in code. They hold in every tenant, beside those that are saved there. */
export interface CodedPolicies {
  /** The `policiesVersion` of the application. */
  readonly version: number
  /** Of the version and the policies. */
  readonly digest: Digest
  /** In the order of their ids. */
  readonly policies: readonly Policy[]
  readonly set: PolicySet
  /** Those that ask while the workflow is off, too. */
  readonly whileOff: PolicySet
}

/** What has policies in code, or none. */
interface WithCode {
  readonly coded: CodedPolicies | undefined
}

/** Compiles the policies of a set that was checked. */
export function codedPolicies(
  given: readonly CodedPolicyInput[],
  version: number,
  vocabulary: Vocabulary,
): CodedPolicies {
  const sorted = given.toSorted((a, b) => compareText(a.id, b.id))
  const policies = sorted.map((policy): Policy => ({ ...policy, version, source: 'code' }))
  return {
    version,
    digest: codedDigest(version, policies),
    policies,
    set: compilePolicies(policies, vocabulary),
    whileOff: compilePolicies(
      policies.filter(({ whileOff }) => whileOff === 'asks'),
      vocabulary,
    ),
  }
}

/** The digest of a set of policies in code. */
export function codedDigest(version: number, policies: readonly Policy[]): Digest {
  return digest('policies in code', asJson({ version, policies }))
}

/**
 * How the policies in code of this instance compare with those that a tenant has on record: they are the same; they are
 * later and to be recorded; or they are older, or others of the same version, and nothing may be applied by them.
 */
export function standingOfCode(
  { coded }: WithCode,
  settings: Pick<PolicySetRecord, 'inCode'> | undefined,
): 'recorded' | 'unrecorded' | Refusal<'policies_outdated'> {
  const recorded = settings?.inCode
  if (recorded === undefined) return coded ? 'unrecorded' : 'recorded'
  if (coded?.digest === recorded.digest) return 'recorded'
  if (coded && coded.version > recorded.version) return 'unrecorded'
  return refuse('policies_outdated', { version: coded?.version ?? 0, recorded: recorded.version }).refusal
}

/** What a decision on a request has to know of that. */
export function codeFacts(
  context: WithCode,
  settings: Pick<PolicySetRecord, 'inCode'> | undefined,
): Pick<Facts, 'outdated'> {
  const standing = standingOfCode(context, settings)
  return typeof standing === 'string' ? {} : { outdated: standing.details }
}
