import { describe, expect, it } from 'vitest'
import { flags, pending, refusal, rollout, storages, world } from '../world.ts'

describe.each(storages)('approve, then change, on $name', ({ open }) => {
  it('[A5] refuses a vote for what the reviewer did not see', async () => {
    const w = world(open())
    const ref = await w.flag('checkout')
    await w.policy()
    const first = pending(await w.as('ann').submit(ref, rollout(80)))
    const second = pending(await w.as('ann').submit(ref, rollout(90)))
    const sameAgain = pending(await w.as('ann').submit(ref, rollout(80)))
    const others = [second.digest, sameAgain.digest].map((seen) => [seen, 'digest_mismatch'] as const)
    const none = [`${first.digest}0`, '', 'sha256:'].map((seen) => [seen, 'invalid_input'] as const)
    for (const [seen, code] of [...others, ...none]) {
      expect(await refusal(w.as('ben').requests.approve(first.id, { digest: seen }))).toBe(code)
      expect(await refusal(w.as('ben').requests.reject(first.id, { digest: seen, reason: 'no' }))).toBe(code)
    }
    expect((await w.as('ben').requests.get(first.id)).reviews).toEqual([])
    expect((await w.as('ann').resources.get(ref))?.revision).toBe(1)
  })

  it('[A5] applies what the reviewer was shown, place by place', async () => {
    const w = world(open())
    const ref = await w.flag('checkout', { enabled: true, rollout: 1, rules: [{ id: 'eu', rollout: 1 }] })
    await w.policy()
    const request = pending(
      await w.as('ann').submit(ref, { patch: [{ op: 'add', path: '/rules/0', value: { id: 'us', rollout: 9 } }] }),
    )
    const shown = await w.as('ben').requests.get(request.id)
    await w.as('ben').requests.approve(request.id, { digest: shown.digest })
    expect((await w.as('ann').resources.get(ref))?.document).toEqual(shown.changes[0]?.after)
  })

  it('[A5] refuses to apply content that was changed in the store after it was reviewed', async () => {
    const storage = open()
    const w = world(storage)
    const ref = await w.flag('checkout')
    await w.policy()
    const request = pending(await w.as('ann').submit(ref, rollout(80)))
    const [content] = await storage.get([{ collection: 'contents', key: ['acme', request.id, 1] }])
    const forged = JSON.parse(JSON.stringify(content?.value).replaceAll('80', '99'))
    await storage.commit([{ type: 'replace', collection: 'contents', value: forged, expected: 1 }])

    expect(await refusal(w.as('ben').requests.approve(request.id, { digest: request.digest }))).toBe('content_tampered')
    expect((await w.as('ann').resources.get(ref))?.document.rollout).toBe(40)
    expect((await w.as('ann').audit.verify()).problems).toEqual([
      { stream: `request/${request.id}`, seq: 1, problem: 'the content is not what was reviewed' },
    ])
  })

  it('[A6] refuses a vote that carries only the id of the request', async () => {
    const w = world(open())
    const ref = await w.flag('checkout')
    await w.policy()
    const request = pending(await w.as('ann').submit(ref, rollout(80)))
    const bare = {} as { digest: string }
    expect(await refusal(w.as('ben').requests.approve(request.id, bare))).toBe('invalid_input')
    expect(await refusal(w.as('ben').requests.approve(request.id, undefined as never))).toBe('invalid_input')
    expect((await w.as('ben').requests.get(request.id)).reviews).toEqual([])
  })

  it('[A9] counts an approval for one request only, however equal another one is', async () => {
    const w = world(open())
    const [here, there] = [await w.flag('checkout'), await w.flag('search')]
    await w.policy({ require: { quorum: 2, from: { roles: ['lead'] } } })
    const request = pending(await w.as('ann').submit(here, rollout(80)))
    const same = pending(await w.as('ann').submit(here, rollout(80)))
    const elsewhere = pending(await w.as('ann').submit(there, rollout(80)))
    await w.as('ben').requests.approve(request.id, { digest: request.digest })
    for (const other of [same, elsewhere]) {
      expect(await refusal(w.as('ben').requests.approve(other.id, { digest: request.digest }))).toBe('digest_mismatch')
      expect((await w.as('ben').requests.get(other.id)).reviews).toEqual([])
    }
    expect(new Set([request.digest, same.digest, elsewhere.digest]).size).toBe(3)
  })

  it('[A10] asks again for the next request of an author who was approved before', async () => {
    const w = world(open())
    const ref = await w.flag('checkout')
    await w.policy()
    const first = pending(await w.as('ann').submit(ref, rollout(80)))
    await w.as('ben').requests.approve(first.id, { digest: first.digest })
    expect((await w.as('ann').submit(ref, rollout(90))).status).toBe('pending')
  })

  it('[C6] refuses the author and everybody who is not asked, and records who tried', async () => {
    const storage = open()
    const w = world(storage)
    const ref = await w.flag('checkout')
    await w.policy()
    const request = pending(await w.as('amy').submit(ref, rollout(80)))
    expect(await refusal(w.as('amy').requests.approve(request.id, { digest: request.digest }))).toBe('self_approval')
    expect(await refusal(w.as('dan').requests.approve(request.id, { digest: request.digest }))).toBe('not_an_approver')
    for (const [user, code] of [
      ['amy', 'self_approval'],
      ['dan', 'not_an_approver'],
    ] as const) {
      const [event] = await storage.get([{ collection: 'events', key: ['acme', `refusals/${user}`, 1] }])
      expect(event?.value['event']).toMatchObject({ type: 'refused', by: user, verb: 'approve', code })
    }
    expect(await w.as('ben').requests.get(request.id)).toMatchObject({
      status: 'pending',
      reviews: [],
      updatedAt: request.updatedAt,
    })
    expect((await w.as('ann').audit.verify()).ok).toBe(true)
  })

  it('[F5] applies by id only, and reads the state again', async () => {
    const w = world(open())
    const ref = await w.flag('checkout')
    await w.policy({ rules: { apply: 'by_hand' } })
    const request = pending(await w.as('ann').submit(ref, rollout(80)))
    const forged = { ...request, status: 'approved', reviews: [{ by: 'ben', verdict: 'approve' }] }
    expect(await refusal(w.as('ann').requests.apply(forged as never))).toBe('invalid_input')
    expect(await refusal(w.as('ann').requests.apply(request.id))).toBe('not_open')
    expect((await w.as('ann').resources.get(ref))?.revision).toBe(1)
    await w.as('ben').requests.approve(request.id, { digest: request.digest })
    expect((await w.as('ann').requests.apply(request.id)).request.status).toBe('applied')
    expect(await refusal(w.as('ann').requests.apply(request.id))).toBe('not_open')
  })

  it('[F6] hands out what nobody can change, and keeps nothing that the caller can still change', async () => {
    const w = world(open())
    const value = { enabled: true, rollout: 10, tags: ['a'] }
    await w.as('ann').submit(flags.ref('mine'), { value })
    value.rollout = 99
    value.tags.push('b')
    const live = await w.as('ann').resources.get(flags.ref('mine'))
    expect(live?.document).toEqual({ enabled: true, rollout: 10, tags: ['a'] })
    expect(() => live?.document.tags?.push('c')).toThrow(TypeError)
    await w.policy()
    const request = pending(await w.as('ann').submit(flags.ref('mine'), rollout(11)))
    expect(() => (request.changes as unknown[]).push({})).toThrow(TypeError)
    expect(() => Object.assign(request, { status: 'approved' })).toThrow(TypeError)
  })

  it('[I4] refuses what a caller smuggles in beside the arguments', async () => {
    const w = world(open())
    const ref = await w.flag('checkout')
    await w.policy()
    for (const extra of ['author', 'status', 'votes', 'approvedAt', 'policyId', 'tenant', 'digest', '__proto__']) {
      const options = JSON.parse(`{ "reason": "why", ${JSON.stringify(extra)}: "x" }`)
      expect(await refusal(w.as('ann').submit(ref, rollout(80), options)), extra).toBe('invalid_input')
    }
    expect((await w.as('ann').requests.list()).requests).toEqual([])
  })
})
