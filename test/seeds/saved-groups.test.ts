import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type ChangeInput, defineResource, set } from '../../src/index.ts'
import { savedGroupLifecycle } from '../../src/lifecycles.ts'
import { flags, pending, refusal, rollout, storages, type World, world } from '../world.ts'

const schema = z.strictObject({
  values: z.array(z.string()),
  condition: z.string(),
  description: z.string(),
  owner: z.string(),
  projects: z.array(z.string()),
})

type Group = z.infer<typeof schema>

const document: Group = { values: ['ann', 'ben'], condition: '', description: '', owner: 'growth', projects: ['web'] }
const users = { ann: ['developer'], ben: ['lead'], cat: ['web-admin'], dan: ['admin'] }

describe.each(storages)('saved groups on $name', ({ open }) => {
  const uses = new Map<string, readonly string[]>()
  const groups = defineResource({
    type: 'saved_group',
    schema,
    shape: { '/values': set(), '/projects': set() },
    groups: { metadata: ['/description', '/owner', '/projects'] },
    facets: { projects: ({ projects }) => projects },
    lifecycle: savedGroupLifecycle<Group>(),
    references: ({ id }) => uses.get(id) ?? [],
  })
  const checked = {
    match: { resource: 'saved_group' },
    require: { quorum: 1, from: { roles: ['lead'] } },
  } as const

  const began = async (group: Partial<Group> = {}) => {
    const w = world(open(), users, [groups, flags])
    const ref = groups.ref('friends')
    await w.as('ann').submit(ref, { value: { ...document, ...group } })
    return { w, ref }
  }
  const land = async (w: World, wanted: ChangeInput<Group> | { readonly action: string }) => {
    const request = pending(await w.as('ann').submit(groups.ref('friends'), wanted as ChangeInput<Group>))
    return (await w.as('ben').requests.approve(request.id, { digest: request.digest })).request.status
  }

  it('[GB-19, GB-30] makes a revision of every change, archiving and unarchiving included, and each waits for approval', async () => {
    const { w, ref } = await began()
    await w.policy(checked)
    const changes: readonly (ChangeInput<Group> | { readonly action: string })[] = [
      { merge: { values: ['ann', 'ben', 'cat'] } },
      { merge: { condition: 'country = "DE"' } },
      { merge: { description: 'people whom we know' } },
      { action: 'archive' },
      { action: 'unarchive' },
    ]
    for (const change of changes) {
      expect(await land(w, change), JSON.stringify(change)).toBe('applied')
    }
    const history = await w.as('ann').resources.history(ref)
    expect(history.map(({ number, request }) => [number, request !== undefined])).toEqual([
      [6, true],
      [5, true],
      [4, true],
      [3, true],
      [2, true],
      [1, false],
    ])
    expect(await w.as('ann').resources.get(ref)).toMatchObject({
      lifecycle: { state: 'active' },
      document: { description: 'people whom we know' },
    })
  })

  it('[GB-23] reverts to what was approved before by a new change, which the policies judge anew', async () => {
    const { w, ref } = await began()
    await w.policy(checked)
    await land(w, { merge: { values: ['eve'] } })
    const request = pending(await w.as('ann').submit(ref, { revertTo: 1 }, { reason: 'it was better' }))
    expect(request.requirements).toMatchObject([{ policy: 'reviewed' }])
    expect((await w.as('ann').resources.get(ref))?.document.values).toEqual(['eve'])
    await w.as('ben').requests.approve(request.id, { digest: request.digest })
    const [latest] = await w.as('ann').resources.history(ref)
    expect(latest).toMatchObject({ number: 3, document, request: request.id })
  })

  it('[GB-26] has a switch of its own: a policy about groups asks nobody about flags, nor the other way round', async () => {
    const { w, ref } = await began()
    const flag = await w.flag('checkout')
    await w.policy(checked)
    expect((await w.as('ann').submit(flag, rollout(80))).status).toBe('applied')
    expect((await w.as('ann').submit(ref, { merge: { values: ['eve'] } })).status).toBe('pending')
    await w.policy({ ...checked, match: { resource: 'feature_flag' } })
    expect((await w.as('ann').submit(flag, rollout(60))).status).toBe('pending')
    expect((await w.as('ann').submit(ref, { merge: { condition: 'new' } })).status).toBe('applied')
  })

  it('[GB-27] always asks about values and conditions, and about metadata only when chosen', async () => {
    const { w, ref } = await began()
    await w.policy({ ...checked, safe: [{ field: '@metadata' }] })
    expect((await w.as('ann').submit(ref, { merge: { description: 'new', owner: 'payments' } })).status).toBe('applied')
    expect((await w.as('ann').submit(ref, { merge: { description: 'newer', condition: 'x' } })).status).toBe('pending')
    expect((await w.as('ann').submit(ref, { merge: { values: [] } })).status).toBe('pending')
    await w.policy(checked)
    expect((await w.as('ann').submit(ref, { merge: { description: 'newest' } })).status).toBe('pending')
  })

  it('[GB-29] lets those bypass whom the policies of all projects of a group name, and nobody who is named by some of them', async () => {
    const { w, ref } = await began({ projects: ['web', 'app'] })
    const bypassing = { web: ['admin', 'web-admin'], app: ['admin'] }
    for (const [project, bypass] of Object.entries(bypassing)) {
      await w.policy({
        ...checked,
        id: project,
        match: { resource: 'saved_group', facets: { projects: project } },
        rules: { bypass },
      })
    }
    const both = pending(await w.as('ann').submit(ref, { merge: { values: [] } }))
    expect(await refusal(w.as('cat').requests.bypass(both.id, { digest: both.digest, reason: 'urgent' }))).toBe(
      'bypass_forbidden',
    )
    expect((await w.as('dan').requests.bypass(both.id, { digest: both.digest, reason: 'urgent' })).request.status).toBe(
      'applied',
    )

    const left = pending(await w.as('ann').submit(ref, { merge: { projects: ['web'] } }))
    expect(await refusal(w.as('cat').requests.bypass(left.id, { digest: left.digest, reason: 'urgent' }))).toBe(
      'bypass_forbidden',
    )
    await w.as('dan').requests.bypass(left.id, { digest: left.digest, reason: 'urgent' })
    const web = pending(await w.as('ann').submit(ref, { merge: { values: ['ann'] } }))
    expect((await w.as('cat').requests.bypass(web.id, { digest: web.digest, reason: 'urgent' })).request.status).toBe(
      'applied',
    )
  })

  it('[GB-31] archives no group that something refers to, and says what does', async () => {
    const { w, ref } = await began()
    await w.policy(checked)
    uses.set('friends', ['flag "checkout"', 'experiment "pricing"'])
    await expect(w.as('ann').submit(ref, { action: 'archive' })).rejects.toMatchObject({
      code: 'still_referenced',
      details: { references: ['flag "checkout"', 'experiment "pricing"'] },
    })
    uses.delete('friends')
    const request = pending(await w.as('ann').submit(ref, { action: 'archive' }))
    uses.set('friends', ['flag "search"'])
    const { request: late } = await w.as('ben').requests.approve(request.id, { digest: request.digest })
    expect(late).toMatchObject({ status: 'failed', failure: { code: 'still_referenced' } })
    expect(await w.as('ann').resources.get(ref)).toMatchObject({ lifecycle: { state: 'active' } })
    uses.clear()
  })
})
