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

const question = `select @@character_set_client as client, @@character_set_connection as connection,
  @@character_set_results as results, @@autocommit as autocommit, ? is null as emptied, ? as came, ${largest} as version`
const isolation = "show session variables like 't%isolation'"

/**
 * Looks at connections of MySQL when they are first used.
 *
 * A connection that loses letters, blurs tenants or reads what is not committed is refused before anything is written
 * over it.
 */
export function mysqlFirstLook(): FirstLook {
  return firstLook(look)
}

async function look(session: SqlSession): Promise<Habits> {
  const answer = (await session.rows(question, ['', probe])) as readonly Readonly<Record<string, unknown>>[]
  const { client, connection, results, autocommit, emptied } = answer[0] ?? {}
  const spoken = [client, connection, results].map(textOf)
  const other = spoken.find((name) => name !== 'utf8mb4')
  if (other !== undefined && client !== undefined) {
    refuseSession(
      `it speaks ${other || 'no character set'}, in which letters are lost and tenants blur: open it with charset: 'utf8mb4', and leave SET NAMES out`,
    )
  }
  checkProbe(answer)
  if (Number(emptied) !== 0) {
    refuseSession('it takes an empty text for null: take EMPTY_STRING_IS_NULL out of its sql_mode')
  }
  const levels = (await session.rows(isolation, [])) as readonly Readonly<Record<string, unknown>>[]
  if (levels.some((level) => Object.values(level).some((value) => /^read-uncommitted$/i.test(textOf(value))))) {
    refuseSession(
      'it reads what others have not committed: set session transaction isolation level read committed, or a stricter one',
    )
  }
  return { keepsTransactions: Number(autocommit) === 0 }
}

/** Some drivers give texts of the server as bytes. */
function textOf(value: unknown): string {
  return value instanceof Uint8Array ? new TextDecoder().decode(value) : String(value ?? '')
}
