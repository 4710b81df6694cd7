import {
  checkProbe,
  type FirstLook,
  firstLook,
  type Habits,
  largest,
  probe,
  refuseSession,
} from '../shared/first-look.ts'
import type { SqlSession } from '../shared/session.ts'

const question = `select current_setting('server_encoding') as server, current_setting('client_encoding') as client,
  $1::text as came, ${largest}::bigint as version, pg_backend_pid()::text as process`

/**
 * Looks at connections of PostgreSQL when they are first used.
 *
 * A database or a connection that cannot hold every letter is refused before anything is written, and so is a driver
 * that changes what it reads. A pooler that gives each transaction another connection is known by the process that
 * answers: it is not the one that the pooler made up for its client.
 */
export function postgresFirstLook(): FirstLook {
  return firstLook(look)
}

async function look(session: SqlSession): Promise<Habits> {
  const answer = (await session.rows(question, [probe])) as readonly Readonly<Record<string, unknown>>[]
  const { server, client, process } = answer[0] ?? {}
  if (server !== undefined && server !== 'UTF8') {
    refuseSession(
      `its database has the encoding ${String(server)}, which does not hold every letter: use one that was created with encoding 'UTF8'`,
    )
  }
  if (client !== undefined && client !== 'UTF8') {
    refuseSession(`it speaks ${String(client)}, in which letters are lost: leave client_encoding at 'UTF8'`)
  }
  checkProbe(answer)
  return { keepsTransactions: false, changesServers: isAnother(process, session.native) }
}

/** Tells whether the process that answers is another than the one that the driver was told of when it connected. */
function isAnother(process: unknown, native: unknown): boolean {
  const told = typeof native === 'object' && native !== null ? Reflect.get(native, 'processID') : undefined
  return typeof told === 'number' && told !== Number(process)
}
