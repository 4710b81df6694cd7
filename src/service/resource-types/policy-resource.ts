import { parsePointer } from '../../core/json/pointer.ts'
import { parseListedPolicy } from '../../core/policy/check/parse-policy.ts'
import type { PolicyInput } from '../../core/policy/model/policy.ts'
import { policyType } from '../../core/policy/model/policy-type.ts'
import type { ProposedChange } from '../../core/request/model/content.ts'
import { declareResource } from './define-resource.ts'
import type { ResourceType } from './resource-type.ts'

const schema: ResourceType<PolicyInput>['schema'] = {
  '~standard': {
    version: 1,
    vendor: 'countersign',
    validate(input) {
      const parsed = parseListedPolicy(input)
      if (parsed.ok) return { value: parsed.value }
      const { problems } = parsed.refusal.details
      return {
        issues: problems.map(({ path, problem, fix }) => ({
          path: parsePointer(path) ?? [],
          message: `${problem} (${fix})`,
        })),
      }
    },
  },
}

/**
 * The policies of a tenant, as resources: `policyResource.ref('two-eyes')` names the policy of this id, and its
 * document is the policy as its author writes it.
 *
 * Every verb takes it. A change is applied at once, unless a policy in force names `countersign.policy`, the type of
 * these resources, in `match.resource`; it needs what `policies.save` needs, and findings of `policies.check` that
 * are errors refuse it, or keep it from being applied.
 */
export const policyResource: ResourceType<PolicyInput> = declareResource({ type: policyType, schema })

/** Tells whether a change is one of a policy. */
export function isPolicyChange({ resource }: Pick<ProposedChange, 'resource'>): boolean {
  return resource.type === policyType
}

/** A policy as it is to be: null if it is to be gone. */
export interface NextPolicy {
  readonly id: string
  readonly policy: PolicyInput | null
}

/** Lists the policies among changes, as they are to be. */
export function policiesIn(changes: readonly ProposedChange[]): readonly NextPolicy[] {
  return changes.filter(isPolicyChange).map(({ resource: { id }, after }) => {
    return { id, policy: after as unknown as PolicyInput | null }
  })
}
