import { z } from 'zod'
import {
  type Approvals,
  createApprovals,
  defineResource,
  policyResource,
  type Storage,
  staticDirectory,
} from '../../src/index.ts'
import { levelAccess } from '../../src/presets/levels.ts'
import type { ReturnsRecord } from '../../src/service/records/workflow-records.ts'
import { accessWorld } from '../access-world.ts'
import { day, experiments, flags, pending, rollout } from '../world.ts'

type Acting = ReturnType<Approvals['as']>

/** What is kept outside of the database, by a system that nobody reaches. */
const prices = defineResource({
  type: 'price',
  schema: z.strictObject({ cents: z.number() }),
  permissions: { create: 'flags.create', update: 'flags.edit', delete: 'flags.delete' },
  external: {
    read: async () => undefined,
    write: async () => {
      throw new TypeError('nobody answers')
    },
  },
})

/** A tenant in which something of every kind is stored: a record of each collection, at least. */
export async function eventfulWorld(storage: Storage) {
  const w = await accessWorld(storage, undefined, [prices])
  const as = (user: string): Acting => w.as(user)
  const value = { enabled: true, rollout: 10 }
  await as('ann').submit(flags.ref('live', { project: 'web' }), { value }, { reason: 'first' })
  await as('ann').submit(flags.ref('live'), { merge: { rollout: 20 } }, { idempotencyKey: 'once' })
  await as('ann').submit(flags.ref('urgent', { project: 'web' }), { value })
  await as('zoe').policies.save({
    id: 'two-eyes',
    match: { resource: 'feature_flag' },
    when: { any: [{ type: 'crosses', field: '/rollout', value: 5 }, { not: { type: 'any_change', field: '/tags' } }] },
    require: {
      stages: [{ quorum: 1, from: { roles: ['manager'] } }, { all: [{ quorum: 1, from: { users: ['zoe'] } }] }],
    },
    escalate: { after: '1d', to: { roles: ['admin'] } },
    rules: { breakGlass: ['admin'], bypass: ['admin'], expiresAfter: '2d', lock: 'resource' },
  })
  await as('zoe').policies.save({
    id: 'later',
    match: { project: 'none' },
    require: { quorum: 1, from: { users: ['zoe'] } },
  })
  await as('zoe').policies.remove('later')
  await as('mia').delegations.save({ to: 'amy', ends: w.now() + day, match: { project: 'web' } })
  const open = pending(await as('ann').submit(flags.ref('live'), rollout(60), { reason: 'more of it' }))
  await as('mia').requests.approve(open.id, { digest: open.digest, reason: 'yes' })
  await as('amy').requests.comment(open.id, 'hm')
  const ended = pending(await as('amy').submit(flags.ref('second', { project: 'web' }), { value }))
  await as('mia').requests.reject(ended.id, { digest: ended.digest, reason: 'no' })
  const urgent = pending(await as('ann').submit(flags.ref('urgent'), rollout(99)))
  await as('zoe').requests.breakGlass(urgent.id, { digest: urgent.digest, reason: 'it burns', incident: 'INC-1' })
  await as('vic')
    .submit(flags.ref('live'), rollout(1))
    .catch(() => {})
  await as('zoe').access.editors.save(flags.ref('live'), { type: 'restrict', editors: ['ann', 'amy'] })
  await as('zoe').access.setDefaultAccess('editors')
  await as('ann').notices.preferences({ unwanted: ['made_editor'] })
  await as('zoe').submit(prices.ref('dear'), { value: { cents: 5 } })
  await w.approvals.tick()
  await as('zoe').policies.save({
    id: 'beta',
    match: { project: 'beta' },
    require: { quorum: 1, from: { users: ['zoe'] } },
  })
  pending(await as('zoe').submit(flags.ref('third', { project: 'beta' }), { value }))
  const [here, there] = [flags.ref('fourth', { project: 'web' }), flags.ref('fifth', { project: 'beta' })]
  pending(await as('zoe').submitAll([here, there].map((ref) => ({ ref, change: { value } }))))
  await as('zoe').workflow.disable({ project: 'beta' })
  // What a process left behind that died while it switched the workflow off.
  const interrupted = { tenant: 'acme', project: 'beta', dueAt: w.now(), by: 'zoe', via: 'app' } satisfies ReturnsRecord
  await storage.commit([{ type: 'insert', collection: 'returns', value: interrupted }])
  // The application has a directory of its own for a while, and says that somebody has left.
  const directory = staticDirectory({ gus: ['viewer'] })
  const hosted = createApprovals({ storage, resources: [flags, experiments, prices], access: levelAccess, directory })
  await hosted.departed({ tenant: 'acme', user: 'gus' })
  await as('ann').requests.comment(open.id, 'after the clock')
  return { ...w, as, open, ended, urgent }
}

export type EventfulWorld = Awaited<ReturnType<typeof eventfulWorld>>

/** The same tenant over another storage that has all that was stored of it. */
export function reopened(storage: Storage, { now }: EventfulWorld) {
  let later = 0
  let ids = 0
  const approvals = createApprovals({
    storage,
    resources: [flags, experiments, prices],
    access: levelAccess,
    notifiers: [{ name: 'kept', deliver: async () => {} }],
    now: () => now() + later,
    newId: () => `later-${++ids}`,
  })
  return {
    approvals,
    as: (user: string): Acting => approvals.as({ tenant: 'acme', user }),
    pass: (milliseconds: number) => {
      later += milliseconds
    },
  }
}

/** Every call that reads what is stored, and some that act on it. */
export function calls({
  as,
  open,
  ended,
  urgent,
}: Pick<EventfulWorld, 'as' | 'open' | 'ended' | 'urgent'>): Readonly<Record<string, () => Promise<unknown>>> {
  const [ann, amy, mia, zoe] = [as('ann'), as('amy'), as('mia'), as('zoe')]
  return {
    'requests.get': () => mia.requests.get(open.id),
    'requests.get of an ended one': () => zoe.requests.get(ended.id),
    'requests.list': () => zoe.requests.list(),
    'requests.list by status': () => zoe.requests.list({ status: 'pending' }),
    'requests.waiting': () => zoe.requests.inbox(),
    'requests.followUps': () => zoe.requests.followUps(),
    'resources.get': () => ann.resources.get(flags.ref('live')),
    'resources.history': () => ann.resources.history(flags.ref('live')),
    'resources.compare': () => ann.resources.compare(flags.ref('live'), 1, 2),
    'resources.compare with a request': () => zoe.resources.compare(flags.ref('live'), { request: open.id }, 'live'),
    'resources.drafts': () => ann.resources.drafts(flags.ref('live')),
    'policies.list': () => zoe.policies.list(),
    'policies.check': () =>
      zoe.policies.check({ id: 'x', match: {}, require: { quorum: 1, from: { users: ['zoe'] } } }),
    'policies.simulate': () => zoe.policies.simulate([]),
    'the history of a policy': () => zoe.resources.history(policyResource.ref('two-eyes')),
    'access.grants': () => zoe.access.grants('ann'),
    'access.holders': () => zoe.access.holders('member'),
    'access.may': () => ann.access.may('flags.edit', { project: 'web' }),
    'access.editors.get': () => zoe.access.editors.get(flags.ref('live')),
    'access.mute': () => ann.notices.preferences({ unwanted: [] }),
    'resources.get of what is kept outside': () => ann.resources.get(prices.ref('dear')),
    'the same outside': () => zoe.submit(prices.ref('dear'), { value: { cents: 6 } }),
    'access.defaultAccess': () => zoe.access.defaultAccess(),
    'workflow.isOn': () => zoe.workflow.isEnabled({ project: 'web' }),
    'delegations.list': () => mia.delegations.list(),
    'audit.checkpoint': () => zoe.audit.checkpoint(),
    'audit.events': () => zoe.audit.events({ request: open.id }),
    'audit.events of settings': () => zoe.audit.events({ settings: true }),
    'audit.export': async () => {
      for await (const _ of zoe.audit.export());
    },
    preview: () => ann.preview(flags.ref('second', { project: 'web' }), { value: { enabled: true, rollout: 1 } }),
    'the same submission': () => ann.submit(flags.ref('live'), { merge: { rollout: 20 } }, { idempotencyKey: 'once' }),
    approve: () => zoe.requests.approve(open.id, { digest: open.digest }),
    'approve for somebody': () => amy.requests.approve(open.id, { digest: open.digest, onBehalfOf: 'mia' }),
    rebase: () => ann.requests.rebase(open.id),
    decideFollowUp: () => mia.requests.followUp(urgent.id, { digest: urgent.digest, reason: 'fine' }),
    'audit.erase': () => zoe.audit.erase({ user: 'amy' }),
  }
}
