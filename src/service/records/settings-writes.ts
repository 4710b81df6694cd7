import type { Actor } from '../../core/request/model/event.ts'
import type { Write } from '../../ports/storage.ts'
import { append, settingsStream } from './event-stream.ts'
import type { PolicySetRecord } from './record-types.ts'
import { put, type Stored } from './typed-storage.ts'

/** What commands about settings are about: they wait for each other. */
export const aboutSettings = 'settings'

/** A change of the settings, before it is said who made it. */
export interface SettingsEvent {
  readonly type: string
  readonly [detail: string]: unknown
}

/** Writes a change of the settings of a tenant: one event, one version. */
export function settingsWrites(
  { tenant, user, via }: Actor,
  before: Stored<PolicySetRecord> | undefined,
  {
    at,
    event,
    next = {},
  }: { readonly at: number; readonly event: SettingsEvent; readonly next?: Partial<PolicySetRecord> },
): readonly Write[] {
  const { type, ...details } = event
  const logged = { type, by: user, via, at, ...details }
  const { head, writes } = append({ tenant, stream: settingsStream }, before?.value.head, logged)
  return [put('policySets', { ...before?.value, ...next, tenant, head }, before), ...writes]
}
