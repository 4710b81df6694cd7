import { describe, expect, it } from 'vitest'
import { flags, refusal, rollout, storages, world } from '../world.ts'

const lead = { quorum: 1, from: { roles: ['lead'] } }
const bigSteps = {
  id: 'big-steps',
  match: { resource: 'feature_flag', action: 'update' },
  when: { type: 'change_amount', field: '/rollout', operator: '>', value: 20 },
  require: lead,
} as const

describe.each(storages)('policies on $name', ({ open }) => {
  const stepped = async () => {
    const w = world(open())
    const ref = await w.flag('checkout')
    for (const step of [45, 50, 90]) await w.as('ann').submit(ref, rollout(step))
    return { w, ref }
  }

  it('[BY-11] are compared with others on what was applied, and nothing is written', async () => {
    const { w } = await stepped()
    await w.policy({ id: 'everything', match: { action: 'create' } })
    const events = await w.as('ann').audit.events({ settings: true })
    const { before, after, differences } = await w.as('ann').policies.simulate([bigSteps], { last: 10 })

    expect([before.gated, after.gated]).toEqual([1, 1])
    expect(after.byPolicy).toEqual([{ name: 'big-steps', changes: 1 }])
    expect(after.byApprover).toEqual([{ name: 'lead', changes: 1, kind: 'role' }])
    expect(differences.map(({ type, change }) => [type, change.number, change.author])).toEqual([
      ['newly_gated', 4, 'ann'],
      ['no_longer_gated', 1, 'ann'],
    ])
    expect(await w.as('ann').audit.events({ settings: true })).toEqual(events)
    expect((await w.as('ann').policies.list()).map(({ id }) => id)).toEqual(['everything'])
  })

  it('[BY-11] are simulated on the last changes only, and not where they are no policies', async () => {
    const { w } = await stepped()
    const { after } = await w.as('ann').policies.simulate([bigSteps], { last: 1 })
    expect(after.changes.map(({ change }) => change.number)).toEqual([4])
    for (const last of [0, 501, 1.5]) {
      expect(await refusal(w.as('ann').policies.simulate([], { last }))).toBe('invalid_input')
    }
    const broken = { ...bigSteps, require: { quorum: 0, from: { roles: ['lead'] } } }
    expect(await refusal(w.as('ann').policies.simulate([broken]))).toBe('invalid_policy')
  })

  it('are checked beside those in force without being saved', async () => {
    const w = world(open())
    await w.policy({ id: 'everything' })
    const findings = async (policy: object) =>
      (await w.as('ann').policies.check({ ...bigSteps, ...policy })).map(({ severity, path }) => `${severity} ${path}`)
    expect(await findings({})).toEqual(['hint /when', 'warning '])
    expect(await findings({ overrides: ['nobody'] })).toContain('error /overrides/0')
    expect(await findings({ require: { quorum: 9, from: { roles: ['lead'] } } })).toContain('error /require')
    expect(await findings({ surprise: true })).toEqual(['error /surprise'])
    expect((await w.as('ann').policies.list()).map(({ id }) => id)).toEqual(['everything'])
  })

  it('are told of fields at which no live document has anything, in their own tenant', async () => {
    const { w } = await stepped()
    const misspelt = { ...bigSteps, when: { type: 'any_change', field: '/tags' } } as const
    const hints = async (tenant: string) =>
      (await w.approvals.as({ tenant, user: 'ann' }).policies.check(misspelt)).map(({ path, fix }) => [path, fix])
    expect(await hints('acme')).toEqual([
      ['/when/field', expect.stringMatching(/^correct it: there are .*rollout.*; keep it where/)],
      ['/match/action', 'name create and delete as well'],
    ])
    expect(await hints('globex')).toEqual([['/match/action', 'name create and delete as well']])
  })

  it('[FA-14] are refused if their fields are none of the schema, with the nearest name, and saved with what is odd', async () => {
    const { w } = await stepped()
    const misspelt = { ...bigSteps, when: { type: 'any_change', field: '/rollot' } } as const
    await expect(w.as('ann').policies.save(misspelt)).rejects.toMatchObject({
      code: 'invalid_policy',
      details: { problems: [{ path: '/when/field', fix: 'did you mean /rollout?' }] },
    })
    expect(await w.as('ann').policies.list()).toEqual([])
    const rare = { ...bigSteps, when: { type: 'any_change', field: '/tags' } } as const
    const { findings, strands, ...saved } = await w.as('ann').policies.save(rare)
    expect(strands).toMatchObject({ requests: [], policies: [], more: false })
    expect(findings).toEqual(await w.as('ann').policies.check(rare))
    expect(findings.map(({ severity, path }) => [severity, path])).toEqual([
      ['hint', '/when/field'],
      ['warning', '/match/action'],
    ])
    expect(await w.as('ann').policies.list()).toEqual([saved])
  })

  it('[BY-05] say for each change why they ask, as data and in sentences', async () => {
    const { w, ref } = await stepped()
    await w.as('ann').policies.save(bigSteps)
    const far = await w.as('ann').preview(ref, rollout(10))
    expect(far.explanations[0]?.policies).toMatchObject([
      {
        outcome: 'asks',
        condition: { type: 'test', holds: 'yes', values: [{ path: '/rollout', before: 90, after: 10, holds: 'yes' }] },
      },
    ])
    expect(far.reasons).toEqual([
      'Policy "big-steps" asks for 1 approval by role lead, because /rollout goes from 90 to 10, by more than 20.',
    ])
    const near = await w.as('ann').preview(ref, rollout(70))
    expect(near).toMatchObject({ status: 'applied', explanations: [{ policies: [{ outcome: 'condition_not_met' }] }] })
  })

  it('[M1] answer at once on a large document, whatever they compare', async () => {
    const w = world(open())
    const ref = flags.ref('large')
    const description = 'a'.repeat(200_000)
    await w.as('ann').submit(ref, { value: { enabled: true, rollout: 1, description } })
    for (const operator of ['==', '!=', '>', '<', '>=', '<='] as const) {
      const value = operator === '==' || operator === '!=' ? 'b' : 1
      await w.policy({
        id: operator === '==' ? 'equal' : 'p',
        when: { type: 'before_after', field: '/description', operator, value },
      })
      const preview = await w.as('ann').preview(ref, { merge: { description: `1${description}` } })
      expect([operator, preview.status]).toEqual([operator, operator === '==' ? 'applied' : 'pending'])
      await w.as('ann').policies.remove(operator === '==' ? 'equal' : 'p')
    }
  })
})
