import { describe, it } from 'vitest'
import { type SqliteConnection, sqliteStorage } from '../../src/storage/sqlite.ts'
import { storageConformance } from '../../src/testing/storage-conformance.ts'
import { insideTransactions } from '../storage/host-suite.ts'
import { connectionHost } from '../storage/sqlite-host.ts'

interface NodeSqlite {
  readonly DatabaseSync: new (path: string) => SqliteConnection
}

// The types of Node are those of the oldest one that is supported, which has no such module.
const { DatabaseSync } = process.getBuiltinModule('node:sqlite') as unknown as NodeSqlite

describe('[G10, I8, L5] sqliteStorage on a connection of node:sqlite keeps every promise of the port', () => {
  const fresh = () => sqliteStorage(new DatabaseSync(':memory:'))
  for (const { name, run } of storageConformance(fresh)) it(name, run)
})

insideTransactions({ 'node:sqlite': connectionHost((path) => new DatabaseSync(path)) })
