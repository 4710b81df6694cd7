import type { PolicyInput } from '../model/policy.ts'
import type { Finding } from '../model/policy-finding.ts'

/** Finds rules of conduct that let something land that nobody has looked at. */
export function checkConduct({ rules = {} }: PolicyInput): readonly Finding[] {
  if (rules.onEdit !== 'stand') return []
  return [
    {
      path: '/rules/onEdit',
      severity: 'warning',
      problem: 'approvals stand for content that was edited after they were given, and that nobody has approved',
      fix: 'write "keep", by which only approvals stay whose part of the change is equal, or let only few edit: { "edit": "requester" }',
    },
  ]
}
