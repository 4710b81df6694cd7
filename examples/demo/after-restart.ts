import { hasCode } from 'countersign'
import { checkout } from './flags.ts'
import { openHost } from './host.ts'
import { claim, does, scene } from './screen.ts'

const [folder = ''] = process.argv.slice(2)
const { approvals, as, claimShare, serves } = openHost(folder)
const [ann, ben] = [as('ann'), as('ben')]
const eva = { targetingKey: 'eva' }
const mia = { targetingKey: 'mia', email: 'mia@partner.example' }

const { delivered } = await approvals.tick()
claim('the messages are delivered', delivered === 2)
const { requests } = await ben.requests.list({ status: 'pending' })
const launch = requests.find(({ requester }) => requester === 'ann')
const careful = requests.find(({ requester }) => requester === 'cara')
if (!launch || !careful) process.exit(1)
claim('both requests are still pending', requests.length === 2)

scene('5  Somebody else approves, and it is live')
does('ben', `approves request ${launch.id}, the content that he saw`)
const approved = await ben.requests.approve(launch.id, { digest: launch.digest })
await approvals.tick()
claim('applied, as revision 3', approved.request.status === 'applied' && approved.request.revisions?.[0]?.number === 3)
claimShare(80)
claim('eva has the new checkout', serves(eva))

scene('6  What was made against an older version is not applied')
does('ben', `approves request ${careful.id} of cara: 50 %, asked for when the rollout was 15 %`)
const refusal: unknown = await ben.requests
  .approve(careful.id, { digest: careful.digest })
  .catch((error: unknown) => error)
claim(hasCode(refusal, 'stale') ? `refused: ${refusal.message}` : 'refused', hasCode(refusal, 'stale'))
claimShare(80)

scene('7  A rejection says why')
does('ann', 'adds a rule: everybody at partner.example has the feature')
const rule = await ann.submit(checkout, (flag) => {
  flag.rules.push({ id: 'partner', domain: 'partner.example' })
})
if (rule.status !== 'pending') process.exit(1)
does('ben', 'rejects it: “their contract is not signed”')
const rejected = await ben.requests.reject(rule.request.id, {
  digest: rule.request.digest,
  reason: 'their contract is not signed',
})
await approvals.tick()
claim('rejected, and nothing is applied', rejected.request.status === 'rejected' && !serves(mia))

scene('8  The log')
const report = await ben.audit.verify()
claim(
  `${report.events} events in ${report.streams} streams: each is what was written, and follows the one before it`,
  report.ok,
)
await approvals.close()
