import { dismiss } from '../../core/lifecycle/dismiss.ts'
import { fail } from '../../errors/approval-error.ts'
import { messageOf } from '../../errors/message-of.ts'
import type { Clock, NewId } from '../../ports/clock.ts'
import { latestTime } from '../values/latest-time.ts'
import { shown } from '../values/shown.ts'

/** A clock that gives a time, or refuses: a deadline that is compared with no time never comes. */
export function checkedClock(now: Clock): Clock {
  const fix = 'createApprovals({ now }) must give a whole number of milliseconds since 1970, as Date.now() does'
  return () => {
    const time = answerOf(now, { function: 'now', fix })
    if (typeof time === 'number' && Number.isSafeInteger(time) && time >= 0 && time <= latestTime) return time
    return fail('host_function_failed', { function: 'now', problem: `answered ${shown(time)}`, fix })
  }
}

/** What `newId` has to answer. */
export const newIdFix =
  'createApprovals({ newId }) must give an id that was never given before, of 1 to 64 letters, digits, "-" and "_", as crypto.randomUUID() does'

/** A source of ids that gives ids, or refuses. */
export function checkedIds(newId: NewId): NewId {
  return () => {
    const id = answerOf(newId, { function: 'newId', fix: newIdFix })
    if (typeof id === 'string' && /^[A-Za-z0-9_-]{1,64}$/.test(id)) return id
    return fail('host_function_failed', { function: 'newId', problem: `answered ${shown(id)}`, fix: newIdFix })
  }
}

function answerOf(ask: () => unknown, named: { readonly function: string; readonly fix: string }): unknown {
  try {
    const answer = ask()
    dismiss(answer)
    return answer
  } catch (cause) {
    return fail('host_function_failed', { ...named, problem: `failed: ${messageOf(cause)}` }, { cause })
  }
}
