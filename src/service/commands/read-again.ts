import { fail, hasCode } from '../../errors/approval-error.ts'
import { pause } from '../values/pause.ts'

const attempts = 12

/**
 * Reads something once more if the settings were changed while it was read, so that nothing is told that mixes before
 * and after.
 *
 * @throws ApprovalError `contention` if they were changed each time.
 */
export async function readAgain<T>(read: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await read()
    } catch (error) {
      if (!hasCode(error, 'version_conflict')) throw error
      if (attempt === attempts) return fail('contention', { verb: 'read', attempts }, { cause: error })
      await pause(attempt)
    }
  }
}
