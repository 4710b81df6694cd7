import { hasCode } from 'countersign'
import { anyRule, bigRollouts, checkout } from './flags.ts'
import { openHost } from './host.ts'
import { claim, does, say, scene } from './screen.ts'

const [folder = ''] = process.argv.slice(2)
const { as, publish, claimShare, serves } = openHost(folder)
const [ann, ben, cara] = [as('ann'), as('ben'), as('cara')]
const eva = { targetingKey: 'eva' }
const ida = { targetingKey: 'ida', email: 'ida@acme.example' }

await ben.policies.save(bigRollouts)
await ben.policies.save(anyRule)
await ann.submit(checkout, { value: { enabled: true, rollout: 10, rules: [{ id: 'staff', domain: 'acme.example' }] } })
await publish()
say('The flag new-checkout is live: staff have it, and 10 % of everybody else.')
say('A rollout that moves by more than 20 points, and any change of a rule, waits for a lead.')
say('An application reads the flag file with flagd. How many of 1,000 people have the feature:')
claimShare(10)

scene('1  A small change applies directly')
does('ann', 'raises the rollout from 10 % to 15 %')
const small = await ann.submit(checkout, (flag) => {
  flag.rollout = 15
})
await publish()
claim('applied at once, as revision 2', small.status === 'applied' && small.revision === 2)
claimShare(15)

scene('2  A large change waits')
does('ann', 'raises it to 80 %: “full launch”')
const large = await ann.submit(
  checkout,
  (flag) => {
    flag.rollout = 80
  },
  { reason: 'full launch' },
)
if (large.status !== 'pending') process.exit(1)
const { id, digest, changes, approval } = large.request
claim(`pending as request ${id}: ${changes.flatMap(({ lines }) => lines).join(', ')}`, !approval?.met)
does('cara', 'would rather have 50 %: “let us look at the latency first”')
const careful = await cara.submit(checkout, { merge: { rollout: 50 } }, { reason: 'let us look at the latency first' })
claim('pending, too', careful.status === 'pending')
claimShare(15)
claim('as before: eva does not have it, ida of the staff does', !serves(eva) && serves(ida))

scene('3  Whoever asked cannot approve')
does('ann', 'is a lead, and approves her own request')
const refusal: unknown = await ann.requests.approve(id, { digest }).catch((error: unknown) => error)
claim(hasCode(refusal, 'self_approval') ? `refused: ${refusal.message}` : 'refused', hasCode(refusal, 'self_approval'))

process.kill(process.pid, 'SIGKILL')
