import { type Result, refuse, success } from '../../../errors/result.ts'
import { admit } from '../../change/admit.ts'
import { defined } from '../../defined.ts'
import type { JsonValue } from '../../json/json.ts'
import type { Admission } from '../../json/limits.ts'
import type { PolicyInput } from '../model/policy.ts'
import { checkPolicy } from './check-policy.ts'
import { policySchema, problemsOf } from './policy-schema.ts'

const limits: Admission = {
  depth: 32,
  nodes: 5_000,
  members: 1_000,
  textLength: 4_096,
  bytes: 65_536,
  undefinedIsAbsent: true,
}

/**
 * Reads a policy from outside, or lists everything that is wrong with it: each mistake with its path and the way to
 * mend it.
 *
 * What only the host and its directory can know is checked by {@link checkPolicy}.
 *
 * @example
 * ```ts
 * const parsed = parsePolicy(JSON.parse('{"id":"two-eyes"}'))
 * if (!parsed.ok) console.log(parsed.refusal.details.problems)
 * ```
 *
 * @returns The policy, or a refusal: `invalid_policy`.
 */
export function parsePolicy(input: unknown): Result<PolicyInput, 'invalid_policy'> {
  return parsed(input, (value) => value)
}

/**
 * Reads a policy as its author writes it, or as it was listed or saved before: its version, its findings and what it
 * strands are for Countersign to say, and are left out.
 */
export function parseListedPolicy(input: unknown): Result<PolicyInput, 'invalid_policy'> {
  return parsed(input, authored)
}

function authored(value: JsonValue): JsonValue {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  const { version, findings, strands, ...policy } = value as Readonly<Record<string, JsonValue>>
  return {
    ...policy,
    ...(typeof version === 'number' && Number.isSafeInteger(version) && version >= 0 ? {} : defined({ version })),
    ...(Array.isArray(findings) ? {} : defined({ findings })),
    ...(typeof strands === 'object' ? {} : defined({ strands })),
  }
}

function parsed(input: unknown, read: (value: JsonValue) => JsonValue): Result<PolicyInput, 'invalid_policy'> {
  const admitted = admit(input, limits)
  if (!admitted.ok) {
    const { path, problem } = admitted.refusal.details
    return refuse('invalid_policy', { policy: '', problems: [{ path, problem, fix: 'write plain JSON' }] })
  }
  const checked = policySchema.safeParse(read(admitted.value), { reportInput: true })
  if (!checked.success) {
    return refuse('invalid_policy', { policy: nameOf(admitted.value), problems: problemsOf(checked.error) })
  }
  const policy = checked.data
  const errors = checkPolicy(policy).filter(({ severity }) => severity === 'error')
  if (errors.length === 0) return success(policy)
  const problems = errors.map(({ path, problem, fix }) => ({ path, problem, fix }))
  return refuse('invalid_policy', { policy: policy.id, problems })
}

function nameOf(input: unknown): string {
  const id = typeof input === 'object' && input !== null && 'id' in input ? input.id : undefined
  return typeof id === 'string' ? id : ''
}
