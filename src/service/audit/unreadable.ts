import { defined } from '../../core/defined.ts'
import type { UnreadableRecord } from '../../ports/storage.ts'
import {
  accessStream,
  delegationStream,
  requestStream,
  resourceStream,
  settingsStream,
} from '../records/event-stream.ts'
import { type OnUnreadable, unreadableError } from '../records/typed-storage.ts'
import type { AuditProblem } from './audit-report.ts'

/** Notes what cannot be read among what could not be done. It stands in nobody's way. */
export function unreadableTo(
  failed: { readonly tenant: string; readonly id: string; readonly error: unknown }[],
): OnUnreadable {
  return (record) => {
    const [tenant = '', ...id] = record.key
    failed.push({ tenant: String(tenant), id: id.join('/'), error: unreadableError(record) })
  }
}

/** Where the log or what it speaks of cannot be read, as the verification of the log says it. */
export function unreadableProblem({ collection, key, problem }: UnreadableRecord): AuditProblem {
  const { stream, seq } = placeOf({ collection, key })
  const told = `record ${JSON.stringify(key)} of ${collection} cannot be read: ${problem}`
  return { stream, ...defined({ seq }), problem: told }
}

function placeOf({ collection, key }: Pick<UnreadableRecord, 'collection' | 'key'>): Omit<AuditProblem, 'problem'> {
  const [, first = '', second = '', third] = key.map(String)
  const numbered = (stream: string, seq: string | undefined) => ({
    stream,
    ...(seq === undefined ? {} : { seq: Number(seq) }),
  })
  switch (collection) {
    case 'events':
    case 'unsealed':
      return numbered(first, second)
    case 'streams':
      return { stream: first }
    case 'requests':
    case 'contents':
    case 'comments':
      return { stream: requestStream(first) }
    case 'inbox':
    case 'acrossProjects':
      return { stream: requestStream(second) }
    case 'resources':
    case 'locks':
    case 'claims':
    case 'targets':
      return { stream: resourceStream({ type: first, id: second }) }
    case 'revisions':
      return numbered(resourceStream({ type: first, id: second }), third)
    case 'accesses':
      return { stream: accessStream({ type: first, id: second }) }
    case 'delegations':
      return { stream: delegationStream(first) }
    case 'seals':
    case 'checkpoints':
      return numbered('checkpoints', collection === 'checkpoints' ? first : undefined)
    case 'policies':
    case 'policySets':
    case 'grants':
    case 'holders':
    case 'departures':
    case 'returns':
      return { stream: settingsStream }
    case 'followUps':
    case 'preferences':
    case 'objections':
    case 'outbox':
    case 'idempotencyKeys':
      return { stream: 'storage' }
  }
}
