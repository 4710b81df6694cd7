import type { SqliteConnection } from '../../src/storage/sqlite.ts'

interface NodeSqlite {
  readonly DatabaseSync: new (path: string) => SqliteConnection
}

const module = process.getBuiltinModule('node:sqlite') as NodeSqlite | undefined

/** Opens a connection of node:sqlite; undefined where this Node is older than 22.13 and has none. */
export const nodeSqlite = module && ((path: string) => new module.DatabaseSync(path))

/** Says in a title why something was left out. */
export const withoutNodeSqlite = `left out: node:sqlite is in Node from 22.13 on, and this is ${process.version}`
