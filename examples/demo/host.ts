import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { createApprovals, staticDirectory } from 'countersign'
import { emitter } from 'countersign/notifiers/emitter'
import { sqliteStorage } from 'countersign/storage/sqlite'
import { flagFile, type Person } from './flag-file.ts'
import { checkout, flags } from './flags.ts'
import { bar, claim, say } from './screen.ts'

/** The application of the demo: its people, its flag file, and approvals in front of its writes. */
export function openHost(folder: string) {
  const file = flagFile(join(folder, 'flags.flagd.json'))
  const inbox = emitter()
  const approvals = createApprovals({
    storage: sqliteStorage(join(folder, 'approvals.db')),
    resources: [flags],
    directory: staticDirectory({ ann: ['developer', 'lead'], ben: ['lead'], cara: ['developer'] }),
    admins: { roles: ['lead'] },
    notifiers: [inbox],
    newId: () => randomBytes(3).toString('hex'),
  })
  const as = (user: string) => approvals.as({ tenant: 'acme', user })

  /** Writes what is live into the flag file. A request that is applied does so by its message, which waits in the outbox until it is done. */
  const publish = async () => {
    const live = await as('ann').resources.get(checkout)
    if (live) file.write(live.id, live.document)
  }
  inbox.on('applied', publish)
  inbox.on('*', ({ to, type, by, reason }) => {
    const news =
      type === 'submitted'
        ? `${by} asks for your review`
        : `your request ${type === 'failed' ? 'has failed' : `is ${type}`}`
    say(`✉  ${to.join(', ')}: ${news}${reason === undefined ? '' : `: “${reason}”`}`)
  })

  const claimShare = (percent: number) => {
    const people = file.share(checkout.id)
    claim(`flagd  ${bar(people)}`, Math.abs(people - 10 * percent) < 30)
  }

  return { approvals, as, publish, claimShare, serves: (person: Person) => file.serves(checkout.id, person) }
}
