import { admit } from '../../core/change/admit.ts'
import { ApprovalError, fail } from '../../errors/approval-error.ts'
import { keptRoles } from '../access/grants.ts'
import type { Context } from '../context/context.ts'

/** Refuses what is about roles that the host keeps. */
export function checkKept(context: Context): void {
  const roles = keptRoles(context)
  if (!roles.ok) throw new ApprovalError(roles.refusal)
}

/** Editors are among people whose roles say whether they may edit at all. */
export function checkGraded({ access }: Context): void {
  if (access.type === 'roles') return
  fail('invalid_input', {
    argument: 'access',
    problem: 'needs roles that say who may edit: give createApprovals access',
  })
}

/** Takes a copy of plain JSON as it is at the call. */
export function admitted(value: unknown): unknown {
  const plain = admit(value)
  if (plain.ok) return plain.value
  throw new ApprovalError(plain.refusal)
}
