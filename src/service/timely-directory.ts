import type { Directory } from '../ports/directory.ts'
import { inTime } from '../ports/in-time.ts'

/** A directory that has failed where it does not answer in time. */
export function timelyDirectory(directory: Directory, milliseconds: number): Directory {
  return {
    users: (scope, ids) => inTime(directory.users(scope, ids), milliseconds),
    holders: (scope, role) => inTime(directory.holders(scope, role), milliseconds),
    roles: (scope, names) => inTime(directory.roles(scope, names), milliseconds),
  }
}
