import { defined } from '../../core/defined.ts'
import type { Digest } from '../../core/json/digest.ts'
import type { ProposedChange } from '../../core/request/model/content.ts'
import { type Authorship, revise } from '../../core/request/model/revision.ts'
import type { Write } from '../../ports/storage.ts'
import { append, resourceStream } from '../records/event-stream.ts'
import type { ResourceRecord } from '../records/record-types.ts'
import { put, type Stored } from '../records/typed-storage.ts'

/**
 * Writes what a change makes of a resource: its live document, its new revision, the event. `inCode` is the digest of
 * the policies in code by which nobody had to approve it.
 */
export function revisionWrites(
  live: Stored<ResourceRecord> | undefined,
  change: ProposedChange,
  { inCode, ...authorship }: Authorship & { readonly inCode?: Digest | undefined },
): readonly Write[] {
  const { resource, revision, event } = revise(change, authorship)
  const { head, writes } = append({ tenant: authorship.tenant, stream: resourceStream(resource) }, live?.value.head, {
    ...event,
    ...defined({ inCode }),
  })
  return [put('resources', { ...resource, head }, live), put('revisions', revision, undefined), ...writes]
}
