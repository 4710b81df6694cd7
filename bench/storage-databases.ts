import { createHash, randomUUID } from 'node:crypto'
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import Database from 'better-sqlite3'
import type { Storage } from 'countersign'
import { mysqlSchema, mysqlStorage } from 'countersign/storage/mysql'
import { postgresSchema, postgresStorage } from 'countersign/storage/postgres'
import { sqliteSchema, sqliteStorage } from 'countersign/storage/sqlite'
import mysql from 'mysql2/promise'
import pg from 'pg'
import { type HandDialect, handSchema, type Step, sent } from './storage-by-hand.ts'

/** A database on which Countersign and a developer's own statements work side by side. */
export interface BenchDatabase {
  readonly name: string
  /** Opens what Countersign keeps in it; each time another instance, as another process would have it. */
  open(): Storage
  readonly dialect: HandDialect
  /** Runs statements by hand in one transaction. */
  transaction(steps: readonly Step[]): Promise<void> | void
  /** Runs a statement by itself. */
  run(text: string): Promise<unknown> | unknown
  /** Reads rows by a prepared statement by hand. Left out where nothing is read by hand. */
  rows?(text: string, values: readonly (string | number)[]): Promise<readonly unknown[]> | readonly unknown[]
  /** The least that a review costs: it reads one row and commits one write of so many bytes. Left out where it is not measured. */
  floor?(bytes: string): Promise<void> | void
  close(): Promise<void>
}

/** How many connections both sides have. */
export const connections = 16

/** A file, with every commit on the disk. */
export function sqlite(): BenchDatabase {
  const folder = mkdtempSync(join(import.meta.dirname, 'storage-'))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  const connect = () => {
    const database = new Database(join(folder, 'bench.db'))
    database.exec('pragma journal_mode = wal; pragma synchronous = full')
    return database
  }
  const database = connect()
  database.exec(handSchema(sqliteSchema()))
  const log = openSync(join(folder, 'floor.log'), 'a')
  const prepared = new Map<string, Database.Statement>()
  const prepare = (text: string): Database.Statement => {
    const statement = prepared.get(text) ?? database.prepare(text)
    prepared.set(text, statement)
    return statement
  }
  return {
    name: 'SQLite',
    open: () => sqliteStorage(connect()),
    dialect: { placeholder: () => '?', lock: '' },
    transaction(steps) {
      let version = 0
      prepare('begin immediate').run()
      for (const { text, values, reads } of steps) {
        const statement = prepare(text)
        if (!statement.reader) statement.run(...sent(values, version))
        else {
          const row = statement.get(...sent(values, version)) as { readonly version: number } | undefined
          if (reads) version = row?.version ?? 0
        }
      }
      prepare('commit').run()
    },
    run: (text) => database.exec(text),
    rows: (text, values) => prepare(text.replace(/\$\d+/g, '?')).all(...values),
    floor(bytes) {
      writeSync(log, bytes)
      fdatasyncSync(log)
    },
    async close() {
      closeSync(log)
      database.close()
    },
  }
}

/** A server of PostgreSQL; undefined where none answers. */
export async function postgres(): Promise<BenchDatabase | undefined> {
  const connectionString = process.env['POSTGRES_URL'] ?? 'postgres://postgres@127.0.0.1:5432/test'
  const schema = `countersign_bench_${randomUUID().replaceAll('-', '')}`
  const pool = new pg.Pool({
    connectionString,
    max: connections,
    idleTimeoutMillis: 0,
    options: `-c search_path=${schema}`,
  })
  try {
    await pool.query(`create schema ${schema}`)
  } catch (error) {
    console.log(`PostgreSQL is left out: nobody answers at ${connectionString} (${String(error)}).`)
    await pool.end()
    return undefined
  }
  await pool.query(handSchema(postgresSchema()))
  await pool.query("create table floor (id integer primary key, value text not null); insert into floor values (1, '')")
  return {
    name: 'PostgreSQL',
    open: () => postgresStorage(pool),
    dialect: postgresDialect,
    async transaction(steps) {
      const client = await pool.connect()
      let version = 0
      await client.query('begin')
      for (const { text, values, reads } of steps) {
        const { rows } = await client.query({ name: text.slice(0, 60), text, values: sent(values, version) })
        if (reads) version = Number(rows[0]?.version ?? 0)
      }
      await client.query('commit')
      client.release()
    },
    run: (text) => pool.query(text),
    rows: async (text, values) =>
      (await pool.query({ name: createHash('md5').update(text).digest('hex'), text, values: [...values] })).rows,
    async floor(bytes) {
      await pool.query({ name: 'floor read', text: 'select value from floor where id = $1', values: [1] })
      await pool.query({ name: 'floor write', text: 'update floor set value = $1 where id = $2', values: [bytes, 1] })
    },
    async close() {
      await pool.query(`drop schema ${schema} cascade`)
      await pool.end()
    },
  }
}

/** PostgreSQL inside this process, in memory. */
export async function pglite(): Promise<BenchDatabase> {
  const lite = await PGlite.create()
  await lite.exec(handSchema(postgresSchema()))
  return {
    name: 'PGlite',
    open: () => postgresStorage(lite),
    dialect: postgresDialect,
    transaction: (steps) =>
      lite.transaction(async (transaction) => {
        let version = 0
        for (const { text, values, reads } of steps) {
          const { rows } = await transaction.query<{ readonly version: number }>(text, sent(values, version))
          if (reads) version = Number(rows[0]?.version ?? 0)
        }
      }),
    run: (text) => lite.exec(text),
    close: () => lite.close(),
  }
}

/** A server of MySQL or MariaDB; undefined where none answers. */
export async function mariadb(): Promise<BenchDatabase | undefined> {
  const server = process.env['MYSQL_URL'] ?? 'mysql://root@127.0.0.1:3306/test'
  const name = `countersign_bench_${randomUUID().replaceAll('-', '')}`
  const admin = await mysql.createConnection({ uri: server, multipleStatements: true }).catch((error: unknown) => {
    console.log(`MariaDB is left out: nobody answers at ${server} (${String(error)}).`)
    return undefined
  })
  if (!admin) return undefined
  await admin.query(`create database ${name}; use ${name}; ${handSchema(mysqlSchema())}`)
  const uri = new URL(`/${name}`, server).href
  const pool = mysql.createPool({ uri, charset: 'utf8mb4', connectionLimit: connections })
  return {
    name: 'MariaDB',
    open: () => mysqlStorage(pool),
    dialect: { placeholder: () => '?', lock: ' for update' },
    async transaction(steps) {
      const connection = await pool.getConnection()
      let version = 0
      await connection.query('start transaction')
      for (const { text, values, reads } of steps) {
        const [rows] = await connection.execute(text, sent(values, version))
        if (reads) version = (rows as mysql.RowDataPacket[])[0]?.['version'] ?? 0
      }
      await connection.query('commit')
      connection.release()
    },
    run: (text) => pool.query(text),
    async close() {
      await pool.end()
      await admin.query(`drop database ${name}`)
      await admin.end()
    },
  }
}

const postgresDialect: HandDialect = { placeholder: (place) => `$${place}`, lock: ' for update' }
