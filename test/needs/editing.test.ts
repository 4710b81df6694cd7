import { describe, expect, it } from 'vitest'
import type { PolicyInput } from '../../src/index.ts'
import { flags, pending, refusal, rollout, storages, world } from '../world.ts'

const ref = flags.ref('checkout')
const lead = { quorum: 2, from: { roles: ['lead'] } } as const

/** A request of Ann's that waits for two leads. */
async function waiting(open: (typeof storages)[number]['open'], rules: PolicyInput['rules'] = {}) {
  const w = world(open(), { ann: [], ben: ['lead'], cat: ['lead'], dora: [], eve: [] })
  await w.flag('checkout')
  await w.policy({ require: lead, rules })
  const { id, digest } = pending(await w.as('ann').submit(ref, rollout(50)))
  const edit = (user: string, to: number) => w.as(user).requests.edit(id, ref, rollout(to))
  const get = (user = 'ann') => w.as(user).requests.get(id)
  return { w, id, digest, edit, get }
}

describe.each(storages)('[WO-09] who may edit a request that waits, on $name', ({ open }) => {
  it('[WO-09] is anybody who may edit the resource, unless policies say otherwise', async () => {
    const { edit, get } = await waiting(open)
    await edit('dora', 41)
    expect((await get()).contributors).toEqual(['dora'])
  })

  it('[WO-09] is the requester, and who has edited it as a draft or before, by the strictest policy', async () => {
    const { w, id, edit, get } = await waiting(open, { edit: 'contributors' })
    expect(await refusal(edit('dora', 41))).toBe('edit_restricted')
    expect((await get('dora')).can.edit).toMatchObject({
      code: 'edit_restricted',
      details: { editors: 'contributors' },
    })
    expect((await get('ann')).can.edit).toBe(true)
    await w.as('ann').requests.recall(id)
    await edit('dora', 42)
    await w.as('ann').requests.submit(id)
    await edit('dora', 43)
    await w.policy({ id: 'narrow', require: lead, rules: { edit: 'requester' } })
    expect(await refusal(edit('dora', 44))).toBe('edit_restricted')
    await edit('ann', 45)
    await w.policy({ id: 'closed', require: lead, rules: { edit: 'nobody' } })
    expect(await refusal(edit('ann', 46))).toBe('edit_restricted')
    expect((await get()).changes[0]?.after).toMatchObject({ rollout: 45 })
  })

  it('[WO-09] never keeps a rebase off, nor lets one through that leaves conflicts to whoever may not answer them', async () => {
    const { w, id, get } = await waiting(open, { edit: 'requester' })
    await w.as('eve').policies.remove('reviewed')
    await w.as('eve').submit(ref, rollout(7))
    await w.as('dora').requests.rebase(id)
    const conflicts = (await get()).changes.flatMap((change) => change.conflicts)
    expect(conflicts.length).toBeGreaterThan(0)
    const answers = conflicts.map(({ digest }) => ({ conflict: digest, take: 'draft' }) as const)
    expect(await refusal(w.as('dora').requests.resolve(id, answers))).toBe('edit_restricted')
    await w.as('ann').requests.resolve(id, answers)
    expect((await get()).conflicts).toBe(0)
  })
})

describe.each(storages)('[ST-11] taking a request back, on $name', ({ open }) => {
  it('[ST-11] makes a draft of it in every open state, on record, and tells whoever has reviewed it', async () => {
    const states = {
      pending: ['approve'],
      changes_requested: ['requestChanges'],
      approved: ['approve', 'approve'],
    } as const
    for (const [status, answers] of Object.entries(states)) {
      const { w, id, digest, get } = await waiting(open, { apply: 'by_hand' })
      for (const [at, verb] of answers.entries()) {
        await w.as(at === 0 ? 'ben' : 'cat').requests[verb](id, { digest, reason: 'because' })
      }
      expect((await get()).status).toBe(status)
      await w.as('ann').requests.recall(id, { reason: 'too early' })
      expect(await get()).toMatchObject({ status: 'draft', reviews: [] })
      const told = (await w.notices()).filter(({ type }) => type === 'recalled').flatMap(({ to }) => to)
      expect(told).toEqual(answers.map((_, at) => (at === 0 ? 'ben' : 'cat')))
      const log = await w.as('ann').audit.events({ request: id })
      expect(log.at(-1)?.event).toMatchObject({ type: 'recalled', by: 'ann', reason: 'too early' })
      expect((await w.as('ann').audit.verify()).problems).toEqual([])
    }
  })

  it('[ST-11] is no way round the rule that what was reviewed is not cancelled', async () => {
    const { w, id, digest, edit, get } = await waiting(open)
    await w.as('ben').requests.approve(id, { digest })
    expect(await refusal(w.as('ann').requests.cancel(id))).toBe('already_reviewed_by_others')
    await w.as('ann').requests.recall(id)
    expect(await refusal(w.as('ann').requests.cancel(id))).toBe('already_reviewed_by_others')
    expect((await get()).can.cancel).toMatchObject({ code: 'already_reviewed_by_others', details: { verb: 'discard' } })
    await edit('ann', 51)
    expect(await refusal(w.as('ann').requests.cancel(id))).toBe('already_reviewed_by_others')
    await w.as('ann').requests.submit(id)
    await w.as('ann').requests.cancel(id)
    expect((await get()).status).toBe('cancelled')
  })

  it('[ST-11] and cancelling it are one, if policies let requesters cancel at any time', async () => {
    const { w, id, digest, get } = await waiting(open, { cancel: 'any_time' })
    await w.as('ben').requests.approve(id, { digest })
    await w.as('ann').requests.recall(id)
    await w.as('ann').requests.cancel(id)
    expect((await get()).status).toBe('cancelled')
  })
})

describe.each(storages)('[WO-12] rules about what reviewers say, on $name', ({ open }) => {
  it('[WO-12] ask for a reason of a rejection, unless all policies do without', async () => {
    const { w, id, digest, get } = await waiting(open, { rejectReasonRequired: false })
    expect(await refusal(w.as('cat').requests.requestChanges(id, { digest, reason: ' ' }))).toBe('reason_required')
    await w.policy({ id: 'why', require: lead })
    expect(await refusal(w.as('ben').requests.reject(id, { digest }))).toBe('reason_required')
    await w.as('eve').policies.remove('why')
    await w.as('ben').requests.reject(id, { digest })
    expect((await get()).status).toBe('rejected')
  })

  it('[WO-12] let approvals stand for what is edited later, but for those of whoever edits', async () => {
    const { w, id, digest, edit, get } = await waiting(open, { onEdit: 'stand', excludeContributors: 'none' })
    await w.as('ben').requests.approve(id, { digest })
    await edit('dora', 77)
    expect((await get()).reviews.map(({ by, carriedFrom }) => [by, carriedFrom])).toEqual([['ben', digest]])
    await edit('ben', 78)
    const now = await get()
    expect(now.reviews).toEqual([])
    await w.as('ben').requests.approve(id, { digest: now.digest })
    await edit('ann', 79)
    await w.as('cat').requests.approve(id, { digest: (await get()).digest })
    expect((await get()).status).toBe('applied')
    expect((await w.as('ann').resources.get(ref))?.document).toMatchObject({ rollout: 79 })
    expect((await w.as('ann').audit.verify()).problems).toEqual([])
  })

  it('[WO-12] dismiss them if one policy does not let them stand, and never keep them for what is put to reviewers anew', async () => {
    const { w, id, digest, edit, get } = await waiting(open, { onEdit: 'stand' })
    await w.as('ben').requests.approve(id, { digest })
    await w.as('ann').requests.recall(id)
    await w.as('ann').requests.submit(id)
    const again = await get()
    expect(again.reviews).toEqual([])
    await w.as('ben').requests.approve(id, { digest: again.digest })
    await w.policy({ id: 'careful', require: lead, rules: { onEdit: 'keep' } })
    await edit('dora', 77)
    expect((await get()).reviews).toEqual([])
  })

  it('[WO-12] say when such a policy is saved that nobody approves what is edited', async () => {
    const { w } = await waiting(open)
    const findings = await w.as('eve').policies.check({
      id: 'lenient',
      match: {},
      require: lead,
      rules: { onEdit: 'stand' },
    })
    expect(findings).toContainEqual(
      expect.objectContaining({ policy: 'lenient', path: '/rules/onEdit', severity: 'warning' }),
    )
  })
})

describe.each(storages)('[WO-08] what an edit was based on, on $name', ({ open }) => {
  it('[WO-08] is named by every change that does not go on from what is there', async () => {
    const { w, id } = await waiting(open)
    const changes = [
      { value: { enabled: true, rollout: 1 } },
      { merge: { rollout: 1 } },
      { remove: true },
      { revertTo: 1 },
      { action: 'enable' },
    ] as const
    for (const change of changes) {
      await expect(w.as('dora').requests.edit(id, ref, change)).rejects.toMatchObject({
        code: 'invalid_input',
        details: { argument: 'options.digest' },
      })
    }
    await w.as('dora').requests.edit(id, ref, { patch: [{ op: 'replace', path: '/rollout', value: 61 }] })
    await w.as('dora').requests.edit(id, ref, rollout(62))
    expect((await w.as('ann').requests.get(id)).changes[0]?.after).toMatchObject({ rollout: 62 })
  })

  it('[WO-08] wipes nobody’s edit: of two who have read the same, the second is told', async () => {
    const { w, id, digest, edit, get } = await waiting(open)
    await w.as('dora').requests.edit(id, ref, { merge: { rollout: 61 } }, { digest })
    const late = { merge: { rollout: 62, description: 'mine' } }
    expect(await refusal(w.as('eve').requests.edit(id, ref, late, { digest }))).toBe('digest_mismatch')
    expect((await get()).changes[0]?.after).toMatchObject({ rollout: 61 })
    await w.as('eve').requests.edit(id, ref, late, { digest: (await get()).digest })
    await edit('dora', 63)
    expect((await get()).changes[0]?.after).toMatchObject({ rollout: 63, description: 'mine' })
  })

  it('[WO-08] is a draft as well, and stays what it was through comments', async () => {
    const { w } = await waiting(open)
    const { id, digest } = await w.as('ann').draft(ref, rollout(70))
    await w.as('dora').requests.comment(id, 'Why 70?')
    await w.as('ann').requests.edit(id, ref, { merge: { rollout: 71 } }, { digest })
    expect(await refusal(w.as('dora').requests.edit(id, ref, { merge: { rollout: 72 } }, { digest }))).toBe(
      'digest_mismatch',
    )
  })

  it('[WO-08] holds against two at once: one edit lands, and the other is refused', async () => {
    const { w, id, digest, get } = await waiting(open)
    const edits = ['dora', 'eve', 'cat'].map((user, at) =>
      w
        .as(user)
        .requests.edit(id, ref, { merge: { rollout: 80 + at } }, { digest })
        .then(
          () => 'edited',
          (error) => error.code,
        ),
    )
    expect((await Promise.all(edits)).toSorted()).toEqual(['digest_mismatch', 'digest_mismatch', 'edited'])
    expect((await get()).contributors).toHaveLength(1)
  })
})
