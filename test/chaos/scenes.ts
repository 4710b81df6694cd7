import type { Digest } from '../../src/core/json/digest.ts'
import type { PolicyInput, SubmitOutcome } from '../../src/index.ts'
import { day, flags, pending, start } from '../world.ts'
import { checkout, type Desk, type Office } from './desk.ts'

/** A command in a situation in which it is accepted. `prepare` gives the id and the digest of the request that it is about. */
export interface Scene {
  readonly name: string
  prepare(desk: Desk, office: Office): Promise<Asked>
  /** Does it under an idempotency key, where the command takes one. */
  act(desk: Desk, asked: Asked, key: Key): Promise<unknown>
}

/** The request that a command is about. */
export interface Asked {
  readonly id: string
  readonly digest: string
  /** Digests of the conflicts that wait for an answer. */
  readonly conflicts?: readonly Digest[]
}

interface Key {
  readonly idempotencyKey: string
}

const nothing: Asked = { id: '', digest: '' }
const toRollout = (rollout: number) => ({ merge: { rollout } })

/** A policy that asks one lead about every rollout. */
export const reviewed = (rules: PolicyInput['rules'] = {}, quorum = 1): PolicyInput => ({
  id: 'reviewed',
  match: {},
  when: { type: 'any_change', field: '/rollout' },
  require: { quorum, from: { roles: ['lead'] } },
  rules,
})

/** What replaces it: one policy changes, one is added. */
const replacing: readonly PolicyInput[] = [reviewed({}, 2), { ...reviewed(), id: 'second' }]

/** A live flag under a policy with these rules. */
export async function flag({ as }: Desk, rules: PolicyInput['rules'] = {}, quorum = 1): Promise<void> {
  await as('ann').submit(checkout, { value: { enabled: true, rollout: 40, description: 'a' } })
  await as('ann').policies.save(reviewed(rules, quorum))
}

/** A request of ann's that waits for a lead. */
export async function asked(desk: Desk, rules: PolicyInput['rules'] = {}, quorum = 1): Promise<Asked> {
  await flag(desk, rules, quorum)
  return about(await desk.as('ann').submit(checkout, toRollout(80)))
}

/** A request of ann's that a security officer may approve as well once it has waited for a day. */
export async function escalating(desk: Desk, rules: PolicyInput['rules'] = {}): Promise<Asked> {
  await flag(desk, rules)
  await desk.as('ann').policies.save({ ...reviewed(rules), escalate: { after: '1d', to: { roles: ['security'] } } })
  return about(await desk.as('ann').submit(checkout, toRollout(80)))
}

/** The same, approved by ben, and left to be applied by hand. */
export async function approved(desk: Desk, rules: PolicyInput['rules'] = {}): Promise<Asked> {
  const request = await asked(desk, { apply: 'by_hand', ...rules })
  await desk.as('ben').requests.approve(request.id, { digest: request.digest })
  return request
}

/** A flag of another project. */
export const second = flags.ref('second', { project: 'mobile' })

/** A request that is about it, too: it is in two projects. */
export async function ofTwo(desk: Desk, rules: PolicyInput['rules'] = {}): Promise<Asked> {
  const { id } = await asked(desk, rules)
  const { request } = await desk.as('eve').requests.add(id, second, { value: { enabled: true, rollout: 5 } })
  return { id, digest: request.digest }
}

/** A request that Eve has said something about. */
async function talkedAbout(desk: Desk): Promise<Asked> {
  const request = await asked(desk)
  await desk.as('eve').requests.comment(request.id, 'hm')
  return request
}

/** A request that dan may apply in an emergency. */
function sealed(desk: Desk): Promise<Asked> {
  return asked(desk, { breakGlass: ['security'] })
}

/** The same, applied in an emergency: a review is owed. */
export async function broken(desk: Desk): Promise<Asked> {
  const request = await sealed(desk)
  await desk.as('dan').requests.breakGlass(request.id, { digest: request.digest, incident: 'INC-7', reason: 'fire' })
  return request
}

async function drafted(desk: Desk): Promise<Asked> {
  await flag(desk)
  const { id, digest } = await desk.as('ann').draft(checkout, toRollout(80))
  return { id, digest }
}

async function overtaken(desk: Desk): Promise<Asked> {
  const request = await asked(desk, { onStale: 'fail_when_applied' })
  await desk.as('eve').submit(checkout, { merge: { description: 'b' } })
  return request
}

/** A request whose rebase left a conflict with what is live. */
export async function collided(desk: Desk, rules: PolicyInput['rules'] = {}): Promise<Asked> {
  const request = await asked(desk, rules)
  await desk.as('ann').policies.remove('reviewed')
  await desk.as('eve').submit(checkout, toRollout(60))
  await desk.as('ann').policies.save(reviewed(rules))
  await desk.as('ann').requests.rebase(request.id)
  const { changes, ...rebased } = await desk.as('ann').requests.get(request.id)
  return { ...rebased, conflicts: changes.flatMap((change) => change.conflicts.map(({ digest }) => digest)) }
}

async function failed(desk: Desk): Promise<Asked> {
  const request = await overtaken(desk)
  await desk.as('ben').requests.approve(request.id, { digest: request.digest })
  return request
}

async function scheduled(desk: Desk, office: Office): Promise<Asked> {
  await flag(desk)
  return about(await desk.as('ann').submit(checkout, toRollout(80), { applyAt: office.now + day }))
}

/** A request that a lead has approved, and whose time is open. */
async function openly(desk: Desk): Promise<Asked> {
  await flag(desk, { applyTime: 'open' })
  const request = about(await desk.as('ann').submit(checkout, toRollout(80), { applyAt: 'open' }))
  await desk.as('ben').requests.approve(request.id, { digest: request.digest })
  return request
}

/** A request for a change that is to be for an hour. */
async function brief(desk: Desk, office: Office): Promise<Asked> {
  await flag(desk)
  return about(await desk.as('ann').submit(checkout, toRollout(80), { revertAt: office.now + day / 24 }))
}

function about(outcome: SubmitOutcome): Asked {
  const { id, digest } = pending(outcome)
  return { id, digest }
}

/** A verb on a request, by one person. */
const verb = (
  name: string,
  by: Parameters<Desk['as']>[0],
  prepare: Scene['prepare'],
  act: (actor: ReturnType<Desk['as']>, asked: Asked, key: Key) => Promise<unknown>,
): Scene => ({ name, prepare, act: (desk, asked, key) => act(desk.as(by), asked, key) })

const settled = async (desk: Desk): Promise<Asked> => {
  await flag(desk)
  return nothing
}

/** Every command of the library once, accepted. */
export const scenes: readonly Scene[] = [
  verb('submit, applied', 'ann', settled, (ann, _, key) => ann.submit(checkout, { merge: { description: 'b' } }, key)),
  verb('submit, applied for a time', 'ann', settled, (ann, _, key) => {
    return ann.submit(checkout, { merge: { description: 'b' } }, { revertAt: start + 300 * day, ...key })
  }),
  verb('approve, applied for a time', 'ben', brief, (ben, { id, digest }, key) => {
    return ben.requests.approve(id, { digest, ...key })
  }),
  verb('submit, pending', 'ann', settled, (ann, _, key) => ann.submit(checkout, toRollout(80), key)),
  verb('submitAll', 'ann', settled, (ann, _, key) =>
    ann.submitAll(
      [
        { ref: checkout, change: toRollout(80) },
        { ref: flags.ref('second'), change: { value: { enabled: true, rollout: 5 } } },
      ],
      key,
    ),
  ),
  verb('draft', 'ann', settled, (ann, _, key) => ann.draft(checkout, toRollout(80), key)),
  verb(
    'revert',
    'ann',
    async (desk) => {
      await flag(desk)
      await desk.as('ann').submit(checkout, { merge: { description: 'b' } })
      return nothing
    },
    (ann, _, key) => ann.submit(checkout, { revertTo: 1 }, key),
  ),
  verb(
    'edit',
    'eve',
    (desk) => asked(desk),
    (eve, { id }, key) =>
      eve.requests.edit(id, checkout, { patch: [{ op: 'replace', path: '/rollout', value: 70 }] }, key),
  ),
  verb(
    'add',
    'eve',
    (desk) => asked(desk),
    (eve, { id }, key) => eve.requests.add(id, second, { value: { enabled: true, rollout: 5 } }, key),
  ),
  verb(
    'takeOut',
    'eve',
    (desk) => ofTwo(desk),
    (eve, { id }, key) => eve.requests.takeOut(id, second, key),
  ),
  verb('submit of a draft', 'ann', drafted, (ann, { id }, key) => ann.requests.submit(id, key)),
  verb(
    'resubmit',
    'ann',
    async (desk) => {
      const request = await asked(desk)
      await desk.as('ben').requests.requestChanges(request.id, { digest: request.digest, reason: 'why?' })
      return request
    },
    (ann, { id }, key) => ann.requests.submit(id, key),
  ),
  verb(
    'reopen',
    'ann',
    async (desk) => {
      const request = await asked(desk)
      await desk.as('ben').requests.reject(request.id, { digest: request.digest, reason: 'no' })
      return request
    },
    (ann, { id }, key) => ann.requests.submit(id, key),
  ),
  verb('rebase', 'eve', overtaken, (eve, { id }, key) => eve.requests.rebase(id, key)),
  verb(
    'resolve',
    'ann',
    (desk) => collided(desk),
    (ann, { id, conflicts = [] }, key) =>
      ann.requests.resolve(
        id,
        conflicts.map((conflict) => ({ conflict, take: 'draft' })),
        key,
      ),
  ),
  verb(
    'schedule',
    'ann',
    (desk) => asked(desk),
    (ann, { id }, key) => ann.requests.schedule(id, farAway, key),
  ),
  verb('set_time', 'eve', openly, (eve, { id }, key) => eve.requests.setTime(id, farAway, key)),
  verb('unschedule', 'ann', scheduled, (ann, { id }, key) => ann.requests.schedule(id, null, key)),
  verb(
    'recall',
    'ann',
    (desk) => asked(desk),
    (ann, { id }, key) => ann.requests.recall(id, key),
  ),
  verb(
    'cancel',
    'ann',
    (desk) => asked(desk),
    (ann, { id }, key) => ann.requests.cancel(id, key),
  ),
  verb(
    'take_over',
    'dan',
    async (desk, office) => {
      await flag(desk)
      const request = about(await desk.as('eve').submit(checkout, toRollout(80)))
      office.gone.add('eve')
      return request
    },
    (dan, { id }, key) => dan.requests.takeOver(id, { reason: 'Eve has left', ...key }),
  ),
  verb('discard', 'ann', drafted, (ann, { id }, key) => ann.requests.cancel(id, key)),
  verb(
    'approve, one of two',
    'ben',
    (desk) => asked(desk, {}, 2),
    (ben, { id, digest }, key) => ben.requests.approve(id, { digest, ...key }),
  ),
  verb(
    'approve, which applies',
    'ben',
    (desk) => asked(desk),
    (ben, { id, digest }, key) => ben.requests.approve(id, { digest, ...key }),
  ),
  verb('approve, which fails', 'ben', overtaken, (ben, { id, digest }, key) =>
    ben.requests.approve(id, { digest, ...key }),
  ),
  verb(
    'reject',
    'ben',
    (desk) => asked(desk),
    (ben, { id, digest }, key) => ben.requests.reject(id, { digest, reason: 'no', ...key }),
  ),
  verb(
    'request_changes',
    'ben',
    (desk) => asked(desk),
    (ben, { id, digest }, key) => ben.requests.requestChanges(id, { digest, reason: 'why?', ...key }),
  ),
  verb(
    'withdraw',
    'ben',
    (desk) => approved(desk),
    (ben, { id }, key) => ben.requests.withdraw(id, key),
  ),
  verb(
    'comment',
    'eve',
    (desk) => asked(desk),
    (eve, { id }, key) => eve.requests.comment(id, 'hm', key),
  ),
  verb(
    'describe',
    'ann',
    (desk) => asked(desk),
    (ann, { id }, key) => ann.requests.describe(id, 'for the sale', key),
  ),
  verb('resolve_comment', 'ann', talkedAbout, (ann, { id }, key) => ann.requests.resolveComment(id, `${id}/1`, key)),
  verb(
    'reopen_comment',
    'eve',
    async (desk) => {
      const request = await talkedAbout(desk)
      await desk.as('ann').requests.resolveComment(request.id, `${request.id}/1`)
      return request
    },
    (eve, { id }, key) => eve.requests.reopenComment(id, `${id}/1`, key),
  ),
  verb(
    'apply',
    'ann',
    (desk) => approved(desk),
    (ann, { id }, key) => ann.requests.apply(id, key),
  ),
  verb('retry', 'ann', failed, (ann, { id }, key) => ann.requests.apply(id, key)),
  verb(
    'bypass',
    'dan',
    (desk) => asked(desk, { bypass: ['security'] }),
    (dan, { id, digest }, key) => dan.requests.bypass(id, { digest, reason: 'fire', ...key }),
  ),
  verb(
    'bypass, in one call',
    'dan',
    async (desk) => {
      await flag(desk, { bypass: ['security'] })
      return nothing
    },
    (dan, _, key) => dan.bypass(checkout, toRollout(80), { reason: 'fire', ...key }),
  ),
  verb('break_glass', 'dan', sealed, (dan, { id, digest }, key) =>
    dan.requests.breakGlass(id, { digest, incident: 'INC-7', reason: 'fire', ...key }),
  ),
  verb('follow_up', 'ben', broken, (ben, { id, digest }, key) =>
    ben.requests.followUp(id, { digest, reason: 'all is well', ...key }),
  ),
  verb(
    'switch the workflow off',
    'dan',
    (desk) => asked(desk),
    (dan, _, key) => dan.workflow.disable({ waiting: 'hold', ...key }),
  ),
  verb(
    'switch the workflow on',
    'dan',
    async (desk) => {
      await desk.as('dan').workflow.disable({ waiting: 'hold' })
      return nothing
    },
    (dan, _, key) => dan.workflow.enable(key),
  ),
  verb('save a policy', 'ann', settled, (ann, _, key) => ann.policies.save(reviewed({}, 2), key)),
  verb(
    'replace the policies',
    'ann',
    async (desk) => {
      await settled(desk)
      const { digest } = await desk.as('ann').policies.previewAll(replacing)
      return { ...nothing, digest }
    },
    (ann, { digest }, key) => ann.policies.replaceAll(replacing, { digest, ...key }),
  ),
  verb('remove a policy', 'ann', settled, (ann, _, key) => ann.policies.remove('reviewed', key)),
]

const farAway = Date.UTC(2026, 0, 9)

/** What time does by itself, and what the application says of its people: the answer tells who came first. */
export const dueScenes: readonly Scene[] = [
  {
    name: 'depart, in the middle of a review',
    prepare: (desk) => asked(desk, {}, 2),
    act: ({ approvals }) => approvals.departed({ tenant: 'acme', user: 'ben' }),
  },
  {
    name: 'return, as somebody else departs',
    async prepare(desk) {
      await desk.approvals.departed({ tenant: 'acme', user: 'ben' })
      return nothing
    },
    async act({ approvals }) {
      await approvals.returned({ tenant: 'acme', user: 'ben' })
      return await approvals.departed({ tenant: 'acme', user: 'cat' })
    },
  },
  {
    name: 'come_due',
    async prepare(desk, office) {
      const request = await scheduled(desk, office)
      await desk.as('ben').requests.approve(request.id, { digest: request.digest })
      office.now += day
      return request
    },
    act: ({ approvals }) => approvals.tick(),
  },
  {
    name: 'expire',
    async prepare(desk, office) {
      const request = await asked(desk, { expiresAfter: '1d' })
      office.now += day
      return request
    },
    act: ({ approvals }) => approvals.tick(),
  },
  {
    name: 'expire, since its time has passed',
    async prepare(desk, office) {
      const request = await scheduled(desk, office)
      office.now += day
      return request
    },
    act: ({ approvals }) => approvals.tick(),
  },
  {
    name: 'come_due, of a time that was set within an open one',
    async prepare(desk, office) {
      const request = await openly(desk)
      await desk.as('eve').requests.setTime(request.id, office.now + day)
      office.now += day
      return request
    },
    act: ({ approvals }) => approvals.tick(),
  },
  {
    name: 'lapse',
    async prepare(desk, office) {
      const request = await approved(desk, { approvalsExpireAfter: '1d' })
      office.now += day
      return request
    },
    act: ({ approvals }) => approvals.tick(),
  },
  {
    name: 'escalate',
    async prepare(desk, office) {
      await flag(desk)
      await desk.as('ann').policies.save({ ...reviewed(), escalate: { after: '1d', to: { roles: ['security'] } } })
      const request = about(await desk.as('ann').submit(checkout, toRollout(80)))
      office.now += day
      return request
    },
    act: ({ approvals }) => approvals.tick(),
  },
  {
    name: 'return, when the workflow is switched off',
    async prepare(desk) {
      const request = await asked(desk, {}, 2)
      await desk.as('ben').requests.approve(request.id, { digest: request.digest })
      return request
    },
    act: ({ as }, _, key) => as('dan').workflow.disable(key),
  },
  {
    name: 'resume',
    async prepare(desk) {
      const request = await asked(desk, { onReject: 'block' })
      await desk.as('cat').requests.reject(request.id, { digest: request.digest, reason: 'no' })
      await desk.as('ben').requests.approve(request.id, { digest: request.digest })
      await desk.as('dan').workflow.disable({ waiting: 'hold' })
      await desk.as('cat').requests.withdraw(request.id)
      await desk.as('dan').workflow.enable()
      return request
    },
    act: ({ approvals }) => approvals.tick(),
  },
  {
    name: 'warn',
    async prepare(desk, office) {
      const request = await asked(desk, { expiresAfter: '4d' })
      office.now += 3 * day
      return request
    },
    act: ({ approvals }) => approvals.tick(),
  },
  {
    name: 'remind',
    async prepare(desk, office) {
      const request = await asked(desk, { remindEvery: '1d' })
      office.now += day
      return request
    },
    act: ({ approvals }) => approvals.tick(),
  },
]
