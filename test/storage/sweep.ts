import { randomBytes } from 'node:crypto'
import mysql from 'mysql2/promise'
import pg from 'pg'
import { mysqlUrl, postgresUrl } from './servers.ts'

const prefix = `countersign_${randomBytes(5).toString('hex')}_`

/** Names the places that this run of the tests makes on servers, before its workers begin. */
export function setup(): void {
  process.env['COUNTERSIGN_TEST_PLACES'] = prefix
}

/** Takes away those that are left when all tests are over. */
export async function teardown(): Promise<void> {
  await Promise.all([sweepPostgres(), sweepMysql()])
}

async function sweepPostgres(): Promise<void> {
  const client = new pg.Client({ connectionString: postgresUrl, connectionTimeoutMillis: 3000 })
  try {
    await client.connect()
  } catch {
    return
  }
  const { rows } = await client.query('select nspname from pg_namespace where starts_with(nspname, $1)', [prefix])
  for (const { nspname } of rows) await client.query(`drop schema ${nspname} cascade`)
  const databases = await client.query('select datname from pg_database where starts_with(datname, $1)', [prefix])
  for (const { datname } of databases.rows) await client.query(`drop database ${datname} with (force)`)
  await client.end()
}

async function sweepMysql(): Promise<void> {
  const server = await mysql.createConnection({ uri: mysqlUrl, connectTimeout: 3000 }).catch(() => undefined)
  if (!server) return
  const [rows] = await server.query<mysql.RowDataPacket[]>(
    'select schema_name as name from information_schema.schemata where left(schema_name, ?) = ?',
    [prefix.length, prefix],
  )
  for (const { name } of rows) await server.query(`drop database ${name}`)
  await server.end()
}
