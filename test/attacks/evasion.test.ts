import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { createApprovals, type DirectoryUser, defineResource, keyedBy, staticDirectory } from '../../src/index.ts'
import { editNow } from '../edit-now.ts'
import { flags, pending, refusal, rollout, start, storages, world } from '../world.ts'

describe.each(storages)('ways around the gate on $name', ({ open }) => {
  const opened = (
    resources: Parameters<typeof createApprovals>[0]['resources'],
    people: Record<string, DirectoryUser>,
  ) => {
    const approvals = createApprovals({
      admins: 'anyone',
      storage: open(),
      resources,
      directory: {
        users: async (_scope, ids) => ids.map((id) => people[id]),
        holders: async (_scope, role) => Object.keys(people).filter((id) => people[id]?.roles.includes(role)),
        roles: async (_scope, names) => names.map(() => true),
      },
      now: () => start,
    })
    return (user: string) => approvals.as({ tenant: 'acme', user })
  }

  it('[D3, D4] remembers who somebody was, when their account is gone', async () => {
    const people: Record<string, DirectoryUser> = {
      ann: { roles: [], person: 'P' },
      'ann-2': { roles: ['lead'], person: 'P' },
      ben: { roles: ['lead'] },
    }
    const as = opened([flags], people)
    const ref = flags.ref('checkout')
    await as('ann').submit(ref, { value: { enabled: true, rollout: 1 } })
    await as('ann').policies.save({ id: 'p', match: {}, require: { quorum: 1, from: { roles: ['lead'] } } })
    const request = pending(await as('ann').submit(ref, rollout(2)))
    delete people['ann']
    expect(await refusal(as('ann-2').requests.approve(request.id, { digest: request.digest }))).toBe('self_approval')
    expect(await refusal(as('ann').requests.edit(request.id, ref, rollout(3)))).toBe('unknown_actor')
    // Nothing is applied by itself for whoever is gone: somebody who may make the change applies it.
    const { status } = (await as('ben').requests.approve(request.id, { digest: request.digest })).request
    expect(status).toBe('approved')
    expect((await as('ben').requests.apply(request.id)).request.status).toBe('applied')
  })

  it('[C9] follows agents that own agents to the person at their end', async () => {
    const as = opened([flags], {
      ann: { roles: ['lead'] },
      bot: { roles: [], owner: 'ann' },
      'sub-bot': { roles: [], owner: 'bot' },
      'loop-1': { roles: [], owner: 'loop-2' },
      'loop-2': { roles: [], owner: 'loop-1' },
    })
    const ref = flags.ref('checkout')
    await as('ann').submit(ref, { value: { enabled: true, rollout: 1 } })
    await as('ann').policies.save({ id: 'p', match: {}, require: { quorum: 1, from: { roles: ['lead'] } } })
    const request = pending(await as('sub-bot').submit(ref, rollout(2)))
    expect(await refusal(as('ann').requests.approve(request.id, { digest: request.digest }))).toBe('self_approval')
    expect(await refusal(as('loop-1').submit(ref, rollout(3)))).toBe('unknown_actor')
  })

  it('[E4] takes a detector that throws, or answers nonsense, for one that accounts for nothing', async () => {
    const lists = defineResource({
      type: 'list',
      schema: z.object({ rules: z.array(z.object({ id: z.string() })).nullable() }),
      shape: { '/rules': keyedBy('id') },
      actions: {
        reorder: {
          detect: ({ before, after }) => before?.rules?.length === (after as { rules: unknown[] }).rules.length,
          covers: ['/rules'],
        },
        nonsense: { detect: () => undefined as never, covers: ['/rules'] },
      },
    })
    const as = opened([lists], { ann: { roles: [] }, ben: { roles: ['lead'] } })
    const ref = lists.ref('one')
    await as('ann').submit(ref, { value: { rules: [{ id: 'a' }] } })
    await as('ann').policies.save({
      id: 'p',
      match: { action: 'update' },
      require: { quorum: 1, from: { roles: ['lead'] } },
    })
    const request = pending(await as('ann').submit(ref, { patch: [{ op: 'replace', path: '/rules', value: null }] }))
    expect(request.changes[0]?.actions).toEqual(['update', 'reorder', 'nonsense'])
  })

  it('[F2] removes nothing by another name than removal', async () => {
    const anything = defineResource({ type: 'anything', schema: z.any() })
    const as = opened([anything], { ann: { roles: [] } })
    await as('ann').submit(anything.ref('a'), { value: { here: true } })
    expect(await refusal(as('ann').submit(anything.ref('a'), { value: null }))).toBe('invalid_document')
    expect((await as('ann').resources.get(anything.ref('a')))?.document).toEqual({ here: true })
  })

  it('[B5] keeps a resource in its project when it is removed and made again', async () => {
    const w = world(open())
    const ref = await w.flag('checkout')
    await w.as('ann').submit(ref, { remove: true })
    await w.policy({ match: { project: 'web' } })
    const value = { enabled: true, rollout: 1 }
    expect((await w.as('ann').submit(ref, { value })).status).toBe('pending')
    expect((await w.as('ann').submit(ref, { revertTo: 1 })).status).toBe('pending')
    const elsewhere = () => w.as('ann').submit(flags.ref('checkout', { project: 'sandbox' }), { value })
    await expect(elsewhere()).rejects.toMatchObject({
      code: 'wrong_project',
      details: { project: 'sandbox', actual: 'web', removed: true },
    })
    await expect(elsewhere()).rejects.toThrow('make it anew in project "web" and submit { toProject: "sandbox" }')
  })

  it('[E9] lets nobody touch policies whom the directory does not know, and saves none that could never match', async () => {
    const w = world(open())
    await w.policy()
    const policy = { id: 'reviewed', match: {}, require: { quorum: 1, from: { users: ['ben'] } } } as const
    expect(await refusal(w.as('mallory').policies.save(policy))).toBe('unknown_actor')
    expect(await refusal(w.as('mallory').policies.remove('reviewed'))).toBe('unknown_actor')
    expect(await refusal(w.policy({ id: 'typo', match: { resource: 'featureflag' } }))).toBe('invalid_policy')
    expect(await refusal(w.policy({ id: 'typo', match: { action: 'updaet' } }))).toBe('invalid_policy')
    expect((await w.as('ann').policies.list()).map(({ id, version }) => [id, version])).toEqual([['reviewed', 1]])
  })

  it('[A2] keeps a veto over every edit, until whoever gave it takes it back', async () => {
    const w = world(open())
    const ref = await w.flag('checkout')
    const owners = [
      { field: '/rollout', quorum: 1, from: { users: ['ben'] } },
      { field: '/description', quorum: 1, from: { users: ['amy'] } },
    ]
    await w.policy({ require: { owners }, veto: { users: ['dan'] }, rules: { onEdit: 'keep', onReject: 'block' } })
    const request = pending(await w.as('ann').submit(ref, rollout(80)))
    await w.as('dan').requests.reject(request.id, { digest: request.digest, reason: 'not this year' })
    const { request: edited } = await editNow(w.as('eve'), request.id, ref, { merge: { description: 'new' } })
    expect(edited.reviews).toMatchObject([{ by: 'dan', verdict: 'reject' }])
    for (const user of ['ben', 'amy']) {
      expect((await w.as(user).requests.approve(request.id, { digest: edited.digest })).request.status).toBe('pending')
    }
    expect((await w.as('dan').requests.withdraw(request.id)).request.status).toBe('applied')
  })

  it('[B1] holds an edited request to the rules of the policies that it moved under', async () => {
    const w = world(open())
    const ref = await w.flag('checkout')
    await w.policy({ id: 'mild', when: { type: 'any_change', field: '/description' } })
    await w.policy({
      id: 'strict',
      when: { type: 'any_change', field: '/rollout' },
      rules: { expiresAfter: '1d', reasonRequired: true },
    })
    const request = pending(await w.as('ann').submit(ref, { merge: { description: 'new' } }))
    expect(await refusal(w.as('ann').requests.edit(request.id, ref, rollout(80)))).toBe('reason_required')
    const reasoned = pending(await w.as('ann').submit(ref, { merge: { description: 'new' } }, { reason: 'why not' }))
    const { request: edited } = await w.as('ann').requests.edit(reasoned.id, ref, rollout(80))
    expect(edited.expiresAt).toBe(w.now() + 24 * 60 * 60 * 1000)
  })

  it('[PH-22] takes no request back by a detour once somebody has reviewed it', async () => {
    const w = world(open())
    const ref = await w.flag('checkout')
    await w.policy({ require: { quorum: 2, from: { roles: ['lead'] } } })
    const request = pending(await w.as('ann').submit(ref, rollout(80)))
    await w.as('ben').requests.approve(request.id, { digest: request.digest })
    expect(await refusal(w.as('ann').requests.cancel(request.id))).toBe('already_reviewed_by_others')
    await w.as('ann').requests.recall(request.id)
    expect(await refusal(w.as('ann').requests.cancel(request.id))).toBe('already_reviewed_by_others')
    expect((await w.as('ben').requests.get(request.id)).status).toBe('draft')
  })

  it('[I10] reads a reference once, so that it cannot be one resource for the policies and another for the write', async () => {
    const w = world(open())
    await w.flag('free')
    const prod = await w.flag('prod')
    let reads = 0
    const treacherous = {
      type: 'feature_flag',
      get id() {
        reads++
        return reads > 1 ? 'prod' : 'free'
      },
    }
    await w.as('ann').submit(treacherous, { merge: { rollout: 77 } })
    expect((await w.as('ann').resources.get(prod))?.document.rollout).toBe(40)
    expect((await w.as('ann').resources.get(flags.ref('free')))?.document.rollout).toBe(77)
  })

  it('[F6] decides what was handed in, whatever the caller does with it afterwards', async () => {
    const w = world(open())
    const value = { enabled: true, rollout: 10 }
    const submitted = w.as('ann').submit(flags.ref('mine'), { value })
    value.rollout = 99
    await submitted
    expect((await w.as('ann').resources.get(flags.ref('mine')))?.document.rollout).toBe(10)
    const require = { quorum: 2, from: { roles: ['lead'] } }
    const saved = w.policy({ require })
    require.quorum = 1
    expect((await saved).require).toMatchObject({ quorum: 2 })
  })

  it('[B4] takes no answer to a conflict that says nothing, or answers another one', async () => {
    const w = world(open())
    const ref = await w.flag('checkout', { enabled: true, rollout: 1, description: 'base' })
    const { id } = await w.as('ann').draft(ref, { merge: { description: 'draft' } })
    await w.as('dan').submit(ref, { merge: { description: 'live' } })
    await w.as('ann').requests.rebase(id)
    const conflict = (await w.as('ann').requests.get(id)).changes[0]?.conflicts[0]?.digest ?? 'sha256:'
    const other = `sha256:${'0'.repeat(64)}`
    const bad: readonly unknown[] = [
      [null],
      [],
      'live',
      [{ conflict, take: 'mine' }],
      [{ conflict, take: 'value' }],
      [{ conflict, take: 'live', value: 1 }],
      [{ conflict: 'abc', take: 'live' }],
      [{ conflict, take: 'live', by: 'ben' }],
    ]
    for (const resolutions of bad) {
      expect(await refusal(w.as('ann').requests.resolve(id, resolutions as never)), JSON.stringify(resolutions)).toBe(
        'invalid_input',
      )
    }
    expect(await refusal(w.as('ann').requests.resolve(id, [{ conflict: other, take: 'live' } as never]))).toBe(
      'invalid_resolution',
    )
    const resolved = await w.as('ann').requests.resolve(id, [{ conflict, take: 'draft' }])
    expect(resolved.request).toMatchObject({ conflicts: 0 })
  })

  it('[I1] asks the people of every project that a change set is in', async () => {
    const w = world(open())
    const here = await w.flag('here')
    const there = flags.ref('there', { project: 'mobile' })
    await w.as('ann').submit(there, { value: { enabled: true, rollout: 1 } })
    const both = [
      { ref: here, change: rollout(5) },
      { ref: there, change: rollout(5) },
    ] as const
    await w.policy({ id: 'here', match: { project: 'web' }, require: { quorum: 1, from: { users: ['ben'] } } })
    await w.policy({ id: 'there', match: { project: 'mobile' }, require: { quorum: 1, from: { users: ['cat'] } } })
    const { id, digest, projects } = pending(await w.as('ann').submitAll(both))
    expect(projects).toEqual(['web', 'mobile'])
    expect((await w.as('ben').requests.approve(id, { digest })).request.status).toBe('pending')
    expect((await w.as('cat').requests.approve(id, { digest })).request.status).toBe('applied')
    expect((await w.as('ann').resources.get(there))?.document.rollout).toBe(5)
    expect((await w.as('ann').audit.verify()).problems).toEqual([])
  })

  it('[A6][ME-03] refuses whatever is no digest as bad input', async () => {
    const w = world(open())
    const ref = await w.flag('checkout')
    await w.policy()
    const request = pending(await w.as('ann').submit(ref, rollout(80)))
    const seen: readonly unknown[] = ['\ud800', Number.NaN, 1n, Symbol('seen'), {}, 'x'.repeat(1_000_000), null]
    for (const one of seen) {
      expect(await refusal(w.as('ben').requests.approve(request.id, { digest: one as string }))).toBe('invalid_input')
    }
    expect(await w.as('ann').requests.get(request.id)).toMatchObject({ status: 'pending', reviews: [] })
  })

  it('refuses a misspelt option of a resource type', () => {
    expect(() => defineResource({ type: 'x', schema: z.any(), gate: true } as never)).toThrow('no option "gate"')
    expect(staticDirectory({})).toBeDefined()
  })
})
