import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { defineResource, type Storage } from '../../src/index.ts'
import { defineLifecycle, flagLifecycle } from '../../src/lifecycles.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { pending, refusal, storages, world } from '../world.ts'

const toggles = defineResource({
  type: 'toggle',
  schema: z.object({ on: z.boolean(), rollout: z.number() }),
  lifecycle: flagLifecycle({ enabled: 'on', critical: ['/rollout'] }),
})
const ref = toggles.ref('a')

/** Revision 1 is inactive at 10, 2 is active at 10, 3 active at 20, 4 inactive at 20. */
async function toggle(storage: Storage) {
  const w = world(storage, undefined, [toggles])
  const ann = w.as('ann')
  await ann.submit(ref, { value: { on: false, rollout: 10 } })
  await ann.submit(ref, { action: 'activate' })
  await ann.submit(ref, { merge: { rollout: 20 } })
  await ann.submit(ref, { action: 'deactivate' })
  return { w, ann }
}

describe('a revert of what has a life cycle', () => {
  for (const { name, open } of storages) {
    it(`[WO-17] leaves the state as it is, and says which one the revision had, wherever it is read (${name})`, async () => {
      const { w, ann } = await toggle(open())
      await w.policy({ match: { resource: 'toggle' } })
      const lines = ['revert to revision 2: the state stays inactive, and was active then', 'rollout: 20 → 10']
      const move = { action: 'edit', from: 'inactive', to: 'inactive', reverts: { revision: 2, state: 'active' } }
      expect((await ann.preview(ref, { revertTo: 2 })).changes).toMatchObject([{ lines, move }])
      const request = pending(await ann.submit(ref, { revertTo: 2 }))
      expect(request.changes).toMatchObject([{ lines, move }])
      expect((await w.as('ben').requests.get(request.id)).changes).toMatchObject([{ lines, move }])
      expect((await w.as('ben').requests.list()).requests[0]?.changes[0]?.lines).toEqual(lines)
      const { status } = (await w.as('ben').requests.approve(request.id, { digest: request.digest })).request
      expect(status).toBe('applied')
      const live = await ann.resources.get(ref)
      expect(live).toMatchObject({ document: { on: false, rollout: 10 }, lifecycle: { state: 'inactive' } })
      expect((await ann.resources.history(ref))[0]?.move).toEqual({ ...move, edits: true })
      expect((await ann.audit.verify()).problems).toEqual([])
    })
  }

  it('[WO-17] says so in the answer when nobody is asked, and when the state is the same', async () => {
    const { ann } = await toggle(memoryStorage())
    expect(await ann.submit(ref, { revertTo: 1 })).toMatchObject({
      ...{ status: 'applied' },
      changes: [{ lines: ['revert to revision 1: the state stays inactive, as it was then', 'rollout: 20 → 10'] }],
    })
  })

  it('[WO-17] is refused by the name of the action if the state alone is another one', async () => {
    const { ann, w } = await toggle(memoryStorage())
    const message = 'it was "active", and is "inactive" now. A revert leaves the state as it is; ask for "activate"'
    const told = { code: 'invalid_input', message: expect.stringContaining(message) }
    await expect(ann.submit(ref, { revertTo: 3 })).rejects.toMatchObject(told)
    await expect(ann.preview(ref, { revertTo: 3 })).rejects.toMatchObject(told)
    await expect(ann.draft(ref, { revertTo: 3 })).rejects.toMatchObject(told)
    await w.policy({ rules: { bypass: ['developer'] }, match: { resource: 'toggle' } })
    await expect(ann.bypass(ref, { revertTo: 3 }, { reason: 'now' })).rejects.toMatchObject(told)
    expect(await refusal(ann.submit(ref, { revertTo: 4 }))).toBe('nothing_changed')
    const ended = defineResource({
      ...{ type: 'ended', schema: z.object({}) },
      lifecycle: defineLifecycle({
        ...{ name: 'ended', initial: 'a' },
        moves: [
          { from: 'b', action: 'edit', edits: 'any' },
          { from: 'a', action: 'end', to: 'b' },
        ],
      }),
    })
    const other = world(memoryStorage(), undefined, [ended]).as('ann')
    await other.submit(ended.ref('x'), { value: {} })
    await other.submit(ended.ref('x'), { action: 'end' })
    const nowhere = { message: expect.stringContaining('no action of people leads there') }
    await expect(other.submit(ended.ref('x'), { revertTo: 1 })).rejects.toMatchObject(nowhere)
  })

  it('[WO-17] still says so after a rebase, with the state of then; an edit of it is no revert any more', async () => {
    const { w, ann } = await toggle(memoryStorage())
    await w.policy({ match: { resource: 'toggle', action: ['edit', 'publish'] } })
    const { id, digest } = pending(await ann.submit(ref, { revertTo: 2 }))
    await ann.submit(ref, { action: 'activate' })
    const { request } = await ann.requests.rebase(id)
    const lines = async () => (await ann.requests.get(id)).changes[0]?.lines
    expect(await lines()).toEqual(['revert to revision 2: the state stays active, as it was then', 'rollout: 20 → 10'])
    expect(request.digest).not.toBe(digest)
    await ann.requests.edit(id, ref, { merge: { rollout: 15 } }, { digest: request.digest })
    expect(await lines()).toEqual(['rollout: 20 → 15'])
  })

  it('[WO-17] does what the same edit does: what was objected to is found again by either', async () => {
    const { w, ann } = await toggle(memoryStorage())
    await w.policy({ match: { resource: 'toggle' } })
    const revert = pending(await ann.submit(ref, { revertTo: 2 }))
    await w.as('ben').requests.reject(revert.id, { digest: revert.digest, reason: 'no' })
    const edit = pending(await ann.submit(ref, { merge: { rollout: 10 } }))
    const shown = await w.as('cat').requests.get(edit.id)
    expect(shown.earlierObjections).toMatchObject([{ request: revert.id }])
  })
})
