import { success } from '../../errors/result.ts'
import { ComeFirst, type Command } from '../commands/run-command.ts'
import { type CodedPolicies, standingOfCode } from '../context/coded-policies.ts'
import type { Context } from '../context/context.ts'
import type { PolicySetRecord } from '../records/record-types.ts'
import { aboutSettings, settingsWrites } from '../records/settings-writes.ts'
import { read, recordKey, settingsState } from '../records/typed-storage.ts'
import { bootDoor, ownUser } from '../values/reserved.ts'

/**
 * Has the policies in code recorded before something is decided by them that is going to be written; goes on if they
 * are.
 */
export function recordCodeFirst(context: Context, tenant: string, settings: PolicySetRecord | undefined): void {
  const { coded } = context
  if (!coded || standingOfCode(context, settings) !== 'unrecorded') return
  throw new ComeFirst([recordCodedCommand(context, tenant, coded)])
}

/**
 * Makes the command that records the policies in code in the log of a tenant, by their content. The settings are in
 * another state from then on, so that whatever was decided by an earlier set is judged anew. Does nothing if they are
 * on record, or later ones are.
 */
function recordCodedCommand(context: Context, tenant: string, coded: CodedPolicies): Command<undefined> {
  const { version, digest, policies } = coded
  const actor = { tenant, user: ownUser, via: bootDoor }
  return {
    verb: 'record the policies in code',
    actor,
    about: aboutSettings,
    async attempt(at) {
      const { set } = await read(context.storage, { set: recordKey('policySets', tenant) })
      if (standingOfCode(context, set?.value) !== 'unrecorded') return success({ writes: [], answer: undefined })
      const { saved } = await context.policies(context.storage, tenant, settingsState(set))
      const alsoSaved = policies.flatMap(({ id }) => (saved.policies.has(id) ? [id] : []))
      const event = { type: 'coded_policies_recorded', version, digest, policies, alsoSaved }
      const next = { inCode: { version, digest } }
      return success({ writes: settingsWrites(actor, set, { at, event, next }), answer: undefined })
    },
  }
}
