import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import {
  type ActingApprovals,
  createApprovals,
  defineResource,
  isApprovalError,
  type PolicyInput,
  type Storage,
  staticDirectory,
} from '../../src/index.ts'
import { editNow } from '../edit-now.ts'
import { day, experiments, flags, pending, refusal, rollout, start, storages, type World, world } from '../world.ts'

const keep: Partial<PolicyInput> = { rules: { onEdit: 'keep' } }

/** Dan answers the conflicts of a draft, all with what it says. */
async function resolved(w: World, id: string) {
  const { changes } = await w.as('dan').requests.get(id)
  const answers = changes
    .flatMap(({ conflicts }) => conflicts)
    .map(({ digest }) => ({ conflict: digest, take: 'draft' }))
  await w.as('dan').requests.resolve(id, answers as Parameters<ActingApprovals['requests']['resolve']>[1])
}

describe.each(storages)('round after round on $name', ({ open }) => {
  it('[B10] [B11] [E1] counts nothing of the round before in a reopened request, whatever policies keep', async () => {
    const w = world(open())
    const ref = await w.flag('checkout')
    await w.policy({ ...keep, require: { quorum: 2, from: { roles: ['lead'] } } })
    const request = pending(await w.as('ann').submit(ref, rollout(80)))
    await w.as('ben').requests.approve(request.id, { digest: request.digest })
    await w.as('cat').requests.reject(request.id, { digest: request.digest, reason: 'not now' })
    await w.policy({ ...keep, require: { quorum: 1, from: { roles: ['lead'] } } })

    const { request: reopened } = await w.as('ann').requests.submit(request.id)
    expect(reopened).toMatchObject({ status: 'pending', round: 2, reviews: [] })
    expect((await w.as('ann').resources.get(ref))?.revision).toBe(1)
    expect(await refusal(w.as('ben').requests.approve(request.id, { digest: request.digest }))).toBe('digest_mismatch')
    await w.as('ben').requests.approve(request.id, { digest: reopened.digest })
    expect((await w.as('ann').resources.get(ref))?.document.rollout).toBe(80)
  })

  it('[A11] takes every approval back when an edit touches what nobody owns', async () => {
    const w = world(open())
    const ref = await w.flag('checkout', { enabled: true, rollout: 40, description: 'old' })
    await w.policy({
      ...keep,
      require: {
        owners: [
          { field: '/rollout', quorum: 1, from: { users: ['ben'] } },
          { field: '/enabled', quorum: 1, from: { users: ['cat'] } },
        ],
      },
    })
    const request = pending(await w.as('ann').submit(ref, { merge: { rollout: 80, enabled: false } }))
    await w.as('ben').requests.approve(request.id, { digest: request.digest })
    const { request: edited } = await editNow(w.as('dan'), request.id, ref, { merge: { description: 'new' } })
    expect(edited.reviews).toEqual([])
    await w.as('cat').requests.approve(request.id, { digest: edited.digest })
    expect((await w.as('ann').resources.get(ref))?.revision).toBe(1)

    await w
      .as('ben')
      .requests.withdraw(request.id)
      .catch(() => undefined)
    const { request: own } = await editNow(w.as('dan'), request.id, ref, { merge: { rollout: 81 } })
    expect(own.reviews.map(({ by }) => by)).toEqual(['cat'])
  })

  it('[E12] lifts no rejection by an edit that leaves what was rejected as it is', async () => {
    const w = world(open())
    const ref = await w.flag('checkout')
    await w.policy({ rules: { onEdit: 'keep', onReject: 'block' } })
    const request = pending(await w.as('ann').submit(ref, rollout(80)))
    await w.as('cat').requests.reject(request.id, { digest: request.digest, reason: 'never' })
    await w.as('ben').requests.approve(request.id, { digest: request.digest })
    expect(await refusal(w.as('ann').requests.rebase(request.id))).toBe('up_to_date')
    const other = pending(await w.as('dan').submit(ref, { merge: { description: 'something else' } }))
    await w.as('amy').requests.approve(other.id, { digest: other.digest })
    const { request: moved } = await w.as('ann').requests.rebase(request.id)
    expect(moved.status).toBe('pending')
    expect(moved.reviews.map(({ by, verdict }) => [by, verdict])).toEqual([
      ['cat', 'reject'],
      ['ben', 'approve'],
    ])
    expect((await w.as('cat').requests.withdraw(request.id)).request.status).toBe('applied')
  })

  it('[B2] changes nothing gated that no policy speaks of, also in the company of something else', async () => {
    const w = world(open())
    const ref = await w.flag('checkout')
    const trial = experiments.ref('trial', { project: 'web' })
    const require = { quorum: 1, from: { roles: ['lead'] } } as const
    await w.policy({ id: 'flags', match: { resource: 'feature_flag' } })
    const when = { type: 'any_change', field: '/name' } as const
    await w.policy({ id: 'names', match: { resource: 'experiment', action: 'update' }, when, require })
    await w.policy({ id: 'births', match: { resource: 'experiment', action: 'create' }, require })
    const born = pending(await w.as('ann').submit(trial, { value: { name: 'a', traffic: 1 } }))
    await w.as('ben').requests.approve(born.id, { digest: born.digest })

    const both = pending(
      await w.as('ann').submitAll([
        { ref, change: rollout(80) },
        { ref: trial, change: { merge: { name: 'b' } } },
      ] as never),
    )
    await w.as('ben').requests.requestChanges(both.id, { digest: both.digest, reason: 'not the name' })
    const edit = { value: { name: 'a', traffic: 99 } }
    expect(await refusal(editNow(w.as('ann'), both.id, trial, edit))).toBe('no_policy')
    expect((await w.as('ann').requests.get(both.id)).digest).toBe(both.digest)
  })

  it('[B8] lands no change where the policies would ask others, though it merges', async () => {
    const settings = defineResource({
      type: 'setting',
      schema: z.strictObject({ environment: z.string(), value: z.number() }),
      facets: { environment: ({ environment }) => environment },
    })
    const approvals = createApprovals({
      admins: 'anyone',
      storage: open(),
      resources: [settings],
      directory: staticDirectory({ ann: [], ben: ['lead'], cat: ['security'] }),
      now: () => start,
    })
    const as = (user: string) => approvals.as({ tenant: 'acme', user })
    const ref = settings.ref('limit')
    await as('ann').submit(ref, { value: { environment: 'dev', value: 1 } })
    const require = (role: string) => ({ quorum: 1, from: { roles: [role] } })
    const when = { type: 'any_change', field: '/value' } as const
    const rules = { onStale: 'rebase' } as const
    await as('ann').policies.save({
      id: 'dev',
      match: { facets: { environment: 'dev' } },
      when,
      require: require('lead'),
      rules,
    })
    await as('ann').policies.save({
      id: 'prod',
      match: { facets: { environment: 'prod' } },
      require: require('security'),
      rules,
    })
    const request = pending(await as('ann').submit(ref, { merge: { value: 99 } }))
    const move = pending(await as('ann').submit(ref, { merge: { environment: 'prod' } }))
    await as('cat').requests.approve(move.id, { digest: move.digest })
    expect(await refusal(as('ben').requests.approve(request.id, { digest: request.digest }))).toBe('stale')
    expect((await as('ann').resources.get(ref))?.document).toEqual({ environment: 'prod', value: 1 })
    const { request: rebased } = await as('ann').requests.rebase(request.id)
    expect(rebased).toMatchObject({ status: 'pending', requirements: [{ policy: 'prod' }] })
  })

  it('[O3] verifies a log in which somebody voted for what they did not see', async () => {
    const w = world(open())
    const ref = await w.flag('checkout')
    await w.policy()
    const request = pending(await w.as('ann').submit(ref, rollout(80)))
    expect(await refusal(w.as('ben').requests.approve(request.id, { digest: `sha256:${'0'.repeat(64)}` }))).toBe(
      'digest_mismatch',
    )
    expect((await w.as('ann').audit.verify()).problems).toEqual([])
  })

  it('[H5] applies nothing that failed once its deadline has come', async () => {
    const w = world(open())
    const ref = await w.flag('checkout')
    const rules = { onStale: 'fail_when_applied' } as const
    await w.policy({ match: { action: 'update' }, when: { type: 'any_change', field: '/rollout' }, rules })
    const request = pending(await w.as('ann').submit(ref, rollout(80)))
    await w.as('ann').submit(ref, { merge: { description: 'moved' } })
    expect((await w.as('ben').requests.approve(request.id, { digest: request.digest })).request.status).toBe('failed')
    w.pass(14 * day)
    expect(await refusal(w.as('ann').requests.apply(request.id))).toBe('expired')
    expect(await refusal(w.as('ann').requests.rebase(request.id))).toBe('expired')
    const { request: reopened } = await w.as('ann').requests.submit(request.id)
    expect(reopened).toMatchObject({ status: 'pending', reviews: [] })
  })
})

describe.each(storages)('locks on $name', ({ open }) => {
  const locks: Partial<PolicyInput> = { rules: { lock: 'resource' } }

  it('[G5] keep everybody else off, drafts that are put to reviewers and reopened requests too', async () => {
    const w = world(open())
    const ref = await w.flag('checkout')
    await w.policy(locks)
    const early = pending(await w.as('ann').submit(ref, rollout(50)))
    await w.as('ann').requests.cancel(early.id)
    const draft = await w.as('dan').draft(ref, rollout(60))
    const request = pending(await w.as('ann').submit(ref, rollout(80)))
    expect(await refusal(w.as('dan').submit(ref, rollout(81)))).toBe('locked')
    expect(await refusal(w.as('dan').requests.submit(draft.id))).toBe('locked')
    expect(await refusal(w.as('ann').requests.submit(early.id))).toBe('locked')
    expect((await w.as('ben').requests.approve(request.id, { digest: request.digest })).request.status).toBe('applied')
    expect(await refusal(w.as('dan').requests.submit(draft.id))).toBe('stale')
    await resolved(w, draft.id)
    expect((await w.as('dan').requests.submit(draft.id)).request.status).toBe('pending')
    expect((await w.as('ann').audit.verify()).problems).toEqual([])
  })

  it('[G5] are released by a request that fails', async () => {
    const storage = open()
    const w = world(storage)
    const ref = await w.flag('checkout')
    await w.policy(locks)
    const request = pending(await w.as('ann').submit(ref, rollout(80)))
    const strict = defineResource({
      type: flags.type,
      schema: z.strictObject({ enabled: z.boolean(), rollout: z.number().max(50) }),
    })
    const tightened = createApprovals({
      admins: 'anyone',
      storage,
      resources: [strict],
      directory: staticDirectory({ ann: [], ben: ['lead'] }),
      now: () => start,
    })
    const { request: failed } = await tightened
      .as({ tenant: 'acme', user: 'ben' })
      .requests.approve(request.id, { digest: request.digest })
    expect(failed).toMatchObject({ status: 'failed', failure: { code: 'invalid_by_schema' } })
    expect((await w.as('dan').submit(ref, rollout(41))).status).toBe('pending')
  })

  it('[G5] are seen by whoever applies in the moment in which they are taken', async () => {
    const storage = open()
    const w = world(storage)
    const ref = await w.flag('checkout')
    await w.policy({ rules: { apply: 'by_hand' } })
    const first = pending(await w.as('ann').submit(ref, rollout(80)))
    await w.as('ben').requests.approve(first.id, { digest: first.digest })
    await w.policy(locks)
    let second: string | undefined
    const overtaken: Storage = {
      ...storage,
      async commit(writes, effect) {
        if (second === undefined) {
          second = ''
          second = pending(await w.as('dan').submit(ref, rollout(90))).id
        }
        return await storage.commit(writes, effect)
      },
    }
    const applied = world(overtaken).as('ann').requests.apply(first.id)
    const error = await applied.then(
      () => undefined,
      (thrown: unknown) => thrown,
    )
    expect(isApprovalError(error) && error.code === 'locked' && error.details.request).toBe(second)
    expect((await w.as('ann').resources.get(ref))?.revision).toBe(1)
  })
})
