import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { createApprovals, defineResource, keyedBy, type Labels, staticDirectory } from '../../src/index.ts'
import { memoryStorage } from '../../src/storage/memory.ts'
import { pending } from '../world.ts'

const options = {
  type: 'flag',
  schema: z.object({ rollout: z.number(), rules: z.array(z.object({ id: z.string(), share: z.number() })) }),
  shape: { '/rules': keyedBy('id') },
}
const labels = {
  '/rollout': { unit: '%' },
  '/rules': { name: 'Rules' },
  '/rules/*/share': { name: 'Share', unit: '%' },
}

describe('the labels of a resource type', () => {
  it('are in the lines of previews, outcomes, requests and comparisons', async () => {
    const flags = defineResource({ ...options, labels })
    const approvals = createApprovals({
      storage: memoryStorage(),
      resources: [flags],
      directory: staticDirectory({ ann: [], ben: ['lead'] }),
      admins: 'anyone',
    })
    const [ann, ben] = ['ann', 'ben'].map((user) => approvals.as({ tenant: 'acme', user }))
    if (!ann || !ben) throw new TypeError('nobody is there')
    const ref = flags.ref('checkout')
    await ann.submit(ref, { value: { rollout: 40, rules: [{ id: 'eu', share: 10 }] } })
    const edit = { patch: [{ op: 'replace', path: '/rules/0/share', value: 20 }] } as const
    const applied = await ann.submit(ref, edit)
    expect(applied).toMatchObject({ status: 'applied', changes: [{ lines: ['Rules › eu › Share: 10 % → 20 %'] }] })

    await ann.policies.save({ id: 'all', match: {}, require: { quorum: 1, from: { roles: ['lead'] } } })
    const merge = { merge: { rollout: 80 } }
    const changes = [{ lines: ['rollout: 40 % → 80 %'] }]
    expect(await ann.preview(ref, merge)).toMatchObject({ status: 'pending', changes })
    const { id } = pending(await ann.submit(ref, merge))
    expect(await ben.requests.get(id)).toMatchObject({ changes })

    const { lines } = await ann.resources.compare(ref, 1, 2)
    expect(lines).toEqual(['Rules › eu › Share: 10 % → 20 %'])
  })

  it.each<[string, object]>([
    ['a pattern that is none', { rollout: { unit: '%' } }],
    ['a misspelt key', { '/rollout': { units: '%' } }],
  ])('are refused where they are declared: %s', (_, odd) => {
    expect(() => defineResource({ ...options, labels: odd as Labels })).toThrow(TypeError)
  })
})
