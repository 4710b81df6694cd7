import { describe, expect, it, vi } from 'vitest'
import {
  type ActingApprovals,
  type ActorInput,
  type ApprovalsOptions,
  type ApproveOptions,
  createApprovals,
  type DelegationInput,
  type DisableOptions,
  defineResource,
  type HistoryOptions,
  type InboxFilter,
  isApprovalError,
  keyedBy,
  type PolicyInput,
  policyResource,
  type RequestFilter,
  type ResourceOptions,
  type RulesOfConduct,
  type SimulateOptions,
  type SubmitOptions,
  staticDirectory,
  type TickOptions,
  type VerbOptions,
} from '../../src/index.ts'
import type { VerifyOptions } from '../../src/service/audit/read-checkpoints.ts'
import type { LogFilter } from '../../src/service/audit/read-log.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { everything } from '../chaos/desk.ts'
import { editNow } from '../edit-now.ts'
import { day, type Flag, flagSchema, start } from '../world.ts'

/** Whatever can be left out of something, said to be undefined. A property that is new has to be named here. */
type LeftOut<T> = { readonly [K in keyof T as undefined extends T[K] ? K : never]-?: undefined }

const none = undefined
const verb: LeftOut<VerbOptions> = { idempotencyKey: none, reason: none }
const approval: LeftOut<ApproveOptions> = { ...verb, onBehalfOf: none, details: none }
const answer = { ...verb, onBehalfOf: none }
const times = { applyAt: none, applyBy: none, revertAt: none }
const submit: LeftOut<SubmitOptions> = { ...verb, base: none, ...times, notify: none }
const asking = { ...verb, notify: none, ...times }
const disable: LeftOut<DisableOptions> = { ...verb, project: none, waiting: none }
const criteria = { resource: none, type: none, project: none, requester: none, action: none, status: none, by: none }
const requestFilter: LeftOut<RequestFilter> = { ...criteria, from: none, to: none, limit: none, after: none }
const waitingFilter: LeftOut<InboxFilter> = { limit: none, after: none }
const history: LeftOut<HistoryOptions> = { limit: none, before: none }
const log: LeftOut<LogFilter> = { after: none, limit: none }
const verify: LeftOut<VerifyOptions> = { checkpoint: none, keys: none }
const simulate: LeftOut<SimulateOptions> = { last: none }
const ticking: LeftOut<TickOptions> = { limit: none, budget: none }
const actor: LeftOut<ActorInput> = { via: none }
const change: LeftOut<Parameters<ActingApprovals['submitAll']>[0][number]> = { base: none }
const lent: LeftOut<DelegationInput> = { begins: none, match: none, reason: none }
const matching: LeftOut<PolicyInput['match']> = {
  resource: none,
  action: none,
  project: none,
  facets: none,
  requester: none,
}
const rules: LeftOut<{ [R in keyof RulesOfConduct]?: RulesOfConduct[R] | undefined }> = {
  ...{
    selfApproval: none,
    excludeContributors: none,
    onReject: none,
    onEdit: none,
    onStale: none,
    whenMissed: none,
    applyTime: none,
    approvalsExpireAfter: none,
    lock: none,
  },
  ...{ apply: none, cancel: none, expiresAfter: none, remindEvery: none, bypass: none, breakGlass: none },
  ...{
    comments: none,
    settleWithin: none,
    policyDrift: none,
    eligibleAt: none,
    reasonRequired: none,
    feedbackLimit: none,
  },
  ...{ edit: none, rejectReasonRequired: none },
}
const policy: LeftOut<PolicyInput> = {
  ...{ when: none, safe: none, veto: none, escalate: none, rules: none, overrides: none, fallback: none, mode: none },
}
const resource: LeftOut<ResourceOptions<Flag>> = {
  ...{
    shape: none,
    groups: none,
    labels: none,
    actions: none,
    facets: none,
    gated: none,
    onStale: none,
    lifecycle: none,
  },
  ...{ permissions: none, references: none, projectOf: none, read: none, write: none, external: none },
}
const approvals: LeftOut<ApprovalsOptions> = {
  ...{
    directory: none,
    admins: none,
    readers: none,
    logReaders: none,
    access: none,
    notifiers: none,
    notices: none,
    predicates: none,
    signer: none,
    policies: none,
    policiesVersion: none,
  },
  ...{ now: none, newId: none, workflow: none, timeouts: none, limits: none, retention: none },
}

/** Lives through everything that people do, and gives what they were told, and what is kept. */
async function lived(isSaid: boolean): Promise<readonly unknown[]> {
  /** What is given, with what is left out of it said or not. */
  const o = <G extends object, L extends object>(given: G, left: L): G => (isSaid ? { ...left, ...given } : given)
  const flags = defineResource(o({ type: 'flag', schema: flagSchema, shape: { '/rules': keyedBy('id') } }, resource))
  let time = start
  let ids = 0
  const storage = memoryStorage()
  const app = createApprovals(
    o(
      {
        storage,
        resources: [flags],
        directory: staticDirectory({ ann: ['dev'], ben: ['lead'], cat: ['lead', 'ops'], oz: ['ops'] }),
        admins: 'anyone' as const,
        now: () => time,
        newId: () => `id-${++ids}`,
      },
      approvals,
    ),
  )
  const as = (user: string) => app.as(o({ tenant: 'acme', user }, actor))
  const [ann, ben, cat, oz] = [as('ann'), as('ben'), as('cat'), as('oz')]
  const told: unknown[] = []
  const say = async (call: Promise<unknown>) => {
    const answer = await call.catch((error) => {
      if (!isApprovalError(error)) throw error
      return { code: error.code, details: error.details }
    })
    told.push(answer)
    return answer as { readonly status?: string; readonly request: { readonly id: string; readonly digest: string } }
  }
  const value = { enabled: true, rollout: 1 }
  const ref = flags.ref('a')
  const ask = async (rollout: number, options: SubmitOptions = {}) =>
    (await say(ann.submit(ref, { merge: { rollout } }, o(options, submit)))).request
  const rule = { bypass: ['ops'], breakGlass: ['ops'], onReject: 'block', cancel: 'any_time' } as const
  const reviewed = o(
    {
      id: 'reviewed',
      match: o({ resource: 'flag' }, matching),
      require: { quorum: 1, from: { roles: ['lead'] } },
      rules: o(rule, rules),
    },
    policy,
  )

  await say(ann.submit(ref, { value }, o({}, submit)))
  await say(ann.submitAll([o({ ref: flags.ref('b'), change: { value } }, change)], o({}, { ...asking, applyAt: none })))
  await say(ben.policies.check(reviewed))
  await say(ben.policies.save(reviewed, o({}, { idempotencyKey: none })))
  await say(ben.policies.simulate([reviewed], o({}, simulate)))
  await say(ann.preview(ref, { merge: { rollout: 2 } }, o({}, submit)))
  await say(cat.delegations.save(o({ to: 'oz', ends: start + 9 * day }, lent), o({}, { idempotencyKey: none })))

  const first = await ask(2)
  await say(ben.requests.requestChanges(first.id, o({ digest: first.digest, reason: 'why' }, { ...answer })))
  await say(editNow(ann, first.id, ref, { merge: { rollout: 3 } }, o({}, verb)))
  const again = (await say(ann.requests.submit(first.id, o({}, asking)))).request
  await say(ben.requests.comment(first.id, 'hm', o({}, { idempotencyKey: none })))
  await say(oz.requests.approve(first.id, o({ digest: again.digest, onBehalfOf: 'cat' }, approval)))
  const second = await ask(5)
  await say(ben.requests.reject(second.id, o({ digest: second.digest, reason: 'no' }, answer)))
  await say(ben.requests.withdraw(second.id, o({}, answer)))
  await say(ann.requests.schedule(second.id, start + day, o({}, verb)))
  await say(ann.requests.schedule(second.id, null, o({}, verb)))
  await say(ann.requests.recall(second.id, o({}, verb)))
  await say(ann.requests.submit(second.id, o({}, asking)))
  await say(ann.requests.cancel(second.id, o({}, verb)))
  const reopened = (await say(ann.requests.submit(second.id, o({}, asking)))).request
  await say(oz.requests.bypass(second.id, o({ digest: reopened.digest, reason: 'late' }, verb)))
  const burning = await ask(7)
  await say(
    oz.requests.breakGlass(burning.id, o({ digest: burning.digest, reason: 'it burns', incident: 'I-1' }, verb)),
  )
  await say(ben.requests.followUp(burning.id, o({ digest: burning.digest, reason: 'fine' }, verb)))
  const stale = await ask(8)
  await say(ann.requests.rebase(stale.id, o({}, verb)))
  await say(ann.requests.apply(stale.id, o({}, verb)))
  await say(ann.requests.apply(stale.id, o({}, verb)))
  await say(ann.requests.abandon(stale.id, o({ reason: 'over' }, { idempotencyKey: none })))
  await say(ann.requests.cancel(stale.id, o({}, verb)))
  await say(ann.preview(ref, { revertTo: 1 }, o({}, { ...verb, applyAt: none })))
  await say(ann.submit(ref, { revertTo: 1 }, o({}, submit)))
  await say(ann.draft(ref, { merge: { rollout: 9 } }, o({}, { ...verb, base: none, applyAt: none })))
  await say(oz.bypass(ref, { merge: { rollout: 9 } }, o({ reason: 'now' }, { idempotencyKey: none, base: none })))
  await say(oz.workflow.disable(o({}, disable)))
  await say(oz.workflow.enable(o({}, { ...verb, project: none })))
  await say(oz.workflow.isEnabled(o({}, { project: none })))
  time += day
  await say(app.tick(o({}, ticking)))
  for (const reader of [ann, ben]) {
    await say(reader.requests.list(o({}, requestFilter)))
    await say(reader.requests.inbox(o({}, waitingFilter)))
  }
  await say(ann.requests.get(first.id))
  await say(ann.resources.history(ref, o({}, history)))
  await say(ann.audit.events(o({ request: first.id }, log)))
  await say(cat.delegations.remove('oz', o({}, { idempotencyKey: none })))
  await say(ben.audit.erase({ request: first.id }, o({}, { reason: none })))
  await say(ben.policies.remove('reviewed', o({}, { idempotencyKey: none })))
  await say(ben.submit(policyResource.ref('reviewed'), { value: reviewed }, o({}, submit)))
  await say(ann.audit.verify(o({}, verify)))
  return [...told, ...(await everything(storage))]
}

describe('what is undefined', () => {
  it('[HO-10] is as if it were left out, in everything that an application says', async () => {
    // Texts are salted by chance: here, the same chance for both.
    const chance = vi.spyOn(globalThis.crypto, 'getRandomValues').mockImplementation((bytes) => bytes)
    const [left, said] = [await lived(false), await lived(true)]
    chance.mockRestore()
    expect(said).toEqual(left)
    expect(JSON.stringify(said)).toBe(JSON.stringify(left))
    // Everything is done, but for what does not fit the state of a request.
    const codes = left.flatMap((one) => (typeof one === 'object' && one !== null && 'code' in one ? [one.code] : []))
    expect(codes).toEqual(['up_to_date', 'not_open', 'not_open', 'not_open'])
  })
})
