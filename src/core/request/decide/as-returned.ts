import type { Facts } from '../model/command.ts'
import { statusAt } from '../model/deadline.ts'
import { evolve } from '../model/evolve.ts'
import type { Request } from '../model/request.ts'
import { isReturned } from './decide.ts'

/**
 * A request as it is by now: if the workflow was switched off while it waited, it is a draft, whether or not that is
 * recorded yet. What had expired before is left to be expired.
 */
export function asReturned<R extends Request>(
  request: R,
  { switchedOff, holds }: Pick<Facts, 'switchedOff' | 'holds'>,
  at: number,
): R {
  const isSentBack = switchedOff !== undefined && isReturned(request, { switchedOff })
  if (!isSentBack || statusAt(request, { at, holds }) === 'expired') return request
  const { requester: by, via, updatedAt } = request
  return evolve(request, { type: 'returned', by, via, at: updatedAt, outcome: { status: 'draft' } }) as R
}
