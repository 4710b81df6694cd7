import { appendFileSync } from 'node:fs'
import { storageAt } from './address.ts'
import { work } from './work.ts'

/** Works until it is killed, and writes down what it was told. What is appended to a file outlives the process. */
const [address = '', tenant = '', log = ''] = process.argv.slice(2)
const storage = storageAt(address)
await storage.get([{ collection: 'requests', key: [tenant, 'none'] }])
process.send?.('ready')
await work(storage, {
  tenant,
  rounds: Number.POSITIVE_INFINITY,
  note(entry) {
    appendFileSync(log, `${JSON.stringify(entry)}\n`)
    process.send?.('noted')
  },
})
