import { hasCode } from '../../src/errors/approval-error.ts'
import { sqliteStorage } from '../../src/storage/sqlite.ts'

/** Adds to a counter in a database, an event each time, as one of several processes that do the same; says so after each commit. */
const [path = '', stream = '', times = '0'] = process.argv.slice(2)
const storage = sqliteStorage(path)

for (let done = 0; done < Number(times); ) {
  const [counter] = await storage.get([{ collection: 'requests', key: ['acme', stream] }])
  const seq = Number(counter?.value['count'] ?? 0) + 1
  const value = { tenant: 'acme', id: stream, count: seq }
  try {
    await storage.commit([
      counter
        ? { type: 'replace', collection: 'requests', value, expected: counter.version }
        : { type: 'insert', collection: 'requests', value },
      {
        type: 'insert',
        collection: 'events',
        value: { tenant: 'acme', stream, seq, prev: `h${seq - 1}`, by: process.pid },
      },
    ])
    done++
    process.stdout.write(`${seq}\n`)
  } catch (thrown) {
    if (!hasCode(thrown, 'version_conflict') && !hasCode(thrown, 'duplicate_key')) throw thrown
  }
}
await storage.close()
