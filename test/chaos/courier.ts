import { createApprovals, type Storage, staticDirectory } from '../../src/index.ts'
import { pricesAt } from '../outside-world.ts'
import { storageAt } from './address.ts'

/**
 * Approves a request whose change goes to a price list elsewhere, and stops before one of the calls that follow the claim, of the storage or of the
 * list, to be killed there. Says which call that is, or that it came to its end.
 */
const [address = '', port = '', tenant = '', request = '', seen = '', stop = ''] = process.argv.slice(2)
let claimed = false
let calls = 0

async function before(call: string): Promise<void> {
  if (!claimed || calls++ < Number(stop)) return
  process.send?.(call)
  await new Promise(() => setInterval(() => {}, 60_000))
}

const prices = pricesAt(Number(port))
const { external: outside } = prices
if (!outside) throw new TypeError('Prices are kept outside.')
const storage = storageAt(address)
const stopping: Storage = {
  ...storage,
  get: (keys) => before('get').then(() => storage.get(keys)),
  async commit(writes, effect) {
    await before('commit')
    await storage.commit(writes, effect)
    claimed ||= writes.some(({ collection }) => collection === 'claims')
  },
}
const approvals = createApprovals({
  storage: stopping,
  resources: [
    {
      ...prices,
      external: {
        ...outside,
        read: (...asked) => before('read').then(() => outside.read(...asked)),
        write: (...asked) => before('write').then(() => outside.write(...asked)),
      },
    },
  ],
  directory: staticDirectory({ ann: [], ben: ['lead'] }),
  admins: 'anyone',
})
await approvals.as({ tenant, user: 'ben' }).requests.approve(request, { digest: seen, idempotencyKey: 'once' })
await storage.close()
process.send?.('end')
process.disconnect?.()
