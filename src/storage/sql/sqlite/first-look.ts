import { checkProbe, largest, probe, refuseSession } from '../shared/first-look.ts'
import type { SqliteConnection } from './connection.ts'

/**
 * Looks at a connection of SQLite before it is used.
 *
 * @throws ApprovalError `storage_failed` if the file keeps text in UTF-16, whose bytes are in another order, or if
 * rows do not come as objects.
 */
export function lookAtSqlite(connection: SqliteConnection): void {
  const [row] = connection.prepare('pragma encoding').all()
  const encoding = String(Object.values(row ?? {})[0])
  if (encoding.startsWith('UTF-16')) {
    refuseSession(
      `its file keeps text in ${encoding}, which orders ids otherwise: begin with a file that says pragma encoding = 'UTF-8'`,
    )
  }
  checkProbe(connection.prepare(`select ? as came, ${largest} as version`).all(probe))
}
