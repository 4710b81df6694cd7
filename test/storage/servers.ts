import { randomUUID } from 'node:crypto'
import mysql from 'mysql2/promise'
import pg from 'pg'
import { collections } from '../../src/ports/collections.ts'
import { tableName } from '../../src/storage/sql/shared/names.ts'

/** A place of its own on a server. */
export interface TestDatabase<Pool> {
  readonly pool: Pool
  /** How another process finds the place. */
  readonly address: string
  /** Opens another pool on the same place. */
  openPool(): Pool
  /** Leaves every table empty. */
  clear(): Promise<void>
  /** Takes the place away again. */
  drop(): Promise<void>
}

export const postgresUrl = process.env['POSTGRES_URL'] ?? 'postgres://postgres@127.0.0.1:5432/test'
export const mysqlUrl = process.env['MYSQL_URL'] ?? 'mysql://root@127.0.0.1:3306/test'

/** What the names of all places of this run of the tests begin with: `sweep.ts` takes away what is left of them. */
const prefix = process.env['COUNTERSIGN_TEST_PLACES'] ?? 'countersign_'

/** Leaves every table of records empty, in one round trip. */
export const clearing = Object.keys(collections)
  .map((collection) => `delete from ${tableName(collection)};`)
  .join(' ')

/** Makes a schema on the PostgreSQL of `POSTGRES_URL`, or of the usual local port; undefined where there is none. Sessions have these settings. */
export async function postgresDatabase(
  settings = '',
): Promise<(TestDatabase<pg.Pool> & { readonly schema: string }) | undefined> {
  const schema = `${prefix}${randomUUID().replaceAll('-', '')}`
  const openPool = () =>
    new pg.Pool({
      connectionString: postgresUrl,
      options: `-c search_path=${schema} ${settings}`,
      connectionTimeoutMillis: 3000,
    })
  const pool = openPool()
  const there = await isThere('PostgreSQL', postgresUrl, () => pool.query(`create schema ${schema}`))
  if (!there) return undefined
  const address = new URL(postgresUrl)
  address.searchParams.set('options', `-c search_path=${schema} ${settings}`)
  return {
    schema,
    pool,
    address: address.href,
    openPool,
    async clear() {
      await pool.query(clearing)
    },
    async drop() {
      await pool.query(`drop schema ${schema} cascade`)
      await pool.end()
    },
  }
}

/** Makes a database on the same server, for what cannot be told a schema by its connections; undefined if there is none. */
export async function ownDatabase(): Promise<
  { readonly name: string; readonly pool: pg.Pool; drop(): Promise<void> } | undefined
> {
  const name = `${prefix}${randomUUID().replaceAll('-', '')}`
  const server = new pg.Pool({ connectionString: postgresUrl, connectionTimeoutMillis: 3000, max: 1 })
  const there = await isThere('PostgreSQL', postgresUrl, () => server.query(`create database ${name}`))
  if (!there) return undefined
  const address = new URL(postgresUrl)
  address.pathname = `/${name}`
  const pool = new pg.Pool({ connectionString: address.href, connectionTimeoutMillis: 3000 })
  return {
    name,
    pool,
    async drop() {
      await pool.end()
      await server.query(`drop database ${name} with (force)`)
      await server.end()
    },
  }
}

/** Makes a database on the MySQL or MariaDB of `MYSQL_URL`, or of the usual local port; undefined where there is none. */
export async function mysqlDatabase(): Promise<TestDatabase<mysql.Pool> | undefined> {
  const database = `${prefix}${randomUUID().replaceAll('-', '')}`
  const server = mysql.createPool({ uri: mysqlUrl, connectTimeout: 3000, connectionLimit: 1 })
  const there = await isThere('MySQL', mysqlUrl, () => server.query(`create database ${database}`))
  if (!there) return undefined
  const openPool = () => mysql.createPool({ uri: mysqlUrl, database, multipleStatements: true, connectionLimit: 6 })
  const pool = openPool()
  const address = new URL(mysqlUrl)
  address.pathname = `/${database}`
  // Several processes share a server that takes 151 connections as it comes, and two test files run at once.
  address.searchParams.set('connectionLimit', '4')
  return {
    pool,
    address: address.href,
    openPool,
    async clear() {
      await pool.query(`start transaction; ${clearing} commit`)
    },
    async drop() {
      await pool.end()
      await server.query(`drop database ${database}`)
      await server.end()
    },
  }
}

/** Says in a title why something was left out. */
export function leftOut(server: 'PostgreSQL' | 'MySQL'): string {
  const variable = server === 'PostgreSQL' ? 'POSTGRES_URL' : 'MYSQL_URL'
  return `left out: no ${server} at ${variable} or on its local port`
}

async function isThere(server: string, url: string, ask: () => Promise<unknown>): Promise<boolean> {
  try {
    await ask()
    return true
  } catch (cause) {
    if (process.env['CI'] === 'true') throw new TypeError(`${server} cannot be reached at ${url}`, { cause })
    return false
  }
}
