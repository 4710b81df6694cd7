import { type AccessOptions, createApprovals, type Notice, type ResourceType, type Storage } from '../src/index.ts'
import { levelAccess } from '../src/presets/levels.ts'
import { experiments, flags, start } from './world.ts'

/** A tenant whose roles are kept by Countersign: Zoe is its admin; Mia manages project `web`, Ann and Amy are members of it, Vic looks on. */
export async function accessWorld(
  storage: Storage,
  access: AccessOptions = levelAccess,
  types: readonly ResourceType[] = [],
) {
  const delivered: Notice[] = []
  let time = start
  let ids = 0
  const approvals = createApprovals({
    storage,
    resources: [flags, experiments, ...types],
    access,
    notifiers: [
      {
        name: 'kept',
        async deliver(notice) {
          delivered.push(notice)
        },
      },
    ],
    now: () => time,
    newId: () => `request-${++ids}`,
  })
  const as = (user: string, { tenant = 'acme', via = 'app' } = {}) => approvals.as({ tenant, user, via })
  await approvals.appointFirstAdmin({ tenant: 'acme', user: 'zoe' })
  const members = [
    { users: ['mia'], projects: ['web'], roles: ['manager'] },
    { users: ['ann', 'amy'], projects: ['web'], roles: ['member'] },
    { users: ['vic'], projects: ['web'], roles: ['viewer'] },
  ]
  const { digest } = await as('zoe').access.preview(members)
  await as('zoe').access.change(members, { digest })
  return {
    approvals,
    as,
    pass: (milliseconds: number) => {
      time += milliseconds
    },
    now: () => time,
    async notices() {
      await approvals.tick()
      return delivered
    },
  }
}
