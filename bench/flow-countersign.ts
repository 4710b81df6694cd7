import { createApprovals, defineResource, type Storage, staticDirectory } from 'countersign'
import { documentOf, type FlowSide, flagDocument, flagNames, rolesOf } from './flow-application.ts'

/** The same flow with Countersign. */
export async function countersignSide(storage: Storage, close: () => Promise<void>): Promise<FlowSide> {
  const flags = defineResource({ type: 'flag', schema: flagDocument })
  const approvals = createApprovals({
    storage,
    resources: [flags],
    directory: staticDirectory(rolesOf),
    admins: { roles: ['lead'] },
  })
  const as = (user: string) => approvals.as({ tenant: 'acme', user })
  const [ann, ben] = [as('ann'), as('ben')]
  for (const flag of flagNames) await ann.submit(flags.ref(flag), { value: documentOf(0) })
  await ben.policies.save({
    id: 'two-leads',
    match: { resource: 'flag' },
    require: { quorum: 2, from: { roles: ['lead'] } },
  })
  return {
    close,
    async submit(flag, document) {
      const outcome = await as('ann').submit(flags.ref(flag), { value: document })
      if (outcome.status !== 'pending') throw new TypeError('The change was not gated.')
      return outcome.request
    },
    approve: async (by, { id, digest }) => (await as(by).requests.approve(id, { digest })).request.status,
    async stored(flag, id) {
      const { status, reviews } = await ann.requests.get(id)
      const live = await ann.resources.get(flags.ref(flag))
      return { document: live?.document, status, reviewers: reviews.map(({ by }) => by) }
    },
  }
}
