import { createApprovals, defineResource, keyedBy, staticDirectory } from 'countersign'
import { experimentLifecycle } from 'countersign/lifecycles'
import { memoryStorage } from 'countersign/storage/memory'
import { array, number, object, string } from 'zod'

const experiments = defineResource({
  type: 'experiment',
  schema: object({ name: string(), variants: array(object({ key: string(), weight: number() })) }),
  shape: { '/variants': keyedBy('key') },
  lifecycle: experimentLifecycle(),
})

let now = Date.UTC(2030, 0, 1, 9)
const approvals = createApprovals({
  storage: memoryStorage(),
  resources: [experiments],
  directory: staticDirectory({ ann: ['analyst'], ben: ['lead'] }),
  admins: { roles: ['lead'] },
  now: () => now,
})
const ann = approvals.as({ tenant: 'acme', user: 'ann' })
const ben = approvals.as({ tenant: 'acme', user: 'ben' })

await ben.policies.save({
  id: 'what-users-see',
  match: { resource: 'experiment', action: ['start', 'publish', 'finish'] },
  require: { quorum: 1, from: { roles: ['lead'] } },
})

// A draft is edited freely.
const checkout = experiments.ref('checkout')
const variants = [
  { key: 'control', weight: 50 },
  { key: 'short', weight: 50 },
]
await ann.submit(checkout, { value: { name: 'Checkout', variants } })
const where = async () => (await ann.resources.get(checkout))?.lifecycle

// A schedule is a start: who is asked about the one is asked about the other.
const noon = Date.UTC(2030, 0, 1, 12)
const schedule = await ann.submit(checkout, { action: 'schedule', at: noon })
if (schedule.status !== 'pending') throw new TypeError('Nobody was asked.')
const [scheduled, started] = schedule.request.changes[0]?.lines ?? []
console.log(scheduled) // schedule: state draft → scheduled
console.log(started) // start at 2030-01-01T12:00:00.000Z: state scheduled → running
console.log((await where())?.state, (await where())?.shown) // draft scheduling_pending
await ben.requests.approve(schedule.request.id, { digest: schedule.request.digest })

// The clock starts it, once, also when nothing ran at noon.
now = Date.UTC(2030, 0, 1, 15)
await approvals.tick()
console.log((await where())?.state) // running

// While the end waits, the experiment runs on, and nobody else touches it.
const finish = await ann.submit(checkout, { action: 'finish', details: { winner: 'short' } })
if (finish.status !== 'pending') throw new TypeError('Nobody was asked.')
const [finished, winner, control, short] = finish.request.changes[0]?.lines ?? []
console.log(finished) // finish: state running → finished
console.log(winner) // finish: winner "short"
console.log(control) // variants › control › weight: 50 → 0
console.log(short) // variants › short › weight: 50 → 100
const pause = (await where())?.can['pause']
console.log(pause === true || pause?.code) // true

await ben.requests.approve(finish.request.id, { digest: finish.request.digest })
const done = await ann.resources.get(checkout)
console.log(done?.lifecycle?.state, done?.document.variants.map(({ weight }) => weight).join()) // finished 0,100
