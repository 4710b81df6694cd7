import type { Storage } from '../../src/index.ts'
import { mysqlStorage } from '../../src/storage/mysql.ts'
import { postgresStorage } from '../../src/storage/postgres.ts'
import { sqliteStorage } from '../../src/storage/sqlite.ts'

/** Opens the storage at an address, as another process was told it: a connection string, a URI, or the path of a file. */
export function storageAt(address: string): Storage {
  if (address.startsWith('postgres')) return postgresStorage(address)
  return address.startsWith('mysql') ? mysqlStorage(address) : sqliteStorage(address)
}
