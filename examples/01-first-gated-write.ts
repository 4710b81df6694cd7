import { createApprovals, defineResource, staticDirectory } from 'countersign'
import { memoryStorage } from 'countersign/storage/memory'
import { boolean, number, object } from 'zod'

const flags = defineResource({
  type: 'feature_flag',
  schema: object({ enabled: boolean(), rollout: number().min(0).max(100) }),
})

const approvals = createApprovals({
  storage: memoryStorage(),
  resources: [flags],
  directory: staticDirectory({ ann: ['developer'], ben: ['lead'] }),
  policies: [
    {
      id: 'big-rollouts',
      match: { resource: 'feature_flag', action: 'update' },
      when: { type: 'change_amount', field: '/rollout', operator: '>', value: 20 },
      require: { quorum: 1, from: { roles: ['lead'] } },
    },
  ],
  policiesVersion: 1,
})
const ann = approvals.as({ tenant: 'acme', user: 'ann' })
const ben = approvals.as({ tenant: 'acme', user: 'ben' })

const checkout = flags.ref('checkout')
await ann.submit(checkout, { value: { enabled: true, rollout: 40 } })

const outcome = await ann.submit(checkout, (flag) => {
  flag.rollout = 80
})
console.log(outcome.status) // pending

if (outcome.status === 'pending') {
  const { id, digest, changes } = outcome.request
  console.log(changes[0]?.lines) // [ 'rollout: 40 → 80' ]

  const { request } = await ben.requests.approve(id, { digest })
  console.log(request.status) // applied
}

const live = await ann.resources.get(checkout)
console.log(live?.document.rollout) // 80
