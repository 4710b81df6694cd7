import type { Directory } from '../ports/directory.ts'
import { inTime, type Wait } from '../ports/in-time.ts'

/** A directory that has failed where it does not answer in time. */
export function timelyDirectory(directory: Directory, milliseconds: number, wait: Wait = inTime): Directory {
  return {
    users: (scope, ids) => wait(directory.users(scope, ids), milliseconds),
    holders: (scope, role) => wait(directory.holders(scope, role), milliseconds),
    roles: (scope, names) => wait(directory.roles(scope, names), milliseconds),
  }
}
