import { withChanges } from '../../core/policy/compile/policy-set.ts'
import type { PolicySetState } from '../../core/request/model/policy-set-state.ts'
import type { Write } from '../../ports/storage.ts'
import type { Context } from '../context/context.ts'
import { rememberedDirectory } from '../people/remembered-directory.ts'
import { asIfWritten } from '../records/as-if-written.ts'
import type { PolicyRecord, PolicySetRecord } from '../records/record-types.ts'
import { read, recordKey, settingsState } from '../records/typed-storage.ts'

/** The people and the policies of a tenant at one moment: as they are, or as some writes would leave them. */
export interface World {
  readonly context: Context
  /** The settings that say which policies are in force. */
  readonly settings: PolicySetRecord | undefined
  readonly setVersion: PolicySetState
}

/**
 * Gives the people and the policies as they are, and as some writes would leave them. Nothing is written. Of each
 * world the directory is asked every question once.
 */
export async function worldsAround(
  context: Context,
  tenant: string,
  writes: readonly Write[],
): Promise<{ readonly before: World; readonly after: World }> {
  const key = recordKey('policySets', tenant)
  const storage = asIfWritten(context.storage, writes)
  const { set } = await read(context.storage, { set: key })
  const { next: then } = await read(storage, { next: key })
  const directory = context.directoryOver(context.storage, { settings: set?.value })
  const before: World = {
    context: { ...context, directory: rememberedDirectory(directory) },
    settings: set?.value,
    setVersion: settingsState(set),
  }
  const people = rememberedDirectory(context.directoryOver(storage, { settings: then?.value }))
  const changes = policiesAmong(writes)
  // What no policy is changed by leaves the state of the policies alone, so that nothing is evaluated anew for it.
  if (changes.length === 0) return { before, after: { ...before, context: { ...context, directory: people } } }
  const inForce = await context.policies(context.storage, tenant, before.setVersion)
  const next = { ...inForce, saved: withChanges(inForce.saved, changes) }
  const after: World = {
    context: { ...context, storage, directory: people, policies: async () => next },
    settings: then?.value,
    setVersion: settingsState(then),
  }
  return { before, after }
}

function policiesAmong(writes: readonly Write[]): readonly PolicyRecord[] {
  return writes.flatMap((write) => {
    const isOne = write.collection === 'policies' && (write.type === 'insert' || write.type === 'replace')
    return isOne ? [write.value as unknown as PolicyRecord] : []
  })
}
