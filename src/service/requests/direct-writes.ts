import { defined } from '../../core/defined.ts'
import type { Actor } from '../../core/request/model/event.ts'
import type { Write } from '../../ports/storage.ts'
import { newAccessWrites } from '../access/editors.ts'
import { revisionWrites } from '../commands/revision-writes.ts'
import type { Context } from '../context/context.ts'
import { policyWrites } from '../policies/policy-writes.ts'
import { turnWrites } from '../policies/workflow-writes.ts'
import type { DecidedSubmission } from './decide-submission.ts'

/** Everything that is written when nobody has to approve. */
export async function directWrites(
  context: Context,
  actor: Actor,
  { proposals, resources, policySet, preconditions, shadows }: DecidedSubmission,
  { at, message }: { readonly at: number; readonly message?: string | undefined },
): Promise<readonly Write[]> {
  const { tenant, user, via } = actor
  const inCode = context.coded?.digest
  const authorship = { tenant, author: user, via, at, ...defined({ message, inCode }) }
  const changes = proposals.map(({ change }) => change)
  return [
    ...preconditions,
    ...changes.flatMap((change, index) =>
      revisionWrites(resources[index], change, { ...authorship, ...defined({ shadow: shadows[index] }) }),
    ),
    ...(await newAccessWrites(context, actor, { settings: policySet?.value, changes, at })),
    ...(await policyWrites(context, changes, { policySet, actor, at })),
    ...(await turnWrites(context, changes, { policySet, actor, at, reason: message })),
  ]
}
